"""What an invocation tells about itself: the figures of one batch, for the log and for metrics.

Free of any logging library, so that the handler, the workbench and the monitoring stack share
one set of names. EMF metric names are the keys that `metrics_of` returns:

========================  ============  ====================================================
name                      unit          meaning
========================  ============  ====================================================
Reward                    None          every reward of the batch, one value a sample
BatchSize                 Count         rows received
Groups                    Count         distinct prompts (`group_by`)
ComparedGroups            Count         groups of two or more rollouts in this batch
ZeroVarianceGroups        Count         compared groups whose rewards are all equal: no gradient
Unscored                  Count         samples that some component could not decide, broken rows
Component/NAME            None          mean of a component over the samples it scored
Fault/KIND                Count         faults of one kind, over all components
Fault/other               Count         faults of kinds that are too many to be told apart
Duration                  Milliseconds  from the event to the response
ColdStart                 Count         1 on a container's first invocation
Failed                    Count         1 where the invocation raised instead of answering
Judge...                  Count         what judges used: the table of `rewards.judge.usage`
========================  ============  ====================================================
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rewards.core.sample import Sample
from rewards.core.score import Reward
from rewards.wire.contract import Row

#: Where the metrics stand in CloudWatch, unless the environment says otherwise.
NAMESPACE = "BedrockRFT"

#: EMF allows this many values a metric in one record (CloudWatch embedded metric format).
MAX_EMF_VALUES = 100

#: EMF allows this many metrics in one record.
MAX_EMF_METRICS = 100

#: CloudWatch refuses events over 256 KiB; the handler's own keys of a line need some.
MAX_LINE_BYTES = 200 * 1024

#: Kinds of fault that one batch tells apart, the most frequent. A scorer may make up a kind for
#: each sample: thousands are too long for a line, and each is a metric that is paid for.
MAX_KINDS = 50

#: What is longer is cut, in a line of the log.
MAX_LOGGED_CHARS, MAX_LOGGED_ID_CHARS = 20_000, 1_000

UNITS = {
    "Reward": "None",
    "BatchSize": "Count",
    "Groups": "Count",
    "ComparedGroups": "Count",
    "ZeroVarianceGroups": "Count",
    "Unscored": "Count",
    "Duration": "Milliseconds",
    "ColdStart": "Count",
    "Failed": "Count",
    "JudgeLatency": "Milliseconds",
    "JudgeCost": "None",
}


def component_metric(name: str) -> str:
    """The EMF metric of a component's mean."""
    return f"Component/{name}"


def fault_metric(kind: str) -> str:
    """The EMF metric that counts one kind of fault."""
    return f"Fault/{kind}"


def summarize(
    rows: Sequence[Row], rewards: Sequence[Reward], groups: Sequence[Sequence[int]]
) -> dict[str, Any]:
    """The figures of one batch, as the summary line of the log has them.

    `rewards` belongs to the rows that have a sample, `groups` indexes into it. Means are None
    where nothing was scored: unscored is not zero. `bugs` counts, by component, the samples whose
    scorer raised or gave what is no verdict: whoever shows a summary must not pass it over (the
    commands that score exit with 1).
    """
    values = [reward.value for reward in rewards]
    compared = [group for group in groups if len(group) > 1]
    faults = _faults(rows, rewards)
    return {
        "batch_size": len(rows),
        "groups": len(groups),
        "compared_groups": len(compared),
        "zero_variance_groups": sum(_all_equal(values, group) for group in compared),
        "reward_mean": mean(values),
        "reward_min": min(values, default=None),
        "reward_max": max(values, default=None),
        "components": _component_means(rewards),
        "unscored": sum(bool(reward.faults) for reward in rewards) + len(rows) - len(rewards),
        "faults": faults,
        "bugs": _bugs(rewards),
    }


def metrics_of(summary: Mapping[str, Any], rewards: Sequence[Reward]) -> dict[str, list[float]]:
    """The values of each EMF metric for a summarised batch."""
    metrics: dict[str, list[float]] = {
        "Reward": [reward.value for reward in rewards],
        "BatchSize": [summary["batch_size"]],
        "Groups": [summary["groups"]],
        "ComparedGroups": [summary["compared_groups"]],
        "ZeroVarianceGroups": [summary["zero_variance_groups"]],
        "Unscored": [summary["unscored"]],
    }
    for name, value in summary["components"].items():
        metrics[component_metric(name)] = [value]
    for kind, count in summary["faults"].items():
        metrics[fault_metric(kind)] = [count]
    return {name: values for name, values in metrics.items() if values}


def emf_records(metrics: Mapping[str, Sequence[float]]) -> list[dict[str, dict[str, Any]]]:
    """Metric sets as Powertools serialises them, cut to the limits of one EMF record each."""
    columns = [
        (name, list(values[start : start + MAX_EMF_VALUES]))
        for name, values in metrics.items()
        for start in range(0, len(values), MAX_EMF_VALUES)
    ]
    records: list[dict[str, dict[str, Any]]] = []
    for name, values in columns:
        for record in records:
            if name not in record and len(record) < MAX_EMF_METRICS:
                break
        else:
            records.append(record := {})
        record[name] = {"Unit": _unit(name), "StorageResolution": 60, "Value": values}
    return records


def mean(values: Sequence[float]) -> float | None:
    """The exact-sum mean, the same in any order; None of nothing."""
    return math.fsum(values) / len(values) if values else None


def rollout_line(sample: Sample, wire_id: Any, reward: Reward) -> dict[str, Any]:
    """One rollout for the log: what was asked and answered, what was read, and what it earned.

    Its texts, and an id, are cut as short as it takes to keep all of it below `MAX_LINE_BYTES`.
    """
    max_chars = MAX_LOGGED_CHARS
    line = _rollout(sample, wire_id, reward, max_chars)
    while max_chars and len(json.dumps(line)) > MAX_LINE_BYTES:
        max_chars //= 2
        line = _rollout(sample, wire_id, reward, max_chars)
    return line


def _rollout(sample: Sample, wire_id: Any, reward: Reward, max_chars: int) -> dict[str, Any]:
    shown = wire_id if isinstance(wire_id, str) else json.dumps(wire_id)
    return {
        "id": wire_id if len(shown) <= MAX_LOGGED_ID_CHARS else shown[:MAX_LOGGED_ID_CHARS],
        "reward": reward.value,
        "gate": reward.closed,
        "components": {
            name: {
                "value": score.value,
                "answer": _clip(score.answer, max_chars),
                "reason": _clip(score.reason, max_chars),
            }
            for name, score in reward.scores.items()
        },
        "faults": {
            name: {"kind": fault.kind, "detail": _clip(fault.detail, max_chars)}
            for name, fault in reward.faults.items()
        },
        "prompt": _clip(sample.prompt_text, max_chars),
        "completion": _clip(sample.completion, max_chars),
    }


def _faults(rows: Sequence[Row], rewards: Sequence[Reward]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reward in rewards:
        for fault in reward.faults.values():
            counts[fault.kind] = counts.get(fault.kind, 0) + 1
    for row in rows:
        if row.fault is not None:
            counts[row.fault.kind] = counts.get(row.fault.kind, 0) + 1
    by_count = sorted(counts, key=lambda kind: (-counts[kind], kind))
    told = {kind: counts.pop(kind) for kind in by_count[:MAX_KINDS]}
    if counts:
        told["other"] = told.get("other", 0) + sum(counts.values())
    return dict(sorted(told.items()))


def _bugs(rewards: Sequence[Reward]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reward in rewards:
        for name in reward.bugs if reward.faults else ():
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _component_means(rewards: Sequence[Reward]) -> dict[str, float]:
    columns: dict[str, list[float]] = {}
    for reward in rewards:
        for name, score in reward.scores.items():
            columns.setdefault(name, []).append(score.value)
    return {name: math.fsum(values) / len(values) for name, values in columns.items()}


def _all_equal(values: Sequence[float], group: Sequence[int]) -> bool:
    first = values[group[0]]
    return all(values[index] == first for index in group)


def _unit(name: str) -> str:
    return UNITS.get(name, "Count" if name.startswith(("Fault/", "Judge")) else "None")


def _clip(text: str | None, limit: int) -> str | None:
    """At most `limit` characters, in UTF-8 that a log can carry (no lone surrogates)."""
    if text is None:
        return None
    return text[:limit].encode("utf-8", "replace").decode()
