"""Whether the tool calls are those that were asked for, or leave the world as it should be.

Calls are read wherever they stand, in any form (`rewards.reading.structured.calls`): on the
message, or in its text behind the marks of the common models, as JSON, as Python. Calls that the
model only thinks about do not count.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.structured.calls import (
    WrittenCall,
    WrittenCalls,
    plain_name,
    read_calls,
    schema_for,
    schemas_of,
)
from rewards.reading.text import MAX_ANSWER_CHARS, quoted
from rewards.sandbox.state import StateFault, Tools, changes, forbidden_changes, played

Form = Literal["plain", "acceptable"]
Strings = Literal["loose", "exact"]
Credit = Literal["changes", "all"]

#: What loose strings leave out, besides case: spaces and the marks that writers differ in.
_LOOSE = str.maketrans("", "", " \t\n,./-_*^'\"")


@scorer
def calls(
    sample: Sample,
    *,
    reference_form: Form = "plain",
    ordered: bool = False,
    strings: Strings = "loose",
) -> Score:
    """The share of the expected calls that were made, lowered by any others: 1.0 for just them.

    Matched calls over the larger of those expected and those made; calls that cannot be read count
    as made. A call matches where its name is right (dots may be written as underscores) and its
    arguments are: all there, none besides, each equal. 1 equals 1.0, nothing is coerced ("10" is
    not 10, true is not 1), lists have an order and objects none. An optional argument may be left
    out, or given, where its value is the schema's default. An empty reference means that no call
    is expected. Which call meets which expectation is chosen so that most match.

    Raises `UnusableDataError` where the reference is no list of calls. `calls/names` and
    `calls/arguments` are the shares of expected calls whose name, and whose arguments under that
    name, were right; `calls/form` is 1.0 where every call could be read.

    Args:
        reference_form: "plain", a list of {"name", "arguments"}; or "acceptable", BFCL's {name:
            {argument: [acceptable values]}}, where "" says that the argument may be left out.
        ordered: Whether the calls must come in the reference's order.
        strings: "loose" leaves out case, spaces and punctuation such as commas, dots and dashes
            where strings are compared; "exact" does not.

    >>> sample = Sample(
    ...     id="1",
    ...     completion='<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2.0}}</tool_call>',
    ...     reference_answer=[{"name": "add", "arguments": {"b": 2, "a": 1}}],
    ... )
    >>> calls(sample).value
    1.0
    """
    expected = _expected(sample.reference, reference_form)
    found = read_calls(sample.completion, sample.tool_calls, sample.tools)
    schemas = schemas_of(sample.tools)
    same = _loose if strings == "loose" else _exact

    def matches(call: WrittenCall, wanted: tuple[str, Any]) -> bool:
        name, arguments = wanted
        if plain_name(call.name) != plain_name(name):
            return False
        if reference_form == "acceptable":
            return _acceptable_arguments(arguments, call.arguments, same)
        return _same_arguments(arguments, call.arguments, schema_for(name, schemas), same)

    made = len(found.calls) + found.malformed
    matched = _matched(found.calls, expected, matches, ordered)
    names = _matched(
        found.calls, expected, lambda c, w: plain_name(c.name) == plain_name(w[0]), ordered
    )
    most = max(made, len(expected))
    value = matched / most if most else 1.0
    metrics = {
        "names": names / len(expected) if expected else float(not made),
        "arguments": matched / names if names else float(not expected),
        "form": float(not found.malformed),
    }
    return Score(value, _told(found, matched, len(expected)), metrics, answer=_shown(found))


@scorer
def economy(sample: Sample, *, reference_form: Form = "plain") -> Score:
    """How near the number of calls is to the reference's: the smaller over the larger, 0.0 to 1.0.

    Whether the calls are right is not looked at: a small weight beside `tools.calls` or
    `tools.state`. Too few calls earn less as well, so that doing nothing is no economy. Raises
    `UnusableDataError` where the reference is no list of calls.

    Args:
        reference_form: As for `tools.calls`.

    >>> economy(Sample(id="1", completion="[a(), a()]", reference_answer=[{"name": "a"}])).value
    0.5
    """
    wanted = len(_expected(sample.reference, reference_form))
    found = read_calls(sample.completion, sample.tool_calls, sample.tools)
    made = len(found.calls) + found.malformed
    value = min(made, wanted) / max(made, wanted) if max(made, wanted) else 1.0
    return Score(value, f"{made} calls, {wanted} needed", {"calls": float(made)})


@scorer
def state(
    sample: Sample,
    *,
    tools: dict[str, Any] = {},  # noqa: B006 - a parameter's default, never changed
    initial: dict[str, Any] = {},  # noqa: B006
    forbidden: list[dict[str, Any]] = [],  # noqa: B006
    ignore: list[str] = [],  # noqa: B006
    credit: Credit = "changes",
) -> Score:
    """1.0 where the calls leave the state that was expected; else the share of the right changes.

    The tools are data (`rewards.sandbox.state`): what each reads, inserts, updates or deletes in
    tables of rows, and what it asks for first. The calls of the conversation so far and those of
    the completion are applied in order to `initial`. The state that they leave is compared with
    `expected`, or with what `reference_calls` leave: as bags of rows, so that independent calls may
    come in any order, and reads are free. A call that is refused, unknown or malformed changes
    nothing. A change of what is forbidden makes the reward 0.0, whatever else is right. Partial
    credit is the F1 of the changed rows, below 1.0.

    `tools`, `initial`, `expected` or `reference_calls` (or the reference itself: a table is a
    state, a list is calls), and `forbidden` come from the metadata; what is the same for every
    sample may stand in the rubric. Raises `UnusableDataError` where they are missing or broken.
    `state/changes` is the F1, `state/applied` the share of calls that were applied,
    `state/forbidden` 1.0 where something forbidden changed.

    Args:
        tools: What each tool does, for samples without their own.
        initial: The tables before the first call, for samples without their own.
        forbidden: Tables, or rows of tables, that must stay as they are.
        ignore: Columns that are not compared, as "table.column": generated ids, times.
        credit: "changes", or "all": nothing for a state that is not right throughout.

    >>> tools = {"ship": {"op": "update", "table": "orders", "where": {"id": "$id"},
    ...                   "set": {"status": "shipped"}}}
    >>> sample = Sample(
    ...     id="1",
    ...     completion="[ship(id=7)]",
    ...     reference_answer=[{"name": "ship", "arguments": {"id": 7}}],
    ...     metadata={"tools": tools, "initial": {"orders": [{"id": 7, "status": "paid"}]}},
    ... )
    >>> state(sample).value
    1.0
    """
    try:
        operations = Tools.parsed(sample.metadata.get("tools") or tools)
        before = sample.metadata.get("initial") or initial
        wanted = _expected_state(sample, operations, before)
        found = _transcript(sample)
        after = played(operations, before, found.calls)
        broken = forbidden_changes(before, after.state, _forbidden(sample, forbidden))
    except StateFault as error:
        raise UnusableDataError(str(error)) from None
    hidden = frozenset(ignore)
    right, share = changes(before, wanted, after.state, hidden)
    made = len(found.calls) + found.malformed
    metrics = {
        "changes": share,
        "applied": after.applied / made if made else 1.0,
        "forbidden": float(bool(broken)),
    }
    if broken:
        return Score(0.0, f"forbidden: {broken}", metrics, answer=_shown(found))
    value = 1.0 if right else 0.0 if credit == "all" else min(share, _ALMOST)
    reason = "the state is as expected" if right else f"{share:.0%} of the changes are right"
    if after.refused:
        reason = f"{reason}; {after.refused}"
    return Score(value, reason, metrics, answer=_shown(found))


#: The most that a state earns which is not the one expected.
_ALMOST = 0.99


def _expected(reference: Any, form: str) -> list[tuple[str, Any]]:
    """The reference as (name, arguments); `UnusableDataError` where it is no list of calls."""
    if isinstance(reference, str):
        try:
            reference = json.loads(reference)
        except (ValueError, RecursionError):
            raise UnusableDataError("the reference is a text that is no JSON") from None
    items = [reference] if isinstance(reference, Mapping) else reference
    if not isinstance(items, list | tuple):
        raise UnusableDataError(f"the reference is {type(reference).__name__}, no list of calls")
    found: list[tuple[str, Any]] = []
    for item in items:
        if form == "acceptable":
            if not isinstance(item, Mapping) or not all(
                isinstance(arguments, Mapping) for arguments in item.values()
            ):
                raise UnusableDataError("an acceptable call is no {name: {argument: [values]}}")
            found += list(item.items())
        else:
            call = read_calls("", [item]).calls if isinstance(item, Mapping) else ()
            if not call:
                raise UnusableDataError('a call of the reference has no "name" and "arguments"')
            found.append((call[0].name, call[0].arguments))
    return found


def _matched(
    made: Sequence[WrittenCall],
    expected: Sequence[tuple[str, Any]],
    matches: Callable[[WrittenCall, tuple[str, Any]], bool],
    ordered: bool,
) -> int:
    """How many expected calls were made, each call meeting one expectation at the most."""
    fits = [[matches(call, wanted) for wanted in expected] for call in made]
    if ordered:
        return _in_order(fits, len(expected))
    partner: dict[int, int] = {}

    def place(call: int, tried: set[int]) -> bool:
        for wanted, fit in enumerate(fits[call]):
            if fit and wanted not in tried:
                tried.add(wanted)
                if wanted not in partner or place(partner[wanted], tried):
                    partner[wanted] = call
                    return True
        return False

    return sum(place(call, set()) for call in range(len(made)))


def _in_order(fits: Sequence[Sequence[bool]], expected: int) -> int:
    """The longest run of matches that keeps both orders."""
    best = [0] * (expected + 1)
    for row in fits:
        before = list(best)
        for index, fit in enumerate(row):
            best[index + 1] = max(before[index] + 1 if fit else before[index + 1], best[index])
    return best[expected]


def _same_arguments(
    wanted: Mapping[str, Any],
    given: Mapping[str, Any],
    schema: Mapping[str, Any],
    same: Callable[[Any, Any], bool],
) -> bool:
    properties = schema.get("properties")
    about = properties if isinstance(properties, Mapping) else {}
    for name in {*wanted, *given}:
        if name in wanted and name in given:
            if not same(wanted[name], given[name]):
                return False
            continue
        default = about.get(name)
        if not isinstance(default, Mapping) or "default" not in default:
            return False
        if not same(default["default"], wanted.get(name, given.get(name))):
            return False
    return True


def _acceptable_arguments(
    wanted: Mapping[str, Any], given: Mapping[str, Any], same: Callable[[Any, Any], bool]
) -> bool:
    for name, value in given.items():
        options = wanted.get(name)
        if not isinstance(options, list):
            return False
        if not any(_acceptable(option, value, same) for option in options):
            return False
    return all(
        name in given or (isinstance(options, list) and "" in options)
        for name, options in wanted.items()
    )


def _acceptable(option: Any, value: Any, same: Callable[[Any, Any], bool]) -> bool:
    """Whether a value is one that BFCL accepts: inside an object each field has its own list."""
    if isinstance(option, Mapping):
        return isinstance(value, Mapping) and _acceptable_arguments(option, value, same)
    if isinstance(option, list) and any(isinstance(item, Mapping) for item in option):
        return (
            isinstance(value, list)
            and len(value) == len(option)
            and all(_acceptable(o, v, same) for o, v in zip(option, value, strict=True))
        )
    return same(option, value)


def _loose(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _bare(one) == _bare(other)
    return _alike(one, other, _loose)


def _exact(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return _alike(one, other, _exact)


def _bare(text: str) -> str:
    return text.lower().translate(_LOOSE)


def _alike(one: Any, other: Any, same: Callable[[Any, Any], bool]) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one is None and other is None


def _transcript(sample: Sample) -> WrittenCalls:
    """The calls of the conversation: those of earlier assistant turns, then the completion's."""
    found: list[WrittenCall] = []
    for turn in sample.prompt:
        if turn.role == "assistant":
            found += read_calls(turn.content, turn.tool_calls, sample.tools).calls
    last = read_calls(sample.completion, sample.tool_calls, sample.tools)
    return WrittenCalls((*found, *last.calls), last.malformed)


def _expected_state(sample: Sample, tools: Tools, before: Any) -> Mapping[str, Any]:
    expected = sample.metadata.get("expected")
    if expected is None and "reference_calls" not in sample.metadata:
        reference = sample.reference
        if isinstance(reference, str):
            try:
                reference = json.loads(reference)
            except (ValueError, RecursionError):
                raise UnusableDataError("the reference is a text that is no JSON") from None
        if isinstance(reference, Mapping) and not {"name", "function"} & reference.keys():
            expected = reference
        else:
            return _after(tools, before, reference)
    if expected is None:
        return _after(tools, before, sample.metadata["reference_calls"])
    if not isinstance(expected, Mapping):
        raise UnusableDataError(f"the expected state is {type(expected).__name__}, no table")
    return expected


def _after(tools: Tools, before: Any, reference: Any) -> Mapping[str, Any]:
    wanted = [WrittenCall(name, arguments) for name, arguments in _expected(reference, "plain")]
    after = played(tools, before, wanted)
    if after.refused:
        raise UnusableDataError(f"a reference call is refused: {after.refused}")
    return after.state


def _forbidden(sample: Sample, forbidden: list[dict[str, Any]]) -> Sequence[Mapping[str, Any]]:
    found = sample.metadata.get("forbidden") or forbidden
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise UnusableDataError('"forbidden" is no list of {"table", "where"}')
    return found


def _told(found: WrittenCalls, matched: int, expected: int) -> str:
    parts = [f"{matched} of {expected} calls match" if expected else "no call is expected"]
    extra = len(found.calls) - matched
    parts += [f"{extra} others are made"] * (extra > 0)
    parts += [f"{found.malformed} cannot be read"] * (found.malformed > 0)
    return ", ".join(parts)


def _shown(found: WrittenCalls) -> str | None:
    names = ", ".join(call.name for call in found.calls)
    return quoted(names, MAX_ANSWER_CHARS) if names else None
