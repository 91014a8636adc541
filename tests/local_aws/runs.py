"""Runs of the deployed state machines, those that must fail included, and `rewards job`."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rewards.job.config import RftConfig
from rewards.job.prepared import mark_of
from rewards.job.targets import NOVA, OPEN_WEIGHT
from tests.local_aws.deployment import ROOT, Deployment
from tests.local_aws.report import expect, say

EXECUTION_SECONDS = 600

#: Under way, done and failed, in the words of each API.
_STATUSES = {
    NOVA: ("InProgress", "Completed", "Failed"),
    OPEN_WEIGHT: ("running", "succeeded", "failed"),
}


def execute(proof: Deployment) -> None:
    """Runs of both state machines: those that end well, and those that must not."""
    for config in proof.configs():
        script = proof.simulator if config.target == NOVA else proof.mantle
        under_way, done, failed = _STATUSES[config.target]
        script.statuses = [under_way, done]
        # boto3 tries five times itself before a step gives up and the state machine retries.
        script.throttles = 5 if config.target == NOVA else 1
        _run(proof, config, "good", {}, "SUCCEEDED", "")
        expect(script.throttles == 0, "the throttled creation was tried again")
        script.statuses = [failed]
        _run(proof, config, "job-fails", {}, "FAILED", "Failed")
        _run(proof, config, "bad-input", {"epochs": 3}, "FAILED", "no override 'epochs'")
        _refuse(proof, config)
        _abort(proof, config)


def _run(
    proof: Deployment, config: RftConfig, run: str, given: dict[str, Any], status: str, cause: str
) -> None:
    execution = _start(proof, config, run, given)
    found = _ended(proof, config, execution)
    told = "completed" if status == "SUCCEEDED" else "failed"
    subject, message = proof.simulator.notifications(config.region)[-1]
    expect(subject == f"RFT job {config.name} {told}", f"the notification {subject!r}")
    expect(json.loads(message)["run"] == run, f"the notification {message}")
    expect(found["status"] == status, f"{config.target} {run}: {found}")
    expect(cause in found.get("cause", ""), f"{config.target} {run}: {found.get('cause')}")
    say(f"  {config.target}: {run} {status}")


def _start(proof: Deployment, config: RftConfig, run: str, given: dict[str, Any]) -> str:
    states = proof.client("stepfunctions", config.region)
    machine = proof.definition(config)["state_machine"]
    started = states.start_execution(stateMachineArn=machine, name=run, input=json.dumps(given))
    return str(started["executionArn"])


def _ended(proof: Deployment, config: RftConfig, execution: str) -> dict[str, Any]:
    states = proof.client("stepfunctions", config.region)
    until = time.monotonic() + EXECUTION_SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.2)
    raise SystemExit(f"{execution} is still running after {EXECUTION_SECONDS} s")


def _refuse(proof: Deployment, config: RftConfig) -> None:
    """A dataset whose references the reward does not satisfy: no job is created."""
    definition = proof.definition(config)
    bucket, _, key = definition["datasets"][0]["source"].removeprefix("s3://").partition("/")
    s3 = proof.client("s3", config.region)
    sound = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    first, rest = sound.split(b"\n", 1)
    record = {**json.loads(first), "reference_answer": "#### nothing"}
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode() + b"\n" + rest)
    before = _job_count(proof, config)
    try:
        _run(proof, config, "preflight-refuses", {}, "FAILED", "its own reference earns")
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=sound)
    expect(_job_count(proof, config) == before, "a refused preflight creates no job")


def _job_count(proof: Deployment, config: RftConfig) -> int:
    if config.target != NOVA:
        return len(proof.mantle.jobs)
    jobs = proof.client("bedrock", config.region).list_model_customization_jobs()
    return len(jobs["modelCustomizationJobSummaries"])


def _abort(proof: Deployment, config: RftConfig) -> None:
    """An execution that is aborted stops its job: EventBridge calls the step."""
    execution = _start(proof, config, "aborted", {})
    name = f"{config.name}-aborted"
    until = time.monotonic() + EXECUTION_SECONDS
    while _status(proof, config, name) is None and time.monotonic() < until:
        time.sleep(0.2)
    states = proof.client("stepfunctions", config.region)
    states.stop_execution(executionArn=execution)
    called = proof.simulator.emit(
        config.region,
        {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {
                "executionArn": execution,
                "stateMachineArn": proof.definition(config)["state_machine"],
                "name": "aborted",
                "status": "ABORTED",
                "input": "{}",
            },
        },
    )
    expect(called == 1, f"the rule for aborted executions called {called} functions")
    status = _status(proof, config, name)
    expect(status in ("Stopped", "Stopping", "cancelled"), f"the aborted job is {status}")
    say(f"  {config.target}: an aborted execution stops its job")


def _status(proof: Deployment, config: RftConfig, name: str) -> str | None:
    if config.target == NOVA:
        jobs = proof.client("bedrock", config.region).list_model_customization_jobs()
        found = {j["jobName"]: j["status"] for j in jobs["modelCustomizationJobSummaries"]}
        return found.get(name)
    names = {file["id"]: mark_of(file["filename"])[2] for file in proof.mantle.files.values()}
    jobs = {names[job["training_file"]]: job["status"] for job in proof.mantle.jobs.values()}
    return jobs.get(name)


def command_line(proof: Deployment) -> None:
    """`rewards job` against the same endpoint."""
    for config in proof.configs():
        script = proof.simulator if config.target == NOVA else proof.mantle
        script.statuses = [_STATUSES[config.target][1]]
        path = proof.paths[config.name]
        started = _rewards(proof, path, "start", "--run=by-hand", "--watch", "--every=0.2")
        expect("model: " in started, started)
        expect(f"{config.name}-by-hand" in _rewards(proof, path, "list"), "rewards job list")
        expect("Completed" in _rewards(proof, path, "status"), "rewards job status")
        expect("ended already" in _rewards(proof, path, "stop", "by-hand"), "rewards job stop")
        expect("refused" in _rewards(proof, path, "list").lower(), "a refused run in the list")
        rendered = json.loads(_rewards(proof, path, "render", "--deployed"))
        expect(proof.definition(config)["function"] in json.dumps(rendered), "render --deployed")
        say(f"  {config.target}: rewards job render, start, status, list and stop")


def _rewards(proof: Deployment, config: Path, command: str, *options: str) -> str:
    source = "import sys; from rewards.workbench.commands.job import job; job(sys.argv[1:])"
    arguments = [command, f"--config={config}", f"--endpoint-url={proof.simulator.url}"]
    arguments += options
    environment = {**os.environ, **proof.simulator.environment}
    del environment["AWS_ENDPOINT_URL"], environment["AWS_ENDPOINT_URL_S3"]
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"rewards job {command} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout
