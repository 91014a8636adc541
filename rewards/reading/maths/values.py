"""The value of a term at a point: exact fractions where it is rational, else complex floats.

Nothing is simplified or solved; what would cost without bound is refused.
"""

import cmath
import math
from collections.abc import Mapping
from fractions import Fraction

from rewards.reading.maths.terms import NotMaths, Term

Value = Fraction | complex

#: Bits of a power or a factorial: larger ones are not worked out.
MAX_BITS = 4_000
MAX_FACTORIAL = 200

CONSTANTS: dict[str, complex] = {"pi": math.pi, "e": math.e}


def divided(one: Value, other: Value) -> Value:
    """The quotient, exact where both are."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one / other
    return complex(one) / complex(other)


def name_of(term: Term) -> str:
    """A name with its subscript: what a point gives a value to."""
    return f"{term.data}_{term.parts!r}" if term.parts else str(term.data)


def evaluated(term: Term, point: Mapping[str, Fraction]) -> Value:
    """The value of a term, its names given: a fraction where it is rational, else a complex float.

    Raises:
        NotMaths: it has none (a division by zero, something that is no number), or passes a bound.
    """
    try:
        return _evaluated(term, point)
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise NotMaths(str(error)) from None


def _evaluated(term: Term, point: Mapping[str, Fraction]) -> Value:
    kind = term.kind
    if kind == "number":
        return Fraction(term.data)
    if kind == "name":
        return _named(term, point)
    if kind == "add":
        return _folded(term, point)
    if kind == "mul":
        return _folded(term, point)
    if kind == "pow":
        return _power(_evaluated(term.parts[0], point), _evaluated(term.parts[1], point))
    if kind == "call":
        return _called(term, [_evaluated(part, point) for part in term.parts])
    raise NotMaths(f"a {kind} is no value")


def _named(term: Term, point: Mapping[str, Fraction]) -> Value:
    key = name_of(term)
    if key in point:
        return point[key]
    if term.data in CONSTANTS:
        return complex(CONSTANTS[term.data])
    if term.data == "infty":
        return complex(math.inf)
    raise NotMaths(f"the name {key}")


def _folded(term: Term, point: Mapping[str, Fraction]) -> Value:
    exact = Fraction(0 if term.kind == "add" else 1)
    rough: complex | None = None
    for part in term.parts:
        value = _evaluated(part, point)
        if isinstance(value, Fraction):
            exact = exact + value if term.kind == "add" else exact * value
            _bounded(exact)
        elif rough is None:
            rough = value
        else:
            rough = rough + value if term.kind == "add" else rough * value
    if rough is None:
        return exact
    if math.isinf(rough.real) and term.kind == "mul":
        return complex(rough.real * float(exact)) if exact else complex(math.nan)
    return rough + float(exact) if term.kind == "add" else rough * float(exact)


def _bounded(value: Fraction) -> None:
    if value.numerator.bit_length() + value.denominator.bit_length() > 2 * MAX_BITS:
        raise NotMaths("a very large number")


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, Fraction) and exponent.denominator == 1 and isinstance(base, Fraction):
        power = exponent.numerator
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(power) * bits > MAX_BITS:
            raise NotMaths("a very large power")
        if not base and power <= 0:
            raise NotMaths("zero to the power of zero, or below")
        return base**power
    if isinstance(exponent, Fraction) and isinstance(base, Fraction) and base >= 0:
        root = _root(base, exponent.denominator)
        if isinstance(root, Fraction):
            return _power(root, Fraction(exponent.numerator))
        return complex(float(base) ** float(exponent))
    if isinstance(exponent, Fraction) and isinstance(base, Fraction) and exponent.denominator % 2:
        return _power_of_root(base, exponent)
    value = complex(base) ** complex(exponent)
    return value if not abs(value.imag) < 1e-15 * abs(value.real) else complex(value.real)


def _power_of_root(base: Fraction, exponent: Fraction) -> Value:
    r"""`x^{2/3}` below zero: the square of the real root, as `\sqrt[3]{x}^2` is."""
    root = _root(base, exponent.denominator)
    if isinstance(root, Fraction):
        return _power(root, Fraction(exponent.numerator))
    return complex(root.real**exponent.numerator)


def _root(base: Fraction, degree: int) -> Value:
    """The root, exact where it is rational; of an odd degree also below zero."""
    if degree > 64:
        raise NotMaths("a root of a high degree")
    sign = -1 if base < 0 else 1
    if sign < 0 and degree % 2 == 0:
        return cmath.sqrt(complex(base)) if degree == 2 else complex(base) ** (1 / degree)
    top, bottom = _whole_root(abs(base.numerator), degree), _whole_root(base.denominator, degree)
    if top is not None and bottom is not None:
        return Fraction(sign * top, bottom)
    return complex(sign * float(abs(base)) ** (1 / degree))


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    if value.bit_length() > MAX_BITS:
        return None
    root = round(value ** (1 / degree)) if value.bit_length() < 900 else 0
    return next((r for r in (root - 1, root, root + 1) if r >= 0 and r**degree == value), None)


_REAL = {
    **{"sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "exp": cmath.exp, "ln": cmath.log},
    **{"sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh, "lg": cmath.log10},
    **{"arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan, "log": cmath.log10},
    **{"asin": cmath.asin, "acos": cmath.acos, "atan": cmath.atan},
}
_INVERSE = {"cot": cmath.tan, "sec": cmath.cos, "csc": cmath.sin}


def _called(term: Term, values: list[Value]) -> Value:
    name, first = str(term.data), values[0]
    if name == "root":
        return _rooted(first, values[1])
    if name in _REAL and len(values) == 1:
        return _real(_REAL[name](complex(first)))
    if name in _INVERSE:
        return 1 / _real(_INVERSE[name](complex(first)))
    if name in ("log_", "ln_") and len(values) == 2:
        return _logarithm(first, values[1])
    if name == "abs":
        return abs(first) if isinstance(first, Fraction) else complex(abs(first))
    if name in ("floor", "ceil"):
        rounding = math.floor if name == "floor" else math.ceil
        return Fraction(rounding(first if isinstance(first, Fraction) else first.real))
    return _counted(name, values)


def _counted(name: str, values: list[Value]) -> Value:
    """Functions of whole numbers."""
    whole = [v.numerator for v in values if isinstance(v, Fraction) and v.denominator == 1]
    if len(whole) != len(values) or any(abs(number) > 10**6 for number in whole):
        raise NotMaths(f"{name} of what is no whole number")
    if name == "factorial" and 0 <= whole[0] <= MAX_FACTORIAL:
        return Fraction(math.factorial(whole[0]))
    if name == "binom" and 0 <= whole[1] <= whole[0] <= MAX_FACTORIAL * 5:
        return Fraction(math.comb(*whole))
    if name in ("gcd", "lcm") and len(whole) == 2:
        return Fraction(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))
    if name in ("max", "min"):
        return Fraction(max(whole) if name == "max" else min(whole))
    if name == "base" and 2 <= whole[1] <= 36:  # a base is part of the answer: never plain 10
        return complex(whole[0], whole[1] * 1e-3 + 7)
    raise NotMaths(f"{name} of {whole}")


def _rooted(value: Value, degree: Value) -> Value:
    if not isinstance(degree, Fraction) or degree.denominator != 1 or degree <= 0:
        raise NotMaths("a root without a degree")
    if isinstance(value, Fraction):
        return _root(value, degree.numerator)
    return _real(value ** (1 / degree.numerator))


def _logarithm(value: Value, base: Value) -> Value:
    if isinstance(value, Fraction) and isinstance(base, Fraction) and value > 0 and base > 1:
        power = round(math.log(value) / math.log(base))
        if abs(power) < 200 and base**power == value:
            return Fraction(power)
    return _real(cmath.log(complex(value)) / cmath.log(complex(base)))


def _real(value: complex) -> complex:
    """Without the imaginary noise of a function of a real value."""
    return complex(value.real) if abs(value.imag) <= 1e-14 * max(1.0, abs(value.real)) else value
