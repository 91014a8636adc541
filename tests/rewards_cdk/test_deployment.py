"""Deployments in a CDK app of the user's own: typed props, several in a stack, what is missing."""

import subprocess
import sys
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from rewards.job.errors import ConfigError
from rewards.job.settings import DataSettings, JobSettings, RewardSettings
from rewards_cdk.deployment import RftDeployment
from tests.rewards_cdk.conftest import ROOT
from tests.rewards_cdk.resources import find

KEY = "arn:aws:kms:us-east-1:123456789012:key/" + "a" * 36
NOVA_LITE = "amazon.nova-2-lite-v1:0:256k"


@pytest.fixture(scope="module")
def template() -> Template:
    """Two rubrics in one stack, one name the beginning of the other; no region, no flags."""
    stack = Stack(App(), "Both")
    first = RftDeployment(
        stack,
        "First",
        name="maths",
        reward="gsm8k",
        data="examples/first-job/train.jsonl",
        job=JobSettings(NOVA_LITE, hyperparameters={"epochCount": 1}),
        root=ROOT,
    )
    RftDeployment(
        stack,
        "Second",
        name="maths-2",
        reward=RewardSettings("classification", memory=1024),
        data=DataSettings("s3://my-bucket/train.jsonl"),
        job=NOVA_LITE,
        topic=first.topic,
        tags={"team": "maths"},
        log_kms_key=KEY,
    )
    return Template.from_stack(stack)


def test_two_deployments_stand_in_one_stack(template: Template) -> None:
    """Each with its function, definition, state machine and dashboard; one topic for both."""
    names = {"maths", "maths-2"}
    for kind, key, form in (
        ("AWS::Lambda::Function", "FunctionName", "rft-{}"),
        ("AWS::SSM::Parameter", "Name", "/rft/{}/job"),
        ("AWS::StepFunctions::StateMachine", "StateMachineName", "rft-{}"),
        ("AWS::CloudWatch::Dashboard", "DashboardName", "rft-{}"),
    ):
        given = {r["Properties"].get(key) for r in find(template, kind).values()} - {None}
        assert given == {form.format(name) for name in names}
    assert len(find(template, "AWS::SNS::Topic")) == 1


def test_a_deployment_tags_what_is_its_own(template: Template) -> None:
    """And nothing of its neighbour in the stack."""
    functions = find(template, "AWS::Lambda::Function").values()
    tagged = {"team" in str(f["Properties"].get("Tags", "")) for f in functions}
    rewards = {
        f["Properties"]["FunctionName"]: "team" in str(f["Properties"].get("Tags", ""))
        for f in functions
        if "FunctionName" in f["Properties"]
    }
    assert tagged == {True, False}
    assert rewards == {"rft-maths": False, "rft-maths-2": True}


def test_every_log_is_under_a_key_of_ones_own(template: Template) -> None:
    """The reward's, the steps' and the state machine's; the neighbour's are as they were."""
    groups = find(template, "AWS::Logs::LogGroup")
    keyed = {name for name, group in groups.items() if group["Properties"].get("KmsKeyId") == KEY}
    assert keyed == {name for name in groups if name.startswith("Second")}
    assert len(keyed) == 6


@pytest.mark.parametrize(
    ("props", "expected"),
    [
        ({"name": "Maths"}, "name must be lower-case words joined by '-'"),
        ({"reward": "gsm9k"}, 'did you mean "gsm8k"'),
        ({"reward": RewardSettings("gsm8k", memory=64)}, "reward.memory must be a whole number"),
        (
            {"log_kms_key": KEY.replace("us-east-1", "eu-west-1")},
            "log_kms_key must be a key in us-east-1, where the job runs",
        ),
        ({"job": NOVA_LITE}, "data is missing: a [job] needs a dataset"),
        ({"data": "x.jsonl", "job": NOVA_LITE}, "there is no file 'x.jsonl'"),
        (
            {
                "data": "s3://my-bucket/a.jsonl",
                "job": JobSettings(NOVA_LITE, hyperparameters={"batchSize": 8}),
            },
            "job.hyperparameters.batchSize must be a whole number from 16 to 512, got 8",
        ),
        (
            {"target": "nova2"},
            """target must be "nova" or "open-weight", got 'nova2'; did you mean "nova"?""",
        ),
    ],
)
def test_props_are_held_to_the_rules_of_the_file(props: dict[str, Any], expected: str) -> None:
    """The message begins with the construct's path, and goes on as that of `rft.toml`."""
    stack = Stack(App(), "Mine", env=Environment(region="us-east-1"))
    given: dict[str, Any] = {"name": "maths", "reward": "gsm8k", **props}
    with pytest.raises(ConfigError) as raised:
        RftDeployment(stack, "Rft", **given)
    assert str(raised.value).startswith("Mine/Rft: ")
    assert expected in str(raised.value)


@pytest.mark.parametrize("missing", ["aws_cdk", "uv"])
def test_a_missing_extra_is_one_sentence(missing: str) -> None:
    """Whatever is imported first, and whatever it would have imported."""
    script = (
        "import importlib.util as util; found = util.find_spec\n"
        f"util.find_spec = lambda name, *a: None if name == {missing!r} else found(name, *a)\n"
        "try:\n    import rewards_cdk.deployment\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (f"rewards_cdk needs {missing}: pip install 'bedrock-rft-rewards[cdk]'\n")
