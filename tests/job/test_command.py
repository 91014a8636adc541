"""`rewards job`: what it prints, what it sends, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rewards.core.errors import RewardsError
from rewards.job.aws import aws_client
from rewards.job.bedrock import BedrockJobs
from rewards.job.errors import ConfigError, JobError, TransientError
from rewards.job.jobs import Job
from rewards.workbench.commands import job as command
from tests.local_aws.mantle import FakeMantle

TOML = """
name = "gsm8k"
[reward]
rubric = "gsm8k"
[data]
train = "s3://data-bucket/train.jsonl"
[job]
base_model = "amazon.nova-2-lite-v1:0:256k"
[job.hyperparameters]
epochCount = 2
[preflight]
samples = 0
"""
OPEN_WEIGHT_TOML = (
    TOML.replace("amazon.nova-2-lite-v1:0:256k", "openai.gpt-oss-20b")
    .replace("epochCount = 2", "n_epochs = 1")
    .replace('name = "gsm8k"', 'name = "gsm8k"\ntarget = "open-weight"', 1)
)

Rewards = Callable[..., Result]


@pytest.fixture(name="rewards")
def _rewards(write_config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Rewards:
    """Run a command beside a configuration; errors of the package come through."""

    def run(*arguments: str, toml: str = TOML) -> Result:
        monkeypatch.chdir(write_config(toml).parent)
        result = CliRunner().invoke(command.app, list(arguments))
        if isinstance(result.exception, RewardsError):
            raise result.exception
        return result

    return run


def deploy(definition: dict[str, Any], region: str) -> None:
    """What `cdk deploy` leaves behind, as far as the commands look at it."""
    ssm = aws_client("ssm", region=region)
    ssm.put_parameter(Name="/rft/gsm8k/job", Type="String", Value=json.dumps(definition))
    s3 = aws_client("s3", region="us-east-1")
    s3.create_bucket(Bucket="data-bucket")
    s3.put_object(Bucket="data-bucket", Key="train.jsonl", Body=b'{"messages": []}\n')


@pytest.fixture(name="deployed")
def _deployed(aws: None, nova: dict[str, Any]) -> None:
    nova["preflight"]["samples"] = 0
    deploy(nova, "us-east-1")


def test_render_prints_the_one_request_of_a_nova_job(rewards: Rewards) -> None:
    """Exactly what boto3 is given, with ${...} for what a deployment adds."""
    (request,) = json.loads(rewards("render", "--set", "hyperparameters.batchSize=64").stdout)
    assert request["operation"] == "CreateModelCustomizationJob"
    rft = request["body"]["customizationConfig"]["rftConfig"]
    assert rft["hyperParameters"] == {"epochCount": 2, "batchSize": 64}
    assert rft["graderConfig"]["lambdaGrader"]["lambdaArn"] == "${RewardFunctionVersionArn}"


@pytest.mark.parametrize("command", ["render", "start"])
def test_set_means_one_run_in_every_command(rewards: Rewards, deployed: None, command: str) -> None:
    """A key of the file is another thing, and is given as to cdk."""
    with pytest.raises(ConfigError, match=r"given as -c rft\.job\.hyperparameters\.batchSize=64"):
        rewards(command, "--set=job.hyperparameters.batchSize=64")
    with pytest.raises(ConfigError, match="no override 'epochs'"):
        rewards(command, "--set=epochs=64")


def test_a_key_of_the_file_is_given_as_to_cdk(rewards: Rewards) -> None:
    """The same spelling deploys another name and operates it."""
    (request,) = json.loads(
        rewards("render", "-c", "rft.name=dev", "-c", "rft.job.hyperparameters.batchSize=64").stdout
    )
    assert request["body"]["jobName"] == "dev-RUN"
    rft = request["body"]["customizationConfig"]["rftConfig"]
    assert rft["hyperParameters"]["batchSize"] == 64
    with pytest.raises(ConfigError, match=r"-c name must read rft\.KEY=VALUE"):
        rewards("render", "-c", "name=dev")


def test_a_watch_outlives_a_look_that_fails(
    rewards: Rewards, deployed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of a watch are not worth less than one answer."""
    looks = iter([TransientError("no answer"), Job("1", "gsm8k-one", "Completed", model="m")])

    def look(self: object, job: str) -> Job:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    rewards("start", "--direct", "--run=one")
    found = Job("1", "gsm8k-one", "InProgress")
    monkeypatch.setattr(command, "_found", lambda *_: found)
    monkeypatch.setattr(BedrockJobs, "get", look)
    result = rewards("status", "--watch", "--every=0.1")
    assert "no answer; looking again" in result.stderr
    assert result.stdout.endswith("model: m\n")


def test_render_prints_both_requests_of_an_open_weight_job(rewards: Rewards) -> None:
    """The upload, then the job that names the file."""
    upload, create = json.loads(rewards("render", toml=OPEN_WEIGHT_TOML).stdout)
    assert upload["operation"] == "POST https://bedrock-mantle.us-west-2.api.aws/v1/files"
    assert upload["multipart"]["purpose"] == "fine-tune"
    assert create["operation"].endswith("/v1/fine_tuning/jobs")
    assert create["body"]["training_file"] == "${FileId}"


def test_render_without_a_job_says_so(rewards: Rewards) -> None:
    """A file with a reward alone is fine, but has no request."""
    with pytest.raises(ConfigError, match=r"no \[job\]"):
        rewards("render", toml='name = "a"\n[reward]\nrubric = "gsm8k"\n')


def test_a_job_is_started_shown_listed_and_stopped(rewards: Rewards, deployed: None) -> None:
    """The life of a Nova job, with one's own credentials."""
    started = rewards("start", "--direct", "--run=one", "--set", "hyperparameters.epochCount=3")
    assert started.stdout == "gsm8k-one\n"
    assert "preflight: skipped" in started.stderr
    assert "gsm8k-one  InProgress" in rewards("list").stdout
    assert "InProgress" in rewards("status", "gsm8k-one").stdout
    assert json.loads(rewards("status", "--json").stdout)["name"] == "gsm8k-one"
    assert rewards("stop").stdout == "stopping gsm8k-one\n"
    assert rewards("stop").stdout == "gsm8k-one has ended already: Stopped\n"
    assert json.loads(rewards("list", "--json").stdout)[0]["status"] == "Stopped"


def test_watching_a_job_that_did_not_complete_ends_with_1(rewards: Rewards, deployed: None) -> None:
    """So that a script can tell."""
    rewards("start", "--direct", "--run=one")
    rewards("stop")
    result = rewards("status", "--watch")
    assert result.exit_code == command.UNSUCCESSFUL
    assert "gsm8k-one Stopped" in result.stderr


def test_start_runs_the_deployed_state_machine(
    rewards: Rewards, deployed: None, nova: dict[str, Any]
) -> None:
    """Under the run's name, with the overrides as its input."""
    states = aws_client("stepfunctions", region="us-east-1")
    machine = states.create_state_machine(
        name="rft-gsm8k", definition="{}", roleArn="arn:aws:iam::123456789012:role/states"
    )
    assert machine["stateMachineArn"] == nova["state_machine"]
    rewards("start", "--run=one", "--no-preflight", "--set=hyperparameters.epochCount=3")
    (execution,) = states.list_executions(stateMachineArn=nova["state_machine"])["executions"]
    found = states.describe_execution(executionArn=execution["executionArn"])
    assert found["name"] == "one"
    assert json.loads(found["input"]) == {"preflight": False, "hyperparameters": {"epochCount": 3}}


def test_an_open_weight_job_shows_its_steps(
    rewards: Rewards, aws: None, mantle: FakeMantle, open_weight: dict[str, Any]
) -> None:
    """The progress view: a bar, the step and what the training earns."""
    open_weight["preflight"]["samples"] = 0
    open_weight["region"] = "us-west-2"
    deploy(open_weight, "us-west-2")
    mantle.events = [
        {"type": "metrics", "data": {"step": 33, "total_steps": 66, "critic_rewards_mean": 0.625}}
    ]
    started = rewards("start", "--direct", "--run=one", toml=OPEN_WEIGHT_TOML)
    assert started.stdout == "gsm8k-one\n"
    shown = rewards("status", toml=OPEN_WEIGHT_TOML).stdout
    assert f"[{'#' * 15}{'.' * 15}] step 33 of 66  reward 0.625" in shown
    mantle.statuses = ["succeeded"]
    watched = rewards("status", "gsm8k-one", "--watch", "--every=0.1", toml=OPEN_WEIGHT_TOML)
    assert "model: ft:openai.gpt-oss-20b" in watched.stdout


def test_before_a_deployment_the_error_says_what_to_do(rewards: Rewards, aws: None) -> None:
    """`cdk deploy` comes first."""
    with pytest.raises(JobError, match="cdk deploy"):
        rewards("start")


def test_without_jobs_there_is_nothing_to_show(rewards: Rewards, deployed: None) -> None:
    """An empty list is no error; asking for the latest of none is."""
    assert "no jobs yet" in rewards("list").stderr
    with pytest.raises(JobError, match="rewards job start"):
        rewards("status")


def test_a_wrong_override_of_a_run_stops_it_before_anything_is_sent(
    rewards: Rewards, deployed: None
) -> None:
    """As in the file, with the key and the range."""
    with pytest.raises(ConfigError, match=r"hyperparameters\.epochCount must be"):
        rewards("start", "--direct", "--set=hyperparameters.epochCount=99")
    assert "no jobs yet" in rewards("list").stderr
