"""What did each rollout earn, and of which row is it? Read from results, column by column.

Results are the output of `rewards score`, or rows that carry their reward. Only figures of all rows
are kept; the texts of those that a page shows are read again.
"""

import json
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

from rewards.core.errors import EventError, SpecError
from rewards.core.sample import Sample
from rewards.core.score import MAX_MAGNITUDE
from rewards.rubric.totals import group_key
from rewards.workbench.report.model import Remark
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.rows import Keys, Line, read_json, read_row

#: Rows that are named where something went wrong; all are counted.
MAX_NAMED = 30


class Earned(NamedTuple):
    """One line of results with the row that it is of, as far as that is known."""

    line: int
    id: str
    reward: float | None
    parts: Mapping[str, Remark]
    answers: Mapping[str, str]
    closed: str | None
    error: str
    sample: Sample | None


@dataclass
class Columns:
    """The figures of all results: NaN where a row has none; groups and lengths as far as known."""

    lines: "array[int]" = field(default_factory=lambda: array("q"))
    rewards: "array[float]" = field(default_factory=lambda: array("d"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    groups: "array[int]" = field(default_factory=lambda: array("q"))
    parts: dict[str, "array[float]"] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    faults: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    fault_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    has_rows: bool = False

    def add(self, result: Earned, of: dict[Any, int], group_by: str) -> None:
        """Take over one line's figures; `of` numbers the groups."""
        for name, part in result.parts.items():
            if name not in self.parts:
                self.parts[name] = array("d", [math.nan] * len(self.lines))
            if part.value is None:
                self.fault(name, part.reason.partition(":")[0], result.line)
        if result.error:
            self.fault("", result.error, result.line)
        if result.closed:
            self.closed[result.closed] += 1
        for name, column in self.parts.items():
            value = result.parts[name].value if name in result.parts else None
            column.append(math.nan if value is None else value)
        self.lines.append(result.line)
        self.rewards.append(math.nan if result.reward is None else result.reward)
        sample = result.sample
        self.lengths.append(-1 if sample is None else len(sample.completion))
        key = None if sample is None else group_key(sample, group_by)
        if key is not None and key not in of:
            of[key] = len(of)
            self.names.append(_name(sample, group_by, key))
        self.groups.append(-1 if key is None else of[key])
        self.has_rows |= sample is not None

    def fault(self, component: str, kind: str, line: int) -> None:
        """Count what could not be scored, and keep the first rows."""
        self.fault_counts[component, kind] += 1
        rows = self.faults.setdefault((component, kind), [])
        if len(rows) < MAX_NAMED:
            rows.append(line)

    def scored(self) -> list[float]:
        """The rewards that there are."""
        return [value for value in self.rewards if value == value]

    def by_group(self) -> list[tuple[str, list[float]]]:
        """The rewards of each group of two rollouts and more, by its name."""
        found: dict[int, list[float]] = {}
        for group, reward in zip(self.groups, self.rewards, strict=True):
            if group >= 0 and reward == reward:
                found.setdefault(group, []).append(reward)
        return [(self.names[group], values) for group, values in found.items() if len(values) > 1]


def _name(sample: Sample | None, group_by: str, key: Any) -> str:
    """Of a prompt its end, where the question is; else the group's own name."""
    if sample is None or group_by != "prompt":
        return str(key)[:80]
    text = " ".join(sample.prompt_text[-200:].split())
    return text if len(text) <= 60 else "…" + text[-59:]


def read_columns(results: Callable[[], Iterator[Earned]], group_by: str) -> Columns:
    """The figures of every line of results."""
    columns = Columns()
    of: dict[Any, int] = {}
    for result in results():
        columns.add(result, of, group_by)
    return columns


def read_results(scored: str, rollouts: str | None, keys: Keys) -> Iterator[Earned]:
    """Lines of results, each with its row: that of the same place in the file of rollouts.

    Raises:
        SpecError: the two files are not of the same rows.
        RewardsError: one cannot be read.
    """
    if rollouts is None:
        with opened(scored) as source:
            for line in source.lines():
                yield _result(line, None, keys)
        return
    with opened(scored) as source, opened(rollouts) as rows:
        for line, row in zip_longest(source.lines(), rows.lines()):
            if line is None or row is None:
                fewer, more = (scored, rollouts) if line is None else (rollouts, scored)
                raise SpecError(f"{fewer} has fewer lines than {more}: are they of one run?")
            yield _result(line, row, keys)


def _result(line: Line, row: Line | None, keys: Keys) -> Earned:
    try:
        document = read_json(line)
    except EventError as error:
        return Earned(line.number, "", None, {}, {}, None, str(error), None)
    if not isinstance(document, dict):
        return Earned(line.number, "", None, {}, {}, None, "no result", None)
    sample = _sample(row or line, keys) if row or _holds_a_row(document, keys) else None
    number = (row or line).number
    if "error" in document and "line" in document:
        return Earned(number, "", None, {}, {}, None, str(document["error"]), None)
    found_id = str(document.get("id", ""))
    if row is not None and sample is not None and found_id not in ("", sample.id):
        raise SpecError(
            f"line {line.number} of the results is of row {found_id[:80]!r}, line {row.number} of"
            f" the rollouts is {sample.id[:80]!r}: are they of one run?"
        )
    return _scored(document, number, found_id, sample)


def _holds_a_row(document: Mapping[str, Any], keys: Keys) -> bool:
    return "messages" in document or keys.completion in document


def _sample(line: Line, keys: Keys) -> Sample | None:
    try:
        return read_row(line, keys).sample
    except EventError:
        return None


def _scored(document: Mapping[str, Any], line: int, id: str, sample: Sample | None) -> Earned:
    explained = document.get("explanation")
    explanation: Mapping[str, Any] = explained if isinstance(explained, dict) else {}
    parts, answers = _parts(document), {}
    for name, said in _tables(explanation.get("components")):
        parts[name] = Remark(name, figure(said.get("value")), str(said.get("reason") or ""))
        if isinstance(said.get("answer"), str):
            answers[name] = said["answer"]
    for name, fault in _tables(explanation.get("faults")):
        parts[name] = Remark(name, None, f"{fault.get('kind', 'fault')}: {fault.get('detail', '')}")
    reward = figure(document.get("aggregate_reward_score", document.get("reward")))
    broken = explanation.get("fault")
    error = str(broken.get("kind", "broken")) if isinstance(broken, dict) else ""
    closed = explanation.get("closed_by")
    return Earned(
        line,
        id,
        None if error else reward,
        parts,
        answers,
        closed if isinstance(closed, str) else None,
        error or ("" if reward is not None else "no reward"),
        sample,
    )


def _parts(document: Mapping[str, Any]) -> dict[str, Remark]:
    """The components as the response lists them; figures below one ("a/b") are left out."""
    listed = document.get("metrics_list")
    if isinstance(listed, list):
        pairs = [(m.get("name"), m.get("value")) for m in listed if isinstance(m, dict)]
    else:
        metrics = document.get("components", document.get("metrics"))
        pairs = list(metrics.items()) if isinstance(metrics, dict) else []
    return {
        name: Remark(name, value, "")
        for name, given in pairs
        if isinstance(name, str) and "/" not in name and (value := figure(given)) is not None
    }


def _tables(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, table in value.items() if isinstance(value, dict) else ():
        if isinstance(table, dict):
            yield name, table


def figure(value: object) -> float | None:
    """A number of a JSON document that a rubric could pay, as a float; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= MAX_MAGNITUDE else None


def reference_text(sample: Sample) -> str:
    """The reference as the page shows it."""
    value = sample.reference_answer
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)
