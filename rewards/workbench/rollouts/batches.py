"""Which rows are scored together, and how many of them a worker gets at once."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.rollouts.rows import Line

#: Rows scored together, as many as a training job sends by default in one invocation.
BATCH_ROWS = 64

#: A batch holds more where a group is longer, up to this many rows.
MAX_BATCH_ROWS = 1024

#: A task (what a worker process gets at once) is at least this large: sending has its price.
TASK_BYTES = 512 * 1024


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Batches of whole groups: `BATCH_ROWS` rows and what the last group has beyond them.

    Rows of one `Line.group` stand beside each other. A group is cut only where it alone is longer
    than `MAX_BATCH_ROWS` or an event. Where batches end depends on the rows alone, never on
    workers: so do rewards that depend on their siblings.

    >>> rows = [Line(n + 1, n, n, b".", group=n > 70) for n in range(100)]
    >>> [len(batch) for batch in batches(rows)]
    [71, 29]
    """
    batch: list[Line] = []
    size = 0
    for group in _pieces(lines):
        more = sum(line.size for line in group)
        if batch and (len(batch) + len(group) > MAX_BATCH_ROWS or size + more > MAX_PAYLOAD_BYTES):
            yield batch
            batch, size = [], 0
        batch += group
        size += more
        if len(batch) >= BATCH_ROWS:
            yield batch
            batch, size = [], 0
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


def _pieces(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines of each group; a line without one by itself, a group beyond a batch in pieces."""
    for _, group in groupby(lines, lambda line: (line.group, line.group is None and line.place)):
        piece: list[Line] = []
        size = 0
        for line in group:
            if piece and (len(piece) == MAX_BATCH_ROWS or size + line.size > MAX_PAYLOAD_BYTES):
                yield piece
                piece, size = [], 0
            piece.append(line)
            size += line.size
        yield piece
