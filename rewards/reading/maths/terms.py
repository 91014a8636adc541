"""What mathematics is read into: terms, and the refusal of what is none."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


class NotMaths(Exception):
    """A text that is not read as mathematics; the message says what was in the way."""


@dataclass(frozen=True, slots=True)
class Term:
    """A node: its kind, its parts, and what it says of itself (a name, a value, brackets).

    Kinds: number, name, add, mul, pow, call, pm, relation, tuple, list, set, matrix, union, text.
    """

    kind: str
    parts: tuple["Term", ...] = ()
    data: Any = None


def number(value: int | Fraction) -> Term:
    """A number as a term."""
    return Term("number", data=Fraction(value))


def read_number(text: str) -> Term:
    """A number as it is written; how many digits it has tells how exact it means to be."""
    digits = len(text.replace(".", "").lstrip("0"))
    exact = Fraction(text)
    return (
        Term("number", data=exact)
        if "." not in text or digits < 9
        else Term("number", (Term("name", data="~"),), exact)
    )


def with_sign(sign: str, term: Term) -> Term:
    """A term behind "+", "-" or a sign that is both."""
    if sign == "+":
        return term
    if sign == "-":
        if term.kind == "number" and not term.parts:
            return number(-term.data)
        return Term("mul", (number(-1), term))
    return Term("pm", (term,), sign)


def proper_fraction(term: Term) -> Fraction | None:
    """The value of a fraction of whole numbers below one."""
    if term.kind != "mul" or len(term.parts) != 2:
        return None
    top, bottom = term.parts
    if top.kind != "number" or bottom.kind != "pow" or bottom.parts[0].kind != "number":
        return None
    if (
        not bottom.parts[0].data
        or top.data.denominator != 1
        or bottom.parts[0].data.denominator != 1
    ):
        return None
    value = Fraction(top.data / bottom.parts[0].data)
    return value if 0 < value < 1 else None
