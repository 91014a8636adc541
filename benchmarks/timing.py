"""Time that a busy machine adds nothing to: CPU seconds, in turns, the least of many."""

from collections.abc import Callable
from time import process_time
from typing import Any


def cpu_seconds(call: Callable[[], Any]) -> float:
    """This process's CPU time for one call."""
    started = process_time()
    call()
    return process_time() - started


def least(*calls: Callable[[], Any], rounds: int) -> list[float]:
    """The least CPU time of each; called in turns, so that a slow moment hits them alike."""
    taken = [[cpu_seconds(call) for call in calls] for _ in range(rounds)]
    return [min(times) for times in zip(*taken, strict=True)]
