"""Which models a rubric's judges call, and the permissions for exactly those."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

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
    """What the rubric's judges call: `model` and `region` of its async scorers."""
    return sorted(
        {
            JudgeAccess(params["model"], params.get("region", ""))
            for params in _judge_params(rubric)
            if params.get("model")
        }
    )


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
    tables = {
        params["cache_table"] for params in _judge_params(rubric) if params.get("cache_table")
    }
    if tables:
        prefix = f"arn:{stack.partition}:dynamodb:{stack.region}:{stack.account}:table"
        statements.append(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resources=[f"{prefix}/{table}" for table in sorted(tables)],
            )
        )
    return statements


def _judge_params(rubric: Rubric) -> Iterator[Mapping[str, Any]]:
    """The parameters of each judge, defaults included."""
    for component, placed in zip(rubric.components, rubric.spec.component, strict=True):
        if component.scorer.is_async:
            yield component.scorer.bind(placed.params)


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
