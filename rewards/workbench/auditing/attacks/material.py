"""What attacks know: the answers of the whole data set, and the words that a rubric looks for."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import CodeType
from typing import Any

from rewards.core.scorer import Scorer
from rewards.rubric import Rubric
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.corruptions import (
    constant_query,
    letters_changed,
    number_of,
    other_tool,
    others,
    returns_nothing,
)
from rewards.workbench.auditing.forms import Completion
from rewards.workbench.auditing.golds import Kind
from rewards.workbench.auditing.reading import FormsRead

#: Constants that are tried: the most common references.
MAX_CONSTANTS = 20
#: More different references are no labels.
MAX_LABELS = 30
#: A word of a rubric that is longer is a sentence.
MAX_WORD_CHARS = 40
MAX_WORDS = 200
#: Lengths that a rubric may name, and how many of them.
MAX_LENGTH, MAX_LENGTHS = 3_000, 12


_TAG = re.compile(r"</?([A-Za-z][\w-]{0,30})>")
_LITERAL = re.compile(r"[^\W\d_][\w '-]{2,38}|<[\w/-]{2,30}>|[#*=:]{2,8}")


class Material:
    """What is known of the rows and of the rubric together: see `attack.Known`."""

    def __init__(
        self, rubric: Rubric, cases: Sequence[Case], read: Mapping[Kind, FormsRead]
    ) -> None:
        """Look at every case once."""
        self._read = read
        prompts = [case.sample.prompt_text for case in cases]
        swapped = others([case.gold for case in cases], prompts)
        self._others = {case.line: other for case, other in zip(cases, swapped, strict=True)}
        counts = Counter(case.gold.final for case in cases if len(case.gold.final) < 2_000)
        common = [final for final, _ in counts.most_common(MAX_CONSTANTS)]
        self.constants = tuple(common)
        self.majority = common[0] if common and counts[common[0]] > 1 else ""
        are_labels = all(case.gold.kind in ("number", "text") for case in cases)
        are_labels = are_labels and 2 * len(counts) <= len(cases)
        self.labels = tuple(sorted(counts)) if are_labels and len(counts) <= MAX_LABELS else ()
        self.lengths = tuple(dict.fromkeys(_lengths(rubric)))[:MAX_LENGTHS]
        self.by_state = any(one.scorer.address == "tools.state" for one in rubric.components)
        self.words = tuple(dict.fromkeys(words_of(rubric)))[:MAX_WORDS]
        self.tags = tuple(
            dict.fromkeys(
                [tag for word in self.words for tag in _TAG.findall(word)] + _tags(rubric)
            )
        )

    def state(self, case: Case, stated: str) -> Completion:
        """A bare answer in the form that is read best: no worked solution, which gives steps."""
        short = self._read[case.gold.kind].short
        return short.make(case.gold, stated) or Completion(stated)

    def other(self, case: Case) -> str | None:
        """The right answer of another row, that is wrong on this one."""
        return self._others[case.line]

    def wrong(self, case: Case) -> str:
        """A bare answer that is wrong on the row, and of its kind."""
        gold = case.gold
        if (value := number_of(gold)) is not None:
            return far_from(value)
        if gold.kind == "text" and (other := self.other(case)):
            return other
        for corrupt in (letters_changed, other_tool, constant_query, returns_nothing):
            if (found := corrupt(gold)) is not None:
                return found
        return "[]" if gold.kind != "calls" else '[{"name": "nothing", "arguments": {}}]'


def far_from(value: Decimal) -> str:
    """A number that is near to no answer, and in whose digits none of the right one's stands.

    >>> far_from(Decimal(72)), far_from(Decimal(0)), far_from(Decimal(1234567890))
    ('986543', '98765', '78213580358760')
    """
    digits = f"{abs(value):f}"
    others = [digit for digit in "987654321" if digit not in digits]
    length = len(digits.partition(".")[0]) + 4
    if not others:
        return f"{(abs(value).to_integral_value() + 13) * 63_353 + 1:f}"
    return "".join(others[place % len(others)] for place in range(length))


def _tags(rubric: Rubric) -> list[str]:
    return [
        tag
        for component in rubric.components
        for tag in component.params.get("tags", ())
        if isinstance(tag, str)
    ]


def _lengths(rubric: Rubric) -> Iterator[int]:
    """The whole numbers that a rubric names, and a little more: lengths, perhaps in characters."""
    for component in rubric.components:
        named = list(component.params.values())
        code = getattr(component.scorer.function, "__code__", None)
        if ":" in component.scorer.address and isinstance(code, CodeType):
            named += [c for at in _nested(code) for c in at.co_consts]
        for value in named:
            if type(value) is int and 5 <= value <= MAX_LENGTH:
                yield value + value // 10 + 1
                yield value // 5 + 2


def _nested(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of what is defined inside of it."""
    todo = [code]
    while todo:
        at = todo.pop()
        yield at
        todo += [constant for constant in at.co_consts if isinstance(constant, CodeType)]


def words_of(rubric: Rubric) -> Iterator[str]:
    """The words that a rubric names: in its parameters, and in the code of scorers of one's own."""
    for component in rubric.components:
        yield from _strings(component.params)
        if ":" in component.scorer.address:
            yield from _of_code(component.scorer)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if 0 < len(value) <= MAX_WORD_CHARS:
            yield value
        yield from _LITERAL.findall(value[:4_000])
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in sorted(value, key=repr)[:MAX_WORDS]:
            yield from _strings(item)
    elif isinstance(value, re.Pattern):
        yield from _strings(value.pattern)


def _of_code(scorer: Scorer[..., Any]) -> Iterator[str]:
    """The strings in a scorer's code, and in what it names of its module; nothing is run."""
    code = getattr(scorer.function, "__code__", None)
    if not isinstance(code, CodeType):
        return
    docstring = scorer.function.__doc__
    names: list[str] = []
    for at in _nested(code):
        names += at.co_names
        for constant in at.co_consts:
            if constant != docstring:
                yield from _strings(constant)
    module = getattr(scorer.function, "__globals__", {})
    for name in dict.fromkeys(names):
        value = module.get(name)
        if isinstance(value, str | tuple | list | set | frozenset | dict | re.Pattern):
            yield from _strings(value)
        called = getattr(value, "__code__", None)
        if isinstance(called, CodeType) and getattr(value, "__module__", "") == scorer.__module__:
            yield from _strings([c for c in called.co_consts if c != value.__doc__])
