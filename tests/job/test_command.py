"""`rewards job`: what it prints, what it sends, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rewards.core.errors import RewardsError
from rewards.job.aws import aws_client
from rewards.job.definition import JobDefinition
from rewards.job.errors import ConfigError, JobError
from rewards.job.runs import Runs
from rewards.job.steps import create_job
from rewards.workbench.commands import job as command
from tests.job.conftest import end_execution
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
        result = CliRunner().invoke(command.job, list(arguments))
        if isinstance(result.exception, RewardsError):
            raise result.exception
        return result

    return run


def deploy(definition: JobDefinition, region: str) -> None:
    """What `cdk deploy` leaves behind, as far as the commands look at it."""
    ssm = aws_client("ssm", region=region)
    ssm.put_parameter(Name="/rft/gsm8k/job", Type="String", Value=json.dumps(definition))
    states = aws_client("stepfunctions", region=region)
    role = "arn:aws:iam::123456789012:role/states"
    states.create_state_machine(name="rft-gsm8k", definition="{}", roleArn=role)


@pytest.fixture(name="deployed")
def _deployed(buckets: None, nova: JobDefinition) -> None:
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
    assert "one  gsm8k-one  InProgress" in rewards("list").stdout
    assert "InProgress" in rewards("status", "gsm8k-one").stdout
    shown = json.loads(rewards("status", "--json").stdout)
    assert (shown["run"], shown["job"]["name"]) == ("one", "gsm8k-one")
    assert rewards("stop").stdout == "stopping gsm8k-one\n"
    assert rewards("stop", "one").stdout == "gsm8k-one has ended already: Stopped\n"
    assert json.loads(rewards("list", "--json").stdout)[0]["status"] == "Stopped"


def test_watching_a_job_that_did_not_complete_ends_with_1(rewards: Rewards, deployed: None) -> None:
    """So that a script can tell."""
    rewards("start", "--direct", "--run=one")
    rewards("stop")
    result = rewards("watch")
    assert result.exit_code == command.UNSUCCESSFUL
    assert "gsm8k-one Stopped" in result.stderr


def test_start_runs_the_deployed_state_machine(
    rewards: Rewards, deployed: None, nova: JobDefinition
) -> None:
    """Under the run's name, with the overrides as its input."""
    given = ("--no-preflight", "--set=hyperparameters.epochCount=3")
    rewards("start", "--run=one", "--no-wait", *given)
    states = aws_client("stepfunctions", region="us-east-1")
    (execution,) = states.list_executions(stateMachineArn=nova["state_machine"])["executions"]
    found = states.describe_execution(executionArn=execution["executionArn"])
    assert found["name"] == "one"
    assert json.loads(found["input"]) == {"preflight": False, "hyperparameters": {"epochCount": 3}}


def test_start_stays_until_the_job_is_created(
    rewards: Rewards, deployed: None, nova: JobDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check may take minutes, and may refuse: a name that is printed at once says nothing."""

    def create_later(self: Runs, run: str, given: str) -> None:
        begin(self, run, given)
        create_job(nova, run, json.loads(given))

    begin = Runs.start
    monkeypatch.setattr(Runs, "start", create_later)
    result = rewards("start", "--run=one", "--no-preflight")
    assert result.stdout == "gsm8k-one\n"
    assert "the run one has begun" in result.stderr


def test_a_run_that_is_refused_ends_start_with_1_and_the_reason(
    rewards: Rewards, deployed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else may be told: an e-mail address is optional."""

    def refuse(self: Runs, run: str, given: str) -> None:
        begin(self, run, given)
        end_execution("FAILED", "dataset record 1: its own reference earns 0 of 1")

    begin = Runs.start
    monkeypatch.setattr(Runs, "start", refuse)
    result = rewards("start", "--run=one")
    assert (result.exit_code, result.stdout) == (command.UNSUCCESSFUL, "")
    assert "one Refused: dataset record 1: its own reference earns 0 of 1" in result.stderr
    assert "one" in rewards("list").stdout
    assert "its own reference earns" in rewards("list").stdout
    assert json.loads(rewards("status", "one", "--json").stdout)["status"] == "Refused"


def test_stop_without_a_name_refuses_to_choose(rewards: Rewards, deployed: None) -> None:
    """Two runs under way: either could be meant, and one is somebody's."""
    with pytest.raises(JobError, match="nothing is under way"):
        rewards("stop")
    for run in ("one", "two"):
        rewards("start", "--direct", f"--run={run}")
    with pytest.raises(JobError, match=r"2 runs are under way \(.*one.*\): name the one to stop"):
        rewards("stop")
    assert rewards("stop", "one").stdout == "stopping gsm8k-one\n"
    assert rewards("stop").stdout == "stopping gsm8k-two\n"


def test_a_job_that_nobody_watches_can_be_attached_to(
    rewards: Rewards, deployed: None, nova: JobDefinition
) -> None:
    """The list says so, and how; a new execution then watches the job that is there."""
    rewards("start", "--run=one", "--no-wait")
    create_job(nova, "one", {})
    end_execution("FAILED", "lost sight of it")
    assert "nobody watches it: `rewards job watch one --attach`" in rewards("list").stdout
    attach = Runs(nova)
    name = attach.attach(attach.named("one"))
    attached = attach.named(name)
    assert attached.job is not None
    assert (attached.execution, attached.job.name) == ("RUNNING", "gsm8k-one")
    assert "nobody watches it" not in rewards("list").stdout


def test_an_open_weight_job_shows_its_steps(
    rewards: Rewards, buckets: None, mantle: FakeMantle, open_weight: JobDefinition
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
    watched = rewards("watch", "gsm8k-one", "--every=0.1", toml=OPEN_WEIGHT_TOML)
    assert "model: ft:openai.gpt-oss-20b" in watched.stdout


def test_before_a_deployment_the_error_says_what_to_do(rewards: Rewards, aws: None) -> None:
    """`cdk deploy` comes first."""
    with pytest.raises(JobError, match="cdk deploy"):
        rewards("start")


def test_without_jobs_there_is_nothing_to_show(rewards: Rewards, deployed: None) -> None:
    """An empty list is no error; asking for the latest of none is."""
    assert "no runs yet" in rewards("list").stderr
    with pytest.raises(JobError, match="rewards job start"):
        rewards("status")


def test_a_wrong_override_of_a_run_stops_it_before_anything_is_sent(
    rewards: Rewards, deployed: None
) -> None:
    """As in the file, with the key and the range."""
    with pytest.raises(ConfigError, match=r"hyperparameters\.epochCount must be"):
        rewards("start", "--direct", "--set=hyperparameters.epochCount=99")
    assert "no runs yet" in rewards("list").stderr
