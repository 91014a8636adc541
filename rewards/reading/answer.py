r"""Finding the final answer in a completion: which of its numbers does it give as the answer?

The places are looked for in this order; within the first, the last statement in the text stands:

1. explicit  `#### 72`, `\boxed{72}`, `<answer>72</answer>`, `{"answer": 72}`, "the answer is 72",
             "Final answer: 72", a line "A: 72"
2. language  the same said in another language: "La respuesta es 72", "答案是72", "Ответ: 72"
3. bold      `**72**` in the concluding sentence
4. sentence  the concluding sentence: after its last "=", beside "total", else its last number
             that is no circumstance ("in 2 months", "for 3 days")

What counts as which (`Answer.reason` says so where an answer is refused):

* hedge: two numbers joined by "or", "and", "to", a comma, a slash or a dash; "or maybe 73" after
  the answer; explicit statements that differ; a list of options with no choice made.
* correction: "wait", "actually, no", "correction", "oops", ... between two statements, or after
  the last one and followed by a number: what comes last counts.
* intermediate: boxes that differ, where a conclusion ("in total", "therefore", "so") leads to the
  last one; "Answer: 24" before "Final answer: 72".
* no answer: an explicit place that holds no number, an expression that was not worked out
  (`72+1`), a compound quantity (5 feet 6 inches), a time, a date, a question.
"""

from rewards.reading.clause import MAX_STATEMENT, Answer, Reading, placed
from rewards.reading.marked import (
    MARKED,
    Statement,
    marked,
    other_languages,
    read_statement,
    statements,
)
from rewards.reading.number_words import scan_words
from rewards.reading.numbers import Value, same, scan
from rewards.reading.phrases import HEDGED, REJECTED, SENTENCE_END, TAKEN_BACK, correction, phrased
from rewards.reading.plain import plain
from rewards.reading.prose import conclude
from rewards.reading.single import read_single
from rewards.reading.text import Pattern, answer_span, in_code

__all__ = ["Answer", "find", "given"]

# How far after the last statement a correction is looked for.
MAX_AFTER = 2000
# Whoever corrects the answer to a fifth value is guessing.
MAX_CORRECTED = 4

# Words of a worked solution, at least: what has fewer is a value, with its unit or its name.
_SOLUTION = 8

_DIGIT = Pattern(r"\d")
# "0,111": no thousands begin with a zero.
_DECIMAL_COMMA = Pattern(r"[-+]?0,\d{1,15}")
_WORD = Pattern(r"[^\W\d_]{2,}")
_ALTERNATIVE = phrased(
    r"[\s\W]*+(?:but )?(?:<either|UNSURE|ELSE>|(?:it )?<COULD> (?:also )?be\b|<both>(?=\W{1,9}\d))"
)
_CONCLUDES = phrased(
    r"<SUMMED|RESULT|concludes|THEREFORE|FINAL|BECAUSE>|\b(?:then|gives|equals|value of)\b"
)
_CONDITIONAL = phrased(
    r"<IF|either|UNSURE|ELSE|CASE>"
    r"|\b(?:second|another|other|alternative) (?:answer|solution|result)\b"
)
# Working, or a sentence of reasoning, between two boxes: the first held an intermediate result.
_WORKING = Pattern(
    r"=|[-+*/×·]\s*\d|\\(?:cdot|times|frac)|[.!?\n][\s*$#]*+[A-Z][a-z]++(?:[ ,'][\w'$,-]++){2}"
)
# What may close a statement, and says nothing.
_CLOSING = " \n.*_$`})]\\\"'"
# What stands between "Final answer:" and the statement that it announces.
_LABEL_ONLY = Pattern(r"[\s*_$:`\\(\[{a]*+(?:[Tt]he )?(?:final |correct )?[a\\]?")
_NEW_TURN = Pattern(
    r"\n\s*(?:Human|User|Q|Question|Problem|Instruction|### ?(?:Instruction|Question|Input))\s*:"
)


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
        return _resolve(text, stated, start, end)
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
    if found is not None and (found.rule in MARKED or _is_solution(reference)):
        return found._replace(span=(start + found.span[0], start + found.span[1]))
    if _DECIMAL_COMMA.fullmatch(reference.strip()):
        reference = reference.replace(",", ".", 1)
    content = plain(reference.replace("~", " ") if "\\" in reference else reference)
    reading = placed(read_single(content), content, reference, 0, len(reference))
    span = (reading.start, reading.end)
    return Answer(reading.value, span, "reference", False, reading.reason, reading.percent)


def _is_solution(text: str) -> bool:
    """Whether a text is several sentences, and not a value with a unit or a name."""
    body = text.strip()
    end = SENTENCE_END.search(body)
    return end is not None and end.end() < len(body) and len(_WORD.findall(body)) >= _SOLUTION


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


def _resolve(text: str, stated: list[tuple[Statement, Reading]], start: int, end: int) -> Answer:
    """The answer that explicit statements give together."""
    statement, last = stated[-1]
    if len(stated) > 1:
        stated = _outermost(text, stated)
        statement, last = stated[-1]
        values = [reading.value for _, reading in stated if reading.value is not None]
        if values and any(not same(value, values[-1]) for value in values):
            return _disagreement(text, stated, start, end)
    if last.value is None:
        return Answer(None, (last.start, last.end), statement.kind, True, last.reason)
    tail = text[last.end : min(end, last.end + MAX_AFTER)]
    if tail.strip(_CLOSING):
        return _after(text, statement, last, tail)
    return _answer(statement, last)


def _answer(statement: Statement, reading: Reading) -> Answer:
    span = (reading.start, reading.end)
    return Answer(reading.value, span, statement.kind, True, "", reading.percent)


def _outermost(
    text: str, stated: list[tuple[Statement, Reading]]
) -> list[tuple[Statement, Reading]]:
    """The statements without those that say no number, or lead to the next one in their line."""
    kept: list[tuple[Statement, Reading]] = []
    for statement, reading in reversed(stated):
        if reading.value is None and kept:
            continue
        if kept and statement.kind != "hash" and kept[-1][0].kind in ("boxed", "hash"):
            between = text[statement.start : kept[-1][0].mark]
            if len(between) <= MAX_STATEMENT and _leads_on(statement, between):
                continue
        kept.append((statement, reading))
    if len(kept) > 1 and kept[0][1].value is None:  # the last one says nothing, others do
        kept = kept[1:]
    kept.reverse()
    return kept


def _leads_on(statement: Statement, between: str) -> bool:
    """Whether a statement's own words go on into the next one: "the answer is 6 * 7 = [box]"."""
    if statement.kind == "boxed":
        return False
    if statement.kind == "tag":
        return "</" not in between
    return not SENTENCE_END.search(between.strip()) and not HEDGED.search(between)


def _disagreement(
    text: str, stated: list[tuple[Statement, Reading]], start: int, end: int
) -> Answer:
    """The answer of statements that differ: of the last one if it supersedes, else none."""
    outside = stated
    if "```" in text:
        outside = [pair for pair in stated if not in_code(text, pair[0].mark)]
    if outside and len(outside) < len(stated):
        return _resolve(text, outside, start, end)
    turn = _NEW_TURN.search(text, stated[0][1].end, end)
    if turn and stated[-1][0].mark > turn.start():
        before = [pair for pair in stated if pair[0].mark < turn.start()]
        return _resolve(text, before, start, turn.start())
    last = stated[-1][1]
    index = max(
        i
        for i, (_, reading) in enumerate(stated)
        if reading.value is None or last.value is None or not same(reading.value, last.value)
    )
    previous, following = stated[index], stated[index + 1]
    between = text[previous[1].end : following[1].start][-MAX_STATEMENT:]
    values: list[Value] = []
    for _, reading in stated:
        if reading.value is not None and not any(same(reading.value, value) for value in values):
            values.append(reading.value)
    if not _supersedes(stated[: index + 1], following, between, len(values)):
        return Answer(
            None,
            (min(previous[1].start, last.start), max(previous[1].end, last.end)),
            stated[-1][0].kind,
            True,
            f"{len(values)} different final answers",
        )
    return _resolve(text, stated[index + 1 :], start, end)


def _supersedes(
    earlier: list[tuple[Statement, Reading]],
    following: tuple[Statement, Reading],
    between: str,
    different: int,
) -> bool:
    """Whether a statement takes back, or goes beyond, all that were made before it."""
    if different <= MAX_CORRECTED and correction(between):
        return True
    kinds = {statement.kind for statement, _ in earlier}
    if kinds == {"boxed"}:
        goes_on = _CONCLUDES.search(between) or _WORKING.search(between)
        return bool(goes_on) and not _CONDITIONAL.search(between)
    if kinds <= {"label", "line"} and following[0].kind in ("boxed", "hash", "tag"):
        return _DIGIT.search(between) is not None  # "Answer:" opened a solution
    return following[0].kind == "final" and kinds <= {"label", "phrase", "line", "boxed"}


def _after(text: str, statement: Statement, last: Reading, tail: str) -> Answer:
    """The answer of the last statement, which the words after it may hedge, reject or correct."""
    end = last.end + len(tail)
    if REJECTED.match(tail):
        return Answer(None, (last.start, last.end), statement.kind, True, "it is rejected")
    if alternative := _ALTERNATIVE.match(tail):
        sentence = SENTENCE_END.search(tail, alternative.end())
        clause = plain(tail[alternative.end() : sentence.start() if sentence else len(tail)])
        other = next(scan(clause), None) or next(scan_words(clause), None)
        near = other is not None and len(clause[: other.start].split()) <= 3
        if other is not None and near and other.value is not None and last.value is not None:
            if not same(other.value, last.value):
                return Answer(None, (last.start, end), statement.kind, True, "a hedge")
    taken_back = correction(tail)
    if taken_back is None:
        return _answer(statement, last)
    corrected = conclude(text, last.end + taken_back.end(), end)
    if corrected is not None:
        return corrected._replace(rule="correction", structured=True)
    if TAKEN_BACK.search(tail, taken_back.start(), taken_back.end() + 80):
        return Answer(None, (last.start, end), statement.kind, True, "an answer taken back")
    return _answer(statement, last)
