"""Jobs of the OpenAI-compatible API (open-weight models), over urllib3, which boto3 brings along.

The API documents no idempotency token, so an answer that is lost leaves open whether the request
was heard. What reads is simply asked again; what creates is looked for before it is repeated.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rewards.job.aws import calling
from rewards.job.errors import JobError, MissingError, QuotaError, TransientError
from rewards.job.jobs import (
    COMPLETED,
    ENDED,
    FAILED,
    IN_PROGRESS,
    STOPPED,
    Dataset,
    Job,
    belongs,
    iso_time,
)
from rewards.job.prepared import PreparedRun, mark_of

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_BUSY_STATUSES = (408, 429, 500, 502, 503, 504)
_BAD_REQUEST, _NOT_FOUND, _SERVER_ERROR = 400, 404, 500

#: What an OpenAI-compatible API says where it is not the pace but the account that is at its end.
_QUOTA_CODE = "insufficient_quota"

#: The API's words for a job's life; anything unheard of counts as under way.
_STATUSES = {"succeeded": COMPLETED, "failed": FAILED, "cancelled": STOPPED}

#: A token only has to outlive one command; the longest that the service takes is 12 hours.
TOKEN_SECONDS = 900

#: No answer in this time, and the request is given up. An upload is answered when all is sent.
_CONNECT_SECONDS, _READ_SECONDS, _CREATE_SECONDS, _UPLOAD_SECONDS = 10, 20, 60, 240

#: A request that reads is sent so many times again, after so long (then twice as long, ...).
_REPEATS, _PAUSE_SECONDS = 3, 0.5

_PAGE = 100

#: How much of an answer that nobody understands is shown.
_QUOTED = 300


class Api:
    """The HTTP of the API: documents in, documents out, each failure by its class."""

    def __init__(
        self, url: str, *, token: Callable[[], str], pause_seconds: float = _PAUSE_SECONDS
    ) -> None:
        """`url` ends in /v1; `token` gives a Bedrock API key when one is needed."""
        import urllib3

        self.url = url
        self._token = token
        self._pool = urllib3.PoolManager()
        self._repeating = urllib3.Retry(
            _REPEATS,
            status_forcelist=_BUSY_STATUSES,
            backoff_factor=pause_seconds,
            # The caller's own time is bounded: what asks for hours is told of by its class.
            respect_retry_after_header=False,
            raise_on_status=False,
            redirect=False,
        )

    def get(self, path: str) -> dict[str, Any]:
        """Read a document, again and again where no answer comes."""
        return self._send("GET", path, _READ_SECONDS, retries=self._repeating)

    def post(self, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a document once."""
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        return self._send("POST", path, _CREATE_SECONDS, body=body, headers=headers)

    def upload(self, path: str, filename: str, dataset: Dataset) -> dict[str, Any]:
        """Send a file as a multipart form, piece by piece as it is read."""
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{filename}"\r\nContent-Type: application/jsonl\r\n\r\n'
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        def pieces() -> Iterator[bytes]:
            yield head
            yield from dataset.pieces
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + dataset.size + len(tail)),
        }
        return self._send("POST", path, _UPLOAD_SECONDS, body=pieces(), headers=headers)

    def _send(
        self,
        method: str,
        path: str,
        answer_seconds: float,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        import urllib3

        what = f"{method} {path}"
        with calling(what):
            answer = self._pool.request(
                method,
                f"{self.url}/{path}",
                headers={"Authorization": f"Bearer {self._token()}", **(headers or {})},
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=answer_seconds),
                redirect=False,
                **{"retries": False, **options},
            )
        return _document(what, answer)


def _document(what: str, answer: "BaseHTTPResponse") -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        MissingError, QuotaError, TransientError, JobError: by its status; an answer that is no
            JSON object comes from something between here and the service, and may pass.
    """
    text = answer.data.decode("utf-8", "replace")
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise TransientError(
            f"{what}: HTTP {answer.status}, but no JSON object: {text[:_QUOTED]!r}; "
            "a gateway may have sent it"
        )
    if answer.status < _BAD_REQUEST:
        return document
    kind = JobError
    if answer.status in _BUSY_STATUSES or answer.status >= _SERVER_ERROR:
        kind = QuotaError if _QUOTA_CODE in text else TransientError
    elif answer.status == _NOT_FOUND:
        kind = MissingError
    raise kind(f"{what}: HTTP {answer.status}: {text[:_QUOTED]}")


class MantleJobs:
    """Jobs of the OpenAI-compatible API.

    A job has no name of ours there, so a run is known by the name of the file that it uploads: at
    most one job is created for the files of one name.
    """

    def __init__(self, api: Api) -> None:
        """`api` is the service, with a key."""
        self.api = api

    def find(self, run: PreparedRun) -> Job | None:
        """See `Jobs.find`."""
        files = self._files_of(run)
        if not files:
            return None
        for job in self._all("fine_tuning/jobs"):
            if job.get("training_file") in files:
                return _job(job, dict.fromkeys(files, run.filename))
        return None

    def create(self, run: PreparedRun, dataset: Callable[[], Dataset]) -> Job:
        """See `Jobs.create`. What an earlier attempt left is taken up: its file, or its job."""
        if found := self.find(run):
            return found
        files = self._files_of(run)
        file_id = files[0] if files else self._upload(run, dataset())
        try:
            created = self.api.post("fine_tuning/jobs", {**run.request, "training_file": file_id})
        except TransientError:
            if found := self.find(run):  # the answer was lost, not the request
                return found
            raise
        return _job(created, {file_id: run.filename})

    def get(self, job: str) -> Job:
        """See `Jobs.get`; the latest metrics come from the job's events."""
        answer = self.api.get(f"fine_tuning/jobs/{self._id_of(job)}")
        events = _entries(self.api.get(f"fine_tuning/jobs/{_id(answer)}/events?limit=20"))
        return _job(answer, self._file_names(), events)

    def events(self, job: str) -> list[Mapping[str, Any]]:
        """All events of a job, by its id or name: messages, and the metrics of its steps."""
        return list(self._all(f"fine_tuning/jobs/{self._id_of(job)}/events"))

    def stop(self, job: str) -> None:
        """See `Jobs.stop`."""
        job = self._id_of(job)
        if _job(self.api.get(f"fine_tuning/jobs/{job}"), {}).status not in ENDED:
            self.api.post(f"fine_tuning/jobs/{job}/cancel")

    def owned(self, job: str, deployment: str) -> Job:
        """See `Jobs.owned`."""
        return belongs(self.get(job), deployment)

    def mine(self, deployment: str, *, under_way: bool = False) -> Iterator[Job]:
        """See `Jobs.mine`."""
        names = self._file_names()
        jobs = [_job(job, names) for job in self._all("fine_tuning/jobs")]
        for job in sorted(jobs, key=lambda job: job.created, reverse=True):
            if job.deployment == deployment and not (under_way and job.status in ENDED):
                yield job

    def _id_of(self, job: str) -> str:
        """The id of a job that is called by its id or its name."""
        if job.startswith("ftjob"):
            return job
        names = self._file_names()
        for entry in self._all("fine_tuning/jobs"):
            if _job(entry, names).name == job:
                return _id(entry)
        raise MissingError(f"there is no job {job!r}; `rewards job list` shows those there are")

    def _files_of(self, run: PreparedRun) -> list[str]:
        return [file_id for file_id, name in self._file_names().items() if name == run.filename]

    def _file_names(self) -> dict[str, str]:
        return {_id(file): str(file.get("filename", "")) for file in self._all("files")}

    def _upload(self, run: PreparedRun, dataset: Dataset) -> str:
        try:
            return _id(self.api.upload("files", run.filename, dataset))
        except TransientError:
            if files := self._files_of(run):  # the answer was lost, not the file
                return files[0]
            raise

    def _all(self, path: str) -> Iterator[Mapping[str, Any]]:
        after = ""
        while True:
            page = self.api.get(f"{path}?limit={_PAGE}{after}")
            entries = _entries(page)
            yield from entries
            if not page.get("has_more") or not entries:
                return
            after = f"&after={_id(entries[-1])}"


def _entries(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a page lists; an answer that lists nothing is not taken for an empty page."""
    entries = page.get("data")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TransientError("the answer is no page of a list; a gateway may have sent it")
    return entries


def _id(document: Mapping[str, Any]) -> str:
    if not document.get("id"):
        raise TransientError(
            f"the answer has no id, only {', '.join(sorted(document)) or 'nothing'}; "
            "a gateway may have sent it"
        )
    return str(document["id"])


def _job(
    answer: Mapping[str, Any],
    file_names: Mapping[str, str],
    events: list[Mapping[str, Any]] | None = None,
) -> Job:
    """A job of the API; name and marks are those of its file."""
    status = _STATUSES.get(str(answer.get("status")), IN_PROGRESS)
    error = answer.get("error") or {}
    metrics: Mapping[str, Any] = next(
        (event.get("data") or {} for event in events or () if event.get("type") == "metrics"), {}
    )
    deployment, run, name = mark_of(file_names.get(str(answer.get("training_file")), ""))
    return Job(
        id=_id(answer),
        name=name or _id(answer),
        deployment=deployment,
        run=run,
        status=status,
        created=iso_time(answer.get("created_at")),
        ended=iso_time(answer.get("finished_at")),
        model=answer.get("fine_tuned_model") or "",
        message=str(error.get("message") or ""),
        phases={} if status in ENDED else {"service": str(answer.get("status"))},
        metrics={
            key: float(value)
            for key, value in metrics.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    )


def bearer_token(region: str, *, seconds: int = TOKEN_SECONDS) -> str:
    """A short-term Bedrock API key, signed with the caller's own credentials.

    The key is a presigned CallWithBearerToken request in base64 (the form that AWS's own
    `aws-bedrock-token-generator` 1.1.0 makes): it carries the caller's permissions, no more.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    with calling("signing a Bedrock API key"):
        credentials = Session().get_credentials()
    if credentials is None:
        raise JobError("no AWS credentials found; sign in, such as with `aws sso login`")
    host = "bedrock.amazonaws.com"
    request = AWSRequest(
        "POST", f"https://{host}/", headers={"host": host}, params={"Action": "CallWithBearerToken"}
    )
    with calling("signing a Bedrock API key"):  # credentials are fetched when they are used
        SigV4QueryAuth(credentials, "bedrock", region, expires=seconds).add_auth(request)
    signed = str(request.url).removeprefix("https://") + "&Version=1"
    return "bedrock-api-key-" + base64.b64encode(signed.encode()).decode()
