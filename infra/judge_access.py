"""Which models a rubric's judges call, and the permissions for exactly those."""

import re
from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from rewards.rubric import Rubric

#: A cross-region inference profile: its geography, then the model that it spreads.
_PROFILE = re.compile(r"(us|us-gov|eu|apac|jp|au|ca|global)\.(.+)")


def judge_models(rubric: Rubric) -> list[str]:
    """The model ids of the rubric's judges: the `model` parameter of its async scorers."""
    models: set[str] = set()
    for component, placed in zip(rubric.components, rubric.spec.component, strict=True):
        if component.scorer.is_async:
            params = component.scorer.bind(placed.params)
            models |= {params["model"]} if params.get("model") else set()
    return sorted(models)


def judge_statements(scope: Construct, models: Iterable[str]) -> list[iam.PolicyStatement]:
    """`bedrock:InvokeModel` (which covers Converse) on the models, and on nothing else.

    A profile routes to regions of AWS's choosing, so its model is allowed in any region, but only
    by way of that profile.
    """
    statements: list[iam.PolicyStatement] = []
    for model in models:
        statements += _statements(Stack.of(scope), model)
    return statements


def _statements(stack: Stack, model: str) -> list[iam.PolicyStatement]:
    bedrock = f"arn:{stack.partition}:bedrock"
    if model.startswith("arn:"):
        return [_invoke([model])]
    profile = _PROFILE.fullmatch(model)
    if profile is None:
        return [_invoke([f"{bedrock}:{stack.region}::foundation-model/{model}"])]
    profile_arn = f"{bedrock}:{stack.region}:{stack.account}:inference-profile/{model}"
    routed = [f"{bedrock}:*::foundation-model/{profile[2]}"]
    if profile[1] == "global":
        routed.append(f"{bedrock}:::foundation-model/{profile[2]}")
    condition = {"StringEquals": {"bedrock:InferenceProfileArn": profile_arn}}
    return [_invoke([profile_arn]), _invoke(routed, condition)]


def _invoke(
    resources: list[str], conditions: dict[str, dict[str, str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["bedrock:InvokeModel"], resources=resources, conditions=conditions
    )
