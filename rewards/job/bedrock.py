"""Jobs of the Bedrock API (Nova): CreateModelCustomizationJob and its kin."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rewards.job.aws import calling
from rewards.job.definition import DEPLOYMENT_TAG, RUN_TAG
from rewards.job.errors import JobError, MissingError, TransientError
from rewards.job.jobs import IN_PROGRESS, Dataset, Job, belongs, iso_time
from rewards.job.prepared import PreparedRun

_PAGE = 100
_RFT = "REINFORCEMENT_FINE_TUNING"


class BedrockJobs:
    """Jobs of the Bedrock API. A run's job is found by its name; tags say whose it is."""

    def __init__(self, client: Any) -> None:
        """`client` is a boto3 client of `bedrock`."""
        self.client = client

    def find(self, run: PreparedRun) -> Job | None:
        """See `Jobs.find`.

        Raises:
            JobError: the name is taken by a job of another run, which this one must not watch
                or stop for its own.
        """
        try:
            answer = self._call("get_model_customization_job", jobIdentifier=run.job_name)
        except MissingError:
            return None
        if (token := answer.get("clientRequestToken", run.request_token)) != run.request_token:
            raise JobError(
                f"there is a job {run.job_name!r} already, which was created as {token!r} and not "
                f"as {run.request_token!r} (deployment--run); give this run another job_name"
            )
        return _job(answer)

    def create(self, run: PreparedRun, dataset: Callable[[], Dataset]) -> Job:
        """See `Jobs.create`; Bedrock reads the dataset from S3 itself."""
        if found := self.find(run):
            return found
        self._call("create_model_customization_job", **run.request)
        try:
            return self.get(run.job_name)
        except MissingError as error:  # a gateway may have answered, or it is not seen yet
            raise TransientError(f"{error}; it was created a moment ago") from error

    def get(self, job: str) -> Job:
        """See `Jobs.get`."""
        return _job(self._call("get_model_customization_job", jobIdentifier=job))

    def stop(self, job: str) -> None:
        """See `Jobs.stop`; the answer has no members, so that only another look says it was heard.

        Raises:
            TransientError: the job shows no sign of it.
        """
        if self.get(job).status == IN_PROGRESS:
            self._call("stop_model_customization_job", jobIdentifier=job)
            if self.get(job).status == IN_PROGRESS:
                raise TransientError(f"{job} was asked to stop, and goes on; ask again")

    def owned(self, job: str, deployment: str) -> Job:
        """See `Jobs.owned`."""
        return belongs(self._marked(self.get(job)), deployment)

    def mine(self, deployment: str, *, under_way: bool = False) -> Iterator[Job]:
        """See `Jobs.mine`; tags are read one job at a time, as far as they are asked for."""
        page: dict[str, Any] = {"maxResults": _PAGE, "sortBy": "CreationTime"}
        page["sortOrder"] = "Descending"
        if under_way:
            page["statusEquals"] = IN_PROGRESS
        while True:
            answer = self._call("list_model_customization_jobs", **page)
            for summary in answer.get("modelCustomizationJobSummaries", ()):
                if summary.get("customizationType", _RFT) == _RFT:
                    job = self._marked(_job(summary))
                    if job.deployment == deployment:
                        yield job
            if not (token := answer.get("nextToken")):
                return
            page["nextToken"] = token

    def _marked(self, job: Job) -> Job:
        """The job with the marks that its tags are."""
        answer = self._call("list_tags_for_resource", resourceARN=job.id)
        tags = {tag["key"]: tag["value"] for tag in answer.get("tags", ())}
        return replace(job, deployment=tags.get(DEPLOYMENT_TAG, ""), run=tags.get(RUN_TAG, ""))

    def _call(self, operation: str, **arguments: Any) -> Any:
        with calling(f"bedrock {operation}"):
            return getattr(self.client, operation)(**arguments)


def _job(answer: Mapping[str, Any]) -> Job:
    if "jobArn" not in answer or "jobName" not in answer:
        # botocore makes an answer without members of a gateway's page.
        raise TransientError("bedrock: the answer holds no job; a gateway may have sent it")
    details = answer.get("statusDetails") or {}
    phases = {
        name: details[f"{name}Details"]["status"]
        for name in ("validation", "dataProcessing", "training")
        if details.get(f"{name}Details", {}).get("status")
    }
    return Job(
        id=answer["jobArn"],
        name=answer["jobName"],
        # Not a required member of the answer: what says nothing of its end is under way.
        status=answer.get("status") or IN_PROGRESS,
        created=iso_time(answer.get("creationTime")),
        ended=iso_time(answer.get("endTime")),
        model=answer.get("outputModelArn") or answer.get("customModelArn") or "",
        message=answer.get("failureMessage") or "",
        phases=phases,
    )
