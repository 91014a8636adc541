"""The service's JSON, in and out. The only file that knows the keys of the wire.

What Bedrock and SageMaker send (and what AWS's own samples accept) is one of

* a list of rows: `[{"id", "messages", "metadata": {"reference_answer", ...}}, ...]`,
* one row by itself,
* `{"trajectories": [row, ...]}`.

`reference_answer` and custom fields may stand in `metadata` or at top level; metadata wins. The
last assistant turn is the completion. What goes back is a list with one result a row, in order:
`{"id", "aggregate_reward_score", "metrics_list": [{"name", "value", "type"}]}`.

A row that cannot be read costs that row only: it gets the floor and says why in `metrics_list`.
An event in no known shape is an `EventError`, since there is no row to answer for.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from rewards.core.errors import EventError
from rewards.core.sample import Message, Sample
from rewards.core.score import Fault, Reward

#: What Lambda is told to call, and what it takes and gives in one invocation at most.
HANDLER = "rewards.handler.lambda_handler"
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024

#: `nova_assistant` is what Nova jobs send; `bot` is in Nova Forge's dataset schema.
ASSISTANT_ROLES = frozenset({"assistant", "nova_assistant", "bot"})

#: Keys of a row that are read by name; all others are custom fields.
ROW_KEYS = frozenset({"id", "messages", "reference_answer", "metadata", "tools"})

#: A single object is a row only if it has one of these: `{"body": ...}` is another service's.
SINGLE_ROW_KEYS = frozenset({"messages", "reference_answer", "metadata"})

_TEXT_TYPES = frozenset({"text", "output_text", "input_text"})
_REASONING_TYPES = frozenset({"reasoning", "thinking", "reasoning_text"})
#: Where message-level reasoning stands: vLLM and DeepSeek, gpt-oss, Anthropic.
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")


class Row(NamedTuple):
    """One row of an event: the id as it goes back, and a sample, or the fault that it has none."""

    id: Any
    sample: Sample | None
    fault: Fault | None = None


Shape = Literal["list", "trajectories", "row"]


class Shaped(NamedTuple):
    """An event's shape among those above, and its rows as they came."""

    shape: Shape
    rows: Sequence[object]


def parse_event(event: object) -> list[Row]:
    """Every row of an event, in order, none dropped.

    Raises:
        EventError: the event as a whole is in no known shape.
    """
    return [parse_row(row, index) for index, row in enumerate(rows_of(event).rows)]


def parse_row(row: object, index: int) -> Row:
    """One row as a sample, or with the fault that stops it from being one.

    A missing or null id, or one that JSON cannot carry back, becomes `index-<index>`.
    """
    wire_id = index_id(index)
    try:
        if not isinstance(row, dict):
            raise EventError(f"the row is {kind_of(row)}, not an object")
        wire_id = _wire_id(row.get("id"), index)
        return Row(wire_id, _sample(row, wire_id))
    except EventError as error:
        return Row(wire_id, None, Fault(error.kind, str(error), "data"))


def index_id(index: int) -> str:
    """The id of a row that came without one: its place in the event, counted from 0."""
    return f"index-{index}"


def to_response(
    rows: Sequence[Row], rewards: Sequence[Reward], *, floor: float
) -> list[dict[str, Any]]:
    """One result a row, in order. `rewards` holds one reward for each row that has a sample."""
    scored = iter(rewards)
    return [
        _result(row.id, next(scored)) if row.sample is not None else _broken(row, floor)
        for row in rows
    ]


def without_metrics(response: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same results with no `metrics_list`, which is optional."""
    return [
        {"id": result["id"], "aggregate_reward_score": result["aggregate_reward_score"]}
        for result in response
    ]


def _result(wire_id: Any, reward: Reward) -> dict[str, Any]:
    return {
        "id": wire_id,
        "aggregate_reward_score": reward.value,
        "metrics_list": list(_metrics(reward)),
    }


def _broken(row: Row, floor: float) -> dict[str, Any]:
    assert row.fault is not None
    return {
        "id": row.id,
        "aggregate_reward_score": floor,
        "metrics_list": [_metric(f"error/{row.fault.kind}", 1.0)],
    }


def _metrics(reward: Reward) -> Iterator[dict[str, Any]]:
    """What ran, by component; what did not is absent and named as `component/error/kind`."""
    weighted = reward.weighted
    for name, score in reward.scores.items():
        kind = "Reward" if name in weighted else "Metric"
        yield {"name": name, "value": score.value, "type": kind}
        for sub, value in score.metrics.items():
            if math.isfinite(value):
                yield _metric(f"{name}/{sub}", float(value))
    for name, fault in reward.faults.items():
        yield _metric(f"{name}/error/{fault.kind}", 1.0)


def _metric(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "value": value, "type": "Metric"}


def rows_of(event: object) -> Shaped:
    """Which known shape an event has, and its rows as they came, read or not.

    Raises:
        EventError: it is in no known shape.
    """
    if isinstance(event, list):
        return Shaped("list", event)
    if isinstance(event, dict):
        trajectories = event.get("trajectories")
        if isinstance(trajectories, list):
            return Shaped("trajectories", trajectories)
        if "trajectories" not in event and not SINGLE_ROW_KEYS.isdisjoint(event):
            return Shaped("row", [event])
    raise EventError(
        f"the event is {_shape_of(event)}; expected a list of rows, one row with "
        '"messages", or {"trajectories": [rows]}'
    )


def wire_row(sample: Sample) -> dict[str, Any]:
    """A sample as the documented row: reference and custom fields in the metadata.

    Whatever `parse_row` has read comes back the same: `parse_row(wire_row(sample), 0).sample` is
    the sample. What only the service's spelling said (`nova_assistant`, blocks of content, turns
    of tools after the completion) is not in a sample, and so not here.

    >>> wire_row(Sample("1", "#### 72", reference_answer="72"))["metadata"]
    {'reference_answer': '72'}
    """
    completion = Message("assistant", sample.completion, sample.reasoning, sample.tool_calls)
    row: dict[str, Any] = {
        "id": sample.id,
        "messages": [_turn(message) for message in (*sample.prompt, completion)],
    }
    metadata = {k: v for k, v in sample.metadata.items() if k != "reference_answer"}
    reference = sample.reference_answer
    if reference is not None:
        is_wrapped = _reference(reference) is not reference  # would be unwrapped when it is read
        metadata["reference_answer"] = {"text": reference} if is_wrapped else reference
    if metadata:
        row["metadata"] = metadata
    if sample.tools:
        row["tools"] = list(sample.tools)
    return row


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning:
        turn[_REASONING_KEYS[0]] = message.reasoning
    if message.tool_calls:
        turn["tool_calls"] = list(message.tool_calls)
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        turn["name"] = message.name
    return turn


def _shape_of(event: object) -> str:
    """The event's outline for an error: its keys, never its contents."""
    if isinstance(event, dict):
        if "trajectories" in event:
            return f'an object whose "trajectories" is {kind_of(event["trajectories"])}'
        keys = [str(key)[:40] for key in list(event)[:10]]
        return f"an object with the keys {keys}" if keys else "an empty object"
    return kind_of(event)


def kind_of(value: object) -> str:
    """The JSON type of a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"


def _wire_id(value: object, index: int) -> Any:
    """The id as it goes back: as it came, if JSON in UTF-8 can carry it."""
    if value is None:
        return index_id(index)
    if type(value) is str and value.isascii():
        return value
    try:
        # Lone surrogates and NaN parse, but would break the whole response on its way out.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError):
        return index_id(index)
    return value


def _sample(row: Mapping[str, Any], wire_id: Any) -> Sample:
    metadata = row.get("metadata")
    if not isinstance(metadata, dict):
        # Null is an empty metadata; anything else is kept where an author can find it.
        metadata = {} if metadata is None else {"metadata": metadata}
    prompt, completion = _turns(row.get("messages"))
    reference = metadata.get("reference_answer")
    if reference is None:
        reference = row.get("reference_answer")
    return Sample(
        id=wire_id if type(wire_id) is str else json.dumps(wire_id),
        completion=completion.content,
        prompt=prompt,
        reference_answer=_reference(reference),
        metadata=_custom_fields(row, metadata),
        reasoning=completion.reasoning,
        tools=_objects(row.get("tools")) or _objects(metadata.get("tools")),
        tool_calls=completion.tool_calls,
    )


def _custom_fields(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: row[key] for key in row if key not in ROW_KEYS}
    fields.update(metadata)
    fields.pop("reference_answer", None)
    return fields


def _reference(value: object) -> object:
    """`{"text": ...}` is how the OpenAI-compatible path delivers a string."""
    if isinstance(value, dict) and len(value) == 1 and "text" in value:
        return value["text"]
    return value


def _turns(messages: object) -> tuple[tuple[Message, ...], Message]:
    """The prompt, and the completion: the last assistant turn, with at most tool results after it.

    A user's turn after it means that the rollout is not there: to take an assistant turn of the
    prompt for it would pay the model for what it did not write.
    """
    if not isinstance(messages, list):
        raise EventError(f'"messages" is {kind_of(messages)}, not a list', "no_messages")
    turns = [_message(message, place) for place, message in enumerate(messages)]
    last = len(turns) - 1
    while last >= 0 and turns[last].role == "tool":
        last -= 1
    if last < 0 or turns[last].role != "assistant":
        raise EventError(
            "the last message is not the assistant's: the row holds no completion",
            "no_completion",
        )
    return tuple(turns[:last]), turns[last]


def _message(message: object, place: int) -> Message:
    if not isinstance(message, dict):
        raise EventError(f"messages[{place}] is {kind_of(message)}, not an object")
    role = message.get("role")
    if not isinstance(role, str):
        raise EventError(f"messages[{place}].role is {kind_of(role)}, not a string")
    if role in ASSISTANT_ROLES:
        role = "assistant"
    content = message.get("content")
    if type(content) is str and len(message) == 2:  # nearly every message
        return Message(role, content)
    text, reasoning = _content(content, place)
    for key in _REASONING_KEYS:
        if isinstance(message.get(key), str):
            reasoning.append(message[key])
    return Message(
        role=role,
        content=text,
        reasoning="\n".join(reasoning),
        tool_calls=_objects(message.get("tool_calls")) + _tool_uses(content),
        tool_call_id=_string(message.get("tool_call_id")),
        name=_string(message.get("name")),
    )


def _content(content: object, place: int) -> tuple[str, list[str]]:
    """The text of a message's content, and its reasoning blocks.

    Blocks are joined by a line break: two blocks never make one number, and a marker that starts
    a block starts a line.
    """
    if isinstance(content, str):
        return content, []
    if content is None:
        return "", []
    blocks = content if isinstance(content, list) else [content]
    texts: list[str] = []
    reasoning: list[str] = []
    for block in blocks:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict):
            _read_block(block, texts, reasoning)
        else:
            raise EventError(f"messages[{place}].content holds {kind_of(block)}")
    return "\n".join(texts), reasoning


def _read_block(block: Mapping[str, Any], texts: list[str], reasoning: list[str]) -> None:
    """Put a block's text where it belongs. Images and other media hold none."""
    kind = block.get("type")
    thought = block.get("reasoningContent")
    if isinstance(thought, dict):  # Converse: {"reasoningContent": {"reasoningText": {"text"}}}
        inner = thought.get("reasoningText", thought)
        thought = inner.get("text") if isinstance(inner, dict) else inner
        reasoning.extend([thought] if isinstance(thought, str) else [])
    elif isinstance(kind, str) and kind in _REASONING_TYPES:
        for key in ("text", *_REASONING_KEYS):
            if isinstance(block.get(key), str):
                reasoning.append(block[key])
    elif kind is None or (isinstance(kind, str) and kind in _TEXT_TYPES):
        text = block.get("text")
        if isinstance(text, str):
            texts.append(text)
        elif text is not None:
            raise EventError(f"a content block's text is {kind_of(text)}, not a string")


def _tool_uses(content: object) -> tuple[Mapping[str, Any], ...]:
    """The tool calls among content blocks: Converse's `toolUse`, Anthropic's `tool_use`."""
    if not isinstance(content, list):
        return ()
    found = (
        block.get("toolUse", block if block.get("type") == "tool_use" else None)
        for block in content
        if isinstance(block, dict)
    )
    return tuple(block for block in found if isinstance(block, dict))


def _objects(value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, dict))


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None
