"""English number words, to the trillions: each is read to its value, and nothing else is one."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.quantities.number_words import scan_words
from rewards.reading.quantities.numbers import Value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zero", 0),
        ("seventy-two", 72),
        ("one hundred and six", 106),
        ("one hundred thirty thousand", 130_000),
        ("two thousand, three hundred and five", 2305),
        ("twenty-five hundred", 2500),
        ("nine hundred ninety-nine trillion", 999 * 10**12),
        ("a dozen", 12),
        ("half a dozen", 6),
        ("one half", Fraction(1, 2)),
        ("three quarters", Fraction(3, 4)),
        ("two and a half", Fraction(5, 2)),
        ("two and three quarters", Fraction(11, 4)),
        ("one and a half million", 1_500_000),
        ("two point five", Decimal("2.5")),
        ("minus five", -5),
        ("two thousand dozen", 24_000),
        ("a thousand million", 10**9),
        ("two hundred and a half", Fraction(401, 2)),
        ("a thousand and one third", Fraction(3001, 3)),
        ("two hundred thirds", Fraction(200, 3)),
        ("one two three", None),
        ("twenty fifteen", None),
        ("two hundred hundred million five thousand thousand", None),
        ("a dozen and five", None),
        ("half point five", None),
        ("point one hundred", None),
    ],
)
def test_number_words(text: str, value: Value | None) -> None:
    """English words to the trillions; words that follow each other as no number does are none."""
    assert [number.value for number in scan_words(text)] == [value]


def in_words(value: int) -> str:
    """An integer below 10^15 in English, as a reader of the words would write it."""
    ones = (
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
        "nineteen",
    )  # fmt: skip
    tens = (
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    )  # fmt: skip
    if value < 20:
        return ones[value]
    if value < 100:
        return tens[value // 10] + (f"-{ones[value % 10]}" if value % 10 else "")
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if value >= size:
            rest = f" {in_words(value % size)}" if value % size else ""
            return f"{in_words(value // size)} {name}{rest}"
    if value >= 1000:
        rest = f" {in_words(value % 1000)}" if value % 1000 else ""
        return f"{in_words(value // 1000)} thousand{rest}"
    rest = f" and {in_words(value % 100)}" if value % 100 else ""
    return f"{ones[value // 100]} hundred{rest}"


@given(st.integers(0, 10**15 - 1))
def test_words_of_any_integer_are_read_back(value: int) -> None:
    """Every integer below a thousand trillion is read back from its words."""
    assert [number.value for number in scan_words(in_words(value))] == [value]
