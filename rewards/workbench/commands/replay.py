"""`rewards replay`: recorded events on the handler's path, compared with what is expected."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import rewards
from rewards.errors import EventError, SpecError
from rewards.rubric.spec import find_rubric
from rewards.score import Fault, Reward
from rewards.telemetry import mean, summarize
from rewards.workbench.local.handler import LocalHandler, Outcome
from rewards.workbench.options import JsonOption
from rewards.workbench.output import (
    figure,
    json_text,
    print_json,
    print_table,
    printable,
    say,
    write_whole,
)
from rewards.workbench.rollouts.explain import explanation

EXPECTED = ".expected.json"

#: Differences shown for one event; a changed rule changes them all, and ten tell the story.
MAX_DIFFERENCES = 10

#: Enough of an answer to know it by.
MAX_ANSWER_CHARS = 24

#: A UUID is shown whole.
MAX_ID_CHARS = 36


@dataclass(frozen=True)
class Replayed:
    """One event, what it gave, and where that differs from its expected file."""

    path: Path
    handler: LocalHandler
    outcome: Outcome
    differences: Sequence[str]


def replay(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Events, or folders of events. [default: events]")
    ] = None,
    rubric: Annotated[
        str, typer.Option(help="Score every event with this rubric, whatever its folder says.")
    ] = "",
    update: Annotated[
        bool, typer.Option("--update", help="Write what came out as the expected responses.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score recorded events on the Lambda handler's path and compare with what is expected.

    An event is a file NAME.json, its expected response NAME.expected.json beside it; an event
    that is refused expects {"errorType", "errorMessage"}. The folder says which rubric scores it:
    the folder's own rubric.toml, else the bundled rubric that is called like the folder, so
    events/gsm8k/array.json is scored with gsm8k.

    With --json, {"events": [{"event", "rubric", "digest", "differences", "response", "error",
    "samples"}], "totals"}. A sample is {"id", "reward", "closed_by", "components", "faults"}, or
    {"id", "reward": null, "fault"} for a row that holds no completion; a component {"value",
    "answer", "reason", "metrics"}; a fault {"kind", "detail"}.
    Exit code 1 if anything differs.
    """
    replayed = list(_replayed(paths or [_recorded()], rubric, update))
    failed = [event for event in replayed if event.differences]
    if as_json:
        print_json(
            {"events": [_document(event) for event in replayed], "totals": _totals(replayed)}
        )
    else:
        for event in replayed:
            _print_event(event)
        _print_totals(_totals(replayed))
    for event in failed:
        _say_differences(event)
    if failed:
        raise typer.Exit(1)


def _replayed(paths: Sequence[Path], rubric: str, update: bool) -> Iterator[Replayed]:
    handlers: dict[Path, LocalHandler] = {}
    for path in _events(paths):
        rubric_path = find_rubric(rubric) if rubric else _rubric_of(path)
        if rubric_path not in handlers:
            handlers[rubric_path] = LocalHandler(rubric_path)
        outcome = handlers[rubric_path].invoke(_event(path))
        expected = path.with_suffix(EXPECTED)
        if update:
            write_whole(expected, canonical(outcome))
        yield Replayed(path, handlers[rubric_path], outcome, _compared(expected, outcome))


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


def _event(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise EventError(f"{path}: not JSON: {error}") from None


def canonical(outcome: Outcome) -> str:
    """The bytes of an expected file: one result a line, so that a diff names the sample."""
    if outcome.response is None:
        return json_text(outcome.error) + "\n"
    if not outcome.response:
        return "[]\n"
    return "[\n" + ",\n".join(json_text(result) for result in outcome.response) + "\n]\n"


def _compared(expected: Path, outcome: Outcome) -> list[str]:
    """What differs from the expected file, in words; nothing where it is the same bytes."""
    if not expected.is_file():
        return [f"{expected.name} is missing: check the table, then run again with --update"]
    found = expected.read_bytes()
    if found == canonical(outcome).encode():
        return []
    try:
        wanted = json.loads(found)
    except (ValueError, RecursionError) as error:
        return [f"{expected.name} is not JSON: {error}"]
    actual = outcome.error if outcome.response is None else outcome.response
    return list(_differences(wanted, actual)) or [
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
    for wanted, got in zip(expected, actual, strict=False):
        if wanted == got:
            continue
        wanted_figures, got_figures = _figures(wanted), _figures(got)
        label = printable(str(got.get("id"))) if isinstance(got, dict) else "?"
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


def _say_differences(event: Replayed) -> None:
    say(f"\n{event.path}: not what is expected")
    for difference in event.differences[:MAX_DIFFERENCES]:
        say(f"  {difference}")
    if len(event.differences) > MAX_DIFFERENCES:
        say(f"  and {len(event.differences) - MAX_DIFFERENCES} more")


def _print_event(event: Replayed) -> None:
    mark = "differs" if event.differences else "as expected"
    title = f"{event.path} · {event.handler.rubric.name} · {mark}"
    if event.outcome.error is not None:
        print(f"{title}\nrefused: {printable(event.outcome.error['errorMessage'], 200)}\n")
        return
    names = [component.name for component in event.handler.rubric.components]
    rows = [
        [printable(str(row.id), MAX_ID_CHARS), *_cells(names, reward, row.fault)]
        for row, reward in event.outcome.explained()
    ]
    print_table(["sample", "reward", *names, "extracted", "why"], rows, title=title)
    print()


def _cells(names: Sequence[str], reward: Reward | None, fault: Fault | None) -> list[str]:
    """Reward, components, extraction and reason of one row. A fault shows its kind, never 0."""
    if reward is None:
        assert fault is not None
        return [fault.kind, *("" for _ in names), "", printable(fault.detail)]
    found = []
    for name in names:
        score, broken = reward.scores.get(name), reward.faults.get(name)
        found.append(figure(score.value) if score else broken.kind if broken else "-")
    return [figure(reward.value), *found, _extracted(reward), _why(names, reward)]


def _extracted(reward: Reward) -> str:
    """What weighted components read, which the reward rests on; gates, if only these ran."""
    ran = [name for name in reward.scores if name in reward.weighted] or list(reward.scores)
    answers = {name: reward.scores[name].answer for name in ran}
    found = {name: answer for name, answer in answers.items() if answer is not None}
    if len(set(found.values())) <= 1:
        return printable(next(iter(found.values()), ""), MAX_ANSWER_CHARS)
    return "; ".join(f"{n}: {printable(answer, MAX_ANSWER_CHARS)}" for n, answer in found.items())


def _why(names: Sequence[str], reward: Reward) -> str:
    """The gate that closed, then the reason or the fault of each component."""
    reasons = {name: score.reason for name, score in reward.scores.items() if score.reason}
    reasons |= {name: fault.detail for name, fault in reward.faults.items()}
    closed = [f"stopped by gate {reward.closed}"] if reward.closed else []
    told = [printable(f"{name}: {reasons[name]}") for name in names if name in reasons]
    return "; ".join([*closed, *told])


def _totals(replayed: Sequence[Replayed]) -> dict[str, Any]:
    summaries = [
        summarize(e.outcome.rows, e.outcome.rewards, []) for e in replayed if not e.outcome.error
    ]
    rewards = [reward.value for event in replayed for reward in event.outcome.rewards]
    faults: dict[str, int] = {}
    for summary in summaries:
        for kind, count in summary["faults"].items():
            faults[kind] = faults.get(kind, 0) + count
    return {
        "events": len(replayed),
        "refused": sum(event.outcome.error is not None for event in replayed),
        "samples": sum(summary["batch_size"] for summary in summaries),
        "reward_mean": mean(rewards),
        "unscored": sum(summary["unscored"] for summary in summaries),
        "faults": dict(sorted(faults.items())),
        "different": sum(bool(event.differences) for event in replayed),
    }


def _print_totals(totals: dict[str, Any]) -> None:
    average = totals["reward_mean"]
    faults = ", ".join(f"{count} {kind}" for kind, count in totals["faults"].items())
    print(
        f"{totals['events']} events ({totals['refused']} refused), {totals['samples']} samples, "
        f"mean reward {'-' if average is None else figure(average)}, "
        f"{totals['unscored']} unscored{f' ({faults})' if faults else ''}, "
        f"{totals['different'] or 'none'} different from expected"
    )


def _document(event: Replayed) -> dict[str, Any]:
    return {
        "event": str(event.path),
        "rubric": event.handler.rubric.name,
        "digest": event.handler.rubric.digest,
        "differences": list(event.differences),
        "response": event.outcome.response,
        "error": event.outcome.error,
        "samples": [
            {"id": row.id, "reward": reward and reward.value, **explanation(row, reward)}
            for row, reward in event.outcome.explained()
        ],
    }
