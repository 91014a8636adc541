"""`rewards replay`: recorded events through the real handler, compared with what is expected."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rewards.core.score import Fault, Reward
from rewards.wire.telemetry import mean
from rewards.workbench.help import examples
from rewards.workbench.judging.offline import answered_from
from rewards.workbench.local.recorded import BugReport, Replayed, replay_events, totals
from rewards.workbench.options import CassetteOption, JsonOption
from rewards.workbench.output import (
    Mood,
    Shown,
    counted,
    distinct,
    figure,
    print_json,
    print_table,
    printable,
    say,
    show,
)
from rewards.workbench.rollouts.explain import explanation

#: Lines shown of one event that is not fine; a changed rule changes all, and ten tell the story.
MAX_LINES = 10

#: Lines of a screen that are no event's: the title, the head, the totals, the prompt behind them.
LINES_AROUND = 9

#: Enough of an answer to know it by.
MAX_ANSWER_CHARS = 24

#: Rows named of those that a bug hit.
MAX_NAMED = 3

#: A UUID is shown whole.
MAX_ID_CHARS = 36

#: A reason may quote a pattern or a sentence.
MAX_REASON_CHARS = 160

_MOODS: dict[str, Mood] = {"same": "good", "different": "bad", "no expectation": "odd"}


@examples(
    "rewards replay",
    "rewards replay events/gsm8k/group.json -v",
    "rewards replay my_events --rubric my_rubric.toml --update",
)
def replay(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Events, or folders of events. [default: events]"),
    ] = None,
    rubric: Annotated[
        str, typer.Option(help="Score every event with this rubric, whatever its folder says.")
    ] = "",
    update: Annotated[
        bool, typer.Option("--update", help="Write what came out as the expected responses.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show each row: its reward, and why.")
    ] = False,
    cassette: CassetteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score recorded events on the Lambda handler's path and compare with what is expected.

    One line an event; on a terminal that is too low for all of them, one for the events of a folder
    that are as expected.

    An event is a file NAME.json, its expected response NAME.expected.json beside it; an event
    that is refused expects {"errorType", "errorMessage"}. The folder says which rubric scores it:
    the folder's own rubric.toml, else the bundled rubric that is called like the folder, so
    events/gsm8k/array.json is scored with gsm8k.

    With --json, {"events": [{"event", "rubric", "digest", "verdict", "differences", "bugs",
    "response", "error", "samples"}], "totals"}. "verdict" is "same", "different" or "no
    expectation". A sample is {"id", "reward", "closed_by", "components", "faults"}, or
    {"id", "reward": null, "fault"} for a row that holds no completion; a component {"value",
    "answer", "reason", "metrics"}; a fault {"kind", "detail"}; a bug {"component", "detail",
    "ids"}.

    Exit code 1 if anything differs, if nothing is on record, or if a scorer has a bug: it raised,
    or gave what is no verdict. A bug is never recorded as expected. Events of a rubric with a judge
    need no account with --cassette, which `rewards judge record` writes.
    """
    left_out: dict[str, list[Path]] = {}
    with answered_from(cassette):
        replayed = list(replay_events(paths or [], rubric, update=update, left_out=left_out))
    figures = totals(replayed)
    if as_json:
        reasons = {why: [str(path) for path in those] for why, those in left_out.items()}
        events = [_document(event) for event in replayed]
        print_json({"events": events, "totals": figures, "left_out": reasons})
    elif verbose:
        for event in replayed:
            _print_rows(event)
    else:
        _print_events(replayed)
    sys.stdout.flush()
    for why, paths in left_out.items():
        say(f"left out, {counted(len(paths), 'event')} of {paths[0].parent}: {why}", "odd")
    wrong = [event for event in replayed if not event.is_fine]
    for event in wrong:
        _say_what_is_wrong(event)
    if not as_json:
        _print_totals(figures, "bad" if wrong else "good")
    if wrong:
        raise typer.Exit(1)


def _print_events(replayed: Sequence[Replayed]) -> None:
    """A line an event, or on a terminal that is too low for that one for each folder's fine ones.

    They are named from the folder that all are under.
    """
    top = Path(os.path.commonpath([event.path.parent for event in replayed]))
    lines = [[event] for event in replayed]
    if sys.stdout.isatty() and len(lines) + LINES_AROUND > shutil.get_terminal_size().lines:
        lines = _by_folder(replayed)
    columns = ["event", "rows", "reward", "unscored", "verdict"]
    rows = [_event_row(events, top) for events in lines]
    print_table(columns, rows, prose=["event"], title=f"events under {top}")


def _by_folder(replayed: Sequence[Replayed]) -> list[list[Replayed]]:
    """What is not fine alone, and behind it the fine events of each folder together."""
    folders = {event.path.parent for event in replayed}
    if len(folders) == 1:
        return [[event] for event in replayed]  # this folder was asked for
    lines = [[event] for event in replayed if not event.is_fine]
    for folder in sorted(folders):
        fine = [event for event in replayed if event.is_fine and event.path.parent == folder]
        lines += [fine] if fine else []
    return lines


def _event_row(events: Sequence[Replayed], top: Path) -> list[str | Shown]:
    """The row of one event, or of several that are all fine."""
    first, *others = events
    name = os.path.relpath(first.path.parent if others else first.path.with_suffix(""), top)
    explained = [reward for event in events for _, reward in event.outcome.explained()]
    unscored = sum(reward is None or bool(reward.faults) for reward in explained)
    average = mean([reward.value for event in events for reward in event.outcome.rewards])
    refused = sum(event.outcome.error is not None for event in events)
    told = f"{refused} refused" if others else "refused"
    verdict = f"{first.verdict} ({told})" if refused else first.verdict
    mood = _MOODS[first.verdict]
    if first.bugs:
        verdict, mood = f"{verdict}, a bug", "bad"
    return [
        f"{printable(name, 200)}, {len(events)} events" if others else printable(name, 200),
        "-" if refused == len(events) else str(sum(len(event.outcome.rows) for event in events)),
        "-" if average is None else figure(average),
        Shown(str(unscored or ""), "odd"),
        Shown(verdict, mood),
    ]


def _say_what_is_wrong(event: Replayed) -> None:
    titles = {
        "same": "gives what is expected",
        "different": "not what is expected",
        "no expectation": "nothing is expected yet",
    }
    say(f"\n{event.path}: {titles[event.verdict]}", _MOODS[event.verdict])
    for bug in event.bugs:
        say(f"  {_bug_line(bug)}", "bad")
    if event.unrecorded:
        say(f"  not recorded: {event.unrecorded}; mend it, then run again with --update", "bad")
    lines = [] if event.unrecorded else [*event.differences]
    if event.verdict == "no expectation":
        lines += _unscored(event)
    for line in lines[:MAX_LINES]:
        say(f"  {line}")
    if len(lines) > MAX_LINES:
        say(f"  and {len(lines) - MAX_LINES} more")


def _bug_line(bug: BugReport) -> str:
    ids = distinct([str(row.id) for row in bug.rows[:MAX_NAMED]], MAX_ID_CHARS)
    more = len(bug.rows) - len(ids)
    rows = f"{'row' if len(bug.rows) == 1 else 'rows'} {', '.join(ids)}"
    rows += f" and {more} more" if more else ""
    return f"{bug.component}: {printable(bug.detail, MAX_REASON_CHARS)} ({rows})"


def _ids(event: Replayed) -> list[str]:
    return distinct([str(row.id) for row in event.outcome.rows], MAX_ID_CHARS)


def _unscored(event: Replayed) -> list[str]:
    """What could not be decided, for who has to say whether that is expected; bugs are told."""
    lines = []
    for name, (row, reward) in zip(_ids(event), event.outcome.explained(), strict=True):
        faults = {"row": row.fault} if reward is None else reward.faults
        for component, fault in faults.items():
            if fault is not None and fault.blame != "scorer":
                reason = printable(f"{component}: {fault.kind}: {fault.detail}", MAX_REASON_CHARS)
                lines.append(f"{name}: {reason}")
    return lines


def _print_rows(event: Replayed) -> None:
    """A line a row: its reward, what each component gave, what was read, and why."""
    verdict = "as expected" if event.verdict == "same" else event.verdict
    title = f"{event.path} · {event.handler.rubric.name} · {verdict}"
    if event.outcome.error is not None:
        show(f"{title}\nrefused: {printable(event.outcome.error['errorMessage'], 400)}\n")
        return
    names = [component.name for component in event.handler.rubric.components]
    rows = [
        [name, *_cells(names, reward, row.fault)]
        for name, (row, reward) in zip(_ids(event), event.outcome.explained(), strict=True)
    ]
    columns = ["sample", "reward", *names, "extracted", "why"]
    print_table(columns, rows, title=title, prose=["extracted", "why"])
    print()


def _cells(names: Sequence[str], reward: Reward | None, fault: Fault | None) -> list[str | Shown]:
    """Reward, components, extraction and reason of one row. A fault shows its kind, never 0."""
    if reward is None:
        assert fault is not None
        why = printable(fault.detail, MAX_REASON_CHARS)
        return [Shown(fault.kind, "odd"), *("" for _ in names), "", why]
    found: list[str | Shown] = []
    for name in names:
        score, broken = reward.scores.get(name), reward.faults.get(name)
        if broken:
            found.append(Shown(broken.kind, "bad" if name in reward.bugs else "odd"))
        else:
            found.append(figure(score.value) if score else "-")
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
    """The gate that closed, then the reason or the fault of each component, a line each."""
    reasons = {name: score.reason for name, score in reward.scores.items() if score.reason}
    reasons |= {name: fault.detail for name, fault in reward.faults.items()}
    closed = [f"stopped by gate {reward.closed}"] if reward.closed else []
    told = [f"{name}: {reasons[name]}" for name in names if name in reasons]
    return "\n".join([*closed, *(printable(line, MAX_REASON_CHARS) for line in told)])


def _print_totals(figures: dict[str, Any], mood: Mood) -> None:
    average = figures["reward_mean"]
    faults = ", ".join(f"{count} {kind}" for kind, count in figures["faults"].items())
    show(
        f"{counted(figures['events'], 'event')} ({figures['refused']} refused), "
        f"{counted(figures['samples'], 'sample')}, "
        f"mean reward {'-' if average is None else figure(average)}, "
        f"{figures['unscored']} unscored{f' ({faults})' if faults else ''}, "
        f"{figures['different'] or 'none'} different from expected",
        mood,
    )
    for detail in figures["data_faults"]:
        show(f"  {printable(detail, MAX_REASON_CHARS)}")


def _document(event: Replayed) -> dict[str, Any]:
    return {
        "event": str(event.path),
        "rubric": event.handler.rubric.name,
        "digest": event.handler.rubric.digest,
        "verdict": event.verdict,
        "differences": list(event.differences),
        "bugs": [
            {"component": bug.component, "detail": bug.detail, "ids": [r.id for r in bug.rows]}
            for bug in event.bugs
        ],
        "response": event.outcome.response,
        "error": event.outcome.error,
        "samples": [
            {"id": row.id, "reward": reward and reward.value, **explanation(row, reward)}
            for row, reward in event.outcome.explained()
        ],
    }
