"""The Lambdas of the job's state machine: each one step of `rewards.job.steps`.

Every task passes `{"definition", "run", "input"}`: the deployed job definition as it stood when
the execution began, the execution's name, and its input (the overrides of the run).
"""

import json
import os
from typing import Any

from rewards.job.clients import jobs_of
from rewards.job.health.diagnosis import health
from rewards.job.jobs import Job
from rewards.job.prepared import prepare
from rewards.job.steps import check_data, check_reward, create_job, stop_execution

# Leaves Lambda a minute to answer before its timeout.
PATIENCE_SECONDS = int(os.environ.get("STOP_PATIENCE_SECONDS", "300"))


def check(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Refuse a run whose overrides are wrong, then one whose data is, then one whose reward is."""
    definition, overrides = event["definition"], event["input"]
    run = prepare(definition, event["run"], overrides)
    data = check_data(definition, event["run"], overrides)
    return {"job": run.job_name, "data": data, "preflight": check_reward(definition, overrides)}


def create(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Create the job, or find the one that an earlier attempt created."""
    run = prepare(event["definition"], event["run"], event["input"])
    job = create_job(event["definition"], event["run"], event["input"])
    return {**_view(job), "poll_seconds": run.poll_seconds}


def watch(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Look at the job as it stands now, and ask how it does; stop it where that was asked for."""
    definition, last = event["definition"], event["job"]
    jobs = jobs_of(definition)
    job = jobs.get(last["id"])
    seen = {**_view(job), "poll_seconds": last["poll_seconds"]}
    told = health(definition, jobs, job, last.get("health") or {})
    if told is None:
        return seen
    if told["stop"]:
        jobs.stop(job.id)
    return {**seen, "health": told}


def stop(event: dict[str, Any], context: object) -> str:
    """Stop the job of an execution that was aborted or timed out; EventBridge sends the event."""
    detail = event["detail"]
    return stop_execution(
        detail["executionArn"],
        detail["name"],
        json.loads(detail.get("input") or "{}"),
        region=os.environ["AWS_REGION"],
        patience=PATIENCE_SECONDS,
    )


def _view(job: Job) -> dict[str, Any]:
    """What the state machine keeps of a job."""
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "model": job.model,
        "message": job.message,
        "phases": dict(job.phases),
        "metrics": dict(job.metrics),
    }
