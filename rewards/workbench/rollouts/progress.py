"""How far a run is, on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from rewards.workbench.output import counted
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.run import Advance


@contextmanager
def progress_bar(source: Source) -> Iterator[Advance]:
    """A bar on stderr where that is a terminal; call what it gives with the rows so far.

    The bar shows rows, rows a second, and the time that is left, where it can be known: by the
    rows where their number is known, else by how much of the file was read.
    """
    if not sys.stderr.isatty():
        yield lambda rows, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        *(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("elapsed"),
        ),
        *(TimeRemainingColumn(), TextColumn("left")),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("0 rows", total=source.size)
        rate = Rate()

        def advance(rows: int, total: int | None) -> None:
            text = f"{counted(rows, 'row')}, {rate.of(rows, perf_counter()):,.0f} a second"
            done = source.position() if total is None else rows
            bar.update(task, completed=done, total=total or source.size, description=text)

        yield advance


class Rate:
    """Rows a second since the first row that this process scored.

    >>> rate = Rate()
    >>> rate.of(500, 10.0), rate.of(700, 12.0)
    (0.0, 100.0)
    """

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def of(self, rows: int, now: float) -> float:
        """The rate now; a resumed run is not credited with what others did."""
        if self._first is None or rows < self._first[0]:
            self._first = (rows, now)
        begun, since = self._first
        return (rows - begun) / (now - since) if now > since else 0.0
