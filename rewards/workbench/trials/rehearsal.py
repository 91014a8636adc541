"""Will this job learn? A verdict on a base model's own answers, before the job is paid for.

Bands of the share of answers that fail are Azure's (reinforcement fine-tuning, reward hacking
reference: under 10 % no signal, 10 to 25 weak, 25 to 50 good, 50 to 70 harsh, above 70 may
diverge); 0.77 to 0.93 of dead groups for 90 steps was a public run that did not learn. Training on
the hardest prompts gains most where they are solved at all: nothing is dropped silently, and
always-solved prompts are advised to go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from rewards.core.errors import SpecError
from rewards.workbench.trials.answers import Answers
from rewards.workbench.trials.signal import (
    Estimate,
    Noise,
    PromptRewards,
    dead_share,
    graded_dead_share,
    reward_noise,
    with_interval,
)

#: Above this share of dead groups most of a step is wasted; above the other nearly all of it.
MOSTLY_DEAD, NEARLY_ALL_DEAD = 0.5, 0.75
#: Shares of answers that fail.
NO_SIGNAL, WEAK, HARSH = 0.10, 0.25, 0.70
#: Prompts below which nothing is said of a data set.
MIN_PROMPTS = 10


@dataclass(frozen=True)
class PassRate:
    """Shares of prompts that are solved never, always, and sometimes, as far as was seen."""

    never: float
    always: float
    mixed: float


@dataclass(frozen=True)
class Dead:
    """The share of groups of `at` without gradient, with its interval; None: it cannot be told."""

    at: int
    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Plan:
    """What the job would do with these prompts, by the settings that were given."""

    useful_groups_a_step: float | None
    steps: int
    calls: int


@dataclass(frozen=True)
class Rehearsal:
    """What `rewards rehearse` says; `--json` prints it."""

    verdict: Literal["go", "filter", "no_go"]
    reasons: tuple[str, ...]
    groups: int
    answers: int
    unscored: int
    mean_reward: float
    dead_share: Dead
    pass_rate: PassRate
    components: dict[str, float]
    noise: Noise | None
    plan: Plan
    drop: tuple[str, ...]


def rehearse(answers: Answers, size: int, batch: int, epochs: int) -> Rehearsal:
    """Judge a job by its base model's answers.

    Args:
        answers: the rewards, by prompt.
        size: the job's samples per prompt.
        batch: the job's prompts a step.
        epochs: the job's epochs.

    Raises:
        SpecError: there are too few prompts with two answers.
    """
    prompts = [prompt for prompt in answers.prompts if len(prompt.rewards) > 1]
    if len(prompts) < MIN_PROMPTS:
        raise SpecError(
            f"{len(prompts)} prompts have two answers or more; {MIN_PROMPTS} are needed, 100 with "
            "4 answers each tell the share without gradient to within 0.05"
            + (f"; {answers.unscored} rows were not scored: {answers.why}" if answers.why else "")
        )
    values = {reward for prompt in prompts for reward in prompt.rewards}
    right = max(values)
    is_binary = len(values) <= 2
    dead = _dead(prompts, size, right if is_binary else None)
    rate = _pass_rate(prompts, right, min(values))
    failed = 1 - fmean(
        (reward - min(values)) / ((right - min(values)) or 1.0)
        for prompt in prompts
        for reward in prompt.rewards
    )
    verdict, reasons = _judged(dead, rate, failed, len(values))
    useful = None if dead.estimate is None else batch * (1 - dead.estimate)
    return Rehearsal(
        verdict,
        tuple(reasons),
        len(prompts),
        sum(len(prompt.rewards) for prompt in prompts),
        answers.unscored,
        fmean(reward for prompt in prompts for reward in prompt.rewards),
        dead,
        rate,
        answers.shares,
        reward_noise(answers.judged),
        Plan(
            None if useful is None else round(useful, 2),
            -(-len(prompts) // batch) * epochs,
            len(prompts) * epochs * size,
        ),
        tuple(p.key for p in prompts if min(p.rewards) == right) if len(values) > 1 else (),
    )


def _dead(prompts: Sequence[PromptRewards], size: int, right: float | None) -> Dead:
    def share(some: Sequence[PromptRewards]) -> float:
        if right is None:
            return graded_dead_share(some, size) or 0.0
        counts = [(prompt.rewards.count(right), len(prompt.rewards)) for prompt in some]
        return dead_share(counts, size)

    if right is None and graded_dead_share(prompts, size) is None:
        return Dead(size, None, None, None)
    found: Estimate = with_interval(prompts, share)
    return Dead(size, *(round(value, 4) for value in found))


def _pass_rate(prompts: Sequence[PromptRewards], right: float, wrong: float) -> PassRate:
    if right == wrong:
        return PassRate(1.0, 0.0, 0.0)
    never = fmean(max(prompt.rewards) == wrong for prompt in prompts)
    always = fmean(min(prompt.rewards) == right for prompt in prompts)
    return PassRate(round(never, 4), round(always, 4), round(1 - never - always, 4))


def _judged(
    dead: Dead, rate: PassRate, failed: float, values: int
) -> tuple[Literal["go", "filter", "no_go"], list[str]]:
    stops, filters, notes = [], [], []
    if values == 1:
        return "no_go", ["all answers earn the same: there is nothing to learn from"]
    if dead.estimate is None:
        notes.append(
            f"rewards are graded and prompts have fewer than {dead.at} answers: the share of "
            "groups without gradient cannot be told"
        )
    elif dead.estimate >= NEARLY_ALL_DEAD:
        stops.append(f"{dead.estimate:.0%} of the groups of {dead.at} would give no gradient")
    elif dead.estimate >= MOSTLY_DEAD:
        filters.append(f"{dead.estimate:.0%} of the groups of {dead.at} would give no gradient")
    if failed < NO_SIGNAL:
        stops.append(f"only {failed:.0%} of the reward is missed: there is nothing left to learn")
    elif failed < WEAK:
        filters.append(f"only {failed:.0%} of the reward is missed: drop what is always solved")
    elif failed > HARSH:
        filters.append(f"{failed:.0%} of the reward is missed: such jobs may diverge")
    if rate.never > MOSTLY_DEAD:
        filters.append(f"{rate.never:.0%} of the prompts were never solved")
    if stops:
        return "no_go", [*stops, *filters, *notes]
    return ("filter", [*filters, *notes]) if filters else ("go", notes)
