"""choice.match: the one choice that an answer settles on; hedges and echoes settle on none."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import SpecError, UnusableDataError
from rewards.core.sample import Sample
from rewards.scorers.choice import match
from tests.scorers.support import CASES, LONG, check_laws, check_row, run, table, texts

#: Completions in the ways that people and models write them, written from the rules before the
#: reader was; a row that is `missed` is read as nothing.
BLIND = [
    json.loads(line)
    for line in (CASES / "choice_blind.jsonl").read_text(encoding="utf-8").splitlines()
]
CITIES = {"A": "Lyon", "B": "Paris", "C": "Nice"}

FRAGMENTS = (
    *("A", "B", "C", "İ", "ſ", " or ", ", ", "/", "(", ")", ". ", "\n", "not ", "either "),
    *("The answer is ", "Answer: ", "\\boxed{", "}", "####", "<answer>", " is the correct one"),
    *("<think>", "</think>", "**", "I think ", "a ", "Hence ", "is wrong", "wait, "),
    *("The tone is ",),
    *("答案是", "La respuesta es ", "<answer>", "</answer>", '{"answer": "', "####", "- ", ": "),
    *("?",),
    *("Paris", " but ", " because ", "either ", "if ", "no longer "),
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


@pytest.mark.parametrize("row", BLIND, ids=lambda row: f"{row['style']}: {row['completion']}"[:70])
def test_the_blind_table(row: dict[str, Any]) -> None:
    """Each completion is right for the choice that it settles on, and for no other."""
    params: dict[str, Any] = {"choices": row["choices"]}
    if "texts" in row:
        params["texts"] = row["texts"]
    right = [
        choice
        for choice in row["choices"]
        if run(match, Sample("1", row["completion"], reference_answer=choice), params).value
    ]
    intended = [] if row["intended"] is None or row.get("missed") else [row["intended"]]
    assert right == intended


@pytest.mark.parametrize(
    "stated", ["The answer is B.", "Answer: B", "\\boxed{B}", "#### B", "答案是B。"]
)
@pytest.mark.parametrize(
    "remark",
    [
        *("A is correct in general, but not here.", "(A is right only if the gas is ideal.)"),
        *("While A is right about the date, it is wrong about the place.", "Many choose A."),
        *("If the sign were negative, it would be A.", "Option A is the best known."),
        *("- A) is false\n- C) is true but irrelevant", "Indeed \\boxed{A = mc^2}."),
        *("Confidence: A",),
        *("I considered A first.", "Hence A follows from C.", "Confidence label: A", "Source: A"),
    ],
)
def test_a_remark_never_becomes_the_answer(stated: str, remark: str) -> None:
    """What an answer says of other options after it has stated one changes nothing."""
    sample = Sample("1", f"{stated}\n{remark}", reference_answer="B")
    assert run(match, sample, {}).answer == "B"


@pytest.mark.parametrize(
    "first", ["The answer is A.", "Answer: A", "\\boxed{A}", "<answer>A</answer>"]
)
@pytest.mark.parametrize(
    ("between", "answer"),
    [
        (" Wait, no. ", "B"),
        ("\nSorry, I misread the table.\n", "B"),
        ("\nChecking again: 7 times 6 is 42, which is not among A's values.\n", "B"),
        (" Or ", None),
        ("\nAlternatively, ", None),
        ("\n", None),
    ],
)
def test_a_later_statement_supersedes_after_a_correction_or_working(
    first: str, between: str, answer: str | None
) -> None:
    """Two statements with nothing between them are two guesses."""
    sample = Sample("1", f"{first}{between}The answer is B.", reference_answer="B")
    assert run(match, sample, {}).answer == answer


@pytest.mark.parametrize(
    ("completion", "value"),
    [
        *(("Paris", 1.0), ("B. Paris", 1.0), ("B", 1.0), ("The answer is Paris.", 1.0)),
        *(
            ("A. Paris", 0.0),
            ("Answer: (C) Paris", 0.0),
            ("Lyon or Paris", 0.0),
            ("Not Paris.", 0.0),
        ),
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        {"texts": CITIES},
        {"own": CITIES},
        {"own": list(CITIES.values())},
        {"own": json.dumps(CITIES)},
    ],
    ids=["rubric", "table", "list", "JSON"],
)
def test_texts_stand_for_their_letters(
    completion: str, value: float, where: dict[str, Any]
) -> None:
    """From the rubric or from each sample; a letter with the text of another is refused."""
    params: dict[str, Any] = {"texts": CITIES} if "texts" in where else {"texts_key": "options"}
    metadata = {"options": where["own"]} if "own" in where else {}
    sample = Sample("1", completion, reference_answer="Paris", metadata=metadata)
    assert run(match, sample, params).value == value


def test_a_choice_without_a_text_is_none() -> None:
    """A sample with three options has no fourth, though the rubric names ten letters."""
    metadata = {"options": CITIES}
    sample = Sample("1", "I", reference_answer="B", metadata=metadata)
    params = {"choices": list("ABCDEFGHIJ"), "texts_key": "options"}
    assert run(match, sample, params).answer is None


@pytest.mark.parametrize(
    "options",
    [None, 5, "B", [], ["Lyon"], ["a", "b", "c", "d", "e"], {"E": "x", "A": "y"}, {"A": 1}],
)
def test_texts_that_are_none_are_unscored(options: object) -> None:
    """A field that does not hold the texts of the choices is a fault of the data."""
    sample = Sample("1", "Paris", reference_answer="B", metadata={"options": options})
    with pytest.raises(UnusableDataError, match="field 'options' must hold"):
        run(match, sample, {"texts_key": "options"})


@pytest.mark.parametrize(
    "reference",
    [
        *("B", "b", " B ", "(B)", "[B]", "B.", "B) Paris", "B. Paris", "B Paris", "B: Paris"),
        *("**B**",),
        *("<answer>B</answer>", "\\boxed{B}", "Answer: B", "The answer is B.", "#### B"),
        *("Option B",),
        *('{"answer": "B"}', "$\\boxed{\\text{B}}$", "答案：B", "The correct answer is (B)"),
    ],
)
def test_references_as_data_sets_have_them(reference: str) -> None:
    """A reference is read as an answer is."""
    assert run(match, Sample("1", "B", reference_answer=reference), {}).value == 1.0


@pytest.mark.parametrize(("first", "reference"), [(0, 1), (0, "1"), (1, 2), (1, "2"), (1, " 2 ")])
def test_an_index_means_a_choice_where_the_rubric_says_so(first: int, reference: object) -> None:
    """Data with places for references needs to say whether it counts from 0 or from 1."""
    sample = Sample("1", "Answer: B", reference_answer=reference)
    assert run(match, sample, {"index_from": first}).value == 1.0
    with pytest.raises(UnusableDataError, match="none of the choices"):
        run(match, sample, {})


@pytest.mark.parametrize("reference", [4, "9", -1, 0])
def test_an_index_beyond_the_choices_is_unscored(reference: object) -> None:
    """There is no fifth choice of four, and no zeroth where counting starts from 1."""
    params = {"index_from": 0 if reference else 1}
    with pytest.raises(UnusableDataError, match="none of the choices"):
        run(match, Sample("1", "B", reference_answer=reference), params)


def test_the_end_of_a_long_answer_counts() -> None:
    """Of pages of working the end is read, with its place, and the beginning."""
    working = "She weighs the options, one by one. " * 2_000
    for completion in (f"{working}The answer is B.", f"B\n{working}"):
        score = run(match, Sample("1", completion, reference_answer="B"), {})
        assert score.value == 1.0
        assert score.span is not None
        assert completion[slice(*score.span)] == "B"


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
        ({"texts": CITIES, "texts_key": "options"}, "and not both"),
        ({"texts": {"E": "x", "A": "y"}}, "none of the choices"),
        ({"texts": {"A": "x"}}, "2 choices or more"),
        ({"index_from": 2}, "index_from must be 0 or 1"),
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
        *("answer: either or the option ", "<answer>A", '{"answer": "A"} ', "not A ", "(A) x or "),
        *("the tone is ", "答案是B 或", "A is wrong, ", "A. x\n", "A? ", "Hence A. ", "A = 1 "),
    ],
)
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of half-finished statements is read once."""
    completion = flood * (LONG // len(flood))
    for text in (completion, f"answer:{completion}"):
        assert run(match, Sample("1", text, reference_answer="C"), {}).value == 0.0
