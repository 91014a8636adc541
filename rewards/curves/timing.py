"""At which step was what a service logged by the time of day? Sources of one run put side by side.

A service that counts no steps logs when. Where another source of the same run says when its steps
were done, what was logged since the step before is that step's; without one, the order of the
times has to do, and steps that somebody else counts cannot be put beside it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from rewards.core.errors import SpecError
from rewards.curves.curves import Curve, Run
from rewards.curves.services import TIME, WEIGHT

#: Batches of one step come within a minute, as CloudWatch counts them too.
MINUTE = 60.0


def a_row_a_minute(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows without a step, as the means of each minute, by weight; `step` is their order."""
    minutes: dict[float, list[Mapping[str, Any]]] = {}
    for row in rows:
        if (time := row.get(TIME)) is not None:
            minutes.setdefault(time // MINUTE, []).append(row)
    for step, minute in enumerate(sorted(minutes)):
        found: dict[str, Any] = {"step": step, TIME: max(r[TIME] for r in minutes[minute])}
        for name in dict.fromkeys(key for row in minutes[minute] for key in row):
            if name not in (TIME, WEIGHT, "step"):
                found[name] = _mean(
                    [(row[name], row.get(WEIGHT)) for row in minutes[minute] if name in row]
                )
        yield found


def _mean(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    numbers = [(v, w) for v, w in pairs if isinstance(v, int | float) and v == v]
    weights = [w if isinstance(w, int | float) and w > 0 else 1.0 for _, w in numbers]
    total = sum(weights)
    if not numbers:
        return None
    return sum(v * w for (v, _), w in zip(numbers, weights, strict=True)) / total


def aligned(runs: Sequence[Run]) -> list[Run]:
    """The same sources with steps in common.

    Raises:
        SpecError: one has steps without times, another times without steps.
    """
    counted = [run for run in runs if not run.by_time]
    if not any(run.by_time for run in runs):
        return list(runs)
    clock = next((run.times for run in counted if run.times), None)
    if clock is None and counted:
        raise SpecError(
            "one source counts steps and does not say when they were, another says when and counts"
            ' none: give the first a "time" beside each step (seconds since 1970, or ISO 8601)'
        )
    if clock is None:
        moments = sorted({time for run in runs for time in run.times.values()})
        order: Mapping[float, float] = {time: float(at) for at, time in enumerate(moments)}
        return [
            _renamed(run, {step: order[time] for step, time in run.times.items()}) for run in runs
        ]
    return [_onto(run, clock) if run.by_time else run for run in runs]


def _renamed(run: Run, steps: Mapping[float, float]) -> Run:
    curves = {
        name: Curve(name, tuple(steps[step] for step in curve.steps), curve.values)
        for name, curve in run.curves.items()
    }
    return replace(run, curves=curves, times={steps[s]: time for s, time in run.times.items()})


def _onto(run: Run, clock: Mapping[float, float]) -> Run:
    """A run by time on another's steps: each step has what was logged since the one before."""
    moments = sorted((time, step) for step, time in clock.items())
    times = [time for time, _ in moments]
    curves = {}
    for name, curve in run.curves.items():
        found: dict[float, list[float]] = {}
        for step, value in zip(curve.steps, curve.values, strict=True):
            place = bisect_left(times, run.times[step])
            if place < len(moments):  # what was logged since the last step is of none yet
                found.setdefault(moments[place][1], []).append(value)
        if found:
            steps = tuple(sorted(found))
            curves[name] = Curve(name, steps, tuple(fmean(found[step]) for step in steps))
    return Run(curves, dict(clock))
