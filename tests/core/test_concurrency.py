"""`fan_out`: order, bound, deadline, and one failure that costs one call."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import pytest

from rewards.core.concurrency import FanOut, current_run, fan_out
from rewards.core.errors import DeadlineError, ServiceError
from tests.patience import in_some_time


def given(value: Any) -> Callable[[], Awaitable[Any]]:
    """A call that returns a value, or raises it."""

    async def call() -> Any:
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    return call


def test_results_and_failures_stand_in_the_order_of_the_calls() -> None:
    """A call's exception stands in its place and is not raised."""
    failure = ServiceError("down")

    assert fan_out([given(1), given(failure), given(3)], limit=2) == [1, failure, 3]
    assert fan_out([], limit=2) == []


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_no_more_calls_than_the_limit_are_under_way(limit: int) -> None:
    """Neither of the calls themselves, nor of the places that they take together."""
    under_way = most = held = most_held = 0

    async def call() -> None:
        nonlocal under_way, most, held, most_held
        under_way += 1
        most = max(most, under_way)

        async def inner() -> None:
            nonlocal held, most_held
            async with current_run().place():
                held += 1
                most_held = max(most_held, held)
                await asyncio.sleep(0)
                held -= 1

        await asyncio.gather(*(inner() for _ in range(4)))
        under_way -= 1

    fan_out([call] * 20, limit=limit)

    assert most == min(limit, 20)
    assert 0 < most_held <= limit
    assert (under_way, held) == (0, 0)


def test_what_is_late_is_cancelled_and_nothing_starts_after_the_deadline() -> None:
    """The finished keep their results; the rest are deadline errors, started or not."""

    def check(seconds: float) -> None:
        started = []

        def call(index: int) -> Callable[[], Awaitable[int]]:
            async def run() -> int:
                started.append(index)
                if index:
                    await asyncio.Event().wait()
                return index

            return run

        outcomes = fan_out([call(i) for i in range(6)], limit=2, deadline=monotonic() + seconds)

        assert outcomes[0] == 0
        assert all(isinstance(outcome, DeadlineError) for outcome in outcomes[1:])
        assert started == [0, 1, 2]

    in_some_time(check)


def test_a_thread_that_hangs_does_not_hold_the_batch() -> None:
    """Blocking calls that ignore the deadline are left to their own timeout."""
    release = threading.Event()

    async def call() -> None:
        await current_run().in_thread(release.wait)

    try:
        [outcome] = fan_out([call], limit=1, deadline=monotonic() + 0.05)
    finally:
        release.set()

    assert isinstance(outcome, DeadlineError)


def test_the_fan_outs_of_a_batch_share_what_they_are_given() -> None:
    """A budget outlasts one fan-out; what is local to it does not."""
    shared: dict[Any, Any] = {}

    async def call() -> int:
        run = current_run()
        run.shared["calls"] = run.shared.get("calls", 0) + 1
        run.local["calls"] = run.local.get("calls", 0) + 1
        return int(run.local["calls"])

    assert fan_out([call, call], limit=1, shared=shared) == [1, 2]
    assert fan_out([call], limit=1, shared=shared) == [1]
    assert shared == {"calls": 3}


def test_a_scorer_outside_of_a_fan_out_has_a_run_of_its_own() -> None:
    """With no deadline, and the usual bound."""

    async def call() -> FanOut:
        return current_run()

    run = asyncio.run(call())
    assert run.remaining() == float("inf")
    assert run.limit == 16
