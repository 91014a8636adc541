"""A configuration to vary, and AWS on loopback or in the process."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.stepfunctions.models import stepfunctions_backends

from rewards.job.aws import aws_client
from rewards.job.config import parse_config
from rewards.job.definition import DatasetPlace, Deployed, JobDefinition, define
from tests.local_aws import identifiers  # noqa: F401 - lets moto find jobs by ARN
from tests.local_aws.mantle import FakeMantle

NOVA_TABLES: dict[str, Any] = {
    "name": "gsm8k",
    "reward": {"rubric": "gsm8k"},
    "data": {"train": "s3://data-bucket/train.jsonl"},
    "job": {
        "base_model": "amazon.nova-2-lite-v1:0:256k",
        "hyperparameters": {"epochCount": 2, "learningRate": 1e-5},
    },
}
OPEN_WEIGHT_TABLES: dict[str, Any] = {
    **NOVA_TABLES,
    "target": "open-weight",
    "job": {
        "base_model": "openai.gpt-oss-20b",
        "hyperparameters": {"n_epochs": 1, "batch_size": 4},
    },
}
DEPLOYED = Deployed(
    state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:rft-gsm8k",
    role_arn="arn:aws:iam::123456789012:role/job",
    function_arn="arn:aws:lambda:us-east-1:123456789012:function:rft-gsm8k:7",
    train=DatasetPlace(
        source="s3://asset-bucket/train.jsonl", uri="s3://data-bucket/datasets/train.jsonl"
    ),
    output_uri="s3://output-bucket/output/",
)


def changed(tables: dict[str, Any], dotted: str, value: object) -> dict[str, Any]:
    """The tables with one key set to another value."""
    copied = copy.deepcopy(tables)
    *path, last = dotted.split(".")
    inner = copied
    for step in path:
        inner = inner.setdefault(step, {})
    inner[last] = value
    return copied


def definition_of(tables: dict[str, Any]) -> JobDefinition:
    return define(parse_config(tables), DEPLOYED, full_marks=1.0)


def end_execution(status: str, cause: str = "", *, name: str = "rft-gsm8k") -> None:
    """End the latest execution of a state machine, as Step Functions would."""
    for machine in stepfunctions_backends["123456789012"]["us-east-1"].state_machines:
        if machine.name == name:
            execution = machine.executions[-1]
            execution.status, execution.cause = status, cause
            execution.stop_date = execution.start_date


@pytest.fixture(name="nova")
def _nova() -> JobDefinition:
    return definition_of(NOVA_TABLES)


@pytest.fixture(name="open_weight")
def _open_weight() -> JobDefinition:
    return definition_of(OPEN_WEIGHT_TABLES)


#: As many rows as a job takes at least, none like another.
SOUND = b"".join(
    b'{"messages": [{"role": "user", "content": "1 + %d?"}], "reference_answer": "#### %d"}\n'
    % (number, number + 1)
    for number in range(100)
)


@pytest.fixture(name="aws")
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto in this process: any AWS client is one of it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture(name="buckets")
def _buckets(aws: None) -> None:
    """The dataset as a deployment puts it, and the deployment's own bucket."""
    s3 = aws_client("s3", region="us-east-1")
    for bucket in ("asset-bucket", "data-bucket"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="asset-bucket", Key="train.jsonl", Body=SOUND)
    s3.put_object(Bucket="data-bucket", Key="train.jsonl", Body=SOUND)


@pytest.fixture(name="mantle")
def _mantle(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMantle]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with FakeMantle().running() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_MANTLE", fake.url)
        yield fake


@pytest.fixture(name="write_config")
def _write_config(tmp_path: Path) -> Callable[..., Path]:
    """Write an rft.toml, and a dataset beside it."""

    def write(text: str) -> Path:
        path = tmp_path / "rft.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(name="dataset")
def _dataset(aws: None) -> None:
    s3 = aws_client("s3", region="us-east-1")
    for bucket in ("asset-bucket", "data-bucket"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="asset-bucket", Key="train.jsonl", Body=SOUND)
