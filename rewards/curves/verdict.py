"""The verdict on a run: it learns, or not, collapses, cheats, or it is too early to tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rewards.core.errors import SpecError
from rewards.curves.curves import Run, guessed_goal
from rewards.curves.findings import MIN_POINTS, WEIGHTY, Finding, Looked, findings
from rewards.curves.rollouts import Rollout, signs

Verdict = Literal["learning", "too_early", "no_learning", "collapse", "hacked"]

HACKED = frozenset({"goal_flat", "goal_falls", "constant_answers", "copies"})
COLLAPSED = frozenset(
    {"entropy_collapse", "length_crash", "gradient_growth", "reward_fell", "crash_at_end"}
)
#: Where along the run the verdict is asked again: how steady it is says how sure it is.
LOOKS = (0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Diagnosis:
    """What is said of a run; `confidence` is the share of looks at its last fifth that agree."""

    verdict: Verdict
    confidence: float
    goal: str | None
    goal_is: str
    findings: tuple[Finding, ...]


def diagnose(
    run: Run,
    rollouts: Sequence[Rollout] = (),
    goal: str | None = None,
    span: float | None = None,
) -> Diagnosis:
    """What a run's curves and sampled rollouts say.

    Args:
        run: the curves, in the normal form.
        rollouts: sampled answers, of several steps at best.
        goal: the component that says whether the task was solved; by default the one whose name
            says so.
        span: the width of the reward's range; by default 1, or what the curve covers if more.

    Raises:
        SpecError: the run has no reward, or no such component.
    """
    reward = run["train_reward"] if len(run["train_reward"]) else run["val_reward"]
    if not len(reward):
        raise SpecError("there is no reward among the curves: train_reward, or val_reward")
    if goal is not None and goal not in run.components():
        known = ", ".join(run.components()) or "none"
        raise SpecError(f'there is no curve of a component "{goal}"; there are: {known}')
    goal_is = "named" if goal else "guessed by its name"
    goal = goal or guessed_goal(run.components())
    width = span or max(1.0, max(reward.values) - min(reward.values))
    seen = findings(Looked(run, goal, width)) if len(reward) >= MIN_POINTS else []
    seen = [*signs(rollouts), *seen]
    verdict = _verdict(len(reward), seen)
    agreed = 1 + sum(
        verdict == _at(run.until(reward.steps[-1] * look), goal, width, rollouts) for look in LOOKS
    )
    return Diagnosis(
        verdict,
        round(agreed / (1 + len(LOOKS)), 2),
        goal,
        goal_is if goal else "none is known",
        tuple(seen),
    )


def _at(run: Run, goal: str | None, span: float, rollouts: Sequence[Rollout]) -> Verdict:
    reward = run["train_reward"] if len(run["train_reward"]) else run["val_reward"]
    seen = findings(Looked(run, goal, span), WEIGHTY) if len(reward) >= MIN_POINTS else []
    known = [one for one in rollouts if one.step is None or one.step <= run.last_step()]
    return _verdict(len(reward), [*signs(known), *seen])


def _verdict(points: int, seen: Sequence[Finding]) -> Verdict:
    codes = {finding.code for finding in seen}
    if codes & HACKED:
        return "hacked"
    if points < MIN_POINTS:
        return "too_early"
    if codes & COLLAPSED:
        return "collapse"
    return "no_learning" if "reward_flat" in codes else "learning"
