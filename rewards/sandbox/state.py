"""Tools as data: what a call reads or changes in tables of rows. No code of anybody's runs.

The state is a table of tables, `{"orders": [{"id": 7, "status": "paid"}]}`. A tool is one operation
or a list of them under "do", all of which happen or none:

    {"op": "get",    "table": T, "where": W}
    {"op": "insert", "table": T, "values": {column: value}, "unique": [columns]}
    {"op": "update", "table": T, "where": W, "set": {column: value}}
    {"op": "delete", "table": T, "where": W}

with "require": a list of {"table", "where", "min": 1, "max"} that must hold before it. A value is
itself; "$name" is the call's argument (`"$name?"` may be missing, and is then null); {"add": value}
in "set" adds to a number. `W` asks for columns to be equal to values, or to {"in": [...]}, {"at
most": n}, {"at least": n}. An update or a delete that meets no row is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rewards.reading.structured.calls import WrittenCall, plain_name

Row = dict[str, Any]
State = dict[str, list[Row]]

#: Rows of a state, and operations of one tool: bounds of a sample's data.
MAX_ROWS = 10_000
MAX_OPERATIONS = 32

_KEYS = {
    "get": {"table", "where"},
    "insert": {"table", "values", "unique"},
    "update": {"table", "where", "set"},
    "delete": {"table", "where"},
}


class StateFault(Exception):
    """The data's fault: tools, tables or expectations that cannot be used."""


class Refused(Exception):
    """A call that the tool would refuse: it changes nothing."""


class Played(NamedTuple):
    """The state that calls leave, how many were applied, why the first of the others was not."""

    state: State
    applied: int
    refused: str


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of a sample by plain name: each a list of operations and what it requires."""

    operations: Mapping[str, tuple[Mapping[str, Any], ...]]

    @classmethod
    def parsed(cls, tools: Any) -> "Tools":
        """Check what the tools say; `StateFault` names the tool and the key."""
        if isinstance(tools, list):
            tools = {t["name"]: t for t in tools if isinstance(t, Mapping) and "name" in t}
        if not isinstance(tools, Mapping) or not tools:
            raise StateFault('"tools" is no table of tools and what they do')
        found = {}
        for name, tool in tools.items():
            if not isinstance(tool, Mapping):
                raise StateFault(f'tool "{name}" is {type(tool).__name__}, no table')
            steps = tool.get("do", [tool])
            if not isinstance(steps, list) or not 0 < len(steps) <= MAX_OPERATIONS:
                raise StateFault(f'tool "{name}": "do" is no list of operations')
            required = [{"op": "require", **r} for r in tool.get("require", ()) if "do" in tool]
            found[plain_name(str(name))] = (*required, *(_checked(name, step) for step in steps))
        return cls(found)


def _checked(name: Any, step: Any) -> Mapping[str, Any]:
    if not isinstance(step, Mapping) or step.get("op") not in _KEYS:
        raise StateFault(f'tool "{name}": "op" is one of {", ".join(_KEYS)}')
    unknown = step.keys() - _KEYS[step["op"]] - {"op", "require", "name", "description"}
    if unknown or not isinstance(step.get("table"), str):
        raise StateFault(f'tool "{name}": {sorted(unknown) or "table"} is not known, or missing')
    if step["op"] in ("update", "delete") and not isinstance(step.get("where"), Mapping):
        raise StateFault(
            f'tool "{name}": {step["op"]} needs "where", so that it meets no other row'
        )
    return step


def played(tools: Tools, initial: Any, calls: Sequence[WrittenCall]) -> Played:
    """Apply calls in order to a copy of a state; what is refused or unknown changes nothing."""
    state = _copied(initial)
    applied, refused = 0, ""
    for call in calls:
        try:
            state = _called(tools, state, call)
            applied += 1
        except Refused as error:
            refused = refused or f"{call.name[:60]}: {error}"
    return Played(state, applied, refused)


def _copied(state: Any) -> State:
    if not isinstance(state, Mapping):
        raise StateFault(f"a state is a table of tables, got {type(state).__name__}")
    found: State = {}
    for name, rows in state.items():
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise StateFault(f'table "{name}" is no list of rows')
        found[str(name)] = [dict(row) for row in rows]
    if sum(map(len, found.values())) > MAX_ROWS:
        raise StateFault(f"a state of more than {MAX_ROWS:,} rows")
    return found


def _called(tools: Tools, state: State, call: WrittenCall) -> State:
    steps = tools.operations.get(plain_name(call.name))
    if steps is None:
        raise Refused("there is no such tool")
    after = {name: [dict(row) for row in rows] for name, rows in state.items()}
    for step in steps:
        for required in [step] if step["op"] == "require" else step.get("require", ()):
            _require(after, required, call.arguments)
        if step["op"] not in ("require", "get"):
            _apply(after, step, call.arguments)
    return after


def _require(state: State, required: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    table = required.get("table")
    count = len(_met(state, table, required.get("where", {}), arguments))
    least = required.get("min", 0 if "max" in required else 1)
    if not least <= count <= required.get("max", count):
        raise Refused(f'its condition on "{table}" does not hold')


def _apply(state: State, step: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    table = step["table"]
    if step["op"] == "insert":
        row = {column: _value(value, arguments) for column, value in step["values"].items()}
        unique = step.get("unique", ())
        rows = state.setdefault(table, [])
        if unique and any(all(_same(r.get(c), row.get(c)) for c in unique) for r in rows):
            raise Refused(f'"{table}" has such a row')
        if sum(map(len, state.values())) >= MAX_ROWS:
            raise Refused("the tables are full")
        rows.append(row)
        return
    met = _met(state, table, step["where"], arguments)
    if not met:
        raise Refused(f'no row of "{table}" is meant')
    if step["op"] == "delete":
        state[table] = [row for row in state[table] if not any(row is gone for gone in met)]
        return
    for row in met:
        row |= {c: _set(row.get(c), value, arguments) for c, value in step["set"].items()}


def _met(
    state: State, table: Any, where: Mapping[str, Any], arguments: Mapping[str, Any]
) -> list[Row]:
    if not isinstance(where, Mapping):
        raise StateFault('"where" is no table of columns')
    return [
        row
        for row in state.get(str(table), ())
        if all(_holds(row.get(column), value, arguments) for column, value in where.items())
    ]


def _holds(cell: Any, wanted: Any, arguments: Mapping[str, Any]) -> bool:
    if isinstance(wanted, Mapping):
        if "in" in wanted:
            return any(_same(cell, _value(value, arguments)) for value in wanted["in"])
        bounds = {key: _value(wanted[key], arguments) for key in wanted}
        numbers = [cell, *bounds.values()]
        if not all(_is_number(number) for number in numbers):
            return False
        return bool(bounds.get("at least", cell) <= cell <= bounds.get("at most", cell))
    return _same(cell, _value(wanted, arguments))


def _value(value: Any, arguments: Mapping[str, Any]) -> Any:
    """A value of the tool's description: itself, or the argument that it names."""
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    name = value[1:].removesuffix("?")
    if name in arguments:
        return arguments[name]
    if value.endswith("?"):
        return None
    raise Refused(f'the argument "{name}" is missing')


def _set(before: Any, value: Any, arguments: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping) and value.keys() == {"add"}:
        more = _value(value["add"], arguments)
        if not _is_number(before) or not _is_number(more):
            raise Refused("what is added is no number")
        return before + more
    return _value(value, arguments)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    return bool(_frozen(one) == _frozen(other))


def _frozen(value: Any) -> Any:
    """A value that can be counted, and that equals what it should: 1 is 1.0 and is not true."""
    if isinstance(value, Mapping):
        return frozenset((str(key), _frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return ("list", *map(_frozen, value))
    return (type(value).__name__ if isinstance(value, bool) else "", value)


Change = tuple[str, str, Any]


def _changed(
    before: Mapping[str, Any], after: Mapping[str, Any], hidden: frozenset[str]
) -> dict[Change, int]:
    """The rows that went and came, with their numbers."""
    found: dict[Change, int] = {}
    for table in sorted({*before, *after}):
        counts: dict[Any, int] = {}
        for rows, step in ((before.get(table, ()), -1), (after.get(table, ()), 1)):
            for row in rows:
                shown = {c: v for c, v in row.items() if f"{table}.{c}" not in hidden}
                key = _frozen(shown)
                counts[key] = counts.get(key, 0) + step
        for row, count in counts.items():
            if count:
                found[table, "came" if count > 0 else "went", row] = abs(count)
    return found


def changes(before: Any, wanted: Any, after: State, hidden: frozenset[str]) -> tuple[bool, float]:
    """Whether the state is the one wanted, and the F1 of the changes that lead there.

    >>> changes({"t": []}, {"t": [{"a": 1}, {"a": 2}]}, {"t": [{"a": 1}]}, frozenset())
    (False, 0.6666666666666666)
    """
    start = _copied(before)
    asked = _changed(start, _copied(wanted), hidden)
    made = _changed(start, after, hidden)
    total = sum(asked.values()) + sum(made.values())
    if not total:
        return True, 1.0
    shared = sum(min(count, made.get(change, 0)) for change, count in asked.items())
    return asked == made, 2 * shared / total


def forbidden_changes(before: Any, after: State, forbidden: Sequence[Mapping[str, Any]]) -> str:
    """The first table in which something changed that must not; "" for none."""
    start = _copied(before)
    for rule in forbidden:
        table, where = str(rule.get("table")), rule.get("where", {})
        kept = {table: _met(start, table, where, {})}, {table: _met(after, table, where, {})}
        if _changed(kept[0], kept[1], frozenset()):
            return f'a row of "{table}" changed'
    return ""
