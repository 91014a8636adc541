"""Dataclasses read from TOML tables: a field carries its own check, an error its dotted key."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field
from typing import Any, ClassVar, Protocol, TypeVar

from rewards.errors import did_you_mean
from rewards.job.errors import ConfigError


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=_Dataclass)

#: A check returns the value as the configuration holds it, or raises ValueError with what is
#: expected, and perhaps the nearest that there is; `read` adds the key and the value.
Check = Callable[[Any], Any]

#: Longer than any text that belongs into a configuration.
MAX_TEXT = 2048


def key(check: Check, default: Any = MISSING) -> Any:
    """A field that `read` fills from the key of the same name; without `default` it is required."""
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata={"check": check})
    return field(default=default, metadata={"check": check})


def read(cls: type[T], table: object) -> T:
    """Fill the dataclass `cls` from `table`.

    Raises:
        ConfigError: starting with the dotted key; the value and what is expected, or the nearest
            spelling of a key that is not known.
    """
    # A field without a check is not the file's to fill.
    known = {name: item for name, item in cls.__dataclass_fields__.items() if item.metadata}
    if not isinstance(table, Mapping):
        raise ValueError(f"must be a table with the keys {', '.join(known)}")
    for name in table:
        if name not in known:
            raise ConfigError(f"{name} is not a key that is known{did_you_mean(name, known)}")
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name not in table:
            if item.default is MISSING and item.default_factory is MISSING:
                raise ConfigError(f"{name} is missing")
            continue
        try:
            values[name] = item.metadata["check"](table[name])
        except ConfigError as error:  # from a sub-table, whose message starts with its own key
            raise ConfigError(f"{name}.{error}") from None
        except ValueError as error:
            expected, *nearest = error.args
            raise ConfigError(f"{name} {expected}, got {table[name]!r}{''.join(nearest)}") from None
    return cls(**values)


def table_of(cls: type[T]) -> Check:
    """A sub-table that is itself a dataclass."""

    def check(value: Any) -> T:
        return read(cls, value)

    return check


def text(
    pattern: str = r"(?s:.+)", *, longest: int = MAX_TEXT, form: str = "non-empty text"
) -> Check:
    """A string that matches `pattern` as a whole; `form` says in words what that is."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: Any) -> str:
        too_long = isinstance(value, str) and len(value) > longest
        if not isinstance(value, str) or too_long or not compiled.fullmatch(value):
            bounded = too_long or longest < MAX_TEXT
            bound = f" of at most {longest} characters" if bounded else ""
            raise ValueError(f"must be {form}{bound}")
        return value

    return check


def whole(low: int, high: int | None = None) -> Check:
    """A whole number within the bounds, both included."""
    bounds = f"of at least {low}" if high is None else f"from {low} to {high}"

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f"must be a whole number {bounds}")
        if high is not None and value > high:
            raise ValueError(f"must be a whole number {bounds}")
        return value

    return check


def number(low: float, high: float | None = None) -> Check:
    """A finite number within the bounds, both included."""
    bounds = f"of at least {low:g}" if high is None else f"from {low:g} to {high:g}"

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number {bounds}")
        if not math.isfinite(value) or value < low or (high is not None and value > high):
            raise ValueError(f"must be a number {bounds}")
        return float(value)

    return check


def flag(value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def choice(*choices: Any) -> Check:
    """One of a closed set of values."""
    listed = " or ".join(f'"{item}"' if isinstance(item, str) else str(item) for item in choices)

    def check(value: Any) -> Any:
        # 1 == True in Python, and a boolean is never meant where a number or a word is.
        if isinstance(value, bool) or value not in choices:
            close = did_you_mean(value, choices) if isinstance(value, str) else ""
            raise ValueError(f"must be {listed}", close if "did you mean" in close else "")
        return value

    return check


def many(item: Check, *, most: int) -> Check:
    """A list of at most `most` values; a single value is a list of one."""

    def check(value: Any) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not 0 < len(values) <= most:
            raise ValueError(f"must be a list of 1 to {most} values")
        return tuple(item(entry) for entry in values)

    return check
