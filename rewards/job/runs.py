"""The runs of one deployment as a person sees them: executions and jobs, put together.

A run is called by its own name, by its job's name or id, or by the ARN of either: whatever is at
hand. Nothing of another deployment is shown, or stopped.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from rewards.job.aws import aws_client, calling
from rewards.job.clients import jobs_of
from rewards.job.definition import JobDefinition
from rewards.job.errors import JobError, MissingError
from rewards.job.jobs import ENDED, Job, Jobs, iso_time
from rewards.job.prepared import token_of

#: What has become of an execution, in the words of Step Functions.
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"

#: What a run is called that has no job.
_WITHOUT_JOB = {
    RUNNING: "Starting",
    "FAILED": "Refused",
    "ABORTED": "Aborted",
    "TIMED_OUT": "TimedOut",
}

#: An execution's name, as far as one can be asked for.
_EXECUTION = re.compile(r"[A-Za-z0-9._-]{1,80}")
_EXECUTION_ARN = re.compile(r"arn:[^:]+:states:[^:]+:\d+:execution:[^:]+:(.+)")

#: A job is created after its execution has begun; clocks differ by less.
_CLOCKS = timedelta(days=1)

_PAGE = 100


@dataclass(frozen=True, slots=True)
class RunView:
    """One run: its execution's status, "" where it was started without one, and its job."""

    name: str
    execution: str = ""
    arn: str = ""
    started: str = ""
    ended: str = ""
    reason: str = ""
    job: Job | None = None

    @property
    def status(self) -> str:
        """The job's status; before there is a job, what the execution has come to."""
        if self.job is not None:
            return self.job.status
        return _WITHOUT_JOB.get(self.execution, self.execution)

    @property
    def is_under_way(self) -> bool:
        """Whether there is something left to stop."""
        if self.job is not None:
            return self.job.status not in ENDED
        return self.execution == RUNNING

    @property
    def is_unwatched(self) -> bool:
        """Whether a job is under way that nothing looks at any more."""
        return self.is_under_way and self.execution not in (RUNNING, "")


class Runs:
    """The runs of the deployment that a definition is of."""

    def __init__(self, definition: JobDefinition, *, endpoint_url: str | None = None) -> None:
        """`endpoint_url` is for a local AWS."""
        self.definition = definition
        self.deployment = definition["deployment"]
        self.jobs: Jobs = jobs_of(definition, endpoint_url=endpoint_url)
        self._machine = definition["state_machine"]
        self._states = aws_client(
            "stepfunctions", region=definition["region"], endpoint_url=endpoint_url
        )

    def start(self, run: str, given: str) -> None:
        """Start an execution of the state machine, with `given` (JSON) as its input."""
        try:
            with calling(f"starting the run {run}"):
                self._states.start_execution(stateMachineArn=self._machine, name=run, input=given)
        except JobError as error:
            if "ExecutionAlreadyExists" not in str(error):
                raise
            raise JobError(
                f"there has been a run {run!r} in the last 90 days, with other settings or ended "
                f"by now (`rewards job status {run}`); give this one another name with --run"
            ) from error

    def latest(self, count: int) -> list[RunView]:
        """The latest runs, the newest first: refused ones, and those that were started directly."""
        views = list(islice(self._executions(), count))
        jobs = self.jobs.mine(self.deployment)
        if len(views) == count:  # there may be older ones, whose jobs are not shown without them
            oldest = iso_time(datetime.fromisoformat(views[-1].started) - _CLOCKS)
            jobs = takewhile(lambda job: job.created >= oldest, jobs)
        else:
            jobs = islice(jobs, count)
        return self._together(views, list(jobs))[:count]

    def under_way(self) -> list[RunView]:
        """Every run that could be stopped."""
        views = list(self._executions(RUNNING))
        jobs = list(self.jobs.mine(self.deployment, under_way=True))
        return [run for run in self._together(views, jobs) if run.is_under_way]

    def named(self, name: str) -> RunView:
        """The run that is meant: by its name, or the name, id or ARN of its job.

        Raises:
            MissingError: the deployment has no such run or job.
            JobError: it is another deployment's.
        """
        if match := _EXECUTION_ARN.fullmatch(name):
            name = match[1]
        view = self._execution(name)
        if view is None:
            job = self._job(name)
            # A job's name leads to its execution, too, where it has one.
            view = self._execution(job.run) or RunView(job.run, started=job.created, job=job)
        if view.job is None:
            return view
        # With what only a look at the job itself tells: phases, metrics, why it failed.
        job = self.jobs.get(view.job.id)
        return replace(view, job=replace(job, deployment=view.job.deployment, run=view.job.run))

    def attach(self, run: RunView) -> str:
        """Let a new execution watch the job of a run to its end; its name.

        Raises:
            JobError: there is nothing to watch.
        """
        if run.job is None or not run.is_under_way:
            raise JobError(f"the run {run.name} has no job under way: {run.status}")
        name = f"watch-{secrets.token_hex(4)}"
        self.start(name, json.dumps({"attach": run.job.id}))
        return name

    def stop(self, run: RunView) -> str:
        """Stop a run: its job, or what would create it. What there is to say about it."""
        if run.job is not None and run.job.status not in ENDED:
            self.jobs.stop(run.job.id)
            return f"stopping {run.job.name}"
        if run.execution == RUNNING and run.job is None:
            with calling(f"stopping the run {run.name}"):
                self._states.stop_execution(executionArn=run.arn, cause="rewards job stop")
            return f"stopping the run {run.name}, and the job that it may be creating"
        return f"{run.job.name if run.job else run.name} has ended already: {run.status}"

    def _together(self, views: list[RunView], jobs: list[Job]) -> list[RunView]:
        """Executions with their jobs, then jobs without; the newest first."""
        by_token = {job.run: job for job in reversed(jobs)}
        runs = []
        for view in views:
            job = by_token.pop(token_of(view.name), None)
            runs.append(self._view(view, job))
        for job in by_token.values():
            runs.append(RunView(job.run, started=job.created, ended=job.ended, job=job))
        return sorted(runs, key=lambda run: run.started, reverse=True)

    def _view(self, view: RunView, job: Job | None) -> RunView:
        """An execution with its job, and the reason where it has ended badly."""
        if job is not None and view.execution in (RUNNING, SUCCEEDED):
            return replace(view, job=job)
        answer = self._describe(view.arn)
        attached = json.loads(answer.get("input") or "{}").get("attach")
        if job is None and isinstance(attached, str):
            with suppress(MissingError):
                job = self.jobs.owned(attached, self.deployment)
        reason = str(answer.get("cause") or answer.get("error") or "")
        return replace(view, job=job, reason=reason)

    def _executions(self, status: str | None = None) -> Iterator[RunView]:
        page: dict[str, Any] = {"stateMachineArn": self._machine, "maxResults": _PAGE}
        if status:
            page["statusFilter"] = status
        while True:
            try:
                with calling(f"listing the runs of {self.deployment}"):
                    answer = self._states.list_executions(**page)
            except MissingError:  # runs are started directly, or were, before it was deployed
                return
            yield from map(_execution, answer["executions"])
            if not (token := answer.get("nextToken")):
                return
            page["nextToken"] = token

    def _execution(self, name: str) -> RunView | None:
        """The execution of a name, with its job."""
        if not _EXECUTION.fullmatch(name):
            return None
        arn = f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            answer = self._describe(arn)
        except MissingError:
            return None
        return self._view(_execution(answer), self._job_of(name))

    def _describe(self, arn: str) -> Mapping[str, Any]:
        with calling(f"looking at the run {arn.rpartition(':')[2]}"):
            answer: Mapping[str, Any] = self._states.describe_execution(executionArn=arn)
        return answer

    def _job(self, name: str) -> Job:
        """The job of an id, an ARN or a name, its own or its run's."""
        try:
            return self.jobs.owned(name, self.deployment)
        except MissingError:
            found = self._job_of(name)
        if found is None:
            raise MissingError(
                f"{name!r} is no run or job of the deployment {self.deployment!r}; "
                "`rewards job list` shows those there are"
            )
        return found

    def _job_of(self, run: str) -> Job | None:
        """The job of a run, by its mark."""
        token = token_of(run)
        return next((job for job in self.jobs.mine(self.deployment) if job.run == token), None)


def _execution(answer: Mapping[str, Any]) -> RunView:
    return RunView(
        name=answer["name"],
        execution=answer["status"],
        arn=answer["executionArn"],
        started=iso_time(answer.get("startDate")),
        ended=iso_time(answer.get("stopDate")),
    )
