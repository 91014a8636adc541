"""The dry run: what it sends, and when it refuses."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.sample import Sample
from rewards.job.errors import PreflightError
from rewards.job.preflight import (
    HEAD_BYTES,
    corrupted,
    event_of,
    expect_full_marks,
    first_records,
)
from rewards.rubric.reference import with_reference

RECORD = {
    "messages": [{"role": "user", "content": "1 + 1?"}],
    "reference_answer": "#### 2",
    "level": "easy",
}


def response(*rewards: object) -> list[dict[str, Any]]:
    return [{"id": "x", "aggregate_reward_score": reward, "metrics_list": []} for reward in rewards]


def test_each_record_is_sent_with_its_reference_and_with_a_corrupted_one() -> None:
    """The documented event: prompt and completion as messages, all else as metadata."""
    honest, corrupt = event_of([RECORD], "{reference}")
    assert honest["messages"][-1] == {"role": "assistant", "content": "#### 2"}
    assert corrupt["messages"][-1] == {"role": "assistant", "content": "#### 3"}
    assert honest["metadata"] == {"reference_answer": "#### 2", "level": "easy"}
    assert (honest["id"], corrupt["id"]) == ("0-honest", "0-corrupt")


def test_a_template_makes_the_completion_and_is_not_corrupted() -> None:
    """What the rubric wants around an answer stays; the answer itself is what changes."""
    record = {**RECORD, "reference_answer": {"value": 7, "unit": "kg"}}
    template = "<answer>{reference_answer.value} {reference_answer.unit}</answer>"
    honest, corrupt = event_of([record], template)
    assert honest["messages"][-1]["content"] == "<answer>7 kg</answer>"
    assert corrupt["messages"][-1]["content"] == "<answer>8 xt</answer>"


def test_a_reference_with_braces_is_not_filled_again() -> None:
    """One pass: a reference that holds a placeholder is text."""
    honest, _ = event_of([{**RECORD, "reference_answer": "{level}"}], "{reference}")
    assert honest["messages"][-1]["content"] == "{level}"


def test_a_reference_in_the_form_of_the_openai_path_is_unwrapped() -> None:
    """`{"text": ...}` is how that path delivers a string."""
    honest, _ = event_of([{**RECORD, "reference_answer": {"text": "2"}}], "{reference}")
    assert honest["messages"][-1]["content"] == "2"


def test_a_record_without_a_reference_is_named() -> None:
    """Nothing is made up: there is no completion to send."""
    with pytest.raises(PreflightError, match="record 1 has no reference_answer"):
        event_of([{"messages": []}], "{reference}")


@pytest.mark.parametrize("path", ["reference_answer.final_answer", "reference_answer.steps.1"])
@pytest.mark.parametrize("form", ["object", "JSON in a string", "text of the OpenAI path"])
def test_a_path_into_a_reference_leads_where_it_leads_in_scoring(path: str, form: str) -> None:
    """Whether the data set holds an object, or JSON in a string."""
    reference: Any = {"final_answer": "72", "steps": [1, "72"]}
    if form != "object":
        reference = json.dumps(reference)
    if form.startswith("text"):
        reference = {"text": reference}
    record = {**RECORD, "reference_answer": reference}
    honest, _ = event_of([record], f"{{{path}}}")
    assert honest["messages"][-1]["content"] == "72"
    narrowed = with_reference(
        Sample(id="1", completion="", reference_answer=record["reference_answer"]),
        [path.partition(".")[2]],
    )
    if not form.startswith("text"):  # which the contract unwraps before
        assert narrowed.reference_answer == "72"


#: Words, numbers and signs of many scripts, as references hold them.
REFERENCES = [
    *("да", "нет", "是", "否", "答え", "예", "아니오", "نعم", "לא", "हाँ", "ใช่", "ναι", "այո"),
    *("½", "²", "Ⅷ", "①", "٣٤", "४२", "七十二", "ﬁ", "ǅ", "ª", "ς", "ß", "ı", "K", "Ω", "დიახ"),
    *("+", "?", "!", "->", "👍", "✓", "[]", "¿?", " \t", "", "№", "∞", "𝟙", "𝕏", "x²", "a½"),
]


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_corrupted_reference_is_no_other_spelling_of_it(reference: str) -> None:
    """Else a reward that is right would seem not to look at the answer, and no job would start."""
    other = corrupted(reference)
    assert fold(other) != fold(reference)
    letters = [
        place for place, char in enumerate(reference) if unicodedata.category(char)[0] in "LN"
    ]
    assert not letters or len(other) == len(reference)
    assert all(other[place] != reference[place] for place in letters)


@given(st.text())
def test_a_corrupted_text_is_another_one_of_the_same_form(text: str) -> None:
    """As long, with every letter and digit changed, and another one however it is folded."""
    other = corrupted(text)
    assert fold(other) != fold(text)
    if fold(other) not in ("?", "!"):
        assert len(other) == len(text)
        for place in letters_of(text):
            assert fold(other[place]) != fold(text[place])


def letters_of(text: str) -> list[int]:
    """Where the letters and digits of a text are."""
    return [place for place, char in enumerate(text) if unicodedata.category(char)[0] in "LN"]


def fold(text: str) -> str:
    """Text as the most forgiving scorer compares it."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def test_full_marks_for_references_alone_pass() -> None:
    """The last bit of a float does not matter."""
    event = event_of([RECORD, RECORD], "{reference}")
    verdict = expect_full_marks(event, response(1.0, 0.2, 1 - 1e-12, 0.0), full_marks=1.0)
    assert verdict == "2 references earn full marks, corrupted ones do not"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(0.5, 0.0), "its own reference earns 0.5 of 1"),
        (response(1.0, 1.0), "a corrupted reference earns full marks"),
        (response(1.0), "1 results for 2 rows"),
        ({"errorMessage": "x"}, "no results for 2 rows"),
        (response(None, 0.0), "the reward is None"),
        (response(True, 0.0), "the reward is True"),
        ([3, 4], "the reward is None"),
    ],
)
def test_any_other_answer_is_refused(answer: object, expected: str) -> None:
    """And the message says which record and what it earned."""
    with pytest.raises(PreflightError, match=expected):
        expect_full_marks(event_of([RECORD], "{reference}"), answer, full_marks=1.0)


def test_only_whole_lines_of_the_head_are_read() -> None:
    """A dataset is read up to a bound, and a line that the bound cuts is left out."""
    line = json.dumps(RECORD).encode() + b"\n"
    head = (line * (HEAD_BYTES // len(line) + 2))[:HEAD_BYTES]
    assert len(first_records(head, 10**9)) == HEAD_BYTES // len(line)
    assert first_records(line, 3) == [RECORD]


@pytest.mark.parametrize("head", [b"", b"[]\n", b"nonsense\n", b'{"messages": 3}\n'])
def test_a_dataset_that_is_none_is_refused(head: bytes) -> None:
    """Before any job is created."""
    with pytest.raises(PreflightError, match="dataset"):
        first_records(head, 3)
