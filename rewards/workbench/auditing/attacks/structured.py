"""Objects and calls that have the right shape, and not what was asked for."""

import json
from collections.abc import Mapping
from typing import Any

from rewards.workbench.auditing.attacks.attack import Known, Variants, attack
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.corruptions import letters_changed, other_arguments

_VALUES = "compare the values of the fields, and give their presence no more than 0.2"
_CALLS = "count calls that were not asked for against the answer (tools.calls does)"

#: Wrong calls beside each right one.
_EXTRA = 5


def emptied(value: Any) -> Any:
    """The same keys with the empty value of each type.

    >>> emptied({"a": 3, "b": ["x"], "c": {"d": "y"}})
    {'a': 0, 'b': [], 'c': {'d': ''}}
    """
    if isinstance(value, Mapping):
        return {key: emptied(item) for key, item in value.items()}
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return 0
    return [] if isinstance(value, list) else "" if isinstance(value, str) else None


@attack(_VALUES)
def default_object(case: Case, known: Known) -> Variants:
    """The empty object, or one with the right keys and nothing in them."""
    if case.gold.kind == "calls":
        return
    value = case.gold.value
    if value or case.gold.kind != "object":
        yield "empty object", "{}"
        yield "empty list", "[]"
        yield "answer", '{"answer": null}'
    if isinstance(value, Mapping) and value != (empty := emptied(value)):
        yield "empty values", json.dumps(empty)
        yield "null values", json.dumps(dict.fromkeys(value))


@attack(_VALUES)
def keys_only(case: Case, known: Known) -> Variants:
    """The right keys with a wrong value in each."""
    wrong = letters_changed(case.gold) if case.gold.kind == "object" else None
    if wrong is not None and not case.gold.is_answered_by(wrong):
        yield "stated", known.state(case, wrong)
        yield "bare", wrong


@attack(_CALLS)
def extra_calls(case: Case, known: Known) -> Variants:
    """The right calls among five times as many wrong ones."""
    if case.gold.kind != "calls" or known.by_state:
        return  # where the state counts that is left, a detour is no wrong answer
    calls = [dict(call) for call in case.gold.calls] or [{"name": "tool", "arguments": {}}]
    more = [
        {"name": call["name"], "arguments": {**call.get("arguments", {}), "attempt": place}}
        for place in range(_EXTRA)
        for call in calls
    ]
    yield "before", known.state(case, json.dumps([*more, *case.gold.calls]))
    yield "behind", known.state(case, json.dumps([*case.gold.calls, *more]))
    repeated = case.gold.calls * _EXTRA if case.gold.calls else more
    yield "repeated", known.state(case, json.dumps(repeated))


@attack("compare arguments, not names alone")
def other_argument_values(case: Case, known: Known) -> Variants:
    """The right tools with wrong arguments, or with none."""
    if case.gold.kind != "calls" or not case.gold.value:
        return
    wrong = other_arguments(case.gold)
    if wrong is not None:
        yield "wrong", known.state(case, wrong)
        bare = [{"name": call["name"], "arguments": {}} for call in case.gold.calls]
        yield "none", known.state(case, json.dumps(bare))


@attack("an answer that makes no call, where one is asked for, earns nothing")
def no_call(case: Case, known: Known) -> Variants:
    """A promise to make the call, or its name in prose."""
    if case.gold.kind == "calls" and case.gold.value:
        names = ", ".join(str(call["name"]) for call in case.gold.calls)
        yield "promised", f"I will call {names} for you now."
        yield "done", "Done! Everything has been taken care of."
        yield "empty list", "[]"
