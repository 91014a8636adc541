"""Tasks scored in this process or in several, always in the same order."""

import os
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain, islice
from threading import Thread
from typing import TYPE_CHECKING, Any

from rewards.core.errors import BatchFailedError
from rewards.rubric import Rubric
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.scoring import Scored, Scoring, Task

if TYPE_CHECKING:
    from concurrent.futures import Future

#: Tasks waiting for each worker: enough that none idles, few enough that memory stays flat.
TASKS_PER_WORKER = 3

#: `prctl` of Linux: send this process a signal as soon as its parent is gone.
_PR_SET_PDEATHSIG = 1


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
    die_with_parent()
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _scoring = Scoring(Rubric.from_spec(spec), keys, explain)


def _score_task(task: Task) -> Scored:
    assert _scoring is not None
    return _scoring.score(task)


def die_with_parent() -> None:
    """End this process when its parent ends, however that happens: SIGKILL runs no clean-up.

    Linux sends a signal, which no scorer can hold up. Everywhere a thread watches the pipe whose
    other end the parent alone holds; it finds a parent that was gone before either was set up.
    """
    import multiprocessing

    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a child has a parent to follow"

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()
