"""Jobs of the Bedrock API: found again from the run alone, created once, stopped."""

from collections.abc import Callable

import pytest

from rewards.job import steps
from rewards.job.aws import aws_client
from rewards.job.bedrock import BedrockJobs
from rewards.job.definition import JobDefinition
from rewards.job.errors import JobError, TransientError
from rewards.job.jobs import Dataset
from rewards.job.prepared import prepare


def never() -> Dataset:
    raise AssertionError("a Bedrock job reads its dataset from S3 itself")


@pytest.fixture(name="bedrock")
def _bedrock(aws: None) -> BedrockJobs:
    return BedrockJobs(aws_client("bedrock", region="us-east-1"))


def test_a_bedrock_run_is_created_once(bedrock: BedrockJobs, nova: JobDefinition) -> None:
    """A repeated creation finds the job of the first; no state is kept between the two."""
    run = prepare(nova, "first", {})
    assert bedrock.find(run) is None
    created = bedrock.create(run, never)
    assert bedrock.create(run, never) == created
    assert [job.name for job in bedrock.mine("gsm8k")] == ["gsm8k-first"]
    assert created.status == "InProgress"
    assert created.created.startswith("20")


def test_a_job_of_another_run_is_not_taken_for_this_runs(
    bedrock: BedrockJobs, nova: JobDefinition
) -> None:
    """Two runs with one `job_name`: the second must not report, nor stop, what the first made."""
    bedrock.create(prepare(nova, "first", {"job_name": "mine"}), never)
    second = prepare(nova, "second", {"job_name": "mine"})
    with pytest.raises(JobError, match=r"a job 'mine' already, .* 'gsm8k--first'"):
        bedrock.create(second, never)
    with pytest.raises(JobError, match="another job_name"):
        steps.stop_run(bedrock, second)
    assert bedrock.get("mine").status == "InProgress"


def test_a_bedrock_job_is_stopped_by_name(bedrock: BedrockJobs, nova: JobDefinition) -> None:
    """Stopping twice is no error: what has ended is left as it is."""
    bedrock.create(prepare(nova, "first", {}), never)
    bedrock.stop("gsm8k-first")
    assert bedrock.get("gsm8k-first").status == "Stopped"
    bedrock.stop("gsm8k-first")


def test_two_deployments_never_share_a_job(bedrock: BedrockJobs, nova: JobDefinition) -> None:
    """One run's name, one job's name: the second is refused, and would have watched the first."""
    other: JobDefinition = {**nova, "deployment": "gsm8k-prod"}
    bedrock.create(prepare(nova, "first", {"job_name": "mine"}), never)
    with pytest.raises(JobError, match=r"'gsm8k--first' and not as 'gsm8k-prod--first'"):
        bedrock.create(prepare(other, "first", {"job_name": "mine"}), never)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("maths", "prod-first"), ("maths-prod", "first")), (("a", "b"), ("a-b", ""))],
)
def test_no_two_deployments_and_runs_read_alike(
    one: tuple[str, str], other: tuple[str, str], nova: JobDefinition
) -> None:
    """Where one name ends and the next begins can be told."""
    tokens = {
        prepare({**nova, "deployment": name}, run, {}).request_token for name, run in (one, other)
    }
    assert len(tokens) == 2


def test_an_answer_without_a_job_may_be_asked_for_again(
    bedrock: BedrockJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore reads a gateway's page, sent with status 200, as an answer without members."""
    monkeypatch.setattr(bedrock.client, "get_model_customization_job", lambda **_: {})
    with pytest.raises(TransientError, match="holds no job"):
        bedrock.get("gsm8k-first")


def test_a_job_that_was_created_and_is_not_seen_may_be_created_again(
    bedrock: BedrockJobs, nova: JobDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway's page for an answer, or a service that takes its time: the run must not fail."""
    run = prepare(nova, "first", {})
    create = bedrock.client.create_model_customization_job
    monkeypatch.setattr(bedrock.client, "create_model_customization_job", lambda **_: {})
    with pytest.raises(TransientError, match="was created a moment ago"):
        bedrock.create(run, never)
    monkeypatch.setattr(bedrock.client, "create_model_customization_job", create)
    assert bedrock.create(run, never).name == "gsm8k-first"


def test_a_stop_that_was_not_heard_is_no_stop(
    bedrock: BedrockJobs, nova: JobDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer has no members: a gateway's page reads like one."""
    bedrock.create(prepare(nova, "first", {}), never)
    stop = bedrock.client.stop_model_customization_job
    monkeypatch.setattr(bedrock.client, "stop_model_customization_job", lambda **_: {})
    with pytest.raises(TransientError, match="goes on; ask again"):
        bedrock.stop("gsm8k-first")
    monkeypatch.setattr(bedrock.client, "stop_model_customization_job", stop)
    bedrock.stop("gsm8k-first")
    assert bedrock.get("gsm8k-first").status == "Stopped"


def test_a_job_without_a_status_is_under_way(
    bedrock: BedrockJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The member is not required; what does not say that it has ended has not."""
    answer = {"jobArn": "arn:x", "jobName": "gsm8k-first"}
    monkeypatch.setattr(bedrock.client, "get_model_customization_job", lambda **_: answer)
    assert bedrock.get("gsm8k-first").status == "InProgress"


def test_the_phases_of_a_bedrock_job_are_shown(
    bedrock: BedrockJobs, monkeypatch: pytest.MonkeyPatch, nova: JobDefinition
) -> None:
    """moto reports none, so the answer is one of the service model's shape."""
    bedrock.create(prepare(nova, "first", {}), never)
    answer = bedrock.client.get_model_customization_job(jobIdentifier="gsm8k-first")
    answer["statusDetails"] = {
        "validationDetails": {"status": "Completed"},
        "trainingDetails": {"status": "InProgress"},
    }
    monkeypatch.setattr(bedrock.client, "get_model_customization_job", lambda **_: answer)
    assert bedrock.get("gsm8k-first").phases == {
        "validation": "Completed",
        "training": "InProgress",
    }


def test_an_aborted_run_waits_for_a_creation_that_is_under_way(
    bedrock: BedrockJobs, nova: JobDefinition
) -> None:
    """The job turns up while the step waits, and is stopped."""
    run = prepare(nova, "first", {})
    waits: list[float] = []

    def create(seconds: float) -> None:
        waits.append(seconds)
        bedrock.create(run, never)

    assert steps.stop_run(bedrock, run, wait=create) == "stopping gsm8k-first"
    assert waits == [steps.STOP_PAUSE_SECONDS]
    assert bedrock.get("gsm8k-first").status == "Stopped"
    assert steps.stop_run(bedrock, run) == "gsm8k-first has ended already: Stopped"


def test_an_aborted_run_without_a_job_is_given_up(
    bedrock: BedrockJobs, nova: JobDefinition
) -> None:
    """After as long as a creation may take."""
    waits: list[float] = []
    wait: Callable[[float], None] = waits.append
    said = steps.stop_run(bedrock, prepare(nova, "first", {}), patience=25, wait=wait)
    assert said == "nothing to stop: the run has created no job"
    assert sum(waits) == 30
