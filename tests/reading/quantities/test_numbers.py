"""Reading a number: every way of writing it gives its exact value, and nothing else is one."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.plain import plain
from rewards.reading.quantities import numbers
from rewards.reading.quantities.number_words import scan_words
from rewards.reading.quantities.numbers import Value, close, is_integer, same, scan

any_text = st.text(max_size=200) | st.text("0123456789.,-+/^eE %$½²×x():\\{}frac", max_size=60)


def first(text: str) -> Value | None:
    """The value of the first number in digits of a text."""
    number = next(scan(plain(text)), None)
    return None if number is None else number.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("72", 72),
        ("007", 7),
        ("-5", -5),
        ("−5", -5),
        ("–5", -5),
        ("minus 5", -5),
        ("-$5", -5),
        ("$-5", -5),
        (".5", Decimal("0.5")),
        ("-.5", Decimal("-0.5")),
        ("72.50", Decimal("72.5")),
        ("1,234,567", 1234567),
        ("12,34,567", 1234567),
        ("1 234", 1234),
        ("1\u00a0234", 1234),
        ("1\u202f234", 1234),
        ("1'234", 1234),
        ("1_234", 1234),
        ("1{,}234", 1234),
        (r"12\,500", 12500),
        (r"12\ 500", 12500),
        (r"1\!,\!000", 1000),
        ("1/2", Fraction(1, 2)),
        ("3 1/2", Fraction(7, 2)),
        ("-3 1/2", Fraction(-7, 2)),
        ("3½", Fraction(7, 2)),
        ("⅓", Fraction(1, 3)),
        ("3⁄4", Fraction(3, 4)),
        (r"\frac{1}{2}", Fraction(1, 2)),
        (r"3\frac12", Fraction(7, 2)),
        (r"-\dfrac{7}{2}", Fraction(-7, 2)),
        ("3 and a half", Fraction(7, 2)),
        ("1e3", 1000),
        ("1.5E-2", Decimal("0.015")),
        ("1.5 × 10^3", 1500),
        ("1.5 × 10³", 1500),
        (r"7.2\times 10^{1}", 72),
        ("10^6", 10**6),
        ("10**6", 10**6),
        ("10⁶", 10**6),
        ("2 million", 2 * 10**6),
        ("$1.5k", 1500),
        ("$2M", 2 * 10**6),
        ("3 lakh", 300_000),
        ("2万", 20_000),
        ("US$18", 18),
        ("Rs. 18", 18),
        ("７２", 72),
        ("७२", 72),
        ("٧٢", 72),
        ("7\u200b2", 72),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_every_way_of_writing_a_number(text: str, value: Value) -> None:
    """The forms of issue 3, read to the exact value."""
    assert first(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "3:30",
        "12/25/2024",
        "2024-01-05",
        "1.2.3",
        "7²",
        "2^5",
        "9**9**9",
        "72x5",
        "0x48",
        "72π",
        "1 1/0",
        "1 0/0",
    ],
)
def test_what_is_no_number_is_none_of_its_parts(text: str) -> None:
    """Times, dates, versions, powers and names are read as one thing without a value."""
    assert [number.value for number in scan(text)] == [None]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3,5,7", [3, 5, 7]),
        ("1,2345", [1, 2345]),
        ("70-75", [70, 75]),
        ("x72", []),
        ("300 K", [300]),
        ("5 m^2", [5]),
    ],
)
def test_what_stands_side_by_side_stays_apart(text: str, values: list[int]) -> None:
    """A comma that groups no three digits separates; a dash between digits is no sign."""
    assert [number.value for number in scan(text)] == values


@given(st.decimals(-(10**12), 10**12, places=4))
def test_decimals_are_exact(value: Decimal) -> None:
    """A decimal is read to exactly what was written, with or without separators."""
    assert first(f"{value}") == value
    assert first(f"{value:,}") == value


@given(any_text)
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Whatever stands there, numbers come in order, inside the text, with exact values."""
    content = plain(text)
    position = 0
    for number in scan(content):
        assert position <= number.start < number.end <= len(content)
        assert number.value is None or isinstance(number.value, int | Decimal | Fraction)
        position = number.end
    for number in scan_words(content):
        assert 0 <= number.start < number.end <= len(content)


def test_a_million_digits_are_read_and_compared_exactly() -> None:
    """Integers of any length are exact; Python's own limit on int() does not bite."""
    digits = "7" * 1_000_000
    value = first(digits)
    assert value is not None
    assert same(value, first(digits) or 0)
    assert not same(value, first(digits[:-1] + "8") or 0)
    assert not same(value, 72)


@pytest.mark.parametrize("text", ["1e999999999", "10^999999999", "1 × 10^99999", "1e-99999"])
def test_attack_exponents_are_refused(text: str) -> None:
    """An exponent past any use is no number: nothing of its size is ever made."""
    assert first(text) is None


def test_float_noise_is_forgiven_and_nothing_more() -> None:
    """About 1e-9 relative, at most a millionth, and never between two integers."""
    assert same(Decimal("36.99999999999999"), 37)
    assert same(Decimal("0.3333333333333333"), Fraction(1, 3))
    assert not same(Decimal("72.0001"), 72)
    assert not same(2**53, 2**53 + 1)
    assert not same(10**30, 10**30 + 1)
    assert not same(Decimal("1234567890.5"), Decimal("1234567890.25"))
    assert not same(10**400, Decimal("0.5"))


def test_a_tolerance_is_taken_as_written() -> None:
    """0.1 is one tenth: 0.3 lies within it of 0.2, and 0.31 does not.

    The float nearest to 0.3 is a little less than 0.3, and as a tolerance it is 0.3 all the same.
    """
    assert close(Decimal("0.5"), Decimal("0.2"), 0.3, 0.0)
    assert close(13, 10, 0.0, 0.3)
    assert close(Decimal("0.3"), Decimal("0.2"), 0.1, 0.0)
    assert not close(Decimal("0.31"), Decimal("0.2"), 0.1, 0.0)
    assert close(102, 100, 0.0, 0.02)
    assert not close(103, 100, 0.0, 0.02)
    assert not close(Decimal("1E+4300"), Decimal("2E+4300"), 1.0, 0.0)


def test_whole_numbers_are_whole_in_every_form() -> None:
    """An int, a Decimal and a Fraction may each be whole."""
    assert all(map(is_integer, (72, Decimal("72.0"), Fraction(72))))
    assert not any(map(is_integer, (Decimal("72.5"), Fraction(1, 2))))


def test_caps_are_as_documented() -> None:
    """The caps that bound the arithmetic."""
    assert numbers.MAX_EXPONENT <= 4300
    assert first("1/" + "3" * (numbers.MAX_FRACTION_DIGITS + 1)) is None
