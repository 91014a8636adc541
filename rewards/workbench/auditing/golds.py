r"""What is right on a row, and of which kind that is: a number, a text, JSON, calls, a program.

The kind is told by the reference itself and by what stands beside it in the metadata, so that it is
known for scorers of one's own, too.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from rewards.core.sample import Sample
from rewards.reading.answer import given
from rewards.reading.quantities.numbers import same
from rewards.reading.text import Pattern
from rewards.rubric import Rubric
from rewards.rubric.reference import with_reference

Kind = Literal["number", "text", "object", "calls", "query", "program"]

#: A number as a reference writes it: sign, currency, digits with separators, at most two words.
_NUMBER = Pattern(
    r"[$€£¥]?\s?[-+−]?[$€£¥]?(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{1,30})?"
    r"(?: ?%|(?: [A-Za-z]{1,20}){0,2})"
)
_DIGITS = Pattern(r"[-+−]?[$€£¥]?[\d,]*\.?\d+")
_QUERY = Pattern(r"(?i)\s*(?:select|with|values)\b")
_WORDS = Pattern(r"\w+")
_SPACES = Pattern(r"\s+")

#: Fields in which a data set keeps the worked solution beside a bare reference.
_SOLUTIONS = ("reference_answer", "solution", "answer", "rationale", "response")


@dataclass(frozen=True, slots=True)
class Gold:
    """What is right: `final` as it would be stated, `solution` the worked text that ends in it.

    `start` is where `final` begins in the solution. `value` is what an object or calls hold.
    """

    kind: Kind
    final: str
    solution: str = ""
    start: int = 0
    value: Any = None
    others: tuple[str, ...] = ()

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        """The calls, where it is calls."""
        return list(self.value) if self.kind == "calls" else []

    def with_end(self, final: str) -> str:
        """The worked solution with another end; empty where there is none."""
        if not self.solution:
            return ""
        return self.solution[: self.start] + final + self.solution[self.start + len(self.final) :]

    def is_answered_by(self, text: str) -> bool:
        """Whether a bare answer says the same: the same value, or the same words.

        >>> Gold("number", "36,000").is_answered_by("36000")
        True
        """
        return any(_alike(self.kind, final, text) for final in (self.final, *self.others))

    def agrees_with(self, text: str) -> bool:
        """Whether a bare answer is right, or of an object right in more than a fifth of its leaves.

        >>> Gold("object", "", value={"a": 1, "b": 2}).agrees_with('{"a": 1, "b": 3}')
        True
        """
        if self.is_answered_by(text):
            return True
        if self.kind != "object":
            return False
        try:
            said = set(_leaves(json.loads(text)))
        except (ValueError, RecursionError):
            return False
        wanted = set(_leaves(self.value))
        return len(said & wanted) > len(wanted) / 5

    def is_mentioned_in(self, text: str) -> bool:
        """Whether a text names it anywhere: the same number, or the same words.

        >>> Gold("number", "36,000").is_mentioned_in("36000 or 5")
        True
        >>> Gold("text", "A").is_mentioned_in("As you like")
        False
        """
        if self.kind == "number":
            wanted = plain_number(self.final)
            return any(_same_digits(found, wanted) for found in _DIGITS.findall(text))
        words = f" {' '.join(_WORDS.findall(text.casefold()))} "
        finals = (self.final, *self.others)
        named = (" ".join(_WORDS.findall(final.casefold())) for final in finals)
        return any(name and f" {name} " in words for name in named)


def plain_number(final: str) -> str:
    """A number in digits alone: without separators, currency and unit.

    >>> plain_number("$36,000"), plain_number("72 clips"), plain_number("-5")
    ('36000', '72', '-5')
    """
    found = _DIGITS.search(final)
    if found is None:
        return final
    return "".join(c for c in found[0].replace("−", "-") if c not in ",$€£¥+")


def gold_of(sample: Sample, row: Mapping[str, Any], rubric: Rubric) -> Gold | None:
    """What is right on a row by its own reference, as the rubric finds it; None where nothing says.

    `row` is the row as the file has it: the worked solution may stand in another of its fields.
    """
    paths = rubric.spec.reference
    narrowed = with_reference(sample, paths) if paths else sample
    reference = narrowed.reference_answer
    if program := _program(sample, reference, rubric):
        return Gold("program", program)
    calls = sample.metadata.get("reference_calls")
    if calls is not None or _uses(rubric, "tools"):
        found = _calls(calls if calls is not None else reference)
        return None if found is None else Gold("calls", _json(found), value=found)
    if reference is None or (isinstance(reference, str) and not reference.strip()):
        return None
    reference = _label(reference, rubric)
    if isinstance(reference, str):
        return _of_text(reference, sample, row)
    if isinstance(reference, bool | int | float):
        return _worked(Gold("number", _json(reference)), row)
    if isinstance(reference, list) and reference and all(map(_is_scalar, reference)):
        texts = [item if isinstance(item, str) else _json(item) for item in reference]
        if not _uses(rubric, "json_schema"):
            return Gold(_kind(texts[0]), texts[0], others=tuple(texts[1:]))
    if (found := _calls(reference)) is not None and _looks_like_calls(reference):
        return Gold("calls", _json(found), value=found)
    return Gold("object", _json(reference), value=reference)


def _of_text(reference: str, sample: Sample, row: Mapping[str, Any]) -> Gold:
    text = reference.strip()
    if _QUERY.match(text) and "schema" in sample.metadata:
        return Gold("query", text.rstrip(";"))
    if text[:1] in "{[":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict | list):
            is_calls = isinstance(value, list) and _looks_like_calls(value)
            return Gold("calls" if is_calls else "object", text, value=value)
    if marked := _marked(reference):
        start, final = marked
        return Gold(_kind(final), final, reference, start)
    return _worked(Gold(_kind(text), text), row)


def _worked(gold: Gold, row: Mapping[str, Any]) -> Gold:
    """The same with the worked solution of another field, where that ends in the same answer."""
    for name in _SOLUTIONS:
        text = row.get(name)
        if isinstance(text, str) and (marked := _marked(text)):
            start, final = marked
            if _alike(gold.kind, gold.final, final):
                # The end of the solution as it is written there: it may differ from the reference.
                return Gold(gold.kind, final, text, start, others=(gold.final,))
    return gold


def _marked(text: str) -> tuple[int, str] | None:
    r"""Where a worked solution marks its answer, and the answer.

    >>> _marked("48 + 24 = 72\n#### 72"), _marked("So \\boxed{\\frac{1}{2}}."), _marked("Paris")
    ((18, '72'), (10, '\\frac{1}{2}'), None)
    """
    at = text.rfind("####")
    if at >= 0:
        line = text[at + 4 :].split("\n", 1)[0]
        start = at + 4 + len(line) - len(line.lstrip())
        return (start, line.strip()) if line.strip() else None
    at = text.rfind("\\boxed{")
    if at >= 0:
        start, depth = at + 7, 1
        for end in range(start, len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                return (start, text[start:end]) if text[start:end].strip() else None
    start, end = text.rfind("<answer>"), text.rfind("</answer>")
    if 0 <= start < end:
        body = text[start + 8 : end]
        lead = len(body) - len(body.lstrip())
        return (start + 8 + lead, body.strip()) if body.strip() else None
    return None


def _kind(final: str) -> Kind:
    return "number" if _NUMBER.fullmatch(final.strip()) else "text"


def _same_digits(one: str, other: str) -> bool:
    try:
        return abs(Decimal(plain_number(one))) == abs(Decimal(other))
    except InvalidOperation:
        return False


def _alike(kind: Kind, one: str, other: str) -> bool:
    if kind == "number":
        left, right = given(one), given(other)
        if left and right and left.value is not None and right.value is not None:
            return same(left.value, right.value)
    if kind == "object":
        try:
            return bool(json.loads(one) == json.loads(other))
        except (ValueError, RecursionError):
            return False
    return _SPACES.sub(" ", one).strip().casefold() == _SPACES.sub(" ", other).strip().casefold()


def _label(reference: Any, rubric: Rubric) -> Any:
    """The label that a reference by its place means, where the rubric's scorer counts."""
    for component in rubric.components:
        first = component.params.get("index_from")
        choices: Sequence[str] = component.params.get("choices", ())
        if first is not None and type(reference) is int and 0 <= reference - first < len(choices):
            return choices[reference - first]
    return reference


def _uses(rubric: Rubric, family: str) -> bool:
    return any(one.scorer.partition(".")[0] == family for one in rubric.spec.component)


def _program(sample: Sample, reference: object, rubric: Rubric) -> str:
    """The solution of a row whose answer is a program; empty where it is none."""
    names = [str(one.params.get("solution_key", "")) for one in rubric.components]
    for name in filter(None, names):
        if isinstance(found := sample.metadata.get(name), str) and found.strip():
            return found
    if any(names) or {"tests", "entry_point", "test_list"} & sample.metadata.keys():
        solution = sample.metadata.get("solution", reference)
        if isinstance(solution, str) and _is_program(solution):
            return solution
    return ""


def _is_program(text: str) -> bool:
    try:
        return any(
            isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.parse(text).body
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _calls(reference: object) -> list[dict[str, Any]] | None:
    """A reference as calls to make; of lists of acceptable values the first ones."""
    if isinstance(reference, str):
        try:
            reference = json.loads(reference)
        except (ValueError, RecursionError):
            return None
    items = [reference] if isinstance(reference, Mapping) else reference
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        return None
    found = [list(_call(item)) for item in items]
    return [call for calls in found for call in calls] if all(found) else None


def _call(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    inner = item.get("function")
    if isinstance(inner, Mapping):
        item = inner
    name = item.get("name", item.get("tool_name"))
    if isinstance(name, str):
        arguments = item.get("arguments", item.get("parameters", {}))
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments)
            except (ValueError, RecursionError):
                arguments = {}
        yield {"name": name, "arguments": arguments if isinstance(arguments, Mapping) else {}}
        return
    for name, accepted in item.items():  # BFCL: {name: {argument: [acceptable values]}}
        if isinstance(accepted, Mapping):
            yield {"name": name, "arguments": _firsts(accepted)}


def _firsts(accepted: Mapping[str, Any]) -> dict[str, Any]:
    """The first acceptable value of each argument, without those that may be left out."""
    first = {k: _first(v[0]) if isinstance(v, list) and v else v for k, v in accepted.items()}
    return {k: v for k, v in first.items() if v != ""}


def _first(value: Any) -> Any:
    """An acceptable value, the alternatives inside of it settled, too."""
    if isinstance(value, list):
        return [_first(item) for item in value]
    return _firsts(value) if isinstance(value, Mapping) else value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where each leaf stands, and what it is."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}/{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}/{place}")
    else:
        yield path, repr(value)


def _looks_like_calls(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(
        isinstance(item, Mapping) and "name" in item and {"arguments", "parameters"} & item.keys()
        for item in items
    )


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
