"""The common equations, `NUMBER OPERATOR NUMBER ... = NUMBER` in a sentence, read in one pass.

What it reads `arithmetic` reads alike, at a multiple of the time; where a line holds anything else
beside an equals sign (a percent sign, a chain, an unknown, a number in a form of its own), there is
no reading here and the long way is taken.
"""

from decimal import Decimal
from fractions import Fraction

from rewards.reading.quantities.arithmetic import MAX_DIGITS, OPERATORS, Equation, rounds_to
from rewards.reading.quantities.numbers import MAGNITUDES, same
from rewards.reading.text import Pattern

# How far before an equation its sentence is looked at.
_MAX_BEFORE = 80

# Words that belong to a number, or are an operator or an unknown: too many rather than too few.
_SPECIAL = (
    r"(?:(?:[b-zA-Z]|[A-Z]{2,3}|of|Rs)(?![A-Za-z])"
    r"|(?i:plus|minus|negative|times|divided|per\x20?cent|pct|and\x20(?:an?\x20|[0-9]++\x20?/)"
    rf"|{'|'.join(word for word in MAGNITUDES if word.isascii())})(?![a-z]))"
)
_WORD = rf"(?!{_SPECIAL})[A-Za-z]++"
_WORDS = rf"(?:\x20{_WORD})*+"
_NUMBER = r"(?:(?!0)[0-9]{1,3}(?:,[0-9]{3})++|[0-9]{1,15}+)(?:\.[0-9]{1,9}+)?+(?![\w.,']*[0-9])"
_OPERATOR = r"(?:\x20?[*/×÷·]\x20?|\x20[-+xX]\x20|\+\x20|(?<=[0-9])[-+](?=[$0-9]))"
_SUM = Pattern(
    rf"(?<![\w^.,'+*/×÷·$√-])(\$?{_NUMBER}{_WORDS}(?:{_OPERATOR}\$?{_NUMBER}{_WORDS}){{1,12}}+)"
    rf"\x20?=\x20*+\$?\x20*+({_NUMBER})"
    # Behind it: words to the end of the sentence, to a bracket or to the next number.
    rf"(?={_WORDS}(?:\x20?\Z|[.;:!?,](?:\s|\Z)|\x20?\)|\x20\(|(?<=[a-z])\x20\$?[0-9]))"
)
# Before it: the start, the end of a sentence or of a number, and words.
_BEFORE = Pattern(
    rf"(.*(?:(?<!Rs)[.;:!?,]\s|[0-9]\x20(?=[A-Za-z])|\())?+(?:{_WORD}{_WORDS})?\x20*\Z", 16
)
_TERM = Pattern(rf"(\$?)({_NUMBER})({_WORDS})({_OPERATOR}|\Z)")
# A date, or the part of a mixed number.
_TANGLED = Pattern(r"-[0-9]{2}-|[0-9]-[0-9]++\x20?/|/.*/")


def plain_sums(content: str) -> list[Equation] | None:
    """The equations of a line of plain text; None where it holds others than the common ones.

    >>> plain_sums("She sold 48 / 2 = 24 clips.")
    [Equation(expression='48/2', result=24, is_true=True)]
    >>> plain_sums("2 * 3 = 6 = 5 + 1") is None
    True
    """
    equal = content.count("=")
    found: list[Equation] = []
    after = 0
    for match in _SUM.finditer(content):
        equal -= 1
        start = match.start()
        first = max(after, start - _MAX_BEFORE)
        before = _BEFORE.match(content[first:start])
        if before is None or (first > after and before[1] is None):
            return None
        if "/" in match[1] and content.endswith("and ", first, start):  # "1 and 1/4"
            return None
        after = match.end()
        terms = _terms(match[1])
        if terms is None:
            return None
        if _does_something(*terms):
            equation = _equation(*terms, match[2])
            if equation is not None:
                found.append(equation)
    return found if equal == 0 and "≈" not in content else None


_Terms = tuple[list[str], list[str]]


def _terms(written: str) -> _Terms | None:
    """The numbers of a sum and the operators between them, a fraction as one number."""
    if ("-" in written or "/" in written) and _TANGLED.search(written):
        return None
    numbers: list[str] = []
    operators: list[str] = []
    above = ""
    for match in _TERM.finditer(written):
        currency, number, words, sign = match.groups()
        if above:
            if currency:
                numbers.append(above[:-1])
                operators.append("/")
            else:
                number = above + number
                if len(number) > MAX_DIGITS - 4 or not number.partition("/")[2].strip("0.,"):
                    return None
            above = ""
        operator = OPERATORS[sign.strip()] if sign else ""
        if operator == "/" and "/" in sign and not words:
            above = f"{number}/"
            continue
        numbers.append(number)
        if operator:
            operators.append(operator)
    return numbers, operators


def _does_something(numbers: list[str], operators: list[str]) -> bool:
    """Whether an operator does more than add 0 or multiply by 1."""
    if any("/" in number and not number.endswith("/1") for number in numbers):
        return True
    for operator, left, right in zip(operators, numbers, numbers[1:], strict=False):
        idle = 0 if operator in "+-" else 1
        if _value(left) != idle and _value(right) != idle:
            return True
    return False


def _equation(numbers: list[str], operators: list[str], made: str) -> Equation | None:
    total: int | Fraction = 0
    product = _value(numbers[0])
    for operator, number in zip(operators, numbers[1:], strict=True):
        value = _value(number)
        if operator == "*":
            product *= value
        elif operator == "/":
            if value == 0:
                return None
            product = Fraction(product) / value
        else:
            total += product
            product = -value if operator == "-" else value
    total += product
    expression = numbers[0] + "".join(map("".join, zip(operators, numbers[1:], strict=True)))
    digits = made.replace(",", "")
    if "." not in digits:
        result = int(digits)
        return Equation(expression, result, same(total, result))
    stated = Fraction(digits)
    decimals = len(digits) - digits.index(".") - 1 if "/" in expression else 0
    return Equation(expression, Decimal(digits), rounds_to(total, stated, decimals))


def _value(number: str) -> int | Fraction:
    above, _, below = number.replace(",", "").partition("/")
    value = int(above) if "." not in above else Fraction(above)
    return Fraction(value) / Fraction(below) if below else value
