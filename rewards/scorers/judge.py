"""Asks a model: a grade by criteria, or a preference between two completions.

Both are measured by what the judge cannot be talked into: a reply that is no valid verdict is no
score, and neither is an outage. `docs/judge.md` says how to choose, calibrate and pay for a judge.
"""

from collections.abc import Sequence
from typing import Any, Literal

from rewards.core.errors import UnscoredError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import Service, group_scorer, scorer
from rewards.judge import usage, warm_up
from rewards.judge.comparing import against_reference, within_group
from rewards.judge.grading import graded
from rewards.judge.plan import compare_plan, files, grade_plan, planned, replanned
from rewards.judge.terms import DEFAULT, Asking

#: One client for all judges of a container; what they used is told after every batch.
JUDGE = Service(warm_up, usage.drain)


@scorer(requires=("boto3",))
async def grade(
    sample: Sample,
    *,
    model: str,
    prompt: str = "instruction_following",
    criteria: list[dict[str, Any]] | None = None,
    criteria_file: str = "",
    per_criterion: bool = False,
    samples: int = 1,
    reference: Literal["auto", "require", "never"] = "auto",
    asking: Asking = DEFAULT,
) -> Score:
    """The weighted mean of what a model says of the completion, criterion by criterion, 0 to 1.

    Args:
        sample: the rollout to judge.
        model: any Bedrock model id, inference profile or ARN.
        prompt: a bundled prompt or a .txt file.
        criteria: tables of `name`, `description`, `weight` and either `scale = [1, 5]` or
            `levels`, worst first; by default those of the bundled prompt.
        criteria_file: a TOML file of [[criteria]] tables, in place of `criteria`.
        per_criterion: one call a criterion in place of one a sample.
        samples: that many verdicts, of which the median counts.
        reference: show the reference where there is one, require it, or never show it.
        asking: how the judge is asked and what that may cost.

    Metrics: each criterion (0 to 1), `addressed` (the completion seems to speak to its judge),
    `truncated`, and `agreement` of the samples.

    Raises:
        ServiceError: the judge could not be asked. Follows `on_error`: by default it fails.
        RefusalError: the judge gives no valid verdict on this sample. Follows `on_refusal`.
    """
    plan = planned(
        grade_plan,
        model=model,
        prompt=prompt,
        criteria=criteria,
        criteria_file=criteria_file,
        per_criterion=per_criterion,
        samples=samples,
        reference=reference,
        asking=asking,
    )
    return await graded(sample, plan)


@grade.check
def _(**params: Any) -> None:
    replanned(grade_plan, **params)


grade.reads(files)
grade.uses(JUDGE)


@group_scorer(requires=("boto3",))
async def compare(
    rollouts: Sequence[Sample],
    *,
    model: str,
    against: Literal["reference", "group"] = "reference",
    opponents: int = 0,
    prompt: str = "compare",
    asking: Asking = DEFAULT,
) -> list[Score | UnscoredError]:
    """How often a model prefers the completion: to the reference, or to others of its group.

    Every pair is asked about in both orders; a win is worth 1, a tie 0.5.

    Args:
        rollouts: the rollouts of one prompt.
        model: any Bedrock model id, inference profile or ARN.
        against: what each is compared with: its reference, or its siblings.
        opponents: how many siblings each meets; 0 is all: 56 calls for a group of 8.
        prompt: a bundled prompt or a .txt file.
        asking: how the judge is asked and what that may cost.

    Metrics: `position_bias`, from -1 (the judge prefers whatever stands second) to 1 (first), and
    `addressed`.

    Raises:
        ServiceError: the judge could not be asked. Follows `on_error`: by default it fails.
    """
    plan = planned(compare_plan, model=model, prompt=prompt, opponents=opponents, asking=asking)
    if against == "reference":
        return await against_reference(rollouts, plan)
    return await within_group(rollouts, plan)


@compare.check
def _(*, against: str, **params: Any) -> None:
    replanned(compare_plan, **params)


compare.reads(files)
compare.uses(JUDGE)
