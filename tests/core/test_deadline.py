"""Ending work in time: by signals on the main thread, by leaving it behind on any other."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from time import monotonic, process_time
from typing import Any

import pytest

from rewards.core.deadline import Alarm, SignalAlarm, in_time, left_behind
from rewards.core.errors import OutOfTime
from tests.patience import in_some_time

#: Longer than any test may take.
FOR_EVER = 900.0

SIGNALS = (signal.SIGALRM, signal.SIGPROF)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Whatever happens, the handlers of the process and its timers are those of before."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def computing() -> None:
    """Python code that never ends."""
    while True:
        pass


def locked() -> None:
    """Waits for a lock that nobody gives back."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def sleeping() -> None:
    time.sleep(FOR_EVER)


def without_the_alarm() -> None:
    """Takes the alarm for limits of its own, as graders of mathematics do, and computes on."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    computing()


def on_a_thread(function: Callable[[], Any]) -> Any:
    """What a function returns on a thread that is not the main one, or what it raises."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


@pytest.mark.parametrize("body", [computing, locked, sleeping, without_the_alarm])
def test_what_runs_at_the_deadline_is_ended(body: Callable[[], None]) -> None:
    """Whether it waits or computes; the work stays on the main thread."""
    threads = []

    def work(alarm: Alarm) -> None:
        threads.append(threading.current_thread())
        alarm.set(monotonic() + 0.02)
        body()

    assert in_time(work, monotonic() + 0.02) is False
    assert threads == [threading.main_thread()]


def test_what_swallows_its_end_is_met_again() -> None:
    """A `with` block that joins its threads takes two or three rings."""

    def check(seconds: float) -> None:
        rings = 0

        def work(alarm: Alarm) -> None:
            nonlocal rings
            alarm.set(monotonic() + seconds)
            while rings < 3:
                # Where it begins late, or counts slowly, the next ring is met by nobody.
                try:
                    sleeping()
                except OutOfTime:
                    rings += 1
            sleeping()

        assert in_time(work, monotonic() + seconds) is False
        assert rings == 3

    in_some_time(check)


def test_nothing_rings_before_the_deadline() -> None:
    """Not even the timer of CPU time, which looks at the clock many times until then."""

    def work(alarm: Alarm) -> None:
        alarm.set(monotonic() + FOR_EVER)
        began = process_time()
        while process_time() < began + 0.1:  # five looks
            pass

    assert in_time(work, monotonic() + FOR_EVER) is True


def test_a_part_is_ended_and_what_comes_after_it_goes_on() -> None:
    """`until` ends one part alone, though it be late when it begins; after it nothing rings."""
    done = []

    def work(alarm: Alarm) -> None:
        alarm.until(monotonic(), sleeping)
        time.sleep(0.05)  # five rings long
        done.append("after")
        alarm.until(monotonic() + FOR_EVER, lambda: done.append("in time"))

    assert in_time(work, monotonic() + FOR_EVER) is True
    assert done == ["after", "in time"]


def test_a_later_part_can_be_ended_too() -> None:
    """Each `set` and `until` counts from itself, whatever rang before."""
    ended = []

    def work(alarm: Alarm) -> None:
        for _ in range(2):
            alarm.until(monotonic(), sleeping)
            ended.append("part")
        alarm.set(monotonic())
        sleeping()

    assert in_time(work, monotonic()) is False
    assert ended == ["part", "part"]


def test_an_error_of_the_work_is_raised() -> None:
    """On whatever thread, with a deadline or without one."""

    def work(alarm: Alarm) -> None:
        raise KeyError("mine")

    for deadline in (monotonic() + FOR_EVER, float("inf")):
        with pytest.raises(KeyError, match="mine"):
            in_time(work, deadline)
    with pytest.raises(KeyError, match="mine"):
        on_a_thread(lambda: in_time(work, monotonic() + FOR_EVER))


def test_the_timer_and_the_handler_of_somebody_else_go_on() -> None:
    """A program's own alarm is late by as much as the work takes, and no more is lost."""
    rung = threading.Event()
    before = signal.signal(signal.SIGALRM, lambda *_: rung.set())
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:

        def work(alarm: Alarm) -> None:
            alarm.set(monotonic() + 0.05)
            sleeping()

        assert SignalAlarm().run(work) is False
        assert rung.wait(FOR_EVER)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_timer_that_is_not_due_keeps_its_time_and_its_interval() -> None:
    """It is set again with what is left of it."""
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, FOR_EVER, 7.0)
    try:
        assert SignalAlarm().run(lambda alarm: alarm.set(monotonic() + 1.0)) is True
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= FOR_EVER
        assert interval == 7.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_without_a_deadline_nothing_is_set_up() -> None:
    """The work gets an alarm that does not ring, on the thread that it is called on."""
    got: list[Any] = []

    def work(alarm: Alarm) -> None:
        alarm.set(monotonic() - 1)
        alarm.until(monotonic() - 1, lambda: got.append(threading.current_thread()))
        got.append(alarm.rings)

    assert in_time(work, float("inf")) is True
    assert got == [threading.main_thread(), False]


def test_off_the_main_thread_what_hangs_is_left_behind() -> None:
    """No signal arrives there: the caller goes on, and the work does on a daemon thread."""
    begun, release, ended = (threading.Event() for _ in range(3))
    threads = []

    def work(alarm: Alarm) -> None:
        threads.append(threading.current_thread())
        begun.set()
        release.wait(FOR_EVER)
        ended.set()

    try:
        assert on_a_thread(lambda: in_time(work, monotonic() + 0.02)) is False
        assert begun.wait(FOR_EVER)
        assert not ended.is_set()
        assert threads[0].daemon  # Python waits for others at its end
    finally:
        release.set()
        threads[0].join(FOR_EVER)


@pytest.mark.parametrize("deadline", [FOR_EVER, float("inf")])
def test_what_ends_in_time_is_waited_for(deadline: float) -> None:
    """With the context of its caller, on a thread of its own."""
    who: ContextVar[str] = ContextVar("who")
    who.set("the caller")
    got: list[Any] = []

    def work(alarm: Alarm) -> None:
        got.extend([who.get(), threading.current_thread() is threading.main_thread()])

    assert left_behind(work, monotonic() + deadline) is True
    assert got == ["the caller", False]


def test_past_the_deadline_there_is_still_patience() -> None:
    """What ends by itself within it has ended; its error is raised, not lost with its thread."""

    def work(alarm: Alarm) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        left_behind(work, monotonic() - 1, patience=FOR_EVER)
