"""What each role may do, and above all what it may not."""

import re
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from rewards import Sample, scorer
from rewards.core.errors import SpecError
from rewards.rubric import Rubric, use
from rewards.scorers import judge
from rewards_cdk.reward.judge_access import judge_statements, routed
from tests.rewards_cdk.resources import find, only, text_of

#: Actions on no resource: IAM, EC2 and Step Functions offer none for them.
WITHOUT_RESOURCE = {
    # Log delivery and X-Ray of a state machine (Step Functions developer guide).
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    # Network interfaces of a function or a job in a VPC (Lambda and Bedrock user guides).
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:UnassignPrivateIpAddresses",
    # A bearer token is no resource (service authorization reference of bedrock-mantle).
    "bedrock:CallWithBearerToken",
    "bedrock-mantle:CallWithBearerToken",
    # Reading metrics has no resource (service authorization reference of CloudWatch).
    "cloudwatch:GetMetricData",
}

STACKS = ["nova", "everything", "open", "alone"]


def several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(template: Template, role: str = "") -> list[dict[str, Any]]:
    """The statements of the roles whose description holds `role`."""
    roles = {
        name
        for name, found in find(template, "AWS::IAM::Role").items()
        if role in found["Properties"].get("Description", "")
    }
    assert roles
    beside = [
        policy["Properties"]["PolicyDocument"]
        for policy in find(template, "AWS::IAM::Policy").values()
        if any(attached["Ref"] in roles for attached in policy["Properties"]["Roles"])
    ]
    inside = [
        policy["PolicyDocument"]
        for name in roles
        for policy in find(template, "AWS::IAM::Role")[name]["Properties"].get("Policies", ())
    ]
    return [statement for document in beside + inside for statement in document["Statement"]]


def actions(template: Template, role: str) -> set[str]:
    return {a for s in statements(template, role) for a in several(s["Action"])}


def resources(template: Template, role: str, action: str) -> list[str]:
    return [
        text_of(resource)
        for statement in statements(template, role)
        if action in several(statement["Action"])
        for resource in several(statement["Resource"])
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_no_policy_has_a_wildcard_action(templates: dict[str, Template], stack: str) -> None:
    """Every action is listed by name."""
    for statement in statements(templates[stack]):
        assert not [action for action in several(statement["Action"]) if "*" in action]
        assert statement["Effect"] == "Allow"


@pytest.mark.parametrize("stack", STACKS)
def test_everything_is_a_resource_only_where_iam_has_none(
    templates: dict[str, Template], stack: str
) -> None:
    """`*` stands beside actions that take nothing else."""
    for statement in statements(templates[stack]):
        if "*" in several(statement["Resource"]):
            assert set(several(statement["Action"])) <= WITHOUT_RESOURCE


@pytest.mark.parametrize("stack", STACKS)
def test_no_role_has_a_managed_policy(templates: dict[str, Template], stack: str) -> None:
    """What a role may do stands in this stack, and changes with it alone."""
    for role in find(templates[stack], "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_a_pure_reward_may_write_its_log_and_nothing_else(nova: Template) -> None:
    """A hostile completion that took the function over would find nothing to call."""
    assert actions(nova, "reward function") == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_a_judge_may_call_its_models_and_no_other(everything: Template) -> None:
    """The profile, its model by way of that profile, the other judge's in its own region."""
    found = resources(everything, "reward function", "bedrock:InvokeModel")
    assert sorted(found) == [
        "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1:<AWS::AccountId>:inference-profile/us.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-west-2::foundation-model/openai.gpt-oss-120b-1:0",
    ]
    (routed,) = [s for s in statements(everything, "reward function") if "Condition" in s]
    (profile,) = routed["Condition"]["StringEquals"].values()
    assert text_of(profile).endswith("inference-profile/us.amazon.nova-lite-v1:0")


PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"


@pytest.mark.parametrize(
    ("model", "routed"),
    [
        (PROFILE + "us.amazon.nova-pro-v1:0", ["*::foundation-model/amazon.nova-pro-v1:0"]),
        (
            PROFILE + "global.amazon.nova-2-lite-v1:0",
            [f"{place}::foundation-model/amazon.nova-2-lite-v1:0" for place in ("*", "")],
        ),
        (PROFILE.replace(":inf", ":application-inf") + "abcdef123456", ["*::foundation-model/*"]),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", []),
        ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdef123456", []),
    ],
)
def test_a_judge_named_by_arn_may_be_called(model: str, routed: list[str]) -> None:
    """A profile's ARN alone would be denied: Bedrock asks for the models behind it as well."""
    stack = Stack(App(), "S", env=Environment(region="us-east-1"))
    criteria = [{"name": "clarity", "description": "Easy to follow."}]
    rubric = Rubric("t", [use(judge.grade, model=model, criteria=criteria)])
    found = [statement.to_json() for statement in judge_statements(stack, rubric)]
    assert found[0] == {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": model}
    behind = [resource for s in found[1:] for resource in several(s["Resource"])]
    assert [resource.partition(":bedrock:")[2] for resource in behind] == routed
    for statement in found[1:]:
        assert statement["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": model}}


@scorer
async def own(sample: Sample, *, model: str = "m", region: str = "", cache_table: str = "") -> bool:
    """A judge of the user's own, whose parameters nobody has checked."""
    return bool(model and region and cache_table)


@pytest.mark.parametrize(
    "params", [{"model": "*"}, {"region": "*"}, {"cache_table": "*"}, {"model": "amazon.nova-?"}]
)
def test_a_judge_of_ones_own_names_no_wildcard_either(params: dict[str, str]) -> None:
    """What reaches a policy is a name, whoever wrote the scorer."""
    stack = Stack(App(), "S", env=Environment(region="us-east-1"))
    with pytest.raises(SpecError, match='component "own"'):
        judge_statements(stack, Rubric("t", [use(own, **params).placed(name="own")]))


def test_a_judge_of_ones_own_is_allowed_what_it_names() -> None:
    """Model, region and table are taken from the parameters of these names."""
    stack = Stack(App(), "S", env=Environment(region="us-east-1"))
    rubric = Rubric("t", [use(own, model="a.b", region="us-west-2", cache_table="verdicts")])

    model, table = (statement.to_json() for statement in judge_statements(stack, rubric))
    assert text_of(model["Resource"]).endswith(":us-west-2::foundation-model/a.b")
    assert text_of(table["Resource"]).endswith(":table/verdicts")


def test_only_a_wildcard_that_a_condition_holds_to_a_profile_has_a_reason() -> None:
    """Any other one fails the synth: the reason would not be true of it."""
    held = {"StringEquals": {"bedrock:InferenceProfileArn": PROFILE + "us.amazon.nova-pro-v1:0"}}
    resources = ["arn:aws:bedrock:*::foundation-model/amazon.nova-pro-v1:0", "arn:aws:s3:::x"]

    def statement(**more: Any) -> iam.PolicyStatement:
        return iam.PolicyStatement(actions=["bedrock:InvokeModel"], resources=resources, **more)

    assert routed(statement(conditions=held)) == resources[:1]
    assert routed(statement()) == []
    assert routed(statement(conditions={"StringEquals": {"aws:RequestedRegion": "*"}})) == []


def test_judges_may_use_the_table_they_name_and_the_one_of_the_stack(everything: Template) -> None:
    """Single items of these; no scan, no query, no delete."""
    used = {a for a in actions(everything, "reward function") if a.startswith("dynamodb:")}
    assert used == {"dynamodb:GetItem", "dynamodb:PutItem"}
    ((deployed, _),) = find(everything, "AWS::DynamoDB::Table").items()
    tables = resources(everything, "reward function", "dynamodb:PutItem")
    named = "arn:aws:dynamodb:us-east-1:<AWS::AccountId>:table/verdicts"
    assert sorted(tables) == [f"<{deployed}.Arn>", named]


def test_bedrock_may_take_on_the_role_for_jobs_of_this_account_only(nova: Template) -> None:
    """The confused deputy: another account's job gets no say here."""
    role = only(nova, "AWS::IAM::Role", Description="What Bedrock may do for an RFT job")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    conditions = trust["Condition"]
    assert conditions["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (source,) = conditions["ArnLike"].values()
    jobs = "arn:aws:bedrock:us-east-1:<AWS::AccountId>:model-customization-job/*"
    assert text_of(source) == jobs


REWARD = "rewards.handler.lambda_handler"


def test_bedrock_may_call_the_versions_of_the_reward_only(nova: Template) -> None:
    """Every version: a job goes on with its own. Not the newest code, nor another function."""
    ((reward, _),) = find(nova, "AWS::Lambda::Function", Handler=REWARD).items()
    found = resources(nova, "Bedrock may do", "lambda:InvokeFunction")
    assert found == [f"<{reward}.Arn>:*"]


def test_bedrock_may_read_the_datasets_and_write_outputs_only(everything: Template) -> None:
    """Others' objects by their full key; nothing may be deleted, no configuration changed."""
    used = actions(everything, "Bedrock may do")
    assert {a for a in used if a.startswith("s3:")} == {
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
    ((bucket, _),) = [
        item
        for item in find(everything, "AWS::S3::Bucket").items()
        if "VersioningConfiguration" in item[1]["Properties"]
    ]
    assert resources(everything, "Bedrock may do", "s3:PutObject") == [f"<{bucket}.Arn>/output/*"]
    assert sorted(set(resources(everything, "Bedrock may do", "s3:GetObject"))) == [
        f"<{bucket}.Arn>/datasets/*",
        f"<{bucket}.Arn>/output/*",
        "arn:aws:s3:::data-bucket/train.jsonl",
        "arn:aws:s3:::other-bucket/validation.jsonl",
    ]


def test_bedrock_may_use_the_key_by_way_of_bedrock_only(everything: Template) -> None:
    """The model's key, and the data's by way of S3; no use of either from elsewhere."""
    keys = [s for s in statements(everything, "Bedrock may do") if "kms:Decrypt" in s["Action"]]
    data, key = sorted(keys, key=lambda statement: len(statement["Action"]))
    assert (
        data["Resource"]
        == "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    )
    by_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    assert data["Condition"] == by_s3
    assert key["Resource"] == "arn:aws:kms:us-east-1:123456789012:key/" + "a" * 36
    via = {"StringEquals": {"kms:ViaService": "bedrock.us-east-1.amazonaws.com"}}
    assert key["Condition"] == via


def test_each_step_of_a_run_may_do_its_step(nova: Template) -> None:
    """Checking creates nothing, watching changes nothing unasked, stopping starts nothing."""
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    look = "bedrock:GetModelCustomizationJob"
    assert actions(nova, "step `check`") - logs == {"s3:GetObject", "lambda:InvokeFunction"}
    assert actions(nova, "step `watch`") - logs == {look, "cloudwatch:GetMetricData"}
    assert actions(nova, "step `create`") - logs == {
        look,
        "bedrock:CreateModelCustomizationJob",
        "bedrock:ListTagsForResource",
        "bedrock:TagResource",
        "iam:PassRole",
        *("s3:GetObject", "s3:ListBucket", "s3:PutObject"),  # the dataset, to its place
    }
    assert actions(nova, "step `stop`") - logs == {
        look,
        "bedrock:StopModelCustomizationJob",
        "states:GetExecutionHistory",
        *("kms:Decrypt", "kms:GenerateDataKey", "sns:Publish"),  # when it cannot
    }


def test_the_service_role_can_be_passed_to_bedrock_only(nova: Template) -> None:
    """PassRole names one service, and the roles of this deployment alone."""
    (passing,) = [
        s for s in statements(nova, "step `create`") if "iam:PassRole" in several(s["Action"])
    ]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}
    }
    assert text_of(passing["Resource"]) == "arn:aws:iam::<AWS::AccountId>:role/rft/nova/*"
    role = only(nova, "AWS::IAM::Role", Description="What Bedrock may do for an RFT job")
    assert re.fullmatch(r"/rft/nova/[0-9a-f]{12}/", role["Path"])


def test_an_open_weight_job_has_no_service_role(open_weight: Template) -> None:
    """The API takes none: the step that creates the job may call the reward itself."""
    ((reward, _),) = find(open_weight, "AWS::Lambda::Function", Handler=REWARD).items()
    roles = find(open_weight, "AWS::IAM::Role").values()
    assert not [r for r in roles if "Bedrock" in r["Properties"].get("Description", "")]
    found = resources(open_weight, "step `create`", "lambda:InvokeFunction")
    assert found == [f"<{reward}.Arn>:*"]


def test_only_the_stop_step_may_cancel_an_open_weight_job(open_weight: Template) -> None:
    """And no step may delete a file or a model."""
    cancel = "bedrock-mantle:CancelFineTuningJob"
    assert cancel in actions(open_weight, "step `stop`")
    for step in ("check", "create", "watch"):
        assert cancel not in actions(open_weight, f"step `{step}`")
    everything = actions(open_weight, "")
    assert not [action for action in everything if "Delete" in action and "logs:" not in action]


def test_the_state_machine_may_call_its_steps_and_tell_the_topic(nova: Template) -> None:
    """It cannot stop a job, nor call the reward."""
    ((topic, _),) = find(nova, "AWS::SNS::Topic").items()
    machine = [
        s
        for policy in find(nova, "AWS::IAM::Policy").values()
        for s in policy["Properties"]["PolicyDocument"]["Statement"]
        if "xray:PutTraceSegments" in several(s["Action"])
        for s in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    allowed = {action for s in machine for action in several(s["Action"])} - WITHOUT_RESOURCE
    assert allowed == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "lambda:InvokeFunction",
        "sns:Publish",
        "ssm:GetParameter",
    }
    (publish,) = [s for s in machine if "sns:Publish" in several(s["Action"])]
    assert publish["Resource"] == {"Ref": topic}
    ((stop, _),) = find(nova, "AWS::Lambda::Function", Handler="handlers.stop").items()
    (reward,) = find(nova, "AWS::Lambda::Function", Handler=REWARD)
    invoke = [s for s in machine if "lambda:InvokeFunction" in several(s["Action"])]
    called = " ".join(text_of(resource) for s in invoke for resource in several(s["Resource"]))
    assert called
    assert stop not in called
    assert f"<{reward}." not in called
