"""How rows become output lines, in this process or in several, always in the same order."""

import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from rewards.contract import Row, to_response
from rewards.errors import BatchFailedError, EventError
from rewards.rubric import Rubric
from rewards.score import Reward
from rewards.workbench.output import json_text
from rewards.workbench.rollouts.explain import explanation
from rewards.workbench.rollouts.rows import Keys, Line, read_row
from rewards.workbench.rollouts.tally import Tally

if TYPE_CHECKING:
    from concurrent.futures import Future

Task = list[list[Line]]

#: Malformed lines that are reported one by one; all are counted.
MAX_REPORTED = 20

#: Tasks waiting for each worker: enough that none idles, few enough that memory stays flat.
TASKS_PER_WORKER = 3


@dataclass(frozen=True)
class Scored:
    """What a task gave: output lines, figures, and the malformed lines that are reported."""

    data: bytes
    tally: Tally
    malformed: list[dict[str, Any]]


@dataclass(frozen=True)
class Scoring:
    """How rows become output lines; the same in every process."""

    rubric: Rubric
    keys: Keys
    explain: bool

    def score(self, task: Task) -> Scored:
        """Score the batches of a task, one output line for each input line."""
        tally = Tally()
        malformed: list[dict[str, Any]] = []
        output: list[str] = []
        for batch in task:
            for line in self._score_batch(batch, tally):
                if "error" in line and len(malformed) < MAX_REPORTED:
                    malformed.append(line)
                output.append(json_text(line) + "\n")
        return Scored("".join(output).encode(), tally, malformed)

    def together(self, one: Line, other: Line) -> bool:
        """Whether two adjacent lines are rollouts of one prompt."""
        try:
            pair = [read_row(line, self.keys).sample for line in (one, other)]
        except EventError:
            return False
        samples = [sample for sample in pair if sample is not None]
        return len(samples) == 2 and len(self.rubric.groups(samples)) == 1

    def _score_batch(self, batch: Sequence[Line], tally: Tally) -> list[dict[str, Any]]:
        """The handler's path: parse_row, score_batch, to_response."""
        found: list[Row | dict[str, Any]] = []
        for line in batch:
            try:
                found.append(read_row(line, self.keys))
            except EventError as error:
                tally.add_malformed()
                found.append({"line": line.number, "error": str(error)})
        rows = [row for row in found if isinstance(row, Row)]
        rewards = self.rubric.score_batch([row.sample for row in rows if row.sample is not None])
        tally.add_batch(self.rubric, rows, rewards)
        results = iter(to_response(rows, rewards, floor=self.rubric.range[0]))
        rest = iter(rewards)
        return [
            self._explained(next(results), row, rest) if isinstance(row, Row) else row
            for row in found
        ]

    def _explained(
        self, result: dict[str, Any], row: Row, rewards: Iterator[Reward]
    ) -> dict[str, Any]:
        reward = None if row.sample is None else next(rewards)
        if self.explain:
            result["explanation"] = explanation(row, reward)
        return result


def in_order(
    tasks: Iterator[Task], scoring: Scoring, workers: int
) -> Generator[tuple[Task, Scored], None, None]:
    """Score tasks in `workers` processes; results come in the order of the tasks.

    Raises:
        BatchFailedError: a component failed under `on_error = "fail"`, or a worker died.
    """
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if workers == 1 or len(first) < 2:  # no process is worth starting for one task
        for task in tasks:
            yield task, scoring.score(task)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # Spawned, not forked: the parent may have threads (progress bar, a caller's own).
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(scoring.rubric.to_spec(), scoring.keys, scoring.explain),
    )
    try:
        waiting: deque[tuple[Task, Future[Scored]]] = deque()
        for task in tasks:
            waiting.append((task, pool.submit(_score_task, task)))
            if len(waiting) == workers * TASKS_PER_WORKER:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()
    except BrokenProcessPool:
        raise BatchFailedError(
            "a worker process died: killed, out of memory, or crashed by a scorer"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


_scoring: Scoring | None = None


def _start_worker(spec: dict[str, Any], keys: Keys, explain: bool) -> None:
    """Load the rubric, once a process."""
    global _scoring
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _scoring = Scoring(Rubric.from_spec(spec), keys, explain)


def _score_task(task: Task) -> Scored:
    assert _scoring is not None
    return _scoring.score(task)
