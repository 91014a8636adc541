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

import re
from collections.abc import Iterator
from typing import NamedTuple

from rewards.numbers import Number, Value, plain, same, scan, scan_words
from rewards.text import answer_span, in_code

# How much of a statement is read: an answer is a line, not a page.
MAX_STATEMENT = 400
# How far after the last statement a correction is looked for.
MAX_AFTER = 2000
# How much of the end of a text is read where nothing explicit is in it.
MAX_CONCLUSION = 2000
# Statements of one kind looked at, from the last one back: more than this is spam, and one that
# differs among the last few is enough to refuse it.
MAX_STATEMENTS = 32
# Whoever corrects the answer to a fifth value is guessing.
MAX_CORRECTED = 4


class Answer(NamedTuple):
    """What was found; where `value` is None, `reason` says why there is no answer."""

    value: Value | None
    span: tuple[int, int]
    rule: str
    structured: bool
    reason: str = ""
    percent: bool = False
    unit: str = ""


class Reading(NamedTuple):
    """What a piece of text says: a number (its span in the text) or why it says none."""

    value: Value | None
    start: int
    end: int
    reason: str = ""
    percent: bool = False


class Statement(NamedTuple):
    """An explicit statement: where its mark stands, its kind, and where its content begins."""

    mark: int
    kind: str
    start: int


# --- reading what a statement says ---------------------------------------------------------

_ABBREVIATIONS = r"(?<!\bRs\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bsq\.)(?<!\bapprox\.)(?<!\bca\.)"
_SENTENCE_END = re.compile(rf"[.!?](?=[\s*_\"')\]]|$){_ABBREVIATIONS}|[。！？]|\n")
_EQUALS = re.compile(
    r"[\s)}\]$°%\"'*_]*+(?:[A-Za-z$€£%°]+[.)]?\s*+){0,4}(?:=|≈|>>|→|⇒|->|equals\b)"
)
_OPERATOR = re.compile(
    r"[\s)}\]$°%¢€£]*+(?:[A-Za-z]+\.?\s+){0,3}"
    r"(?:[-+*/×÷·x^]|\*\*|plus|minus|times|divided by|multiplied by)[\s({\[$€£¢]*+(?:\d*)$"
)
_JOINED = re.compile(
    r"[\s*_$%°¢€£\"')\]}]*+(?:"
    r"[,;/|&±~–-][\s$\"'*(\[]*+"
    r"|(?:[A-Za-z]+\s+){0,2}(?:or|and|to|through|till|until|versus|vs\.?|oder|und|ou|et|y|e)\s+"
    r"(?:even |maybe |perhaps |possibly )?[$\"'*~(]*+"
    r"|\s*(?:或|和|и|или|또는|または)\s*"
    r")$",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:or|oder|ou|или|maybe|perhaps|possibly|alternatively|either)\b|或|또는|または",
    re.IGNORECASE,
)
_COMPOUND = re.compile(
    r"\s*(?:feet|foot|ft|yards?|hours?|hrs?|hr|h|minutes?|mins?|pounds?|lbs?|lb|dollars?|years?"
    r"|months?|weeks?|days?|km|m|kg|gallons?|quarts?|pints?|cups?|meters?|metres?)\b[.,]?\s*$",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|isn't|never|neither|cannot|can't|less than|more than|fewer than|greater than"
    r"|unlike|не|nicht|kein|pas|niet|não|nie|inte|ikke)\b|(?<![-=<>])[<>][\s(]*$|[≠≤≥√][\s(]*$|不是|아니",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\\[A-Za-z]|[√πΠ∞∑∫]")
_FACTOR = re.compile(r"[\s$)}\]*·×^+-]*+(?:\\[A-Za-z]|[√πΠ∞∑∫])")
_VARIABLE = re.compile(r"\s?[xyznk](?![A-Za-z])")


def read(clause: str, spaced_minus: bool = False) -> Reading:
    """The number that a piece of plain text states, its equations followed to their end.

    >>> read("48 + 24 = 72 clips in 2 months").value, read("71 or 72").value
    (72, None)
    """
    numbers = scan(clause)
    current = next(numbers, None)
    if current is None:
        return _read_words(clause)
    lead = clause[: current.start]
    if refusal := _unreadable_lead(lead):
        return Reading(None, current.start, current.end, refusal)
    minus = spaced_minus and not current.signed and lead.strip(" $(") == "-"
    left: Number | None = None
    in_expression = False
    for following in numbers:
        gap = clause[current.end : following.start]
        link = _link(gap, following)
        if link == "equals":
            left = left if in_expression else current
        elif link == "text":
            break
        elif link != "operator":
            return Reading(None, current.start, following.end, link)
        in_expression = link == "operator"
        current = following
    return _stated(clause, current, left, in_expression, minus)


def _stated(
    clause: str, current: Number, left: Number | None, in_expression: bool, minus: bool
) -> Reading:
    if in_expression:
        if left is None:
            return Reading(None, current.start, current.end, "a range, or not worked out")
        current = left
    value, start, end = current.value, current.start, current.end
    if value is None:
        return Reading(None, start, end, "digits that are no number (a time, a date, a power)")
    if _VARIABLE.match(clause, end) or _FACTOR.match(clause, end):
        return Reading(None, start, end, "a formula that was not worked out")
    return Reading(-value if minus else value, start, end, "", current.percent)


def _unreadable_lead(lead: str) -> str:
    """Why the number after `lead` is not what is stated; empty where it is."""
    if not lead:
        return ""
    if _SENTENCE_END.search(lead.strip()):
        return "no number"
    if _NEGATED.search(lead):
        return "a number that the answer is said not to be"
    return "a formula that was not worked out" if "\\" in lead and _FORMULA.search(lead) else ""


def _link(gap: str, following: Number) -> str:
    """How two numbers are joined: "equals", "operator", "text", or why neither is the answer."""
    if not gap.strip(" \t*_$`\"'"):
        multiplied = gap.strip() == "*" or following.signed
        return "operator" if multiplied else "several numbers side by side"
    sentence = _SENTENCE_END.search(gap)
    if sentence and sentence.end() < len(gap):
        gap = gap[: sentence.start()]
        return "a hedge" if _HEDGED.search(gap) else "text"
    if _EQUALS.match(gap):
        return "equals"
    if _OPERATOR.match(gap):
        return "operator"
    if _JOINED.match(gap):
        return "several numbers, or a range"
    if _HEDGED.search(gap):
        return "a hedge"
    return "a compound quantity" if _COMPOUND.match(gap) else "text"


def _read_words(clause: str) -> Reading:
    """The number that a clause without digits states in words."""
    numbers = scan_words(clause)
    first = next(numbers, None)
    if first is None or first.value is None or _unreadable_lead(clause[: first.start]):
        return Reading(None, 0, len(clause), "no number")
    second = next(numbers, None)
    if second is not None:
        gap = clause[first.end : second.start]
        if _JOINED.match(gap) or _HEDGED.search(gap):
            return Reading(None, first.start, second.end, "several numbers")
    return Reading(first.value, first.start, first.end)


# --- explicit statements -------------------------------------------------------------------

_DECORATION = re.compile(
    r"(?:[\s*_`\"':>(\[{=]|\$(?!-?\d)|<(?=[-\d.,]++>)|\\[(\[,; ]|\\(?:text|mathbf|boxed|displaystyle|n)(?=[{\s\\])){0,100}+"
)
# The common statement: an integer with nothing but closing marks after it, to the end of the text,
# the line or the sentence. It is what the long way round reads too (a property test holds the two
# together), at a tenth of the time.
_PLAIN = re.compile(
    r"\$?(-?[0-9]{1,15})(?:\.0{1,9})?[*_$`})\]\"']*+(?:\.(?=\s)|\.?(?=\n)|[.*_$`})\]\"']*+\s*+\Z)"
)
_PLAIN_BOX = re.compile(r"\{(-?[0-9]{1,15})(?:\.0{1,9})?\}")
_BOX = re.compile(
    r"\s*+\{((?:[^{}]++|\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\})*+)\}", re.DOTALL
)
_BARE_BOX = re.compile(r"\s*+(?!\{)([-+]?[\d.,]++)")
_IS = (
    r"(?:is|was|are|equals|will be|would be|should be|must be|could be|can be|may be|might be"
    r"|comes (?:out )?to|turns out to be)\b"
)
_ANSWER = re.compile(
    rf"""nswer(?:
        (?P<tag>>)
      | s?(?P<label>["'*_`)\]]*+\s*+(?:\([^()\n]{{0,40}}\)\s*+)?["'*_`)\]]*+\s*+[:=：])
      | s?\ (?P<refusal>depends|varies|cannot|can't|can\ not|could\ not|is\ (?:unknown|impossible))\b
      | s?[*_]*+(?P<phrase>
            (?:,?\ (?:then|therefore|thus|hence|so|finally|now|here|that\ we\ get|we\ get),?)?
            (?:\ (?:to|for|of|in|with|after|from)\ [^\n:=.!?]{{1,60}}?)?
            [*_]*+\ +[*_]*+{_IS}(?:\ also|\ simply|\ therefore|\ thus|\ indeed)?[:\s]?)
      | s?(?P<heading>["'*_`)\]#]*+[ \t]*+\n)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FINAL = re.compile(r"(?:final|correct|overall|ultimate)[\s_-]*+[*_]*+a?\Z", re.IGNORECASE)
_ABOUT_THE_ANSWER = re.compile(
    r"\W{0,20}+(?:correct|right|wrong|incorrect|reasonable|as follows|given|found|obtained|shown|above"
    r"|below|clear|simply|then|the same|in)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"[\s*_]*+(?:(?:step|part|case|method|section|question|problem|example|phase|stage|note"
    r"|approach|option|scenario|explanation|solution|verification|check)\b|\d++[.)]\s++[A-Z])",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"(?:null|none|nan|undefined)\b|[\"']?,", re.IGNORECASE)
_INEQUALITY = re.compile(r"\s*[<>≤≥]")
_DIGIT = re.compile(r"\d")
_DIGIT_RUN = re.compile(r"[0-9]*+")


def statements(text: str, start: int, end: int) -> list[Statement]:
    """The explicit statements of text[start:end], in order; the last of each kind where many."""
    found: list[Statement] = []
    # One character is found ten times faster than five: most texts lack the rarer ones.
    if "#" in text:
        for position in _positions(text, "####", start, end):
            if not position or text[position - 1] not in "`\"'":  # a mention, not a mark
                found.append(Statement(position, "hash", position + 4))
    if "\\" in text:
        for mark in ("boxed", "\\fbox"):
            for position in _positions(text, mark, start, end):
                found.append(Statement(position, "boxed", position + 5))
    if "w" in text:
        for position in _positions(text, "nswer", start, end):
            found.extend(_answer_statement(text, position, start, end))
    if "W" in text:
        for position in _positions(text, "NSWER", start, end):
            found.extend(_answer_statement(text, position, start, end))
    if ":" in text:
        for position in _positions(text, "\nA:", start, end):
            found.append(Statement(position, "line", position + 3))
        if text.startswith("A:", start, end):
            found.append(Statement(start, "line", start + 2))
    if len(found) > 1:
        found.sort()
    return found


#: What a list of accepted markers may name, beside any text of its own: the kinds it stands for.
MARKERS = {
    "####": ("hash",),
    "\\boxed": ("boxed",),
    "<answer>": ("tag",),
    "answer": ("label", "phrase", "final", "refusal"),
    "A:": ("line",),
}


def marked(text: str, start: int, end: int, markers: tuple[str, ...]) -> list[Statement]:
    """The statements behind the given markers only: names of `MARKERS`, or any other text."""
    kinds = {kind for marker in markers for kind in MARKERS.get(marker, ())}
    found = [statement for statement in statements(text, start, end) if statement.kind in kinds]
    if "answer" in markers and not found:
        found = other_languages(text, start, end)
    for marker in markers:
        if marker and marker not in MARKERS:
            positions = _positions(text, marker, start, end)
            found += [Statement(at, "marker", at + len(marker)) for at in positions]
    return sorted(found)


def _positions(text: str, mark: str, start: int, end: int) -> list[int]:
    position = text.rfind(mark, start, end)
    if position < 0:
        return []
    positions = [position]
    while len(positions) < MAX_STATEMENTS:
        position = text.rfind(mark, start, position)
        if position < 0:
            break
        positions.append(position)
    return positions


def _answer_statement(text: str, position: int, start: int, end: int) -> list[Statement]:
    """The statement made around the word "answer" at `position` (of "nswer"), if it is one."""
    match = _ANSWER.match(text, position, end)
    if match is None:
        return []
    before = text[max(start, position - 14) : position]
    if match["tag"]:
        opened = "<" in before and "</" not in before
        return [Statement(position, "tag", match.end())] if opened else []
    if match["heading"] and not _DIGIT.match(text, _DECORATION.match(text, match.end(), end).end()):
        return []
    if match["refusal"]:
        return [Statement(position, "refusal", match.end())]
    kind = "final" if _FINAL.search(before) else ("phrase" if match["phrase"] else "label")
    return [Statement(position, kind, match.end())]


def read_statement(text: str, statement: Statement, end: int) -> Reading | None:
    """What an explicit statement says; None where it turns out to be no statement at all."""
    kind = statement.kind
    if kind == "boxed":
        return _read_box(text, statement.start, end)
    if kind == "tag":
        return _read_tag(text, statement.start, end)
    if kind == "refusal":
        return Reading(None, statement.mark, statement.start, "no answer is given")
    decoration = _DECORATION.match(text, statement.start, end)
    start = decoration.end() if decoration else statement.start
    if kind == "hash" and _is_heading(text, start, end):
        return None
    if kind == "line" and text.find("\nB", start, end) >= 0:  # option A of several
        return None
    simple = _PLAIN.match(text, start, end)
    if simple:
        return Reading(int(simple[1]), simple.start(1), simple.end(1))
    line = text[start : _line_end(text, start, end)]
    content = plain(line)
    reading = read(content, spaced_minus=True)
    lead = content[: reading.start]
    reading = _placed(reading, content, text, start, start + len(line))
    if kind in ("line", "label"):
        if _NOTHING.match(lead):
            return Reading(None, start, reading.start, "no answer is given")
        if not _is_short(lead):
            return None
    if reading.value is None:
        return _valueless(text, statement, reading, start, end)
    return reading


def _line_end(text: str, start: int, end: int) -> int:
    stop = _stop(text, start, end)
    newline = text.find("\n", start, stop)
    return stop if newline < 0 else newline


def _read_box(text: str, start: int, end: int) -> Reading:
    simple = _PLAIN_BOX.match(text, start, end)
    if simple:
        return Reading(int(simple[1]), start + 1, simple.end(1))
    stop = _stop(text, start, end)
    box = _BOX.match(text, start, stop) or _BARE_BOX.match(text, start, stop)
    if box is None:
        return Reading(None, start, start, "a box that is not closed")
    content = plain(box[1].replace("~", " "))  # LaTeX's space that no line breaks at
    if _FORMULA.search(content):
        return Reading(None, *box.span(1), "a formula that was not worked out")
    reading = read(content, spaced_minus=True)
    if _INEQUALITY.match(content, reading.end):
        return Reading(None, *box.span(1), "an inequality")
    return _placed(reading, content, text, *box.span(1))


def _read_tag(text: str, start: int, end: int) -> Reading:
    closing = text.find("</", start, end)
    stop = end if closing < 0 else closing
    inner = text[start:stop].strip()
    if "\n" in inner or len(inner) > MAX_STATEMENT:
        conclusion = conclude(text, start, stop)
        if conclusion is None:
            return Reading(None, start, stop, "an answer tag that holds no number")
        return Reading(conclusion.value, *conclusion.span, conclusion.reason)
    content = plain(inner)
    return _placed(read(content, spaced_minus=True), content, text, start, stop)


def _stop(text: str, start: int, end: int) -> int:
    """Where reading a statement stops: a bounded way on, but never within a run of digits."""
    stop = start + MAX_STATEMENT
    if stop >= end:
        return end
    run = _DIGIT_RUN.match(text, stop, end)
    return min(end, (run.end() if run else stop) + 1)


def _placed(reading: Reading, content: str, text: str, start: int, stop: int) -> Reading:
    """The reading with its span in the text: the number's own, or the piece's where that moved."""
    if text.startswith(content[: reading.end], start, stop):
        return reading._replace(start=start + reading.start, end=start + reading.end)
    return reading._replace(start=start, end=stop)


def _is_heading(text: str, start: int, end: int) -> bool:
    """Whether `####` opens a heading (Markdown) instead of giving the answer: text follows it."""
    if not _HEADING.match(text, start, end):
        return False
    newline = text.find("\n", start, end)
    return newline >= 0 and _DIGIT.search(text, newline, end) is not None


def _is_short(lead: str) -> bool:
    return len(lead) <= 40 and len(lead.split()) <= 4


def _valueless(
    text: str, statement: Statement, reading: Reading, start: int, end: int
) -> Reading | None:
    """A statement without a number: a refusal to answer, or (None) words about the answer."""
    if reading.reason != "no number":
        return reading
    newline = text.find("\n", start, end)
    follows = newline >= 0 and text[newline:end].strip() != ""
    if statement.kind == "hash":
        return None if follows else reading
    if statement.kind in ("line", "label") or _ABOUT_THE_ANSWER.match(text, statement.start, end):
        return None
    return None if _DIGIT.search(text, start, end) else reading


# --- other languages -----------------------------------------------------------------------

_LATIN = re.compile(
    r"""\b(?:respuesta|resposta|risposta|r[ée]ponse|antwort|l[öo]sung|ergebnis|antwoord|resultado
        |r[ée]sultat|risultato|resultaat|svar(?:et)?|odpowied[źz]|wynik|odpov[ěe][ďd]|v[ýy]sledek
        |cevap|cevab[ıi]|yan[ıi]t|sonu[çc]|jawaban(?:nya)?|hasil(?:nya)?|vastaus|v[áa]lasz
        |r[ăa]spuns(?:ul)?|rezultat(?:ul)?|jibu|đáp\ (?:án|số)|kết\ quả|câu\ trả\ lời|απάντηση
        |ответ|итого|відповідь|отговор|одговор)\b
        [^\n.!?:=\d]{0,40}?
        (?:[:=：]|\b(?:es|est|é|è|ist|lautet|beträgt|is|är|er|to|brzmi|je|on|este|adalah|là|ni
           |είναι|dir|равен|равно|составляет|serait|sería|será|sera|igual\ a|olarak)\b|[—–])
        (?=[^\n.!?:\d]{0,40}\d|\s*\$?\\boxed)
     |\b(?:cevap|cevab[ıi]|yan[ıi]t|sonu[çc]|vastaus|v[áa]lasz|jibu)\ [\s*_$]*+(?=[-−]?\d)""",
    re.IGNORECASE | re.VERBOSE,
)
# Pieces that every word above holds, however it is capitalised: a search a hundred times cheaper.
_LATIN_STEMS = (
    "pues", "espos", "ispos", "pons", "ntwo", "sung", "rgebn", "sult", "svar", "Svar", "SVAR",
    "dpow", "ynik", "dpo", "sled", "eva", "nıt", "nit", "onu", "waba", "asil", "asta", "lasz",
    "spuns", "zulta", "ibu", "đáp", "Đáp", "quả", "lời", "πάν", "твет", "того", "відп", "говор",
    "дговор",
)  # fmt: skip
_OTHER_SCRIPTS = re.compile(
    r"(?:答案|解答|回答|正解|答え|こたえ|結果|结果|答(?=[:：为為是])|정답|답|결과|الجواب|الإجابة|النتيجة"
    r"|जवाब|उत्तर|উত্তর|คำตอบ|ตอบ|సమాధానం|விடை|பதில்|התשובה|תשובה|پاسخ|جواب)"
    r"[^\n。.!?！？\d]{0,24}?[\s*_$\"'(\[]*+(?=[-−–]?[$€£¥₩]?\s?\\?(?:\d|boxed))"
)


def other_languages(text: str, start: int, end: int) -> list[Statement]:
    """Statements of the answer in other languages than English, near the end of the text."""
    start = max(start, end - MAX_STATEMENT)
    tail = text[start:end]
    found = []
    if any(stem in tail for stem in _LATIN_STEMS):
        found = [Statement(m.start(), "final", m.end()) for m in _LATIN.finditer(text, start, end)]
    if not text.isascii():
        matches = _OTHER_SCRIPTS.finditer(text, start, end)
        found += [Statement(m.start(), "final", m.end()) for m in matches]
    return sorted(found)[-MAX_STATEMENTS:]


# --- hedges, corrections, intermediate results ---------------------------------------------

_CORRECTION = re.compile(
    r"(?<![a-z])(?:wait|correction|correcting|corrected|oops|whoops|sorry|scratch that|on second thought"
    r"|hold on|let me (?:re|correct|fix|redo)|i (?:made|meant)|my (?:mistake|bad)|should (?:be|have)"
    r"|actually,? (?:no|it|that|the|i)|no, |revised|apologies|apologize|mistake)"
    r"|更正|等等|修正|訂正|не так|исправ|perdón|corrección|korrektur",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(
    r"[\s\W]*+(?:or|and|maybe|or maybe|perhaps|possibly|alternatively|otherwise|but (?:maybe|it could"
    r" be|possibly)|could also be|it (?:could|might) (?:also )?be|或|或者|または|또는|или|oder)\b",
    re.IGNORECASE,
)
_RETRACTED = re.compile(r"\b(?:wrong|incorrect|not right|not correct|a mistake)\b", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:total|altogether|sum|therefore|thus|hence|so|finally|final|combined|overall|in all"
    r"|conclusion|consequently|answer|result|then|since|gives|equals|value of)\b|所以|因此|总共|合计|合計",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"\b(?:if|or|either|maybe|perhaps|possibly|case|option)\b", re.IGNORECASE)
# What stands between "Final answer:" and the statement that it announces.
_LABEL_ONLY = re.compile(r"[\s*_$:`\\(\[{a]*+(?:[Tt]he )?(?:final |correct )?[a\\]?")
_NEW_TURN = re.compile(
    r"\n\s*(?:Human|User|Q|Question|Problem|Instruction|### ?(?:Instruction|Question|Input))\s*:"
)
# One look for whatever could hedge or correct, or is in another script; most texts end without.
# It begins with one character class so that the regex engine can skip along fast.
_CUE = re.compile(
    r"[^A-Za-z0-9](?:[Oo]r|[Mm]aybe|[Pp]erhaps|[Pp]ossibly|[Aa]lternatively|[Oo]therwise|[Bb]ut"
    r"|[Ii]t (?:could|might)|[Cc]ould|and\W{1,9}\d|[Ww]ait|[Cc]orrecti|[Cc]orrected|[Oo]ops|[Ww]hoops"
    r"|[Ss]orry|[Ss]cratch|[Oo]n second|[Hh]old on|[Ll]et me|I (?:made|meant)|[Mm]y (?:bad|mistake)"
    r"|[Ss]hould|[Aa]ctually|[Nn]o, |[Rr]evised|[Aa]polog|[Mm]istake)|[^\x00-\x7f]"
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


def _readings(
    text: str, found: list[Statement], end: int
) -> list[tuple[Statement, Reading]]:
    """The statements with what they say; a label that leads straight to the next is left out."""
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


def _resolve(
    text: str, stated: list[tuple[Statement, Reading]], start: int, end: int
) -> Answer:
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
    after = min(end, last.end + MAX_AFTER)
    if _CUE.search(text, last.end, after):
        return _after(text, statement, last, after)
    return _answer(statement, last)


def _answer(statement: Statement, reading: Reading, rule: str = "") -> Answer:
    span = (reading.start, reading.end)
    return Answer(reading.value, span, rule or statement.kind, True, "", reading.percent)


def _outermost(
    text: str, stated: list[tuple[Statement, Reading]]
) -> list[tuple[Statement, Reading]]:
    """The statements without those that say no number, or lead to the next one in their line."""
    kept: list[tuple[Statement, Reading]] = []
    for statement, reading in reversed(stated):
        if reading.value is None and kept:
            continue
        if kept and statement.kind != "hash":
            inner = kept[-1][0].mark
            between = text[statement.start : inner]
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
    return not _SENTENCE_END.search(between.strip()) and not _HEDGED.search(between)


def _disagreement(
    text: str, stated: list[tuple[Statement, Reading]], start: int, end: int
) -> Answer:
    """The answer of statements that differ: of the last one if it supersedes, else none."""
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
            (previous[1].start, last.end),
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
    if _CORRECTION.search(between) and different <= MAX_CORRECTED:
        return True
    kinds = {statement.kind for statement, _ in earlier}
    if kinds == {"boxed"}:
        return bool(_CONCLUDES.search(between)) and not _CONDITIONAL.search(between)
    return following[0].kind == "final" and kinds <= {"label", "phrase", "line", "boxed"}


def _after(text: str, statement: Statement, last: Reading, end: int) -> Answer:
    """The answer where words follow the last statement that could hedge or correct it."""
    tail = text[last.end : end]
    alternative = _ALTERNATIVE.match(tail)
    if alternative:
        sentence = _SENTENCE_END.search(tail, alternative.end())
        clause = plain(tail[alternative.end() : sentence.start() if sentence else len(tail)])
        other = next(scan(clause), None) or next(scan_words(clause), None)
        near = other is not None and len(clause[: other.start].split()) <= 3
        if other is not None and near and other.value is not None and last.value is not None:
            if not same(other.value, last.value):
                return Answer(None, (last.start, end), statement.kind, True, "a hedge")
    correction = _CORRECTION.search(tail)
    if correction is None:
        return _answer(statement, last)
    corrected = conclude(text, last.end + correction.end(), end)
    if corrected is not None:
        return corrected._replace(rule="correction", structured=True)
    if _RETRACTED.search(tail, correction.start(), correction.end() + 80):
        return Answer(None, (last.start, end), statement.kind, True, "an answer taken back")
    return _answer(statement, last)


# --- the concluding sentence ---------------------------------------------------------------

# List markers and quote marks at the start of a line, and bold marks: no part of the sentence.
_MARKUP = re.compile(
    r"^(?:[ \t]*+>)++|^[\s>*-]*+\d{1,3}[.)](?=\s+\S)|(?<!\d)\*\*|\*\*(?!\d)", re.MULTILINE
)
_ALTERNATIVELY = re.compile(r"\s*(?:or|alternatively|otherwise)\b", re.IGNORECASE)
_COURTESY = re.compile(
    r"\b(?:let me know|hope (?:this|that|it)|feel free|thank you|thanks|confidence|confident"
    r"|anything else|can i help|would you like|do you (?:want|have)|any (?:other )?questions)\b",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*|__([^_\n]{1,200})__")
_TOTAL_BEFORE = re.compile(
    r"\b(?:total|altogether|sum|result|overall|combined|in all|answer|therefore,?)\b\W*"
    r"(?:[A-Za-z']+[ :=]+){0,4}\W*$",
    re.IGNORECASE,
)
_TOTAL_AFTER = re.compile(
    r"\W*(?:[A-Za-z']+ ){0,4}(?:in total|altogether|in all|total|overall|combined)\b", re.IGNORECASE
)
_CIRCUMSTANCE = re.compile(
    r"\b(?:in|for|over|after|within|during|per|every|each|by|at|than|from|since|until|before|step"
    r"|part|day|week|month|year|question|problem|case|chapter|grade|method|level|number|no\.|all)"
    r"\s+(?:(?:the|a|an|his|her|their|its|those|these|all|next|last|first|past|only|another|about"
    r"|approximately|around|of|period|course|span)\s+)*+$|#$",
    re.IGNORECASE,
)
# "Three trucks are needed to transport 80 stones" is about three.
_OPENS_WITH_WORD = re.compile(
    r"\W*(?:so|thus|therefore|hence)?\W*(?:two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve)\b[^,]{0,40}\b(?:are|is|were|will be)\b",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r"\bto [a-z]+ (?:the |all |all the )?$")
_UNSOLVED = re.compile(r"[|^*+/(]|\w\s*-|\\[A-Za-z]")
_ITEM = re.compile(
    r"\s*(?:[-*•+]\s+)?[*_]*(?:\(?[A-Ha-h][).:]|\(?\d{1,3}[.)]|[-*•+]\s"
    r"|(?:option|choice|possibility|scenario|guess|attempt|candidate|try)\b)",
    re.IGNORECASE,
)
_CONCLUDING_ITEM = re.compile(
    r"=|\b(?:total|sum|altogether|in all|answer|result|final|so|therefore|thus|hence|overall"
    r"|combined|left|remaining)\b",
    re.IGNORECASE,
)
_VALUE_LINE = re.compile(r"\s*[-*•+]?\s*[*_$]*[-+]?[$€£]?[\d.,]+[*_$.]*\s*$")


def conclude(text: str, start: int, end: int) -> Answer | None:
    """The number of the last sentence that has one; None where there is no such sentence."""
    window = max(start, end - MAX_CONCLUSION)
    if window > start:  # begin at a word, never within a number
        if text[window].isdigit() and text[window - 1].isdigit():
            return _long_number(text, start, window, end)
        window = max(window, text.find(" ", window, end))
    for first, stop in _sentences(text, window, end):
        if stop - first > MAX_STATEMENT:  # begin at a word, never within a number
            first = stop - MAX_STATEMENT
            first = max(first, text.find(" ", first, stop))
        sentence = text[first:stop]
        if _COURTESY.search(sentence):
            continue
        if text[stop : stop + 1] in ("?", "？"):
            return Answer(None, (first, stop), "sentence", False, "a question is no answer")
        content = plain(_MARKUP.sub(_blanks, sentence))
        reading = _choose(content)
        if reading is not None:
            return _concluded(text, window, first, stop, content, reading)
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
    text: str, window: int, first: int, stop: int, content: str, reading: Reading
) -> Answer:
    span = _placed(reading, content, text, first, stop)
    if refusal := reading.reason or _unchosen(text, window, first, stop):
        return Answer(None, (span.start, span.end), "sentence", False, refusal)
    line_start = text.rfind("\n", window, first) + 1 or window
    bold = _bold(text, line_start, first, min(stop + 4, len(text)))
    if bold is not None and bold.value is not None:
        return Answer(bold.value, (bold.start, bold.end), "bold", True, "", bold.percent)
    return Answer(reading.value, (span.start, span.end), "sentence", False, "", reading.percent)


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences of text[start:end], from the last one back, as spans without their end."""
    stop = end
    for first in (max(start, end - MAX_STATEMENT), start):
        boundaries = [match.start() for match in _SENTENCE_END.finditer(text, first, stop)]
        for boundary in reversed(boundaries):
            if stop > boundary + 1:
                yield boundary + 1, stop
            stop = boundary
    if stop > start:
        yield start, stop


def _choose(content: str) -> Reading | None:
    """The number of a concluding sentence; a reading without value where it hedges."""
    numbers = [number for number in scan(content) if number.value is not None]
    if not numbers:
        reading = _read_words(content)
        return None if reading.value is None or reading.value == 1 else reading
    equals = content.rfind("=")
    if equals >= 0 and numbers[-1].start > equals:
        return _right_side(content, numbers, equals)
    if equals >= 0 and (_UNSOLVED.search(content, equals) or not content[equals + 1 :].strip()):
        return Reading(None, equals, len(content), "a formula that was not worked out")
    if _FORMULA.search(content):
        return Reading(None, 0, len(content), "a formula that was not worked out")
    index = _stands_out(content, numbers)
    if index < 0:
        return _read_words(content)
    number = numbers[index]
    for left, right in ((index - 1, index), (index, index + 1)):
        if left < 0 or right >= len(numbers):
            continue
        link = _link(content[numbers[left].end : numbers[right].start], numbers[right])
        if link not in ("text", "equals"):
            return Reading(None, numbers[left].start, numbers[right].end, link)
    if _NEGATED.search(content[max(0, number.start - 20) : number.start]):
        return Reading(None, number.start, number.end, "a number that the answer is not")
    return Reading(number.value, number.start, number.end, "", number.percent)


def _right_side(content: str, numbers: list[Number], equals: int) -> Reading:
    """The number after the last "=" of a sentence, or before it where an expression follows."""
    first = next(i for i, number in enumerate(numbers) if number.start > equals)
    if _UNSOLVED.search(content[equals + 1 : numbers[first].start]):
        return Reading(None, equals, len(content), "a formula that was not worked out")
    before = numbers[first - 1].start if first else numbers[first].start
    return read(" " * before + content[before:])


def _stands_out(content: str, numbers: list[Number]) -> int:
    """Index of the number that the sentence is about; -1 where that is the word it opens with."""
    for index, number in enumerate(numbers):
        if _TOTAL_AFTER.match(content, number.end):
            return index
        if _TOTAL_BEFORE.search(content[max(0, number.start - 60) : number.start]):
            following = numbers[index + 1] if index + 1 < len(numbers) else None
            if following is None or _link(content[number.end : following.start], following) in (
                "text",
                "equals",
            ):
                return index
    for index in reversed(range(len(numbers))):
        before = content[max(0, numbers[index].start - 40) : numbers[index].start]
        if numbers[index].currency or not _CIRCUMSTANCE.search(before):
            opens = _OPENS_WITH_WORD.match(content) and _PURPOSE.search(before)
            return -1 if opens and len(numbers) == 1 else index
    return len(numbers) - 1


def _unchosen(text: str, window: int, first: int, stop: int) -> str:
    """Why the sentence's line is one of a list of guesses or options; empty where it is not."""
    if _ALTERNATIVELY.match(text, first, stop) and _DIGIT.search(text, window, first):
        return "a hedge"
    line_start = text.rfind("\n", window, first) + 1 or window
    line = text[line_start:stop]
    earlier = text[window:line_start].rstrip().rpartition("\n")[2] if line_start > window else ""
    if not earlier or not _DIGIT.search(earlier):
        return ""
    if _VALUE_LINE.match(line) and _VALUE_LINE.match(earlier):
        return "" if _same_line(line, earlier) else "a list of numbers"
    if _ITEM.match(line) and _ITEM.match(earlier) and not _CONCLUDING_ITEM.search(line):
        return "a list with no choice made"
    return ""


def _same_line(line: str, other: str) -> bool:
    return line.strip(" \t*_$.-") == other.strip(" \t*_$.-")


def _bold(text: str, line_start: int, first: int, stop: int) -> Reading | None:
    """The one number in bold in a sentence, if there is exactly one."""
    readings = []
    for match in _BOLD.finditer(text, line_start, stop):
        if match.end() > first:
            content = plain(match[1] or match[2])
            reading = read(content)
            if reading.value is not None:
                readings.append(_placed(reading, content, text, *match.span(match.lastindex or 1)))
    return readings[0] if len(readings) == 1 else None
