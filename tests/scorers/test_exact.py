"""exact.match: the reference, word for word, and nothing that merely contains it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.errors import MissingReferenceError, UnusableDataError
from rewards.sample import Sample
from rewards.scorers.exact import match
from tests.scorers.support import LONG, check_laws, check_row, run, table, texts

FLAGS = ["ignore_case", "ignore_space", "ignore_punctuation", "ignore_articles", "any_of"]
PARAMS = st.fixed_dictionaries(
    {flag: st.booleans() for flag in FLAGS} | {"after": st.sampled_from(["", "####", "Answer:"])}
)


@pytest.mark.parametrize("row", table("exact"))
def test_the_table_of_cases(row: dict[str, Any]) -> None:
    """Every row of tests/cases/exact.jsonl scores as it says."""
    check_row("exact", row)


@given(
    completion=texts("Paris", "the ", "####", "<think>", "</think>", " ", ".", "\u0301"),
    reference=texts("Paris", "the ", ".") | st.lists(texts("Paris", "a"), max_size=3),
    params=PARAMS,
)
def test_any_text_is_scored(completion: str, reference: object, params: dict[str, Any]) -> None:
    """No completion, reference or option makes it raise anything but "could not decide"."""
    check_laws(match, Sample("1", completion, reference_answer=reference), params)


@given(reference=st.text(st.characters(codec="utf-8"), min_size=1), params=PARAMS)
def test_a_reference_matches_itself(reference: str, params: dict[str, Any]) -> None:
    """Whatever is ignored, a completion that is the reference earns full marks."""
    params |= {"after": "Answer:", "any_of": False}
    sample = Sample("1", f"Answer:{reference}", reference_answer=reference)
    if "Answer:" in reference or any(mark in reference for mark in ("<", "[", "◁")):
        return  # a reference that holds the marker, or thinking, is cut by design
    try:
        assert run(match, sample, params).value == 1.0
    except (UnusableDataError, MissingReferenceError):
        assert not any(letter.isalnum() for letter in reference) or params["ignore_articles"]


@pytest.mark.parametrize(
    ("reference", "params"),
    [
        ("?!", {"ignore_punctuation": True}),
        ("the", {"ignore_articles": True}),
        ([], {"any_of": True}),
        (["", " "], {"any_of": True}),
    ],
)
def test_an_empty_reference_is_no_match_of_an_empty_answer(
    reference: object, params: dict[str, Any]
) -> None:
    """Where nothing is left of the reference the sample is unscored, and the remedy named."""
    with pytest.raises(UnusableDataError, match="give it text"):
        run(match, Sample("1", "", reference_answer=reference), params)


def test_no_reference_is_unscored() -> None:
    """Data without a reference is a fault of the data, not a wrong answer."""
    with pytest.raises(MissingReferenceError):
        run(match, Sample("1", "Paris"), {})


@pytest.mark.parametrize(
    "flood", ["\u0300\u0316", " ", ".", "the ", "#### ", "ß", "\ud800"], ids=ascii
)
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of combining marks, spaces or markers is compared in linear time."""
    completion = "x" + flood * (LONG // len(flood))
    params = {flag: True for flag in FLAGS}
    sample = Sample("1", completion, reference_answer="y" * 50_000)
    assert run(match, sample, params).value == 0.0
    assert run(match, sample, {"after": "####"}).value == 0.0
