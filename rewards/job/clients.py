"""The two services that run RFT jobs, behind one interface; the only file here that calls AWS.

`BedrockJobs` speaks CreateModelCustomizationJob (Nova), `MantleJobs` the OpenAI-compatible API
(open-weight models). Both find a run's job again from the run alone, so that creating, asking
after and stopping a run need no state of their own.
"""

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from rewards.job.config import NOVA
from rewards.job.definition import Run
from rewards.job.errors import JobError, ThrottledError

#: A job's life, in the words of CreateModelCustomizationJob.
IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
ENDED = (COMPLETED, FAILED, STOPPED)

_BUSY_CODES = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ServiceUnavailableException"}
    | {"InternalServerException", "RequestLimitExceeded"}
)
_BUSY_HTTP = frozenset({429, 500, 502, 503, 504})

#: The OpenAI API's words for the same life; anything unheard of counts as under way.
_MANTLE_STATUS = {"succeeded": COMPLETED, "failed": FAILED, "cancelled": STOPPED}

#: A token only has to outlive one command; the longest that the service takes is 12 hours.
TOKEN_SECONDS = 900

#: No answer in this time, and the request is given up (an upload of a dataset takes longest).
HTTP_SECONDS = 300

PAGE = 100


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its service reports it. `phases` are steps on the way, `metrics` the latest."""

    id: str
    name: str
    status: str
    created: str = ""
    ended: str = ""
    model: str = ""
    message: str = ""
    phases: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


class Jobs(Protocol):
    """What a service of jobs can do. `get` and `stop` take a job's id or name."""

    def find(self, run: Run) -> Job | None:
        """The job of a run, or None where the run has created none."""
        ...

    def create(self, run: Run, dataset: Callable[[], bytes]) -> Job:
        """Send a run; `dataset` is asked for only where the API wants the file itself."""
        ...

    def get(self, job: str) -> Job:
        """The job as it stands now."""
        ...

    def stop(self, job: str) -> None:
        """Ask for a job's end; one that has ended is left as it is."""
        ...

    def list(self, prefix: str) -> list[Job]:
        """The jobs whose name starts with `prefix`, the latest first."""
        ...


def aws_client(
    service: str,
    *,
    region: str | None,
    endpoint_url: str | None = None,
    answer_seconds: int = HTTP_SECONDS,
) -> Any:
    """A boto3 client that waits `answer_seconds` for an answer."""
    import boto3  # noqa: TID251 - this package is never loaded by the reward function
    from botocore.config import Config

    # The stubs type each service's client by a literal name, of which there are 400.
    client: Any = boto3.client
    config = Config(read_timeout=answer_seconds)
    return client(service, region_name=region, endpoint_url=endpoint_url, config=config)


def jobs_of(definition: Mapping[str, Any], *, endpoint_url: str | None = None) -> Jobs:
    """The service that runs the jobs of this definition; `endpoint_url` is for a local one."""
    region = definition["region"]
    if definition["target"] == NOVA:
        return BedrockJobs(aws_client("bedrock", region=region, endpoint_url=endpoint_url))
    url = os.environ.get("AWS_ENDPOINT_URL_BEDROCK_MANTLE") or endpoint_url
    return MantleJobs(
        f"{url.rstrip('/')}/v1" if url else f"https://bedrock-mantle.{region}.api.aws/v1",
        token=lambda: bearer_token(region),
    )


class BedrockJobs:
    """Jobs of the Bedrock API. A run's job is found by its name, which holds the run's token."""

    def __init__(self, client: Any) -> None:
        """`client` is a boto3 client of `bedrock`."""
        self.client = client

    def find(self, run: Run) -> Job | None:
        """See `Jobs.find`.

        Raises:
            JobError: the name is taken by a job of another run, which this one must not watch
                or stop for its own.
        """
        try:
            answer = self._call("get_model_customization_job", jobIdentifier=run.job_name)
        except JobError as error:
            if isinstance(error.__cause__, self.client.exceptions.ResourceNotFoundException):
                return None
            raise
        if (token := answer.get("clientRequestToken", run.token)) != run.token:
            raise JobError(
                f"there is a job {run.job_name!r} already, of the run {token!r}; "
                "give this run another job_name"
            )
        return _bedrock_job(answer)

    def create(self, run: Run, dataset: Callable[[], bytes]) -> Job:
        """See `Jobs.create`; Bedrock reads the dataset from S3 itself."""
        if found := self.find(run):
            return found
        self._call("create_model_customization_job", **run.request)
        return self.get(run.job_name)

    def get(self, job: str) -> Job:
        """See `Jobs.get`."""
        return _bedrock_job(self._call("get_model_customization_job", jobIdentifier=job))

    def stop(self, job: str) -> None:
        """See `Jobs.stop`."""
        if self.get(job).status == IN_PROGRESS:
            self._call("stop_model_customization_job", jobIdentifier=job)

    def list(self, prefix: str) -> list[Job]:
        """See `Jobs.list`."""
        jobs: list[Job] = []
        page: dict[str, Any] = {"nameContains": prefix, "maxResults": PAGE}
        while True:
            answer = self._call("list_model_customization_jobs", **page)
            jobs += map(_bedrock_job, answer.get("modelCustomizationJobSummaries", ()))
            if not (token := answer.get("nextToken")):
                break
            page["nextToken"] = token
        mine = [job for job in jobs if job.name.startswith(prefix)]
        return sorted(mine, key=lambda job: job.created, reverse=True)

    def _call(self, operation: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self.client, operation)(**arguments)
        except ClientError as error:
            failure = error.response.get("Error", {})
            code, said = failure.get("Code", "?"), failure.get("Message", "")
            kind = ThrottledError if code in _BUSY_CODES else JobError
            raise kind(f"bedrock {operation}: {code}: {said}") from error
        except BotoCoreError as error:
            raise JobError(f"bedrock {operation}: {error}") from error


def _bedrock_job(answer: Mapping[str, Any]) -> Job:
    details = answer.get("statusDetails") or {}
    phases = {
        name: details[f"{name}Details"]["status"]
        for name in ("validation", "dataProcessing", "training")
        if details.get(f"{name}Details", {}).get("status")
    }
    return Job(
        id=answer["jobArn"],
        name=answer["jobName"],
        status=answer["status"],
        created=_time(answer.get("creationTime")),
        ended=_time(answer.get("endTime")),
        model=answer.get("outputModelArn") or answer.get("customModelArn") or "",
        message=answer.get("failureMessage") or "",
        phases=phases,
    )


class MantleJobs:
    """Jobs of the OpenAI-compatible API, over plain HTTP.

    The API takes no name, tag or idempotency token that Bedrock documents, so a run is known by
    the name of the file that it uploads: one file a run, at most one job a file.
    """

    def __init__(self, url: str, *, token: Callable[[], str]) -> None:
        """`url` ends in /v1; `token` gives a Bedrock API key when one is needed."""
        self.url = url
        self.token = token

    def find(self, run: Run) -> Job | None:
        """See `Jobs.find`."""
        file_id = self._file_of(run)
        if file_id is None:
            return None
        for job in self._all("fine_tuning/jobs"):
            if job.get("training_file") == file_id:
                return _mantle_job(job, run.job_name)
        return None

    def create(self, run: Run, dataset: Callable[[], bytes]) -> Job:
        """See `Jobs.create`."""
        if found := self.find(run):
            return found
        file_id = self._file_of(run) or self._upload(run.filename, dataset())
        body = json.dumps({**run.request, "training_file": file_id}).encode()
        created = self._send("POST", "fine_tuning/jobs", body, "application/json")
        return _mantle_job(created, run.job_name)

    def get(self, job: str) -> Job:
        """See `Jobs.get`; the latest metrics come from the job's events."""
        if not job.startswith("ftjob"):
            found = next((entry for entry in self.list(job) if entry.name == job), None)
            if found is None:
                raise JobError(f"there is no job {job!r}; `rewards job list` shows those there are")
            job = found.id
        answer = self._send("GET", f"fine_tuning/jobs/{job}")
        name = self._file_names().get(answer.get("training_file"), "")
        events = self._send("GET", f"fine_tuning/jobs/{job}/events?limit=20").get("data", [])
        return _mantle_job(answer, name.removesuffix(".jsonl"), events)

    def stop(self, job: str) -> None:
        """See `Jobs.stop`."""
        found = self.get(job)
        if found.status not in ENDED:
            self._send("POST", f"fine_tuning/jobs/{found.id}/cancel", b"")

    def list(self, prefix: str) -> list[Job]:
        """See `Jobs.list`."""
        names = self._file_names()
        jobs = [
            _mantle_job(job, names.get(job.get("training_file"), "").removesuffix(".jsonl"))
            for job in self._all("fine_tuning/jobs")
        ]
        mine = [job for job in jobs if job.name.startswith(prefix)]
        return sorted(mine, key=lambda job: job.created, reverse=True)

    def _file_of(self, run: Run) -> str | None:
        names = self._file_names()
        return next((file_id for file_id, name in names.items() if name == run.filename), None)

    def _file_names(self) -> dict[Any, str]:
        return {file["id"]: str(file.get("filename", "")) for file in self._all("files")}

    def _upload(self, filename: str, content: bytes) -> str:
        # A boundary that the content cannot hold: JSON Lines never starts a line with "--".
        boundary = "rft-dataset-boundary"
        parts = (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            'name="purpose"\r\n\r\nfine-tune\r\n'
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="file"; filename="{filename}"\r\n'
            "Content-Type: application/jsonl\r\n\r\n"
        )
        body = parts.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        answer = self._send("POST", "files", body, f"multipart/form-data; boundary={boundary}")
        return str(answer["id"])

    def _all(self, path: str) -> Iterator[Mapping[str, Any]]:
        after = ""
        while True:
            page = self._send("GET", f"{path}?limit={PAGE}{after}")
            entries = page.get("data", [])
            yield from entries
            if not page.get("has_more") or not entries:
                return
            after = f"&after={entries[-1]['id']}"

    def _send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self.token()}", "Content-Type": kind},
        )
        try:
            with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            said = error.read(2000).decode("utf-8", "replace")
            error.close()
            kind_of = ThrottledError if error.code in _BUSY_HTTP else JobError
            raise kind_of(f"{method} {path}: HTTP {error.code}: {said}") from None
        except urllib.error.URLError as error:
            raise ThrottledError(f"{method} {path}: no answer: {error.reason}") from error


def _mantle_job(
    answer: Mapping[str, Any], name: str, events: list[Mapping[str, Any]] | None = None
) -> Job:
    status = _MANTLE_STATUS.get(str(answer.get("status")), IN_PROGRESS)
    error = answer.get("error") or {}
    metrics: Mapping[str, Any] = next(
        (event["data"] for event in events or () if event.get("type") == "metrics"), {}
    )
    return Job(
        id=str(answer["id"]),
        name=name or str(answer["id"]),
        status=status,
        created=_time(answer.get("created_at")),
        ended=_time(answer.get("finished_at")),
        model=answer.get("fine_tuned_model") or "",
        message=str(error.get("message") or ""),
        phases={} if status in ENDED else {"service": str(answer.get("status"))},
        metrics={
            key: float(value)
            for key, value in metrics.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    )


def _time(value: Any) -> str:
    """A time of either API (a datetime, or seconds since 1970) in ISO 8601, UTC."""
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""


def bearer_token(region: str, *, seconds: int = TOKEN_SECONDS) -> str:
    """A short-term Bedrock API key, signed with the caller's own credentials.

    The key is a presigned CallWithBearerToken request in base64 (the form that AWS's own
    `aws-bedrock-token-generator` 1.1.0 makes): it carries the caller's permissions, no more.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    credentials = Session().get_credentials()
    if credentials is None:
        raise JobError("no AWS credentials found; sign in, such as with `aws sso login`")
    host = "bedrock.amazonaws.com"
    request = AWSRequest(
        "POST", f"https://{host}/", headers={"host": host}, params={"Action": "CallWithBearerToken"}
    )
    SigV4QueryAuth(credentials, "bedrock", region, expires=seconds).add_auth(request)
    signed = str(request.url).removeprefix("https://") + "&Version=1"
    return "bedrock-api-key-" + base64.b64encode(signed.encode()).decode()
