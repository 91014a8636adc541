"""`judge.compare` at work: pairs of completions, each asked about in both orders."""

import asyncio
import hashlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace

from rewards.core.concurrency import current_run
from rewards.core.errors import (
    MissingReferenceError,
    RefusalError,
    UnscoredError,
    unless_all_refused,
)
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.judge.asking import verdict
from rewards.judge.grading import together
from rewards.judge.plan import PREFERENCE, ComparePlan
from rewards.judge.shown.addressing import addresses_judge
from rewards.judge.shown.prompt import conversation, user_turn

TASK = (
    "Compare the two completions now. Give first the reason, in at most 60 words, then the "
    "preference: first, second or tie. Which of them stands first is chance."
)


@dataclass(frozen=True, slots=True)
class Preference:
    """How a pair ended: what the one is worth against the other, and what its place did."""

    worth: float
    bias: float


async def against_reference(
    samples: Sequence[Sample], plan: ComparePlan
) -> list[Score | UnscoredError]:
    """Each sample against its own reference."""
    found = await _all([_with_reference(sample, plan) for sample in samples])
    return [
        outcome
        if isinstance(outcome, UnscoredError)
        else _score(sample, [outcome], "its reference")
        for sample, outcome in zip(samples, found, strict=True)
    ]


async def within_group(samples: Sequence[Sample], plan: ComparePlan) -> list[Score | UnscoredError]:
    """Each sample against others of its group; the score is the share of wins, ties half."""
    if len(samples) < 2:
        raise UnscoredError(
            "a group of one has nobody to be compared with: send whole groups in one batch, or "
            'compare with the reference (against = "reference")'
        )
    pairs = _pairs(samples, plan.opponents)
    found = await _all(
        [_pair(samples[a], samples[a].completion, samples[b].completion, plan) for a, b in pairs]
    )
    met: list[list[Preference]] = [[] for _ in samples]
    refused = [0] * len(samples)
    for (a, b), outcome in zip(pairs, found, strict=True):
        if isinstance(outcome, UnscoredError):
            refused[a] += 1
            refused[b] += 1
        else:
            met[a].append(outcome)
            met[b].append(Preference(1 - outcome.worth, outcome.bias))
    # Who makes the judge fail does so in all of its pairs; its opponents do not, and go on
    # without the pair.
    return [
        RefusalError(f"the judge refuses {bad} of {bad + len(outcomes)} comparisons with it")
        if bad and bad >= len(outcomes)
        else _score(sample, outcomes, f"{len(outcomes)} others")
        for sample, outcomes, bad in zip(samples, met, refused, strict=True)
    ]


def _pairs(samples: Sequence[Sample], opponents: int) -> list[tuple[int, int]]:
    """Who meets whom: everybody, or the next few on a ring in the order of the texts' hashes.

    The order in which the rollouts come has no part in it.
    """
    ring = sorted(range(len(samples)), key=lambda i: _hash(samples[i].completion))
    count = len(ring)
    steps = range(1, count if not opponents else min((opponents + 1) // 2 + 1, count))
    pairs = {
        tuple(sorted((ring[i], ring[(i + step) % count]))) for i in range(count) for step in steps
    }
    return sorted((first, second) for first, second in pairs)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


async def _with_reference(sample: Sample, plan: ComparePlan) -> Preference:
    return await _pair(sample, sample.completion, sample.reference_text, plan)


async def _pair(sample: Sample, one: str, other: str, plan: ComparePlan) -> Preference:
    """Ask in both orders: what `one` is worth against `other`, and how much its place counted."""
    if one == other:
        return Preference(0.5, 0.0)
    ahead, behind = await together(
        [_preference(sample, one, other, plan), _preference(sample, other, one, plan)]
    )
    return Preference(worth=(ahead + 1 - behind) / 2, bias=ahead + behind - 1)


async def _preference(sample: Sample, first: str, second: str, plan: ComparePlan) -> float:
    """What the first is worth: 1, 0.5 or 0."""
    values = {"prompt": conversation(sample.prompt), "first": first, "second": second}
    shown = {name: text for name, text in values.items() if text or name != "prompt"}
    turn = user_turn(plan.prompt.data, shown, task=TASK, max_chars=plan.asking.max_chars)
    request = replace(plan.request, user=turn.text)
    given = await verdict(request, (PREFERENCE,), plan.asking, current_run())
    return PREFERENCE.levels[given.levels[PREFERENCE.name]]


async def _all(calls: Sequence[Awaitable[Preference]]) -> list[Preference | UnscoredError]:
    """What came of the calls, or the sample's own fault in its place; anything else is raised."""
    current_run()  # made here, if it must be: one for all of them
    outcomes: list[Preference | UnscoredError] = []
    for outcome in unless_all_refused(await asyncio.gather(*calls, return_exceptions=True)):
        if isinstance(outcome, Preference | RefusalError | MissingReferenceError):
            outcomes.append(outcome)
        else:
            raise outcome
    return outcomes


def _score(sample: Sample, outcomes: Sequence[Preference], against: str) -> Score:
    count = len(outcomes)
    worth = sum(outcome.worth for outcome in outcomes) / count
    return Score(
        worth,
        reason=f"preferred {worth:.0%} of the time over {against}",
        metrics={
            "position_bias": sum(outcome.bias for outcome in outcomes) / count,
            "addressed": float(addresses_judge(sample.completion)),
        },
    )
