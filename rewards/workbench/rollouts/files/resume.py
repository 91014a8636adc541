"""The output file of a long run: a folder OUT.partial while it lasts, OUT once it is whole.

In the folder stand the results so far, the rewards by group, and state.json: how far the run is,
hashes of what was read and written, and the figures up to there. A resumed run checks all of it
before it goes on, and ends with the bytes and the figures of a run that was never interrupted.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Any

from rewards.workbench.output import json_text
from rewards.workbench.rollouts.files.target import Lock, OutputError, Target, remove_folder
from rewards.workbench.rollouts.grouping import Groups, Index, figures
from rewards.workbench.rollouts.rows import Line
from rewards.workbench.rollouts.scoring import Scored, Task
from rewards.workbench.rollouts.tally import Tally

_READ_BYTES = 1024 * 1024

_RESULTS, _GROUPS, _STATE, _NEW_STATE, _ORDERED = (
    "results",
    "groups",
    "state.json",
    "state.json.new",
    "ordered",
)
_NAMES = (_RESULTS, _GROUPS, _NEW_STATE, _ORDERED, "whole", _STATE)  # in order of removal


@dataclass
class Progress:
    """How far a run is: rows scored, what was counted, and the malformed lines to report."""

    rows: int = 0
    tally: Tally = field(default_factory=Tally)
    malformed: list[dict[str, Any]] = field(default_factory=list)


class _Appended:
    """A file that only grows, and a hash of all that is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        # Nothing is kept back: what a full disk did not take must not be tried again by `close`.
        self.file: FileIO | None = None

    def create(self) -> None:
        self.file = self.path.open("x+b", buffering=0)

    def append(self, data: bytes) -> None:
        assert self.file is not None
        left = memoryview(data)
        while left:
            left = left[self.file.write(left) :]
        self._hash.update(data)
        self.size += len(data)

    def noted(self) -> dict[str, Any]:
        return {"bytes": self.size, "sha256": self._hash.hexdigest()}

    def begins_as(self, noted: Mapping[str, Any]) -> bool:
        """Open it at the end of what was noted; False where it is not what was noted."""
        left = noted["bytes"]
        if not left and not self.path.exists():
            self.create()
        if self.file is None:
            try:
                self.file = self.path.open("r+b", buffering=0)
            except FileNotFoundError:
                return False
        while left and (data := self.file.read(min(left, _READ_BYTES))):
            self._hash.update(data)
            left -= len(data)
        self.size = noted["bytes"]
        return not left and self.noted() == noted

    def cut(self) -> None:
        """Drop what came after what was noted."""
        assert self.file is not None
        self.file.truncate(self.size)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class OutputFile:
    """Writes a target task by task, so that whatever interrupts the run, it can be resumed."""

    def __init__(
        self, target: Target, options: Mapping[str, Any], digest: str, index: Index | None
    ) -> None:
        """`options` and the rubric's `digest` are what a resumed run must share.

        `index` puts the results into the order of the file; without one they come in it.
        """
        self.target = target
        self.noted_rows = 0
        self._index = index
        self._identity: dict[str, Any] = {
            "options": dict(options),
            "digest": digest,
            "by_group": bool(index),
        }
        self._folder = target.folder
        self._results = _Appended(self._folder / _RESULTS)
        self._groups = _Appended(self._folder / _GROUPS)
        self._read = hashlib.sha256()
        self._lock: Lock | None = None
        self._begun = False
        # A gzip file may have many members: each task is one, so a resumed run can append.
        self._packed = target.path.suffix == ".gz"

    def start(self) -> Progress:
        """Begin from nothing.

        Raises:
            OutputError: the output exists, an interrupted run is in the way, which is not thrown
                away unasked, or another process is at work on it.
        """
        self.target.check_free()
        try:
            self._folder.mkdir()
            self._lock = Lock(self.target)
        except FileExistsError:
            if not self._folder.is_dir():
                raise self._foreign() from None
            self._lock = Lock(self.target)
            raise OutputError(
                f"{self._folder} holds an interrupted run: go on with --resume, or delete it"
            ) from None
        return self._begin()

    def resume(self, lines: Iterator[Line]) -> Progress | None:
        """Check what an interrupted run left, and read `lines` up to where it ended.

        Returns None where there is nothing to resume, since the output is there already.

        Raises:
            OutputError: rubric, options, input or output are not those of the interrupted run.
        """
        try:
            self._lock = Lock(self.target)
        except FileNotFoundError:
            finished = self.target.exists and not self.target.overwrite
            return None if finished else self.start()
        except NotADirectoryError:
            raise self._foreign() from None
        if {path.name for path in self._folder.iterdir()} <= {_NEW_STATE}:
            return self._begin()  # interrupted before it had begun
        state = self._checked_state()
        if any(self.target.published(self._folder / name) for name in (_RESULTS, _ORDERED)):
            self._remove()  # interrupted when it was whole
            return None
        self.target.check_free()
        for line in islice(lines, state.rows):
            self._hash_line(line)
        if self._read.hexdigest() != state.input_sha256:
            raise self._mismatch("the input does not begin with the rows it has scored")
        for file, noted in ((self._results, state.results), (self._groups, state.groups)):
            if not file.begins_as(noted):
                raise self._mismatch(f"its {file.path.name} are not what that run wrote")
        self._results.cut()
        self._groups.cut()
        self.noted_rows = state.rows
        return Progress(state.rows, state.tally, state.malformed)

    def write(self, task: Task, scored: Scored, progress: Progress) -> None:
        """Append what a task gave, then note that it is there."""
        final = self._packed and self._index is None
        self._results.append(gzip.compress(scored.data, mtime=0) if final else scored.data)
        self._groups.append(scored.groups)
        for batch in task:
            for line in batch:
                self._hash_line(line)
        self._note(progress)

    def count_groups(self) -> Groups:
        """The groups of all that was written."""
        with self._groups.path.open("rb") as records:
            return figures(records)

    def finish(self) -> None:
        """Give the results their name: they are whole."""
        whole = self._results.path
        if self._index is not None:
            whole = self._folder / _ORDERED
            with self._results.path.open("rb") as results, whole.open("wb") as file:
                for data in self._index.in_file_order(results):
                    file.write(gzip.compress(data, mtime=0) if self._packed else data)
        self.target.publish(whole)
        self._remove()

    def close(self) -> None:
        """Close the files, wherever the run stands; one that was begun in vain is removed."""
        self._results.close()
        self._groups.close()
        if self._lock is not None:
            if self._begun and not self.noted_rows:
                self._remove()
            self._lock.release()
            self._lock = None

    def _begin(self) -> Progress:
        """The state comes first: a folder with anything else in it is somebody else's."""
        self._begun = True
        self._note(Progress())
        self._results.create()
        self._groups.create()
        return Progress()

    def _remove(self) -> None:
        remove_folder(self._folder, _NAMES)

    def _note(self, progress: Progress) -> None:
        """Write the state so that the last one is there until this one is."""
        state = {
            **self._identity,
            "rows": progress.rows,
            "input_sha256": self._read.hexdigest(),
            "results": self._results.noted(),
            "groups": self._groups.noted(),
            "tally": progress.tally.to_dict(),
            "malformed": progress.malformed,
        }
        new = self._folder / _NEW_STATE
        new.write_bytes(json_text(state).encode())
        new.replace(self._folder / _STATE)
        self.noted_rows = progress.rows

    def _checked_state(self) -> "_State":
        """The state, if it is one, and of a run of the same rubric and options."""
        try:
            state = _State.read((self._folder / _STATE).read_bytes())
        except FileNotFoundError:
            raise self._foreign() from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._mismatch(f"{_STATE} cannot be read") from None
        options = state.options
        for option, value in self._identity["options"].items():
            if options.get(option) != value:
                was, now = _shown(options.get(option)), _shown(value)
                raise self._mismatch(f"its {option} was {was}, and is {now} now")
        if state.digest != self._identity["digest"]:
            raise self._mismatch(
                f"--rubric is not what it was: its digest was {state.digest[:12]}, and is "
                f"{self._identity['digest'][:12]} now"
            )
        if state.by_group != self._identity["by_group"]:
            raise self._mismatch("the groups of the input do not stand where they stood")
        return state

    def _hash_line(self, line: Line) -> None:
        self._read.update(b"%d\n" % line.number)
        self._read.update(line.data or b"")

    def _foreign(self) -> OutputError:
        return OutputError(
            f"{self._folder} is in the way, which no interrupted run has left: it is not touched; "
            "give --out another name"
        )

    def _mismatch(self, why: str) -> OutputError:
        return OutputError(
            f"cannot resume {self._folder}: {why}; delete {self._folder.name} to start over"
        )


@dataclass(frozen=True)
class _State:
    """What state.json says, each part of the type that it has to be."""

    options: dict[str, Any]
    digest: str
    by_group: bool
    rows: int
    input_sha256: str
    results: dict[str, Any]
    groups: dict[str, Any]
    tally: Tally
    malformed: list[dict[str, Any]]

    @classmethod
    def read(cls, data: bytes) -> "_State":
        """Read what `OutputFile` noted; any of several errors where it is not that."""
        found = json.loads(data)
        return cls(
            options=dict(found["options"]),
            digest=str(found["digest"]),
            by_group=bool(found["by_group"]),
            rows=int(found["rows"]),
            input_sha256=str(found["input_sha256"]),
            results={**found["results"], "bytes": int(found["results"]["bytes"])},
            groups={**found["groups"], "bytes": int(found["groups"]["bytes"])},
            tally=Tally.from_dict(found["tally"]),
            malformed=list(found["malformed"]),
        )


def _shown(value: object) -> str:
    """An option's value as the command line has it."""
    if value is None or value is False:
        return "not given"
    return "given" if value is True else json_text(value)
