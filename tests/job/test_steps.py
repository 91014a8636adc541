"""The steps of a run, as the state machine's Lambdas take them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.awslambda_simple.models import lambda_simple_backends
from moto.core.config import default_user_config

from rewards.job import steps
from rewards.job.aws import aws_client
from rewards.job.definition import JobDefinition
from rewards.job.errors import ConfigError, JobError, MissingError, PreflightError
from rewards_cdk.job.runtime import handlers
from tests.job.conftest import SOUND
from tests.local_aws.mantle import FakeMantle


def event(definition: JobDefinition, **given: Any) -> dict[str, Any]:
    return {"definition": definition, "run": "one", "input": {}, **given}


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


def test_a_sound_reward_passes_the_check(nova: JobDefinition, reward: list[str]) -> None:
    """Three records, each with its reference and a corrupted one, in one call."""
    reward.append(answers(1.0, 0.0, 1.0, 0.0, 1.0, 0.5))
    checked = handlers.check(event(nova), None)
    assert checked["job"] == "gsm8k-one"
    assert checked["preflight"].startswith("3 references earn full marks")


def test_an_unsound_reward_stops_the_run(nova: JobDefinition, reward: list[str]) -> None:
    """The error is the state machine's cause of failure."""
    reward.append(answers(1.0, 0.0, 0.25, 0.0, 1.0, 0.0))
    with pytest.raises(PreflightError, match=r"record 2: its own reference earns 0\.25 of 1"):
        handlers.check(event(nova), None)


def test_the_check_of_the_reward_can_be_left_out(nova: JobDefinition, dataset: None) -> None:
    """By the run's own input; nothing is called. The data is looked at all the same."""
    checked = handlers.check(event(nova, input={"preflight": False}), None)
    assert checked["preflight"] == "skipped"


def put(key: str, *rows: bytes) -> None:
    aws_client("s3", region="us-east-1").put_object(
        Bucket="asset-bucket", Key=key, Body=SOUND + b"\n".join(rows)
    )


def test_a_dataset_with_errors_stops_the_run_before_the_reward_is_called(
    nova: JobDefinition, reward: list[str]
) -> None:
    """Beyond the first rows, and the validation set too; the cause names rows and remedy."""
    put("train.jsonl", b"{]", b'{"messages": []}')
    with pytest.raises(PreflightError, match=r"(?s)broken_json: .*row 101.*row 102.*--force"):
        handlers.check(event(nova), None)
    put("train.jsonl")
    nova["datasets"] *= 2
    with pytest.raises(
        PreflightError,
        match=r"data\.validation\[0\]: leak: rows of the validation set whose prompts .*: 100",
    ):
        handlers.check(event(nova), None)


def test_a_start_on_a_dataset_with_errors_is_recorded(nova: JobDefinition, dataset: None) -> None:
    """In the state of the execution, with what was found, and as a tag of the job."""
    put("train.jsonl", b"{]")
    forced = event(nova, input={"preflight": False, "force": True})
    data = handlers.check(forced, None)["data"]
    assert data["forced"] is True
    (finding,) = data["datasets"]["data.train"]["findings"]
    assert (finding["code"], finding["rows"], finding["count"]) == ("broken_json", [101], 1)
    json.dumps(data)
    job = handlers.create(forced, None)
    tags = aws_client("bedrock", region="us-east-1").list_tags_for_resource(resourceARN=job["id"])
    assert {"key": "rft:forced", "value": "true"} in tags["tags"]


def test_a_misspelt_input_stops_the_run_before_anything_is_called(nova: JobDefinition) -> None:
    """With the nearest spelling."""
    with pytest.raises(ConfigError, match='did you mean "hyperparameters"'):
        handlers.check(event(nova, input={"hyperparameter": {}}), None)


def test_what_the_console_puts_into_an_input_is_no_misspelling(
    nova: JobDefinition, reward: list[str]
) -> None:
    """Step Functions starts from {"Comment": ...}."""
    handlers.check(
        event(nova, input={"Comment": "Insert your JSON here", "preflight": False}), None
    )


def test_a_job_is_created_then_watched(nova: JobDefinition, dataset: None) -> None:
    """The state machine keeps the view of the job, and how long to wait."""
    created = handlers.create(event(nova, input={"poll_seconds": 600}), None)
    assert (created["name"], created["status"]) == ("gsm8k-one", "InProgress")
    assert created["poll_seconds"] == 600
    assert handlers.watch(event(nova, job=created), None) == created


def test_an_open_weight_job_is_created_from_its_dataset(
    open_weight: JobDefinition, dataset: None, mantle: FakeMantle
) -> None:
    """The file that S3 has is the one that is uploaded."""
    open_weight["region"] = "us-east-1"
    created = handlers.create(event(open_weight), None)
    assert created["id"] == "ftjob-1"
    assert mantle.contents["file-1"] == SOUND
    assert handlers.watch(event(open_weight, job=created), None)["status"] == "InProgress"


def test_only_a_job_of_the_deployments_own_can_be_attached_to(
    nova: JobDefinition, dataset: None
) -> None:
    """A run that watches a job which is there creates none, and checks nothing."""
    created = handlers.create(event(nova), None)
    attached = event(nova, run="two", input={"attach": created["id"]})
    assert handlers.check(attached, None)["preflight"] == "skipped"
    assert handlers.create(attached, None) == created
    other: JobDefinition = {**nova, "deployment": "gsm8k-prod"}
    with pytest.raises(JobError, match="the job gsm8k-one is of the deployment 'gsm8k'"):
        handlers.create(event(other, run="two", input={"attach": created["id"]}), None)


def test_the_datasets_of_a_nova_job_are_put_into_its_own_bucket(
    nova: JobDefinition, dataset: None
) -> None:
    """Before the job is created, which reads them there and nowhere else."""
    handlers.create(event(nova), None)
    s3 = aws_client("s3", region="us-east-1")
    copied = s3.get_object(Bucket="data-bucket", Key="datasets/train.jsonl")["Body"].read()
    assert copied == SOUND
    assert nova["request"]["trainingDataConfig"]["s3Uri"] == nova["datasets"][0]["uri"]


class Histories:
    """Executions by what they knew on entering each state, served in pages, the latest first."""

    def __init__(self, *inputs: dict[str, Any], page: int = 1) -> None:
        self.inputs, self.page = list(reversed(inputs)), page

    def get_execution_history(self, **asked: Any) -> dict[str, Any]:
        assert asked["reverseOrder"]
        start = int(asked.get("nextToken", 0))
        events: list[dict[str, Any]] = [{"id": 9999 - 2 * start, "type": "ExecutionAborted"}]
        for place, given in enumerate(self.inputs[start : start + self.page], start=start):
            entered = {"name": "a state", "input": json.dumps(given)}
            events.append({"id": 9998 - 2 * place, "stateEnteredEventDetails": entered})
        more = start + self.page < len(self.inputs)
        return {"events": events, **({"nextToken": str(start + self.page)} if more else {})}


@pytest.fixture(name="aborted")
def _aborted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Send the event of an execution that was aborted after it had entered states."""

    def abort(*inputs: dict[str, Any], given: dict[str, Any] | None = None) -> str:
        def client(service: str, **options: Any) -> Any:
            states = service == "stepfunctions"
            return Histories(*inputs) if states else aws_client(service, **options)

        monkeypatch.setattr(steps, "aws_client", client)
        monkeypatch.setattr(handlers, "PATIENCE_SECONDS", 0)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        detail = {"name": "one", "executionArn": ARN, "input": json.dumps(given or {})}
        return handlers.stop({"detail": detail}, None)

    return abort


ARN = "arn:aws:states:us-east-1:123456789012:execution:rft-gsm8k:one"


def test_the_event_of_an_aborted_execution_stops_its_own_job(
    nova: JobDefinition, dataset: None, aborted: Callable[..., str]
) -> None:
    """By the id that the execution kept, whatever today's definition calls its jobs."""
    job = handlers.create(event(nova, input={"job_name": "mine"}), None)
    states: list[dict[str, Any]] = [{}, {"definition": nova}]
    states += [{"definition": nova, "job": job}, {"definition": nova, "job": job}]
    assert aborted(*states, given={"job_name": "mine"}) == "stopping mine"
    assert aborted(*states) == "mine has ended already: Stopped"


def test_a_creation_that_is_under_way_is_found_by_the_runs_own_definition(
    nova: JobDefinition, dataset: None, aborted: Callable[..., str]
) -> None:
    """The execution was aborted before it knew its job."""
    handlers.create(event(nova), None)
    assert aborted({}, {"definition": nova}) == "stopping gsm8k-one"


def test_a_run_that_created_nothing_has_nothing_to_stop(
    nova: JobDefinition, aws: None, aborted: Callable[..., str]
) -> None:
    """It had no definition yet, was refused for its input, or had not come so far."""
    assert "had not loaded its definition" in aborted({})
    assert "could have created no job" in aborted({"definition": nova}, given={"epochs": 1})
    assert "has created no job" in aborted({"definition": nova})


def test_a_stop_that_fails_is_an_error(
    nova: JobDefinition, aws: None, aborted: Callable[..., str]
) -> None:
    """Lambda tries again, then tells the topic; an alarm counts it."""
    with pytest.raises(MissingError):
        aborted({"definition": nova, "job": {"id": "gone"}})
