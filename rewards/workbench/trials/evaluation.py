"""Did training help: a base and a tuned model's answers to the same prompts, by the same rubric."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from rewards.core.errors import SpecError
from rewards.workbench.trials.comparison import Paid
from rewards.workbench.trials.signal import Estimate, PromptRewards, with_interval

#: With fewer prompts a percentile interval of the bootstrap is too narrow to conclude from.
FEWEST_PROMPTS = 20

Verdict = Literal["better", "worse", "no difference shown", "too few prompts"]

#: What `paid` says of the lines of a file.
Answers = Mapping[int, tuple[Paid, Mapping[str, float]]]


@dataclass(frozen=True)
class Evaluation:
    """What `rewards job evaluate` says.

    `difference` is the mean over prompts of (the mean reward of tuned answers minus that of base
    answers), with the 95 % percentile interval of a seeded bootstrap that draws prompts with
    replacement, each with both its sides. `components` holds the mean of each for base and tuned.
    """

    verdict: Verdict
    prompts: int
    answers_base: int
    answers_tuned: int
    unscored: int
    unpaired: int
    base: float
    tuned: float
    difference: Estimate
    components: Mapping[str, tuple[float, float]]


def evaluated(base: Answers, tuned: Answers) -> Evaluation:
    """Compare two models prompt by prompt; a prompt that only one has answered counts for none.

    Raises:
        SpecError: no prompt has a scored answer of both.
    """
    sides = _by_prompt(base), _by_prompt(tuned)
    shared = [key for key in sides[0] if key in sides[1]]
    if not shared:
        raise SpecError("no prompt has scored answers of both: are these the same held-out rows?")
    means = [[fmean(side[key]) for key in shared] for side in sides]
    differences = [
        PromptRewards(key, (after - before,))
        for key, before, after in zip(shared, means[0], means[1], strict=True)
    ]
    difference = with_interval(differences, lambda drawn: fmean(one.rewards[0] for one in drawn))
    return Evaluation(
        verdict=_verdict(difference, len(shared)),
        prompts=len(shared),
        answers_base=sum(len(sides[0][key]) for key in shared),
        answers_tuned=sum(len(sides[1][key]) for key in shared),
        unscored=sum(one.value is None for side in (base, tuned) for one, _ in side.values()),
        unpaired=len(sides[0].keys() ^ sides[1].keys()),
        base=fmean(means[0]),
        tuned=fmean(means[1]),
        difference=difference,
        components=_components(base, tuned, set(shared)),
    )


def _by_prompt(answers: Answers) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for one, _ in answers.values():
        if one.value is not None:
            found.setdefault(one.group, []).append(one.value)
    return found


def _verdict(difference: Estimate, prompts: int) -> Verdict:
    if prompts < FEWEST_PROMPTS:
        return "too few prompts"
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "no difference shown"


def _components(base: Answers, tuned: Answers, prompts: set[str]) -> dict[str, tuple[float, float]]:
    """The mean of each component that both have, over the answers that count."""
    before, after = (_means(side.values(), prompts) for side in (base, tuned))
    return {name: (before[name], after[name]) for name in before if name in after}


def _means(
    answers: Iterable[tuple[Paid, Mapping[str, float]]], prompts: set[str]
) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one, parts in answers:
        if one.value is not None and one.group in prompts:
            for name, value in parts.items():
                found.setdefault(name, []).append(value)
    return {name: fmean(values) for name, values in found.items()}
