"""How are a run's curves drawn? As logged and smoothed, with findings at their steps."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from rewards.curves.curves import Curve
from rewards.curves.statistics import smoothed
from rewards.workbench.report.drawing import (
    HIGH,
    LEFT,
    TOP,
    Plane,
    canvas,
    dot,
    label,
    number,
    polyline,
    rectangle,
    thinned,
)
from rewards.workbench.report.model import Figure

#: Points of a curve that are drawn: a telephone shows no more.
POINTS = 300
#: Rows of the table below a figure.
TABLE = 24
#: Components in a stack; what is beyond is left out, and said.
STACKED = 6


def curve_figure(
    title: str, curve: Curve, ends: tuple[float, float], marks: Sequence[tuple[int, float, float]]
) -> Figure:
    """One curve over the run's steps; `marks` are findings: their number, first and last step."""
    low, high = min([0.0, *curve.values]), max(curve.values)
    high = high if high > low else low + 1.0
    plane = Plane(*ends, low, high)
    line = smoothed(curve.values, max(3, len(curve) // 10))
    drawn = thinned(len(curve), POINTS)
    places = [index for index in range(len(curve)) if drawn(index)]
    raw = [(plane.x(curve.steps[i]), plane.y(curve.values[i])) for i in places]
    smooth = [(plane.x(curve.steps[i]), plane.y(line[i])) for i in places]
    parts = [plane.axes("step"), *_bands(plane, marks)]
    if len(curve) == 1:
        parts.append(dot(*raw[0], 3, "s1"))
    else:
        parts += [polyline(raw, "raw"), polyline(smooth, "smooth")]
    note = (
        f"{len(curve):,} points, {number(curve.values[0])} to {number(curve.values[-1])}; the bold"
        " line is the mean over a tenth of the run"
    )
    numbered = ", ".join(str(index) for index, _, _ in marks)
    said = f"{note}; marked: finding {numbered}" if marks else note
    few = thinned(len(curve), TABLE)
    rows = [
        (number(curve.steps[i]), number(curve.values[i]), number(line[i]))
        for i in range(len(curve))
        if few(i)
    ]
    columns = ("step", "logged", "smoothed")
    return Figure(
        title, canvas(title, said, parts), said, columns, tuple(rows), len(curve) - len(rows)
    )


def _bands(plane: Plane, marks: Sequence[tuple[int, float, float]]) -> list[Markup]:
    """Where findings show: a band from step to step, with the finding's number on a flag."""
    parts: list[Markup] = []
    for place, (index, start, end) in enumerate(marks):
        left, right = plane.x(max(plane.x0, start)), plane.x(min(plane.x1, end))
        parts.append(rectangle(left, TOP, max(2.0, right - left), plane.floor - TOP, "band"))
        x = left + 8 + 18 * sum(1 for _, other, _ in marks[:place] if other == start)
        parts.append(dot(x, TOP + 8, 7.5, "flag", f"finding {index}"))
        parts.append(label(x, TOP + 11.5, str(index), "middle", "num"))
    return parts


def stack_figure(
    title: str, curves: Sequence[Curve], ends: tuple[float, float], weights: Mapping[str, float]
) -> Figure:
    """What each component adds to the reward, one on top of the other.

    What is negative somewhere cannot be stacked, and is drawn as a line. Without `weights` each is
    drawn as it was logged, and the note says so.
    """
    shown = list(curves[:STACKED])
    names = [curve.name for curve in shown]
    steps = sorted({step for curve in shown for step in curve.steps})
    drawn = thinned(len(steps), POINTS)
    steps = [step for index, step in enumerate(steps) if drawn(index)]
    columns = [_at(curve, steps, weights.get(curve.name, 1.0)) for curve in shown]
    floors, tops = [], []
    ground = [0.0] * len(steps)
    for column in columns:
        stacked = min(column) >= 0
        floors.append(ground if stacked else None)
        tops.append([a + b for a, b in zip(ground, column, strict=True)] if stacked else column)
        ground = tops[-1] if stacked else ground
    every = [value for top in tops for value in top]
    high = HIGH + 16 * -(-len(shown) // 3)
    plane = Plane(*ends, min([0.0, *every]), max([1e-9, *every]))
    parts = [plane.axes("step"), *_stacked(plane, steps, floors, tops), *_legend(names)]
    lines = [name for name, floor in zip(names, floors, strict=True) if floor is None]
    note = "weight times mean" if weights else "means as logged, without weights"
    note += ", one on top of the other"
    note += f"; {', '.join(lines)}, negative at times, as a line" if lines else ""
    note += f"; {len(curves) - len(shown)} more are left out" if len(curves) > len(shown) else ""
    few = thinned(len(steps), TABLE)
    rows = tuple(
        (number(step), *(number(column[i]) for column in columns))
        for i, step in enumerate(steps)
        if few(i)
    )
    drawing = canvas(title, note, parts, high)
    return Figure(title, drawing, note, ("step", *names), rows, len(steps) - len(rows))


def _stacked(
    plane: Plane,
    steps: Sequence[float],
    floors: Sequence[Sequence[float] | None],
    tops: Sequence[Sequence[float]],
) -> Iterator[Markup]:
    """Areas between a floor and a top; a line where there is no floor."""
    for index, (floor, top) in enumerate(zip(floors, tops, strict=True), 1):
        points = [(plane.x(step), plane.y(value)) for step, value in zip(steps, top, strict=True)]
        if floor is None:
            yield polyline(points, f"smooth k{index}")
        else:
            back = [(plane.x(s), plane.y(value)) for s, value in zip(steps, floor, strict=True)]
            yield polyline([*points, *back[::-1]], f"s{index}", closed=True)


def _at(curve: Curve, steps: Sequence[float], weight: float) -> list[float]:
    """A smoothed curve's value at every step, the last known where it was not logged."""
    line = smoothed(curve.values, max(3, len(curve) // 10))
    found, place = [], 0
    for step in steps:
        while place + 1 < len(curve) and curve.steps[place + 1] <= step:
            place += 1
        found.append(weight * line[place])
    return found


def _legend(names: Sequence[str]) -> Iterator[Markup]:
    """Names beside their colours, three in a row below the figure."""
    for index, name in enumerate(names):
        x, y = LEFT + index % 3 * 124, HIGH + 2 + index // 3 * 16
        yield rectangle(x, y, 10, 10, f"s{index + 1}")
        yield label(x + 15, y + 9, name if len(name) <= 16 else name[:15] + "…")
