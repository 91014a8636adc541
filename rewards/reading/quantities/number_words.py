"""English number words, to the trillions: "seventy-two", "two and a half", "a dozen"."""

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from rewards.reading.quantities.numbers import Number, Value
from rewards.reading.text import Pattern

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_UNITS = {word: value for value, word in enumerate(_SMALL)}
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
# The largest first: it multiplies all that stands before it.
_MULTIPLIERS = {
    "trillion": 10**12, "billion": 10**9, "million": 10**6, "thousand": 10**3, "hundred": 100,
}  # fmt: skip
_SHARES = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4,
    "fourths": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8,
    "tenth": 10, "tenths": 10,
}  # fmt: skip
_COUNTS = {**_UNITS, **_TENS, "fourty": 40, "ninty": 90}
_ARTICLES = ("a", "an")
_MULTIPLIED = "|".join([*_MULTIPLIERS, "dozen"])
_WORD = "|".join([*_COUNTS, _MULTIPLIED, "half", "point"])
_WORDS = Pattern(
    rf"""(?<![\w-])
    (?P<sign>(?:minus|negative)\s++)?
    (?P<words>(?:an?\s++(?=half|quarter|third|{_MULTIPLIED}))?
        (?:{_WORD}|(?:quarter|third)(?=\b))\b
        (?:(?:[\s-]++|,\s)(?:and[\s-]++)?(?:an?\s++(?=half|quarter|third|{_MULTIPLIED}))?
            (?:{_WORD}|{"|".join(_SHARES)})\b)*+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# "one hundred and twenty-three billion ..." to the last trillion has 30 words.
MAX_WORDS = 40


def scan_words(text: str, start: int = 0) -> Iterator[Number]:
    """The numbers written in English words, lazily and in order; `text` is plain.

    >>> [str(number.value) for number in scan_words("seventy-two, or two and a half")]
    ['72', '5/2']
    >>> [number.value for number in scan_words("one hundred thirty thousand")]
    [130000]
    """
    for match in _WORDS.finditer(text, start):
        words = re.findall(r"[a-z]+", match["words"].lower())
        value = _from_words(words) if len(words) <= MAX_WORDS else None
        if value is not None and match["sign"]:
            value = -value
        yield Number(value, match.start(), match.end(), match["sign"] is not None)


def _from_words(words: list[str]) -> Value | None:
    """The value of "two hundred and six", "half a million", "two and a half", "two point five".

    None where the words follow each other as no number does ("one two three").
    """
    words = [word for word in words if word not in _ARTICLES]
    if "point" in words:
        return _decimal_from_words(words)
    value = _value(words)
    if value is None or value.denominator > 1:
        return value
    return int(value)


def _value(words: list[str]) -> Fraction | None:
    """A share of something, else a multiple of the largest multiplier, else a count."""
    if words and words[-1] in _SHARES:
        return _shared(words)
    if words and words[-1] == "dozen":
        return _multiplied(words[:-1], 12, [])
    for word, times in _MULTIPLIERS.items():
        if word in words:
            at = len(words) - 1 - words[::-1].index(word)
            return _multiplied(words[:at], times, words[at + 1 :])
    return _counted(words)


def _shared(words: list[str]) -> Fraction | None:
    """A part, or what stands before the last "and" with one: "three quarters", "two and a half"."""
    joint = len(words) - words[::-1].index("and") if "and" in words else 0
    whole = _value(words[: joint - 1]) if joint > 1 else Fraction(0)
    parts = _value(words[joint:-1]) if words[joint:-1] else Fraction(1)
    if whole is None or parts is None:
        return None
    return whole + parts / _SHARES[words[-1]]


def _multiplied(before: list[str], times: int, after: list[str]) -> Fraction | None:
    """Twenty-five times a hundred, and less than a hundred: "twenty-five hundred and six"."""
    factor = _value(before) if before else Fraction(1)
    rest = _value(after) if after else Fraction(0)
    if factor is None or rest is None or rest >= times:
        return None
    return factor * times + rest


def _counted(words: list[str]) -> Fraction | None:
    """The sum of words below a hundred, if each may follow the one before: "seventy-two"."""
    counts = [_COUNTS.get(word) for word in words if word != "and"]
    match counts:
        case [int(count)]:
            return Fraction(count)
        case [int(tens), int(ones)] if tens in _TENS.values() and 0 < ones < 10:
            return Fraction(tens + ones)
    return None


def _decimal_from_words(words: list[str]) -> Value | None:
    point = words.index("point")
    before = _value(words[:point]) if point else Fraction(0)
    digits = [_UNITS.get(word, 10) for word in words[point + 1 :]]
    if before is None or before.denominator > 1 or not digits or max(digits) > 9:
        return None
    return Decimal(f"{before}.{''.join(map(str, digits))}")
