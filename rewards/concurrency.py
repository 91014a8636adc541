"""Bounded concurrent calls under one deadline. Imported only when a rubric has async scorers.

A fan-out runs coroutines, at most `limit` of them at once. A coroutine that makes calls of its
own takes a `Run.place` for each, of which there are `limit` too, fewer while the service
throttles; blocking calls (boto3 blocks) go to `Run.in_thread`.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from time import monotonic
from typing import Any, TypeVar

from rewards.errors import DeadlineError

T = TypeVar("T")

#: The bound of a run that nobody bounded: a scorer called directly, outside of a rubric.
DEFAULT_LIMIT = 16


class Pace:
    """How many calls may be under way: halved by throttling, won back call by call.

    Additive increase, multiplicative decrease (Chiu and Jain, 1989). A burst of throttled calls
    that were already under way when the pace was halved halves it no further. No clock is read.

    >>> pace = Pace(16)
    >>> for ticket in [pace.ticket() for _ in range(4)]: pace.throttled(ticket)
    >>> pace.limit
    8.0
    """

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.limit = float(bound)
        self._issued = 0
        self._cut_at = 0

    def ticket(self) -> int:
        """The number of a call that starts now."""
        self._issued += 1
        return self._issued

    def throttled(self, ticket: int) -> None:
        """Halve the pace, unless it was halved since this call started."""
        if ticket > self._cut_at:
            self._cut_at = self._issued
            self.limit = max(1.0, self.limit / 2)

    def succeeded(self) -> None:
        """Win back one place for each round of successful calls."""
        self.limit = min(float(self.bound), self.limit + 1 / self.limit)


class Run:
    """What the calls of one fan-out have in common: a bound, a deadline, threads.

    `deadline` is a `time.monotonic()` value. `shared` is for what must outlast this fan-out: the
    engine hands the same dictionary to every fan-out of a batch (a judge keeps its budget there).
    """

    def __init__(
        self, limit: int, deadline: float = math.inf, shared: dict[Any, Any] | None = None
    ) -> None:
        self.limit = limit
        self.deadline = deadline
        self.shared: dict[Any, Any] = {} if shared is None else shared
        self.local: dict[Any, Any] = {}
        # Throttling outlasts an invocation: the container goes on at the pace it has learnt.
        self.pace = _paces.setdefault(limit, Pace(limit))
        self._busy = 0
        self._freed = asyncio.Condition()
        self._threads: ThreadPoolExecutor | None = None
        self.closed = False

    def remaining(self) -> float:
        """Seconds until the deadline; infinite where there is none."""
        return self.deadline - monotonic()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[int]:
        """Wait for a place among the calls under way, and hold it; yields the call's ticket."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._busy < int(self.pace.limit))
            self._busy += 1
        try:
            yield self.pace.ticket()
        finally:
            self._busy -= 1
            async with self._freed:
                self._freed.notify(self.limit)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run a blocking function in a thread; `place` is what bounds how many there are."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.limit, thread_name_prefix="rewards")
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def close(self) -> None:
        """Let the threads go, without waiting for a call that hangs until its own timeout."""
        self.closed = True
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


_paces: dict[int, Pace] = {}
_running: ContextVar[Run] = ContextVar("rewards_run")


def current_run() -> Run:
    """The run of this fan-out; a run of its own for a scorer that is called directly.

    That one ends with the task that it was made for, and its threads with it.
    """
    run = _running.get(None)
    if run is None or run.closed:
        run = own = Run(DEFAULT_LIMIT)
        _running.set(run)
        task = asyncio.current_task()
        assert task is not None, "a scorer's coroutine runs in a task"
        task.add_done_callback(lambda _: own.close())
    return run


def fan_out(
    calls: Sequence[Callable[[], Awaitable[Any]]],
    *,
    limit: int,
    deadline: float = math.inf,
    shared: dict[Any, Any] | None = None,
) -> list[Any]:
    """Await every call, at most `limit` at once; return results or exceptions, in order.

    What has not finished at `deadline` (a `time.monotonic()` value) is cancelled and becomes a
    `DeadlineError`. A call's own exception stands in its place in the list; none is raised.
    """
    batch = _fan_out(calls, limit, deadline, shared)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(batch)
    # A notebook runs a loop of its own, and no second one may run in its thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, batch).result()


async def _fan_out(
    calls: Sequence[Callable[[], Awaitable[Any]]],
    limit: int,
    deadline: float,
    shared: dict[Any, Any] | None,
) -> list[Any]:
    run = Run(limit, deadline, shared)
    _running.set(run)
    outcomes: list[Any] = [DeadlineError("not finished before the deadline")] * len(calls)
    todo = iter(enumerate(calls))
    workers = [
        asyncio.ensure_future(_work(todo, outcomes, run)) for _ in range(min(limit, len(calls)))
    ]
    timeout = None if deadline == math.inf else max(0.0, run.remaining())
    try:
        if workers:
            _, late = await asyncio.wait(workers, timeout=timeout)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    finally:
        run.close()
    return outcomes


async def _work(
    todo: Iterator[tuple[int, Callable[[], Awaitable[Any]]]], outcomes: list[Any], run: Run
) -> None:
    """Take calls off the list until none is left or the time is up."""
    for index, call in todo:
        if run.remaining() <= 0:
            return
        try:
            outcomes[index] = await call()
        # Whatever a scorer raises costs one component of one sample, and is counted.
        except Exception as error:  # noqa: BLE001
            outcomes[index] = error
