"""The function of its own in which programs run, and who may call it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from rewards.core.scorer import scorer
from rewards.job.settings import RewardSettings
from rewards.rubric import Rubric, use
from rewards.sandbox.code.confinement import missing
from rewards.sandbox.remote import messages
from rewards_cdk.assets.bundle import build_sandbox
from rewards_cdk.assets.platform import Platform
from rewards_cdk.reward import function
from rewards_cdk.sandbox.function import HANDLER
from tests.rewards_cdk.resources import find, only
from tests.sandbox.remote.test_remote import ADD


@scorer
def runs(sample: object, *, engine: str = "wasm") -> float:
    return 0.0


@pytest.fixture(scope="module")
def template() -> Template:
    """A stack whose rubric names the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "wanted", lambda rubric: True)
        stack = Stack(App(), "Sandboxed")
        function.RewardFunction(stack, "Reward", settings=RewardSettings(rubric="gsm8k"))
        return Template.from_stack(stack)


def test_only_a_rubric_that_names_the_engine_has_the_function(
    templates: dict[str, Template],
) -> None:
    """The bundled rubrics need none."""
    assert function.wanted(Rubric("r", [use(runs, engine="lambda")]))
    assert not function.wanted(Rubric("r", [use(runs)]))
    for deployed in templates.values():
        assert not find(deployed, "AWS::Lambda::Function", Handler=HANDLER)


def test_the_sandbox_may_write_its_log_and_nothing_else(template: Template) -> None:
    """One role of its own, two actions, one resource; no VPC, no environment, few containers."""
    properties = only(template, "AWS::Lambda::Function", Handler=HANDLER)
    role = template.find_resources("AWS::IAM::Role")[properties["Role"]["Fn::GetAtt"][0]]
    statements = [
        statement
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    assert [sorted(statement["Action"]) for statement in statements] == [
        ["logs:CreateLogStream", "logs:PutLogEvents"]
    ]
    assert "ManagedPolicyArns" not in role["Properties"]
    assert "VpcConfig" not in properties
    assert "Environment" not in properties
    assert properties["ReservedConcurrentExecutions"] == 10


def test_the_reward_function_may_invoke_exactly_the_version_that_it_is_told_of(
    template: Template,
) -> None:
    """A job under way goes on with the engine that it began with."""
    reward = only(template, "AWS::Lambda::Function", Handler="rewards.handler.lambda_handler")
    told = reward["Environment"]["Variables"]["REWARD_SANDBOX_FUNCTION"]
    role = template.find_resources("AWS::IAM::Role")[reward["Role"]["Fn::GetAtt"][0]]
    allowed = [
        statement["Resource"]
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]

    assert allowed == [told]
    assert told["Ref"] in find(template, "AWS::Lambda::Version")


@pytest.mark.skipif(bool(missing()), reason="this machine has no seccomp or no Landlock")
def test_the_asset_runs_programs_with_nothing_but_itself(tmp_path: Path) -> None:
    """Unpacked elsewhere, in an interpreter without packages: a program's value comes back."""
    asset = build_sandbox(out=tmp_path, platform=Platform.local())
    with zipfile.ZipFile(asset.path) as packed:
        packed.extractall(tmp_path / "task")
    event: dict[str, Any] = messages.request([ADD], messages.Limits(), 30)
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from rewards.sandbox.remote.function import lambda_handler, _runner\n"
        "class Context:\n    get_remaining_time_in_millis = lambda self: 60_000\n"
        "print(json.dumps(lambda_handler(json.load(sys.stdin), Context()))); _runner().close()"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(tmp_path / "task")],
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    (outcome,) = messages.responded(json.loads(done.stdout))

    assert outcome is not None
    assert [returned.value for returned in outcome.returned] == ["42"]
