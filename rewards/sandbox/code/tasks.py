"""What a row of data asks of a program: its tests in one of four forms, and the code around it."""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import MissingReferenceError, UnusableDataError
from rewards.reading.structured.programs import parsed
from rewards.sandbox.code.judging import Asserts, Pairs, Tests
from rewards.sandbox.code.plain import NotPlainError, written

#: Cases of one row; each costs a call, or a program where it reads from stdin.
MAX_CASES = 1_000


@dataclass(frozen=True, slots=True)
class TaskFields:
    """The names of the fields that hold what."""

    tests: str = "tests"
    inputs: str = "inputs"
    outputs: str = "outputs"
    entry_point: str = "entry_point"
    preamble: str = "preamble"
    solution: str = "solution"


@dataclass(frozen=True, slots=True)
class Task:
    """The tests, the code that stands before the answer, and a reference solution or ""."""

    tests: Tests
    preamble: str = ""
    solution: str = ""


def task_of(
    metadata: Mapping[str, Any],
    reference: object,
    keys: TaskFields,
    *,
    mutates: bool,
    tolerance: float,
) -> Task:
    """Read the fields of a row; the reference may hold them too, or be the tests.

    Raises:
        MissingReferenceError: there are no tests.
        UnusableDataError: a field is not what it should be.
    """
    fields: Mapping[str, Any] = metadata
    if isinstance(reference, Mapping):
        fields = {**reference, **metadata}
    elif reference and not fields.get(keys.tests) and not fields.get(keys.inputs):
        fields = {**metadata, keys.tests: reference}
    preamble = _text(fields, keys.preamble)
    entry_points = _names(fields, keys.entry_point)
    solution = _text(fields, keys.solution)
    if fields.get(keys.tests):
        tests: Tests = Asserts(_test_text(fields[keys.tests], keys.tests), preamble, entry_points)
    elif fields.get(keys.inputs):
        tests = _pairs(fields, keys, entry_points, mutates, tolerance)
    else:
        raise MissingReferenceError(
            f'there are no tests: put "{keys.tests}", or "{keys.inputs}" and "{keys.outputs}", '
            "into the metadata"
        )
    return Task(tests, preamble, in_place(preamble, solution) if solution else "")


def in_place(preamble: str, program: str) -> str:
    r"""A program behind its preamble, which it may repeat, or go on with.

    >>> in_place("def f(x):\n", "    return x\n")
    'def f(x):\n    return x\n'
    >>> in_place('def f(x):\n    "Doubles."\n', "def f(x):\n    return 2 * x")
    'def f(x):\n    "Doubles."\n\ndef f(x):\n    return 2 * x'
    """
    if not preamble.strip():
        return program
    apart = preamble.rstrip() + "\n\n" + program
    if isinstance(parsed(program), ast.Module):
        # A program of its own: a preamble that ends in an open function only leads up to it.
        return apart if isinstance(parsed(preamble), ast.Module) else program
    joined = preamble + program
    if preamble.rstrip(" \t").endswith("\n") or isinstance(parsed(joined), ast.Module):
        return joined
    return preamble + "\n" + program


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise UnusableDataError(f'"{key}" must be text, got {type(value).__name__}')
    return value or ""


def _names(fields: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = fields.get(key) or ()
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UnusableDataError(f'"{key}" must be the name of a function, or a list of names')
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise UnusableDataError(f'"{key}" must be the name of a function, got {value!r}')
    return tuple(names)


def _test_text(value: object, key: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    raise UnusableDataError(f'"{key}" must be text or a list of assert statements')


def _pairs(
    fields: Mapping[str, Any],
    keys: TaskFields,
    entry_points: tuple[str, ...],
    mutates: bool,
    tolerance: float,
) -> Pairs:
    inputs, outputs = fields[keys.inputs], fields.get(keys.outputs)
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise UnusableDataError(f'"{keys.inputs}" and "{keys.outputs}" must be lists')
    if len(inputs) != len(outputs) or len(inputs) > MAX_CASES:
        raise UnusableDataError(
            f'"{keys.inputs}" has {len(inputs)} items and "{keys.outputs}" {len(outputs)}: they '
            f"must be as many, {MAX_CASES:,} at the most"
        )
    if not entry_points:
        if not all(isinstance(text, str) for text in [*inputs, *outputs]):
            raise UnusableDataError(
                f'without "{keys.entry_point}", inputs and outputs are texts of stdin and stdout'
            )
        return Pairs(tuple(inputs), tuple(outputs))
    if len(entry_points) not in (1, len(inputs)):
        raise UnusableDataError(f'"{keys.entry_point}" must be one name, or one per input')
    functions = entry_points * len(inputs) if len(entry_points) == 1 else entry_points
    given = tuple(_arguments(item, keys.inputs) for item in inputs)
    wanted = tuple(json.dumps(item) for item in outputs)
    return Pairs(given, wanted, functions, mutates, tolerance)


def _arguments(item: object, key: str) -> str:
    if not isinstance(item, list | dict):
        raise UnusableDataError(
            f'"{key}" must be lists of arguments (or tables of them by name), got an item of type '
            f"{type(item).__name__}: write [[1, 2], [3, 4]]"
        )
    args, named = (item, {}) if isinstance(item, list) else ([], item)
    try:
        return f"[{written(args)},{written(named)}]"
    except NotPlainError as error:
        raise UnusableDataError(f'an item of "{key}" is too long: {error}') from None
