r"""The answer stated in another language than English: "La respuesta es 72", "答案：\frac{2}{5}".

Behind the label, the verb or the colon stands a value, or a sentence of that language. Of several
numbers in it counts the one after the last "="; else the one that is no circumstance in that
language ("d'ici 12 mois", "12个月后"), or that is said to be the sum, or the price. Where that
leaves more than one, none is taken: neither the first nor the last, by luck.
"""

import re
from functools import cache
from itertools import pairwise

from rewards.reading.plain import plain
from rewards.reading.quantities.numbers import Number, scan
from rewards.reading.sentences.clause import (
    HARMLESS,
    MAX_STATEMENT,
    Reading,
    link_between,
    placed,
    read_clause,
    repeats,
)
from rewards.reading.sentences.languages import holds, is_spaced, said, spoken, telltales
from rewards.reading.sentences.phrases import NEGATED, phrased
from rewards.reading.sentences.prose import choose
from rewards.reading.text import Pattern

_WORDS = tuple(word for word in spoken("answer") if is_spaced(word))
_SIGNS = tuple(word for word in spoken("answer") if not is_spaced(word))
# The label, and the number itself, or a colon or the verb in the same sentence.
_LABELLED = Pattern(
    lambda: (
        rf"{said(_WORDS)}(?:\s(?=[\s*_$]*[-−]?\d)"
        rf"|[^\n.!?:：=]{{0,60}}?(?:\s?[:：=]|{said(spoken('says'))}|\s[—–]))"
    ),
    re.IGNORECASE,
)
# "答" alone is many things: before a colon or a verb it says what the answer is.
_SIGNED = Pattern(
    lambda: (
        rf"(?:{said(tuple(sign for sign in _SIGNS if len(sign) > 1))}"
        rf"|{said(tuple(sign for sign in _SIGNS if len(sign) == 1))}"
        rf"(?=\s?[:：]|{said(spoken('says'))}))"
        rf"[^\n。.!?！？\d:：\\$]{{0,24}}?(?:\s?[:：]|{said(spoken('says'))}|(?=[\s*_$(]*[-−–]?[$\d\\]))"
    )
)
_ENDS = Pattern(r"[。！？?\n]|(?<!\\)!|\.(?=\s|$)")
_DECORATION = Pattern(r"[\s:：*_`]*")
_DURING = phrased(r"<during>\s*(?:[^\W\d]+\s+){0,2}[\s$]*$")
_LATER = phrased(r"[\s$]*[^\W\d_]{0,3}(?:\s+|[^\W\d_]{0,9}\s)?<later>")
_SUMMED = phrased(r"<summed|SUMMED>[^\d,，、;]{0,24}$")
_SAYS = phrased(r"<says>\s*[$*(]*$")
_PRICE = Pattern(r"[\s$]*[$€£¥₹元円원₽]")


def told(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the text says what the answer is in other languages, and where that begins; in order.

    Near the end of the text: that is where answers are.
    """
    start = max(start, end - MAX_STATEMENT)
    found: list[re.Match[str]] = []
    if holds(text[start:end], _labels()):
        found = list(_LABELLED.finditer(text, start, end))
    if not text.isascii():
        found += _SIGNED.finditer(text, start, end)
    return sorted(match.span() for match in found if not NEGATED.search(match[0]))


def read_told(text: str, start: int, end: int) -> Reading | None:
    """What the sentence at `start` says; None where it says no number."""
    decoration = _DECORATION.match(text, start, end)
    start = decoration.end() if decoration else start
    sentence = _ENDS.search(text, start, end)
    stop = min(start + MAX_STATEMENT, sentence.start() if sentence else end)
    content = plain(text[start:stop])
    numbers = list(scan(content))
    if not numbers:
        return None
    if len(numbers) == 1:
        reading: Reading | None = read_clause(content, spaced_minus=True)
    else:
        reading = choose(content) if "=" in content else _several(content, numbers)
    return placed(reading, content, text, start, stop) if reading else None


def _several(content: str, numbers: list[Number]) -> Reading:
    """The one of several numbers that the sentence is about, if the language says which."""
    for left, right in pairwise(numbers):
        link = link_between(content[left.end : right.start], right)
        if link not in HARMLESS and not repeats(left, right, content):
            return Reading(None, left.start, right.end, link)
    for is_meant in (_is_no_circumstance, _is_summed, _is_said, _is_price):
        meant = [number for number in numbers if is_meant(content, number)]
        if len(meant) == 1:
            number = meant[0]
            return Reading(number.value, number.start, number.end, "", number.percent)
        if is_meant is _is_no_circumstance:
            numbers = meant or numbers
    return Reading(None, numbers[0].start, numbers[-1].end, "several numbers")


def _is_no_circumstance(content: str, number: Number) -> bool:
    before = content[max(0, number.start - 40) : number.start]
    return not _DURING.search(before) and not _LATER.match(content, number.end)


def _is_summed(content: str, number: Number) -> bool:
    return _SUMMED.search(content[max(0, number.start - 40) : number.start]) is not None


def _is_said(content: str, number: Number) -> bool:
    return _SAYS.search(content[max(0, number.start - 20) : number.start]) is not None


def _is_price(content: str, number: Number) -> bool:
    return bool(number.currency) or _PRICE.match(content, number.end) is not None


@cache
def _labels() -> frozenset[str]:
    return telltales(_WORDS)
