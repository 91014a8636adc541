"""What a start says that a run will take."""

from pathlib import Path
from typing import Any

import pytest

from rewards.job.config import parse_config
from rewards.workbench.forecast import INSTRUCTIONS, VERDICT, forecast
from tests.job.conftest import NOVA_TABLES, OPEN_WEIGHT_TABLES, SOUND, changed

JUDGED = """
name = "judged"
[[component]]
name = "sound"
scorer = "judge.grade"
[component.params]
model = "amazon.nova-lite-v1:0"
prompt = "reasoning"
asking = { price = { input = 1.0, output = 10.0 } }
"""


def config(tmp_path: Path, tables: dict[str, Any], rubric: str = "") -> Any:
    (tmp_path / "train.jsonl").write_bytes(SOUND)
    tables = changed(tables, "data.train", "train.jsonl")
    if rubric:
        (tmp_path / "judged.toml").write_text(rubric, encoding="utf-8")
        tables = changed(tables, "reward.rubric", "judged.toml")
    return parse_config(tables, root=tmp_path)


def test_rollouts_and_steps_are_multiplied_out(tmp_path: Path) -> None:
    """100 rows, twice, 4 each; 64 prompts a step make two steps an epoch."""
    given = {"epochCount": 2, "batchSize": 64, "trainingSamplePerPrompt": 4}
    found = forecast(config(tmp_path, NOVA_TABLES), given)
    assert (found.rollouts, found.steps, found.judge_calls) == (800, 4, 0)
    lines = list(found.lines())
    assert lines[:2] == [
        "100 rows x 2 epochs x 4 samples = 800 rollouts",
        "ceil(100 / 64) x 2 = 4 steps",
    ]
    assert "price page" in lines[-1]
    assert len(lines) == 3


def test_a_judge_costs_calls_time_and_money(tmp_path: Path) -> None:
    """By the rubric's own price table, a million tokens at a time."""
    given = {"epochCount": 1, "trainingSamplePerPrompt": 8, "inferenceMaxTokens": 1000}
    found = forecast(config(tmp_path, NOVA_TABLES, JUDGED), given)
    prompt = found.judge_tokens[0] - INSTRUCTIONS - 1000
    assert prompt == len(SOUND) // 100 // 4
    assert (found.judge_calls, found.judge_tokens[1]) == (800, VERDICT)
    each = (found.judge_tokens[0] * 1.0 + VERDICT * 10.0) / 1e6
    assert found.money == pytest.approx(800 * each)
    assert found.judge_seconds == 800 * 3 / 160
    assert any(f"about {found.money:,.2f}" in line for line in found.lines())


def test_without_a_price_there_is_no_money(tmp_path: Path) -> None:
    """A number that nobody gave is not made up."""
    rubric = JUDGED.replace("asking = { price = { input = 1.0, output = 10.0 } }\n", "")
    found = forecast(config(tmp_path, NOVA_TABLES, rubric), {})
    assert found.money is None
    assert any("give the judge a price table" in line for line in found.lines())


@pytest.mark.parametrize("tables", [NOVA_TABLES, OPEN_WEIGHT_TABLES])
def test_what_is_in_s3_is_not_counted(tables: dict[str, Any]) -> None:
    """The formula stays, with words for what is not known."""
    found = forecast(parse_config(tables), {"n_epochs": 3} if "target" in tables else {})
    assert (found.rows, found.rollouts, found.steps, found.money) == (None, None, None, None)
    first = next(iter(found.lines()))
    assert first.startswith("rows x ")
    assert first.endswith(" = rollouts")
