"""One record to score, free of the wire: what was asked, what was answered, what is known."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import MissingReferenceError

# Both classes write their `__init__` out: an event makes thousands of them, and what is in hand is
# checked in a third of the time that a `__post_init__` takes to fetch it again.
_set = object.__setattr__


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One turn: `content` is its text; `reasoning` is what the model thought, kept apart."""

    role: str
    content: str
    reasoning: str
    tool_calls: tuple[Mapping[str, Any], ...]
    tool_call_id: str | None
    name: str | None

    def __init__(
        self,
        role: str,
        content: str = "",
        reasoning: str = "",
        tool_calls: Sequence[Mapping[str, Any]] = (),
        tool_call_id: str | None = None,
        name: str | None = None,
    ) -> None:
        """Keep the turn; `TypeError` where it is none, with the call that would be right."""
        if not (type(role) is type(content) is type(reasoning) is str and tool_calls == ()):
            _check_texts("Message", role=role, content=content, reasoning=reasoning)
            tool_calls = _tables("Message", "tool_calls", tool_calls)
        _set(self, "role", role)
        _set(self, "content", content)
        _set(self, "reasoning", reasoning)
        _set(self, "tool_calls", tool_calls)
        _set(self, "tool_call_id", tool_call_id)
        _set(self, "name", name)


@dataclass(frozen=True, slots=True, init=False)
class Sample:
    """One rollout to score: the prompt, the model's completion, and what the data knows.

    `completion` is the text of the last assistant turn, `reasoning` its reasoning blocks,
    `tool_calls` its tool calls. `reference_answer` is the reference as the data has it (None
    where it has none); scorers read `reference` or `reference_text`, which raise
    `MissingReferenceError` instead of handing out nothing. `metadata` holds the custom fields.

    >>> Sample(id="1", completion="#### 72", reference_answer=72).reference_text
    '72'
    """

    id: str
    completion: str
    prompt: tuple[Message, ...]
    reference_answer: object
    metadata: Mapping[str, object]
    reasoning: str
    tools: tuple[Mapping[str, Any], ...]
    tool_calls: tuple[Mapping[str, Any], ...]

    def __init__(
        self,
        id: str,
        completion: str,
        prompt: Sequence[Message] = (),
        reference_answer: object = None,
        metadata: Mapping[str, object] | None = None,
        reasoning: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        tool_calls: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Keep the rollout; `TypeError` where it is none, with the call that would be right."""
        if not (type(id) is type(completion) is type(reasoning) is str and type(prompt) is tuple):
            _check_texts("Sample", id=id, completion=completion, reasoning=reasoning)
            prompt = _turns(prompt)
        for turn in prompt:
            if type(turn) is not Message:
                _check_turn(turn)
        if type(metadata) is not dict:
            metadata = _metadata(metadata)
        if tools or tool_calls:
            tools = _tables("Sample", "tools", tools)
            tool_calls = _tables("Sample", "tool_calls", tool_calls)
        _set(self, "id", id)
        _set(self, "completion", completion)
        _set(self, "prompt", prompt)
        _set(self, "reference_answer", reference_answer)
        _set(self, "metadata", metadata)
        _set(self, "reasoning", reasoning)
        _set(self, "tools", tools)
        _set(self, "tool_calls", tool_calls)

    @property
    def reference(self) -> Any:
        """The reference in the data's own type; `MissingReferenceError` where there is none."""
        value = self.reference_answer
        if value is None or (isinstance(value, str) and not value.strip()):
            raise MissingReferenceError(
                f"sample {self.id!r} has no reference: put `reference_answer` into the dataset "
                "row, or point the rubric's `reference` at the field that holds it"
            )
        return value

    @property
    def reference_text(self) -> str:
        """The reference as text: strings as they are, anything else as compact JSON."""
        return _as_text(self.reference)

    @property
    def reference_texts(self) -> tuple[str, ...]:
        """The items of a list of references, each as text; one item where it is no list.

        >>> Sample(id="1", completion="", reference_answer=["Paris", "paris"]).reference_texts
        ('Paris', 'paris')
        """
        value = self.reference
        return (
            tuple(_as_text(item) for item in value)
            if isinstance(value, list)
            else (_as_text(value),)
        )

    @property
    def prompt_text(self) -> str:
        """What the user asked: the text of the prompt's user turns, one below the other."""
        return "\n".join(turn.content for turn in self.prompt if turn.role == "user")


def as_samples(samples: Iterable[Sample], call: str) -> list[Sample]:
    """What a rubric was given to score; `TypeError` where it is something else.

    `call` is how it was given, for the message: "score" (in a list) or "score_batch".
    """
    if isinstance(samples, Sample):
        raise TypeError("score_batch takes several samples, got one: write score_batch([sample])")
    if isinstance(samples, str | bytes | Mapping) or not isinstance(samples, Iterable):
        raise TypeError(_no_sample(samples, "score_batch"))
    given = list(samples)
    for index, sample in enumerate(given):
        if not isinstance(sample, Sample):
            raise TypeError(_no_sample(sample, call, index))
    return given


def _no_sample(value: object, call: str, index: int = 0) -> str:
    place = f" at index {index}" if index else ""
    got = f"{call} takes {'a Sample' if call == 'score' else 'Samples'}, got {_kind(value)}{place}"
    if isinstance(value, list | tuple) and value and isinstance(value[0], Sample):
        return f"{got}: write score_batch(samples)"
    fields = "id=..., completion=..."
    if isinstance(value, str):
        fields = 'id="1", completion=text'
    elif isinstance(value, Mapping):
        fields = 'id=row["id"], completion=row["completion"]'
    elif isinstance(value, list | tuple):
        fields = f'id="1", {_OF_A_CHAT}'
    right = f"Sample({fields}, reference_answer=...)"
    return f"{got}: write {call}({right if call == 'score' else f'[{right}]'})"


#: A chat as TRL and the chat APIs have it: a list of {"role", "content"}.
_OF_A_CHAT = 'completion=chat[-1]["content"], prompt=[Message(**turn) for turn in chat[:-1]]'


def _check_texts(of: str, **texts: object) -> None:
    for name, value in texts.items():
        if not isinstance(value, str):
            right = {"Message": 'Message("user", "How many?")', "Sample": 'Sample("1", "#### 72")'}
            remedy = f"write it as {right[of]}"
            if isinstance(value, int | float):
                remedy = f"write {name}=str(...)"
            elif name == "completion" and value is None:
                remedy = 'leave out a rollout that has none; one that says nothing has ""'
            elif name == "completion" and isinstance(value, list | tuple):
                remedy = f"of a chat write {_OF_A_CHAT}"
            raise TypeError(f"{of}({name}=...) must be a string, got {_kind(value)}: {remedy}")


def _turns(prompt: object) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        raise TypeError('Sample(prompt=...) got a string: write prompt=[Message("user", text)]')
    if not isinstance(prompt, list | tuple):
        raise TypeError(
            f"Sample(prompt=...) must be a list of Messages, got {_kind(prompt)}: write "
            'prompt=[Message("user", "How many?")]'
        )
    return tuple(prompt)


def _check_turn(turn: object) -> None:
    if not isinstance(turn, Message):
        raise TypeError(
            f"Sample(prompt=...) must be a list of Messages, got one of {_kind(turn)}: write "
            "prompt=[Message(**turn) for turn in chat]"
        )


def _metadata(metadata: object) -> Mapping[str, object]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"Sample(metadata=...) must be a dict, got {_kind(metadata)}")
    return metadata


def _tables(of: str, name: str, value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, Mapping) for v in value):
        raise TypeError(f"{of}({name}=...) must be a list of dicts, got {_kind(value)}")
    return tuple(value)


def _kind(value: object) -> str:
    """What a wrong value is, for an error: never what it says, which a model may have written."""
    if isinstance(value, list | tuple) and value:
        return f"a {type(value).__name__} of {type(value[0]).__name__}"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
