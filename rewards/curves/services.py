"""What the services of a running job write of it: metrics, events, the reward function's own log.

All of it becomes rows that say when (`TIME`, in seconds since 1970), and at which step only where
the service knows one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

#: Key of a row's time.
TIME = "_time"
#: Key of how much a row counts for: the samples of a batch.
WEIGHT = "_weight"

#: What the reward function's metrics are called (rewards.wire.telemetry), and their statistic.
OWN_METRICS = {
    "Reward": "Average",
    "BatchSize": "Sum",
    "ComparedGroups": "Sum",
    "ZeroVarianceGroups": "Sum",
    "Unscored": "Sum",
}
OWN_COMPONENT = "Component/"
#: The message of the line that sums up a batch in the log.
BATCH = "batch scored"

#: Numbers of less are no time: it is seconds from 2001 on, or milliseconds.
_FIRST_SECOND, _FIRST_MILLISECOND = 1e9, 1e11


def seconds(value: Any) -> float | None:
    """A time as seconds since 1970: a number of them (or of milliseconds), or ISO 8601.

    A time without a zone is UTC. None for what is no time.

    >>> seconds("2026-11-25 10:00:00,500+0000") == seconds(1795600800500)
    True
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).timestamp()
    if isinstance(value, str):
        try:
            return seconds(datetime.fromisoformat(value.replace("Z", "+00:00")))
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not _FIRST_SECOND <= value < 1000 * _FIRST_MILLISECOND:
        return None
    return value / 1000 if value >= _FIRST_MILLISECOND else float(value)


def metric_rows(results: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """GetMetricData's series, a row a time; of the reward function's namespace or a job's."""
    at: dict[float, dict[str, Any]] = {}
    for one in results:
        if isinstance(one, dict):
            label = str(one.get("Label") or one.get("Id"))
            pairs = zip(one.get("Timestamps") or (), one.get("Values") or (), strict=False)
            for when, value in pairs:
                if (time := seconds(when)) is not None:
                    at.setdefault(time, {})[label] = value
    for time in sorted(at):
        yield {TIME: time, **_own(at[time])}


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    """A moment of the reward function's metrics in the normal form; others as they are."""
    if "Reward" not in values and not any(label.startswith(OWN_COMPONENT) for label in values):
        return dict(values)
    found = {
        f"component/{label.removeprefix(OWN_COMPONENT)}": value
        for label, value in values.items()
        if label.startswith(OWN_COMPONENT)
    }
    return {
        **found,
        "train_reward": values.get("Reward"),
        "zero_std_frac": _share(values.get("ZeroVarianceGroups"), values.get("ComparedGroups")),
        "faults": _share(values.get("Unscored"), values.get("BatchSize")),
        WEIGHT: values.get("BatchSize"),
    }


def _share(part: Any, whole: Any) -> float | None:
    numbers = isinstance(part, int | float) and isinstance(whole, int | float)
    return part / whole if numbers and whole else None


def event_row(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """An event of an OpenAI-compatible job as a row, empty for a message; None for no event."""
    data = event.get("data")
    if event.get("type") not in ("metrics", "message") or "created_at" not in event:
        return None
    if not isinstance(data, dict):
        return {}
    figures = {key: data[key] for key in data if key in EVENT_KEYS}
    return {TIME: seconds(event.get("created_at")), "step": data.get("step"), **figures}


#: The figures of an event that are curves; others are none, least of all components.
EVENT_KEYS = frozenset(
    {"critic_rewards_mean", "actor_entropy", "actor_grad_norm", "response_length_mean"}
    | {"actor_kl_loss", "train_reward_mean", "valid_reward_mean"}
)


def logged_rows(document: Mapping[str, Any]) -> Iterator[dict[str, Any]] | None:
    """Rows of what CloudWatch Logs answers: filter-log-events, or a query's results.

    None for a document that is neither.
    """
    events, results = document.get("events"), document.get("results")
    if isinstance(events, list):
        pairs = [(e.get("timestamp"), e.get("message")) for e in events if isinstance(e, dict)]
    elif isinstance(results, list):
        tables = [_fields(result) for result in results if isinstance(result, list)]
        pairs = [(fields.get("@timestamp"), fields.get("@message")) for fields in tables]
    else:
        return None
    return log_rows((seconds(time), str(message)) for time, message in pairs)


def _fields(result: Sequence[Any]) -> dict[str, Any]:
    return {str(f.get("field")): f.get("value") for f in result if isinstance(f, dict)}


def log_rows(lines: Iterable[tuple[float | None, str]]) -> Iterator[dict[str, Any]]:
    """Rows of the lines of the reward function's log that sum up a batch, wherever they stand."""
    for time, line in lines:
        start = line.find("{")
        if start < 0 or BATCH not in line:
            continue
        try:
            logged = json.loads(line[start:])
        except (ValueError, RecursionError):
            continue
        if isinstance(logged, dict) and (row := batch_row(logged)) is not None:
            at = row[TIME] or time or seconds(line[:start].split(maxsplit=1)[0] if start else "")
            yield {**row, TIME: at}


def batch_row(logged: Mapping[str, Any]) -> dict[str, Any] | None:
    """A line that sums up a batch as a row; None for another line."""
    if logged.get("message") != BATCH:
        return None
    parts = logged.get("components")
    components = parts if isinstance(parts, dict) else {}
    return {
        TIME: seconds(logged.get("timestamp")),
        WEIGHT: logged.get("batch_size"),
        "train_reward": logged.get("reward_mean"),
        "zero_std_frac": _share(logged.get("zero_variance_groups"), logged.get("compared_groups")),
        "faults": _share(logged.get("unscored"), logged.get("batch_size")),
        **{f"component/{name}": value for name, value in components.items()},
    }
