"""The common equations, `NUMBER OPERATOR NUMBER ... = NUMBER` in a sentence, read in one pass.

What it reads `arithmetic` reads alike, at a multiple of the time; where a line holds anything else
beside an equals sign (a percent sign, a chain, an unknown, a number in a form of its own), there is
no reading here and the long way is taken.
"""

import re
from decimal import Decimal
from fractions import Fraction

from rewards.reading.quantities.arithmetic import MAX_DIGITS, OPERATORS, Equation, rounds_to
from rewards.reading.quantities.numbers import MAGNITUDES, same
from rewards.reading.text import Pattern

# How far before an equation its sentence is looked at, where numbers stand there.
_MAX_BEFORE = 80

# Words that belong to a number, or are an operator or an unknown: too many rather than too few.
_SPECIAL = (
    r"(?:(?:[b-zA-Z]|[A-Z]{2,3}|of|Rs)(?![A-Za-z])"
    r"|(?i:plus|minus|negative|times|divided|per\x20?cent|pct|and\x20(?:an?\x20|[0-9]++\x20?/)"
    rf"|{'|'.join(word for word in MAGNITUDES if word.isascii())})(?![a-z]))"
)
_WORD = rf"(?!{_SPECIAL})[A-Za-z]++"
_WORDS = rf"(?:\x20{_WORD})*+"
_NUMBER = (
    r"(?:(?:(?!0)[0-9]{1,3}(?:,[0-9]{3})++|[0-9]{1,15}+)(?:\.[0-9]{1,20}+)?+|\.[0-9]{1,20}+)"
    r"(?![\w.,']*[0-9])"
)
_OPERATOR = r"(?:\x20?[*/×÷·]\x20?|\x20[-+xX]\x20|\+\x20|(?<=[0-9])[-+](?=[$0-9]))"
_SUM = Pattern(
    rf"(?<![\w^.,'+*/×÷·$√-])(\$?{_NUMBER}{_WORDS}(?:{_OPERATOR}\$?{_NUMBER}{_WORDS}){{1,12}}+)"
    rf"\x20?=\x20*+(?:\$?\x20*+(?=[0-9.])|(?=-))(-?{_NUMBER})"
    # Behind it: words to the end of the sentence, to a bracket or to the next number.
    rf"(?=(?:\x20{_WORD}(?:\x20(?:of\b|{_WORD}))*+)?"
    r"(?:(?:\x20times)?(?:\x20?\Z|[.;:!?,](?:\s|\Z))|\x20?\)|\x20\(|(?<=[a-z])\x20\$?[0-9]))"
)
# Before it, behind another number: the end of a sentence or of that number, and words.
_BEFORE = Pattern(
    r"(.*(?:(?<!Rs)[.;:!?,]\s|[0-9]%?\x20(?!of\b)(?=[A-Za-z])|'[a-z]\x20|\())?+\x20*+"
    rf"(?:(?:of\b|{_WORD})(?:\x20(?:of\b|{_WORD}))*+)?\x20*\Z",
    re.DOTALL,
)
_DIGIT = Pattern(r"[0-9]")
# A word that belongs to the number behind it.
_SIGN = Pattern(r"(?:\b(?i:minus|negative)|[A-Z]{2,3}|Rs\.?)\s*\Z")
_TERM = Pattern(rf"(\$?)({_NUMBER})({_WORDS})({_OPERATOR}|\Z)")
# A date, or the part of a mixed number.
_TANGLED = Pattern(r"-[0-9]{2}-|[0-9]-[0-9]++\x20?/|/.*/|/\x20?\.")


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
    digit = _DIGIT.search(content)
    for match in _SUM.finditer(content, max(0, digit.start() - 2)) if digit else ():
        equal -= 1
        start = match.start()
        if not _stands_alone(content, after, start):
            return None
        if "/" in match[1] and content.endswith("and ", after, start):  # "1 and 1/4"
            return None
        after = match.end()
        terms = _terms(match[1])
        if terms is None or len(match[2]) > MAX_DIGITS:
            return None
        values = [_value(number) for number in terms[0]]
        if _does_something(*terms, values):
            equation = _equation(*terms, values, match[2])
            if equation is not None:
                found.append(equation)
    return found if equal == 0 and "≈" not in content else None


def _stands_alone(content: str, after: int, start: int) -> bool:
    """Whether nothing in content[after:start] belongs to the sum that begins at `start`.

    Words and marks without a number are no part of one, whichever they are.
    """
    before = content[after:start]
    if not _DIGIT.search(before) and before.isascii():
        return _SIGN.search(before) is None
    sentence = _BEFORE.match(before[-_MAX_BEFORE:])
    return sentence is not None and (len(before) <= _MAX_BEFORE or sentence[1] is not None)


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
        if len(number) > MAX_DIGITS:
            return None
        if operator == "/" and "/" in sign and not words:
            above = f"{number}/"
            continue
        numbers.append(number)
        if operator:
            operators.append(operator)
    return numbers, operators


def _does_something(numbers: list[str], operators: list[str], values: list[int | Fraction]) -> bool:
    """Whether an operator does more than add 0 or multiply by 1."""
    for operator, left, right in zip(operators, values, values[1:], strict=False):
        idle = 0 if operator in "+-" else 1
        if left != idle and right != idle:
            return True
    return any("/" in number and not number.endswith("/1") for number in numbers)


def _equation(
    numbers: list[str], operators: list[str], values: list[int | Fraction], made: str
) -> Equation | None:
    total: int | Fraction = 0
    product = values[0]
    expression = numbers[0]
    for operator, number, value in zip(operators, numbers[1:], values[1:], strict=True):
        expression += operator + number
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
    digits = made.replace(",", "")
    if "." not in digits:
        result = int(digits)
        return Equation(expression, result, total == result or same(total, result))
    stated = _exact(digits)
    if total == stated:
        return Equation(expression, Decimal(digits), is_true=True)
    decimals = len(digits) - digits.index(".") - 1 if "/" in expression else 0
    return Equation(expression, Decimal(digits), rounds_to(total, stated, decimals))


def _value(number: str) -> int | Fraction:
    if number.isdigit():
        return int(number)
    above, _, below = number.replace(",", "").partition("/")
    return Fraction(_exact(above), _exact(below)) if below else _exact(above)


def _exact(digits: str) -> int | Fraction:
    whole, _, decimals = digits.partition(".")
    if not decimals:
        return int(whole)
    return Fraction(int(whole + decimals), 10 ** len(decimals))
