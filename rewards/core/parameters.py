"""The parameters of a scorer: what its signature declares, and which values fit.

A rubric writes parameters in TOML, so a parameter's type is one that TOML can spell. What each one
means stands in the section "Args:" of the scorer's docstring.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, time
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rewards.core.errors import SpecError
from rewards.core.tables import Check, TableError, Wrong, fill

#: The ways a parameter may be typed; anything else has no spelling in a TOML rubric.
PARAMETER_TYPES = (
    "str, int, float, bool, Literal of strings, list[...], dict[str, ...], a frozen dataclass "
    "(a table) or None"
)
REQUIRED = inspect.Parameter.empty

_SAMPLE_KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_LISTS = (list, tuple, Sequence)  # TOML has one kind of list, and one of table
_TABLES = (dict, Mapping)
#: What a value that may be anything may be made of.
_PLAIN = (str, int, float, date, time, NoneType)

#: An entry of "Args:", the name and the beginning of what it means.
_ENTRY = r" {1,4}(\w+): (.*)"


def declared(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a scoring function, after the sample.

    Raises:
        SpecError: there is no sample, or a parameter that a rubric could not set.
    """
    where = f"{function.__module__}:{function.__qualname__}"
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in _SAMPLE_KINDS:
        raise SpecError(f"{where}: the first parameter of a scorer is the sample")
    rest = parameters[1:]
    for parameter in rest:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise SpecError(
                f"{where}: parameter {parameter.name!r} must be keyword-only; "
                "put a bare * after the sample"
            )
        if parameter.annotation is REQUIRED:
            raise SpecError(
                f"{where}: parameter {parameter.name!r} has no type; use {PARAMETER_TYPES}"
            )
    return {parameter.name: parameter for parameter in rest}


def hints_of(function: Callable[..., Any], where: str) -> dict[str, Any]:
    """The types of a function's parameters, their annotations resolved.

    Raises:
        SpecError: an annotation names what is not there at run time.
    """
    try:
        return get_type_hints(function)
    except NameError as error:
        raise SpecError(
            f"{where}: the annotation {error.name!r} cannot be resolved at run time; "
            "import it outside `if TYPE_CHECKING:`"
        ) from error


def documented(docstring: str | None) -> dict[str, str]:
    """What each parameter means, from the section "Args:" of a docstring.

    >>> documented('''Rule.
    ...
    ...     Args:
    ...         limit: characters
    ...             at most.
    ...         mode: how.
    ...
    ...     More.
    ...     ''')
    {'limit': 'characters at most.', 'mode': 'how.'}
    """
    _, section = _parted(docstring)
    found: dict[str, str] = {}
    name = ""
    for line in section:
        if entry := re.fullmatch(_ENTRY, line):
            name, found[entry[1]] = entry[1], entry[2]
        elif line.strip() and name:
            found[name] += f" {line.strip()}"
    return found


def without_arguments(docstring: str | None) -> str:
    """A docstring without its section "Args:", for who prints that apart."""
    rest, _ = _parted(docstring)
    return "\n".join(rest).replace("\n\n\n", "\n\n")


def _parted(docstring: str | None) -> tuple[list[str], list[str]]:
    """The lines of a docstring outside of its section "Args:", and those in it."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    if "Args:" not in lines:
        return lines, []
    start = lines.index("Args:")
    end = start + 1
    while end < len(lines) and not lines[end][:1].strip():  # until the margin is reached again
        end += 1
    return lines[:start] + lines[end:], lines[start + 1 : end]


def type_name(hint: Any) -> str:
    """How a parameter's type is written for people: `float`, `list[str]`, `"a" or "b"`.

    >>> type_name(Literal["linear", "cosine"]), type_name(Sequence[str] | None)
    ('"linear" or "cosine"', 'list[str] or nothing')
    """
    origin, args = get_origin(hint) or hint, get_args(hint)
    if origin is Literal:
        return " or ".join(f'"{choice}"' for choice in args)
    if origin in (Union, UnionType):
        return " or ".join(type_name(part) for part in args)
    if is_table(hint):
        return f"table of {', '.join(field.name for field in fields(hint))}"
    if origin in _LISTS:
        return f"list[{type_name(args[0])}]" if args else "list"
    if origin in _TABLES:
        return f"dict[str, {type_name(args[1])}]" if args else "dict"
    if hint in (NoneType, Any):
        return "nothing" if hint is NoneType else "anything"
    return str(getattr(hint, "__name__", hint))


def is_table(hint: Any) -> bool:
    """Whether a parameter of this type is a table whose keys a dataclass declares."""
    return isinstance(hint, type) and is_dataclass(hint)


def keys_of(table: Any) -> list[tuple[str, Any, str, Any]]:
    """The keys of a table: name, type, meaning, and default (`REQUIRED` where there is none)."""
    hints, meanings = get_type_hints(table), documented(table.__doc__)
    found = []
    for field in fields(table):
        default = _default(field)
        default = REQUIRED if default is MISSING else default
        found.append((field.name, hints[field.name], meanings.get(field.name, ""), default))
    return found


def fitting(hint: Any) -> Check:
    """The check of a parameter of this type, or of a key of a table that is one."""

    def check(value: Any) -> Any:
        try:
            return fitted(value, hint)
        except TypeError:
            raise Wrong(f"must be {type_name(hint)}") from None

    return check


def fitted(value: Any, hint: Any) -> Any:
    """`value` as `hint` wants it: an int where a float is wanted is a float, a tuple a list.

    Raises:
        TypeError: it does not fit. A bool is never taken for a number.
        TableError: no parameter can be of this type, or a key of a table is wrong.
    """
    origin, args = get_origin(hint) or hint, get_args(hint)
    if is_table(hint):
        return _filled(value, hint)
    if origin not in _FITTERS:
        raise TableError("", f"cannot be {hint!r}; use {PARAMETER_TYPES}")
    return _FITTERS[origin](value, args)


def tabled(value: Any, *, defaults: bool = False) -> Any:
    """A parameter's value as TOML holds it: a dataclass becomes a table, defaults left out."""
    if isinstance(value, type) or not is_dataclass(value):
        return value
    items = {field.name: getattr(value, field.name) for field in fields(value)}
    return {
        field.name: tabled(items[field.name], defaults=defaults)
        for field in fields(value)
        if defaults or items[field.name] != _default(field)
    }


def _any_of(value: Any, parts: Sequence[Any]) -> Any:
    for part in parts:
        try:
            return fitted(value, part)
        except TypeError:
            continue
    raise TypeError


def _one_of(value: Any, choices: Sequence[Any]) -> Any:
    if isinstance(value, str) and value in choices:
        return value
    raise TypeError


def _number(value: Any, _: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        raise TypeError from None
    if not math.isfinite(number):
        raise TypeError
    return number


def _whole(value: Any, _: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _exactly(kind: type) -> Callable[[Any, Any], Any]:
    def fit(value: Any, _: object) -> Any:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return fit


def _list(value: Any, args: Sequence[Any]) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return [fitted(item, args[0] if args else Any) for item in value]


def _table(value: Any, args: Sequence[Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError
    return {key: fitted(item, args[1] if args else Any) for key, item in value.items()}


def _anything(value: Any, _: object) -> Any:
    """A set has no order and an object no spelling: two rubrics of them could not be compared."""
    if isinstance(value, list | tuple):
        return _list(value, ())
    if isinstance(value, Mapping):
        return _table(value, ())
    if not isinstance(value, _PLAIN):
        raise Wrong(
            "must be what TOML can say: text, numbers, true or false, dates, lists and tables"
        )
    return value


_FITTERS: dict[Any, Callable[[Any, Sequence[Any]], Any]] = {
    Any: _anything,
    Union: _any_of,
    UnionType: _any_of,
    Literal: _one_of,
    float: _number,
    int: _whole,
    str: _exactly(str),
    bool: _exactly(bool),
    NoneType: _exactly(NoneType),
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_TABLES, _table),
}


def _filled(value: Any, table: Any) -> Any:
    """A table as the frozen dataclass that declares its keys; what it does not say is default."""
    given = tabled(value)
    if not isinstance(given, Mapping):
        raise TypeError
    hints = get_type_hints(table)
    return fill(
        table, given, {field.name: (fitting(hints[field.name]),) for field in fields(table)}
    )


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
