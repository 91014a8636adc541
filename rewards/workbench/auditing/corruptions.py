"""How a right answer is made wrong: always another answer than the row's, in the same form."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from rewards.job.preflight import corrupted
from rewards.workbench.auditing.golds import Gold, plain_number

#: From a gold to a bare answer that is wrong; None where there is none.
Corrupt = Callable[[Gold], str | None]

_NO_PROGRAM = "def solve(*args, **kwargs):\n    return None\n"


def number_of(gold: Gold) -> Decimal | None:
    """The value of a number; None where it is none."""
    if gold.kind != "number":
        return None
    try:
        return Decimal(plain_number(gold.final))
    except InvalidOperation:
        return None


def _with_value(gold: Gold, change: Callable[[Decimal], Decimal]) -> str | None:
    value = number_of(gold)
    if value is None:
        return None
    changed = change(value)
    return None if changed == value else f"{changed:f}"


def plus(by: int) -> Corrupt:
    """The number and `by` more.

    >>> plus(1)(Gold("number", "$1,000")), plus(1)(Gold("text", "Paris"))
    ('1001', None)
    """
    return lambda gold: _with_value(gold, lambda value: value + by)


def times(factor: str) -> Corrupt:
    """The number times a factor; None for 0."""
    return lambda gold: _with_value(gold, lambda value: value * Decimal(factor))


def letters_changed(gold: Gold) -> str | None:
    """Every letter and digit another: of a text, of the leaves of an object, of a query."""
    if gold.kind == "object":
        return json.dumps(_leaves_changed(gold.value), ensure_ascii=False)
    if gold.kind in ("text", "number", "query"):
        return corrupted(gold.final)
    return None


def _leaves_changed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _leaves_changed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_leaves_changed(item) for item in value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return corrupted(value) if isinstance(value, str) and value else "?"


def empty_object(gold: Gold) -> str | None:
    """The empty object or list, where the right one is not."""
    if gold.kind != "object" or not gold.value:
        return None
    return "[]" if isinstance(gold.value, list) else "{}"


def _calls_changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Corrupt:
    def corrupt(gold: Gold) -> str | None:
        if gold.kind != "calls":
            return None
        calls = [dict(call) for call in gold.calls]
        changed = [change(call) for call in calls]
        return None if changed == calls else json.dumps(changed, ensure_ascii=False)

    return corrupt


other_tool = _calls_changed(lambda call: {**call, "name": f"other_{call['name']}"})
other_arguments = _calls_changed(
    lambda call: {**call, "arguments": _leaves_changed(call.get("arguments", {}))}
)


def no_calls(gold: Gold) -> str | None:
    """No call, where there should be some."""
    return "[]" if gold.kind == "calls" and gold.value else None


def constant_query(gold: Gold) -> str | None:
    """A query that returns one row of nobody's."""
    return "SELECT 'wrong', -1" if gold.kind == "query" else None


def returns_nothing(gold: Gold) -> str | None:
    """A program whose functions return None, whatever they are asked."""
    return _emptied(gold.final) if gold.kind == "program" else None


def breaks(gold: Gold) -> str | None:
    """A program that does not parse."""
    return f"{gold.final}\n)" if gold.kind == "program" else None


def raises(gold: Gold) -> str | None:
    """A program that ends with an error before it has defined anything."""
    return f"raise ValueError\n{_NO_PROGRAM}" if gold.kind == "program" else None


def _emptied(program: str) -> str:
    import ast

    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "    return None\n"  # the body of a function that the prompt began
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        function.body = [ast.Return(ast.Constant(None))]
    return f"{ast.unparse(tree)}\n" if functions else _NO_PROGRAM


CORRUPTIONS: Mapping[str, Corrupt] = {
    "off by one": plus(1),
    "times ten": times("10"),
    "sign changed": times("-1"),
    "every letter changed": letters_changed,
    "empty object": empty_object,
    "another tool": other_tool,
    "other arguments": other_arguments,
    "no call": no_calls,
    "constant query": constant_query,
    "returns None": returns_nothing,
    "does not parse": breaks,
    "raises": raises,
}


def others(golds: Sequence[Gold], prompts: Sequence[str]) -> list[str | None]:
    """For each row the answer of the next row that asks something else and is answered otherwise.

    >>> others([Gold("text", "a"), Gold("text", "A"), Gold("text", "b")], ["p", "q", "r"])
    ['b', 'b', 'a']
    """
    found: list[str | None] = []
    for place, gold in enumerate(golds):
        rest = _after(place, len(golds))
        found.append(
            next(
                (
                    golds[other].final
                    for other in rest
                    if golds[other].kind == gold.kind
                    and prompts[other] != prompts[place]
                    and not gold.agrees_with(golds[other].final)
                ),
                None,
            )
        )
    return found


def _after(place: int, count: int) -> Iterator[int]:
    """The places after one, round the end; the first hundred."""
    return ((place + step) % count for step in range(1, min(count, 100)))
