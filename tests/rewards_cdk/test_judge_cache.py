"""The table of verdicts that a deployment provides when it is asked for."""

from typing import Any

import boto3  # noqa: TID251 - the table is made from the template, as CloudFormation would
import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from moto import mock_aws

from rewards.core.errors import SpecError
from rewards.core.sample import Sample
from rewards.job.settings import RewardSettings
from rewards.judge import FakeJudge, install, usage
from rewards.judge.clients import dynamo
from rewards.rubric import Rubric, use
from rewards.scorers import judge
from rewards_cdk.reward.function import RewardFunction
from tests.rewards_cdk.resources import find, only

CRITERIA = [{"name": "clarity", "description": "Easy to follow.", "scale": [1, 5]}]


def verdict_table(template: Template) -> dict[str, Any]:
    """The properties of the one table of a stack."""
    return only(template, "AWS::DynamoDB::Table")


def test_no_table_unless_asked_for(templates: dict[str, Template]) -> None:
    """Most rubrics have nothing to keep in one."""
    for name in ("nova", "open", "alone"):
        templates[name].resource_count_is("AWS::DynamoDB::Table", 0)
        variables = only(
            templates[name], "AWS::Lambda::Function", Handler="rewards.handler.lambda_handler"
        )["Environment"]["Variables"]
        assert "REWARD_JUDGE_TABLE" not in variables


def test_the_function_is_told_of_the_table_which_is_encrypted_and_kept(
    everything: Template,
) -> None:
    """Reasons may quote completions; and a job under way may still use it."""
    ((name, table),) = find(everything, "AWS::DynamoDB::Table").items()
    function = only(everything, "AWS::Lambda::Function", Handler="rewards.handler.lambda_handler")
    assert function["Environment"]["Variables"]["REWARD_JUDGE_TABLE"] == {"Ref": name}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_the_cache_works_on_the_table_as_it_is_deployed(
    everything: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key and TTL attribute of the template are those that the cache writes."""
    properties = dict(verdict_table(everything))
    ttl = properties.pop("TimeToLiveSpecification")
    created = ("KeySchema", "AttributeDefinitions", "BillingMode")
    monkeypatch.setattr(dynamo, "_tables", {})
    monkeypatch.setenv("REWARD_JUDGE_TABLE", "deployed")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    rubric = Rubric("t", [use(judge.grade, model="on-the-deployed-table", criteria=CRITERIA)])
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(TableName="deployed", **{key: properties[key] for key in created})
        usage.drain()
        for answer in ({"clarity": 4}, {"clarity": 1}):  # two containers: the second reads
            with install(FakeJudge(answer), tables=True):
                assert rubric.score(Sample(id="1", completion="72")).value == 0.75
        (item,) = client.scan(TableName="deployed")["Items"]
    assert usage.drain()["JudgeTableHits"] == [1]
    assert ttl == {"AttributeName": "expires", "Enabled": True}
    assert "N" in item[ttl["AttributeName"]]


def test_a_rubric_without_a_judge_has_no_use_for_a_table() -> None:
    """A setting without effect is a misunderstanding, so it is said."""
    with pytest.raises(SpecError, match="the rubric gsm8k has no judge"):
        RewardFunction(
            Stack(App(), "S"), "Reward", settings=RewardSettings("gsm8k", judge_cache=True)
        )
