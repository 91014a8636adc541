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
from rewards.job.datasets.findings import ROWS_SHOWN
from rewards.job.datasets.store import DatasetStore
from rewards.job.datasets.whole import check_objects, errors_of
from rewards.job.definition import PARAMETER, VERSION, JobDefinition
from rewards.job.errors import ConfigError, JobError, MissingError, PreflightError
from rewards.job.jobs import ENDED, Dataset, Job, Jobs
from rewards.job.prepared import PreparedRun, prepare
from rewards.job.targets import NOVA

#: The longest that Lambda lets a function run.
REWARD_SECONDS = 900

#: An execution that is aborted may still be creating its job, for as long as its Lambda runs.
CREATE_SECONDS = 300
STOP_PAUSE_SECONDS = 10


def deployed_definition(
    name: str, region: str, *, endpoint_url: str | None = None
) -> JobDefinition:
    """The definition of the deployment `name`, from its SSM parameter.

    Raises:
        MissingError: there is no such deployment in this account and region.
        TransientError, JobError: as `aws.calling`; another version of this code deployed it.
    """
    ssm = aws_client("ssm", region=region, endpoint_url=endpoint_url)
    parameter = PARAMETER.format(name=name)
    try:
        with calling(f"reading {parameter} in {region}"):
            value = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except MissingError as error:
        raise MissingError(f"{error}; deploy it first: `cdk deploy`") from error
    definition: JobDefinition = json.loads(value)
    if definition.get("version") != VERSION:
        raise JobError(
            f"{parameter} has form {definition.get('version')}, and this version of rewards reads "
            f"form {VERSION}: deploy again, or use the version that deployed it"
        )
    return definition


def check_reward(
    definition: JobDefinition, overrides: Mapping[str, Any], *, endpoint_url: str | None = None
) -> str:
    """The dry run of the deployed reward on the dataset's first records; one line about it.

    Raises:
        PreflightError: the reward does not tell references from corrupted ones, or fails.
        TransientError, JobError: the dataset cannot be read, or the reward not be called.
    """
    settings = definition["preflight"]
    full_marks = settings["full_marks"]
    is_left_out = overrides.get("preflight") is False or "attach" in overrides
    if not settings["samples"] or full_marks is None or is_left_out:
        return "skipped"
    region = definition["region"]
    store = DatasetStore(region=region, endpoint_url=endpoint_url)
    head = store.head(definition["datasets"][0]["source"], preflight.HEAD_BYTES)
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
    return preflight.expect_full_marks(event, json.loads(payload), full_marks)


def check_data(
    definition: JobDefinition,
    run_id: str,
    overrides: Mapping[str, Any],
    *,
    endpoint_url: str | None = None,
) -> dict[str, Any]:
    """The findings in the run's datasets, each read whole; empty for a job that is there already.

    With the override `force`, or `data.force` in `rft.toml`, errors stop nothing: they stand in
    the answer, and so in the history of the execution, and the job is tagged.

    Raises:
        PreflightError: a dataset has errors; names each, with its rows and what to do.
        TransientError, JobError: a dataset cannot be read.
    """
    if "attach" in overrides:
        return {}
    run = prepare(definition, run_id, overrides)
    store = DatasetStore(region=definition["region"], endpoint_url=endpoint_url)
    reports = check_objects(definition, run, store)
    errors = errors_of(reports)
    if errors and not run.is_forced:
        raise PreflightError(f"{errors}\nTo start all the same: `rewards job start --force`")
    found = {name: report.to_dict(ROWS_SHOWN) for name, report in reports.items()}
    return {"forced": bool(errors), "datasets": found}


def create_job(
    definition: JobDefinition,
    run_id: str,
    overrides: Mapping[str, Any],
    *,
    endpoint_url: str | None = None,
) -> Job:
    """The job of a run: created, or found where an earlier attempt has created it.

    With the override `attach` it is that job, which has to be the deployment's own.
    """
    run = prepare(definition, run_id, overrides)
    jobs = jobs_of(definition, endpoint_url=endpoint_url)
    if attached := overrides.get("attach"):
        return jobs.owned(attached, definition["deployment"])
    store = DatasetStore(region=definition["region"], endpoint_url=endpoint_url)
    if definition["target"] == NOVA:
        for dataset in definition["datasets"]:
            store.put_in_place(dataset)

    def training_set() -> Dataset:
        return store.open(definition["datasets"][0]["source"])

    return jobs.create(run, training_set)


def stop_execution(
    arn: str,
    run_id: str,
    overrides: Mapping[str, Any],
    *,
    region: str,
    patience: float = CREATE_SECONDS,
) -> str:
    """Stop the job of an execution that has ended before its job has: its own job, as kept with it.

    What has been deployed since says nothing about it: the execution's history does.
    """
    state = last_state(arn, region=region)
    if state is None:
        return "nothing to stop: the run had not loaded its definition"
    definition: JobDefinition = state["definition"]
    jobs = jobs_of(definition)
    if "job" in state:
        return _stop(jobs, jobs.get(state["job"]["id"]))
    try:
        run = prepare(definition, run_id, overrides)
    except ConfigError as error:
        return f"nothing to stop: the run could have created no job ({error})"
    return stop_run(jobs, run, patience=patience)


def last_state(arn: str, *, region: str) -> dict[str, Any] | None:
    """What an execution knew when it ended: the input of its last state that had a definition."""
    client = aws_client("stepfunctions", region=region)
    page: dict[str, Any] = {"executionArn": arn, "reverseOrder": True, "maxResults": 100}
    while True:
        with calling(f"reading the history of {arn}"):
            answer = client.get_execution_history(**page)
        for event in sorted(answer["events"], key=lambda event: int(event["id"]), reverse=True):
            entered = event.get("stateEnteredEventDetails", {})
            state = json.loads(entered.get("input") or "null")
            if isinstance(state, dict) and "definition" in state:
                return state
        if not (token := answer.get("nextToken")):
            return None
        page["nextToken"] = token


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
    return _stop(jobs, job)


def _stop(jobs: Jobs, job: Job) -> str:
    if job.status in ENDED:
        return f"{job.name} has ended already: {job.status}"
    jobs.stop(job.id)
    return f"stopping {job.name}"
