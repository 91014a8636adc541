"""The two services of jobs: found again from the run alone, created once, stopped."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from botocore.exceptions import ClientError

from rewards.job import steps
from rewards.job.clients import BedrockJobs, Jobs, aws_client, bearer_token, jobs_of
from rewards.job.definition import plan
from rewards.job.errors import JobError, ThrottledError
from tests.local_aws.mantle import FakeMantle

DATA = b'{"messages": []}\n'


def never() -> bytes:
    raise AssertionError("a Bedrock job reads its dataset from S3 itself")


@pytest.fixture(name="bedrock")
def _bedrock(aws: None) -> BedrockJobs:
    return BedrockJobs(aws_client("bedrock", region="us-east-1"))


def test_a_bedrock_run_is_created_once(bedrock: BedrockJobs, nova: dict[str, Any]) -> None:
    """A repeated creation finds the job of the first; no state is kept between the two."""
    run = plan(nova, "first", {})
    assert bedrock.find(run) is None
    created = bedrock.create(run, never)
    assert bedrock.create(run, never) == created
    assert [job.name for job in bedrock.list("gsm8k")] == ["gsm8k-first"]
    assert created.status == "InProgress"
    assert created.created.startswith("20")


def test_a_job_of_another_run_is_not_taken_for_this_runs(
    bedrock: BedrockJobs, nova: dict[str, Any]
) -> None:
    """Two runs with one `job_name`: the second must not report, nor stop, what the first made."""
    bedrock.create(plan(nova, "first", {"job_name": "mine"}), never)
    second = plan(nova, "second", {"job_name": "mine"})
    with pytest.raises(JobError, match=r"a job 'mine' already, of the run 'first'"):
        bedrock.create(second, never)
    with pytest.raises(JobError, match="another job_name"):
        steps.stop_run(bedrock, second)
    assert bedrock.get("mine").status == "InProgress"


def test_a_bedrock_job_is_stopped_by_name(bedrock: BedrockJobs, nova: dict[str, Any]) -> None:
    """Stopping twice is no error: what has ended is left as it is."""
    bedrock.create(plan(nova, "first", {}), never)
    bedrock.stop("gsm8k-first")
    assert bedrock.get("gsm8k-first").status == "Stopped"
    bedrock.stop("gsm8k-first")


def test_jobs_of_other_deployments_are_not_listed(
    bedrock: BedrockJobs, nova: dict[str, Any]
) -> None:
    """`nameContains` finds more than a prefix; the list holds this deployment's only."""
    bedrock.create(plan(nova, "first", {}), never)
    bedrock.create(plan(nova, "x", {"job_name": "other-gsm8k-1"}), never)
    assert [job.name for job in bedrock.list("gsm8k")] == ["gsm8k-first"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("ThrottlingException", ThrottledError), ("AccessDeniedException", JobError)],
)
def test_an_error_of_bedrock_names_operation_and_code(
    bedrock: BedrockJobs,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    expected: type[JobError],
) -> None:
    """And what may be tried again is told apart from what may not."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetModelCustomizationJob")

    monkeypatch.setattr(bedrock.client, "get_model_customization_job", refuse)
    with pytest.raises(
        expected, match=f"bedrock get_model_customization_job: {code}: no"
    ) as caught:
        bedrock.get("gsm8k-first")
    assert type(caught.value) is expected


def test_the_phases_of_a_bedrock_job_are_shown(
    bedrock: BedrockJobs, monkeypatch: pytest.MonkeyPatch, nova: dict[str, Any]
) -> None:
    """moto reports none, so the answer is one of the service model's shape."""
    bedrock.create(plan(nova, "first", {}), never)
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


@pytest.fixture(name="jobs")
def _jobs(mantle: FakeMantle, open_weight: dict[str, Any]) -> Jobs:
    return jobs_of(open_weight)


def test_an_open_weight_run_uploads_its_file_and_creates_one_job(
    jobs: Jobs, mantle: FakeMantle, open_weight: dict[str, Any]
) -> None:
    """The file's name is the run's, so that a repeated creation finds file and job."""
    run = plan(open_weight, "first", {})
    assert jobs.find(run) is None
    created = jobs.create(run, lambda: DATA)
    assert jobs.create(run, never) == created
    assert mantle.contents == {"file-1": DATA}
    assert mantle.created == [{**run.request, "training_file": "file-1"}]
    assert [job.name for job in jobs.list("gsm8k")] == ["gsm8k-first"]


def test_a_creation_that_broke_off_after_the_upload_is_taken_up(
    jobs: Jobs, mantle: FakeMantle, open_weight: dict[str, Any]
) -> None:
    """The file that is there is used; the dataset is not sent twice."""
    mantle.throttles = 1
    run = plan(open_weight, "first", {})
    with pytest.raises(ThrottledError, match="HTTP 429"):
        jobs.create(run, lambda: DATA)
    jobs.create(run, never)
    assert list(mantle.files) == ["file-1"]


def test_the_latest_metrics_of_an_open_weight_job_are_read_from_its_events(
    jobs: Jobs, mantle: FakeMantle, open_weight: dict[str, Any]
) -> None:
    """Events of type metrics carry the step and the mean reward; booleans are no figures."""
    mantle.events = [
        {"type": "message", "data": {}},
        {"type": "metrics", "data": {"step": 12, "total_steps": 67, "done": False}},
        {"type": "metrics", "data": {"step": 11}},
    ]
    created = jobs.create(plan(open_weight, "first", {}), lambda: DATA)
    found = jobs.get(created.id)
    assert found.metrics == {"step": 12.0, "total_steps": 67.0}
    assert found.name == "gsm8k-first"
    assert jobs.get("gsm8k-first") == found


def test_an_open_weight_job_is_stopped_by_name(
    jobs: Jobs, mantle: FakeMantle, open_weight: dict[str, Any]
) -> None:
    """By way of its id, which is what the API knows."""
    jobs.create(plan(open_weight, "first", {}), lambda: DATA)
    jobs.stop("gsm8k-first")
    assert mantle.jobs["ftjob-1"]["status"] == "cancelled"
    assert jobs.get("gsm8k-first").status == "Stopped"


def test_a_job_that_is_not_there_is_said_to_be_missing(jobs: Jobs) -> None:
    """With the command that lists those there are."""
    with pytest.raises(JobError, match="rewards job list"):
        jobs.get("nothing")
    with pytest.raises(JobError, match="HTTP 404"):
        jobs.get("ftjob-9")


def test_a_service_that_does_not_answer_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, aws: None, open_weight: dict[str, Any]
) -> None:
    """A connection that is refused says nothing about the job."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_MANTLE", "http://127.0.0.1:9")
    with pytest.raises(ThrottledError, match="no answer"):
        jobs_of(open_weight).list("gsm8k")


def test_the_bearer_token_is_a_presigned_request_of_the_caller(aws: None) -> None:
    """In base64 behind a prefix, for one action and a quarter of an hour."""
    token = bearer_token("us-west-2")
    assert token.startswith("bedrock-api-key-")
    url = urlparse("https://" + base64.b64decode(token.removeprefix("bedrock-api-key-")).decode())
    query = parse_qs(url.query)
    assert url.netloc == "bedrock.amazonaws.com"
    assert query["Action"] == ["CallWithBearerToken"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["Version"] == ["1"]
    assert "/us-west-2/bedrock/aws4_request" in query["X-Amz-Credential"][0]


def test_without_credentials_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to sign in."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(JobError, match="sign in"):
        bearer_token("us-west-2")


def test_an_aborted_run_waits_for_a_creation_that_is_under_way(
    bedrock: BedrockJobs, nova: dict[str, Any]
) -> None:
    """The job turns up while the step waits, and is stopped."""
    run = plan(nova, "first", {})
    waits: list[float] = []

    def create(seconds: float) -> None:
        waits.append(seconds)
        bedrock.create(run, never)

    assert steps.stop_run(bedrock, run, wait=create) == "stopping gsm8k-first"
    assert waits == [steps.STOP_PAUSE_SECONDS]
    assert bedrock.get("gsm8k-first").status == "Stopped"
    assert steps.stop_run(bedrock, run) == "gsm8k-first has ended already: Stopped"


def test_an_aborted_run_without_a_job_is_given_up(
    bedrock: BedrockJobs, nova: dict[str, Any]
) -> None:
    """After as long as a creation may take."""
    waits: list[float] = []
    wait: Callable[[float], None] = waits.append
    said = steps.stop_run(bedrock, plan(nova, "first", {}), patience=25, wait=wait)
    assert said == "nothing to stop: the run has created no job"
    assert sum(waits) == 30
