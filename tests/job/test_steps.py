"""The steps of a run, as the state machine's Lambdas take them."""

import json
from typing import Any

import pytest
from moto.awslambda_simple.models import lambda_simple_backends
from moto.core.config import default_user_config

from infra.job.runtime import steps
from rewards.job.aws import aws_client
from rewards.job.errors import ConfigError, PreflightError
from tests.local_aws.mantle import FakeMantle

RECORD = {"messages": [{"role": "user", "content": "1 + 1?"}], "reference_answer": "#### 2"}


def event(definition: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"definition": definition, "run": "one", "input": {}, **given}


@pytest.fixture(name="dataset")
def _dataset(aws: None) -> None:
    s3 = aws_client("s3", region="us-east-1")
    s3.create_bucket(Bucket="data-bucket")
    lines = "".join(json.dumps(RECORD) + "\n" for _ in range(3))
    s3.put_object(Bucket="data-bucket", Key="train.jsonl", Body=lines.encode())


@pytest.fixture(name="reward")
def _reward(monkeypatch: pytest.MonkeyPatch, dataset: None) -> list[str]:
    """A reward that answers what is put here, one answer a call."""
    monkeypatch.setitem(default_user_config["lambda"], "use_docker", False)
    backend = lambda_simple_backends["123456789012"]["us-east-1"]
    queue: list[str] = []
    monkeypatch.setattr(backend, "lambda_simple_results_queue", queue)
    return queue


def answers(*rewards: float) -> str:
    return json.dumps([{"id": "x", "aggregate_reward_score": reward} for reward in rewards])


def test_a_sound_reward_passes_the_check(nova: dict[str, Any], reward: list[str]) -> None:
    """Three records, each with its reference and a corrupted one, in one call."""
    reward.append(answers(1.0, 0.0, 1.0, 0.0, 1.0, 0.5))
    checked = steps.check(event(nova), None)
    assert checked["job"] == "gsm8k-one"
    assert checked["preflight"].startswith("3 references earn full marks")


def test_an_unsound_reward_stops_the_run(nova: dict[str, Any], reward: list[str]) -> None:
    """The error is the state machine's cause of failure."""
    reward.append(answers(1.0, 0.0, 0.25, 0.0, 1.0, 0.0))
    with pytest.raises(PreflightError, match=r"record 2: its own reference earns 0\.25 of 1"):
        steps.check(event(nova), None)


def test_the_check_can_be_left_out(nova: dict[str, Any]) -> None:
    """By the run's own input; nothing is read and nothing called."""
    checked = steps.check(event(nova, input={"preflight": False}), None)
    assert checked["preflight"] == "skipped"


def test_a_misspelt_input_stops_the_run_before_anything_is_called(nova: dict[str, Any]) -> None:
    """With the nearest spelling."""
    with pytest.raises(ConfigError, match='did you mean "hyperparameters"'):
        steps.check(event(nova, input={"hyperparameter": {}}), None)


def test_what_the_console_puts_into_an_input_is_no_misspelling(
    nova: dict[str, Any], reward: list[str]
) -> None:
    """Step Functions starts from {"Comment": ...}."""
    steps.check(event(nova, input={"Comment": "Insert your JSON here", "preflight": False}), None)


def test_a_job_is_created_then_watched(nova: dict[str, Any], aws: None) -> None:
    """The state machine keeps the view of the job, and how long to wait."""
    created = steps.create(event(nova, input={"poll_seconds": 7}), None)
    assert (created["name"], created["status"]) == ("gsm8k-one", "InProgress")
    assert created["poll_seconds"] == 7
    assert steps.watch(event(nova, job=created), None) == created


def test_an_open_weight_job_is_created_from_its_dataset(
    open_weight: dict[str, Any], dataset: None, mantle: FakeMantle
) -> None:
    """The file that S3 has is the one that is uploaded."""
    open_weight["region"] = "us-east-1"
    created = steps.create(event(open_weight), None)
    assert created["id"] == "ftjob-1"
    assert json.loads(mantle.contents["file-1"].splitlines()[0]) == RECORD
    assert steps.watch(event(open_weight, job=created), None)["status"] == "InProgress"


def test_the_event_of_an_aborted_execution_stops_its_job(
    nova: dict[str, Any], aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run and overrides are read from the event, the definition from its parameter."""
    ssm = aws_client("ssm", region="us-east-1")
    ssm.put_parameter(Name="/rft/gsm8k/job", Type="String", Value=json.dumps(nova))
    monkeypatch.setenv("RFT_NAME", "gsm8k")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    steps.create(event(nova, input={"job_name": "mine"}), None)
    detail = {"name": "one", "input": json.dumps({"job_name": "mine"})}
    assert steps.stop({"detail": detail}, None) == "stopping mine"
