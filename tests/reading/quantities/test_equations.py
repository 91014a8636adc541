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
    " So he has ", " Rs. ", "^2", " minus ", ": ", " y ", "=  ", " and 1/4", "  ", "X", ".30",
    "-5", " that's ", " times", "20%", "1/3 of ", " US$", " USD ", "1.1234567890123456", "they're ",
    "400-meter ", " the cost of ", "Minus 3",
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


@given(
    before=st.sampled_from(["", "So she has ", "5 boxes hold ", "In all ", "It is -", "minus "]),
    terms=st.lists(st.sampled_from(["3", "48", "0.5", "12"]), min_size=2, max_size=3),
    operator=st.sampled_from("+-*/"),
    space=st.sampled_from(["", " "]),
    made=st.sampled_from(["24", "1.5", "-45", "0"]),
    after=st.sampled_from(["", ".", " clips.", " + 3 = 5", " and 2 * 3 = 6", ", then", "0"]),
)
def test_an_annotated_sum_is_counted_once(
    before: str, terms: list[str], operator: str, space: str, made: str, after: str
) -> None:
    """Its line adds no equation that reading the annotation and the line apart would not find."""
    outer = f"{space}{operator}{space}".join(terms)
    inner = f"{operator.join(terms)}={made}"
    line = f"{before}{outer} = <<{inner}>>{made}{after}"
    apart = [*equations(f"<<{inner}>>"), *equations(line.replace(f"<<{inner}>>", ""))]
    assert set(equations(line)) <= set(apart)


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("She sells 112 eggs at $2 each, for a total of 3 * 2 = 6.", {"3*2": True}),
        ("That is 20% of 50 = 10.", {"20%*50": True}),
        ("She has 16 +4 = 20.", {"16+4": True}),
        ("60 - 10 - 40 = <<60-10-40=10>>10", {"60-10-40": True}),
        ("20 - 1/4 = <<20-1/4=19.75>>19.75", {"20-1/4": True}),
        ("He lost 188-235=-47 points.", {"188-235": True}),
        ("It is 25*.30=7.5.", {"25*.30": True}),
    ],
)
def test_what_looks_like_something_else_is_a_sum(line: str, made: dict[str, bool]) -> None:
    """A count before "of", a signed term, a date or a mixed number among minus signs."""
    assert {e.expression: e.is_true for e in equations(line)} == made


@pytest.mark.parametrize(
    "line",
    [
        "She sold 48 / 2 = 24 clips in May.",
        "He has 5 apples and 3 * 2 = 6 pears, so 6 + 5 = 11.",
        "5 apples + 3 apples = 8 apples",
        "$140 - $7.0 = $          133.0.",
        " So he bought 375 / 75 = 5 candy bars.",
        "Half Jan's age is 30/2=             15 years old.",
        "The total number of puppies is 8 + 12 =            20 times.",
    ],
)
def test_common_lines_take_the_short_way(line: str) -> None:
    """What solutions to grade-school problems write is read in one pass."""
    assert plain_sums(line) == list(worked_out(line)) != []


def test_numbers_in_one_spelling() -> None:
    """A number is the same with separators and idle zeros; zeros of a whole number count."""
    assert numbers_of("1,200 and 2.50 and 3.0") == {"1200", "2.5", "3"}
