"""A program before its tests: which programs to run, what to compare, what it comes to.

A judgement is a generator of steps, so that those of a batch go side by side (`batches`). The
program's world and the tests' are never the same.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rewards.core.errors import UnusableDataError
from rewards.sandbox.code.asserts import AssertTests, TestsError, assert_tests, walk_calls
from rewards.sandbox.code.batches import Steps, ended, of_time
from rewards.sandbox.code.guest import TestsStopped
from rewards.sandbox.code.plain import Handle, NotPlainError, read_plain, written
from rewards.sandbox.code.protocol import FunctionCall, Outcome, Program, Returned

#: Rounds of tests in which a call depends on what an earlier one returned.
MAX_ROUNDS = 40

#: Pages of calls that the tests tell, and the characters of each: quoted twice they fit a value.
_PAGES, _PAGE_CHARS = 8, 24_000

#: What a program may return to its tests in all.
MAX_ANSWERS_CHARS = 2_000_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """How many of the tests held; whether the program compiles; its fuel; the first failure."""

    passed: int
    total: int
    compiled: bool
    fuel: int = 0
    why: str = ""
    answered: bool = True

    @property
    def all_passed(self) -> bool:
        """Every test ran, and held."""
        return self.passed == self.total > 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Inputs and what they must lead to; written arguments of `functions`, or texts for stdin.

    `outputs` are JSON for functions, one of which is called with each input.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    functions: tuple[str, ...] = ()
    mutates: bool = False
    tolerance: float = 1e-9


@dataclass(frozen=True, slots=True)
class Asserts:
    """Tests as text: see `assert_tests`."""

    tests: str
    preamble: str = ""
    entry_points: tuple[str, ...] = ()


Tests = Pairs | Asserts


def judged(source: str, tests: Tests) -> Steps[Judgement]:
    """Judge one program; `UnusableDataError` where the tests are at fault."""
    if isinstance(tests, Asserts):
        try:
            prepared = assert_tests(tests.tests, tests.preamble, tests.entry_points)
        except TestsError as error:
            raise UnusableDataError(str(error)) from None
        return (yield from _by_asserts(source, prepared))
    if tests.functions:
        return (yield from _by_calls(source, tests))
    return (yield from _by_texts(source, tests))


def checked(source: str, tests: Tests, solution: str) -> Steps[Judgement]:
    """As `judged`, and the data is at fault where its own solution does not pass."""
    if solution and (tests, solution) not in _SOUND:
        reference = yield from judged(solution, tests)
        if not reference.all_passed:
            raise UnusableDataError(f"the reference solution fails its tests: {reference.why}")
        if len(_SOUND) >= MAX_KEPT:
            _SOUND.clear()
        _SOUND.add((tests, solution))
    return (yield from judged(source, tests))


#: What is known of the data of the last rollouts: those of a prompt share it.
MAX_KEPT = 256
_SOUND: set[tuple[Tests, str]] = set()


def _by_texts(source: str, pairs: Pairs) -> Steps[Judgement]:
    outcomes = yield [Program(source, stdin=text) for text in pairs.inputs]
    held, whys, fuel = [], [], 0
    for number, (outcome, wanted) in enumerate(zip(outcomes, pairs.outputs, strict=True), 1):
        found = of_time(outcome)
        fuel += found.fuel
        right = found.ended == "done" and _lines(found.output) == _lines(wanted)
        held.append(right)
        if not right:
            what = _told(found) if found.ended != "done" else "another output"
            whys.append(f"input {number}: {what}")
    compiled = all(of_time(outcome).ended != "syntax" for outcome in outcomes)
    return Judgement(sum(held), len(held), compiled, fuel, (whys or [""])[0])


def _lines(text: str) -> list[str]:
    """Lines without the space at their ends, and without empty ones at the text's."""
    return [line.rstrip() for line in text.strip().split("\n")]


def _by_calls(source: str, pairs: Pairs) -> Steps[Judgement]:
    calls = tuple(FunctionCall(*pair) for pair in zip(pairs.functions, pairs.inputs, strict=True))
    found = yield from ended(Program(source, calls, keep_arguments=pairs.mutates))
    whys, passed, answered = [], 0, False
    for number, wanted in enumerate(pairs.outputs):
        why = _told(found)
        if number < len(found.returned):
            returned = found.returned[number]
            answered |= _is_answer(returned)
            why = returned.error or "another value"
            if not returned.error and _is_wanted(returned, json.loads(wanted), pairs):
                passed += 1
                continue
        whys.append(f"case {number + 1}: {why}")
    if found.ended != "done":
        passed = min(passed, len(pairs.outputs) - 1)
    why = (whys or [_told(found) if found.ended != "done" else ""])[0]
    return Judgement(passed, len(pairs.outputs), found.ended != "syntax", found.fuel, why, answered)


def _is_answer(returned: Returned) -> bool:
    """Whether a call came to plain data: what only stands for a thing earns no share."""
    return not returned.error and not (returned.value or "").startswith('["h"')


def _is_wanted(returned: Any, wanted: Any, pairs: Pairs) -> bool:
    try:
        if not pairs.mutates:
            return same(read_plain(returned.value), wanted, pairs.tolerance)
        given: Any
        given, _ = (
            read_plain(json.dumps(form)) for form in json.loads(returned.arguments or "null")
        )
        return same(given[0], wanted, pairs.tolerance)
    except (NotPlainError, ValueError, TypeError, IndexError, KeyError):
        return False


def same(value: Any, wanted: Any, tolerance: float) -> bool:
    """Whether a value is the one that JSON says: a tuple is a list there, a key a string.

    >>> same((1, 2.0000000001), [1, 2], 1e-9), same(True, 1, 0.0), same({1: "a"}, {"1": "a"}, 0.0)
    (True, False, True)
    """
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        if isinstance(wanted, int) and isinstance(value, int):
            return value == wanted
        try:
            return value == wanted or math.isclose(value, wanted, rel_tol=tolerance, abs_tol=0.0)
        except OverflowError:
            return False
    if isinstance(wanted, list) and isinstance(value, list | tuple):
        pairs = zip(value, wanted, strict=False)
        return len(value) == len(wanted) and all(same(v, w, tolerance) for v, w in pairs)
    if isinstance(wanted, dict) and isinstance(value, dict):
        texts = {k if isinstance(k, str) else str(k): v for k, v in value.items()}
        return (
            len(texts) == len(value)
            and texts.keys() == wanted.keys()
            and all(same(texts[key], item, tolerance) for key, item in wanted.items())
        )
    return type(value) is type(wanted) and bool(value == wanted)


@dataclass(slots=True)
class _Round:
    """What the tests did with the answers that they had."""

    verdict: dict[str, Any]
    calls: list[tuple[str, str]] = field(default_factory=list)


_VERDICT = (FunctionCall.of("__verdict__", _PAGE_CHARS),)
#: Each call costs, so that these are asked for where the first has no room for what they tell.
_ALL_PAGES = tuple(FunctionCall.of("__page__", number, _PAGE_CHARS) for number in range(_PAGES))

#: What tests ask first, by their text: the rollouts of a prompt share it.
_FIRST: dict[AssertTests, _Round] = {}


def _by_asserts(source: str, tests: AssertTests) -> Steps[Judgement]:
    asked = _FIRST.get(tests)
    if asked is None:
        asked = yield from _first_round(tests)
    found = Outcome("done")
    for _ in range(MAX_ROUNDS):
        if not asked.verdict["open"]:
            return _counted(tests, asked.verdict, found)
        calls = tuple(FunctionCall(name, given) for name, given in asked.calls)
        found = yield from ended(Program(source, calls, keep_arguments=True))
        if found.ended in ("syntax", "exception"):
            return Judgement(
                0, len(tests.asserts), found.ended != "syntax", found.fuel, _told(found), False
            )
        answers = _answers(calls, found)
        if sum(len(a[2] or "") + len(a[4] or "") for a in answers) > MAX_ANSWERS_CHARS:
            return Judgement(0, len(tests.asserts), True, found.fuel, "it returns too much")
        _, asked = yield from _told_by(tests.source(answers))
        if asked is None:
            break
    why = "the tests did not end on its answers"
    return Judgement(0, len(tests.asserts), True, found.fuel, why)


def _first_round(tests: AssertTests) -> Steps[_Round]:
    outcome, asked = yield from _told_by(tests.source(()))
    if asked is None:
        raise UnusableDataError(f"the tests cannot be run: {_told(outcome)}")
    if asked.verdict["bad"]:
        raise UnusableDataError("the tests call the program with what is no plain data")
    if not asked.calls:
        broke = asked.verdict["broke"] or "no call is made"
        raise UnusableDataError(f"the tests do not call the program: {broke}")
    if len(_FIRST) >= MAX_KEPT:
        _FIRST.clear()
    _FIRST[tests] = asked
    return asked


def _answers(
    calls: Sequence[FunctionCall], found: Outcome
) -> list[tuple[str, str, str | None, str, str | None]]:
    """What the program said to each call; a call that it did not come to stops the tests."""
    answers = []
    for place, call in enumerate(calls):
        value, error, kept = None, "__stopped__", None
        if place < len(found.returned):
            returned = found.returned[place]
            value, error, kept = returned.value, returned.error, returned.arguments
            try:
                is_thing = isinstance(read_plain(value or "null"), Handle)
                value = written(Handle(place)) if is_thing else value
            except NotPlainError:
                value, error = None, "NotPlainError"
        kept = kept if kept != call.arguments and _is_arguments(kept) else None
        answers.append((call.function, call.arguments, value, error, kept))
    return answers


def _is_arguments(kept: str | None) -> bool:
    """Whether a program's word on its arguments is what it should be: a list and a dict."""
    try:
        args, named = (read_plain(json.dumps(form)) for form in json.loads(kept or ""))
    except (ValueError, TypeError, RecursionError):
        return False
    return isinstance(args, list) and isinstance(named, dict)


def _told_by(source: str) -> Steps[tuple[Outcome, _Round | None]]:
    """What the tests told; None where they did not come to their end, or call too much."""
    told = yield from ended(Program(source, _VERDICT))
    if told.ended != "done" or any(r.error for r in told.returned):
        return told, None
    verdict, calls = _pair(told.returned[0].value)
    if not isinstance(verdict, dict) or not isinstance(calls, str):
        return told, None
    if not calls:
        paged = yield from ended(Program(source, _ALL_PAGES))
        calls = "".join(str(read_plain(r.value or '""')) for r in paged.returned)
    try:
        return told, _Round(verdict, walk_calls(calls))
    except ValueError:  # more calls than the pages hold
        return told, None


def _pair(text: str | None) -> tuple[object, object]:
    found = read_plain(text or "null")
    return found if isinstance(found, tuple) and len(found) == 2 else (None, None)


def _counted(tests: AssertTests, verdict: dict[str, Any], found: Outcome) -> Judgement:
    """The asserts that held; one that must run and did not has failed."""
    held, total = verdict["held"], len(tests.asserts)
    ended = not verdict["broke"] and not verdict["bad"] and found.ended == "done"
    right = [held[n][1] if n in held else n not in tests.required and ended for n in range(total)]
    failed = next((n for n in range(total) if not right[n]), None)
    passed = sum(right)
    if not ended:
        passed = min(passed, total - 1)
    why = ""
    if failed is not None:
        error = verdict["why"].get(failed) or ""
        stopped = _told(found) if found.ended != "done" else verdict["broke"] or "not so"
        if error == TestsStopped.__name__ or (not error and failed not in held):
            error = stopped
        why = f"assert {tests.asserts[failed][:120]}: {error or 'not so'}"
    elif not ended:
        why = verdict["broke"] or _told(found)
    answered = any(_is_answer(returned) for returned in found.returned)
    return Judgement(passed, total, True, found.fuel, why, answered)


_ENDS = {
    "syntax": "it does not compile",
    "fuel": "it took too many instructions",
    "memory": "it took too much memory",
    "output": "it printed too much",
    "time": "it did not end",
    "died": "it broke its world down",
}


def _told(found: Outcome) -> str:
    return _ENDS.get(found.ended) or found.error or "it gave no answer"
