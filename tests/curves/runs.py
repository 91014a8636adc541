"""Runs made for the tests: a trend with seeded noise, and what can be put into it."""

import math
import random
from collections.abc import Callable

from rewards.curves.curves import Run

STEPS = 80


def rising(step: int) -> float:
    """A reward that climbs and levels off, as healthy ones do."""
    return 0.3 + 0.4 * (1 - math.exp(-step / 25))


def run(seed: int = 1, steps: int = STEPS, **curves: Callable[[int], float]) -> Run:
    """A run of the curves given, each with seeded noise of 2 % of its size."""
    noise = random.Random(seed)
    return Run.of(
        {
            "step": step,
            **{
                name.replace("component_", "component/"): value(step)
                + noise.gauss(0, 0.02) * max(abs(value(0)), 0.05)
                for name, value in curves.items()
            },
        }
        for step in range(steps)
    )
