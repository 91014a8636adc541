"""What a row of an event carries, and where: its form, never its texts.

Nobody has published which of the known spellings a job sends. One captured event settles it, and
this says it: `rewards events describe` prints it, no part of the Lambda needs it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rewards.wire.contract import ROW_KEYS, kind_of, parse_row

#: A key that a person wrote is shown up to here, and so many of them.
MAX_KEY_CHARS, MAX_KEYS = 40, 20


@dataclass(frozen=True, slots=True)
class Outline:
    """The form of one row.

    `reference` and `fields` say where things stand: "metadata" or "top level". `roles` are as they
    are spelt, `content` the kinds of the messages' contents, `fault` why it is no sample.
    """

    id: str
    reference: str
    fields: tuple[str, ...]
    roles: tuple[str, ...]
    content: tuple[str, ...]
    tools: int
    tool_calls: int
    has_reasoning: bool
    fault: str | None


def outline(row: object, index: int) -> Outline:
    """The form of a row as it came, whether it can be read or not.

    >>> outline({"id": 7, "messages": [], "reference_answer": "72"}, 0).reference
    'top level: a string'
    """
    fields: Mapping[str, object] = row if isinstance(row, dict) else {}
    read = parse_row(row, index)
    sample = read.sample
    messages = fields.get("messages")
    listed = messages if isinstance(messages, list) else []
    turns = [turn for turn in listed if isinstance(turn, dict)]
    contents = sorted({kind for turn in turns for kind in _content(turn)})
    return Outline(
        id=kind_of(fields["id"]) if "id" in fields else "none",
        reference=_reference(fields),
        fields=tuple(_custom(fields)),
        roles=tuple(_key(turn.get("role")) for turn in turns[:MAX_KEYS]),
        content=tuple(contents[:MAX_KEYS]),
        tools=len(sample.tools) if sample else 0,
        tool_calls=len(sample.tool_calls) if sample else 0,
        has_reasoning=bool(sample and sample.reasoning),
        fault=f"{read.fault.kind}: {read.fault.detail}" if read.fault else None,
    )


def _reference(row: Mapping[str, object]) -> str:
    """Where the reference that counts stands, and of what kind it is."""
    for place, table in (("metadata", row.get("metadata")), ("top level", row)):
        value = table.get("reference_answer") if isinstance(table, dict) else None
        if isinstance(value, dict):
            keys = ", ".join(_key(key) for key in list(value)[:MAX_KEYS])
            return f"{place}: an object of {keys}" if keys else f"{place}: an empty object"
        if value is not None:
            return f"{place}: {kind_of(value)}"
    return "none"


def _custom(row: Mapping[str, object]) -> Iterator[str]:
    """The fields of one's own, by place and name."""
    metadata = row.get("metadata")
    inner = metadata if isinstance(metadata, dict) else {}
    for key in [key for key in row if key not in ROW_KEYS][:MAX_KEYS]:
        yield f"top level: {_key(key)}"
    for key in [key for key in inner if key != "reference_answer"][:MAX_KEYS]:
        yield f"metadata: {_key(key)}"


def _content(turn: Mapping[str, object]) -> Iterator[str]:
    content = turn.get("content")
    if not isinstance(content, list):
        yield kind_of(content)
        return
    for block in content:
        if isinstance(block, dict):
            kind = block.get("type")
            yield f"a block {_key(kind)}" if isinstance(kind, str) else "a block without a type"
        else:
            yield f"a list with {kind_of(block)}"


def _key(value: object) -> str:
    """A name in a message: short, and harmless on a terminal."""
    text = value if isinstance(value, str) else kind_of(value)
    return "".join(c if c.isprintable() else "?" for c in text[:MAX_KEY_CHARS])
