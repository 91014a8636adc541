"""choice.match: the one choice that an answer settles on; hedges and echoes settle on none."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.errors import SpecError, UnusableDataError
from rewards.sample import Sample
from rewards.scorers.choice import match
from tests.scorers.support import LONG, check_laws, check_row, run, table, texts

FRAGMENTS = (
    *("A", "B", "C", "İ", "ſ", " or ", ", ", "/", "(", ")", ". ", "\n", "not ", "either "),
    *("The answer is ", "Answer: ", "\\boxed{", "}", "####", "<answer>", " is the correct one"),
    *("<think>", "</think>", "**", "I think ", "a "),
)


@pytest.mark.parametrize("row", table("choice"))
def test_the_table_of_cases(row: dict[str, Any]) -> None:
    """Every row of tests/cases/choice.jsonl scores as it says."""
    check_row("choice", row)


@given(
    completion=texts(*FRAGMENTS),
    choices=st.sampled_from([["A", "B", "C"], ["spam", "not spam"], ["İ", "i", "s"], ["1", "-1"]]),
)
def test_any_text_is_scored(completion: str, choices: list[str]) -> None:
    """No text makes it raise, whatever the choices look like."""
    sample = Sample("1", completion, reference_answer=choices[0])
    check_laws(match, sample, {"choices": choices})


@given(completion=texts(*FRAGMENTS))
def test_one_answer_is_right_for_one_reference_at_most(completion: str) -> None:
    """However it is phrased, a completion earns the reward of at most one of the choices."""
    right = [
        run(match, Sample("1", completion, reference_answer=letter), {}).value for letter in "ABCD"
    ]
    assert sum(right) <= 1.0


@pytest.mark.parametrize("joint", [" or ", ", ", "/", " and ", "; ", " & ", " ", "\nor "])
@pytest.mark.parametrize("opener", ["Answer: ", "The answer is ", "\\boxed{", "<answer>", "#### "])
def test_naming_every_choice_is_naming_none(opener: str, joint: str) -> None:
    """A hedge over all choices, in any order and after any opener, is right for none of them."""
    for letters in permutations("ABC"):
        completion = opener + joint.join(letters)
        for wanted in "ABC":
            sample = Sample("1", completion, reference_answer=wanted)
            assert run(match, sample, {"choices": ["A", "B", "C"]}).value == 0.0, completion


@pytest.mark.parametrize("reference", ["E", "A or B", "Paris", "AB", 5])
def test_a_reference_that_is_no_choice_is_unscored(reference: object) -> None:
    """A reference outside the choices is a fault of the data or the rubric, and said to be."""
    with pytest.raises(UnusableDataError, match="none of the choices"):
        run(match, Sample("1", "Answer: B", reference_answer=reference), {})


@pytest.mark.parametrize(
    ("params", "remedy"),
    [
        ({"choices": ["A"]}, "2 to 100 labels"),
        ({"choices": []}, "2 to 100 labels"),
        ({"choices": ["A", "a"]}, "differ in more than case"),
        ({"choices": ["A", "(B)"]}, "start with a letter or digit"),
        ({"choices": ["A", " B"]}, "start with a letter or digit"),
        ({"cues": []}, "cues must hold a word"),
        ({"cues": [""]}, "start with a letter or digit"),
    ],
)
def test_bad_parameters_are_refused_at_load(params: dict[str, Any], remedy: str) -> None:
    """Choices that cannot be told apart stop the rubric, with the remedy."""
    with pytest.raises(SpecError, match=remedy):
        match.bind(params)


@pytest.mark.parametrize(
    "flood",
    [
        *("answer is ", "answer:", "A, ", "A", "A)", "A\n", "answer of ", "\\boxed{", "(A (A "),
        *("answer: A or ", "is the correct ", "A is the most likely ", " ", "\n", "*", "'", "- "),
        "answer: either or the option ",
    ],
)
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of half-finished statements is read once."""
    completion = flood * (LONG // len(flood))
    for text in (completion, f"answer:{completion}"):
        assert run(match, Sample("1", text, reference_answer="B"), {}).value == 0.0
