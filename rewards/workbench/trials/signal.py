"""How much signal groups of answers give a trainer that compares them: formulas, no files.

A group whose rewards are all equal gives no gradient (GRPO's advantage is the reward minus the
group's mean). With k answers a prompt seen and groups of G in the job, the share of such groups is
estimated, never read off at k, where it is biased (0.885 seen at 4 where 0.844 is true at 8).
"""

import math
import random
from collections.abc import Callable, Sequence
from statistics import fmean, variance
from typing import NamedTuple

#: Resamplings of an interval, and how much of them it holds.
RESAMPLINGS, COVERED = 1_000, 0.95
MANY = 2_000
#: The same data, the same interval.
SEED = 8


class Estimate(NamedTuple):
    """A figure with its interval."""

    estimate: float
    low: float
    high: float


class PromptRewards(NamedTuple):
    """What the answers to one prompt earned."""

    key: str
    rewards: tuple[float, ...]


def dead_of(right: int, answers: int, size: int) -> float:
    """The chance that `size` of a prompt's answers, drawn without replacement, are all alike.

    Unbiased where `answers` is `size` or more: [C(c, G) + C(n-c, G)] / C(n, G).

    >>> dead_of(1, 2, 2), dead_of(0, 4, 2)
    (0.0, 1.0)
    """
    alike = math.comb(right, size) + math.comb(answers - right, size)
    return alike / math.comb(answers, size)


def dead_share(counts: Sequence[tuple[int, int]], size: int) -> float:
    """The share of groups of `size` without gradient, from (right, answers) of each prompt.

    Where a prompt has fewer answers than `size`, a beta-binomial is fitted to all prompts by
    moments: m the mean of pass rates, v their variance, n answers a prompt, rho = (v - m(1-m)/n) /
    (m(1-m)(1-1/n)), s = 1/rho - 1; then B(ms+G, (1-m)s)/B(ms, (1-m)s) for all right and the like
    for all wrong.
    """
    if all(answers >= size for _, answers in counts):
        return fmean(dead_of(right, answers, size) for right, answers in counts)
    rates = [right / answers for right, answers in counts]
    mean = fmean(rates)
    if mean in (0.0, 1.0) or len(counts) < 2:
        return 1.0 if mean in (0.0, 1.0) else mean**size + (1 - mean) ** size
    each = len(counts) / sum(1 / answers for _, answers in counts)
    spread = mean * (1 - mean)
    rho = (variance(rates) - spread / each) / (spread * max(1e-9, 1 - 1 / each))
    strength = 1 / min(0.999, max(0.001, rho)) - 1
    a, b = mean * strength, (1 - mean) * strength
    return math.exp(_beta(a + size, b) - _beta(a, b)) + math.exp(_beta(a, b + size) - _beta(a, b))


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def graded_dead_share(prompts: Sequence[PromptRewards], size: int) -> float | None:
    """The same for rewards of more than two values: groups drawn from the answers that were seen.

    None where a prompt has fewer answers than `size`: equal rewards of a larger group cannot be
    told from a smaller one's.
    """
    if any(len(prompt.rewards) < size for prompt in prompts):
        return None
    shares = []
    for prompt in prompts:
        alike = sum(
            math.comb(prompt.rewards.count(value), size) for value in sorted(set(prompt.rewards))
        )
        shares.append(alike / math.comb(len(prompt.rewards), size))
    return fmean(shares)


def with_interval(
    prompts: Sequence[PromptRewards], figure: Callable[[Sequence[PromptRewards]], float]
) -> Estimate:
    """A figure of prompts with the interval that a seeded bootstrap over prompts gives."""
    draw = random.Random(SEED)
    # The ends of the interval of many prompts are close to each other: fewer tell them.
    times = RESAMPLINGS if len(prompts) <= MANY else RESAMPLINGS // 5
    found = sorted(figure(draw.choices(prompts, k=len(prompts))) for _ in range(times))
    tail = round((1 - COVERED) / 2 * times)
    return Estimate(figure(prompts), found[tail], found[-1 - tail])


class Noise(NamedTuple):
    """How much of what rewards of a group differ by is the answers', not the grader's."""

    icc: float
    within: float
    between: float


def reward_noise(groups: Sequence[Sequence[Sequence[float]]]) -> Noise | None:
    """ICC = 1 - s_n^2 / s_g^2, from judgements of answers of groups.

    s_n^2 is the variance of repeated judgements of one answer, s_g^2 that of single judgements
    among the answers of one group. The advantage shrinks by about sqrt(ICC). None where nothing was
    judged twice, or answers do not differ.
    """
    repeated = [variance(one) for group in groups for one in group if len(one) > 1]
    among = [
        variance(column)
        for group in groups
        for column in zip(*group, strict=False)  # the first judgements, the second ones, ...
        if len(column) > 1
    ]
    if not repeated or not among or not (between := fmean(among)):
        return None
    within = fmean(repeated)
    return Noise(max(0.0, 1 - within / between), within, between)
