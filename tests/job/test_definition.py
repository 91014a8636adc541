"""Definitions: what a deployment keeps of its job, as requests of both APIs."""

import re
from typing import Any

import pytest
from botocore.session import Session

from rewards.job.config import parse_config
from rewards.job.definition import JobDefinition, define, full_marks_of, undeployed
from rewards.job.prepared import prepare
from rewards.rubric.spec import parse_spec
from tests.job.conftest import DEPLOYED, NOVA_TABLES, changed, definition_of

EVERYTHING: dict[str, Any] = {
    **NOVA_TABLES,
    "tags": {"team": "maths"},
    "data": {
        "train": "s3://data-bucket/train.jsonl",
        "validation": ["s3://data-bucket/validation.jsonl"],
    },
    "job": {
        **NOVA_TABLES["job"],
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/" + "a" * 36,
        "vpc": {"subnet_ids": ["subnet-00000001"], "security_group_ids": ["sg-00000001"]},
        "hyperparameters": {
            "epochCount": 50,
            "batchSize": 512,
            "learningRate": 1e-3,
            "maxPromptLength": 8192,
            "trainingSamplePerPrompt": 16,
            "inferenceMaxTokens": 2048,
            "reasoningEffort": "high",
            "evalInterval": 100,
        },
    },
}


def violations(shape: Any, value: Any, where: str) -> list[str]:
    """What a value breaks of a botocore shape: members, types, bounds, patterns and enums.

    botocore itself checks only minima and types before it sends a request.
    """
    found = []
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "structure":
        found += [f"{where}.{name}: unknown" for name in value.keys() - shape.members.keys()]
        missing = set(shape.metadata.get("required", ())) - value.keys()
        found += [f"{where}.{name}: missing" for name in missing]
        for name, inner in value.items():
            found += violations(shape.members[name], inner, f"{where}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            found += violations(shape.member, inner, f"{where}[]")
    elif shape.type_name == "string":
        pattern, enum = shape.metadata.get("pattern"), shape.metadata.get("enum")
        if pattern and not re.fullmatch(pattern, value):
            found.append(f"{where}: {value!r} against {pattern}")
        if enum and value not in enum:
            found.append(f"{where}: {value!r} not in {enum}")
    size = value if isinstance(value, int | float) else len(value)
    if (low is not None and size < low) or (high is not None and size > high):
        found.append(f"{where}: {value!r} outside {low} to {high}")
    return found


@pytest.mark.parametrize("tables", [NOVA_TABLES, EVERYTHING], ids=["few keys", "every key"])
@pytest.mark.parametrize("run", ["r", "0f2a4f1e-6b1d-4a83-9a83-0c5f7b0f8a11", "a_b c"])
def test_the_rendered_request_is_one_that_the_service_model_takes(
    tables: dict[str, Any], run: str
) -> None:
    """Not only for botocore's own checks: maxima, patterns and enums as well."""
    operation = (
        Session().get_service_model("bedrock").operation_model("CreateModelCustomizationJob")
    )
    request = prepare(definition_of(tables), run, {}).request
    assert violations(operation.input_shape, request, "request") == []


def test_a_nova_request_carries_all_that_was_configured() -> None:
    """Every key of the configuration stands where the API wants it."""
    request = prepare(definition_of(EVERYTHING), "first", {}).request
    rft = request["customizationConfig"]["rftConfig"]
    assert request["jobName"] == request["customModelName"] == "gsm8k-first"
    assert request["clientRequestToken"] == "gsm8k--first"
    assert request["customizationType"] == "REINFORCEMENT_FINE_TUNING"
    assert rft["graderConfig"] == {"lambdaGrader": {"lambdaArn": DEPLOYED.function_arn}}
    assert rft["hyperParameters"] == EVERYTHING["job"]["hyperparameters"]
    assert request["jobTags"] == [
        {"key": "team", "value": "maths"},
        {"key": "rft:deployment", "value": "gsm8k"},
        {"key": "rft:run", "value": "first"},
    ]
    assert request["vpcConfig"] == {
        "subnetIds": ["subnet-00000001"],
        "securityGroupIds": ["sg-00000001"],
    }


def test_an_open_weight_request_has_the_grader_and_nothing_of_nova(
    open_weight: JobDefinition,
) -> None:
    """`method.reinforcement.grader.lambda`, as the user guide's page on the OpenAI APIs has it."""
    assert prepare(open_weight, "first", {}).request == {
        "model": "openai.gpt-oss-20b",
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "grader": {"type": "lambda", "lambda": {"function": DEPLOYED.function_arn}},
                "hyperparameters": {"n_epochs": 1, "batch_size": 4},
            },
        },
    }


def test_placeholders_stand_for_what_only_a_deployment_knows() -> None:
    """A request can be rendered before anything exists."""
    config = parse_config(changed(NOVA_TABLES, "data.train", "examples/first-job/train.jsonl"))
    definition = undeployed(config)
    assert definition["function"] == "${RewardFunctionVersionArn}"
    (dataset,) = definition["datasets"]
    assert dataset["uri"].startswith("s3://${DataBucket}/datasets/${HashOf:examples/")
    foreign = undeployed(parse_config(NOVA_TABLES))["datasets"]
    assert foreign == [dict.fromkeys(("source", "uri"), "s3://data-bucket/train.jsonl")]


def test_relative_rewards_have_no_full_marks_to_check() -> None:
    """A rubric that normalises within the batch gives z-scores: the preflight is left out."""
    component = [{"scorer": "exact.match"}]
    relative = parse_spec({"name": "a", "component": component, "normalize": {"by": "group"}})
    assert full_marks_of(relative) is None
    assert full_marks_of(parse_spec({"name": "a", "component": component})) == 1.0
    config = parse_config(NOVA_TABLES)
    assert define(config, DEPLOYED, full_marks=None)["preflight"]["samples"] == 0
    own = parse_config({**NOVA_TABLES, "preflight": {"full_marks": 0.5}})
    assert define(own, DEPLOYED, full_marks=None)["preflight"]["samples"] == 3
