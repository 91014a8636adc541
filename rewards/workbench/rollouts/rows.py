"""From a file of rollouts to batches: lines, wire or plain rows, groups kept together."""

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, NamedTuple

from rewards.contract import Row, parse_row
from rewards.errors import EventError

#: Rows scored together, as many as a training job sends by default in one invocation.
BATCH_ROWS = 64

#: A batch is extended to keep a group whole, up to this many rows.
MAX_BATCH_ROWS = 1024

#: What a Lambda event can hold. No longer line could ever reach the handler, no larger batch.
MAX_BATCH_BYTES = 6 * 1024 * 1024

#: A task (what a worker process gets at once) is at least this large: sending has its price.
TASK_BYTES = 512 * 1024

_GZIP_MAGIC = b"\x1f\x8b"


class Line(NamedTuple):
    """A line that holds something: its number in the file from 1, its place among rows from 0.

    `data` is None where the line is longer than a Lambda event may be.
    """

    number: int
    place: int
    data: bytes | None

    @property
    def size(self) -> int:
        """Bytes that the line takes in memory."""
        return len(self.data or b"")


@dataclass(frozen=True)
class Keys:
    """Where a plain row keeps what a wire row has in `messages`, `reference_answer` and `id`.

    `group` is the field that rollouts of one prompt share, if the user named one. `plain` is True
    where the user named the prompt or the completion, so that rows with `messages` are plain, too.
    """

    prompt: str = "prompt"
    completion: str = "completion"
    reference: str = "reference_answer"
    id: str = "id"
    group: str = ""
    plain: bool = False


@contextmanager
def opened(path: str) -> Iterator[tuple[BufferedIOBase, Callable[[], int]]]:
    """A file of rollouts, and how far into it one has read; "-" is stdin.

    Gzip is known by its first bytes, wherever it comes from.

    Raises:
        EventError: the gzip data is damaged or cut short.
    """
    source = sys.stdin.fileno() if path == "-" else path
    with open(source, "rb", closefd=path != "-") as file:
        position = file.tell if file.seekable() else lambda: 0
        try:
            yield (
                (gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP_MAGIC else file),
                position,
            )
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise EventError(f"{path}: the gzip data is damaged or cut short: {error}") from None


def lines(file: BufferedIOBase) -> Iterator[Line]:
    """The lines that hold something. A line that is too long is passed over in pieces."""
    number = place = 0
    while data := file.readline(MAX_BATCH_BYTES + 1):
        number += 1
        if number == 1:
            data = data.removeprefix(b"\xef\xbb\xbf")
        too_long = len(data) > MAX_BATCH_BYTES
        rest = data
        while too_long and rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_BATCH_BYTES)
        if too_long or data.strip():
            yield Line(number, place, None if too_long else data)
            place += 1


def read_row(line: Line, keys: Keys) -> Row:
    """The row of a line, exactly as the handler reads it.

    Raises:
        EventError: the line holds no row at all: no JSON, no field that could be a completion, or
            none to group by where the user named one, or a whole event.
    """
    if line.data is None:
        raise EventError(f"longer than {MAX_BATCH_BYTES:,} bytes, all that a Lambda event can hold")
    try:
        value = json.loads(line.data)
    except (ValueError, RecursionError) as error:
        raise EventError(f"not JSON: {error}") from None
    if isinstance(value, list):
        raise EventError("a list, not a row: one row a line; rewards replay takes whole events")
    if isinstance(value, Mapping) and (keys.plain or "messages" not in value):
        value = _wire_row(value, keys)
    row = parse_row(value, line.place)
    if keys.group and row.sample is not None and keys.group not in row.sample.metadata:
        raise EventError(
            f'no "{keys.group}" to group by (--group-key); other fields: '
            f"{_names(row.sample.metadata)}"
        )
    return row


def batches(lines: Iterable[Line], together: Callable[[Line, Line], bool]) -> Iterator[list[Line]]:
    """Batches of `BATCH_ROWS`, longer where adjacent rows of one group would be cut apart.

    Where batches end depends on the rows alone, never on workers: so do rewards that depend on
    their siblings.

    >>> rows = [Line(n + 1, n, b"ab"[n > 70:][:1]) for n in range(100)]
    >>> [len(batch) for batch in batches(rows, lambda one, other: one.data == other.data)]
    [71, 29]
    """
    batch: list[Line] = []
    size = 0
    for line in lines:
        full = len(batch) >= MAX_BATCH_ROWS or size + line.size > MAX_BATCH_BYTES
        if full or (len(batch) >= BATCH_ROWS and not together(batch[-1], line)):
            if batch:
                yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch


def tasks(batches: Iterable[list[Line]]) -> Iterator[list[list[Line]]]:
    """Batches put together until sending them to a worker is worth it."""
    task: list[list[Line]] = []
    size = 0
    for batch in batches:
        task.append(batch)
        size += sum(line.size for line in batch)
        if size >= TASK_BYTES:
            yield task
            task, size = [], 0
    if task:
        yield task


def _wire_row(row: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """A plain row as the service would send it; further fields become metadata."""
    if keys.completion not in row:
        raise EventError(
            f'no "messages" and no "{keys.completion}" (its fields: {_names(row)}); '
            "name the field that holds the completion with --completion-key"
        )
    own = {keys.prompt, keys.completion, keys.reference, keys.id, "messages"} - {keys.group}
    wire = {key: value for key, value in row.items() if key not in own}
    wire["id"] = row.get(keys.id)
    wire["messages"] = [
        *_messages(row.get(keys.prompt), "user"),
        *(_messages(row[keys.completion], "assistant")),
    ]
    # Metadata wins over the top level in a wire row; the key that was named wins over both.
    if row.get(keys.reference) is not None:
        wire["reference_answer"] = row[keys.reference]
        metadata = wire.get("metadata")
        if isinstance(metadata, Mapping):
            wire["metadata"] = {k: v for k, v in metadata.items() if k != "reference_answer"}
    return wire


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
