r"""Finding the final answer in a completion: which of its numbers does it give as the answer?

The places are looked for in this order; within the first, the last statement in the text stands:

1. explicit  `#### 72`, `\boxed{72}`, `<answer>72</answer>`, `{"answer": 72}`, "the answer is 72",
             "Final answer: 72", a line "A: 72"
2. language  the same said in another language: "La respuesta es 72", "答案是72", "Ответ: 72"
3. bold      `**72**` in the concluding sentence
4. sentence  the concluding sentence: after its last "=", beside "total", else its last number
             that is no circumstance ("in 2 months", "for 3 days")

Which statement stands, and what takes it back, is told in `standing`.
"""

from rewards.reading.plain import plain
from rewards.reading.sentences.clause import MAX_STATEMENT, Answer, Reading, placed
from rewards.reading.sentences.marked import (
    MARKED,
    Statement,
    marked,
    other_languages,
    read_statement,
    statements,
)
from rewards.reading.sentences.phrases import SENTENCE_END
from rewards.reading.sentences.prose import choose, conclude
from rewards.reading.sentences.single import CALLS, DENIES, read_single
from rewards.reading.sentences.standing import resolve
from rewards.reading.text import Pattern, answer_span

__all__ = ["Answer", "find", "given"]

# Words of a worked solution, at least: what has fewer is a value, with its unit or its name.
_SOLUTION = 8

_WORD = Pattern(r"(?<![\\A-Za-z])[^\W\d_]{2,}")
_DIGIT = Pattern(r"\d")
# A matrix, or what is put like one: its lines are no sentences.
_TABLE = Pattern(r"\\begin\{[a-zA-Z]*(?:matrix|array|cases|tabular|aligned|split)")
# Behind the number of a solution: a formula that it is a part of.
_GOES_ON = Pattern(
    r"[\s$]*(?:\\(?!\))|[*^]|[/(](?![A-Za-z]{2})|[-+]\s*(?:[\d(\\]|[A-Za-z](?![A-Za-z]))"
    r"|[b-fi-kn-rt-zBDEGHMO-RUX-Z](?![\w'/])|[A-Za-z]+\s?\(|times\b)"
)
# "36,36,108" is lakhs beside a rupee, and else a list as well.
_LAKHS = Pattern(r"[-+\s$]*\d{1,2}(?:,\d{2})+,\d{3}[\s$.]*")
# What stands between "Final answer:" and the statement that it announces.
_LABEL_ONLY = Pattern(r"[\s*_$:`\\(\[{a]*+(?:[Tt]he )?(?:final |correct )?[a\\]?")


def find(text: str, markers: tuple[str, ...] | None = None) -> Answer | None:
    """The final answer of a completion; None where no number is stated at all.

    `markers` are the accepted ones of `MARKERS`, or texts of their own; None accepts every place.
    """
    start, end = answer_span(text)
    if markers is not None:
        stated = _readings(text, marked(text, start, end, markers), end)
    else:
        stated = _readings(text, statements(text, start, end), end)
        if not stated:
            stated = _readings(text, other_languages(text, start, end), end)
    if stated:
        return resolve(text, stated, start, end)
    concluded = conclude(text, start, end)
    if markers is not None and concluded is not None:
        return concluded._replace(structured=False)
    return concluded


def given(reference: str) -> Answer | None:
    r"""The number that a reference gives; without a value where it is no single number.

    Where the reference marks its answer, or is a worked solution, it is read as a completion is;
    else as the inside of a box is, so that `\boxed{reference}` is right.

    >>> given("- 5").value, given("28.8 s^{-1}").value, given("x^2+1").value
    (-5, Decimal('28.8'), None)
    >>> given("She has 3 boxes of 24, so 72 clips.\n#### 72").value
    72
    """
    start = max(0, reference.rfind("####"))  # of a solution, its last line
    found = find(reference[start:])
    if found is not None and found.rule in MARKED:
        return found._replace(span=(start + found.span[0], start + found.span[1]))
    if found is not None and _is_solution(reference):
        if found.value is None or _concludes(reference, found):
            return found
        return found._replace(value=None, reason="no number that the solution ends in")
    content = plain(reference.replace("~", " ") if "\\" in reference else reference)
    reading = placed(read_single(content), content, reference, 0, len(reference))
    if reading.value is not None and _LAKHS.fullmatch(reference):
        reading = reading._replace(value=None, reason="several numbers, or lakhs")
    span = (reading.start, reading.end)
    return Answer(reading.value, span, "reference", False, reading.reason, reading.percent)


def _is_solution(text: str) -> bool:
    """Whether a text is several sentences, and not a value with a unit or a name."""
    body = text.strip()
    end = SENTENCE_END.search(body)
    if end is None or end.end() >= len(body) or _TABLE.search(body):
        return False
    return len(_WORD.findall(body)) >= _SOLUTION


def _concludes(solution: str, found: Answer) -> bool:
    """Whether the number stands in the last sentence, in digits, and is no part of a formula."""
    start, end = found.span
    further = SENTENCE_END.search(solution, end)
    if further is not None and _WORD.search(solution, further.end()):
        return False
    written, tail = plain(solution[start:end]), plain(solution[end : end + MAX_STATEMENT])
    number = choose(written)  # the span is the sentence's where that was not plain
    if number is None or not _DIGIT.search(written, number.start, number.end):
        return False
    lead, tail = written[: number.start], written[number.end :] + tail
    return not (_GOES_ON.match(tail) or CALLS.search(lead) or DENIES.match(solution))


def _readings(text: str, found: list[Statement], end: int) -> list[tuple[Statement, Reading]]:
    """The statements with what they say; a label that leads straight to the next is left out."""
    if len(found) == 1:
        only = read_statement(text, found[0], end)
        return [] if only is None else [(found[0], only)]
    stated: list[tuple[Statement, Reading]] = []
    following = end + MAX_STATEMENT
    for statement in reversed(found):
        if following - statement.start < 30 and _LABEL_ONLY.fullmatch(
            text, statement.start, following
        ):
            continue
        reading = read_statement(text, statement, end)
        if reading is not None:
            stated.append((statement, reading))
            following = statement.mark
    stated.reverse()
    return stated
