"""When two results are the same: bags of rows, and the orders that a reference leaves open."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

Row = tuple[Any, ...]

#: Significant digits in which two floats agree: what sums in another order still share.
DIGITS = 9

#: The widest result of which other orders of columns are tried: 5,040 of them.
MAX_COLUMNS_ANY = 7


@dataclass(frozen=True, slots=True)
class Order:
    """The runs of rows that a reference's order does not tell apart, by their sizes.

    `tied` are the rows of the last run where a LIMIT cuts through it: any of them would do, and so
    would all of them.
    """

    runs: tuple[int, ...]
    tied: Counter[Row] | None = None


def plain(row: Row) -> Row:
    """A row whose equal cells are equal: 1.0 is 1, and a float has nine digits.

    >>> plain((1.0, 0.1 + 0.2, None, "1"))
    (1, 0.3, None, '1')
    """
    return tuple([_cell(value) if type(value) is float else value for value in row])


def _cell(value: float) -> float | int:
    if value.is_integer() and abs(value) < 2**63:
        return int(value)
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def same(rows: Sequence[Row], wanted: Sequence[Row], order: Order | None) -> bool:
    """Whether the rows are those wanted, in an order as good; None where no order counts.

    >>> same([(1,), (3,), (2,)], [(1,), (2,), (3,)], Order(runs=(1, 2)))
    True
    """
    if order is None:
        return len(rows) == len(wanted) and Counter(rows) == Counter(wanted)
    start = 0
    for size in order.runs if order.tied is None else order.runs[:-1]:
        end = start + size
        if rows[start:end] != wanted[start:end]:
            if size == 1 or Counter(rows[start:end]) != Counter(wanted[start:end]):
                return False
        start = end
    rest = Counter(rows[start:])
    if order.tied is None:
        return not rest
    return rest == order.tied or (len(rows) == len(wanted) and rest <= order.tied)


def f1(rows: Sequence[Row], wanted: Sequence[Row]) -> float:
    """The F1 of two bags of rows, 0.0 to 1.0; two empty ones are the same."""
    if not rows and not wanted:
        return 1.0
    shared = sum((Counter(rows) & Counter(wanted)).values())
    return 2 * shared / (len(rows) + len(wanted))


def column_order(rows: Sequence[Row], wanted: Sequence[Row]) -> tuple[int, ...] | None:
    """The order of columns in which the rows are those wanted; None for none, or too many.

    >>> column_order([("x", 1), ("y", 2)], [(1, "x"), (2, "y")])
    (1, 0)
    """
    if not rows or len(rows) != len(wanted) or not 1 < len(rows[0]) <= MAX_COLUMNS_ANY:
        return None
    bags = [Counter(row[index] for row in rows) for index in range(len(rows[0]))]
    targets = [Counter(row[index] for row in wanted) for index in range(len(rows[0]))]
    bag = Counter(wanted)
    for order in permutations(range(len(bags))):
        if all(bags[index] == target for index, target in zip(order, targets, strict=True)):
            if Counter(tuple(row[index] for index in order) for row in rows) == bag:
                return order
    return None


def is_sorted(columns: Sequence[str], rows: Sequence[Row], names: Sequence[str]) -> bool:
    """Whether the rows ascend by the columns named, descend by those with a "-" before them."""
    known = [name.lower() for name in columns]
    if any(name.lstrip("-").lower() not in known for name in names):
        return False
    ordered = list(rows)
    for name in reversed(names):
        index = known.index(name.lstrip("-").lower())
        ordered.sort(key=lambda row: _rank(row[index]), reverse=name.startswith("-"))
    return ordered == list(rows)


def _rank(value: Any) -> tuple[int, Any]:
    """SQLite's order of values of any type: NULL, numbers, text, blobs."""
    if value is None:
        return 0, 0
    return (1, value) if isinstance(value, int | float) else (2 + isinstance(value, bytes), value)
