"""Jobs of the OpenAI-compatible API: created once, whatever becomes of the answers."""

import base64
import tracemalloc
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from rewards.job.clients import jobs_of
from rewards.job.definition import JobDefinition
from rewards.job.errors import JobError, MissingError, QuotaError, TransientError
from rewards.job.jobs import Dataset, Job
from rewards.job.mantle import Api, MantleJobs, bearer_token
from rewards.job.prepared import prepare
from tests.local_aws.mantle import FAULTS, FakeMantle, Fault

DATA = b'{"messages": []}\n'

#: Where a run is created: what reads, then what sends.
CREATION = (
    ("GET", "files"),
    ("GET", "fine_tuning/jobs"),
    ("POST", "files"),
    ("POST", "fine_tuning/jobs"),
)


def dataset() -> Dataset:
    return Dataset(len(DATA), [DATA])


def never() -> Dataset:
    raise AssertionError("the file that is there already is used")


@pytest.fixture(name="jobs")
def _jobs(mantle: FakeMantle) -> MantleJobs:
    """Without a pause between the repetitions of a request."""
    return MantleJobs(Api(f"{mantle.url}/v1", token=lambda: "key", pause_seconds=0.0))


def test_an_open_weight_run_uploads_its_file_and_creates_one_job(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """The file's name is the run's, so that a repeated creation finds file and job."""
    run = prepare(open_weight, "first", {})
    assert jobs.find(run) is None
    created = jobs.create(run, dataset)
    assert jobs.create(run, never) == created
    assert mantle.contents == {"file-1": DATA}
    assert mantle.created == [{**run.request, "training_file": "file-1"}]
    assert [job.name for job in jobs.mine("gsm8k")] == ["gsm8k-first"]


def test_a_creation_that_broke_off_after_the_upload_is_taken_up(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """The file that is there is used; the dataset is not sent twice."""
    mantle.throttles = 1
    run = prepare(open_weight, "first", {})
    with pytest.raises(TransientError, match="HTTP 429"):
        jobs.create(run, dataset)
    jobs.create(run, never)
    assert list(mantle.files) == ["file-1"]


@pytest.mark.parametrize("heard", [True, False], ids=["answer lost", "request lost"])
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize(("method", "path"), CREATION)
def test_a_request_that_breaks_costs_no_run_and_makes_no_second_job(
    jobs: MantleJobs,
    mantle: FakeMantle,
    open_weight: JobDefinition,
    method: str,
    path: str,
    kind: str,
    heard: bool,
) -> None:
    """Dropped, reset, cut, a gateway's page: repeated by the client, or to be repeated by class."""
    run = prepare(open_weight, "first", {})

    def create() -> Job:
        try:
            return jobs.create(run, dataset)
        except TransientError:  # the state machine comes back
            return jobs.create(run, dataset)

    mantle.faults = [Fault(kind, method, path, heard)]
    created = create()
    mantle.faults = mantle.faults or [Fault(kind, "GET", path, heard)]
    assert create() == created
    assert len(mantle.jobs) == 1
    assert mantle.faults == []


@pytest.mark.parametrize("path", ["files", "fine_tuning/jobs"])
def test_what_was_created_behind_a_lost_answer_is_found_in_the_same_attempt(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition, path: str
) -> None:
    """Not repeated: the request is sent once, then looked for."""
    mantle.faults = [Fault("drop", "POST", path)]
    jobs.create(prepare(open_weight, "first", {}), dataset)
    assert mantle.requests.count(f"POST {path}") == 1
    assert (len(mantle.files), len(mantle.jobs)) == (1, 1)


def test_a_job_of_the_second_of_two_files_of_one_name_is_found(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """Two attempts may both have uploaded before either saw the other's file."""
    run = prepare(open_weight, "first", {})
    created = jobs.create(run, dataset)
    mantle.files = {
        "file-0": {"id": "file-0", "filename": run.filename},
        **mantle.files,
    }
    assert jobs.find(run) == created


@pytest.mark.parametrize("kind", FAULTS)
def test_a_look_that_breaks_is_repeated_or_may_be(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition, kind: str
) -> None:
    """No class but the one that is worth another attempt ever leaves the client."""
    created = jobs.create(prepare(open_weight, "first", {}), dataset)
    mantle.faults = [Fault(kind, "GET", f"fine_tuning/jobs/{created.id}")]
    try:
        found = jobs.get(created.id)
    except TransientError:
        found = jobs.get(created.id)
    assert found == created


def test_an_outage_is_given_up_after_a_few_repetitions(
    jobs: MantleJobs, mantle: FakeMantle
) -> None:
    """By the class that lets the state machine come back later."""
    mantle.faults = [Fault("drop") for _ in range(10)]
    with pytest.raises(TransientError, match="GET files"):
        list(jobs.mine("gsm8k"))
    assert len(mantle.requests) == 4


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": {"message": "no such model"}}, JobError),
        (403, {"error": {"message": "no"}}, JobError),
        (404, {"error": {"message": "no such job"}}, MissingError),
        (429, {"error": {"code": "rate_limit_exceeded"}}, TransientError),
        (429, {"error": {"code": "insufficient_quota"}}, QuotaError),
        (500, {}, TransientError),
        (503, {}, TransientError),
    ],
)
def test_a_refusal_is_told_by_its_class(
    jobs: MantleJobs,
    mantle: FakeMantle,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: dict[str, Any],
    expected: type[JobError],
) -> None:
    """What stays refused is not asked again for an hour; what passes is."""
    monkeypatch.setattr(mantle, "answer", lambda *_: (status, body))
    with pytest.raises(JobError, match=f"HTTP {status}") as caught:
        jobs.api.post("fine_tuning/jobs", {})
    assert type(caught.value) is expected


def test_an_upload_holds_a_few_pieces_in_memory_whatever_its_size(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """Sixteen times the data, the same peak: a step's Lambda has 512 MB."""
    mantle.keep_contents = False
    piece = b"x" * (1 << 16)

    def peak(count: int) -> int:
        def pieces() -> Iterator[bytes]:
            for _ in range(count):
                yield bytes(piece)

        tracemalloc.start()
        jobs.api.upload("files", "x.jsonl", Dataset(count * len(piece), pieces()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)  # what is imported and made once
    assert peak(512) < peak(32) + 8 * len(piece)


def test_the_latest_metrics_of_an_open_weight_job_are_read_from_its_events(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """Events of type metrics carry the step and the mean reward; booleans are no figures."""
    mantle.events = [
        {"type": "message", "data": {}},
        {"type": "metrics", "data": {"step": 12, "total_steps": 67, "done": False}},
        {"type": "metrics", "data": {"step": 11}},
    ]
    created = jobs.create(prepare(open_weight, "first", {}), dataset)
    found = jobs.get(created.id)
    assert found.metrics == {"step": 12.0, "total_steps": 67.0}
    assert found.name == "gsm8k-first"
    assert jobs.get("gsm8k-first") == found


def test_all_events_of_a_job_can_be_asked_for(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """By its name, as the doctor is told it: its curves are in them."""
    mantle.events = [{"id": f"e{step}", "type": "metrics", "data": {}} for step in range(30)]
    jobs.create(prepare(open_weight, "first", {}), dataset)

    assert [event["id"] for event in jobs.events("gsm8k-first")] == [f"e{n}" for n in range(30)]


def test_an_open_weight_job_is_stopped_by_name(
    jobs: MantleJobs, mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """By way of its id, which is what the API knows."""
    jobs.create(prepare(open_weight, "first", {}), dataset)
    jobs.stop("gsm8k-first")
    assert mantle.jobs["ftjob-1"]["status"] == "cancelled"
    assert jobs.get("gsm8k-first").status == "Stopped"


def test_a_job_that_is_not_there_is_said_to_be_missing(jobs: MantleJobs) -> None:
    """With the command that lists those there are."""
    with pytest.raises(MissingError, match="rewards job list"):
        jobs.get("nothing")
    with pytest.raises(MissingError, match="HTTP 404"):
        jobs.get("ftjob-9")


def test_a_service_that_does_not_answer_may_be_tried_again() -> None:
    """A connection that is refused says nothing about the job."""
    api = Api("http://127.0.0.1:9/v1", token=lambda: "key", pause_seconds=0.0)
    with pytest.raises(TransientError, match="connection broke"):
        list(MantleJobs(api).mine("gsm8k"))


def test_the_definition_says_where_the_service_is(
    mantle: FakeMantle, open_weight: JobDefinition
) -> None:
    """Under the name of its region, or where the environment says."""
    assert list(jobs_of(open_weight).mine("gsm8k")) == []
    assert mantle.requests == ["GET files", "GET fine_tuning/jobs"]
    (token,) = mantle.tokens
    assert token.startswith("bedrock-api-key-")


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
