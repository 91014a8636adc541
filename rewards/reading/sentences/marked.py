r"""Explicit statements of an answer: where their marks stand, and what they say.

`#### 72`, `\boxed{72}`, `<answer>72</answer>`, `{"answer": 72}`, "the answer is 72", "Final answer:
72", a line "A: 72", and the same said in other languages. Marks are found from the end of the
text, a bounded number of each, with plain string searches.
"""

import re
from typing import NamedTuple

from rewards.reading.plain import plain
from rewards.reading.sentences.clause import MAX_STATEMENT, Reading, placed, read_clause
from rewards.reading.sentences.foreign import read_told, told
from rewards.reading.sentences.phrases import SENTENCE_END, phrased
from rewards.reading.sentences.prose import choose, conclude
from rewards.reading.sentences.single import read_single
from rewards.reading.text import Pattern

# Statements of one kind looked at, from the last one back: more than this is spam, and one that
# differs among the last few is enough to refuse it.
MAX_STATEMENTS = 32


class Statement(NamedTuple):
    """An explicit statement: where its mark stands, its kind, and where its content begins."""

    mark: int
    kind: str
    start: int


_DIGIT = Pattern(r"\d")
_DIGIT_RUN = Pattern(r"[0-9]*+")
_DECORATION = Pattern(
    r"(?:[\s*_`\"':(\[{=]|->|(?:(?<=[=\n])|(?<=\n ))>|>(?![=\s$(-]*\d)|\$(?!-?\d)"
    r"|<(?=[-\d.,]++>)|\\[(\[,; ]"
    r"|\\(?:text|mathbf|boxed|displaystyle|n)(?=[{\s\\])){0,100}+"
)
# The common statement: an integer with nothing but closing marks after it, to the end of the text,
# the line or the sentence. It is what the long way round reads too (a property test holds the two
# together), at a tenth of the time.
_PLAIN = Pattern(
    r" ?\$?(-?[0-9]{1,15})(?:\.0{1,9})?[*_$`})\]\"']*+(?:\.(?=\s)|\.?(?=\n)|[.*_$`})\]\"']*+\s*+\Z)"
)
_PLAIN_BOX = Pattern(r"\{(-?[0-9]{1,15})(?:\.0{1,9})?\}")
_BOX = Pattern(
    r"\s*+\{((?:[^{}]++|\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\})*+)\}", re.DOTALL
)
_BARE_BOX = Pattern(r"\s*+(?!\{)([-+]?[\d.,]++)")
_ANSWER = phrased(
    r"""nswer(?:
        (?P<tag>>)
      | s?(?P<label>["'*_`)\]]*+\s*+(?:\([^()\n]{0,40}\)\s*+)?["'*_`)\]]*+\s*+[:=：])
      | s?\ (?P<refusal>
            depends|varies|cannot|can't|can\ not|could\ not|is\ (?:unknown|impossible))\b
      | s?[*_]*+(?P<phrase>
            (?:,?\ (?:<concludes|THEREFORE>|then|finally|now|here|that\ we\ get|we\ get),?)?
            (?:\ (?:to|for|of|in|with|after|from)\ [^\n:=.!?,]{1,60}?)?
            [*_]*+\ +[*_]*+
            (?:is|was|are|equals|(?:will|would|should|must|can|<COULD>)\ be|comes\ (?:out\ )?to
              |turns\ out\ to\ be)\b
            (?:\ (?:also|simply|indeed|<concludes|THEREFORE>))?[:\s]?)
      | s?(?P<heading>["'*_`)\]#]*+[ \t]*+\n)
    )""",
    re.VERBOSE,
)
_FINAL = Pattern(r"(?:final|correct|overall|ultimate)[\s_-]*+[*_]*+a?\Z", re.IGNORECASE)
# "the first answer was 48" speaks of one answer among several.
_ANOTHER = phrased(r"(?:first|second|third|next|previous|other|another|each|<WRONG>)\s++a\Z")
_CANNOT = Pattern(r"\b(?:cannot|can't|can not|unable to|is no)\s++a\Z", re.IGNORECASE)
# "There is no answer", but not "no answer key" or "cannot answer more than 5 calls".
_CANNOT_ENDS = Pattern(r"nswers?(?:[.;!\n]|\Z|\s(?:this|that|the question|it)\b)")
_OPENS_TAG = Pattern(r"<(?:final[_ -]?)?a\Z", re.IGNORECASE)
_ABOUT_THE_ANSWER = phrased(
    r"\W{0,20}+(?:<RIGHT|WRONG>|(?:reasonable|as follows|given|found|obtained|shown|above|below"
    r"|clear|simply|then|the same|in)\b)"
)
_HEADING = phrased(
    r"[\s*_]*+(?:(?:step|part|method|section|question|problem|example|phase|stage|note|approach"
    r"|explanation|solution|verification|check)\b|<CASE>|\d++[.)]\s++[A-Z])"
)
_NOTHING = Pattern(r"(?:null|none|nan|undefined|unknown|true|false|n/a)\b", re.IGNORECASE)
_EMPTY = Pattern(r"[\"']?,")
_LETTER = Pattern(r"[^\W\d_]")


def statements(text: str, start: int, end: int) -> list[Statement]:
    """The explicit statements of text[start:end], in order; the last of each kind where many."""
    found: list[Statement] = []
    # One character is found ten times faster than five: most texts lack the rarer ones.
    if "#" in text:
        for position in _positions(text, "####", start, end):
            if not position or text[position - 1] not in "`\"'":  # a mention, not a mark
                found.append(Statement(position, "hash", position + 4))
    if "\\" in text:
        boxes = _positions(text, "boxed", start, end) or _positions(text, "\\fbox", start, end)
        for position in boxes:
            found.append(Statement(position, "boxed", position + 5))
    if "w" in text:
        for position in _positions(text, "nswer", start, end):
            found.extend(_answer_statement(text, position, start, end))
    if "W" in text:
        for position in _positions(text, "ANSWER", start, end):
            found.extend(_answer_statement(text, position + 1, start, end))
    if ":" in text:
        for position in _positions(text, "\nA:", start, end):
            found.append(Statement(position, "line", position + 3))
        if text.startswith("A:", start, end):
            found.append(Statement(start, "line", start + 2))
    if len(found) > 1:
        found.sort()
    return found


#: The rules of `Answer` that read a mark.
MARKED = frozenset(
    ("hash", "boxed", "tag", "label", "phrase", "final", "line", "refusal", "language")
)
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
        refused = _CANNOT_ENDS.match(text, position, end) and _CANNOT.search(
            text, max(start, position - 20), position
        )
        return [Statement(position, "refusal", position)] if refused else []
    before = text[max(start, position - 14) : position]
    if match["tag"]:
        opened = _OPENS_TAG.search(before)
        return [Statement(position, "tag", match.end())] if opened else []
    if match["heading"] and not _DIGIT.match(text, _past_decoration(text, match.end(), end)):
        return []
    if _ANOTHER.search(before):
        return []
    if match["refusal"]:
        return [Statement(position, "refusal", match.end())]
    kind = "final" if _FINAL.search(before) else ("phrase" if match["phrase"] else "label")
    return [Statement(position, kind, match.end())]


def read_statement(text: str, statement: Statement, end: int) -> Reading | None:
    """What an explicit statement says; None where it turns out to be no statement at all."""
    kind = statement.kind
    if kind == "language":
        return read_told(text, statement.start, end)
    if kind == "boxed":
        return _read_box(text, statement.start, end)
    if kind == "tag":
        return _read_tag(text, statement.start, end)
    if kind == "refusal":
        return Reading(None, statement.mark, statement.start, "no answer is given")
    start = statement.start
    if kind == "hash" and _is_heading(text, start, end):
        return None
    if kind == "line" and text.find("\nB", start, end) >= 0:  # option A of several
        return None
    simple = _PLAIN.match(text, start, end)
    if not simple:
        start = _past_decoration(text, start, end)
        simple = _PLAIN.match(text, start, end)
    if simple:
        return Reading(int(simple[1]), simple.start(1), simple.end(1))
    line = text[start : _line_end(text, start, end)]
    content = plain(line)
    reading = read_clause(content, spaced_minus=True)
    lead = content[: reading.start]
    if _is_sentence(lead):
        sentence = SENTENCE_END.search(content, reading.end)
        reading = choose(content[: sentence.start()] if sentence else content) or reading
    reading = placed(reading, content, text, start, start + len(line))
    if _NOTHING.match(lead):
        return Reading(None, start, start + len(lead), "no answer is given")
    if kind in ("line", "label"):
        if _EMPTY.match(lead):
            return Reading(None, start, start + len(lead), "no answer is given")
        if _LETTER.search(lead) and _DIGIT.search(text, reading.end, end):
            return None  # "Answer: She sold 48 in April. ..." opens a solution
    if reading.value is None:
        return _valueless(text, statement, reading, start, end)
    return reading


def _line_end(text: str, start: int, end: int) -> int:
    """Where the line that starts here ends: at its end, at the next mark, or at the bound."""
    stop = _stop(text, start, end)
    newline = text.find("\n", start, stop)
    if newline >= 0:
        stop = newline
    mark = text.find("####", start, stop)
    return stop if mark < 0 else mark


def _read_box(text: str, start: int, end: int) -> Reading:
    simple = _PLAIN_BOX.match(text, start, end)
    if simple:
        return Reading(int(simple[1]), start + 1, simple.end(1))
    stop = _stop(text, start, end)
    box = _BOX.match(text, start, stop) or _BARE_BOX.match(text, start, stop)
    if box is None:
        return Reading(None, start, start, "a box that is not closed")
    content = plain(box[1].replace("~", " "))  # LaTeX's space that no line breaks at
    return placed(read_single(content), content, text, *box.span(1))


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
    return placed(read_single(content), content, text, start, stop)


def _stop(text: str, start: int, end: int) -> int:
    """Where reading a statement stops: a bounded way on, but never within a run of digits."""
    stop = start + MAX_STATEMENT
    if stop >= end:
        return end
    run = _DIGIT_RUN.match(text, stop, end)
    return min(end, (run.end() if run else stop) + 1)


def _is_heading(text: str, start: int, end: int) -> bool:
    """Whether `####` opens a heading (Markdown) instead of giving the answer: text follows it."""
    if not _HEADING.match(text, start, end):
        return False
    newline = text.find("\n", start, end)
    return newline >= 0 and _DIGIT.search(text, newline, end) is not None


def _is_sentence(lead: str) -> bool:
    """Whether the number stands in a sentence of its own ("she sold 72"), not behind a mark."""
    if lead.rstrip().endswith((":", "=", " is", " are", " of", " or")):
        return False
    return len(lead.split()) > 1 and _LETTER.search(lead) is not None


def _past_decoration(text: str, start: int, end: int) -> int:
    decoration = _DECORATION.match(text, start, end)
    return decoration.end() if decoration else start


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


def other_languages(text: str, start: int, end: int) -> list[Statement]:
    """Statements of the answer in other languages than English, near the end of the text."""
    found = told(text, start, end)
    return [Statement(mark, "language", at) for mark, at in found[-MAX_STATEMENTS:]]
