"""The style sheet: what is written can be read, in light, in dark and on paper."""

import re

import pytest

from rewards.workbench.report.page import TEMPLATE

STYLE = (TEMPLATE / "page.css").read_text(encoding="utf-8")
THEMES = [
    dict(re.findall(r"--([\w-]+): (#\w{3,6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
]
#: Text and what it stands on.
PAIRS = [
    *[("ink", "paper"), ("ink", "ground"), ("soft", "paper"), ("soft", "ground")],
    *[("link", "paper"), ("link", "ground"), ("mark-ink", "mark"), ("paper", "odd")],
    *[(mood, f"{mood}-bg") for mood in ("good", "odd", "bad")],
    *[("bad", "paper"), ("odd", "paper")],
]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(char * 2 for char in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", range(3), ids=["light", "dark", "print"])
def test_contrast_is_enough(theme: int) -> None:
    """Text 4.5 to 1 on what it stands on (WCAG 2.2 AA), marks of figures 3 to 1."""
    colours = THEMES[0] | THEMES[theme]
    for text, ground in PAIRS:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for number in range(1, 7):
        assert contrast(colours[f"s{number}"], colours["paper"]) >= 3, number


def test_every_theme_has_every_colour() -> None:
    """No colour of the light theme shines through in the dark, or on paper."""
    assert [set(theme) for theme in THEMES] == [set(THEMES[0])] * 3
