"""One run over a file of rollouts: looked at, put in order, scored, and written."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, Protocol

from rewards.workbench.output import printable, say
from rewards.workbench.rollouts.batches import batches, tasks
from rewards.workbench.rollouts.files.resume import Progress
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.files.temporary import temporary_space
from rewards.workbench.rollouts.firstrows import MAX_ERROR_CHARS, UnscorableError, check_first_rows
from rewards.workbench.rollouts.grouping import Groups, Index, compares, figures, shares
from rewards.workbench.rollouts.rows import Line
from rewards.workbench.rollouts.scoring import MAX_REPORTED, Scored, Scoring, Task
from rewards.workbench.rollouts.workers import in_order

#: Told how many rows are read or scored, of how many where that is known.
Advance = Callable[[int, int | None], None]


def silent(rows: int, total: int | None) -> None:
    """Nobody is told."""


class Output(Protocol):
    """Where the results of tasks go."""

    def count_groups(self) -> Groups:
        """The groups of all that was written."""
        ...

    def write(self, task: Task, scored: Scored, progress: Progress) -> None:
        """Take what a task gave."""

    def finish(self) -> None:
        """All tasks are done."""


class Stream:
    """Results that are written as they come, or, where an index orders them, at the end."""

    def __init__(
        self, write: Callable[[bytes], object], index: Index | None, *, packed: bool = False
    ) -> None:
        self._write = write
        self._index = index
        self._packed = packed
        self._waiting = TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._groups = TemporaryFile()  # noqa: SIM115

    def write(self, task: Task, scored: Scored, progress: Progress) -> None:
        """Take what a task gave."""
        with temporary_space():
            self._groups.write(scored.groups)
            if self._index is not None:
                self._waiting.write(scored.data)
        if self._index is None:
            self._emit(scored.data)

    def count_groups(self) -> Groups:
        """The groups of all that was written."""
        return figures(self._groups)

    def finish(self) -> None:
        """Write what had to wait for its order."""
        if self._index is not None:
            for data in self._index.in_file_order(self._waiting):
                self._emit(data)

    def close(self) -> None:
        """Let go of the temporary files."""
        self._waiting.close()
        self._groups.close()

    def _emit(self, data: bytes) -> None:
        self._write(gzip.compress(data, mtime=0) if self._packed else data)


@dataclass(frozen=True)
class Rollouts:
    """The lines of a source that was looked at, once, in the order in which they are scored.

    `index` is there where the rubric compares rollouts with each other, and `reorder` is the
    same where their results have to be put into the order of the file.
    """

    lines: Iterator[Line]
    index: Index | None = None

    @property
    def reorder(self) -> Index | None:
        """The index, if the lines are not scored in the order of the file."""
        return self.index if self.index is not None and self.index.scattered else None

    def close(self) -> None:
        """Drop the index."""
        if self.index is not None:
            self.index.close()


def looked_at(source: Source, scoring: Scoring, advance: Advance = silent) -> Rollouts:
    """Look at a source before it is scored, and note its groups where the rubric compares them.

    Raises:
        UnscorableError: it has no rows that can be scored, or none that can be compared.
    """
    check_first_rows(source, scoring.keys)
    rubric = scoring.rubric
    comparing, sharing = compares(rubric), shares(rubric)
    if not comparing and not sharing:
        return Rollouts(source.lines())
    source.rewind()
    group_by = rubric.spec.group_by
    index = Index(source, scoring.keys, group_by, lambda rows: advance(rows, None))
    if not index.compared:
        what = "a prompt" if group_by == "prompt" else f'a "{group_by}"'
        who = " and ".join(comparing) or f'on_error = "neutral" of {", ".join(sharing)}'
        needs = f"{who} of rubric {rubric.name} needs rollouts that share {what}, and "
        remedy = "; name its field with --prompt-key, or what they share with --group-key"
        if comparing and not index.grouped:
            index.close()
            raise UnscorableError(f"{needs}no row of {source.name} has one{remedy}")
        say(f"{needs}no two rows of {source.name} do{remedy}")
    if index.cut:
        say(
            f"groups too long to be scored together were cut: {index.cut:,} (at most 1,024 "
            "rows and 6 MB); who is compared with whom hangs on the order of their rows"
        )
    return Rollouts(index.lines(), index)


def run(
    rollouts: Rollouts,
    scoring: Scoring,
    workers: int,
    output: Output,
    progress: Progress,
    advance: Advance = silent,
) -> Groups:
    """Score what `progress` does not have yet into the output, and count the groups of it all."""
    total = None if rollouts.index is None else rollouts.index.rows
    with closing(in_order(tasks(batches(rollouts.lines)), scoring, workers)) as results:
        for task, scored in results:
            progress.rows += sum(map(len, task))
            progress.tally.add(scored.tally)
            _report(scored.malformed, progress)
            output.write(task, scored, progress)
            advance(progress.rows, total)
    groups = output.count_groups()  # before the results have their name: the disk may be full
    output.finish()
    return groups


def _report(malformed: list[dict[str, Any]], progress: Progress) -> None:
    """Say what is wrong with the first malformed lines; all of them are counted."""
    for line in malformed[: MAX_REPORTED - len(progress.malformed)]:
        say(f"line {line['line']}: {printable(line['error'], MAX_ERROR_CHARS)}")
        progress.malformed.append(line)
