"""exact.match: the reference, word for word, and nothing that merely contains it."""

import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import MissingReferenceError, UnusableDataError
from rewards.core.sample import Sample
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


def squad_normal(text: str) -> str:
    """SQuAD's normalisation, as its evaluation does it: the oracle for texts of ASCII."""
    text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


@given(
    completion=st.text(st.sampled_from("aAnthe .-,'x"), max_size=20),
    reference=st.text(st.sampled_from("aAnthe .-,'x"), max_size=20),
)
def test_three_options_together_are_squad_s_exact_match(completion: str, reference: str) -> None:
    """On ASCII the value is that of SQuAD's evaluation, character by character."""
    params = {"ignore_case": True, "ignore_punctuation": True, "ignore_articles": True}
    sample = Sample("1", completion, reference_answer=reference)
    try:
        value = run(match, sample, params).value
    except (UnusableDataError, MissingReferenceError):
        assert not squad_normal(reference)
    else:
        assert value == (squad_normal(completion) == squad_normal(reference))


@pytest.mark.parametrize(
    ("completion", "params"),
    [
        ("<answer>Paris</answer>", {}),
        ("I think so.\n<answer>\nParis\n</answer><|im_end|>", {}),
        ("Paris</answer>", {}),
        ("Pa\u200bris\ufeff", {}),
        ("So \\boxed{Paris}.", {"after": "\\boxed{"}),
        ("<final>Paris</final>", {"after": "<final>"}),
        ("<answer>#### Paris</answer> Done.", {"after": "####"}),
        ("#### Paris</s>", {"after": "####"}),
    ],
)
def test_marks_around_an_answer_are_no_part_of_it(completion: str, params: dict[str, Any]) -> None:
    """Tags, boxes, marks that end a turn and invisible characters are no difference."""
    assert run(match, Sample("1", completion, reference_answer="Paris"), params).value == 1.0


def test_a_reference_that_holds_the_tag_is_compared_whole() -> None:
    """Where the answer is about the tag, the tag is content."""
    text = "Write <answer>x</answer>, please"
    assert run(match, Sample("1", text, reference_answer=text), {}).value == 1.0


@pytest.mark.parametrize(
    ("completion", "reference"),
    [("दिन", "दान"), ("मेरा", "मोर"), ("ཀི", "ཀུ"), ("กา", "กี"), ("שָׁ", "שׂ"), ("ක", "කි")],
)
def test_marks_of_letters_are_no_punctuation(completion: str, reference: str) -> None:
    """Vowel signs tell words apart, however much is ignored."""
    params = {"ignore_case": True, "ignore_punctuation": True, "ignore_space": True}
    assert run(match, Sample("1", completion, reference_answer=reference), params).value == 0.0


def test_an_answer_far_longer_than_the_reference_is_not_it() -> None:
    """A flood of what is ignored around the reference is not compared, and not paid."""
    params = {"ignore_space": True, "ignore_punctuation": True}
    for ignored, value in ((" .", 0.0), ("", 1.0)):
        completion = "Paris" + ignored * LONG
        assert run(match, Sample("1", completion, reference_answer="Paris"), params).value == value
    long = "word " * 20_000
    assert run(match, Sample("1", long, reference_answer=long.strip()), {}).value == 1.0
