"""The picture of a calibration: everything in it can be read."""

import math
from xml.etree import ElementTree

import pytest

from rewards.workbench.judging.agreement import agreement
from rewards.workbench.judging.plot import confusion_svg

#: What a character takes at most, as a share of the font's size.
WIDE = 0.62

Box = list[tuple[float, float]]


def box(text: ElementTree.Element) -> Box:
    """The corners of a text, turned as it is drawn."""
    x, y, size = (float(text.attrib[name]) for name in ("x", "y", "font-size"))
    width = len(text.text or "") * size * WIDE
    left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.attrib["text-anchor"]] * width
    angle = math.radians(float((text.get("transform") or "rotate(0 ").split("(")[1].split()[0]))
    corners = [(left, y), (left + width, y), (left + width, y - size), (left, y - size)]
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        (x + (a - x) * cos - (b - y) * sin, y + (a - x) * sin + (b - y) * cos) for a, b in corners
    ]


def overlap(one: Box, other: Box) -> bool:
    """Two rectangles, however turned: no side has them on its two sides."""
    for corners in (one, other):
        for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
            nx, ny = by - ay, ax - bx
            sides = [[nx * x + ny * y for x, y in corners] for corners in (one, other)]
            if max(sides[0]) <= min(sides[1]) or max(sides[1]) <= min(sides[0]):
                return False
    return True


@pytest.mark.parametrize(
    "levels",
    [
        ["0", "1"],
        ["1", "2", "3", "4", "5"],
        ["contradicts", "unsupported", "minor", "faithful"],
        ["a level of many words, and then some", "another level of many words", "<b>&amp;"],
        [str(n) for n in range(11)],
    ],
)
def test_no_text_reaches_into_another_or_out_of_the_picture(levels: list[str]) -> None:
    """Whatever the levels are called: labels, counts, axes, headings and title stand apart."""
    people = [i % len(levels) for i in range(40)]
    judge = [i * 7 % len(levels) for i in range(40)]
    table = agreement(people, judge, levels)
    svg = confusion_svg([("quality", table), ("a long question's name", table)], "rubric: people")

    picture = ElementTree.fromstring(svg)
    boxes = [box(text) for text in picture.findall("{*}text")]
    width, height = (float(picture.attrib[name]) for name in ("width", "height"))
    assert all(0 <= x <= width and 0 <= y <= height for corners in boxes for x, y in corners)
    pairs = [(i, j) for i in range(len(boxes)) for j in range(i)]
    assert not [pair for pair in pairs if overlap(boxes[pair[0]], boxes[pair[1]])]
