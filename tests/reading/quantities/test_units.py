"""The unit beside a number, in one spelling."""

import pytest

from rewards.reading.quantities.numbers import scan
from rewards.reading.quantities.units import unit_of


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("$18", "dollar"),
        ("18 dollars", "dollar"),
        ("18 €", "euro"),
        ("5 kilograms", "kg"),
        ("5kg", "kg"),
        ("72%", "percent"),
        ("72 clips.", "clip"),
        ("72 of them", ""),
        ("$72$ clips", "clip"),
        ("72", ""),
    ],
)
def test_units_are_read_in_one_spelling(text: str, unit: str) -> None:
    """Currency before or after, a sign, an abbreviation or a word."""
    number = next(scan(text))
    assert unit_of(text, number.start, number.end) == unit
