"""Whether a prompt asks for what a rubric reads, and only for what can be seen.

A format that nobody asks for is never learnt. A rubric that reads the last number, or an option,
wherever it stands needs nothing said; what a component takes a marker, tags, JSON, SQL or a
program for has to be told to the model.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rewards.rubric import Rubric

_JSON = re.compile(r"json|[{\[]\s*\"[^\"]{1,80}\"\s*:", re.IGNORECASE)
_SQL = re.compile(r"\b(?:sql|quer(?:y|ies)|select)\b", re.IGNORECASE)
_CODE = re.compile(
    r"\b(?:code|program|function|method|class|script|python|implement|def)\b|```", re.IGNORECASE
)

_FIGURES = ("figure", "diagram", "graph", "chart", "picture", "image", "photo", "drawing", "map")
_FIGURE = rf"(?:{'|'.join(_FIGURES)})"
#: The figure is there, as text: Asymptote, SVG, TikZ, a Markdown image, a block of another kind.
_IS_SHOWN = re.compile(r"\[asy\]|<svg|tikzpicture|!\[|<image>|<img")
_REFERS = re.compile(
    r"\b(?:shown|pictured|depicted|illustrated|drawn|seen|given|described)\s+(?:in|by|on)\s+the"
    rf"\s+(?:(?:attached|following|accompanying)\s+)?{_FIGURE}\b"
    rf"|\b{_FIGURE}s?\s+(?:(?:shown|given|provided)\s+)?"
    r"(?:below|above|attached|(?:at|to|on)\s+(?:the\s+)?(?:right|left))\b"
    rf"|\b(?:according\s+to|based\s+on|refer(?:ring)?\s+to|look(?:ing)?\s+at)\s+the\s+{_FIGURE}\b"
    rf"|\bthe\s+{_FIGURE}\s+(?:shows|depicts|illustrates)\b"
    rf"|\bthe\s+(?:attached|accompanying|following)\s+{_FIGURE}\b"
    rf"|\b(?:in|from|see|consider|at)\s+the\s+(?:figure|diagram)\b"
    rf"|\b(?:see|in)\s+(?:figure|fig\.)\s*\d",
    re.IGNORECASE,
)


class Demand(NamedTuple):
    """What one component reads, in words, and whether a prompt asks for it."""

    component: str
    what: str
    is_asked: Callable[[str], bool]


def demands(rubric: Rubric) -> list[Demand]:
    """What a rubric's components that count need to be asked for."""
    found = []
    for component in rubric.components:
        if component.counts:
            demand = _demand(component.scorer.address, component.params)
            if demand is not None:
                found.append(Demand(component.name, *demand))
    return found


def misses_a_figure(prompt: str) -> bool:
    """Whether a prompt refers to a figure that is not in its text.

    >>> misses_a_figure("What is the area of the triangle shown in the figure?")
    True
    >>> misses_a_figure("Draw a diagram, then answer.")
    False
    """
    small = prompt.casefold()
    return (
        any(word in small for word in ("fig.", *_FIGURES))  # nearly every prompt needs no more
        and _REFERS.search(prompt) is not None
        and _IS_SHOWN.search(prompt) is None
    )


def _demand(scorer: str, params: Mapping[str, Any]) -> tuple[str, Callable[[str], bool]] | None:
    mark = params.get("marker") if scorer == "format.marker" else params.get("after")
    if scorer in {"format.marker", "exact.match"} and mark:
        return f'the marker "{mark}"', lambda prompt: str(mark).strip() in prompt
    if scorer == "format.tags":
        tags = [f"<{tag}>" for tag in params["tags"]]
        return f"the tags {' '.join(tags)}", lambda prompt: all(tag in prompt for tag in tags)
    family = scorer.partition(".")[0]
    pattern = {"json_schema": _JSON, "sql": _SQL, "code": _CODE}.get(family)
    if pattern is None:
        return None
    what = {"json_schema": "JSON", "sql": "SQL", "code": "a program"}[family]
    return what, lambda prompt: pattern.search(prompt) is not None
