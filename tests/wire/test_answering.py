"""`answer`: the one path from an event to its response, and what it tells of the batch."""

import json
from typing import Any

import pytest

from rewards import Rubric, Sample, scorer, use
from rewards.core.errors import EventError, RefusalError
from rewards.wire import answering
from rewards.wire.answering import answer, answer_rows
from rewards.wire.contract import parse_event


@scorer
def moody(sample: Sample) -> float:
    """1.0 for "right"; breaks, refuses or returns nonsense where the completion says so."""
    if sample.completion == "break":
        raise KeyError(sample.completion)
    if sample.completion == "refuse":
        raise RefusalError("declined")
    return {"right": 1.0, "much": 2.0, "text": "1.0"}.get(sample.completion, 0.0)  # type: ignore[return-value]


RUBRIC = Rubric("moods", [use(moody)])


def event(*completions: str) -> list[dict[str, Any]]:
    turn = {"role": "user", "content": "q"}
    return [
        {"id": str(i), "messages": [turn, {"role": "assistant", "content": completion}]}
        for i, completion in enumerate(completions)
    ]


def test_rows_rewards_and_results_belong_together() -> None:
    """One result a row, one reward a sample; `explained` pairs them, None for a broken row."""
    answered = answer([*event("right"), {"id": "broken"}, *event("wrong")], RUBRIC)

    assert [result["aggregate_reward_score"] for result in answered.response] == [1.0, 0.0, 0.0]
    assert [reward.value for reward in answered.rewards] == [1.0, 0.0]
    assert [(row.id, reward and reward.value) for row, reward in answered.explained()] == [
        *(("0", 1.0), ("broken", None), ("0", 0.0)),
    ]
    assert answered.summary["batch_size"] == 3


def test_rows_that_are_parsed_already_take_the_same_path() -> None:
    """`answer` is `answer_rows` of the event's rows."""
    rows = parse_event(event("right", "break"))

    assert answer_rows(rows, RUBRIC) == answer(event("right", "break"), RUBRIC)


def test_an_event_in_no_known_shape_is_refused() -> None:
    """There is no row to answer for."""
    with pytest.raises(EventError):
        answer({"body": "x"}, RUBRIC)


def test_the_summary_counts_the_samples_that_a_scorer_is_to_blame_for() -> None:
    """What raised, what is out of range and what is no number are bugs; a refusal is none."""
    answered = answer(event("right", "break", "much", "text", "refuse"), RUBRIC)

    assert answered.summary["bugs"] == {"moody": 3}
    assert answered.summary["unscored"] == 4
    assert [reward.bugs for reward in answered.rewards] == [
        *((), ("moody",), ("moody",), ("moody",), ()),
    ]


def test_a_response_at_lambdas_limit_is_whole_and_one_byte_beyond_it_has_no_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The size is that of the bytes which Lambda's runtime sends, in UTF-8."""
    rows = [{**each, "id": f'é\U0001f34e"{n}'} for n, each in enumerate(event("right", "wrong"))]
    whole = answer(rows, RUBRIC)
    size = len(json.dumps(whole.response, ensure_ascii=False).encode())

    monkeypatch.setattr(answering, "MAX_PAYLOAD_BYTES", size)
    assert answer(rows, RUBRIC) == whole
    monkeypatch.setattr(answering, "MAX_PAYLOAD_BYTES", size - 1)
    cut = answer(rows, RUBRIC)

    assert [set(result) for result in cut.response] == [{"id", "aggregate_reward_score"}] * 2
    assert [r["aggregate_reward_score"] for r in cut.response] == [1.0, 0.0]
    assert (whole.too_large, cut.too_large) == (0, size)
