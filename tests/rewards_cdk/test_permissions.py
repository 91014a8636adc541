"""Permissions that stay: no deployment takes from a job under way what it was started with."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.stacks import RftStack
from rewards.job.config import parse_config
from tests.rewards_cdk.conftest import EVERYTHING, NOVA, ROOT
from tests.rewards_cdk.resources import find, only

REWARD = "rewards.handler.lambda_handler"


@pytest.fixture(name="judged")
def _judged(tmp_path: Path) -> Any:
    """The tables of a deployment whose judge is a given model."""

    def judged(model: str, **reward: Any) -> dict[str, Any]:
        rubric = (ROOT / "tests/rewards_cdk/judged.toml").read_text(encoding="utf-8")
        path = tmp_path / "judged.toml"
        path.write_text(rubric.replace("us.amazon.nova-lite-v1:0", model), encoding="utf-8")
        return {**EVERYTHING, "reward": {**EVERYTHING["reward"], "rubric": str(path), **reward}}

    return judged


@pytest.fixture(name="deploy")
def _deploy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The template of a deployment; each call is the next one of the same stack."""
    monkeypatch.chdir(ROOT)

    def deploy(tables: dict[str, Any]) -> Template:
        config = parse_config(tables, root=ROOT)
        return Template.from_stack(RftStack(App(), "Rft", config=config))

    return deploy


def roles(template: Template) -> dict[str, str]:
    """The path of each pinned role, by its logical id: another path is another role."""
    return {
        name: role["Properties"]["Path"]
        for name, role in find(template, "AWS::IAM::Role").items()
        if "Path" in role["Properties"]
    }


def version(template: Template) -> str:
    """The logical id of the reward's version: another one is another version."""
    ((function, _),) = find(template, "AWS::Lambda::Function", Handler=REWARD).items()
    ((name, _),) = find(template, "AWS::Lambda::Version", FunctionName={"Ref": function}).items()
    return name


def test_every_permission_but_the_state_machines_is_in_a_role_that_is_kept(
    templates: dict[str, Template],
) -> None:
    """In the role itself: a policy beside it would be changed in place, under what runs.

    The state machine names every version of its steps, the topic and the parameter, which no
    deployment replaces.
    """
    for template in templates.values():
        beside = {
            attached["Ref"]
            for policy in find(template, "AWS::IAM::Policy").values()
            for attached in policy["Properties"]["Roles"]
        }
        for name, role in find(template, "AWS::IAM::Role").items():
            services = json.dumps(role["Properties"]["AssumeRolePolicyDocument"])
            if "states.amazonaws.com" in services:
                assert name in beside
                continue
            assert name not in beside
            assert role["UpdateReplacePolicy"] == "Retain"
            assert role["DeletionPolicy"] == "Delete"
            (policy,) = role["Properties"]["Policies"]
            assert policy["PolicyDocument"]["Statement"]


def test_another_judge_is_another_role_and_another_version(deploy: Any, judged: Any) -> None:
    """The version that a job calls keeps its role, and so its judge (aws-cdk issue 17515)."""
    before = deploy(judged("us.amazon.nova-lite-v1:0"))
    after = deploy(judged("us.amazon.nova-pro-v1:0"))
    assert roles(before).keys() == roles(after).keys()
    changed = [name for name, path in roles(before).items() if path != roles(after)[name]]
    assert len(changed) == 1
    assert changed[0].startswith("RewardLambdaRole")
    assert version(before) != version(after)


def test_a_cache_that_is_given_up_stays_for_the_job_that_uses_it(deploy: Any, judged: Any) -> None:
    """Its verdicts expire; the table is deleted by hand, once no job needs it."""
    template = deploy(judged("us.amazon.nova-lite-v1:0"))
    (table,) = find(template, "AWS::DynamoDB::Table").values()
    assert table["DeletionPolicy"] == "Retain"
    without = deploy(judged("us.amazon.nova-lite-v1:0", judge_cache=False))
    changed = {name for name, path in roles(template).items() if path != roles(without).get(name)}
    assert any(name.startswith("RewardLambdaRole") for name in changed)


def test_a_function_that_is_renamed_is_kept_for_the_job_that_calls_it(nova: Template) -> None:
    """`reward.sagemaker` gives it another name, which makes another function."""
    for function in find(nova, "AWS::Lambda::Function").values():
        assert function["UpdateReplacePolicy"] == "Retain"
        assert function["DeletionPolicy"] == "Delete"


def test_another_dataset_takes_nothing_from_bedrocks_role(deploy: Any, tmp_path: Path) -> None:
    """It reads every dataset below the deployment's own prefix: the role stays what it was."""
    other = tmp_path / "other.jsonl"
    train = (ROOT / NOVA["data"]["train"]).read_text(encoding="utf-8").splitlines(keepends=True)
    other.write_text("".join(reversed(train)), encoding="utf-8")
    before, after = deploy(NOVA), deploy({**NOVA, "data": {"train": str(other)}})
    changed = {name for name, path in roles(before).items() if path != roles(after)[name]}
    assert all(not name.startswith("JobServiceRole") for name in changed)
    # The steps read the asset that the deployment uploaded: theirs are other roles, both kept.
    assert any(name.startswith("JobCreate") for name in changed)
    one, two = (only(t, "AWS::SSM::Parameter", Name="/rft/nova/job") for t in (before, after))
    assert one != two


def test_a_deployment_that_changes_nothing_replaces_nothing(deploy: Any) -> None:
    """Twice the same file is twice the same template, roles and versions included."""
    assert deploy(NOVA).to_json() == deploy(NOVA).to_json()
