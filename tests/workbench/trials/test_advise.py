"""`rewards advise`: hyperparameters within the service's bounds, with who says otherwise."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from rewards.job.targets import NOVA, checked_hyperparameters
from tests.workbench.conftest import Run, write_lines

RFT = """# My job.
name = "maths"   # kept
target = "nova"

[job]
base_model = "amazon.nova-2-lite-v1:0:256k"

[job.hyperparameters]
epochCount = 2 # for now
reasoningEffort = "low"
"""


def train(folder: Path, count: int, **longer: str) -> Path:
    rows = [
        {
            "messages": [{"role": "user", "content": longer.get(f"row{n}", f"What is {n} + 1?")}],
            "reference_answer": f"#### {n + 1}",
        }
        for n in range(count)
    ]
    path = folder / "train.jsonl"
    write_lines(path, rows)
    return path


def advice(rewards: Run, *more: object) -> Any:
    return rewards("advise", "train.jsonl", "--rubric", "gsm8k", "--json", *more).json


def settings(document: Any) -> dict[str, Any]:
    return {setting["name"]: setting["value"] for setting in document["settings"]}


@pytest.mark.parametrize("count", [1, 100, 300, 999, 1_000, 3_000])
def test_every_setting_is_in_the_services_bounds(rewards: Run, tmp_path: Path, count: int) -> None:
    """Whatever the size of the set; each names a source, and nothing contradicts itself."""
    train(tmp_path, count)
    document = advice(rewards)
    given = settings(document)
    assert given.pop("early stopping") == "on"

    assert checked_hyperparameters(NOVA, given) == given
    for setting in document["settings"]:
        assert list(setting) == ["name", "value", "why", "agree", "differ", "bounds"]
        assert setting["agree"] or setting["differ"]
        assert not set(setting["agree"]) & set(setting["differ"])
    plan = document["plan"]
    assert plan["steps_an_epoch"] == -(-count // given["batchSize"])
    assert plan["steps"] == plan["steps_an_epoch"] * given["epochCount"]
    assert plan["training_calls"] == count * given["epochCount"] * given["trainingSamplePerPrompt"]


def test_the_learning_rate_names_all_that_contradict_it(rewards: Run, tmp_path: Path) -> None:
    """A factor of a thousand between two pages of one company."""
    train(tmp_path, 10)
    (rate,) = [s for s in advice(rewards)["settings"] if s["name"] == "learningRate"]

    assert rate["value"] == 1e-4
    assert any("1e-7" in source for source in rate["differ"])
    assert any("5e-5" in source for source in rate["differ"])


def test_outliers_are_left_out_and_counted(rewards: Run, tmp_path: Path) -> None:
    """One endless prompt in three hundred does not set the length of all."""
    train(tmp_path, 300, row7="a novel " * 5_000)
    document = advice(rewards)

    assert settings(document)["maxPromptLength"] < 200
    assert (document["plan"]["rows"], document["plan"]["dropped"]) == (299, 1)


def test_sampled_answers_choose_the_samples_a_prompt(rewards: Run, tmp_path: Path) -> None:
    """Solved half of the time: four are enough; once in ten, eight; once in twenty, sixteen."""
    train(tmp_path, 300)
    for every, size in [(2, 4), (10, 8), (20, 16)]:
        rows = [
            {
                "prompt": f"What is {n} + 1?",
                "completion": f"#### {n + 1 if (n * 7 + k) % every == 0 else 'none'}",
                "reference_answer": n + 1,
            }
            for n in range(50)
            for k in range(20)
        ]
        write_lines(tmp_path / "answers.jsonl", rows)
        document = advice(rewards, "--rollouts", "answers.jsonl")
        assert settings(document)["trainingSamplePerPrompt"] == size
        assert sorted(document["dead_share"]) == ["16", "4", "8"]
        useful = document["plan"]["useful_groups_a_step"]
        dead = document["dead_share"][str(size)]
        assert useful == pytest.approx(settings(document)["batchSize"] * (1 - dead), abs=0.01)


def test_money_and_time_are_told_only_where_they_are_known(rewards: Run, tmp_path: Path) -> None:
    """Calls times what a call costs; nothing is made up."""
    train(tmp_path, 100)
    plan = advice(rewards)["plan"]
    assert (plan["grader_money"], plan["grader_hours"]) == (None, None)
    told = advice(rewards, "--call-cost", 0.01, "--call-seconds", 36, "--concurrency", 1)["plan"]
    assert told["grader_money"] == pytest.approx(told["training_calls"] * 0.01)
    assert told["grader_hours"] == pytest.approx(told["training_calls"] / 100)


def test_settings_go_into_the_file_and_nothing_else_changes(rewards: Run, tmp_path: Path) -> None:
    """Comments, order, other keys; a second time there is nothing to do."""
    train(tmp_path, 100)
    path = tmp_path / "rft.toml"
    path.write_text(RFT)
    document = advice(rewards, "--write", "rft.toml", "--yes")
    text = path.read_text()
    tables = tomllib.loads(text)

    expected = settings(document)
    del expected["early stopping"]
    assert tables["job"].pop("hyperparameters") == {"reasoningEffort": "low", **expected}
    before = tomllib.loads(RFT)
    del before["job"]["hyperparameters"]
    assert tables == before
    assert "# My job." in text
    assert 'name = "maths"   # kept' in text
    assert "# for now" in text
    again = rewards("advise", "train.jsonl", "--rubric", "gsm8k", "--write", "rft.toml")
    assert "has these settings already" in again.stderr
    assert path.read_text() == text


def test_nothing_is_written_without_a_yes(rewards: Run, tmp_path: Path) -> None:
    """It asks, on stderr; no answer is no."""
    train(tmp_path, 100)
    (tmp_path / "rft.toml").write_text(RFT)
    result = rewards("advise", "train.jsonl", "--rubric", "gsm8k", "--write", "rft.toml")

    assert result.code != 0
    assert "Write them?" in result.stderr
    assert (tmp_path / "rft.toml").read_text() == RFT


def test_a_target_gets_what_it_takes_in_its_own_spelling(rewards: Run, tmp_path: Path) -> None:
    """The OpenAI-compatible API knows two of the settings."""
    train(tmp_path, 100)
    path = tmp_path / "rft.toml"
    path.write_text(f"{RFT.partition('[job.hyper')[0]}".replace('"nova"', '"open-weight"'))
    document = advice(rewards, "--write", "rft.toml", "--yes")

    expected = settings(document)
    assert tomllib.loads(path.read_text())["job"]["hyperparameters"] == {
        "n_epochs": expected["epochCount"],
        "batch_size": expected["batchSize"],
    }


@pytest.mark.parametrize(
    "text", ["= 1", 'target = "elsewhere"\n', "job = 3\n", 'target = ["nova"]\n']
)
def test_a_file_that_cannot_be_changed_is_one_line(rewards: Run, tmp_path: Path, text: str) -> None:
    """And stays as it was."""
    train(tmp_path, 100)
    (tmp_path / "rft.toml").write_text(text)
    asked = ("advise", "train.jsonl", "--rubric", "gsm8k", "--write", "rft.toml", "--yes")
    result = rewards(*asked)

    assert result.code == 2
    assert result.stderr.startswith("rewards: rft.toml: ")
    assert (tmp_path / "rft.toml").read_text() == text


def test_rows_without_a_prompt_are_no_advice(rewards: Run, tmp_path: Path) -> None:
    """One line, and where to ask why."""
    (tmp_path / "train.jsonl").write_text(json.dumps({"messages": []}) + "\n")
    result = rewards("advise", "train.jsonl", "--rubric", "gsm8k")

    assert (result.code, result.stdout) == (2, "")
    assert "rewards dataset check says why" in result.stderr
