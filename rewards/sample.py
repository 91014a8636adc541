"""One record to score, free of the wire: what was asked, what was answered, what is known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards.errors import MissingReferenceError


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: `content` is its text; `reasoning` is what the model thought, kept apart."""

    role: str
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
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
    prompt: tuple[Message, ...] = ()
    reference_answer: object = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    reasoning: str = ""
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()

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


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
