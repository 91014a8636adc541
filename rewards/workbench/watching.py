"""Runs of a deployment as lines of text, and a watch that stays until one has ended."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rewards.job.errors import TransientError
from rewards.job.jobs import COMPLETED, Job
from rewards.job.runs import RunView
from rewards.workbench.output import figure, print_json, print_table, printable, say

#: The width of the bar that shows how far a training is.
BAR_CHARS = 30

#: How much is shown of what a service says, in a table and by itself.
_CELL_CHARS, _REASON_CHARS = 100, 2000


def watch(
    look: Callable[[], RunView],
    every: float,
    *,
    until: Callable[[RunView], bool] = lambda run: False,
    wait: Callable[[float], None] = time.sleep,
) -> RunView:
    """Print a line whenever a run has moved, until it has ended, or is as far as `until` says."""
    shown = ""
    while True:
        try:
            run = look()
        except TransientError as error:  # the job goes on, and so does the watch
            say(f"{_now()}  {printable(str(error), _CELL_CHARS)}; looking again")
            wait(every)
            continue
        line = progress(run)
        if line != shown:
            say(f"{_now()}  {line}")
            shown = line
        if not run.is_under_way or until(run):
            return run
        wait(every)


def explain(run: RunView) -> None:
    """Say how a run has ended, and why."""
    reason = printable(_reason(run), _REASON_CHARS) or "no reason given"
    say(f"{run.job.name if run.job else run.name} {run.status}: {reason}")


def show(run: RunView, *, as_json: bool) -> None:
    """One run, whole."""
    if as_json:
        print_json(document(run))
    else:
        print_table(("run", printable(run.name, _CELL_CHARS)), list(_facts(run)))


def show_all(runs: Sequence[RunView], *, as_json: bool) -> None:
    """Runs as a table; the reason of each that has ended badly beside it."""
    if as_json:
        print_json([document(run) for run in runs])
    elif runs:
        columns = ("run", "job", "status", "started", "ended", "why")
        print_table(columns, [tuple(_cells(run, runs)) for run in runs])
    else:
        say("no runs yet; `rewards job start` starts one")


def document(run: RunView) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "run": run.name,
        "status": run.status,
        "execution": run.execution or None,
        "started": run.started,
        "ended": run.ended or None,
        "reason": _reason(run),
        "job": asdict(run.job) if run.job else None,
    }


def progress(run: RunView) -> str:
    """One line: the status, then the phases, or how far the training is and what it earns."""
    if run.job is None:
        if run.is_under_way:
            return "checking the reward, then creating the job"
        return f"{run.status}: {printable(run.reason, _CELL_CHARS)}"
    return _job_progress(run.job)


def _job_progress(job: Job) -> str:
    parts = [f"{name} {phase}" for name, phase in job.phases.items()]
    step, steps = job.metrics.get("step"), job.metrics.get("total_steps")
    if step is not None and steps:
        done = round(BAR_CHARS * min(step / steps, 1.0))
        parts = [f"[{'#' * done}{'.' * (BAR_CHARS - done)}] step {step:g} of {steps:g}"]
    if (reward := job.metrics.get("critic_rewards_mean")) is not None:
        parts.append(f"reward {figure(reward)}")
    return "  ".join([job.status, *parts])


def _facts(run: RunView) -> Iterator[tuple[str, str]]:
    yield "progress", progress(run)
    job = run.job
    named = (
        ("job", job.name if job else ""),
        ("id", job.id if job else ""),
        ("execution", run.execution),
        ("started", run.started),
        ("ended", (job.ended if job else "") or run.ended),
        ("model", job.model if job else ""),
        ("reason", printable(_reason(run), _REASON_CHARS)),
    )
    yield from ((name, value) for name, value in named if value)
    for name, metric in (job.metrics if job else {}).items():
        yield name, figure(metric)
    if run.is_unwatched:
        yield "watch", f"nobody watches the job: `rewards job watch {run.name} --attach`"


def _cells(run: RunView, runs: Sequence[RunView]) -> Iterator[str]:
    job = run.job
    yield printable(run.name, _CELL_CHARS)
    yield job.name if job else ""
    yield run.status
    yield run.started
    yield (job.ended if job else "") or run.ended
    watched = {other.job.id for other in runs if other.job and other.execution == "RUNNING"}
    if run.is_unwatched and job and job.id not in watched:
        yield f"nobody watches it: `rewards job watch {run.name} --attach`"
    else:
        yield printable(_reason(run), _CELL_CHARS) if run.status != COMPLETED else ""


def _reason(run: RunView) -> str:
    return (run.job.message if run.job else "") or run.reason


def _now() -> str:
    return time.strftime("%H:%M:%S")
