"""The output file of a long run: F.partial while it lasts, F once it is whole.

Beside F.partial stands F.partial.json: how far the run is, hashes of what was read and written
so far, and the figures up to there. A resumed run checks all of it before it goes on, and ends
with the bytes and the figures of a run that was never interrupted.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from rewards.errors import EventError
from rewards.workbench.output import json_text, write_whole
from rewards.workbench.rollouts.rows import Line
from rewards.workbench.rollouts.tally import Tally

_READ_BYTES = 1024 * 1024


@dataclass
class Progress:
    """How far a run is: rows read, what they hashed to, what was counted and found malformed."""

    rows: int = 0
    tally: Tally = field(default_factory=Tally)
    malformed: list[dict[str, Any]] = field(default_factory=list)


class OutputFile:
    """Writes `path` task by task, so that whatever interrupts the run, it can be resumed."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        """`identity` is what a resumed run must share: the rubric's digest and the options."""
        self.path = path
        self.partial = path.with_name(f"{path.name}.partial")
        self.state = path.with_name(f"{path.name}.partial.json")
        self.identity = dict(identity)
        self._read = hashlib.sha256()
        self._written = hashlib.sha256()
        self._bytes = 0
        self._file: BinaryIO | None = None

    def start(self) -> Progress:
        """Begin from nothing.

        Raises:
            EventError: an interrupted run is in the way, which is not thrown away unasked.
        """
        if self.partial.exists():
            raise EventError(
                f"{self.partial} holds an interrupted run: go on with --resume, or delete it"
            )
        self._file = self.partial.open("wb")
        return Progress()

    def resume(self, lines: Iterator[Line]) -> Progress:
        """Check what an interrupted run left, and read `lines` up to where it ended.

        Raises:
            EventError: rubric, options, input or output are not those of the interrupted run.
        """
        if not (self.partial.exists() and self.state.exists()):
            self.partial.unlink(missing_ok=True)  # interrupted before its first task was done
            return self.start()
        state = self._checked_state()
        for line in islice(lines, state["rows"]):
            self._hash_line(line)
        if self._read.hexdigest() != state["input_sha256"]:
            raise self._mismatch("the input does not begin with the rows it has scored")
        self._file = self.partial.open("r+b")
        self._check_written(self._file, state)
        return Progress(state["rows"], Tally.from_dict(state["tally"]), state["malformed"])

    def write(self, task: Sequence[Sequence[Line]], data: bytes, progress: Progress) -> None:
        """Append the output of a task, then note that it is there."""
        assert self._file is not None
        if self.path.suffix == ".gz":
            # A gzip file may have many members: each task is one, so a resumed run can append.
            data = gzip.compress(data, mtime=0)
        self._file.write(data)
        self._file.flush()
        self._written.update(data)
        self._bytes += len(data)
        for batch in task:
            for line in batch:
                self._hash_line(line)
        write_whole(self.state, json_text(self._noted(progress)))

    def finish(self) -> None:
        """Give the file its name: it is whole."""
        self.close()
        self.partial.replace(self.path)
        self.state.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the partial file, wherever the run stands."""
        if self._file is not None:
            self._file.close()

    def _noted(self, progress: Progress) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "rows": progress.rows,
            "input_sha256": self._read.hexdigest(),
            "output_bytes": self._bytes,
            "output_sha256": self._written.hexdigest(),
            "tally": progress.tally.to_dict(),
            "malformed": progress.malformed,
        }

    def _checked_state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(self.state.read_bytes())
            identity = dict(state["identity"])
            Tally.from_dict(state["tally"])
            for key in ("rows", "output_bytes", "input_sha256", "output_sha256", "malformed"):
                state[key]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._mismatch(f"{self.state.name} cannot be read") from None
        for key, value in self.identity.items():
            if identity.get(key) != value:
                raise self._mismatch(f"its {key} was {identity.get(key)!r}, now it is {value!r}")
        return state

    def _check_written(self, file: BinaryIO, state: Mapping[str, Any]) -> None:
        """Hash what was noted as written, and cut what came after the last note."""
        left = state["output_bytes"]
        while left and (data := file.read(min(left, _READ_BYTES))):
            self._written.update(data)
            left -= len(data)
        if left or self._written.hexdigest() != state["output_sha256"]:
            raise self._mismatch("its contents are not what that run wrote")
        self._bytes = state["output_bytes"]
        file.seek(self._bytes)
        file.truncate()

    def _hash_line(self, line: Line) -> None:
        self._read.update(b"%d\n" % line.number)
        self._read.update(line.data or b"")

    def _mismatch(self, why: str) -> EventError:
        return EventError(
            f"cannot resume {self.partial}: {why}; delete {self.partial.name} to start over"
        )
