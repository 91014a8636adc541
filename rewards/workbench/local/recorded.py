"""Recorded events: which there are, what they give now, and what they are expected to give."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import rewards
from rewards.core.errors import BatchFailedError, EventError, RequirementError, SpecError
from rewards.rubric.spec import find_rubric
from rewards.wire.contract import Row
from rewards.wire.telemetry import mean
from rewards.workbench.local.handler import InvocationResult, LocalHandler
from rewards.workbench.output import distinct, json_text, printable, write_whole
from rewards.workbench.rollouts.tally import MAX_REFUSED, REFUSED

#: An id that stands in a sentence.
MAX_ID_CHARS = 60

EXPECTED = ".expected.json"

Verdict = Literal["same", "different", "no expectation"]


@dataclass(frozen=True)
class BugReport:
    """What a component's scorer did in place of a verdict, and the rows that it did it to."""

    component: str
    detail: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Replayed:
    """One event, what it gave, and where that differs from its expected file.

    `unrecorded` says why `update` left the expected file as it was, and is empty where it did not.
    """

    path: Path
    handler: LocalHandler
    outcome: InvocationResult
    verdict: Verdict
    differences: Sequence[str]
    unrecorded: str = ""

    @property
    def bugs(self) -> list[BugReport]:
        """What the rubric's scorers failed at, by component and message."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row, reward in self.outcome.explained():
            for name in reward.bugs if reward is not None else ():
                assert reward is not None
                found.setdefault((name, reward.faults[name].detail), []).append(row)
        return [BugReport(*named, rows) for named, rows in found.items()]

    @property
    def is_fine(self) -> bool:
        """Whether it gave what is expected, and by working scorers."""
        return self.verdict == "same" and not self.bugs and not self.unrecorded


def replay_events(
    paths: Sequence[Path], rubric: str, *, update: bool, left_out: dict[str, list[Path]]
) -> Iterator[Replayed]:
    """Score the events under `paths` as the handler does; `update` records what they give.

    `rubric` scores them all, or their folders say which does. What a scorer's bug made of an event
    is never recorded as expected. Where this machine lacks what one of several rubrics needs, its
    events go into `left_out`, by the reason.

    Raises:
        EventError: there is no event, or one is no JSON.
        SpecError: a rubric is not found, or cannot be used.
    """
    handlers: dict[Path, LocalHandler | RequirementError] = {}
    events = list(_events(paths or [_recorded()]))
    rubrics = [find_rubric(rubric) if rubric else _rubric_of(path) for path in events]
    for rubric_path in dict.fromkeys(rubrics):
        try:
            handlers[rubric_path] = LocalHandler(rubric_path)
        except RequirementError as error:
            handlers[rubric_path] = error
    for path, rubric_path in zip(events, rubrics, strict=True):
        handler = handlers[rubric_path]
        if isinstance(handler, RequirementError):
            if all(isinstance(one, RequirementError) for one in handlers.values()):
                raise handler
            left_out.setdefault(str(handler), []).append(path)
            continue
        outcome = handler.invoke(read_event(path))
        expected = path.with_suffix(EXPECTED)
        unrecorded = unrecordable(outcome) if update else ""
        if update and not unrecorded:
            write_whole(expected, canonical(outcome))
        verdict, differences = _compared(expected, outcome)
        yield Replayed(path, handler, outcome, verdict, differences, unrecorded)


def unrecordable(outcome: InvocationResult) -> str:
    """Why nobody can have expected this; empty where one can."""
    if outcome.error is not None:
        failed = outcome.error["errorType"] == BatchFailedError.__name__
        return "the invocation failed" if failed else ""
    broken = sorted({name for reward in outcome.rewards for name in reward.bugs})
    return f"the scorer of {', '.join(broken)} has a bug" if broken else ""


def _recorded() -> Path:
    """The events of the project that one stands in; elsewhere those that came with the package."""
    here = Path("events")
    return here if here.is_dir() else Path(rewards.__file__).parent / "events"


def _events(paths: Sequence[Path]) -> Iterator[Path]:
    """The event files under `paths`, folders in the order of their names."""
    count = 0
    for path in paths:
        if not path.exists():
            raise EventError(f"there is no event or folder of events {path}")
        found = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        for event in found:
            if not event.name.endswith(EXPECTED):
                count += 1
                yield event
    if not count:
        raise EventError(f"no event under {', '.join(map(str, paths))}: a NAME.json is wanted")


def _rubric_of(event: Path) -> Path:
    folder = event.resolve().parent
    own = folder / "rubric.toml"
    if own.is_file():
        return own
    try:
        return find_rubric(folder.name)
    except SpecError as error:
        raise SpecError(
            f"{event}: its folder names its rubric, and {error}. Put a rubric.toml beside it, "
            "or give --rubric"
        ) from None


def read_event(path: Path) -> Any:
    """The JSON of an event file; `EventError` where it holds none."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise EventError(f"{path}: not JSON: {error}") from None


def canonical(outcome: InvocationResult) -> str:
    """The bytes of an expected file for what an event gave."""
    return canonical_answer(outcome.error if outcome.response is None else outcome.response)


def canonical_answer(answer: object) -> str:
    r"""An answer as an expected file has it: one result a line, so that a diff names the sample.

    >>> canonical_answer([{"id": "a"}, {"id": "b"}])
    '[\n{"id":"a"},\n{"id":"b"}\n]\n'
    """
    if not isinstance(answer, list):
        return json_text(answer) + "\n"
    if not answer:
        return "[]\n"
    return "[\n" + ",\n".join(json_text(result) for result in answer) + "\n]\n"


def _compared(expected: Path, outcome: InvocationResult) -> tuple[Verdict, list[str]]:
    """What differs from the expected file, in words; nothing where it is the same bytes."""
    if not expected.is_file():
        return "no expectation", [
            f"{expected.name} is missing: check what it gave (-v), then run again with --update"
        ]
    found = expected.read_bytes()
    if found == canonical(outcome).encode():
        return "same", []
    try:
        wanted = json.loads(found)
    except (ValueError, RecursionError) as error:
        return "different", [f"{expected.name} is not JSON: {error}"]
    actual = outcome.error if outcome.response is None else outcome.response
    return "different", list(_differences(wanted, actual)) or [
        f"{expected.name} says the same in other bytes: run again with --update"
    ]


def _differences(expected: object, actual: object) -> Iterator[str]:
    """One line for each figure that differs, by sample and name.

    >>> list(_differences([{"id": "a", "x": 1.0}], [{"id": "a", "x": 0.0}]))
    ['a: x: expected 1.0, got 0.0']
    """
    if not isinstance(expected, list) or not isinstance(actual, list):
        yield f"expected {_short(expected)}, got {_short(actual)}"
        return
    if len(expected) != len(actual):
        yield f"expected {len(expected)} results, got {len(actual)}"
    ids = [str(got.get("id")) if isinstance(got, dict) else "?" for got in actual]
    for wanted, got, label in zip(expected, actual, distinct(ids, MAX_ID_CHARS), strict=False):
        if wanted == got:
            continue
        wanted_figures, got_figures = _figures(wanted), _figures(got)
        for name in {**wanted_figures, **got_figures}:
            one, other = wanted_figures.get(name, "nothing"), got_figures.get(name, "nothing")
            if one != other:
                yield f"{label}: {name}: expected {one}, got {other}"


def _figures(result: object) -> dict[str, str]:
    """A result as flat names and values, its metrics by name."""
    if not isinstance(result, dict):
        return {"result": _short(result)}
    figures = {key: _short(value) for key, value in result.items() if key != "metrics_list"}
    metrics = result.get("metrics_list")
    for metric in metrics if isinstance(metrics, list) else []:
        if isinstance(metric, dict):
            kind = "" if metric.get("type") == "Reward" else " (metric)"
            figures[f"{metric.get('name')}{kind}"] = _short(metric.get("value"))
    return figures


def _short(value: object) -> str:
    return printable(json.dumps(value), limit=200)


def totals(replayed: Sequence[Replayed]) -> dict[str, Any]:
    """The figures of all events together, as `replay --json` has them."""
    summaries: list[Mapping[str, Any]] = [
        event.outcome.answered.summary for event in replayed if event.outcome.answered is not None
    ]
    faults: Counter[str] = Counter()
    for summary in summaries:
        faults.update(summary["faults"])
    refused = (
        fault.detail
        for event in replayed
        if event.verdict != "same"  # what is expected needs no word
        for reward in event.outcome.rewards
        for fault in reward.faults.values()
        if fault.kind in REFUSED
    )
    return {
        "events": len(replayed),
        "refused": sum(event.outcome.error is not None for event in replayed),
        "samples": sum(summary["batch_size"] for summary in summaries),
        "reward_mean": mean([reward.value for e in replayed for reward in e.outcome.rewards]),
        "unscored": sum(summary["unscored"] for summary in summaries),
        "faults": dict(sorted(faults.items())),
        "data_faults": sorted(set(refused))[:MAX_REFUSED],
        "different": sum(bool(event.differences) for event in replayed),
    }
