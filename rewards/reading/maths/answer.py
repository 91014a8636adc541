r"""Where a completion states its mathematical answer, and what it says there, as text.

The places are those of `rewards.reading.answer`: `\boxed{}`, `####`, `<answer>`, "the answer is",
"Final answer:"; without one the last formula, or the last number, of the closing sentence. Several
boxes in one breath are a list of solutions; several answers that differ, with nothing between them
that leads on, are a hedge.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from rewards.reading.answer import Answer, find
from rewards.reading.maths.equality import equal
from rewards.reading.maths.parser import parsed
from rewards.reading.maths.terms import NotMaths
from rewards.reading.sentences.marked import Statement, statements
from rewards.reading.sentences.phrases import correction
from rewards.reading.text import Pattern, answer_span

#: How far a statement's content is looked at.
MAX_CONTENT = 1_000

#: How much of a text's end is searched for work and for an unmarked answer.
MAX_TAIL = 20_000


class MathAnswer(NamedTuple):
    """The answer's text, its place, how it was found, and why it is refused ("" if it is not).

    `whole` is the formula that an unmarked answer ends: "y = 2x" may be meant by it, or "2x".
    """

    text: str
    span: tuple[int, int]
    rule: str
    flaw: str = ""
    whole: str = ""


class _Stated(NamedTuple):
    statement: Statement
    text: str
    start: int
    end: int


_SENTENCE = Pattern(r"[.!?](?=\s|$)")
# A formula ends at its mark or at the next beginning: none is read twice.
_DOLLARS = Pattern(
    r"\$\$?([^$\n]{1,500})\$\$?"
    r"|\\\(((?:[^\\]|\\(?![()\[\]])){1,500})\\\)"
    r"|\\\[((?:[^\\]|\\(?![()\[\]])){1,500})\\\]"
)
# What stands between two prices is no formula.
_PROSE = Pattern(r"(?<![\\a-zA-Z{])[a-zA-Z]{4,}\s")
# What stands between the boxes of one list: marks, "and", a label, a word for what was counted.
_JOINED = Pattern(
    r"(?:[\s$,.;&]|\\q?quad|\\[()\[\]]){0,12}(?:[a-z]{2,12}\s)?(?:and|or|"
    r"\\text\{[a-zA-Z ()]{0,30}\})?(?:[\s$,;&]|\\q?quad|\\[()\[\]]){0,12}"
    r"(?:[a-zA-Z](?:_\{?\d{1,2}\}?)?\s?=)?\s?"
)
_OR = Pattern(r"[\s$.,)\]*}]{0,20}(?:or|OR)\b")
_LEADS_ON = Pattern(r"\S[\s\S]*[a-zA-Z=\d]")
# Where a chain of equations ends; `<=` and `!=` are no "=".
_EQUALS = Pattern(r"(?<![<>!=])=(?!=)")
_WORD = Pattern(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}")
_SAYS_NO_MORE = Pattern(r"[\s$*.,:;!)\]}\\]*")


def find_answer(completion: str) -> MathAnswer | None:
    r"""The final answer; None where nothing is stated.

    >>> find_answer(r"First \boxed{3}. But then twice that: \boxed{6}.").text
    '6'
    >>> find_answer(r"The roots are \boxed{1} and \boxed{2}.").text
    '1, 2'
    """
    start, end = answer_span(completion)
    stated = [_content(completion, s, end) for s in statements(completion, start, end)]
    kept = _kept(completion, [one for one in stated if one is not None])
    if not kept:
        return _unmarked(completion, start, end)
    if kept[-1].statement.kind == "boxed" and (boxes := _breath(completion, kept)):
        kept = [*kept[: -len(boxes)], _listed(boxes)]
    last = kept[-1] = _concluded(completion, kept[-1], end)
    span = (last.start, last.end)
    if not last.text:
        return MathAnswer("", span, last.statement.kind, "the place of the answer is empty")
    if _OR.match(completion, last.end, end) and not completion.startswith("\\boxed", last.end):
        return MathAnswer(last.text, span, last.statement.kind, "a hedge")
    if len(kept) > 1 and not _goes_beyond(completion, kept[-2], last):
        if not _alike(kept[-2].text, last.text):
            return MathAnswer(last.text, span, last.statement.kind, "different final answers")
    return MathAnswer(last.text, span, last.statement.kind)


def _content(text: str, statement: Statement, end: int) -> _Stated | None:
    """What a statement says, as text."""
    start = statement.start
    if statement.kind == "boxed":
        return _boxed(text, statement, end)
    if statement.kind == "tag":
        closing = text.find("</", start, end)
        stop = min(end if closing < 0 else closing, start + MAX_CONTENT)
        return _trimmed(text, statement, start, stop)
    if statement.kind == "refusal":
        return _Stated(statement, "", start, start)
    while start < end and text[start] in " *_:`\t\"'":
        start += 1
    if text.startswith("\n", start):
        start = min(end, start + 1)
    newline = text.find("\n", start, min(end, start + MAX_CONTENT))
    stop = newline if newline >= 0 else min(end, start + MAX_CONTENT)
    if (mark := text.find("####", start, stop)) >= 0:
        stop = mark
    formula = _DOLLARS.match(text, start, stop)
    if formula is not None:
        group = formula.lastindex or 1
        rest = text[formula.end() : stop]
        if _SAYS_NO_MORE.fullmatch(rest) or not rest[:1].strip() or rest[0] in ".,;":
            return _trimmed(text, statement, formula.start(group), formula.end(group))
    if text.startswith("\\[", start):
        start += 2
    sentence = _SENTENCE.search(text, start, stop)
    return _trimmed(text, statement, start, sentence.start() if sentence else stop)


def _concluded(text: str, last: _Stated, end: int) -> _Stated:
    """Of a sentence behind a label ("Final Answer: The largest n is 34.") what it ends with."""
    if last.statement.kind not in ("final", "phrase", "label") or not _is_sentence(last.text):
        return last
    found = _unmarked(text, last.start, min(end, last.end + 1))
    if found is None or found.flaw or found.rule == "whole":
        return last
    return _Stated(last.statement, found.text, *found.span)


def _is_sentence(text: str) -> bool:
    if len(_WORD.findall(text)) < 3:
        return False
    try:
        parsed(text)
    except NotMaths:
        return True
    return False


def _trimmed(text: str, statement: Statement, start: int, stop: int) -> _Stated:
    while start < stop and text[start] in " *_`\n\t":
        start += 1
    while stop > start and text[stop - 1] in " *_`\n\t":
        stop -= 1
    return _Stated(statement, text[start:stop], start, stop)


def _boxed(text: str, statement: Statement, end: int) -> _Stated | None:
    start = statement.start
    while start < end and text[start] in " \t":
        start += 1
    if not text.startswith("{", start):
        word = text[start : start + 40].split()
        stop = start + len(word[0].rstrip(".,$")) if word else start
        return _Stated(statement, text[start:stop], start, stop)
    depth = 0
    for index in range(start, min(end, start + MAX_CONTENT)):
        depth += (text[index] == "{") - (text[index] == "}")
        if not depth:
            inner = _trimmed(text, statement, start + 1, index)
            return inner._replace(end=index + 1)
    return _Stated(statement, "", start, start)


def _kept(text: str, stated: list[_Stated]) -> list[_Stated]:
    """Without the statements whose own words lead into the next one, and those that say nothing."""
    found: list[_Stated] = []
    for one in reversed(stated):
        if found and one.statement.kind != "boxed":
            following = found[-1]
            # A label or a heading leads to what follows it; a marked value is one of its own.
            is_value = one.statement.kind == "hash" and not _WORD.search(one.text)
            reach = 0 if one.text and (is_value or one.statement.kind == "tag") else 12
            inside = one.start <= following.statement.mark <= one.end + reach
            if inside or (not one.text and following.text):
                continue
        if found and one.statement.kind == "boxed":
            if one.start <= found[-1].statement.mark < one.end:
                found.pop()  # a box within a box: the outer one says the same
            elif not one.text:
                continue
        found.append(one)
    found.reverse()
    if len(found) > 1 and not found[-1].text:
        found.pop()
    return found


def _breath(text: str, kept: list[_Stated]) -> list[_Stated]:
    """The boxes at the end that stand in one breath: nothing but "and" or a comma between them."""
    boxes = [kept[-1]]
    for one in reversed(kept[:-1]):
        between = text[one.end : boxes[0].statement.mark].removesuffix("\\")
        if one.statement.kind != "boxed" or len(between) > 60 or not _JOINED.fullmatch(between):
            break
        boxes.insert(0, one)
    return boxes if len(boxes) > 1 else []


def _listed(boxes: list[_Stated]) -> _Stated:
    last = boxes[-1]
    return _Stated(last.statement, ", ".join(box.text for box in boxes), boxes[0].start, last.end)


def _goes_beyond(text: str, earlier: _Stated, last: _Stated) -> bool:
    """Whether working, a sentence or a correction lies between two statements."""
    between = text[earlier.end : last.statement.mark][-2_000:]
    if correction(between):
        return True
    if (
        last.statement.kind in ("final", "hash", "tag")
        and earlier.statement.kind != last.statement.kind
    ):
        return True
    return bool(_LEADS_ON.search(between)) and len(between) > 15


def _alike(one: str, other: str) -> bool:
    if "".join(one.split()) == "".join(other.split()):
        return True
    try:
        return equal(parsed(one), parsed(other))
    except NotMaths:
        return False


def _unmarked(text: str, start: int, end: int) -> MathAnswer | None:
    """The last formula of the closing paragraph, from its last "=", or its last number."""
    tail = max(start, end - MAX_TAIL)
    paragraph = max(tail, text.rstrip().rfind("\n\n", tail, end))
    found = _DOLLARS.finditer(text, paragraph, end)
    formulas = [one for one in found if not _PROSE.search(one[one.lastindex or 1])]
    if formulas and _SAYS_NO_MORE.fullmatch(text, formulas[-1].end(), end):
        return _formula(formulas[-1])
    number = find(text[:end])
    if formulas and not _comes_later(number, formulas[-1].end()):
        return _formula(formulas[-1])
    if number is None:
        stripped = text[start:end].strip()
        if stripped and len(stripped) <= 100 and "\n" not in stripped:
            return MathAnswer(stripped.rstrip("."), (start, end), "whole")
        return None
    if number.value is None:
        stripped = text[start:end].strip()
        if stripped and len(stripped) <= 60 and "\n" not in stripped and number.reason != "a hedge":
            return MathAnswer(stripped.rstrip("."), (start, end), "whole")
        return MathAnswer("", number.span, number.rule, number.reason)
    first, stop = number.span
    written = text[first:stop]
    if not any(character.isdigit() for character in written):
        written = str(number.value)  # "Three" is 3
    return MathAnswer(written, (first, stop), number.rule)


def _comes_later(number: Answer | None, position: int) -> bool:
    """Whether the closing words state a number behind the last formula."""
    return number is not None and number.value is not None and number.span[0] >= position


def _formula(found: re.Match[str]) -> MathAnswer:
    """What the last formula ends with: its last member."""
    group = found.lastindex or 1
    inner, offset = found[group], found.start(group)
    cuts = [equals.end() for equals in _EQUALS.finditer(inner)]
    cut = cuts[-1] if cuts else 0
    text, span = inner[cut:].strip(), (offset + cut, offset + len(inner))
    return MathAnswer(text, span, "formula", whole=inner.strip() if cuts else "")


_PLAIN_CHAIN = Pattern(
    r"(?<![\w.=])[-(\d\\][-\w\s.^*/+()\\{},!]{0,120}=[-\w\s.^*/+()\\{},!=]{1,200}"
)


def work_lines(completion: str) -> Iterator[tuple[str, str]]:
    """The neighbours of every chain of equations, in formulas and in lines of plain text."""
    start, end = answer_span(completion)
    text = completion[max(start, end - MAX_TAIL) : end]
    for formula in _DOLLARS.finditer(text):
        yield from _neighbours(formula[formula.lastindex or 1])
    outside = _DOLLARS.sub("\n", text)
    for line in outside.splitlines():
        found = _PLAIN_CHAIN.search(line)
        if found is not None:
            yield from _neighbours(found[0].rstrip(" .,"))


def _neighbours(chain: str) -> Iterator[tuple[str, str]]:
    if "=" not in chain or any(
        mark in chain for mark in ("<", ">", "\\le", "\\ge", "\\ne", "\\in")
    ):
        return
    members = [
        member.strip(" &\n").removesuffix("\\\\") for member in chain.replace("&=", "=").split("=")
    ]
    for left, right in pairwise(members):
        if left and right:
            yield left, right
