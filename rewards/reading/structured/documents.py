"""The JSON document that a completion holds: bare, in a code fence, or in prose.

The last document of the answer (the completion after its thinking) counts, well-formed or not:
a model may draft and correct itself, and gains nothing from offering several. Braces in strings,
fences of other languages and brackets in prose are not mistaken for documents.

A document is well-formed where it is JSON (RFC 8259) that any reader takes alike: no NaN or
Infinity, no key twice in an object, no lone surrogate, and within the limits below, which a
megabyte of brackets passes and no answer of a model comes near.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from rewards.reading.content import ANSWER_TAG, content_span
from rewards.reading.text import MAX_ANSWER_CHARS, code_spans

#: Python's JSON reader recurses, and so does the validator, whose stack ends the process when it
#: runs out (at some ten thousand levels). No document that a model is asked for is this deep.
MAX_DEPTH = 100

#: Python refuses to convert longer integers (4,300 digits), and other readers far shorter ones.
MAX_DIGITS = 400

#: Values of a document, empty objects and lists included: each is compared and perhaps validated.
MAX_VALUES = 20_000

#: Documents of one answer; of more than one the last counts, so a list of drafts gains nothing.
MAX_DOCUMENTS = 1_000

#: Brackets and strings of one answer: each is a step on the way to the last document.
MAX_MARKS = 100_000

#: Code fences that may hold a document; JSON in a fence of another language is a part of a program.
JSON_FENCES = frozenset({"", "json", "jsonc", "json5", "javascript", "js", "text", "plaintext"})

# A brace or bracket that starts JSON, or something meant as JSON; "{name}" and "[see 1]" do not.
_START = re.compile(r"\{(?=\s*+[\"'}])|\[(?=\s*+(?:[\"'{\[\]\-0-9]|true|false|null))")
# What matters between the start of a document and its end: whole strings, brackets, and a quote
# that is never closed. Possessive: an unclosed string is read once.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}"]', re.DOTALL)
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR_STARTS = ('"', "-", *"0123456789", "true", "false", "null")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class Document(NamedTuple):
    """The document that counts: its value, or the flaw that makes the completion malformed."""

    value: Any = None
    flaw: str = ""
    documents: int = 0
    span: tuple[int, int] | None = None
    shown: str | None = None


class _Region(NamedTuple):
    """Where a document may stand: from an opening bracket to the one that closes it."""

    start: int
    end: int
    depth: int
    closed: bool


def read_document(completion: str, opener: str = "", *, alone: bool = False) -> Document:
    """The last document that starts with `opener` ("{", "[", "" for any), or else the last at all.

    With `alone`, text around the document, but for a code fence and tags, is a flaw. Linear in the
    text.

    >>> read_document('Sure: {"a": 1}. Wait, [2]: {"a": [3]}', "{").value
    {'a': [3]}
    >>> read_document('{"a": 1, "a": 2}').flaw
    'malformed JSON: a key stands twice in one object'
    """
    start, end = content_span(completion)
    scalar = None if opener else _scalar(completion[start:end].strip())
    if scalar is not None:
        return scalar
    if _marks(completion, start, end) > MAX_MARKS:
        return Document(flaw=f"malformed JSON: more than {MAX_MARKS:,} brackets and strings")
    regions = list(islice(_regions(completion, start, end), MAX_DOCUMENTS + 1))
    wanted = [region for region in regions if completion.startswith(opener, region.start)]
    if not regions:
        return Document(flaw="no JSON in the answer")
    if len(regions) > MAX_DOCUMENTS:
        flaw = f"malformed JSON: more than {MAX_DOCUMENTS:,} documents"
        return Document(None, flaw, len(wanted or regions))
    last = (wanted or regions)[-1]
    text = completion[last.start : last.end]
    value, flaw = _parsed(text, last)
    if not flaw and alone and not _stands_alone(completion, start, end, last):
        flaw = "text around the JSON"
    span = (last.start, last.end)
    return Document(value, flaw, len(wanted or regions), span, text[:MAX_ANSWER_CHARS])


def _marks(text: str, start: int, end: int) -> int:
    """At most how many brackets open and strings stand in a stretch, counted without reading it."""
    quotes = text.count('"', start, end)
    return text.count("{", start, end) + text.count("[", start, end) + quotes // 2


def _regions(text: str, start: int, end: int) -> Iterator[_Region]:
    """Every region in prose and in fences that may hold JSON, in order; linear in the text."""
    position = start
    for language, body_start, body_end in code_spans(text[start:end]):
        yield from _regions_within(text, position, start + body_start)
        if language.casefold() in JSON_FENCES:
            yield from _regions_within(text, start + body_start, start + body_end)
        position = start + body_end
    yield from _regions_within(text, position, end)


def _regions_within(text: str, start: int, end: int) -> Iterator[_Region]:
    """The regions of one stretch; one that is never closed takes the rest of it."""
    while opening := _START.search(text, start, end):
        depth = deepest = 0
        close = 0
        for token in _TOKEN.finditer(text, opening.start(), end):
            mark = token[0]
            if mark == "{" or mark == "[":
                depth += 1
                deepest = max(deepest, depth)
            elif mark == "}" or mark == "]":
                depth -= 1
                if depth == 0:
                    close = token.end()
                    break
            elif mark == '"':
                break
        start = close or end
        yield _Region(opening.start(), start, deepest, bool(close))


def _scalar(answer: str) -> Document | None:
    """The document of an answer that is a string, a number, true, false or null, and no more."""
    for language, start, end in code_spans(answer)[:1]:
        if language.casefold() in JSON_FENCES:
            answer = answer[start:end].strip()
    if not answer.startswith(_SCALAR_STARTS):
        return None
    value, flaw = _parsed(answer, _Region(0, len(answer), 0, True))
    return None if flaw else Document(value, "", 1, None, answer[:MAX_ANSWER_CHARS])


def _parsed(text: str, region: _Region) -> tuple[Any, str]:  # long: its hooks share `flaws`
    """The value of a document and "", or None and what makes it malformed."""
    if not region.closed:
        return None, "malformed JSON: never closed"
    if region.depth > MAX_DEPTH:
        return None, f"malformed JSON: more than {MAX_DEPTH} levels deep"
    if _has_too_many_values(text):
        return None, f"malformed JSON: more than {MAX_VALUES:,} values"
    flaws: list[str] = []

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            flaws.append("a key stands twice in one object")
        return found

    def whole(digits: str) -> int:
        if len(digits) > MAX_DIGITS:
            flaws.append(f"a number of more than {MAX_DIGITS} digits")
            return 0
        return int(digits)

    def decimal(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            flaws.append("a number out of range")
        return value

    def constant(name: str) -> float:
        flaws.append(f"{name} is no JSON number")
        return 0.0

    try:
        value = json.loads(
            text,
            object_pairs_hook=table,
            parse_int=whole,
            parse_float=decimal,
            parse_constant=constant,
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return None, f"malformed JSON: {error.msg} at character {error.pos:,}"
    except UnicodeEncodeError:
        return None, "malformed JSON: a lone surrogate"
    return (None, f"malformed JSON: {flaws[0]}") if flaws else (value, "")


def _has_too_many_values(text: str) -> bool:
    """Whether a document has too many values: all but the first of a container follow a comma."""
    return text.count(",") >= MAX_VALUES and _STRING.sub("", text).count(",") >= MAX_VALUES


def _stands_alone(text: str, start: int, end: int, region: _Region) -> bool:
    before, after = text[start : region.start].strip(), text[region.end : end].strip()
    before = before.removeprefix(f"<{ANSWER_TAG}>").strip()
    fenced = before.startswith("```") and before[3:].casefold() in JSON_FENCES and after == "```"
    return fenced or not (before or after)
