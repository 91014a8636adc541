"""Asks a model: a grade by criteria, or a preference between two completions.

Both are measured by what the judge cannot be talked into: a reply that is no valid verdict is no
score, and neither is an outage. `docs/judge.md` says how to choose, calibrate and pay for a judge.
"""

from collections.abc import Sequence
from typing import Any, Literal

from rewards.errors import UnscoredError
from rewards.judge import usage, warm_up
from rewards.judge.comparing import against_reference, within_group
from rewards.judge.grading import graded
from rewards.judge.plan import compare_plan, files, grade_plan
from rewards.sample import Sample
from rewards.score import Score
from rewards.scorer import Service, group_scorer, scorer

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
    max_chars: int = 24_000,
    temperature: float = 0.0,
    max_tokens: int = 0,
    timeout: float = 60.0,
    structured: Literal["tool", "json_schema"] = "tool",
    strict: bool = True,
    tool_choice: Literal["tool", "any", "auto"] = "tool",
    prompt_cache: Literal["auto", "on", "off"] = "auto",
    service_tier: Literal["", "default", "priority", "flex", "reserved"] = "",
    region: str = "",
    model_fields: dict[str, Any] | None = None,
    metadata: dict[str, str] | None = None,
    price: dict[str, float] | None = None,
    max_calls: int = 0,
    max_cost: float = 0.0,
    cache_table: str = "",
    cache_days: float = 30.0,
) -> Score:
    """The weighted mean of what a model says of the completion, criterion by criterion, 0 to 1.

    What is judged. `model`: any Bedrock model id, inference profile or ARN. `prompt`: a bundled
    prompt or a .txt file; `criteria` (or `criteria_file`, or those of the bundled prompt): tables
    of `name`, `description`, `weight` and either `scale = [1, 5]` or `levels`, worst first.
    `reference` shows the reference where there is one, requires it, or never shows it.
    `max_chars`: of a longer text only head and tail are shown, and the judge is told.

    How it is asked. One call a sample, or one a criterion with `per_criterion`. `samples`: that
    many verdicts, of which the median counts. `structured`: a tool call or a JSON schema;
    `strict`, `tool_choice`, `prompt_cache` for models that do not have all of it; `max_tokens`: 0
    sizes it; `timeout`: seconds for one request; `region`: another one than the Lambda's;
    `model_fields`: additional request fields; `metadata`: for your bill.

    What it may cost. `price`: per million tokens, keys input, output, cache_read, cache_write.
    `max_calls`, `max_cost`: per invocation; beyond them it fails (0: no limit). `cache_table`: a
    DynamoDB table in which verdicts are kept for `cache_days` (else that of the environment's
    REWARD_JUDGE_TABLE, if any).

    Metrics: each criterion (0 to 1), `addressed` (the completion seems to speak to its judge),
    `truncated`, and `agreement` of the samples.

    Raises:
        ServiceError: the judge could not be asked. Follows `on_error`: by default it fails.
        RefusalError: the judge gives no valid verdict on this sample. Follows `on_refusal`.
    """
    params = {name: value for name, value in locals().items() if name != "sample"}
    return await graded(sample, grade_plan(params))


@grade.check
def _(**params: Any) -> None:
    grade_plan(params)


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
    max_chars: int = 24_000,
    temperature: float = 0.0,
    max_tokens: int = 0,
    timeout: float = 60.0,
    structured: Literal["tool", "json_schema"] = "tool",
    strict: bool = True,
    tool_choice: Literal["tool", "any", "auto"] = "tool",
    prompt_cache: Literal["auto", "on", "off"] = "auto",
    service_tier: Literal["", "default", "priority", "flex", "reserved"] = "",
    region: str = "",
    model_fields: dict[str, Any] | None = None,
    metadata: dict[str, str] | None = None,
    price: dict[str, float] | None = None,
    max_calls: int = 0,
    max_cost: float = 0.0,
    cache_table: str = "",
    cache_days: float = 30.0,
) -> list[Score | UnscoredError]:
    """How often a model prefers the completion: to the reference, or to others of its group.

    Every pair is asked about in both orders; a win is worth 1, a tie 0.5. `opponents` (0: all)
    bounds how many others of its group each rollout meets: all pairs of a group of 8 are 56
    calls. The other parameters are those of `judge.grade`.

    Metrics: `position_bias`, from -1 (the judge prefers whatever stands second) to 1 (first), and
    `addressed`.

    Raises:
        ServiceError: the judge could not be asked. Follows `on_error`: by default it fails.
    """
    params = {name: value for name, value in locals().items() if name != "rollouts"}
    plan = compare_plan(params)
    if against == "reference":
        return await against_reference(rollouts, plan)
    return await within_group(rollouts, opponents, plan)


@compare.check
def _(**params: Any) -> None:
    compare_plan(params)


compare.reads(files)
compare.uses(JUDGE)
