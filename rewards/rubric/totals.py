"""The arithmetic that trains the model: from verdicts to one number a sample. Pure functions.

A total is None where there is nothing to pay for and nothing to hold against the sample: its
siblings then decide, so that it gives no gradient.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol

from rewards.core.sample import Sample
from rewards.core.score import Score

#: Values this close, in proportion to their size, differ by float noise.
NOISE = 1e-9


class Weighted(Protocol):
    """What a total knows of a component: its share, and what a fault under "floor" counts as."""

    name: str
    weight: float

    @property
    def worst(self) -> float:
        """The value that pays least, given the weight."""
        ...


def total(
    scores: Mapping[str, Score],
    policies: Mapping[str, str],
    components: Sequence[Weighted],
    *,
    kind: str,
    span: tuple[float, float],
) -> float | None:
    """The reward of one sample that no gate has stopped, or None.

    `policies` holds, for each component at fault, what becomes of the sample: "floor" (the
    component counts as its worst), "skip" (the others count, their weights scaled up) or
    "neutral" (None). None, too, where all of `components` are skipped. Each of them stands either
    in `scores` or in `policies`. `kind` is "mean" or "sum" of the weighted values, clamped to
    `span`.
    """
    if "neutral" in policies.values():
        return None
    parts: list[float] = []
    ran = whole = 0.0
    for component in components:
        share = abs(component.weight)
        whole += share
        policy = policies.get(component.name)
        if policy != "skip":
            value = component.worst if policy == "floor" else scores[component.name].value
            ran += share
            parts.append(component.weight * value)
    if not ran:
        return None
    scale = ran if kind == "mean" else ran / whole
    low, high = span
    return min(max(math.fsum(parts) / scale, low), high)


def neutralised(
    totals: Sequence[float | None], groups: Sequence[Sequence[int]], *, floor: float
) -> list[float]:
    """Totals in which each None is the mean of its group's others: no gradient.

    Where a group has none, all of it get the floor: again no gradient among them.
    """
    values = [floor if found is None else found for found in totals]
    for group in groups:
        settled = [found for index in group if (found := totals[index]) is not None]
        if settled:
            mean = math.fsum(settled) / len(settled)
            for index in group:
                if totals[index] is None:
                    values[index] = mean
    return values


def normalized(
    totals: Sequence[float | None], pools: Sequence[Sequence[int]], *, clip: float
) -> list[float]:
    """Z-scores within each pool, clipped to +-`clip`; None, and a pool without spread, are 0.

    The deviation is that of a population (divided by n). What is None takes no part in it.
    """
    z_scores = [0.0] * len(totals)
    for pool in pools:
        scored = {index: found for index in pool if (found := totals[index]) is not None}
        if not scored:
            continue
        mean = math.fsum(scored.values()) / len(scored)
        variance = math.fsum((value - mean) ** 2 for value in scored.values()) / len(scored)
        deviation = math.sqrt(variance)
        if deviation <= NOISE * max(1.0, abs(mean)):
            continue
        for index, value in scored.items():
            z_scores[index] = min(max((value - mean) / deviation, -clip), clip)
    return z_scores


def group_key(sample: Sample, group_by: str) -> Hashable:
    """What the rollouts of a group have in common; None for a sample that is compared with none.

    `group_by` is "prompt", or a metadata key whose values may be of any type. A sample that lacks
    it, or whose prompt or value is blank, is in no group: rows whose prompts were never given, or
    a misspelt key, must not make one group of all.
    """
    if group_by == "prompt":
        turns = tuple([(turn.role, turn.content) for turn in sample.prompt])
        return turns if any(content.strip() for _, content in turns) else None
    value = sample.metadata.get(group_by)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return repr(value)


def group_indices(samples: Sequence[Sample], group_by: str) -> list[list[int]]:
    """The indices of the samples of each group, in order of first appearance.

    A sample without a `group_key` is a group of its own.
    """
    by_key: dict[Hashable, list[int]] = {}
    for index, sample in enumerate(samples):
        key = group_key(sample, group_by)
        by_key.setdefault(index if key is None else key, []).append(index)
    return list(by_key.values())
