"""Whether a file of results is what a run would give: asked before a run is called done."""

from collections.abc import Iterator
from pathlib import Path

from rewards.workbench.rollouts.batches import batches
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.files.target import OutputError
from rewards.workbench.rollouts.rows import Line
from rewards.workbench.rollouts.run import Rollouts
from rewards.workbench.rollouts.scoring import Scoring


def check_finished(out: Path, rollouts: Rollouts, scoring: Scoring) -> None:
    """Check a finished file against the run that is asked for: its length, and one batch.

    A batch of rows is scored again and compared word for word, unless that costs a judge.

    Raises:
        OutputError: another rubric, other options or other rows have made it.
    """
    counted = _Counted(rollouts.lines)
    batch = next(batches(counted))
    expected: dict[int, bytes] = {}
    if not scoring.rubric.is_async:
        results = scoring.score([batch]).data.splitlines(keepends=True)
        expected = dict(zip((line.place for line in batch), results, strict=True))
    for _ in counted:
        pass
    rows = 0
    with opened(str(out)) as source:
        for line in source.lines():
            rows += 1
            if line.data is not None and expected.get(line.place, line.data) != line.data:
                raise _other(out, f"line {line.number} is another")
    if rows != counted.rows:
        raise _other(out, f"it has {rows:,} lines for {counted.rows:,} rows")


class _Counted:
    """Lines, and how many of them there were."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self.rows = 0

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> Line:
        line = next(self._lines)
        self.rows += 1
        return line


def _other(out: Path, why: str) -> OutputError:
    return OutputError(
        f"{out} is there, no interrupted run beside it, and it is not what the rubric and the "
        f"options give for these rows ({why}): --overwrite scores anew"
    )
