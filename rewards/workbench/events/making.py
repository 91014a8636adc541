"""Events from rollouts: rows as the service would send them, so many to an event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rewards.core.errors import EventError
from rewards.wire.contract import MAX_PAYLOAD_BYTES, wire_row
from rewards.workbench.events.keeping import Captured
from rewards.workbench.output import json_text
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.firstrows import check_first_rows
from rewards.workbench.rollouts.rows import Keys, read_row


@dataclass
class Making:
    """Events of a file of rollouts; `left_out` names the lines that hold none, as far as read."""

    source: Source
    keys: Keys
    left_out: list[str] = field(default_factory=list)

    def events(self, name: str, *, batch: int, most: int) -> Iterator[Captured]:
        """The first `most` events of `batch` rows each, `name-001` and so on, one alone `name`.

        Raises:
            EventError: an event is larger than Lambda takes.
            UnscorableError: no row can be read as the keys say.
        """
        check_first_rows(self.source, self.keys)
        rows = self._rows()
        for number in range(1, most + 1):
            taken = list(islice(rows, batch))
            if not taken:
                return
            called = name if most == 1 else f"{name}-{number:03}"
            yield Captured(called, _data(taken, called))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for line in self.source.lines():
            try:
                row = read_row(line, self.keys)
            except EventError as error:
                self.left_out.append(f"line {line.number}: {error}")
                continue
            if row.sample is None:
                reason = row.fault.detail if row.fault else "no sample"
                self.left_out.append(f"line {line.number}: {reason}")
                continue
            yield {**wire_row(row.sample), "id": row.id}


def _data(rows: Sequence[dict[str, Any]], name: str) -> bytes:
    """The bytes of an event: a row a line, so that a diff names the row."""
    try:
        lines = ",\n".join(json_text(row) for row in rows)
    except ValueError as error:
        raise EventError(f"{name}: a row holds what JSON has not: {error}") from None
    data = f"[\n{lines}\n]\n".encode()
    if len(data) > MAX_PAYLOAD_BYTES:
        raise EventError(
            f"{name} has {len(data):,} bytes, and Lambda takes {MAX_PAYLOAD_BYTES:,}: "
            "make --batch smaller"
        )
    return data
