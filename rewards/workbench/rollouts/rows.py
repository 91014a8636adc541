"""From a line to a row: wire or plain, read exactly as the handler reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rewards.core.errors import EventError
from rewards.wire.contract import MAX_PAYLOAD_BYTES, ROW_KEYS, Row, parse_row


class Line(NamedTuple):
    """A line that holds something: its number in the file from 1, its place among rows from 0.

    `start` is the offset of its first byte in the unpacked file. `data` is None where the line is
    longer than a Lambda event may be. `group` is the same for rollouts that are compared with
    each other, where that was asked for, and None for a row that is compared with none.
    """

    number: int
    place: int
    start: int
    data: bytes | None
    group: int | None = None

    @property
    def size(self) -> int:
        """Bytes that the line takes in memory."""
        return len(self.data or b"")


@dataclass(frozen=True)
class Keys:
    """Where a row keeps what a wire row has in `messages`, `reference_answer` and `id`.

    `group` is the field that rollouts of one prompt share, if the user named one. `named` holds
    those of these five words whose field the user named: a named field is the only one to count,
    and one that no row has is an error.
    """

    prompt: str = "prompt"
    completion: str = "completion"
    reference: str = "reference_answer"
    id: str = "id"
    group: str = ""
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, **given: str) -> "Keys":
        """The keys that the user named, by their words above, and the defaults of the others."""
        named = {field: key for field, key in given.items() if key}
        return cls(**named, named=frozenset(named))

    @property
    def plain(self) -> bool:
        """Whether every row is read as a plain one, even if it has `messages`."""
        return not self.named.isdisjoint({"prompt", "completion"})

    @property
    def group_by(self) -> str:
        """The metadata key that holds the group: a name of its own where the wire uses the field.

        >>> Keys.of(group="problem").group_by, Keys.of(group="id").group_by
        ('problem', '--group-key id')
        """
        return f"--group-key {self.group}" if self.group in ROW_KEYS else self.group

    def options(self) -> dict[str, str | None]:
        """The keys as the command line has them; None is one that was not given.

        >>> Keys.of(prompt="question").options()["--prompt-key"]
        'question'
        """
        fields = ("prompt", "completion", "reference", "id", "group")
        return {
            f"--{field}-key": getattr(self, field) if field in self.named else None
            for field in fields
        }

    def missing(self, row: object) -> set[str]:
        """The named fields that this row does not have; a value of null is there.

        >>> sorted(Keys.of(prompt="q", id="key").missing({"q": None}))
        ['id']
        """
        if not isinstance(row, Mapping):
            return set(self.named)
        found = {field for field in self.named if getattr(self, field) in row}
        found |= {field for field in self.named & _ALSO_IN_METADATA if _has(row, self, field)}
        return set(self.named - found)


#: What stands in the metadata of a wire row as well as at its top level.
_ALSO_IN_METADATA = frozenset({"reference", "id", "group"})


def read_row(line: Line, keys: Keys) -> Row:
    """The row of a line, exactly as the handler reads it.

    Raises:
        EventError: the line holds no row at all: no JSON, no field that could be a completion, or
            none to group by where the user named one, or a whole event. `kind` tells these apart.
    """
    return as_row(read_json(line), line.place, keys)


def as_row(value: Any, place: int, keys: Keys) -> Row:
    """The row that a value of JSON is, at its place among the rows; `EventError` as `read_row`."""
    if isinstance(value, list):
        raise EventError(
            "a list, not a row: one row a line; rewards replay takes whole events", "list"
        )
    if isinstance(value, Mapping):
        if "group" in keys.named and not _has(value, keys, "group"):
            raise EventError(
                f'no "{keys.group}" to group by (--group-key); its fields: {_names(value)}',
                "no_group",
            )
        value = _wire_row(value, keys)
    return parse_row(value, place)


def read_json(line: Line) -> Any:
    """What a line says.

    Raises:
        EventError: it is too long, no UTF-8 or no JSON.
    """
    if line.data is None:
        limit = f"{MAX_PAYLOAD_BYTES:,} bytes"
        raise EventError(f"longer than {limit}, all that a Lambda event can hold", "too_long")
    try:
        return json.loads(line.data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError as error:
        byte = line.data[error.start]
        raise EventError(
            f"not UTF-8: byte 0x{byte:02x} at {error.start + 1}; save the file as UTF-8", "not_utf8"
        ) from None
    except json.JSONDecodeError as error:
        raise EventError(f"not JSON: {error.msg} at {error.pos + 1}", "not_json") from None
    except (ValueError, RecursionError) as error:  # digits and nesting without end
        raise EventError(f"not JSON: {error}", "not_json") from None


def _has(row: Mapping[str, Any], keys: Keys, field: str) -> bool:
    """Whether the field is there, at top level or in the metadata."""
    key = getattr(keys, field)
    metadata = row.get("metadata")
    if field == "group" and key == "prompt" and "messages" in row:
        return True  # what a wire row has before its completion
    return key in row or (isinstance(metadata, Mapping) and key in metadata)


def _named(row: Mapping[str, Any], key: str) -> Any:
    """The value of a named field, at top level or in the metadata; None where it is in neither."""
    if key in row:
        return row[key]
    metadata = row.get("metadata")
    return metadata.get(key) if isinstance(metadata, Mapping) else None


def _wire_row(row: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """A row as the service would send it, with what was named in its place."""
    wire = _from_plain(row, keys) if keys.plain or "messages" not in row else dict(row)
    if "id" in keys.named:
        wire["id"] = _named(row, keys.id)
    if "reference" in keys.named:
        _set_reference(wire, _named(row, keys.reference))
    if keys.group in ROW_KEYS:
        _set_metadata(wire, {keys.group_by: _named(row, keys.group)})
    return wire


def _from_plain(row: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """A plain row as a wire row; further fields become metadata."""
    if keys.completion not in row:
        raise EventError(
            f'no "messages" and no "{keys.completion}" (its fields: {_names(row)}); '
            "name the field that holds the completion with --completion-key",
            "no_completion_key",
        )
    own = {keys.prompt, keys.completion, keys.reference, keys.id, "messages"} - {keys.group}
    wire = {key: value for key, value in row.items() if key not in own}
    wire["id"] = row.get(keys.id)
    wire["messages"] = [
        *_messages(row.get(keys.prompt), "user"),
        *(_messages(row[keys.completion], "assistant")),
    ]
    if row.get(keys.reference) is not None:
        _set_reference(wire, row[keys.reference])
    return wire


def _set_reference(wire: dict[str, Any], value: Any) -> None:
    """Make it the only reference: one in the metadata would win over that at top level."""
    wire["reference_answer"] = value
    metadata = wire.get("metadata")
    if isinstance(metadata, Mapping) and "reference_answer" in metadata:
        wire["metadata"] = {k: v for k, v in metadata.items() if k != "reference_answer"}


def _set_metadata(wire: dict[str, Any], fields: dict[str, Any]) -> None:
    metadata = wire.get("metadata")
    kept = metadata if isinstance(metadata, Mapping) else {"metadata": metadata}
    wire["metadata"] = {**kept, **fields}


def _messages(value: Any, role: str) -> list[Any]:
    """A prompt or a completion: text, or messages as chat datasets hold them."""
    if value is None and role == "user":
        return []
    if (
        isinstance(value, list)
        and value
        and all(isinstance(m, Mapping) and "role" in m for m in value)
    ):
        return value
    return [{"role": role, "content": value}]


def _names(row: Mapping[str, Any]) -> str:
    return ", ".join(list(row)[:10]) or "none"
