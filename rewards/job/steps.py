"""The steps of a run, one function each: what the state machine's Lambdas and the command do.

A step takes the job definition as it was deployed and whatever makes the run its own; nothing is
kept between steps, so that each can be repeated.
"""

import json
from collections.abc import Callable, Mapping
from time import sleep
from typing import Any

from rewards.job import preflight
from rewards.job.aws import aws_client, calling
from rewards.job.clients import jobs_of
from rewards.job.dataset import open_dataset, read_head
from rewards.job.definition import PARAMETER, PreparedRun, prepare
from rewards.job.errors import MissingError, PreflightError
from rewards.job.jobs import ENDED, Dataset, Job, Jobs

#: The longest that Lambda lets a function run.
REWARD_SECONDS = 900

#: An execution that is aborted may still be creating its job, for as long as its Lambda runs.
CREATE_SECONDS = 300
STOP_PAUSE_SECONDS = 10


def deployed_definition(name: str, region: str, *, endpoint_url: str | None = None) -> Any:
    """The definition of the deployment `name`, from its SSM parameter.

    Raises:
        MissingError: there is no such deployment in this account and region.
        TransientError, JobError: as `aws.calling`.
    """
    ssm = aws_client("ssm", region=region, endpoint_url=endpoint_url)
    parameter = PARAMETER.format(name=name)
    try:
        with calling(f"reading {parameter} in {region}"):
            return json.loads(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except MissingError as error:
        raise MissingError(f"{error}; deploy it first: `cdk deploy`") from error


def check_reward(
    definition: Mapping[str, Any], overrides: Mapping[str, Any], *, endpoint_url: str | None = None
) -> str:
    """The dry run of the deployed reward on the dataset's first records; one line about it.

    Raises:
        PreflightError: the reward does not tell references from corrupted ones, or fails.
        TransientError, JobError: the dataset cannot be read, or the reward not be called.
    """
    settings = definition["preflight"]
    if not settings["samples"] or overrides.get("preflight") is False:
        return "skipped"
    region = definition["region"]
    head = read_head(
        definition["dataset"],
        region=region,
        endpoint_url=endpoint_url,
        most=preflight.HEAD_BYTES,
    )
    records = preflight.first_records(head, settings["samples"])
    event = preflight.event_of(records, settings["completion"])
    client = aws_client(
        "lambda", region=region, endpoint_url=endpoint_url, answer_seconds=REWARD_SECONDS
    )
    function = definition["function"]
    with calling(f"calling the reward {function}"):
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload = answer["Payload"].read().decode("utf-8", "replace")
    if "FunctionError" in answer:
        raise PreflightError(f"the reward function failed: {payload[:1000]}")
    return preflight.expect_full_marks(event, json.loads(payload), settings["full_marks"])


def create_job(
    definition: Mapping[str, Any],
    run_id: str,
    overrides: Mapping[str, Any],
    *,
    endpoint_url: str | None = None,
) -> Job:
    """The job of a run: created, or found where an earlier attempt has created it."""

    def dataset() -> Dataset:
        return open_dataset(
            definition["dataset"], region=definition["region"], endpoint_url=endpoint_url
        )

    run = prepare(definition, run_id, overrides)
    return jobs_of(definition, endpoint_url=endpoint_url).create(run, dataset)


def stop_run(
    jobs: Jobs,
    run: PreparedRun,
    *,
    patience: float = CREATE_SECONDS,
    wait: Callable[[float], None] = sleep,
) -> str:
    """Stop the job of a run that was aborted; its creation may be under way for `patience` s."""
    waited = 0.0
    while (job := jobs.find(run)) is None:
        if waited >= patience:
            return "nothing to stop: the run has created no job"
        wait(STOP_PAUSE_SECONDS)
        waited += STOP_PAUSE_SECONDS
    if job.status in ENDED:
        return f"{job.name} has ended already: {job.status}"
    jobs.stop(job.id)
    return f"stopping {job.name}"
