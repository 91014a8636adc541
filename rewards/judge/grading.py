"""`judge.grade` at work: the calls of one sample, and the total that code makes of them."""

import asyncio
import math
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

from rewards.concurrency import current_run
from rewards.errors import ServiceError
from rewards.judge.asking import verdict
from rewards.judge.fence import addresses_judge
from rewards.judge.plan import GradePlan, Part
from rewards.judge.prompt import question, sample_values
from rewards.judge.verdict import check_verdict, reasons
from rewards.sample import Sample
from rewards.score import Score

Levels = dict[str, int | str]


async def graded(sample: Sample, plan: GradePlan) -> Score:
    """The judge's verdicts on one sample, made a score. See `rewards.scorers.judge.grade`."""
    values = sample_values(plan.prompt, sample, reference=plan.reference)
    left_out = 0
    calls = []
    for copy in range(plan.samples):
        for part in plan.parts:
            asked = question(
                plan.prompt.data,
                values,
                task=part.task,
                max_chars=plan.max_chars,
                # Another code in the fence makes another copy of the question another question.
                salt=str(copy) if copy else "",
            )
            left_out = asked.left_out
            calls.append(_verdict(part, asked.text, plan))
    found = await together(calls)
    per_copy = len(plan.parts)
    copies = [
        {name: level for levels, _ in found[start : start + per_copy] for name, level in levels}
        for start in range(0, len(found), per_copy)
    ]
    worth = {c.name: median([c.levels[copy[c.name]] for copy in copies]) for c in plan.criteria}
    metrics = dict(worth)
    metrics["addressed"] = float(addresses_judge(sample.completion))
    metrics["truncated"] = float(left_out > 0)
    if plan.samples > 1:
        metrics["agreement"] = agreement(copies)
    weight = math.fsum(c.weight for c in plan.criteria)
    return Score(
        math.fsum(c.weight * worth[c.name] for c in plan.criteria) / weight,
        reason="\n".join(text for _, text in found[:per_copy]),
        metrics=metrics,
        answer=", ".join(f"{name} {level}" for name, level in copies[0].items()),
    )


async def _verdict(
    part: Part, text: str, plan: GradePlan
) -> tuple[list[tuple[str, int | str]], str]:
    """One call: the level of each criterion, and the reasons."""
    request = replace(part.request, user=text)
    given, levels = await verdict(
        request, partial(check_verdict, criteria=part.criteria), plan.terms, current_run()
    )
    return list(levels.items()), reasons(given, part.criteria)


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
