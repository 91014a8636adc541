"""Bounded concurrent calls under one deadline. Imported only when a rubric has async scorers."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

from rewards.errors import DeadlineError


def fan_out(
    calls: Sequence[Callable[[], Awaitable[Any]]], *, limit: int, deadline: float = math.inf
) -> list[Any]:
    """Await every call, at most `limit` at once; return results or exceptions, in order.

    What has not finished at `deadline` (a `time.monotonic()` value) is cancelled and becomes a
    `DeadlineError`. A call's own exception stands in its place in the list; none is raised.
    """
    return asyncio.run(_gather(calls, limit, deadline))


async def _gather(
    calls: Sequence[Callable[[], Awaitable[Any]]], limit: int, deadline: float
) -> list[Any]:
    slots = asyncio.Semaphore(limit)

    async def run(call: Callable[[], Awaitable[Any]]) -> Any:
        async with slots:
            return await call()

    tasks = [asyncio.ensure_future(run(call)) for call in calls]
    timeout = None if deadline == math.inf else max(0.0, deadline - monotonic())
    _, late = await asyncio.wait(tasks, timeout=timeout)
    for task in late:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [
        DeadlineError("not finished before the deadline") if task in late else result
        for task, result in zip(tasks, results, strict=True)
    ]
