"""What is each figure of a page: a drawing, a sentence about it, and the same as a table."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from markupsafe import Markup

from rewards.workbench.report.drawing import (
    BOTTOM,
    HIGH,
    LEFT,
    RIGHT,
    TOP,
    WIDE,
    Plane,
    canvas,
    dot,
    label,
    line,
    number,
    polyline,
    rectangle,
    thinned,
)
from rewards.workbench.report.model import Figure

#: Bars of a histogram, cells of a cloud, groups of a skyline that are drawn.
BINS, CELLS, GROUPS = 20, 28, 180
#: Rows of the table below a figure; what is left out is said.
MAX_TABLE = 40


def histogram(title: str, values: Sequence[float], low: float, high: float) -> Figure:
    """How often which value occurs, from `low` to `high`."""
    low, high = min([low, *values]), max([high, *values])
    if low == high:
        high = low + 1.0
    bins = BINS
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    plane = Plane(low, high, 0, max([1, *counts]))
    edges = [low + (high - low) * index / bins for index in range(bins + 1)]
    spans = [
        (f"{number(a)} to {number(b)}", count)
        for (a, b), count in zip(pairwise(edges), counts, strict=True)
    ]
    wide = plane.x(edges[1]) - plane.x(edges[0])
    bars = [
        rectangle(
            plane.x(edge) + 0.75,
            min(plane.y(count), plane.floor - 1.5),
            wide - 1.5,
            max(1.5, plane.floor - plane.y(count)),
            "s1",
            f"{span}: {count:,}",
        )
        for edge, (span, count) in zip(edges, spans, strict=False)
        if count
    ]
    mean = fmean(values)
    at = plane.x(mean)
    marks = [line(at, TOP, at, plane.floor, "mean")]
    marks.append(label(at, TOP - 7, f"mean {number(mean)}", _anchor(at), "name"))
    rows = tuple((span, f"{count:,}") for span, count in spans if count)
    said = f"{len(values):,} rows, mean {number(mean)}"
    drawing = canvas(title, said, [plane.axes(""), *bars, *marks])
    return Figure(title, drawing, said, ("from, to below", "rows"), rows)


def _anchor(x: float) -> str:
    return "end" if x > WIDE - 60 else "start" if x < 90 else "middle"


def cloud(
    title: str, points: Sequence[tuple[float, float]], x_name: str, y_name: str, note: str
) -> Figure:
    """Two figures of each row against each other: points that fall together make a larger dot."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    plane = Plane(min([0.0, *xs]), max([1.0, *xs]), min([0.0, *ys]), max([1.0, *ys]))
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for x, y in points:
        place = (_cell(x, plane.x0, plane.x1), _cell(y, plane.y0, plane.y1))
        cells.setdefault(place, []).append((x, y))
    most = max([1, *map(len, cells.values())])
    dots = [
        dot(
            plane.x(fmean(x for x, _ in cell)),
            plane.y(fmean(y for _, y in cell)),
            1.5 + 5.5 * math.sqrt(len(cell) / most),
            "s1 soft",
            f"{len(cell):,} rows",
        )
        for _, cell in sorted(cells.items())
    ]
    fifths = _fifths(points)
    steps = [(plane.x(x), plane.y(y)) for _, x, y, _ in fifths]
    trend = [polyline(steps, "trend")] if len(steps) > 1 else []
    rows = tuple((span, f"{n:,}", number(mean)) for span, _, mean, n in fifths)
    drawing = canvas(title, note, [plane.axes(x_name, y_name), *dots, *trend])
    return Figure(title, drawing, note, (x_name, "rows", f"mean {y_name}"), rows)


def _cell(value: float, low: float, high: float) -> int:
    return min(CELLS - 1, int((value - low) / (high - low) * CELLS))


def _fifths(points: Sequence[tuple[float, float]]) -> list[tuple[str, float, float, int]]:
    """Fifths of the rows by x: their span, their mean x and y, how many."""
    ordered = sorted(points)
    found = []
    for index in range(5):
        part = ordered[index * len(ordered) // 5 : (index + 1) * len(ordered) // 5]
        if part:
            span = f"{number(part[0][0])} to {number(part[-1][0])}"
            found.append((span, fmean(x for x, _ in part), fmean(y for _, y in part), len(part)))
    return found


def skyline(
    title: str, groups: Sequence[tuple[str, Sequence[float]]], low: float, high: float
) -> Figure:
    """Groups by their mean reward: from each one's least to its most, with its mean."""
    ordered = sorted(groups, key=lambda one: (fmean(one[1]), min(one[1]), one[0]))
    dead = sum(1 for _, values in ordered if max(values) - min(values) <= 1e-9)
    drawn = thinned(len(ordered), GROUPS)
    shown = [one for index, one in enumerate(ordered) if drawn(index)]
    every = [value for _, values in groups for value in values]
    plane = Plane(-0.5, max(0.5, len(shown) - 0.5), min([low, *every]), max([high, *every]))
    parts: list[Markup] = []
    for index, (name, values) in enumerate(shown):
        x, mean = plane.x(index), fmean(values)
        least, most = min(values), max(values)
        said = f"{name}: {len(values)} rollouts, {number(least)} to {number(most)}"
        if most - least > 1e-9:
            parts.append(line(x, plane.y(least), x, plane.y(most), "spread"))
        parts.append(dot(x, plane.y(mean), 2.2, "s1" if most - least > 1e-9 else "s2", said))
    left = f", {len(shown)} of them drawn" if len(shown) < len(ordered) else ""
    note = (
        f"{len(ordered):,} groups by their mean{left}; {dead:,} have equal rewards and give no"
        " gradient (drawn in the second colour)"
    )
    rows = [
        (name, f"{len(v)}", number(fmean(v)), number(min(v)), number(max(v))) for name, v in ordered
    ]
    columns = ("group", "rollouts", "mean", "least", "most")
    drawing = canvas(title, note, [plane.axes("groups, by mean", "reward", []), *parts])
    return Figure(title, drawing, note, columns, *_cut(rows))


def _cut(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[tuple[str, ...], ...], int]:
    return tuple(rows[:MAX_TABLE]), max(0, len(rows) - MAX_TABLE)


def bars(
    title: str,
    values: Sequence[tuple[str, float, str]],
    note: str,
    limit: float | None = None,
    limit_name: str = "",
) -> Figure:
    """Named figures side by side, each with what is said of it; a limit as a line across.

    A figure at the limit or beyond it stands in the colour of a fault.
    """
    shown = values[:MAX_TABLE]
    every = [value for _, value, _ in shown if math.isfinite(value)]
    low, high = min([0.0, *every]), max([*every, limit or 0.0, 1e-9])
    tall, room = 22.0, 150.0
    high_units = TOP + tall * len(shown) + BOTTOM
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return room + (value - low) / span * (WIDE - room - 60)

    parts: list[Markup] = []
    for index, (name, value, _) in enumerate(shown):
        top = TOP + index * tall
        over = limit is not None and value >= limit
        ends = sorted((x(0.0), x(value)))
        name = name if len(name) <= 24 else name[:23] + "…"
        parts.append(label(room - 6, top + 15, name, "end"))
        parts.append(
            rectangle(
                ends[0], top + 3, max(1.5, ends[1] - ends[0]), tall - 7, "bad" if over else "s1"
            )
        )
        parts.append(label(ends[1] + 5, top + 15, number(value), "start"))
    if limit is not None:
        parts.append(line(x(limit), TOP - 4, x(limit), TOP + tall * len(shown), "limit"))
        parts.append(label(x(limit), TOP + tall * len(shown) + 14, limit_name, "middle", "name"))
    rows = [(name, number(value), more) for name, value, more in values]
    drawing = canvas(title, note, parts, high_units)
    return Figure(title, drawing, note, ("name", "value", "more"), *_cut(rows))


def interval(
    title: str, estimate: float, low: float, high: float, bands: Sequence[tuple[float, str]]
) -> Figure:
    """An estimated share with its interval, over bands: from 0, each up to its figure."""
    tall = 104.0
    plane = Plane(0, 1, 0, 1, tall)
    parts: list[Markup] = []
    start = 0.0
    for index, (end, name) in enumerate(bands):
        left, right = plane.x(start), plane.x(end)
        parts.append(rectangle(left, 30, right - left, plane.floor - 30, f"band{index}"))
        parts.append(label((left + right) / 2, 22, name, "middle", "name"))
        start = end
    middle = (30 + plane.floor) / 2
    parts.append(line(plane.x(low), middle, plane.x(high), middle, "whisker"))
    for end in (low, high):
        parts.append(line(plane.x(end), middle - 6, plane.x(end), middle + 6, "whisker"))
    parts.append(dot(plane.x(estimate), middle, 5, "s1", number(estimate)))
    axis = [(index / 5, number(index / 5)) for index in range(6)]
    for value, text in axis:
        parts.append(label(plane.x(value), plane.floor + 16, text, "middle"))
    parts.append(line(LEFT, plane.floor, WIDE - RIGHT, plane.floor, "axis"))
    note = f"{number(estimate)}, 95 % interval {number(low)} to {number(high)}"
    rows = (("estimate", number(estimate)), ("low", number(low)), ("high", number(high)))
    return Figure(title, canvas(title, note, parts, tall), note, ("", "share"), rows)


def against(title: str, pairs: Sequence[tuple[float, float]], a: str, b: str) -> Figure:
    """What two say of the same rows: on the line they agree."""
    every = [value for pair in pairs for value in pair]
    low, high = min([0.0, *every]), max([1.0, *every])
    plane = Plane(low, high, low, high, HIGH + 60)
    cells: dict[tuple[float, float], int] = {}
    for pair in pairs:
        cells[pair] = cells.get(pair, 0) + 1
    most = max([1, *cells.values()])
    parts = [line(plane.x(low), plane.y(low), plane.x(high), plane.y(high), "limit")]
    for (x, y), count in sorted(cells.items(), key=lambda one: (-one[1], one[0]))[:600]:
        radius = 2 + 6 * math.sqrt(count / most)
        said = f"{count:,} rows: {number(x)} by A, {number(y)} by B"
        parts.append(dot(plane.x(x), plane.y(y), radius, "s1 soft", said))
    note = f"{len(pairs):,} flips; a larger dot is more rows, on the line both say the same"
    rows = [
        (number(x), number(y), f"{count:,}")
        for (x, y), count in sorted(cells.items(), key=lambda one: (-one[1], one[0]))
    ]
    drawing = canvas(title, note, [plane.axes(a, b), *parts], HIGH + 60)
    return Figure(title, drawing, note, (a, b, "rows"), *_cut(rows))
