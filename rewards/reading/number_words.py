"""English number words, to the trillions: "seventy-two", "two and a half", "a dozen"."""

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from rewards.reading.numbers import Number, Value
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
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHARES = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4,
    "fourths": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8,
    "tenth": 10, "tenths": 10,
}  # fmt: skip
_COUNTS = {**_UNITS, **_TENS, "fourty": 40, "ninty": 90}
_WORD = "|".join([*_COUNTS, *_SCALES, "hundred", "dozen", "half", "point"])
_WORDS = Pattern(
    rf"""(?<![\w-])
    (?P<sign>(?:minus|negative)\s++)?
    (?P<words>(?:an?\s++(?=hundred|thousand|million|billion|trillion|dozen|half|quarter|third))?
        (?:{_WORD}|(?:quarter|third)(?=\b))\b
        (?:(?:[\s-]++|,\s)(?:and[\s-]++)?(?:an?\s++(?=half|quarter|third|hundred|thousand|million
            |billion|trillion|dozen))?(?:{_WORD}|{"|".join(_SHARES)})\b)*+)
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
    if "point" in words:
        return _decimal_from_words(words)
    total = Fraction(0)  # what stands before the last scale word
    group: Fraction | None = None  # what is being counted up: at most 999, or a part
    whole: Fraction | None = None  # the 2 of "two and three quarters"
    joined = False
    for word in words:
        if word in ("and", "a", "an"):
            joined = joined or word == "and"
            continue
        if word in _COUNTS:
            count = _COUNTS[word]
            if group is None:
                group = Fraction(count)
            elif _may_follow(group, count):
                group += count
            elif joined and whole is None:
                whole, group = group, Fraction(count)
            else:
                return None
        elif word in _SHARES:
            share = Fraction(1, _SHARES[word])
            if whole is not None and group is not None:
                group, whole = whole + group * share, None
            elif group is None:
                group = share
            elif joined:
                group += share
            else:
                group *= share
        elif word == "hundred":
            group = (Fraction(1) if group is None else group) * 100
        elif word == "dozen":
            group = (Fraction(1) if group is None else group) * 12
        else:
            total += (1 if group is None else group) * _SCALES[word]
            group = None
        joined = False
    if whole is not None:
        return None
    value = total + (group or 0)
    return int(value) if value.denominator == 1 else value


def _may_follow(group: Fraction, count: int) -> bool:
    """Whether `count` continues the group: 7 after 20 or 100, 70 after 100, nothing after 7."""
    if count < 10:
        return group.denominator == 1 and (
            group % 100 == 0 or (group % 10 == 0 and group % 100 > 10)
        )
    return group.denominator == 1 and group >= 100 and group % 100 == 0


def _decimal_from_words(words: list[str]) -> Value | None:
    point = words.index("point")
    before = _from_words(words[:point]) if point else 0
    digits = [_UNITS.get(word, 10) for word in words[point + 1 :]]
    if before is None or not digits or max(digits) > 9:
        return None
    return Decimal(f"{before}.{''.join(map(str, digits))}")
