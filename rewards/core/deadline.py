"""Ending work in time, whatever it does. `docs/authors.md` says what that promises to whom.

On the main thread the work stays there: a scorer may use signals, as many graders of mathematics
do for limits of their own (off the main thread these fail without a word). What runs at the
deadline is interrupted by a signal, again and again until it ends: Python code, a sleep, a lock,
a socket, a regular expression. Two timers ring: one of the wall clock, for what waits; one of CPU
time, for what computes, which a scorer that sets an alarm of its own does not take away.

On any other thread, where no signal arrives, the work runs on a thread that is left behind.
"""

import math
from collections.abc import Callable
from contextvars import copy_context
from time import monotonic
from types import CodeType, FrameType
from typing import Any

from rewards.core.errors import OutOfTime

#: How long cooperative work (an event loop) may go on after the deadline, to end by itself.
GRACE_SECONDS = 0.1

#: From one ring to the next, for what has swallowed the first: a `with` block that joins its
#: threads takes two or three.
_RING_SECONDS = 0.01

#: CPU seconds between two looks at the clock.
_CPU_SECONDS = 0.02


class Alarm:
    """Raises `OutOfTime` in work that is out of time, if it `rings` at all. This one does not."""

    rings = False

    def set(self, due: float) -> None:
        """From `due` on, a `time.monotonic()` value, end all of the work."""

    def until(self, due: float, part: Callable[[], None]) -> None:
        """Do a part of the work, and end it from `due` on; what comes after it goes on."""
        part()


class SignalAlarm(Alarm):
    """Rings by SIGALRM and SIGPROF, on the main thread.

    A ring raises only below the work that it is to end: who has caught it is not met again.
    """

    rings = True

    def __init__(self) -> None:
        import signal

        self._signal: Any = signal
        self._due = math.inf
        self._below: CodeType = _all_of.__code__

    def run(self, work: Callable[[Alarm], None]) -> bool:
        """Do the work; False where it was ended."""
        signal = self._signal
        before = [(n, signal.signal(n, self._ring)) for n in (signal.SIGPROF, signal.SIGALRM)]
        # Somebody else's timer is late by as much as this batch takes.
        found, (seconds, interval) = monotonic(), signal.getitimer(signal.ITIMER_REAL)
        try:
            _all_of(work, self)
        except OutOfTime:
            return False
        else:
            return True
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before:
                # None: a handler that was not set from Python cannot be set again from there.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            if seconds:
                left = max(seconds - (monotonic() - found), 1e-6)
                signal.setitimer(signal.ITIMER_REAL, left, interval)

    def set(self, due: float) -> None:
        """From `due` on, a `time.monotonic()` value, end all of the work.

        Replaces what a scorer has set in between.
        """
        self._arm(due, _all_of.__code__)

    def _arm(self, due: float, below: CodeType) -> None:
        """Ring from `due` on, for whatever runs below that function."""
        signal = self._signal
        # Before the timers: where it is due already, they ring at once.
        self._due, self._below = due, below
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS, _CPU_SECONDS)
        left = min(max(due - monotonic(), 1e-6), 1e6)
        signal.setitimer(signal.ITIMER_REAL, left, _RING_SECONDS)

    def until(self, due: float, part: Callable[[], None]) -> None:
        """Do a part of the work, and end it from `due` on; what comes after it goes on."""
        self._arm(due, _part_of.__code__)
        try:
            _part_of(part)
        except OutOfTime:
            pass
        finally:
            self._due = math.inf

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if monotonic() < self._due:
            return
        while frame is not None:
            if frame.f_code is self._below:
                raise OutOfTime("the batch is out of time")
            frame = frame.f_back


def _all_of(work: Callable[[Alarm], None], alarm: Alarm) -> None:
    work(alarm)


def _part_of(part: Callable[[], None]) -> None:
    part()


def in_time(work: Callable[[Alarm], None], deadline: float) -> bool:
    """Do the work; False where it was not done at `deadline`, a `time.monotonic()` value.

    The work sets the alarm that it gets before it calls what may take long. What it raises is
    raised. After False it may still run, on a thread of its own: its results are not to be used.
    """
    if deadline == math.inf:
        work(Alarm())
        return True
    if _signals_arrive():
        return SignalAlarm().run(work)
    return left_behind(work, deadline)


def left_behind(
    work: Callable[[Alarm], None], deadline: float, patience: float = 2 * GRACE_SECONDS
) -> bool:
    """As `in_time`, on a thread that is left behind `patience` seconds after the deadline."""
    import threading

    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            work(Alarm())
        except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits for it
            ended.append(error)
        else:
            ended.append(None)

    # Not a pool's: Python waits for those at its end.
    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    seconds = max(0.0, deadline - monotonic()) + patience
    thread.join(None if deadline == math.inf else min(seconds, threading.TIMEOUT_MAX))
    if not ended:
        return False
    if ended[0] is not None:
        raise ended[0]
    return True


def _signals_arrive() -> bool:
    import signal
    import threading

    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
