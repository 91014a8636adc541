r"""Whether a text is one number and nothing else: the inside of a box, or a reference.

Words and units may stand around the number (`28.8 s^{-1}`, `9 (apples)`), and a name, or what was
worked out, before its "=" (`x = 5`, `f(2) = 72`, `\angle ABC = 30^\circ`, `256+37 = 293`). Formulas
(`x^2+1`, `2k`, `5!`, `3\sqrt2`), lists, points, matrices, ranges, ratios, inequalities and the
equations of curves are no number, whichever numbers they hold.
"""

import re

from rewards.reading.quantities.numbers import scan
from rewards.reading.quantities.units import is_unit
from rewards.reading.sentences.clause import Reading, read_clause
from rewards.reading.sentences.phrases import FORMULA, phrased
from rewards.reading.text import Pattern

_UNSOLVED = "a formula that was not worked out"
_SEVERAL = "several numbers"

_EQUALS = Pattern(r"(?<![!<>])[=≈→]")
# "x = 1, y = 2": what follows an earlier number, and leads to another name.
_ANOTHER_NAME = phrased(r"\d[^=]*?(?:[;\n]|,(?!\d{3}(?!\d))|<both|either>)[^()=]*=$")
# The same where the names are calls, or what is named is worked out: "P(1) = 1/4, P(2) = 1/2".
_SETS_EQUAL = Pattern(r"[=≈→]")
_SEPARATES = phrased(r"[;\n]|,(?!\d{3}(?!\d))|(?!\b[a-z]\b)<both|either>")
_BRACKETED = Pattern(r"\([^()]*\)|\[[^\[\]]*\]")
_MAX_NESTED = 4
# A plane, a curve, an equation to solve: a bound, a coefficient, a power or a sum of unknowns.
_CURVE = Pattern(
    r"[<>≤≥≠±]|(?<![\w^])\d++\s?(?![mgshl])[a-z](?![A-Za-z(])"
    r"|(?<![A-Za-z\\])[xyz](?![A-Za-z_])\s*[-+*/^]|[-+*/^]\s*[xyz](?![A-Za-z_])"
    r"|\|\s*[a-z]\s*\|"
)
_EXPRESSION = Pattern(r"(?:[\d\s.+*/×·÷()$%-]|,(?=\d{3}(?!\d)))+")
# What makes the number after it a part of something: a bound, an operator, a letter, a call.
_LEADS_IN = Pattern(
    r"[<>≤≥≠±|!√^]|[A-Za-z\d)\]]\s*[+*/×·÷]\s*[($]*$|(?<![A-Za-z'])(?![aI])[A-Za-z][\s($]*$"
    r"|[A-Za-z]\([^()]*$"
)
# "arcsin(3", but "P (3" and "f(2) = 3" are read.
CALLS = Pattern(r"[A-Za-z]\([^()]*$")
# "Lyon and 6", "diverges, 0": another answer stands before it. "So, 72" is one.
_AFTER_ANOTHER = phrased(
    r"\w\s*(?!\b[a-z]\b)<both|either>[\s$]*$|^\W*(?!<concludes|THEREFORE|SUMMED>)\w+\s*[,;][\s$]*$"
)
DENIES = Pattern(r"\W*(?:yes|no|true|false)\b(?!\.\s*\d)", re.IGNORECASE)
_DATED = Pattern(
    r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|March|Mar|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?\s+$"
)
_BRACKET = Pattern(r"[(\[]([^()\[\]]*)$")
# The same after it: a factorial, a base, a power, an operator, a product with a bracket.
_LEADS_ON = Pattern(
    r"!(?!\s*[A-Za-z])|_\w|\.{3}|…|\((?![A-Za-z]{2})|[+=<>≤≥≠±√]|\*(?![*\s]*$)"
    r"|[-–]\s*(?:[A-Za-z](?![A-Za-z])|\()|(?<![A-Za-z°])\^|\^(?!\(?-?\d)|/\s*\("
)
# Behind a number that is a part: a factor ("4 times as much"), over an unknown, or times a power
# of one ("3s^2", where "3 m^2" are metres).
_OF_UNKNOWN = Pattern(
    r"\s*/\s*(?![hs]\b)[A-Za-z](?![A-Za-z])|\s*(?!m)[A-Za-z]\^\(?\d|\s+times\s+(?:the|as)\b"
)
# "350 (g)", "25 (t-shirts)": what it is a number of, set apart.
_REMARK = Pattern(r"(?<!\s)\s++\(([A-Za-z' .-]++)\)\s*$")
_PRODUCT_OF_UNITS = Pattern(r"(?<=[A-Za-z])\s?-\s?(?=(?:m|cm|ft|lbs?|hr?|s|sec|min)\b)")
_EXPONENT = Pattern(r"\^\(?[-+]?\d++\)?")
_WORD = Pattern(r"[A-Za-z]+")
# "72 clips in 2 months" is one number, "30 mph, 40 mph" are two.
_CIRCUMSTANCE = Pattern(
    r"[^,;&]*\b(?:in|for|over|after|within|during|at|since|until|before|of|per|each|every)\s"
    r"[^\d,;]{0,20}$"
)


def read_single(content: str) -> Reading:
    r"""The one number of a piece of plain text, or why it is none or more than one.

    >>> read_single("x = - 5").value, read_single("28.8 s^-1").value, read_single("f(2) = 7").value
    (-5, Decimal('28.8'), 7)
    >>> read_single("x^2+1").value, read_single("(2, 3)").value, read_single("x >= 5").value
    (None, None, None)
    """
    at = _past_equals(content)
    name, right = content[:at], content[at:]
    reading = read_clause(right, spaced_minus=True)
    if name and reading.value is None and _EXPRESSION.fullmatch(right):
        reading = read_clause(content, spaced_minus=True)  # 72 = 48 + 24
        return _refused(reading, _part_of(content[: reading.start], ""))
    reading = reading._replace(start=at + reading.start, end=at + reading.end)
    if name and (refusal := _unnamed(name)):
        return _refused(reading, refusal)
    if reading.value is None:
        return reading
    if DENIES.match(content):
        return _refused(reading, "no number")
    if FORMULA.search(right):
        return _refused(reading, _UNSOLVED)
    lead, number = content[at : reading.start], content[reading.start : reading.end]
    bracket = _BRACKET.search(lead)  # (-a, 0) is a point, and (3,127) is, or may be one
    if bracket and "," in (bracket[1] if bracket[1].strip() else number):
        return _refused(reading, _SEVERAL)
    if _AFTER_ANOTHER.search(lead):
        return _refused(reading, _SEVERAL)
    if CALLS.search(lead):
        return _refused(reading, _UNSOLVED)
    if _DATED.search(lead):
        return _refused(reading, "a date")
    if number.endswith("k") and "$" not in number:
        return _refused(reading, _UNSOLVED)
    return _refused(reading, _part_of(lead, content[reading.end :]))


def _past_equals(content: str) -> int:
    """Where the right side of the last equation begins; 0 where there is none."""
    if not any(sign in content for sign in "=≈→"):  # a megabyte of digits is looked at once
        return 0
    return max((sign.end() for sign in _EQUALS.finditer(content)), default=0)


def _refused(reading: Reading, refusal: str) -> Reading:
    return reading._replace(value=None, reason=refusal) if refusal else reading


def _unnamed(name: str) -> str:
    """Why what stands before the last "=" is no name of the number after it; empty if it is."""
    if _CURVE.search(name):
        return _UNSOLVED
    if _ANOTHER_NAME.search(name):
        return _SEVERAL
    for _ in range(_MAX_NESTED):
        if "(" not in name and "[" not in name:
            break
        name = _BRACKETED.sub("", name)
    first = _SETS_EQUAL.search(name)
    twice = first and first.end() < len(name) and _SEPARATES.search(name, first.end())
    return _SEVERAL if twice else ""


def _part_of(lead: str, tail: str) -> str:
    """What a number between these two is a part of; empty where it stands for itself."""
    if remark := _REMARK.search(tail):
        thing = remark[1].strip()
        if len(thing) < 2 and not is_unit(thing):
            return _UNSOLVED
        tail = tail[: remark.start()]
    if _OF_UNKNOWN.match(tail):
        return _UNSOLVED
    tail = _PRODUCT_OF_UNITS.sub(" ", tail)
    if _LEADS_IN.search(lead.rstrip("-– $(")) or _LEADS_ON.search(tail):
        return _UNSOLVED
    further = next(scan(_EXPONENT.sub(_blank, tail)), None)
    if further is not None:
        tail = tail[: further.start]
        if not _CIRCUMSTANCE.match(tail):
            return _SEVERAL
    for word in _WORD.finditer(tail):
        if not _measures(word[0], tail, word.start(), word.end()):
            return _UNSOLVED
    return ""


def _measures(word: str, tail: str, start: int, end: int) -> bool:
    """Whether a word after a number is a unit, or of the sentence, and no product of unknowns."""
    if is_unit(word):
        return True
    if len(word) == 1:
        return word in "aA" and tail[end : end + 1] == " " and tail[end + 1 : end + 3].isalpha()
    if start and tail[end : end + 1] != "^":
        return True
    return len(word) > 3


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
