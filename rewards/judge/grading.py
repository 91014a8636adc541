"""`judge.grade` at work: the calls of one sample, and the total that code makes of them."""

import asyncio
import math
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from rewards.core.concurrency import current_run
from rewards.core.errors import ServiceError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.judge.asking import verdict
from rewards.judge.plan import GradePlan, Part
from rewards.judge.shown.addressing import addresses_judge
from rewards.judge.shown.prompt import UserTurn, sample_values, user_turn
from rewards.judge.verdict import Levels


async def graded(sample: Sample, plan: GradePlan) -> Score:
    """The judge's verdicts on one sample, made a score. See `rewards.scorers.judge.grade`."""
    current_run()  # made here, if it must be: one for all calls of the sample
    values = sample_values(plan.prompt, sample, reference=plan.reference)
    copies = await together([_copy(values, number, plan) for number in range(plan.samples)])
    levels = [copy.levels for copy in copies]
    worth = {c.name: median([c.levels[found[c.name]] for found in levels]) for c in plan.criteria}
    metrics = dict(worth)
    metrics["addressed"] = float(addresses_judge(sample.completion))
    metrics["truncated"] = float(copies[0].left_out > 0)
    if plan.samples > 1:
        metrics["agreement"] = agreement(levels)
    weight = math.fsum(c.weight for c in plan.criteria)
    return Score(
        math.fsum(c.weight * worth[c.name] for c in plan.criteria) / weight,
        reason=copies[0].reasons,
        metrics=metrics,
        answer=", ".join(f"{name} {level}" for name, level in levels[0].items()),
    )


@dataclass(frozen=True, slots=True)
class Copy:
    """One verdict on all criteria, of the several that a rubric may ask for."""

    levels: Levels
    reasons: str
    left_out: int


async def _copy(values: Mapping[str, str], number: int, plan: GradePlan) -> Copy:
    """Ask about all parts; copies differ in their fence's code, and so are asked anew."""
    salt = str(number) if number else ""
    questions = [
        user_turn(
            plan.prompt.data, values, task=part.task, max_chars=plan.asking.max_chars, salt=salt
        )
        for part in plan.parts
    ]
    found = await together(
        [_part(part, asked, plan) for part, asked in zip(plan.parts, questions, strict=True)]
    )
    return Copy(
        levels={name: level for levels, _ in found for name, level in levels.items()},
        reasons="\n".join(text for _, text in found),
        left_out=questions[0].left_out,
    )


async def _part(part: Part, asked: UserTurn, plan: GradePlan) -> tuple[Levels, str]:
    """One call: the level of each criterion, and the reasons."""
    request = replace(part.request, user=asked.text)
    given = await verdict(request, part.criteria, plan.asking, current_run())
    return given.levels, given.reasons


async def together(calls: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Await all calls, and raise the gravest of what they raised: the same one every time.

    A service's failure goes before the sample's own: it says nothing about the sample.
    """
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for failure in failures:
        if isinstance(failure, ServiceError):
            raise failure
    if failures:
        raise failures[0]
    return outcomes


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the two middle ones of an even number."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def agreement(copies: Sequence[Levels]) -> float:
    """Share of the pairs of verdicts that give the same level, over all criteria.

    >>> agreement([{"clear": 4}, {"clear": 4}, {"clear": 5}])
    0.3333333333333333
    """
    pairs = [(a[name], b[name]) for a, b in combinations(copies, 2) for name in a]
    return sum(first == second for first, second in pairs) / len(pairs)
