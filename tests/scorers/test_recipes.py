"""The bundled rubrics for extraction and classification, end to end through Rubric.load."""

import json
from itertools import pairwise
from typing import Any

import pytest

from rewards import Message, Rubric, Sample
from rewards.core.score import Reward

INVOICE: dict[str, Any] = {
    "number": "A-17",
    "date": "2026-03-01",
    "total": 12.5,
    "currency": "EUR",
    "lines": [{"text": "Tea", "amount": 4.5}, {"text": "Milk", "amount": 8}],
}


def scored(rubric: str, completion: str, reference: object) -> Reward:
    sample = Sample("1", completion, (Message("user", "?"),), reference)
    return Rubric.load(rubric).score(sample)


def extracted(completion: Any) -> float:
    text = completion if isinstance(completion, str) else json.dumps(completion)
    return scored("extraction", text, INVOICE).value


def test_the_right_invoice_earns_full_marks_in_any_wrapping() -> None:
    """Bare, fenced or after reasoning, an answer that follows the reference earns 1.0."""
    bare = json.dumps(INVOICE)
    for completion in (bare, f"```json\n{bare}\n```", f"<think>hm {{}}</think>Here: {bare}"):
        assert extracted(completion) == 1.0
    assert scored("extraction", bare, bare).value == 1.0


def test_extraction_ranks_answers_as_a_person_would() -> None:
    """Right, nearly right, valid but wrong, empty, malformed: each clearly below the one before."""
    wrong = {"number": "B", "date": "2020-01-01", "total": 1, "currency": "USD", "lines": []}
    ranked = [
        extracted(INVOICE),
        extracted({**INVOICE, "total": 13}),
        extracted(wrong),
        extracted("{}"),
        extracted("I cannot read this invoice."),
    ]
    assert ranked == sorted(ranked, reverse=True)
    assert all(better - worse > 0.09 for better, worse in pairwise(ranked))


@pytest.mark.parametrize(
    "attack",
    [
        "",
        "{}",
        "[]",
        "null",
        json.dumps({f"k{i}": i for i in range(500)}),
        json.dumps({**{key: None for key in INVOICE}, "lines": [None] * 99}),
        "{" * 5_000,
        "[" * 5_000 + "]" * 5_000,
        json.dumps(INVOICE).replace("12.5", "NaN"),
        json.dumps(INVOICE)[:-2],
        json.dumps(INVOICE) + " or perhaps " + json.dumps({"number": "?"}),
        f"<think>{json.dumps(INVOICE)}</think>",
    ],
    ids=[
        *("nothing", "empty object", "empty list", "null", "stuffing", "nulls", "flood", "depth"),
        *("NaN", "cut off", "hedge", "thinking only"),
    ],
)
def test_attacks_on_extraction_do_not_pay(attack: str) -> None:
    """Answers that read nothing off the document earn next to nothing, or the penalty."""
    assert extracted(attack) < 0.15


def test_extraction_reports_what_a_person_wants_to_see() -> None:
    """Figures per field, the schema's verdict and the share of flawless documents are metrics."""
    reward = scored("extraction", json.dumps({**INVOICE, "total": 13}), INVOICE)
    assert reward.scores["fields"].metrics["field.total"] == 0.0
    assert reward.scores["fields"].metrics["field.lines"] == 1.0
    assert reward.scores["schema"].metrics["valid"] == 1.0
    assert reward.scores["all_right"].value == 0.0
    assert reward.weighted == {"fields", "schema"}


@pytest.mark.parametrize(
    ("completion", "value"),
    [
        ("The plot drags, the acting shines.\nSentiment: positive", 1.0),
        ("positive", 1.0),
        ("**Sentiment:** Positive.", 1.0),
        ("Sentiment: negative", 0.0),
        ("Sentiment: positive or neutral", 0.0),
        ("Sentiment: positive, negative, neutral", 0.0),
        ("positive negative neutral", 0.0),
        ("It is positive that I cannot say.", 0.0),
        ("<think>Sentiment: positive</think>", 0.0),
        ("Sentiment: not positive", 0.0),
        ("", 0.0),
    ],
)
def test_classification_pays_for_the_one_label_that_is_stated(
    completion: str, value: float
) -> None:
    """The right label stated plainly earns 1.0, everything else 0.0."""
    reward = scored("classification", completion, "positive")
    assert reward.value == value
    assert not reward.faults


def test_classification_shows_whether_the_prompt_asks_for_what_is_read() -> None:
    """The last line, and the length, are metrics beside the reward."""
    reward = scored("classification", "Good.\nSentiment: positive.", "positive")
    assert reward.scores["last_line"].answer == "positive"
    assert reward.weighted == {"correct"}


@pytest.mark.parametrize("name", ["extraction", "classification"])
def test_the_recipes_round_trip(name: str) -> None:
    """A recipe loaded, written as tables and built again is the same rubric."""
    rubric = Rubric.load(name)
    again = Rubric.from_spec(rubric.to_spec())
    assert (again, again.digest) == (rubric, rubric.digest)
