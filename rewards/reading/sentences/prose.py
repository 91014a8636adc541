r"""The concluding sentence: the number it is about, where a text marks no answer.

The last sentence with a number counts, courtesies aside. Of several numbers in it: the one after
the last "=", the one beside "total", the one it was rounded to, else the last that is no
circumstance ("in 2 months", "for 3 days"), no reason ("because 2 > 1.5") and no measure
("6-inch"). A question, a list of options and a list of bare numbers conclude nothing.
"""

import re
from collections.abc import Iterator

from rewards.reading.plain import plain
from rewards.reading.quantities.numbers import Number, scan
from rewards.reading.sentences import phrases
from rewards.reading.sentences.clause import (
    ANOTHER_ROOT,
    HARMLESS,
    MAX_STATEMENT,
    Answer,
    Reading,
    in_other_unit,
    link_between,
    placed,
    read_clause,
    read_words,
    repeats,
    stated,
)
from rewards.reading.sentences.listing import unchosen
from rewards.reading.sentences.phrases import is_doubted, phrased
from rewards.reading.text import Pattern

# How much of the end of a text is read where nothing explicit is in it.
MAX_CONCLUSION = 2000

# Before a bare number, how far a doubt is looked for.
MAX_BEFORE = 200

_DIGIT = Pattern(r"\d")
_WORD = Pattern(r"[^\W\d_]")
# "line 72" of a traceback.
_LINE = Pattern(r"\bline\s+$", re.IGNORECASE)
_DIGIT_RUN = Pattern(r"[0-9]*+")
# List markers and quote marks at the start of a line, and bold marks: no part of the sentence.
_MARKUP = Pattern(
    r"^(?:[ \t]*+>)++|^[\s>*-]*+\d{1,3}[.)](?=\s+\S)|(?<!\d)\*\*|\*\*(?!\d)", re.MULTILINE
)
_COURTESY = Pattern(
    r"\b(?:let me know|hope (?:this|that|it)|feel free|thank you|thanks|confidence|confident"
    r"|anything else|can i help|would you like|do you (?:want|have)|any (?:other )?questions)\b",
    re.IGNORECASE,
)
_BOLD = Pattern(r"\*\*([^*\n]{1,200})\*\*|__([^_\n]{1,200})__")
_TOTAL = phrased(r"<SUMMED|RESULT|THEREFORE>")
_TOTAL_BEFORE = phrased(r"<SUMMED|RESULT|THEREFORE>\W*(?:[A-Za-z']+[ :=]+){0,4}\W*$")
_IS_BEFORE = Pattern(
    r"\b(?:is|are|was|were|equals|be|makes|comes to|costs?)\s+(?:about |only |exactly )?$",
    re.IGNORECASE,
)
_TOTAL_AFTER = phrased(r"[^\w:;=]*(?:[A-Za-z']+ ){0,4}(?:in )?<SUMMED>(?! (?:of|is|was|will)\b)")
_CIRCUMSTANCE = Pattern(
    r"\b(?:in|for|over|after|within|during|per|every|each|by|at|than|from|since|until|before|step"
    r"|part|day|week|month|year|question|problem|case|chapter|grade|method|level|number|no\.|all)"
    r"\s+(?:(?:the|a|an|his|her|their|its|those|these|all|next|last|first|past|only|another|about"
    r"|approximately|around|of|period|course|span)\s+)*+$"
    r"|#$|\d (?:out )?of (?:the |his |her |their )?$",
    re.IGNORECASE,
)
# "Three trucks are needed to transport 80 stones" is about three.
_OPENS_WITH_WORD = phrased(
    r"\W*(?:<concludes|THEREFORE>)?\W*(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
    r"[^,]{0,40}\b(?:are|is|were|will be)\b"
)
_PURPOSE = Pattern(r"\bto [a-z]+ (?:the |all |all the )?$")
# "it takes him 12 minutes to run 2 miles"
_TAKES = Pattern(
    r"\b(?:takes?|took|needs?|needed|requires?|required)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_UP_TO_DIGIT = Pattern(r".*\d", re.DOTALL)
# "She needs 3 more boxes (12 in each)"
_IN_REMARK = Pattern(r"\([^()=]{0,60}$")
_REASON = phrased(r"<BECAUSE>")
_MEASURE = Pattern(r"-[A-Za-z]")
_ROUNDED = Pattern(
    r"\bround(?:s|ed|ing)?(?: it)?(?: up| down| off)? to (?:about )?\$?$", re.IGNORECASE
)
# "5x = 300, x = 60": the earlier equation is a step, no other root.
_TERM_BEFORE = Pattern(r"(?:\d\s?|[-+*/]\s*)[A-Za-z]\s*=[\s$]*$")
# "The question asks how many of the 48 are left" is a question too.
_ASKS = Pattern(
    r"\b(?:asks?|asked|asking|question is)\b[^=:]*\bhow (?:many|much)\b[^=:]*$", re.IGNORECASE
)
_BREAKDOWN = Pattern(r"[^.;:,(]*[:,(]")
_UNSOLVED = Pattern(r"[|^*+/(]|\w\s*-|\\[A-Za-z]")


def conclude(text: str, start: int, end: int) -> Answer | None:
    """The number of the last sentence that has one; None where there is no such sentence."""
    window = max(start, end - MAX_CONCLUSION)
    if window > start:  # begin at a word, never within a number
        if text[window].isdigit() and text[window - 1].isdigit():
            return _long_number(text, start, window, end)
        window = max(window, text.find(" ", window, end))
    is_last = True
    for first, stop in _sentences(text, window, end):
        if stop - first > MAX_STATEMENT:  # begin at a word, never within a number
            first = stop - MAX_STATEMENT
            first = max(first, text.find(" ", first, stop))
        sentence = text[first:stop]
        if _COURTESY.search(sentence):
            continue
        if text[stop : stop + 1] in ("?", "？") or _ASKS.search(sentence):
            return Answer(None, (first, stop), "sentence", False, "a question is no answer")
        if not (is_last or _DIGIT.search(sentence) or not sentence.isascii()):
            continue  # number words count in the last sentence only: they are many things
        is_last = is_last and not sentence.strip()
        content = plain(_MARKUP.sub(_blanks, sentence))
        reading = choose(content)
        if reading is not None:
            return _concluded(text, (window, end), (first, stop), content, reading)
    return None


def _long_number(text: str, start: int, window: int, end: int) -> Answer:
    """The answer where the window on the text's end begins within a run of digits."""
    first = start + len(text[start:window].rstrip("0123456789"))
    number = _DIGIT_RUN.match(text, first, end)
    stop = number.end() if number else first
    if text[stop:end].strip(" \n.*$"):
        return Answer(None, (first, stop), "sentence", False, "a number too long to be an answer")
    if first > start and text[first - 1] in "-−.,":
        first -= 1
    value = next(scan(plain(text[first:stop]))).value
    return Answer(value, (first, stop), "sentence", False)


def _concluded(
    text: str, within: tuple[int, int], sentence: tuple[int, int], content: str, reading: Reading
) -> Answer:
    (window, end), (first, stop) = within, sentence
    span = placed(reading, content, text, first, stop)
    refusal = reading.reason or unchosen(text, window, first, stop)
    if not refusal and is_doubted(_around(text, window, first, end)):
        refusal = "its author is in doubt"
    if refusal:
        return Answer(None, (span.start, span.end), "sentence", False, refusal)
    line_start = text.rfind("\n", window, first) + 1 or window
    bold = _bold(text, line_start, first, min(stop + 4, len(text)))
    if bold is not None and bold.value is not None:
        return Answer(bold.value, (bold.start, bold.end), "bold", True, "", bold.percent)
    return Answer(reading.value, (span.start, span.end), "sentence", False, "", reading.percent)


def _around(text: str, window: int, first: int, end: int) -> str:
    """The sentence at `first` and what follows it; behind a bare number what stands before, too."""
    return text[first if _WORD.search(text, first, end) else max(window, first - MAX_BEFORE) : end]


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences of text[start:end], from the last one back, as spans without their end."""
    stop = end
    for first in (max(start, end - MAX_STATEMENT), start):
        boundaries = [match.start() for match in phrases.SENTENCE_END.finditer(text, first, stop)]
        for boundary in reversed(boundaries):
            if stop > boundary + 1:
                yield boundary + 1, stop
            stop = boundary
    if stop > start:
        yield start, stop


def choose(content: str) -> Reading | None:
    """The number of a concluding sentence; a reading without value where it hedges."""
    numbers = [number for number in scan(content) if number.value is not None]
    if len(numbers) > 1:
        numbers = _spoken_of(content, numbers)
    if not numbers:
        reading = read_words(content)
        return None if reading.value is None or reading.value == 1 else reading
    equals = content.rfind("=")
    if equals >= 0 and numbers[-1].start > equals:
        return _right_side(content, numbers, equals)
    if equals >= 0 and (_UNSOLVED.search(content, equals) or not content[equals + 1 :].strip()):
        return Reading(None, equals, len(content), "a formula that was not worked out")
    if phrases.FORMULA.search(content):
        return Reading(None, 0, len(content), "a formula that was not worked out")
    index = _stands_out(content, numbers)
    if index < 0:
        return read_words(content)
    refusal = _joined(content, numbers, index)
    if refusal and (whole := _before_breakdown(content, numbers, index)) is not None:
        index, refusal = whole, ""
    number = numbers[index]
    if refusal:
        return Reading(None, number.start, number.end, refusal)
    lead = content[max(0, number.start - 24) : number.start]
    if phrases.NEGATED.search(_UP_TO_DIGIT.sub("", lead)):
        return Reading(None, number.start, number.end, "a number that the answer is not")
    if _LINE.search(lead):
        return Reading(None, number.start, number.end, "a line of a program")
    if phrases.BOUND.match(content, number.end):
        return Reading(None, number.start, number.end, "an inequality")
    if phrases.REJECTED.match(content, number.end):
        return Reading(None, number.start, number.end, "a number that is rejected")
    return Reading(number.value, number.start, number.end, "", number.percent)


def _spoken_of(content: str, numbers: list[Number]) -> list[Number]:
    """The numbers without those of a reason ("because 2 > 1.5") or a measure ("6-inch")."""
    reason = _REASON.search(content, numbers[0].end)
    kept = [
        number
        for number in numbers
        if not (reason and number.start > reason.start())
        and not _MEASURE.match(content, number.end)
    ]
    if len(kept) > 1:  # "30, not 31"
        affirmed = [
            number
            for number in kept
            if not phrases.DENIED.search(content[max(0, number.start - 12) : number.start])
            and not in_other_unit(kept[0], number, content)
        ]
        kept = affirmed or kept
    rounded = [number for number in kept if _ROUNDED.search(content[: number.start][-30:])]
    return rounded[-1:] or kept or numbers


def _joined(content: str, numbers: list[Number], index: int) -> str:
    """Why the number is one of several that are given alike; empty where it stands alone."""
    for left, right in ((index - 1, index), (index, index + 1)):
        if left >= 0 and right < len(numbers):
            link = link_between(content[numbers[left].end : numbers[right].start], numbers[right])
            if link == "operator":
                return "an expression that was not worked out"
            if link not in HARMLESS and not repeats(numbers[left], numbers[right], content):
                return link
    return ""


def _before_breakdown(content: str, numbers: list[Number], index: int) -> int | None:
    """The number before its parts: 72 in "She sold 72 clips, 48 in April and 24 in May"."""
    if index < 2 or phrases.HEDGED.search(content) or _joined(content, numbers, 0):
        return None
    opens = _BREAKDOWN.match(content, numbers[0].end)
    return 0 if opens and opens.end() <= numbers[1].start else None


def _right_side(content: str, numbers: list[Number], equals: int) -> Reading:
    """The number after the last "=" of a sentence, or before it where an expression follows."""
    index = next(i for i, number in enumerate(numbers) if number.start > equals)
    number = numbers[index]
    if _UNSOLVED.search(content[equals + 1 : number.start]):
        return Reading(None, equals, len(content), "a formula that was not worked out")
    if index:
        link = link_between(content[numbers[index - 1].end : number.start], number)
        solved = link == ANOTHER_ROOT and _TERM_BEFORE.search(content[: numbers[index - 1].start])
        if link not in HARMLESS and not solved and not repeats(numbers[index - 1], number, content):
            return Reading(None, numbers[index - 1].start, number.end, link)
    if index + 1 < len(numbers):
        following = numbers[index + 1]
        link = link_between(content[number.end : following.start], following)
        if link == "operator":
            if not index or not phrases.EQUALS.match(content, numbers[index - 1].end):
                return Reading(None, number.start, following.end, "a formula not worked out")
            if refusal := _joined(content, numbers[:index], index - 1):
                return Reading(None, number.start, following.end, refusal)
            number = numbers[index - 1]
        elif link not in HARMLESS and not repeats(number, following, content):
            return Reading(None, number.start, following.end, link)
    return stated(content, number, None, pending="", minus=False)


def _stands_out(content: str, numbers: list[Number]) -> int:
    """Index of the number that the sentence is about; -1 where that is the word it opens with."""
    for index, number in enumerate(numbers) if _TOTAL.search(content) else ():
        if _TOTAL_AFTER.match(content, number.end):
            return index
        before = content[max(0, number.start - 60) : number.start]
        if _TOTAL_BEFORE.search(before) and not _CIRCUMSTANCE.search(before):
            for later in range(len(numbers) - 1, index, -1):  # "the total cost of 16 mugs is $64"
                if _IS_BEFORE.search(
                    content[max(0, numbers[later].start - 20) : numbers[later].start]
                ):
                    return later
            following = numbers[index + 1] if index + 1 < len(numbers) else None
            if following is None or link_between(
                content[number.end : following.start], following
            ) in (
                "text",
                "equals",
            ):
                return index
    for index in reversed(range(len(numbers))):
        before = content[max(0, numbers[index].start - 40) : numbers[index].start]
        if index and _IN_REMARK.search(before) and "(" not in content[: numbers[0].start]:
            continue
        if numbers[index].currency or not _CIRCUMSTANCE.search(before):
            opens = _OPENS_WITH_WORD.match(content) and _PURPOSE.search(before)
            if opens and len(numbers) == 1:
                return -1
            if index and _PURPOSE.search(before):
                earlier = numbers[index - 1].start
                if _TAKES.search(content[max(0, earlier - 40) : earlier]):
                    return index - 1
            return index
    return len(numbers) - 1


def _bold(text: str, line_start: int, first: int, stop: int) -> Reading | None:
    """The one number in bold in a sentence, if there is exactly one."""
    readings = []
    for match in _BOLD.finditer(text, line_start, stop):
        if match.end() > first:
            content = plain(match[1] or match[2])
            reading = read_clause(content)
            if reading.value is not None:
                readings.append(placed(reading, content, text, *match.span(match.lastindex or 1)))
    return readings[0] if len(readings) == 1 else None
