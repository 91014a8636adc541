"""One synthesis for all: jsii takes seconds to start, so the stacks share an app."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.findings import check
from infra.stacks import RftStack
from rewards.job.config import parse_config

ROOT = Path(__file__).parent.parent.parent
ACCOUNT = "123456789012"

NOVA: dict[str, Any] = {
    "name": "nova",
    "email": "team@example.com",
    "tags": {"team": "maths"},
    "reward": {"rubric": "gsm8k"},
    "data": {"train": "examples/first-job/train.jsonl"},
    "job": {
        "base_model": "amazon.nova-2-lite-v1:0:256k",
        "hyperparameters": {"epochCount": 2, "learningRate": 1e-5},
    },
}

#: Every option at once, with a judge behind an inference profile.
EVERYTHING: dict[str, Any] = {
    "name": "everything",
    "reward": {
        "rubric": "tests/rewards_cdk/judged.toml",
        "architecture": "x86_64",
        "timeout": 120,
        "memory": 2048,
        "snap_start": True,
        "sagemaker": True,
        "judge_cache": True,
        "judge_cost_per_day": 20,
        "log_samples": 0.01,
        "log_retention_days": 30,
        "vpc": {
            "subnet_ids": ["subnet-00000001", "subnet-00000002"],
            "security_group_ids": ["sg-00000001"],
        },
    },
    "data": {
        "train": "s3://data-bucket/train.jsonl",
        "validation": ["s3://other-bucket/validation.jsonl"],
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    },
    "job": {
        "base_model": "amazon.nova-2-lite-v1:0:256k",
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/" + "a" * 36,
        "vpc": {"subnet_ids": ["subnet-00000003"], "security_group_ids": ["sg-00000003"]},
    },
}

OPEN_WEIGHT: dict[str, Any] = {
    **NOVA,
    "name": "open",
    "target": "open-weight",
    "job": {"base_model": "openai.gpt-oss-20b", "hyperparameters": {"n_epochs": 1}},
}

REWARD_ONLY: dict[str, Any] = {
    "name": "alone",
    "reward": {"rubric": "gsm8k", "provisioned_concurrency": 2},
}

STACKS = {
    "nova": NOVA,
    "everything": EVERYTHING,
    "open": OPEN_WEIGHT,
    "alone": REWARD_ONLY,
}


@pytest.fixture(scope="session", name="templates")
def _templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Template]]:
    """The template of every stack, synthesised under cdk-nag: a finding fails them all."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        app = App(outdir=str(tmp_path_factory.mktemp("cdk.out")), context=context)
        stacks = {
            name: RftStack(app, f"Rft-{name}", config=parse_config(tables, root=ROOT))
            for name, tables in STACKS.items()
        }
        check(app)
        app.synth()
        yield {name: Template.from_stack(stack) for name, stack in stacks.items()}


@pytest.fixture(name="nova")
def _nova(templates: dict[str, Template]) -> Template:
    return templates["nova"]


@pytest.fixture(name="everything")
def _everything(templates: dict[str, Template]) -> Template:
    return templates["everything"]


@pytest.fixture(name="open_weight")
def _open_weight(templates: dict[str, Template]) -> Template:
    return templates["open"]


@pytest.fixture(name="alone")
def _alone(templates: dict[str, Template]) -> Template:
    return templates["alone"]
