"""Which models a rubric's judges call, and the permissions for exactly those."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from rewards.core.errors import SpecError
from rewards.judge.terms import Asking, check_model, check_places
from rewards.rubric import Rubric

#: A cross-region inference profile: its geography, then the model that it spreads.
_PROFILE = re.compile(r"(us|us-gov|eu|apac|jp|au|ca|global)\.(.+)")

#: The ARN of such a profile, or of an application's own, whose id says nothing of its model.
_PROFILE_ARN = re.compile(r"arn:.+:inference-profile/(.+)|arn:.+:application-inference-profile/.+")


@dataclass(frozen=True, slots=True, order=True)
class JudgeAccess:
    """One thing that a judge uses: a model, in a region of its own or in the function's."""

    model: str
    region: str = ""


def judge_models(rubric: Rubric) -> list[JudgeAccess]:
    """What the rubric's judges call: their model, in a region of its own where they name one."""
    return sorted({JudgeAccess(model, region) for model, region, _ in _judges(rubric)})


def judge_statements(scope: Construct, rubric: Rubric) -> list[iam.PolicyStatement]:
    """`bedrock:InvokeModel` (which covers Converse) on the judges' models, and on nothing else.

    A profile routes to regions of AWS's choosing, so its model is allowed in any region, but only
    by way of that profile; of an application's own profile only Bedrock knows the model. A judge
    with a `cache_table` may read and write items of that table.
    """
    stack = Stack.of(scope)
    statements: list[iam.PolicyStatement] = []
    for judge in judge_models(rubric):
        statements += _statements(stack, judge.model, judge.region or stack.region)
    tables = {table for _, _, table in _judges(rubric) if table}
    if tables:
        prefix = f"arn:{stack.partition}:dynamodb:{stack.region}:{stack.account}:table"
        statements.append(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resources=[f"{prefix}/{table}" for table in sorted(tables)],
            )
        )
    return statements


#: Why a statement may name models by a wildcard: true of those that `routed` gives, and no other.
ROUTED_REASON = (
    "An inference profile routes to regions of AWS's choosing, and only Bedrock knows the model of "
    "an application's own; a condition allows models by way of this one profile only."
)


def routed(statement: iam.PolicyStatement) -> list[str]:
    """The resources with a wildcard of a statement that is held to one profile by its condition.

    A wildcard that came in any other way has no reason to be accepted: it fails the synth.
    """
    held: Any = statement.conditions
    if "bedrock:InferenceProfileArn" not in held.get("StringEquals", {}):
        return []
    return [resource for resource in statement.resources if "*" in resource]


def _judges(rubric: Rubric) -> Iterator[tuple[str, str, str]]:
    """Model, region and cache table of each judge: of ours, and of async scorers of the user's.

    Raises:
        SpecError: one of them is no name, but a pattern of IAM's that would allow more.
    """
    for component in rubric.components:
        model = component.params.get("model")
        if not component.scorer.is_async or not model:
            continue
        asking = component.params.get("asking")
        if isinstance(asking, Asking):
            region, table = asking.region, asking.cache_table
        else:
            region, table = (
                component.params.get("region", ""),
                component.params.get("cache_table", ""),
            )
        try:
            check_model(model)
            check_places(region, table)
        except ValueError as error:
            raise SpecError(f'component "{component.name}": {error}') from None
        yield model, region, table


def _statements(stack: Stack, model: str, region: str) -> list[iam.PolicyStatement]:
    bedrock = f"arn:{stack.partition}:bedrock"
    arn = _PROFILE_ARN.fullmatch(model)
    if arn is None and model.startswith("arn:"):
        return [_invoke([model])]
    profile = _PROFILE.fullmatch((arn[1] or "") if arn else model)
    if arn is None and profile is None:
        return [_invoke([f"{bedrock}:{region}::foundation-model/{model}"])]
    profile_arn = model if arn else f"{bedrock}:{region}:{stack.account}:inference-profile/{model}"
    routed_model = profile[2] if profile else "*"
    routed = [f"{bedrock}:*::foundation-model/{routed_model}"]
    if profile and profile[1] == "global":
        routed.append(f"{bedrock}:::foundation-model/{routed_model}")
    condition = {"StringEquals": {"bedrock:InferenceProfileArn": profile_arn}}
    return [_invoke([profile_arn]), _invoke(routed, condition)]


def _invoke(
    resources: list[str], conditions: dict[str, dict[str, str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["bedrock:InvokeModel"], resources=resources, conditions=conditions
    )
