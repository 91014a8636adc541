"""How a figure is drawn: scales, axes and marks as SVG, without a style of its own.

Colours come from the page's style sheet by class, so that a figure is right in light, in dark and
on paper. Every figure is WIDE units wide: on a telephone that is about one pixel each.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rewards.workbench.report.text import tag

WIDE, HIGH = 420.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 10.0, 20.0, 34.0


def number(value: float) -> str:
    """A figure as an axis shows it.

    >>> number(0.25), number(12000.0), number(1e-7), number(-0.0)
    ('0.25', '12,000', '1e-07', '0')
    """
    if value and (abs(value) >= 1e7 or abs(value) < 1e-4):
        return f"{value:.3g}"
    short = f"{value:,.4f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round figures between two ends, about `count` of them.

    >>> ticks(0, 1), ticks(3, 97)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [20.0, 40.0, 60.0, 80.0])
    """
    span = high - low
    if not 1e-290 < span < math.inf:
        return [low]
    raw = span / count
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where values lie in a figure: x from `x0` to `x1`, y from `y0` to `y1`."""

    x0: float
    x1: float
    y0: float
    y1: float
    high: float = HIGH

    def x(self, value: float) -> float:
        """Units from the left."""
        share = (value - self.x0) / (self.x1 - self.x0) if self.x1 > self.x0 else 0.5
        return LEFT + share * (WIDE - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Units from the top."""
        share = (value - self.y0) / (self.y1 - self.y0) if self.y1 > self.y0 else 0.5
        return self.floor - share * (self.floor - TOP)

    @property
    def floor(self) -> float:
        """Where the axis of x lies."""
        return self.high - BOTTOM

    def axes(
        self, x_name: str, y_name: str = "", x_ticks: Sequence[tuple[float, str]] | None = None
    ) -> Markup:
        """Grid, ticks and names of both axes."""
        parts: list[Markup] = []
        for value in ticks(self.y0, self.y1, 4):
            at = self.y(value)
            parts.append(line(LEFT, at, WIDE - RIGHT, at, "grid"))
            parts.append(label(LEFT - 5, at + 4, number(value), "end"))
        shown = [(v, number(v)) for v in ticks(self.x0, self.x1)] if x_ticks is None else x_ticks
        for value, text in shown:
            at = self.x(value)
            parts.append(line(at, self.floor, at, self.floor + 4, "axis"))
            parts.append(label(at, self.floor + 16, text, "middle"))
        parts.append(line(LEFT, self.floor, WIDE - RIGHT, self.floor, "axis"))
        parts.append(label((LEFT + WIDE - RIGHT) / 2, self.high - 3, x_name, "middle", "name"))
        if y_name:
            parts.append(label(2, TOP - 9, y_name, "start", "name"))
        return Markup("").join(parts)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line."""
    return tag("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": kind})


def label(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> Markup:
    """A text; one in a figure is never longer than the figure has room for."""
    attributes: dict[str, object] = {"x": x, "y": y}
    if anchor != "start":
        attributes["text-anchor"] = anchor
    if kind:
        attributes["class"] = kind
    return tag("text", attributes, text if len(text) <= 60 else text[:59] + "…")


def rectangle(x: float, y: float, wide: float, high: float, kind: str, title: str = "") -> Markup:
    """A bar or a band; its title is what a pointer that rests on it shows."""
    attributes = {"x": x, "y": y, "width": max(0.0, wide), "height": max(0.0, high), "class": kind}
    return tag("rect", attributes, *([tag("title", {}, title)] if title else []))


def dot(x: float, y: float, radius: float, kind: str, title: str = "") -> Markup:
    """A point, as large as what it stands for."""
    attributes = {"cx": x, "cy": y, "r": radius, "class": kind}
    return tag("circle", attributes, *([tag("title", {}, title)] if title else []))


def polyline(points: Iterable[tuple[float, float]], kind: str, closed: bool = False) -> Markup:
    """A line through points, or the area that it goes round."""
    shown = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return tag("polygon" if closed else "polyline", {"points": shown, "class": kind})


def canvas(title: str, description: str, body: Iterable[Markup], high: float = HIGH) -> Markup:
    """The figure as a whole, with what a screen reader says of it."""
    return tag(
        "svg",
        {
            "viewBox": f"0 0 {WIDE:g} {high:g}",
            "role": "img",
            "aria-label": f"{title}. {description}",
        },
        *body,
    )


def thinned(count: int, most: int) -> Callable[[int], bool]:
    """Which of `count` points are drawn where at most `most` are: evenly, first and last too."""
    if count <= most:
        return lambda index: True
    kept = {round(place * (count - 1) / (most - 1)) for place in range(most)}
    return kept.__contains__
