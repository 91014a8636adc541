"""What the references of a dataset are: missing, of several shapes, spelt in two ways, unreadable.

A rubric is not asked here (`golds` does); what all references together say is enough.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rewards.job.datasets.findings import WARNING, FlawTally
from rewards.job.datasets.rows import DatasetRow, given

#: Fewer references than these say nothing of a rule that all of them break.
_FEW = 20

#: Fields that are named where no row has a reference.
_NAMED = 3

_SEPARATED = re.compile(r"[-+]?[$€£]?\d{1,3}(?:,\d{3})+(?:\.\d+)?%?")
_PLAIN = re.compile(r"[-+]?[$€£]?\d{4,}(?:\.\d+)?%?")
_JSON_BEGINS = re.compile(r"[{\[]\s*(?:[\"'{\[]|\w+\s*:)")
_KEY = re.compile(r"[\"']\s*:")
_JSON_ASKED = re.compile(
    r"(?:return|respond|output|answer|reply|format|produce|provide|generate)[^.\n]{0,80}\bjson\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A```\w*\s*(.*?)\s*```\Z", re.DOTALL)


@dataclass(slots=True)
class References:
    """The references of the rows so far, by what they are and never by what they say."""

    tally: FlawTally
    _shapes: dict[str, list[int]] = field(default_factory=dict)
    _without: list[int] = field(default_factory=list)
    _others: Counter[str] = field(default_factory=Counter)
    _separated: list[int] = field(default_factory=list)
    _plain: list[int] = field(default_factory=list)
    _asked_as_json: list[int] = field(default_factory=list)
    _are_json: int = 0

    def row(self, place: int, row: DatasetRow) -> None:
        """One more row."""
        self._others.update(row.fields.keys())
        if row.reference is None:
            self._without.append(place)
            return
        self._shapes.setdefault(shape_of(row.reference), []).append(place)
        if isinstance(row.reference, str):
            self._text(place, row.reference.strip(), row)

    def of(self, row: DatasetRow) -> Any:
        """What two rows with the same prompt are compared by; without a reference all they have."""
        return row.fields if row.reference is None else row.reference

    def whole(self) -> None:
        """What only all references together can tell."""
        if self._without and self._shapes:
            self.tally.add_all("no_reference", self._without, ", where others have one")
        elif self._without:
            self.tally.add_all("no_reference", self._without, self._elsewhere(), WARNING)
        self._mixed()
        if self._separated and self._plain:
            rarer = min(self._separated, self._plain, key=len)
            self._spelt(rarer)
        if len(self._asked_as_json) >= _FEW and not self._are_json:
            detail = "no JSON, which the prompts ask for"
            self.tally.add_all("unreadable_reference", self._asked_as_json, detail, WARNING)

    def _text(self, place: int, text: str, row: DatasetRow) -> None:
        if _SEPARATED.fullmatch(text):
            self._separated.append(place)
        elif _PLAIN.fullmatch(text):
            self._plain.append(place)
        final = text.rpartition("####")[2].strip()
        if "," in final and final != text and _SEPARATED.fullmatch(final):
            if final.replace(",", "") in (str(value) for value in row.fields.values()):
                self._spelt([place])
        prompt = row.prompt
        is_asked = "json" in prompt.casefold() and _JSON_ASKED.search(prompt) is not None
        if _is_json(text):
            self._are_json += 1
        elif _JSON_BEGINS.match(text) and (_KEY.search(text) or is_asked):
            detail = "they begin like JSON and do not parse"
            self.tally.add("unreadable_reference", place, detail, WARNING)
        elif is_asked:
            self._asked_as_json.append(place)

    def _spelt(self, places: Iterable[int]) -> None:
        detail = "numbers with thousands separators, and the same without"
        self.tally.add_all("mixed_references", list(places), detail)

    def _mixed(self) -> None:
        """References of another shape than the usual one; objects differ where most are equal."""
        shapes = dict(self._shapes)
        objects = {shape: places for shape, places in shapes.items() if shape.startswith(_OBJECT)}
        places = sorted(place for those in objects.values() for place in those)
        if objects and 10 * max(map(len, objects.values())) < 9 * len(places):
            shapes = {shape: those for shape, those in shapes.items() if shape not in objects}
            shapes["an object"] = places
        usual = max(shapes, key=lambda shape: len(shapes[shape]), default="")
        for shape, those in shapes.items():
            if shape != usual:
                self.tally.add_all("mixed_references", those, f"{shape}, not {usual}")

    def _elsewhere(self) -> str:
        """Which fields of most rows may be meant."""
        names = [name for name, count in self._others.items() if 2 * count > len(self._without)]
        if not names:
            return ": no row has one"
        named = ", ".join(f'"{name[:40]}"' for name in sorted(names)[:_NAMED])
        return f": no row has one; {named} may be meant"


_OBJECT = "an object with "


def shape_of(reference: Any) -> str:
    """What kind of thing a reference is, in words."""
    if isinstance(reference, dict):
        return f"{_OBJECT}{', '.join(sorted(map(str, reference)))}"[:200]
    if isinstance(reference, bool):
        return "true or false"
    words = {str: "text", int: "a number", float: "a number", list: "a list"}
    return words.get(type(reference), "nothing")


def _is_json(text: str) -> bool:
    fenced = _FENCE.match(text)
    try:
        return given(json.loads(fenced[1] if fenced else text)) is not None
    except (ValueError, RecursionError):
        return False
