"""Bounded concurrent calls under one deadline. Imported only when a rubric has async scorers.

A fan-out runs coroutines, at most `limit` of them at once. A coroutine that makes calls of its
own takes a `Run.place` for each, of which there are `limit` too, fewer while the service
throttles; blocking calls (boto3 blocks) go to `Run.in_thread`.
"""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any, TypeVar

from rewards.core.deadline import GRACE_SECONDS, Alarm, left_behind
from rewards.core.errors import PASSES, DeadlineError, OutOfTime

T = TypeVar("T")

#: The bound of a run that nobody bounded: a scorer called directly, outside of a rubric.
DEFAULT_LIMIT = 16

#: What is left of a fan-out may go on for so long, beside the batches that follow.
LEFT_OVER_SECONDS = 60.0


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


class FanOut:
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
_running: ContextVar[FanOut] = ContextVar("rewards_run")


def current_run() -> FanOut:
    """The run of this fan-out; a run of its own for a scorer that is called directly.

    That one ends with the task that it was made for, and its threads with it.
    """
    run = _running.get(None)
    if run is None or run.closed:
        run = own = FanOut(DEFAULT_LIMIT)
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
    alarm: Alarm | None = None,
) -> list[Any]:
    """Await every call, at most `limit` at once; return results or exceptions, in order.

    What has not finished at `deadline` (a `time.monotonic()` value) is cancelled and becomes a
    `DeadlineError`. A call's own exception stands in its place in the list; none is raised, and
    none ends another call. What does not end when it is cancelled is left to itself; `alarm`
    interrupts what blocks.
    """
    fan = _Fan(calls, FanOut(limit, deadline, shared))
    alarm = Alarm() if alarm is None else alarm
    # A notebook runs a loop of its own, and no second one may run in its thread.
    if _a_loop_runs() or (deadline < math.inf and not alarm.rings):
        left_behind(partial(_drive, fan), deadline, patience=1.2 * GRACE_SECONDS)
        fan.close()
    else:
        _drive(fan, alarm)
    return list(fan.outcomes)  # a copy: what is left to itself knows the other


def _a_loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Fan:
    """The calls of one fan-out, each in a task of its own, and what they gave."""

    def __init__(self, calls: Sequence[Callable[[], Awaitable[Any]]], run: FanOut) -> None:
        self.run = run
        self.outcomes: list[Any] = [DeadlineError("not finished before the deadline")] * len(calls)
        self._calls = calls
        self._todo = iter(range(len(calls)))
        self._under_way: dict[int, asyncio.Task[Any]] = {}
        self._cancelled: list[int] = []
        self._closed = False

    async def outcome(self) -> None:
        """Run the calls until all have ended or the time is up, then end what they have left."""
        _running.set(self.run)
        await self._ended(islice(self._todo, self.run.limit))
        # A call that was cancelled may have been so by another; alone it has nobody to blame.
        for index in sorted(self._cancelled):
            await self._ended([index])
        self.close()
        left_over = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left_over:
            task.cancel()
        await _waited(left_over, GRACE_SECONDS)
        generators = asyncio.ensure_future(asyncio.get_running_loop().shutdown_asyncgens())
        await _waited([generators], GRACE_SECONDS)

    async def _ended(self, first: Iterable[int]) -> None:
        """Start the first calls, and wait until they and those that follow them have ended."""
        self._last = asyncio.get_running_loop().create_future()
        if self.run.remaining() > 0:
            for index in first:
                self._start(index)
        if self._under_way:
            await _waited([self._last], self.run.remaining())

    def _start(self, index: int) -> None:
        self._under_way[index] = task = asyncio.ensure_future(_awaited(self._calls[index]))
        task.add_done_callback(partial(self._end, index))

    def _keep(self, index: int, task: "asyncio.Task[Any]") -> None:
        """Keep what a call gave."""
        if task.cancelled():
            self._cancelled.append(index)
            self.outcomes[index] = asyncio.CancelledError("cancelled, by itself or another call")
        else:
            error = task.exception()
            self.outcomes[index] = task.result() if error is None else error

    def _end(self, index: int, task: "asyncio.Task[Any]") -> None:
        """Keep what a call gave, unless it comes too late, and start the next."""
        if self._closed:
            return
        del self._under_way[index]
        self._keep(index, task)
        if self.run.remaining() > 0 and (following := next(self._todo, None)) is not None:
            self._start(following)
        elif not self._under_way and not self._last.done():
            self._last.set_result(None)

    def close(self) -> None:
        """Keep what has ended in the last moment, and take no more."""
        if self._closed:
            return
        self._closed = True
        for index, task in self._under_way.items():
            if task.done() and (task.cancelled() or not isinstance(task.exception(), OutOfTime)):
                self._keep(index, task)


async def _awaited(call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()


async def _waited(tasks: Iterable["asyncio.Future[Any]"], seconds: float) -> None:
    """Wait for tasks, at most so long, and go on where a call cancels what it does not know."""
    end = monotonic() + seconds
    while (pending := [task for task in tasks if not task.done()]) and monotonic() < end:
        with suppress(asyncio.CancelledError):
            timeout = None if end == math.inf else end - monotonic()
            await asyncio.wait(pending, timeout=timeout)


def _drive(fan: _Fan, alarm: Alarm) -> None:
    """Run the calls in a loop of their own: `asyncio.run` would wait for whatever they leave."""
    loop = asyncio.new_event_loop()
    # Its messages quote exceptions, and these may quote completions.
    loop.set_exception_handler(lambda loop, context: None)
    try:
        # What can end by itself gets the time to.
        alarm.until(fan.run.deadline + GRACE_SECONDS, partial(_run, loop, fan.outcome))
    finally:
        fan.close()
        fan.run.close()
        if asyncio.all_tasks(loop):
            threading.Thread(target=_let_end, args=(loop,), daemon=True).start()
        else:
            loop.close()


def _run(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the loop until the work is done, whatever stops the loop in between."""
    task = loop.create_task(work())
    while not task.done():
        try:
            loop.run_until_complete(task)
        except PASSES:
            raise
        # A task that calls sys.exit() stops its loop, and so does loop.stop().
        except BaseException:  # noqa: BLE001
            continue
    if not task.cancelled():
        task.result()


def _let_end(loop: asyncio.AbstractEventLoop) -> None:
    """Let what ignores its end come to it, on a thread of its own; nobody waits for it."""
    with suppress(BaseException):
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        _run(loop, partial(_waited, tasks, LEFT_OVER_SECONDS))
    with suppress(BaseException):
        loop.close()
