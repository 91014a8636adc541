r"""What a piece of text says as an answer: one number, or the reason why it says none.

Numbers that follow each other are linked by what stands between them: an "=" leads on to the next
one, an operator makes an expression, "or", "and", "to", a comma or a dash makes several answers,
a unit makes a compound quantity (5 feet 6 inches), and any other words end the statement.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from rewards.reading.quantities.arithmetic import worked_out
from rewards.reading.quantities.number_words import scan_words
from rewards.reading.quantities.numbers import Number, Value, is_huge, same, scan
from rewards.reading.sentences.phrases import (
    BOUND,
    DENIED,
    EQUALS,
    FORMULA,
    HEDGED,
    NEGATED,
    REJECTED,
    SENTENCE_END,
    phrased,
)
from rewards.reading.text import Pattern

# How much of a statement or a sentence is read: an answer is a line, not a page.
MAX_STATEMENT = 400


class Answer(NamedTuple):
    """What was found; where `value` is None, `reason` says why there is no answer."""

    value: Value | None
    span: tuple[int, int]
    rule: str
    structured: bool
    reason: str = ""
    percent: bool = False


class Reading(NamedTuple):
    """What a piece of text says: a number (its span in the text) or why it says none."""

    value: Value | None
    start: int
    end: int
    reason: str = ""
    percent: bool = False


_OPERATOR = Pattern(
    r"[\s)}\]$°%¢€£]*+(?:[A-Za-z]+\.?\s+){0,3}"
    r"(?:[-+*/×÷·x^]|\*\*|plus|minus|times|divided by|multiplied by)[\s({\[$€£¢]*+(?:\d*)$"
)
_JOINED = phrased(
    r"[\s*_$%°¢€£\"')\]}]*+(?:"
    r"(?:[,;/|&±~–-]|\+/-?|\.{2,3}|…|by )[\s$\"'*(\[]*+"
    r"|(?:[A-Za-z]+\s+){0,2}<either|both|TO>\s*(?:even |<UNSURE>\s*)?[$\"'*~(]*+"
    r")$"
)
# "x = 71 or x = 72"
_ANOTHER_ROOT = phrased(r"[\s$]*+(?:,|;|<both|either>)[\s$]*+[A-Za-z]\w{0,3}\s*=")
_COMPOUND = Pattern(
    r"\s*(?:feet|foot|ft|yards?|hours?|hrs?|hr|h|minutes?|mins?|pounds?|lbs?|lb|dollars?|years?"
    r"|months?|weeks?|days?|km|m|kg|gallons?|quarts?|pints?|cups?|meters?|metres?)\b[.,]?\s*$",
    re.IGNORECASE,
)
_INSTEAD = phrased(r"[^\d.\n]{0,30}(?:<INSTEAD>|[,;] it)\s+[$*\"'(]*$")
# "64 if she stays and 60 if she leaves"
_CONDITIONAL = phrased(
    r"[\s\w,$%*]{0,40}?<IF>.*(?:<both|INSTEAD|UNSURE|ELSE>|\belse\b)[\w\s,$]{0,20}$"
)
_CALL = Pattern(r"(?<![A-Za-z])(?:[A-Za-z]|[a-z]{2,5})\([\"']?$")
_LINE = Pattern(r"(?:[\"'>], |\bon )line $")
_NAME_OF_CALL = Pattern(r"[\s$]*[A-Za-z]{1,5}\([^()=\n]{1,20}\)\s*=")
# "x - 4", "n^2 + 1": the number is a part of something unknown.
_UNSOLVED = Pattern(r"(?<![A-Za-z'])[A-Za-z](?:\^-?\d++)?\s?[-+*/^]\s?\(?$")
_OPENS_AGAIN = phrased(
    r"(?:\((?:<either>|i\.e\.,?|that is,?|=)?|,\s+(?:<either>|i\.e\.,?|that is,?))\s*$"
)
_CONVERTED = Pattern(r"[- ](dozen|hour|minute|week|year|dollar|f(?:ee|oo)t|yard)", re.IGNORECASE)
_CONVERSIONS = {
    "dozen": 12, "hour": 60, "minute": 60, "week": 7, "year": 12, "dollar": 100, "feet": 12,
    "foot": 12, "yard": 3,
}  # fmt: skip
_FACTOR = Pattern(r"[\s$)}\]*·×^+-]*+(?:\\[A-Za-z]|[√πΠ∞∑∫])")
_VARIABLE = Pattern(r"(?:\s?[xyznk]|i)(?![A-Za-z])")


# "- 5", "x = - 5": a sign with a blank behind it, where nothing stands to take away from.
_MINUS = phrased(r"(?:^|[=:≈→(\[：])[\s$]*(?:-|<minus>)[\s$(]*$")
# "676 - 224, which is 452", "3/4 of 80, i.e. 60"
_WORKED_OUT = Pattern(
    r"[^,;.]{0,20},?\s*(?:(?:which|that|and that)\s+(?:is|equals|makes|gives|comes to)\s|i\.e\.,?)"
    r"[\s$*]*$"
)
_OR = phrased(r"[\s)$]*,?\s*<either>\s*[$*]*$")
_SHARE_OF = Pattern(r"[\s$)]*of\s[\s$(]*(?:the\s)?[$]?$")


def read_clause(clause: str, spaced_minus: bool = False) -> Reading:
    """The number that a piece of plain text states, its equations followed to their end.

    >>> read_clause("48 + 24 = 72 clips in 2 months").value, read_clause("71 or 72").value
    (72, None)
    """
    numbers = scan(clause)
    current = next(numbers, None)
    if current is None:
        return read_words(clause)
    if named := _NAME_OF_CALL.match(clause):  # f(2) = 72
        reading = read_clause(clause[named.end() :], spaced_minus)
        return reading._replace(start=named.end() + reading.start, end=named.end() + reading.end)
    lead = clause[: current.start]
    if refusal := _unreadable_lead(lead):
        following = next(numbers, None)
        if (
            following is None
            or not DENIED.search(lead)
            or not _INSTEAD.fullmatch(clause, current.end, following.start)
        ):
            return Reading(None, current.start, current.end, refusal)
        lead, current = "", following
    minus = spaced_minus and not current.signed and _MINUS.search(lead) is not None
    left: Number | None = None
    first = current.start
    pending = ""
    for following in numbers:
        link = _link(clause, current, following)
        if pending and _is_result(clause, first, current, following, link):
            link = "equals"
        if link == "equals":
            left = left if pending else current
            pending, first = "", following.start
        elif link == "text":
            break
        elif link in (_COMPOUNDED, "operator"):
            pending = "a range, or not worked out" if link == "operator" else link
        else:
            return Reading(None, current.start, following.end, link)
        current = following
    if pending == _COMPOUNDED and left is None:
        return Reading(None, first, current.end, pending)
    return stated(clause, current, left, pending=pending, minus=minus)


def _link(clause: str, current: Number, following: Number) -> str:
    """How a number is joined to the next one, which may be what it is a share of, or the same."""
    gap = clause[current.end : following.start]
    link = link_between(gap, following)
    if link not in (*HARMLESS, _BESIDE) and repeats(current, following, clause):
        return "text"
    is_share = current.percent or isinstance(current.value, Fraction)
    return "operator" if link == "text" and is_share and _SHARE_OF.match(gap) else link


def _is_result(clause: str, first: int, current: Number, following: Number, link: str) -> bool:
    """Whether a number is what the expression before it makes, as "which is" or "or" says."""
    gap = clause[current.end : following.start]
    if link == "text":
        return _WORKED_OUT.match(gap) is not None
    if not _OR.match(gap):
        return False
    said = f"{clause[first : current.end]} = {clause[following.start : following.end]}"
    return any(equation.is_true for equation in worked_out(said))


def stated(
    clause: str, current: Number, left: Number | None, *, pending: str, minus: bool
) -> Reading:
    """The number at the end of an equation, if it is one; `left` is what stood before its "=".

    After an expression that was not worked out, the left side counts (72 = 48 + 24); `pending` says
    why nothing is stated where there is none.
    """
    if pending:
        if left is None:
            return Reading(None, current.start, current.end, pending)
        current = left
    value, start, end = current.value, current.start, current.end
    if value is None:
        return Reading(None, start, end, "digits that are no number (a time, a date, a power)")
    if BOUND.match(clause, end):
        return Reading(None, start, end, "an inequality")
    if REJECTED.match(clause, end):
        return Reading(None, start, end, "a number that is rejected")
    if _VARIABLE.match(clause, end) or _FACTOR.match(clause, end):
        return Reading(None, start, end, "a formula that was not worked out")
    return Reading(-value if minus else value, start, end, "", current.percent)


def _unreadable_lead(lead: str) -> str:
    """Why the number after `lead` is not what is stated; empty where it is."""
    if not lead:
        return ""
    if SENTENCE_END.search(lead.strip()):
        return "no number"
    if NEGATED.search(lead):
        return "a number that the answer is said not to be"
    if _LINE.search(lead):
        return "a line of a traceback"
    if _CALL.search(lead):
        return "a function that was not worked out"
    if _UNSOLVED.search(lead) or ("\\" in lead and FORMULA.search(lead, lead.rfind("=") + 1)):
        return "a formula that was not worked out"
    return ""


# How two numbers may be joined without one of them taking the other back.
HARMLESS = frozenset(("equals", "operator", "text"))
ANOTHER_ROOT = "several roots"
_BESIDE = "several numbers side by side"
_COMPOUNDED = "a compound quantity"


def repeats(number: Number, following: Number, content: str) -> bool:
    """Whether the same value is given again: "180 rings, or 180 years"."""
    if number.value is None or following.value is None:
        return False
    return same(number.value, following.value) or in_other_unit(number, following, content)


def in_other_unit(number: Number, following: Number, content: str) -> bool:
    """Whether a parenthesis gives the same again in a larger unit: "72 clips (or 6 dozen)"."""
    unit = _CONVERTED.match(content, following.end)
    if unit is None or not _OPENS_AGAIN.search(
        content[max(0, following.start - 10) : following.start]
    ):
        return False
    if number.value is None or following.value is None or is_huge(following.value):
        return False
    factor = _CONVERSIONS[unit[1].lower()]
    return same(number.value, Fraction(following.value) * factor)


def link_between(gap: str, following: Number) -> str:
    """How two numbers are joined: "equals", "operator", "text", or why neither is the answer."""
    if not gap.strip(" \t*_$`\"'"):
        multiplied = gap.strip() == "*" or following.signed
        return "operator" if multiplied else _BESIDE
    sentence = SENTENCE_END.search(gap)
    if sentence and sentence.end() < len(gap):
        gap = gap[: sentence.start()]
        return "a hedge" if HEDGED.search(gap) else "text"
    if _CONDITIONAL.match(gap):
        return "a hedge"
    if _ANOTHER_ROOT.match(gap):
        return ANOTHER_ROOT
    if EQUALS.match(gap):
        return "equals"
    if _OPERATOR.match(gap):
        return "operator"
    if _JOINED.match(gap):
        return "several numbers, or a range"
    if HEDGED.search(gap):
        return "a hedge"
    return _COMPOUNDED if _COMPOUND.match(gap) else "text"


def read_words(clause: str) -> Reading:
    """The number that a clause without digits states in words."""
    numbers = scan_words(clause)
    first = next(numbers, None)
    if first is None or first.value is None or _unreadable_lead(clause[: first.start]):
        return Reading(None, 0, len(clause), "no number")
    second = next(numbers, None)
    if second is not None:
        gap = clause[first.end : second.start]
        if _JOINED.match(gap) or HEDGED.search(gap):
            return Reading(None, first.start, second.end, "several numbers")
    return Reading(first.value, first.start, first.end)


def placed(reading: Reading, content: str, text: str, start: int, stop: int) -> Reading:
    """The reading with its span in the text: the number's own, or the piece's where that moved."""
    if text.startswith(content[: reading.end], start, stop):
        return reading._replace(start=start + reading.start, end=start + reading.end)
    return reading._replace(start=start, end=stop)
