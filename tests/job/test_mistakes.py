"""Mistaken configurations, each with the one message that it gets before anything is deployed.

Those that an operator tried on the first version (operations.md), and their siblings. What only the
account can tell is listed in docs/deploy.md, and not here.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewards.job.config import load_config
from rewards.job.datasets.whole import check_files, errors_of
from rewards.workbench.cli import app
from tests.job.conftest import SOUND, changed

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "cases" / "job_configs.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]

TABLES: dict[str, Any] = {
    "name": "maths",
    "reward": {"rubric": "gsm8k"},
    "data": {"train": "train.jsonl"},
    "job": {
        "base_model": "amazon.nova-2-lite-v1:0:256k",
        "hyperparameters": {"epochCount": 2},
    },
}

ASKED = {"role": "user", "content": "1 + 1?"}

#: One row that is wrong, before the fifth.
ROWS: dict[str, str] = {
    "broken": "{]",
    "no_messages": '{"reference_answer": "2"}',
    "empty_messages": '{"messages": [], "reference_answer": "2"}',
    "no_reference": json.dumps({"messages": [ASKED]}),
    "unreadable": json.dumps({"messages": [ASKED], "reference_answer": "a lot"}),
    "list": "[1, 2]",
    "answered": json.dumps(
        {"messages": [ASKED, {"role": "assistant", "content": "2"}], "reference_answer": "2"}
    ),
}


def dataset(kind: str) -> bytes:
    """A dataset with one thing wrong, or none."""
    rows = SOUND.decode().splitlines()
    if kind in ROWS:
        rows.insert(4, ROWS[kind])
    return "".join(f"{row}\n" for row in (rows[:60] if kind == "few" else rows)).encode()


def toml(tables: dict[str, Any], path: str = "") -> str:
    """Tables as TOML; JSON's scalars and lists are TOML's."""
    values = [f"{k} = {json.dumps(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    inner = [toml(v, f"{path}{k}.") for k, v in tables.items() if isinstance(v, dict)]
    head = [f"[{path[:-1]}]"] if path else []
    return "\n".join([*head, *values, *inner, ""])


@pytest.fixture(name="written")
def _written(write_config: Callable[[str], Path]) -> Callable[[dict[str, Any]], Path]:
    """The configuration of a case, and its dataset beside it."""

    def write(case: dict[str, Any]) -> Path:
        tables = TABLES
        for dotted, value in case.get("change", {}).items():
            tables = changed(tables, dotted, value)
        path = write_config(case.get("text") or toml(tables))
        path.with_name("train.jsonl").write_bytes(dataset(case.get("data", "")))
        path.with_name("data").mkdir()
        return path

    return write


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_mistake_gets_one_clear_message(
    case: dict[str, Any],
    written: Callable[[dict[str, Any]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By `rewards job render`, or for what is in a dataset by the check at synth; no traceback."""
    path = written(case)
    monkeypatch.chdir(path.parent)
    if case["where"] == "synth":
        (said,) = errors_of(check_files(load_config(path))).splitlines()
    else:
        options = [word for given in case.get("set", ()) for word in ("--set", given)]
        done = CliRunner().invoke(app, ["job", "render", *options], prog_name="rewards")
        assert done.exit_code == (0 if case["where"] == "warning" else 2)
        assert "Traceback" not in done.stderr
        (said,) = done.stderr.splitlines()
    assert case["expected"] in said


def test_without_a_mistake_nothing_is_said(
    written: Callable[[dict[str, Any]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that each case above is about its own mistake."""
    path = written({})
    monkeypatch.chdir(path.parent)
    done = CliRunner().invoke(app, ["job", "render"], prog_name="rewards")
    assert (done.exit_code, done.stderr) == (0, "")
    assert errors_of(check_files(load_config(path))) == ""


def test_every_configuration_that_was_tried_is_here() -> None:
    """Forty-one of an operator's day, and the flaws of its dataset."""
    tried = [case for case in CASES if "section 5" in case["source"]]
    assert len(tried) >= 41
    assert len({case["name"] for case in CASES}) == len(CASES)
