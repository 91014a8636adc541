"""The wire: every input shape in use, and a response that the service can take."""

import json
from typing import Any

import pytest

from rewards.core.errors import EventError
from rewards.core.sample import Message, Sample
from rewards.core.score import Fault, Reward, Score
from rewards.wire.contract import Row, parse_event, parse_row, to_response, wire_row

USER = {"role": "user", "content": "48 clips, then half as many?"}
ANSWER = {"role": "assistant", "content": "#### 72"}


def row(**fields: Any) -> dict[str, Any]:
    return {"id": "1", "messages": [USER, ANSWER], **fields}


def parsed(**fields: Any) -> Sample:
    sample = parse_row(row(**fields), 0).sample
    assert sample is not None
    return sample


def completion(content: Any, **extra: Any) -> Sample:
    return parsed(messages=[USER, {"role": "assistant", "content": content, **extra}])


@pytest.mark.parametrize("event", [[row()], row(), {"trajectories": [row()]}])
def test_the_three_shapes_of_an_event(event: object) -> None:
    """A list (Bedrock), one object (SageMaker evaluation), trajectories (OpenAI-compatible)."""
    [only] = parse_event(event)

    assert only.id == "1"
    assert only.sample == Sample("1", "#### 72", (Message("user", USER["content"]),))


@pytest.mark.parametrize(
    ("event", "received"),
    [
        (None, "null"),
        ("[]", "a string"),
        (3, "a number"),
        (True, "a boolean"),
        ({}, "an empty object"),
        ({"body": "[]", "headers": {}}, r"the keys \['body', 'headers'\]"),
        ({"trajectories": {}}, 'whose "trajectories" is an object'),
        ({"trajectories": None, "messages": []}, 'whose "trajectories" is null'),
    ],
)
def test_an_event_in_no_known_shape_says_what_came_and_what_is_expected(
    event: object, received: str
) -> None:
    """There is no row to answer for, so the invocation fails, and says why without contents."""
    with pytest.raises(EventError, match=f"{received}.*expected a list of rows"):
        parse_event(event)


def test_an_empty_event_is_answered_by_an_empty_list() -> None:
    """No row, no result."""
    assert to_response(parse_event([]), [], floor=0.0) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"metadata": {"reference_answer": "72"}}, "72"),
        ({"reference_answer": "72"}, "72"),
        ({"metadata": {"reference_answer": "72"}, "reference_answer": "71"}, "72"),
        ({"metadata": {"reference_answer": None}, "reference_answer": "71"}, "71"),
        ({"metadata": None, "reference_answer": "71"}, "71"),
        ({"reference_answer": 72}, 72),
        ({"reference_answer": 0}, 0),
        ({"reference_answer": False}, False),
        ({"reference_answer": {"answer": "72"}}, {"answer": "72"}),
        ({"reference_answer": ["72", "74"]}, ["72", "74"]),
        ({"reference_answer": '{"answer": 72}'}, '{"answer": 72}'),
        ({"reference_answer": {"text": "#### 72"}}, "#### 72"),
        ({"reference_answer": {"text": "a", "label": "b"}}, {"text": "a", "label": "b"}),
        ({}, None),
    ],
)
def test_the_reference_is_found_in_every_place_and_type(
    fields: dict[str, Any], expected: object
) -> None:
    """In metadata or at top level (metadata wins), of any JSON type, {"text"} unwrapped."""
    assert parsed(**fields).reference_answer == expected


def test_custom_fields_stand_in_metadata_wherever_they_came_from() -> None:
    """Top level or metadata; metadata wins; the reference is not among them."""
    sample = parsed(
        level=3, both="top", metadata={"both": "meta", "topic": "x", "reference_answer": 1}
    )

    assert sample.metadata == {"level": 3, "both": "meta", "topic": "x"}


def test_metadata_of_another_type_is_kept() -> None:
    """Nothing is dropped: a string metadata is a custom field of that name."""
    assert parsed(metadata="note").metadata == {"metadata": "note"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("#### 72", "#### 72"),
        (None, ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        (["a", "b"], "a\nb"),
        ({"text": "a"}, "a"),
        ([{"text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}], "a"),
        ([{"type": "output_text", "text": "a"}], "a"),
        ([], ""),
        ([{"type": "text"}], ""),
        ([{"type": ["text"], "text": "a"}], ""),
    ],
)
def test_content_comes_as_text_blocks_strings_or_null(content: Any, text: str) -> None:
    """Blocks are joined by a line break, so that two of them never make one number."""
    assert completion(content).completion == text


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "72"}],
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "72"}],
        [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "72"}],
        [{"reasoningContent": {"text": "hm"}}, {"text": "72"}],
    ],
)
def test_reasoning_blocks_are_kept_apart_from_the_answer(content: Any) -> None:
    """What the model thought is no answer, and is not lost."""
    sample = completion(content)

    assert sample.completion == "72"
    assert sample.reasoning == "hm"


def test_reasoning_beside_the_content_is_kept_apart() -> None:
    """As vLLM and DeepSeek, gpt-oss, and Anthropic deliver it: each under its own name."""
    for key in ("reasoning_content", "reasoning", "thinking"):  # each a family of models
        assert completion("72", **{key: "hm"}).reasoning == "hm"


@pytest.mark.parametrize("role", ["assistant", "nova_assistant", "bot"])
def test_every_name_of_the_assistant_is_understood(role: str) -> None:
    """Nova's own role name scores 0 in half of AWS's samples; not here."""
    assert parsed(messages=[USER, {"role": role, "content": "72"}]).completion == "72"


def test_the_last_assistant_turn_is_the_completion() -> None:
    """Earlier ones belong to the prompt."""
    sample = parsed(messages=[USER, {"role": "assistant", "content": "71"}, USER, ANSWER])

    assert sample.completion == "#### 72"
    assert [turn.role for turn in sample.prompt] == ["user", "assistant", "user"]


def test_tools_and_tool_calls_stay_on_the_sample() -> None:
    """Also where null content and a tool's result come with them."""
    tool = {"type": "function", "function": {"name": "add"}}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    sample = parsed(
        tools=[tool],
        messages=[
            USER,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "72"},
        ],
    )

    assert sample.tools == (tool,)
    assert sample.tool_calls == (call,)
    assert sample.completion == ""


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (None, "malformed_row"),
        ("text", "malformed_row"),
        ([], "malformed_row"),
        ({"id": "1"}, "no_messages"),
        ({"id": "1", "messages": None}, "no_messages"),
        ({"id": "1", "messages": {}}, "no_messages"),
        ({"id": "1", "messages": []}, "no_completion"),
        ({"id": "1", "messages": [USER]}, "no_completion"),
        ({"id": "1", "messages": [USER, ANSWER, USER]}, "no_completion"),
        ({"id": "1", "messages": [USER, "x"]}, "malformed_row"),
        ({"id": "1", "messages": [{"role": 1}]}, "malformed_row"),
        ({"id": "1", "messages": [{"role": "assistant", "content": 72}]}, "malformed_row"),
        ({"id": "1", "messages": [{"role": "assistant", "content": [72]}]}, "malformed_row"),
        (
            {"id": "1", "messages": [{"role": "assistant", "content": [{"text": 72}]}]},
            "malformed_row",
        ),
    ],
)
def test_a_broken_row_costs_that_row_only(broken: object, kind: str) -> None:
    """It gets the floor and the reason; its neighbours are scored."""
    rows = parse_event([row(id="a"), broken, row(id="b")])

    response = to_response(rows, [Reward(1.0), Reward(0.5)], floor=-1.0)

    assert [result["aggregate_reward_score"] for result in response] == [1.0, -1.0, 0.5]
    assert response[1]["metrics_list"] == [
        {"name": f"error/{kind}", "value": 1.0, "type": "Metric"}
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x-1", "x-1"),
        ("", ""),
        ("é", "é"),
        (7, 7),
        (1.5, 1.5),
        (False, False),
        ([1], [1]),
        (None, "index-3"),
        ("\ud800", "index-3"),
        (float("nan"), "index-3"),
        ({"k": float("inf")}, "index-3"),
    ],
)
def test_an_id_goes_back_as_it_came(given: object, expected: object) -> None:
    """Missing, or not to be carried by JSON in UTF-8: its index stands for it."""
    assert parse_row(row(id=given), 3).id == expected


def test_a_missing_id_is_its_index() -> None:
    """Also on rows that are broken in other ways."""
    rows = parse_event([{"messages": [ANSWER]}, {}, 5])

    assert [row.id for row in rows] == ["index-0", "index-1", "index-2"]


def test_duplicate_ids_are_answered_each_in_its_place() -> None:
    """The service numbers rollouts; a repeated id is its business, not a reason to lose one."""
    rows = parse_event([row(), row()])
    response = to_response(rows, [Reward(1.0), Reward(0.0)], floor=0.0)

    assert [result["id"] for result in response] == ["1", "1"]
    assert [result["aggregate_reward_score"] for result in response] == [1.0, 0.0]


def test_metrics_say_what_is_reward_and_what_is_metric() -> None:
    """Weighted components are Reward; the rest Metric; faults are named, never zero."""
    reward = Reward(
        0.5,
        scores={
            "gate": Score(1.0),
            "correct": Score(0.5, metrics={"steps": 2, "bad": float("nan")}),
        },
        faults={"judge": Fault("refusal", "declined")},
        weighted=frozenset({"correct", "judge"}),
    )

    [result] = to_response([Row("1", Sample("1", ""))], [reward], floor=0.0)

    assert result["metrics_list"] == [
        {"name": "gate", "value": 1.0, "type": "Metric"},
        {"name": "correct", "value": 0.5, "type": "Reward"},
        {"name": "correct/steps", "value": 2.0, "type": "Metric"},
        {"name": "judge/error/refusal", "value": 1.0, "type": "Metric"},
    ]


def test_a_deeply_nested_id_costs_nothing() -> None:
    """JSON nested deeper than it can be written again is no id."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    assert parse_row(row(id=deep), 0).id == "index-0"
    json.dumps(parse_row(row(id=deep), 0).id)
    while deep:  # unwind, so that freeing it does not recurse
        deep = deep.pop()


def test_a_reference_that_looks_wrapped_comes_back_from_the_wire() -> None:
    """`{"text": ...}` is unwrapped when it is read, and so is wrapped when it is written."""
    sample = Sample("1", "72", reference_answer={"text": "72"})

    assert parse_row(wire_row(sample), 0).sample == sample


def test_broken_tools_at_top_level_do_not_hide_those_of_the_metadata() -> None:
    """The place that holds tools counts."""
    read = parse_row(row(tools=["no object"], metadata={"tools": [{"name": "t"}]}), 0).sample

    assert read is not None
    assert read.tools == ({"name": "t"},)


@pytest.mark.parametrize(
    "block",
    [
        {"toolUse": {"toolUseId": "1", "name": "add", "input": {"a": 1}}},
        {"type": "tool_use", "id": "1", "name": "add", "input": {"a": 1}},
    ],
    ids=["Converse", "Anthropic"],
)
def test_a_call_among_content_blocks_is_a_call(block: dict[str, Any]) -> None:
    """Beside the text, which is read on its own; a block of another type is none."""
    said = [{"type": "text", "text": "I add."}, block, {"type": "image", "name": "add"}]
    [row] = parse_event([{"messages": [{"role": "assistant", "content": said}]}])

    assert row.sample is not None
    [call] = row.sample.tool_calls
    assert (call["name"], call["input"]) == ("add", {"a": 1})
    assert row.sample.completion == "I add."


@pytest.mark.parametrize(("value", "kind"), [([], "a list"), ({}, "an object"), (5, "a number")])
def test_a_text_that_is_none_is_told_by_its_type(value: Any, kind: str) -> None:
    """The row is broken, and says by what."""
    said = [{"type": "text", "text": value}]
    [row] = parse_event([{"messages": [{"role": "assistant", "content": said}]}])

    assert row.fault is not None
    assert f"text is {kind}, not a string" in row.fault.detail
