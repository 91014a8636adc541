r"""Which of several explicit statements stands, and what the words after it make of it.

* intermediate: where working, a sentence of reasoning or a conclusion lies between two boxes or
  labels, or "Final answer" leads to the last one, the last one stands.
* several: else statements that differ are no answer, unless a correction lies between them.
* hedge: "or maybe 73" behind the answer, or further numbers: none of them is stated.
* doubt: "I am not sure", "cannot be solved", a question mark: the answer is given up.
* correction: "wait", "oops", "I meant", ... and another number behind the last statement: that one.
  "Actually", "no" and "should be" correct only where they state the number themselves ("no, it is
  72"); what else is said later never overrules a statement.
"""

from rewards.reading.plain import plain
from rewards.reading.quantities.number_words import scan_words
from rewards.reading.quantities.numbers import Value, same, scan
from rewards.reading.sentences.clause import MAX_STATEMENT, Answer, Reading, read_clause
from rewards.reading.sentences.marked import Statement
from rewards.reading.sentences.phrases import (
    HEDGED,
    REJECTED,
    SENTENCE_END,
    TAKEN_BACK,
    correction,
    is_doubted,
    is_unsettled,
    phrased,
)
from rewards.reading.sentences.prose import conclude
from rewards.reading.text import Pattern, in_code

# How far after the last statement a correction is looked for, and a doubt.
MAX_AFTER = 2000
MAX_DOUBT = 300
# How far before a statement its clause is looked at.
MAX_CLAUSE = 100
# Whoever corrects the answer to a fifth value is guessing.
MAX_CORRECTED = 4

_DIGIT = Pattern(r"\d")
_ALTERNATIVE = phrased(
    r"[\s\W]*+(?:but )?(?:<either|UNSURE|ELSE>|(?:it )?<COULD> (?:also )?be\b|<both>(?=\W{1,9}\d))"
)
_CONCLUDES = phrased(
    r"<SUMMED|RESULT|concludes|THEREFORE|FINAL|BECAUSE>|\b(?:then|gives|equals|value of)\b"
)
# An equation, or a sentence of three words and more.
_WORKING = Pattern(
    r"\d[^=\n]*=|[-+*/×·]\s*[\d(]|[+*×·]\s*\w|\\(?:cdot|times|frac)"
    r"|[.!?\n][\s*$#]*+[A-Za-z'’]++(?:[\s,]{1,3}[\w'’$,-]++){2}|[。！？，][^\W\d]{4}"
)
# What leads to one of several answers.
_CONDITIONAL = phrased(
    r"<IF|either|UNSURE|ELSE|CASE>|<COULD>\s+(?:also\s+)?be\b"
    r"|\b(?:second|another|other|alternative) (?:answer|solution|result|way|method|approach)\b"
)
# What may close a statement, and says nothing.
_CLOSING = " \n.*_$`})]\\\"'"
_ASKED = Pattern(r"[ \t.*_$`})\]\\\"']*[?？]")
_NEW_TURN = Pattern(
    r"\n\s*[*#]*\s*(?:(?:Human|User|Q|Question|Problem|Exercise|Task|Instruction|Input)\s*\d{0,3}"
    r"\s*\**:|### ?(?:Instruction|Question|Input|Problem))|<\|(?:im_start\|>user|user\|>)|\[INST\]"
)
# "#### 19 ,\n20 ,\n21": nothing but further numbers, to the end.
_FURTHER = Pattern(
    r"[ \t*_$`})\]\"']*(?:[,;/|]\s*|\n\s*)(?:[(\[$*_ ]*-?[\d.,]*\d[)\]$*_ ]*[,;/|.\s]*)++\Z"
)
_SUBJECT = r"(?:the |my |our )?(?:final )?(?:answer|total|result|value|number|sum|amount|count)"
_REVISED = phrased(
    r"(?:(?:\A|[.!?;:\n(—–-][\s*_\"'(]*)(?:no|actually)\b[\s,:.!]*(?:no\b[\s,:.!]*)?"
    r"(?:i (?:think|believe|mean|got|get) )?"
    rf"(?:(?:it|that|this|{_SUBJECT})\s*(?:['’]s|is|was|should be|<COULD> be)?\s+)?"
    rf"|\b(?:it|that|this|{_SUBJECT})\s+should\s+(?:actually\s+)?(?:be|have been)\s+"
    rf"|\b(?:corrected|revised|updated|right|new)\s+{_SUBJECT}\s*(?:is|:|=|to)\s*)"
    r"(?:about |only |exactly |actually )?[$€£*\s]*"
)

# "If there were 3 dogs, the answer would be": another question's.
_HYPOTHETICAL = phrased(r"<IF>\b[^.!?\n]{0,80}\bwould\b")

Stated = list[tuple[Statement, Reading]]


def resolve(text: str, stated: Stated, start: int, end: int) -> Answer:
    """The answer that explicit statements of text[start:end] give together."""
    statement, last = stated[-1]
    if len(stated) > 1:
        stated = _outermost(text, stated)
        while len(stated) > 1 and _HYPOTHETICAL.search(text, *_clause_of(stated)):
            stated = stated[:-1]
        statement, last = stated[-1]
        values = [reading.value for _, reading in stated if reading.value is not None]
        if values and any(not same(value, values[-1]) for value in values):
            return _disagreement(text, stated, start, end)
    if last.value is None:
        return _refused(statement, last, last.reason)
    tail = text[last.end : min(end, last.end + MAX_AFTER)]
    if not tail.strip(_CLOSING):
        return _answer(statement, last)
    unsettled = is_unsettled(tail)
    if refusal := _taken_back(last.value, tail, unsettled=unsettled):
        return _refused(statement, last, refusal)
    corrected = _corrected(text, last.end, tail) if unsettled else None
    return corrected or _answer(statement, last)


def _answer(statement: Statement, reading: Reading) -> Answer:
    span = (reading.start, reading.end)
    return Answer(reading.value, span, statement.kind, True, "", reading.percent)


def _refused(statement: Statement, reading: Reading, reason: str) -> Answer:
    return Answer(None, (reading.start, reading.end), statement.kind, True, reason)


def _outermost(text: str, stated: Stated) -> Stated:
    """The statements without those that say no number, or lead to the next one in their line."""
    kept: Stated = []
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


def _disagreement(text: str, stated: Stated, start: int, end: int) -> Answer:
    """The answer of statements that differ: of the last one if it supersedes, else none."""
    outside = stated
    if "```" in text:
        outside = [pair for pair in stated if not in_code(text, pair[0].mark)]
    if outside and len(outside) < len(stated):
        return resolve(text, outside, start, end)
    turn = _NEW_TURN.search(text, stated[0][1].end, end)
    if turn and stated[-1][0].mark > turn.start():
        before = [pair for pair in stated if pair[0].mark < turn.start()]
        return resolve(text, before, start, turn.start())
    last = stated[-1][1]
    index = max(
        i
        for i, (_, reading) in enumerate(stated)
        if reading.value is None or last.value is None or not same(reading.value, last.value)
    )
    if _supersedes(text, stated[: index + 1], stated[index + 1]):
        return resolve(text, stated[index + 1 :], start, end)
    first = stated[index][1]
    return Answer(
        None,
        (min(first.start, last.start), max(first.end, last.end)),
        stated[-1][0].kind,
        True,
        f"{len(_different(stated))} different final answers",
    )


def _clause_of(stated: Stated) -> tuple[int, int]:
    """Where the clause stands that the last statement is made in, behind the one before it."""
    (_, before), (statement, _) = stated[-2:]
    return max(before.end, statement.mark - MAX_CLAUSE), statement.start


def _different(stated: Stated) -> list[Value]:
    values: list[Value] = []
    for _, reading in stated:
        if reading.value is not None and not any(same(reading.value, value) for value in values):
            values.append(reading.value)
    return values


def _supersedes(text: str, earlier: Stated, following: tuple[Statement, Reading]) -> bool:
    """Whether a statement takes back, or goes beyond, all that were made before it."""
    statement, reading = following
    before = earlier[-1][1].end
    leading = text[before : reading.start][-MAX_STATEMENT:]
    if len(_different([*earlier, following])) <= MAX_CORRECTED and correction(leading):
        return True
    kinds = {one.kind for one, _ in earlier}
    if statement.kind == "final":
        return kinds <= {"label", "phrase", "line", "boxed"}
    between = text[before : statement.mark][-MAX_STATEMENT:]
    if kinds <= {"label", "line"} and statement.kind in ("boxed", "hash", "tag"):
        return _DIGIT.search(between) is not None  # "Answer:" opened a solution
    clause = leading.rstrip()[max(leading.rstrip().rfind(mark) for mark in ".!?\n。！？") + 1 :]
    if not kinds <= {"boxed", "label", "line", "phrase"} or _CONDITIONAL.search(clause):
        return False
    if kinds == {"boxed"} and _CONCLUDES.search(between):
        return True
    return _WORKING.search(between) is not None and (kinds == {"boxed"} or "?" not in between)


def _taken_back(value: Value, tail: str, *, unsettled: bool) -> str:
    """Why the words after a statement leave no answer; empty where they do not."""
    if REJECTED.match(tail):
        return "it is rejected"
    if _ASKED.match(tail):
        return "a question is no answer"
    if alternative := _ALTERNATIVE.match(tail):
        sentence = SENTENCE_END.search(tail, alternative.end())
        clause = plain(tail[alternative.end() : sentence.start() if sentence else len(tail)])
        other = next(scan(clause), None) or next(scan_words(clause), None)
        if other is not None and other.value is not None and not same(other.value, value):
            if len(clause[: other.start].split()) <= 3:
                return "a hedge"
    if _FURTHER.match(tail) and any(
        number.value is not None and not same(number.value, value) for number in scan(plain(tail))
    ):
        return "a list of numbers"
    turn = _NEW_TURN.search(tail, 0, MAX_DOUBT) if unsettled else None
    if unsettled and is_doubted(tail[: turn.start() if turn else MAX_DOUBT]):
        return "its author is in doubt"
    return ""


def _corrected(text: str, start: int, tail: str) -> Answer | None:
    """The answer that takes the place of the one before text[start:]; None where that stands."""
    end = start + len(tail)
    if found := correction(tail, alone=True):
        corrected = conclude(text, start + found.end(), end)
        if corrected is not None:
            return corrected._replace(rule="correction", structured=True)
        if TAKEN_BACK.search(tail, found.start(), found.end() + 80):
            return Answer(None, (start, end), "correction", True, "an answer taken back")
        return None
    for found in _REVISED.finditer(tail) if correction(tail) else ():
        sentence = SENTENCE_END.search(tail, found.end())
        stop = sentence.start() if sentence else len(tail)
        reading = read_clause(plain(tail[found.end() : stop]))
        if reading.start == 0 and reading.value is not None:
            span = (start + found.end(), start + stop)
            return Answer(reading.value, span, "correction", True, "", reading.percent)
    return None
