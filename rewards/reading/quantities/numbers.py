r"""Reading a number out of text: digits and words to an exact value. Nothing is ever evaluated.

A value is an `int`, a `Decimal` or a `Fraction`, whichever is exact. What is read:

    72  -5  −5  +5  minus 5  7.50  .5          signs in every Unicode form, any decimal digits
    1,234  1 234  1'234  1_234  1{,}234  12\,500   separators between groups of three digits
    1/2  1 1/2  3\frac{1}{2}  ¾  1½            fractions and mixed numbers
    1e3  1.5 × 10^3  10³                        scientific forms, powers of ten and of nothing else
    2 million  $1.5k  3 lakh                    magnitude words
    $18  18 €  US$ 18  5%  35.0\%               currency and percent, noted beside the value
    seventy-two  two and a half  a dozen        English number words, to the trillions

What is not a number is said to be none, so that no part of it is taken for one: times (3:30),
dates (12/25/2024), versions (1.2.3), powers (7²), names (x72), and exponents past any use.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from rewards.reading.text import Pattern

Value = int | Decimal | Fraction

# Python refuses to read longer runs of digits as an int (its own guard against quadratic time);
# Decimal reads and compares them in linear time.
MAX_INT_DIGITS = 4300
# Fractions are reduced in quadratic time; no fraction in a data set has terms this long.
MAX_FRACTION_DIGITS = 400
# Beyond the range of floats by far: such a number is a bomb or a joke, and is not read.
MAX_EXPONENT = 4300
# Float noise (72.00000000000001): relative, and never more than a millionth in absolute terms.
NOISE = 1e-9
NOISE_CAP = 1e-6


class Number(NamedTuple):
    """A number in a text; `value` is None for digits that are none (a time, a date, a power)."""

    value: Value | None
    start: int
    end: int
    signed: bool = False
    percent: bool = False
    currency: str = ""


# --- digits --------------------------------------------------------------------------------

_VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_FROM_SUPERSCRIPT = str.maketrans(_SUPERSCRIPTS + "⁺⁻", "0123456789+-")
_CURRENCY = (
    r"(?:\b(?:US|AU|CA|NZ|HK|[ACRS]))?\$|[€£¥₹₽₩₪₫₱฿₴₦¢₺₡₲]"
    r"|\b(?:Rs\b\.?|(?:USD|EUR|GBP|INR|CAD|AUD|JPY|CNY|RMB|CHF|MXN|BRL)(?![A-Za-z]))"
)
# Groups are taken whole or not at all (possessive), so "1,2345" is a list and never 1; none follows
# a zero, so "0,111" is no 111.
_WHOLE = (
    r"(?!0)(?:[0-9]{1,3}(?:,[0-9]{3})++(?![0-9])"
    r"|[0-9]{1,2}(?:,[0-9]{2}(?=,))++,[0-9]{3}(?![0-9])"
    r"|[0-9]{1,3}(?:\x20[0-9]{3})++(?![0-9/])"
    r"|[0-9]{1,3}(?:'[0-9]{3})++(?![0-9]))"
    r"|[0-9]++(?:_[0-9]{3}(?![0-9]))*+"
)
_DIGITS = Pattern(
    rf"""
    (?<![A-Za-z0-9^])(?<![A-Za-z0-9]_)
    (?P<sign>(?<![-+])[-+](?![-+])|(?i:\b(?:minus|negative))\s++)?
    (?:(?P<currency>{_CURRENCY})\s?(?P<inner>[-+]?))?
    (?:(?P<whole>{_WHOLE})(?P<decimals>\.[0-9]++)?|(?<!\.)(?P<point>\.[0-9]++)|(?P<vulgar>[{_VULGAR}]))
    """,
    re.VERBOSE,
)
#: Magnitude words: the power of ten that each stands for. A dozen after digits is a unit.
MAGNITUDES = {
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12,
    "hundreds": 2, "thousands": 3, "millions": 6, "billions": 9, "trillions": 12,
    "lakh": 5, "lakhs": 5, "crore": 7, "crores": 7, "mio": 6, "mrd": 9, "tausend": 3, "mille": 3,
    "mil": 3, "mila": 3, "millón": 6, "millones": 6, "millionen": 6, "milhão": 6, "milhões": 6,
    "milione": 6, "milioni": 6, "milliard": 9, "milliards": 9, "milliarden": 9, "тысяч": 3,
    "миллион": 6, "миллионов": 6, "тысячи": 3, "миллиона": 6, "миллиард": 9,
}  # fmt: skip
_MAGNITUDE_SIGNS = {"k": 3, "万": 4, "萬": 4, "億": 8, "亿": 8, "만": 4, "억": 8}
# Beside a currency only: "300 K" is a temperature, "5 M" may be metres.
_MONEY_SIGNS = {"K": 3, "M": 6, "mn": 6, "B": 9, "bn": 9}
# What may follow the digits and belongs to the number; every part is optional.
_SUFFIX = Pattern(
    rf"""
    (?:
        [eE](?P<exponent>[-+]?[0-9]++)(?!\w|\.[0-9])
      | \s?(?:×|x|X|\*|·)\s?10\s?(?:\^|\*\*)\s?[(]?(?P<power>[-+]?[0-9]++)[)]?
      | \s?(?:×|x|X|\*|·)\s?10(?P<superscript>[⁺⁻]?[{_SUPERSCRIPTS}]++)
      | \s?/\s?(?P<denominator>[0-9]{{1,3}}(?:,[0-9]{{3}})++(?![0-9])|[0-9]++(?:\.[0-9]++)?)
      | (?:\ {{1,3}}|-)(?:and\ )?(?P<numerator>[0-9]++)\s?/\s?(?P<under>[0-9]++)
      | \s?(?P<vulgar>[{_VULGAR}])
      | \ and\ a\ (?P<part>half|quarter|third)\b
    )?
    (?P<magnitude>
        (?:\s{{0,3}}(?i:{"|".join(MAGNITUDES)})(?!\w))++
      | \s?[{"".join(_MAGNITUDE_SIGNS)[1:]}]
      | k(?![A-Za-z])
      | (?P<money>{"|".join(_MONEY_SIGNS)})(?![A-Za-z]) )?
    (?P<percent>\s?(?:%|(?i:per\s?cent|pct)\b))?
    """,
    re.VERBOSE,
)
_POWER_OF_TEN = Pattern(
    rf"\s?(?:\^|\*\*)\s?[(]?(?P<power>[-+]?[0-9]++)[)]?|(?P<superscript>[⁺⁻]?[{_SUPERSCRIPTS}]++)"
)
# What makes the digits before it no number: a time, a date, a version, a power, a name.
_NO_NUMBER = Pattern(
    rf":[0-9]|\.[0-9]|\s?/\s?[0-9]|-[0-9][0-9]-[0-9][0-9](?![0-9])|\s?\^|\s?\*\*\s?[0-9(]|[0-9{_SUPERSCRIPTS}]|[A-Za-z_]++[0-9]|[πΠ√]"
)
_WHOLE_TANGLE = Pattern(rf"[\w:./^*{_SUPERSCRIPTS}-]++")
# The character after most numbers: none of these starts a suffix or a tangle; nor do the others
# behind a blank.
_ENDS_NUMBER = frozenset(",;)]}\"'?!>|\n$=+(<")
_ENDS_BEHIND_BLANK = _ENDS_NUMBER | frozenset("-.:defgijknoqrsuvwyzDEFGIJKNOQRSUVWYZ")
# What every number holds, and how far before it its sign and its currency may begin.
_CORE = Pattern(rf"[0-9{_VULGAR}]")
_MAX_LEAD = 24

_PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "third": Fraction(1, 3)}


def scan(text: str, start: int = 0) -> Iterator[Number]:
    """The numbers written in digits, from `start` on, lazily and in order; `text` is plain.

    >>> [(str(n.value), text[n.start:n.end]) for text in ["-5 of 1,234.50"] for n in scan(text)]
    [('-5', '-5'), ('1234.50', '1,234.50')]
    """
    position = start
    while core := _CORE.search(text, position):
        match = _DIGITS.search(text, _lead(text, position, core.start()))
        if match is None:
            return
        number = _number(text, match)
        yield number
        position = number.end


def _lead(text: str, position: int, core: int) -> int:
    """Where the number whose first digit stands at `core` begins at the earliest."""
    first = core - _MAX_LEAD
    if first <= position:
        return position
    if text[first].isspace() and len(text[first:core].split()) <= 2:  # "minus", and a wide gap
        return position
    return first


def _number(text: str, match: re.Match[str]) -> Number:
    """The number at a match of `_DIGITS`, with the suffix that belongs to it."""
    sign, currency, inner, whole, decimals, point, vulgar = match.groups()
    end = match.end()
    start = match.start()
    minus = (sign is not None and sign != "+") != (inner == "-")
    digits = _without_separators(whole) if whole else "0"
    if decimals or point:
        digits += decimals or point
    bounds = (start, end, sign is not None)
    if _ends(text, end):
        if vulgar:
            return Number(_signed(_vulgar(vulgar), minus), *bounds, False, currency or "")
        return Number(_decimal(digits, 0, minus), *bounds, False, currency or "")
    return _with_suffix(text, bounds, digits, vulgar, minus, currency or "")


def _ends(text: str, end: int) -> bool:
    """Whether nothing that belongs to the number follows its digits, by a look at what does."""
    following = text[end : end + 2]
    if not following or following[0] in _ENDS_NUMBER:
        return True
    if following[0] == " ":
        return following[1:] in _ENDS_BEHIND_BLANK
    return following[0] == "." and not following[1:].isdigit()


def _with_suffix(
    text: str,
    bounds: tuple[int, int, bool],
    digits: str,
    vulgar: str | None,
    minus: bool,
    currency: str,
) -> Number:
    start, end, signed = bounds
    if digits == "10" and (power := _POWER_OF_TEN.match(text, end)):
        digits, exponent, end = "1", _exponent(power), power.end()
    else:
        exponent = 0
    suffix = _SUFFIX.match(text, end)
    if suffix is None:  # cannot be: every part of the pattern is optional
        return Number(None, start, end, signed)
    end = suffix.end()
    percent = suffix["percent"] is not None
    magnitude = suffix["magnitude"]
    if suffix["money"] and not currency:
        end, magnitude, percent = suffix.start("money"), None, False
    if tangle := _NO_NUMBER.match(text, end):
        rest = _WHOLE_TANGLE.match(text, max(end, tangle.end() - 1))
        return Number(None, start, rest.end() if rest else tangle.end(), signed)
    value = _scaled(digits, vulgar, exponent, suffix, magnitude, minus)
    return Number(value, start, end, signed, percent, currency)


def _scaled(
    digits: str,
    vulgar: str | None,
    exponent: int,
    suffix: re.Match[str],
    magnitude: str | None,
    minus: bool,
) -> Value | None:
    """The digits with exponent, fraction and magnitude word applied, exactly."""
    if suffix["exponent"] or suffix["power"] or suffix["superscript"]:
        exponent += _exponent(suffix)
    if magnitude:
        exponent += sum(_magnitude(word) for word in magnitude.split())
    if abs(exponent) > MAX_EXPONENT:
        return None
    if suffix["under"] and not suffix["under"].strip("0"):
        return None
    addend = _addend(suffix) if not vulgar else _vulgar(vulgar)
    if addend is None and not suffix["denominator"]:
        return _decimal(digits, exponent, minus)
    if len(digits) > MAX_FRACTION_DIGITS:
        return None
    if suffix["denominator"]:
        below = suffix["denominator"].replace(",", "")
        if len(below) > MAX_FRACTION_DIGITS or not Fraction(below):
            return None
        value = Fraction(digits) / Fraction(below)
    else:
        value = Fraction(digits) + (addend or 0)
    return _signed(value * Fraction(10) ** exponent, minus)


def _addend(suffix: re.Match[str]) -> Fraction | None:
    """The fraction part of a mixed number: 1/2 of "3 1/2", "3½" and "3 and a half"."""
    if suffix["vulgar"]:
        return _vulgar(suffix["vulgar"])
    if suffix["part"]:
        return _PARTS[suffix["part"]]
    if suffix["numerator"] and len(suffix["numerator"] + suffix["under"]) < MAX_FRACTION_DIGITS:
        return Fraction(int(suffix["numerator"]), int(suffix["under"]))
    return None


def _decimal(digits: str, exponent: int, minus: bool) -> Value:
    if exponent or "." in digits or len(digits) > MAX_INT_DIGITS:
        return Decimal(f"{'-' if minus else ''}{digits}E{exponent}")
    return -int(digits) if minus else int(digits)


def _signed(value: Fraction, minus: bool) -> Fraction:
    return -value if minus else value


def _vulgar(character: str) -> Fraction:
    return Fraction(unicodedata.numeric(character)).limit_denominator(10)


def _exponent(match: re.Match[str]) -> int:
    groups = match.groupdict()
    digits = groups.get("exponent") or groups.get("power")
    if not digits:
        digits = (groups.get("superscript") or "0").translate(_FROM_SUPERSCRIPT)
    return int(digits) if len(digits) <= len(str(MAX_EXPONENT)) + 1 else MAX_EXPONENT + 1


def _magnitude(word: str) -> int:
    sign = _MAGNITUDE_SIGNS.get(word) or _MONEY_SIGNS.get(word)
    return sign or MAGNITUDES[word.lower()]


def _without_separators(whole: str) -> str:
    for separator in ",_' ":
        if separator in whole:
            whole = whole.replace(separator, "")
    return whole


# --- comparison ----------------------------------------------------------------------------


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal: exactly, or but for float noise where one is no integer.

    >>> same(Decimal("72.00000000000001"), 72), same(Decimal("72.01"), 72)
    (True, False)
    >>> same(10**30, 10**30 + 1)
    False
    """
    if left == right:
        return True
    if isinstance(left, int) and isinstance(right, int):
        return False
    if is_integer(left) and is_integer(right):
        return False
    try:
        a, b = float(left), float(right)
    except OverflowError:  # an int or a fraction past the range of floats: exact or not at all
        return False
    return math.isclose(a, b, rel_tol=NOISE) and abs(a - b) <= NOISE_CAP


def close(left: Value, right: Value, absolute: float, relative: float) -> bool:
    """Whether `left` is within a tolerance of `right`: the larger of the two, computed exactly.

    A tolerance is taken as it is written: 0.1 is one tenth, not the float nearest to it.
    """
    if same(left, right):
        return True
    if not (absolute or relative) or is_huge(left) or is_huge(right):
        return False
    a, b = Fraction(left), Fraction(right)
    allowed = max(Fraction(str(absolute)), Fraction(str(relative)) * abs(b))
    return abs(a - b) <= allowed


def is_integer(value: Value) -> bool:
    """Whether the value is a whole number, in whichever form it is kept."""
    if isinstance(value, int):
        return True
    if isinstance(value, Fraction):
        return value.denominator == 1
    return value == value.to_integral_value()


def is_huge(value: Value) -> bool:
    """Whether exact arithmetic on the value would cost more than reading it did."""
    if isinstance(value, Decimal):
        return abs(value.adjusted()) > MAX_EXPONENT or len(str(value)) > 2 * MAX_EXPONENT
    return False
