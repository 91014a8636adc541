"""The values of tool calls: JSON, Python literals, and the untyped text of XML.

Nothing is evaluated. Bounded before it is parsed, and what cannot be read is no value.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from rewards.reading.text import Pattern

#: Characters of a text that is parsed as Python: a list of calls, not a program.
MAX_PYTHON_CHARS = 20_000

_SEPARATOR = Pattern(r"[\s;,]*")


class _Unreadable(Exception):
    """A node that is no literal."""


def json_values(text: str) -> Iterator[Any]:
    """The JSON values that a text consists of, one behind the other; None where one is broken.

    >>> list(json_values('{"a": 1}; [2]')), list(json_values('{"a": 1} and'))
    ([{'a': 1}, [2]], [{'a': 1}, None])
    """
    decoder = json.JSONDecoder(parse_constant=_refused, object_pairs_hook=_once)
    position = _end_of_space(text, 0)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield None
            return
        yield value
        position = _end_of_space(text, position)


def _end_of_space(text: str, position: int) -> int:
    found = _SEPARATOR.match(text, position)
    return found.end() if found else position


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: readers differ on which of two would count."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def arguments_of(value: Any) -> dict[str, Any] | None:
    """Arguments as an object, or as a text that holds one; None where they are neither.

    >>> arguments_of('{"a": 1}'), arguments_of(""), arguments_of([1])
    ({'a': 1}, {}, None)
    """
    if isinstance(value, str):
        found = list(json_values(value))
        value = {} if not found else found[0] if len(found) == 1 else None
    return dict(value) if isinstance(value, Mapping) else None


def typed(text: str, name: str, schema: Mapping[str, Any]) -> Any:
    """The value that an untyped text stands for, by the schema of its parameter.

    Without a schema JSON is read where it is JSON, else the text stays. A text that does not fit
    its type stays text: nothing is coerced that the schema does not ask for.

    >>> typed("3", "n", {"properties": {"n": {"type": "string"}}}), typed("3", "n", {})
    ('3', 3)
    """
    properties = schema.get("properties")
    about = properties.get(name) if isinstance(properties, Mapping) else None
    kind = about.get("type") if isinstance(about, Mapping) else None
    kinds = {k for k in kind if isinstance(k, str)} if isinstance(kind, list) else {kind}
    if kinds & {"string", "any"} and not kinds & {"array", "object"}:
        return text.removeprefix("\n").removesuffix("\n")
    body = text.strip()
    lowered = {"True": "true", "False": "false", "None": "null"}.get(body, body)
    found = list(json_values(lowered))
    if len(found) == 1 and (found[0] is not None or lowered == "null"):
        return found[0]
    if body[:1] in ("[", "{", "("):
        try:
            return _literal(ast.parse(body[:MAX_PYTHON_CHARS], mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError, _Unreadable):
            return text
    return text


def python_calls(
    text: str,
) -> list[tuple[str, list[Any], list[tuple[str, Any]]]] | None:
    """The calls of a Python list, of a tuple or of lines: name, positional and named arguments.

    None where the text is no such thing, or an argument is no literal.

    >>> python_calls("[a.b(1, x='y'), c()]")
    [('a.b', [1], [('x', 'y')]), ('c', [], [])]
    """
    if len(text) > MAX_PYTHON_CHARS:
        return None
    try:
        tree = ast.parse(text.strip())
        found: list[ast.expr] = []
        for statement in tree.body:
            value = getattr(statement, "value", None)
            if isinstance(value, ast.Call) and _dotted(value.func) == "print":
                value = value.args[0] if len(value.args) == 1 else None
            if not isinstance(value, ast.expr):
                return None
            found += value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
        return [_call(node) for node in found]
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Unreadable):
        return None


def _call(node: ast.expr) -> tuple[str, list[Any], list[tuple[str, Any]]]:
    if not isinstance(node, ast.Call):
        raise _Unreadable
    named = [(word.arg, _literal(word.value)) for word in node.keywords if word.arg is not None]
    if len(named) != len(node.keywords):
        raise _Unreadable
    return _dotted(node.func), [_literal(argument) for argument in node.args], named


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise _Unreadable


_WORDS = {"true": True, "false": False, "null": None}


def _literal(node: ast.expr) -> Any:
    """A literal's value; tuples and sets as lists, `true` and `null` as Python's own."""
    match node:
        case ast.Constant(value=str() | int() | float() | None):
            return node.value
        case ast.List() | ast.Tuple() | ast.Set():
            return [_literal(item) for item in node.elts]
        case ast.Dict() if None not in node.keys:
            keys = [_literal(key) for key in node.keys if key is not None]
            values = [_literal(value) for value in node.values]
            if all(isinstance(key, str) for key in keys):
                return dict(zip(keys, values, strict=True))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=number)):
            if isinstance(number, int | float) and not isinstance(number, bool):
                return -number if isinstance(node.op, ast.USub) else number
        case ast.Name() if node.id in _WORDS:
            return _WORDS[node.id]
    raise _Unreadable
