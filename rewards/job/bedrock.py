"""Jobs of the Bedrock API (Nova): CreateModelCustomizationJob and its kin."""

from collections.abc import Callable, Mapping
from typing import Any

from rewards.job.aws import calling
from rewards.job.definition import PreparedRun
from rewards.job.errors import JobError, MissingError, TransientError
from rewards.job.jobs import IN_PROGRESS, Dataset, Job, iso_time, latest_first

_PAGE = 100


class BedrockJobs:
    """Jobs of the Bedrock API. A run's job is found by its name, which holds the run's token."""

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
        if (token := answer.get("clientRequestToken", run.token)) != run.token:
            raise JobError(
                f"there is a job {run.job_name!r} already, of the run {token!r}; "
                "give this run another job_name"
            )
        return _job(answer)

    def create(self, run: PreparedRun, dataset: Callable[[], Dataset]) -> Job:
        """See `Jobs.create`; Bedrock reads the dataset from S3 itself."""
        if found := self.find(run):
            return found
        self._call("create_model_customization_job", **run.request)
        return self.get(run.job_name)

    def get(self, job: str) -> Job:
        """See `Jobs.get`."""
        return _job(self._call("get_model_customization_job", jobIdentifier=job))

    def stop(self, job: str) -> None:
        """See `Jobs.stop`."""
        if self.get(job).status == IN_PROGRESS:
            self._call("stop_model_customization_job", jobIdentifier=job)

    def named(self, prefix: str) -> list[Job]:
        """See `Jobs.named`."""
        jobs: list[Job] = []
        page: dict[str, Any] = {"nameContains": prefix, "maxResults": _PAGE}
        while True:
            answer = self._call("list_model_customization_jobs", **page)
            jobs += map(_job, answer.get("modelCustomizationJobSummaries", ()))
            if not (token := answer.get("nextToken")):
                break
            page["nextToken"] = token
        return latest_first(job for job in jobs if job.name.startswith(prefix))

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
