"""Equations of a text: the short way and the long way read the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.quantities.arithmetic import worked_out
from rewards.reading.quantities.equations import equations, numbers_of
from rewards.reading.quantities.sums import plain_sums

_PIECES = (
    "3", "12", "1,200", "0.5", "48/2", "$7", "0", "1", " + ", " - ", "*", " x ", "/", " / ", " = ",
    "=", " ", "(", ")", " apples", " of", " and", " a half", " million", "%", ". ", ", ", "-",
    " So he has ", " Rs. ", "^2", " minus ", ": ", " y ", "=  ", " and 1/4", "  ", "X",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_the_short_way_reads_what_the_long_way_reads(line: str) -> None:
    """Where the common equations are read in one pass, the outcome is that of the arithmetic."""
    short = plain_sums(line)
    assert short is None or short == list(worked_out(line))


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_no_equation_goes_across_clauses(line: str) -> None:
    """Reading a line clause by clause finds what reading it whole finds."""
    assert equations(line + " = ") == list(worked_out(line + " = "))


@pytest.mark.parametrize(
    "line",
    [
        "She sold 48 / 2 = 24 clips in May.",
        "He has 5 apples and 3 * 2 = 6 pears, so 6 + 5 = 11.",
        "5 apples + 3 apples = 8 apples",
        "$140 - $7.0 = $          133.0.",
    ],
)
def test_common_lines_take_the_short_way(line: str) -> None:
    """What solutions to grade-school problems write is read in one pass."""
    assert plain_sums(line) == list(worked_out(line)) != []


def test_numbers_in_one_spelling() -> None:
    """A number is the same with separators and idle zeros; zeros of a whole number count."""
    assert numbers_of("1,200 and 2.50 and 3.0") == {"1200", "2.5", "3"}
