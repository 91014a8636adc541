"""A job as any service reports it, and what a service of jobs can do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from rewards.job.errors import JobError
from rewards.job.prepared import PreparedRun

#: A job's life, in the words of CreateModelCustomizationJob.
IN_PROGRESS = "InProgress"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
ENDED = (COMPLETED, FAILED, STOPPED)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its service reports it. `phases` are steps on the way, `metrics` the latest.

    `deployment` and `run` (its token) are the job's marks, where they were asked for.
    """

    id: str
    name: str
    status: str
    deployment: str = ""
    run: str = ""
    created: str = ""
    ended: str = ""
    model: str = ""
    message: str = ""
    phases: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of `size` bytes that is read piece by piece, once."""

    size: int
    pieces: Iterable[bytes]


class Jobs(Protocol):
    """What a service of jobs can do. A job is named by its id, or by its name.

    Raises:
        MissingError, QuotaError, TransientError, JobError: all of them, as `aws.calling`.
    """

    def find(self, run: PreparedRun) -> Job | None:
        """The job of a run, or None where the run has created none."""
        ...

    def create(self, run: PreparedRun, dataset: Callable[[], Dataset]) -> Job:
        """Send a run; `dataset` is asked for only where the API wants the file itself."""
        ...

    def get(self, job: str) -> Job:
        """The job as it stands now."""
        ...

    def stop(self, job: str) -> None:
        """Ask for a job's end; one that has ended is left as it is."""
        ...

    def owned(self, job: str, deployment: str) -> Job:
        """The job, which has to be the deployment's own.

        Raises:
            JobError: it is another's.
        """
        ...

    def mine(self, deployment: str, *, under_way: bool = False) -> Iterator[Job]:
        """The jobs of a deployment, the latest first; or those that have not ended."""
        ...


def belongs(job: Job, deployment: str) -> Job:
    """The job, where its marks say that it is the deployment's.

    Raises:
        JobError: they do not.
    """
    if job.deployment != deployment:
        owner = f"the deployment {job.deployment!r}" if job.deployment else "no deployment"
        raise JobError(f"the job {job.name} is of {owner}, not of {deployment!r}")
    return job


def iso_time(value: Any) -> str:
    """A time of either API (a datetime, or seconds since 1970) in ISO 8601, UTC."""
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""
