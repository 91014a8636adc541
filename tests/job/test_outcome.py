"""What a report puts together of a run: artefacts, curves and our own metrics, under moto."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewards.job.aws import aws_client
from rewards.job.definition import JobDefinition
from rewards.job.jobs import Job
from rewards.job.runs import RunView
from rewards.wire.telemetry import NAMESPACE
from rewards.workbench.commands import job as command
from rewards.workbench.outcome import outcome
from tests.job.test_command import TOML, deploy

ARN = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/x/a1b2c3d4e5f6"
FOLDER = "output/model-customization-job-a1b2c3d4e5f6/training_artifacts"
CURVES = "step_number,training_loss,note\n0,1.5,warm\n1,0.5,nan\n"


@pytest.fixture(name="ran")
def _ran(aws: None) -> RunView:
    """A run of an hour, with what the service and the reward leave."""
    s3 = aws_client("s3", region="us-east-1")
    s3.create_bucket(Bucket="output-bucket")
    for key, body in {
        f"{FOLDER}/step_wise_training_metrics.csv": CURVES,
        f"{FOLDER}/model.bin": "x" * 10,
        "output/model-customization-job-another/step_wise_training_metrics.csv": CURVES,
    }.items():
        s3.put_object(Bucket="output-bucket", Key=key, Body=body.encode())
    begin = datetime.now(UTC) - timedelta(hours=1)
    cloudwatch = aws_client("cloudwatch", region="us-east-1")
    for service, value in (("rft-gsm8k", 0.5), ("rft-gsm8k-prod", 0.9)):
        dimensions = [{"Name": "rubric", "Value": "r"}, {"Name": "service", "Value": service}]
        datum: dict[str, Any] = {"MetricName": "Reward", "Dimensions": dimensions, "Value": value}
        datum["Timestamp"] = begin + timedelta(minutes=5)
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
    job = Job(ARN, "gsm8k-first", "Failed", message="the reward threw")
    ended = (begin + timedelta(hours=1)).isoformat()
    return RunView("first", "FAILED", "arn:x", begin.isoformat(), ended, "why", job)


def test_a_report_has_the_runs_own_artefacts_curves_and_metrics(
    ran: RunView, nova: JobDefinition
) -> None:
    """Nothing of another job's in the bucket, nor of a neighbour's whose name begins alike."""
    found = outcome(ran, nova)
    assert found["job"]["message"] == "the reward threw"
    assert [artefact["uri"].rpartition("/")[2] for artefact in found["artefacts"]] == [
        "model.bin",
        "step_wise_training_metrics.csv",
    ]
    assert found["training"] == [
        {"step_number": 0.0, "training_loss": 1.5, "note": "warm"},
        {"step_number": 1.0, "training_loss": 0.5, "note": "nan"},
    ]
    assert [value for _, value in found["metrics"]["Reward"]] == [0.5]
    json.dumps(found, allow_nan=False)


def test_a_run_without_a_job_leaves_nothing(aws: None, nova: JobDefinition) -> None:
    """A refused run has its reason, and no more."""
    started = datetime.now(UTC).isoformat()
    refused = RunView("first", "FAILED", "arn:x", started, started, "too few rows")
    found = outcome(refused, nova)
    assert (found["status"], found["reason"]) == ("Refused", "too few rows")
    assert (found["artefacts"], found["training"], found["metrics"]) == ([], [], {})


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_command_prints_it(
    options: list[str],
    buckets: None,
    nova: JobDefinition,
    write_config: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For people, or as JSON."""
    nova["preflight"]["samples"] = 0
    deploy(nova, "us-east-1")
    aws_client("s3", region="us-east-1").create_bucket(Bucket="output-bucket")
    monkeypatch.chdir(write_config(TOML).parent)
    started = ["start", "--run", "first", "--direct"]
    assert CliRunner().invoke(command.job, started).exit_code == 0
    done = CliRunner().invoke(command.job, ["report", "first", *options])
    assert done.exit_code == 0, done.exception
    if options:
        assert json.loads(done.stdout)["job"]["name"] == "gsm8k-first"
    else:
        assert "gsm8k-first" in done.stdout
