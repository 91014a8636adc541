"""Plain data as text: None, bool, numbers, text, bytes, and containers of these; nothing else.

(And the names of their classes, and numbers that stand for things which stay where they are.)

JSON in which everything that JSON lacks is a pair of a letter and its content. The text of this
module also runs inside the sandboxes, which is why it imports little and stands alone.
"""

import json

MAX_PLAIN_CHARS = 65_536
MAX_PLAIN_DEPTH = 60
_CONTAINERS = (("l", list), ("t", tuple), ("s", set), ("f", frozenset))


#: Classes that may be told by name: tests hand them to programs.
_CLASSES: dict[str, type] = {
    c.__name__: c for c in (bool, int, float, complex, str, bytes, list, tuple, set, dict)
}


class Handle:
    """A thing that stays in its world: what the call of that number returned there."""

    def __init__(self, number: int) -> None:
        """Keep the number under a name that no thing has."""
        object.__setattr__(self, "__handle__", number)


class NotPlainError(ValueError):
    """A value that is no plain data, is nested too deep, or whose text is too long."""


def written(value: object) -> str:
    """A value as text of at most `MAX_PLAIN_CHARS`.

    An instance of a subclass is written as what it holds: a Counter as a dict.

    Raises:
        NotPlainError: it is, or contains, something else, or is too much.

    >>> written([1, (2.5, None), {"a": b"x"}, {3}])
    '["l",[1,["t",[2.5,null]],["d",[["a",["b","eA=="]]]],["s",[3]]]]'
    """
    text = json.dumps(_form(value, 0, [0]), separators=(",", ":"))
    if len(text) > MAX_PLAIN_CHARS:
        raise NotPlainError(f"{len(text)} characters")
    return text


def read_plain(text: str) -> object:
    """The value that a text was written from.

    Raises:
        NotPlainError: no value was: the text comes from a program that writes its own.

    >>> read_plain('["t",[1,["c",[0.0,2.0]]]]')
    (1, 2j)
    """
    if len(text) > MAX_PLAIN_CHARS:
        raise NotPlainError(f"{len(text)} characters")
    try:
        return _value(json.loads(text), 0)
    except NotPlainError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise NotPlainError(str(error)[:200]) from None


def _form(value: object, depth: int, seen: list[int]) -> object:
    seen[0] += 1
    if depth > MAX_PLAIN_DEPTH or seen[0] > MAX_PLAIN_CHARS:
        raise NotPlainError("too deep or too long")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        if int.bit_length(value) > 4_000:
            return ["i", hex(value)]
        return int.__index__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, str):
        return "".join([value])
    if isinstance(value, complex):
        return ["c", [value.real, value.imag]]
    if isinstance(value, bytes | bytearray):
        from binascii import b2a_base64

        return ["b", b2a_base64(value, newline=False).decode("ascii")]
    if isinstance(value, Handle):
        return ["h", object.__getattribute__(value, "__handle__")]
    if isinstance(value, type) and value in _CLASSES.values():
        return ["y", value.__name__]
    if isinstance(value, dict):
        pairs = [(k, v) for k, v in value.items()]
        return ["d", [[_form(k, depth + 1, seen), _form(v, depth + 1, seen)] for k, v in pairs]]
    for letter, kind in _CONTAINERS:
        if isinstance(value, kind):
            return [letter, [_form(item, depth + 1, seen) for item in value]]
    raise NotPlainError(type(value).__name__)


def _value(form: object, depth: int) -> object:
    if depth > MAX_PLAIN_DEPTH:
        raise NotPlainError("too deep")
    if not isinstance(form, list):
        if isinstance(form, dict):
            raise NotPlainError("no form of a value")
        return form
    if len(form) != 2 or not isinstance(form[0], str):
        raise NotPlainError("no form of a value")
    letter, content = form
    if letter == "h" and type(content) is int:
        return Handle(content)
    if letter == "y" and content in _CLASSES:
        return _CLASSES[content]
    if letter in ("i", "b") and isinstance(content, str):
        if letter == "i":
            return int(content, 16)
        from binascii import a2b_base64

        return a2b_base64(content.encode("ascii"), strict_mode=True)
    if not isinstance(content, list):
        raise NotPlainError("no form of a value")
    if letter == "c" and len(content) == 2 and all(type(part) is float for part in content):
        return complex(*content)
    if letter == "d":
        return {_value(key, depth + 1): _value(item, depth + 1) for key, item in content}
    items = [_value(item, depth + 1) for item in content]
    for name, kind in _CONTAINERS:
        if letter == name:
            return kind(items)
    raise NotPlainError("no form of a value")
