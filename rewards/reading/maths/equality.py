"""When two mathematical terms are equal: exact fractions, and values at fixed points.

Numbers are compared as exact fractions where they are rational, else as complex floats to 1e-11 of
their size. Formulas are compared by their values at fixed points: two that differ as functions
differ at one of them but for a vanishing share of pairs. Nothing is simplified or solved.
"""

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from rewards.reading.maths.terms import NotMaths, Term
from rewards.reading.maths.values import CONSTANTS, Value, divided, evaluated, name_of

#: Relative difference below which floats are one value; of a long decimal to its exact value 1e-9.
CLOSE = 1e-11
ROUNDED = 1e-9
#: Items of a list or set: matched against each other.
MAX_ITEMS = 60

#: Where formulas are looked at: points of both signs, in no simple relation to each other, one set
#: of numerators a round. A name takes its number by its place in the alphabet of the two terms.
_POINTS = (
    (7, 11, -13, 17, 19, -23, 29, 31),
    (-5, 3, 37, -41, 43, 47, -53, 59),
    (61, -67, 2, 71, 73, 79, 83, -89),
)
_DENOMINATOR = 10


def equal(one: Term, other: Term) -> bool:
    """Whether two terms say the same: values, formulas, intervals, sets, matrices, words."""
    if one.data == other.data == ("=",) and one.kind == other.kind == "relation":
        if _proportional(_difference(one), _difference(other)):
            return True
    one, other = _settled(one), _settled(other)
    if one.kind == "text" or other.kind == "text":
        return _text_of(one) == _text_of(other)
    if "list" in (one.kind, other.kind):
        return _same_items(_items(one), _items(other))
    if one.kind == "set" or other.kind == "set":
        return one.kind == other.kind and _same_items(one.parts, other.parts)
    if {one.kind, other.kind} & {"tuple", "union", "matrix", "relation"}:
        return _same_structure(one, other)
    return _same_values(one, other)


def _text_of(term: Term) -> str:
    if term.kind == "text":
        return str(term.data)
    if term.kind == "name" and not term.parts:
        return str(term.data).casefold()
    if term.kind == "mul" and all(part.kind == "name" and not part.parts for part in term.parts):
        return "".join(str(part.data) for part in term.parts).casefold()
    return "\0"


def _settled(term: Term) -> Term:
    r"""A term in the form that is compared: what `\pm` says twice as a list, `x = 5` as 5."""
    if term.kind == "set" and len(term.parts) == 1 and term.parts[0].kind in ("list",):
        term = Term("set", term.parts[0].parts)
    if term.kind == "set" and any(_has_pm(part) for part in term.parts):
        term = Term("set", tuple(p for part in term.parts for p in _items(_settled(part))))
    if term.kind == "set":
        return Term("list", term.parts) if term.parts else term
    if term.kind in ("list", "tuple", "union", "matrix"):
        parts = tuple(map(_settled, term.parts)) if term.kind != "matrix" else term.parts
        if term.kind == "list":
            flat = tuple([item for part in parts for item in _items(part)])
            # Intervals one or the other of which holds: their union.
            return Term("union" if flat and all(map(_is_interval, flat)) else "list", flat)
        return Term(term.kind, parts, term.data)
    if term.kind == "relation":
        return _settled_relation(term)
    if _has_pm(term):
        return Term("list", (_signed(term, 1), _signed(term, -1)))
    return term


def _is_interval(term: Term) -> bool:
    return term.kind == "union" or (term.kind == "tuple" and len(term.parts) == 2)


def _settled_relation(term: Term) -> Term:
    """A relation: membership as the set, an inequality as an interval, a value as it is."""
    parts, signs = term.parts, term.data
    if signs == ("in",):
        return _settled(parts[1])
    if "~" in signs:  # what is exact counts, not what it is about; `x \approx 11` says 11
        if (exact := signs.index("~")) or parts[0].kind != "name":
            return _settled(_chain(parts, signs, exact))
        return _settled(parts[1])
    if all(sign == "=" for sign in signs):
        first, last = parts[0], parts[-1]
        named = first.parts[0] if _is_applied(first) else first
        is_label = named.kind == "name" or _is_point(first) or _is_measure(first)
        if is_label and not _names(last) & _names(named):
            return _settled(last)
        if len(parts) > 2 or not any(_names(part) for part in parts):
            return _settled(last)
        if last.kind == "name" and not _names(first) and first.kind != "relation":
            return _settled(first)
        return Term("relation", parts, signs)
    found = _interval(parts, signs)
    return found if found is not None else term


def _is_point(term: Term) -> bool:
    """`(x, y)`: a tuple of names, which says what the tuple behind it is."""
    return term.kind == "tuple" and all(part.kind == "name" for part in term.parts)


def _chain(parts: tuple[Term, ...], signs: tuple[str, ...], last: int) -> Term:
    """The relation that the parts up to one make; a part alone is itself."""
    return Term("relation", parts[: last + 1], signs[:last]) if last else parts[0]


def _is_measure(term: Term) -> bool:
    """`AB`, `|AB|`, `AB : CD`: what figures are measured by, names in capitals and nothing else."""
    if term.kind == "name":
        return str(term.data).isupper()
    inner = (term.parts[0],) if term.kind == "pow" else term.parts
    return (
        term.kind in ("mul", "call", "pow")
        and term.data in (None, "abs")
        and all(map(_is_measure, inner))
    )


def _is_applied(term: Term) -> bool:
    """`f(x)`, read as a product: a name before what stands in brackets."""
    return (
        term.kind == "mul"
        and len(term.parts) == 2
        and term.parts[0].kind == "name"
        and term.parts[1].kind in ("name", "number")
        and term.parts[0].data in ("f", "g", "h", "P", "p", "F", "G", "A", "S", "T", "V", "y")
    )


_INFINITY = Term("name", data="infty")
_MINUS_INFINITY = Term("mul", (Term("number", data=Fraction(-1)), _INFINITY))


def _interval(parts: tuple[Term, ...], signs: tuple[str, ...]) -> Term | None:
    """`a < x <= b` as (a, b], `x >= a` as [a, oo), `x != a` as what is left of the line."""
    if len(parts) == 2 and signs[0] == "!=":
        at = parts[1] if parts[0].kind == "name" else parts[0]
        return Term(
            "union",
            (Term("tuple", (_MINUS_INFINITY, at), "()"), Term("tuple", (at, _INFINITY), "()")),
        )
    if any(sign in (">", ">=") for sign in signs):
        if any(sign in ("<", "<=") for sign in signs):
            return None
        parts, signs = parts[::-1], tuple(s.replace(">", "<") for s in signs[::-1])
    if any(sign not in ("<", "<=") for sign in signs):
        return None
    if len(parts) == 3 and (parts[1].kind == "name" or _is_applied(parts[1])):
        brackets = ("[" if signs[0] == "<=" else "(") + ("]" if signs[1] == "<=" else ")")
        return Term("tuple", (parts[0], parts[2]), brackets)
    if len(parts) == 2 and parts[0].kind == "name" and not _names(parts[1]) & {parts[0].data}:
        return Term("tuple", (_MINUS_INFINITY, parts[1]), "(" + ("]" if signs[0] == "<=" else ")"))
    if len(parts) == 2 and parts[1].kind == "name":
        return Term("tuple", (parts[0], _INFINITY), ("[" if signs[0] == "<=" else "(") + ")")
    return _half_line(parts, signs[0]) if len(parts) == 2 else None


def _half_line(parts: tuple[Term, ...], sign: str) -> Term | None:
    """`-x < -1`, `2x + 1 <= 5`: linear in one name, solved exactly; None for anything else."""
    names = _names(parts[0]) | _names(parts[1])
    if len(names) != 1:
        return None
    difference, name = _difference(Term("relation", parts)), names.pop()
    try:
        values = [evaluated(difference, {name: Fraction(point)}) for point in (0, 1, 2, 7)]
    except NotMaths:
        return None
    at = [value for value in values if isinstance(value, Fraction)]
    if len(at) < len(values):
        return None
    start, slope = at[0], at[1] - at[0]
    if not slope or at[2] != start + 2 * slope or at[3] != start + 7 * slope:
        return None
    border = Term("number", data=-start / slope)
    closed = sign == "<="
    if slope > 0:
        return Term("tuple", (_MINUS_INFINITY, border), "(" + ("]" if closed else ")"))
    return Term("tuple", (border, _INFINITY), ("[" if closed else "(") + ")")


def _has_pm(term: Term) -> bool:
    return term.kind == "pm" or any(map(_has_pm, term.parts))


def _signed(term: Term, sign: int) -> Term:
    r"""All `\pm` of a term with one sign, all `\mp` with the other."""
    if term.kind == "pm":
        own = sign if term.data == "\\pm" else -sign
        return Term("mul", (Term("number", data=Fraction(own)), _signed(term.parts[0], sign)))
    return Term(term.kind, tuple(_signed(part, sign) for part in term.parts), term.data)


def _items(term: Term) -> tuple[Term, ...]:
    return term.parts if term.kind in ("list", "set") else (term,)


def _same_items(one: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    """Two lists without an order: each item meets one of the other; doubles count once."""
    if max(len(one), len(other)) > MAX_ITEMS:
        return False
    first, second = _distinct(one), _distinct(other)
    if len(first) != len(second):
        return False
    left = list(second)
    for item in first:
        found = next((index for index, it in enumerate(left) if equal(item, it)), None)
        if found is None:
            return False
        left.pop(found)
    return True


def _distinct(items: tuple[Term, ...]) -> list[Term]:
    found: list[Term] = []
    for item in items:
        if not any(equal(item, kept) for kept in found):
            found.append(item)
    return found


def _same_structure(one: Term, other: Term) -> bool:
    if one.kind == "union" or other.kind == "union":
        left = one.parts if one.kind == "union" else (one,)
        right = other.parts if other.kind == "union" else (other,)
        return _same_items(left, right)
    if {one.kind, other.kind} == {"tuple", "matrix"}:
        matrix, row = (one, other) if one.kind == "matrix" else (other, one)
        column = all(len(line.parts) == 1 for line in matrix.parts)
        cells = tuple(cell for line in matrix.parts for cell in line.parts)
        flat = column or len(matrix.parts) == 1
        return flat and row.data == "()" and _all_equal(cells, row.parts)
    if one.kind != other.kind:
        return False
    if one.kind == "tuple":
        return one.data == other.data and _all_equal(one.parts, other.parts)
    if one.kind == "matrix":
        shape = [len(row.parts) for row in one.parts] == [len(row.parts) for row in other.parts]
        return shape and all(
            _all_equal(a.parts, b.parts) for a, b in zip(one.parts, other.parts, strict=True)
        )
    return _same_relation(one, other)


def _all_equal(one: tuple[Term, ...], other: tuple[Term, ...]) -> bool:
    return len(one) == len(other) and all(map(equal, one, other))


def _same_relation(one: Term, other: Term) -> bool:
    """Equations up to a factor, other relations part by part."""
    if one.data == ("=",) and other.data == ("=",):
        return _proportional(_difference(one), _difference(other))
    return one.data == other.data and _all_equal(one.parts, other.parts)


def _difference(term: Term) -> Term:
    return Term(
        "add", (term.parts[0], Term("mul", (Term("number", data=Fraction(-1)), term.parts[1])))
    )


def _proportional(one: Term, other: Term) -> bool:
    names = sorted(_names(one) | _names(other))
    ratios: list[Value] = []
    for point in _points(names):
        try:
            first, second = evaluated(one, point), evaluated(other, point)
        except NotMaths:
            return False
        if not first or not second:
            return False
        ratios.append(divided(first, second))
    return all(_close(a, b) for a, b in pairwise(ratios))


def _same_values(one: Term, other: Term) -> bool:
    names = sorted(_names(one) | _names(other))
    long_decimal = _is_long(one) or _is_long(other)
    told = 0
    for point in _points(names):
        first, second = _maybe(one, point), _maybe(other, point)
        if first is None and second is None:
            continue
        if first is None or second is None or not _close(first, second, long_decimal):
            return False
        told += 1
    return told > 0 or one == other


def _maybe(term: Term, point: Mapping[str, Fraction]) -> Value | None:
    try:
        return evaluated(term, point)
    except NotMaths:
        return None


def _is_long(term: Term) -> bool:
    """A decimal of nine digits and more: it may be rounded from something exact."""
    return term.kind == "number" and bool(term.parts)


def _points(names: list[str]) -> Iterator[dict[str, Fraction]]:
    if not names:
        yield {}
        return
    if len(names) > len(_POINTS[0]):
        raise NotMaths(f"{len(names)} names")
    for numerators in _POINTS:
        yield {
            name: Fraction(numerator, _DENOMINATOR)
            for name, numerator in zip(names, numerators, strict=False)
        }


def _names(term: Term) -> set[str]:
    if term.kind == "name":
        return set() if term.data in ("infty", *CONSTANTS) and not term.parts else {name_of(term)}
    return set().union(*map(_names, term.parts)) if term.parts and term.kind != "number" else set()


def _close(one: Value, other: Value, long_decimal: bool = False) -> bool:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        if one == other or not long_decimal:
            return one == other
        return abs(one - other) <= Fraction(ROUNDED) * max(abs(one), abs(other))
    try:
        first, second = complex(one), complex(other)
        scale = max(abs(first), abs(second))
    except OverflowError:
        return False
    if first == second or not math.isfinite(scale):
        return first == second
    return abs(first - second) <= (ROUNDED if long_decimal else CLOSE) * scale
