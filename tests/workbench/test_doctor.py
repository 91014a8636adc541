"""`rewards doctor`: curves in, a verdict out."""

import gzip
import json
from pathlib import Path

import pytest

from rewards.rubric import Rubric
from rewards.rubric.spec import find_rubric, load_spec
from tests.curves.runs import rising, run
from tests.workbench.conftest import Run


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    rows = run(train_reward=rising, component_correct=rising).rows()
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "run.jsonl"


@pytest.fixture
def hacked(tmp_path: Path) -> Path:
    rows = run(train_reward=rising, component_correct=lambda _: 0.3).rows()
    with gzip.open(tmp_path / "hacked.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return tmp_path / "hacked.jsonl.gz"


def test_a_healthy_run_exits_with_0(rewards: Run, healthy: Path) -> None:
    """And says which component it took for the goal, and how."""
    result = rewards("doctor", str(healthy))

    assert result.code == 0
    assert "learning: it learns (100% of the looks" in result.stdout
    assert "goal: correct, guessed by its name" in result.stdout


def test_a_hacked_run_exits_with_1_and_the_document_is_what_was_promised(
    rewards: Run, hacked: Path
) -> None:
    """The keys of --json are an interface."""
    result = rewards("doctor", str(hacked), "--json")
    document = json.loads(result.stdout)

    assert result.code == 1
    assert set(document) == {"verdict", "confidence", "goal", "goal_is", "findings"}
    assert document["verdict"] == "hacked"
    assert [finding["code"] for finding in document["findings"]] == ["goal_flat"]
    assert set(document["findings"][0]) == {"code", "from_step", "to_step", "evidence", "advice"}


def test_the_rubric_names_the_goal_and_an_option_overrides_it(
    rewards: Run, healthy: Path, tmp_path: Path
) -> None:
    """`goal` in the rubric; else its weightiest component that judges no form."""
    text = find_rubric("gsm8k").read_text()
    (tmp_path / "named.toml").write_text(f'goal = "correct"\n{text}')

    bundled = rewards("doctor", str(healthy), "--rubric", "gsm8k").stdout
    named = rewards("doctor", str(healthy), "--rubric", str(tmp_path / "named.toml")).stdout

    assert "goal: correct, the rubric's weightiest that judges no form" in bundled
    assert "goal: correct, named by the rubric" in named
    assert 'component "other"' in rewards("doctor", str(healthy), "--goal", "other").stderr


def test_what_is_no_curve_is_one_sentence(rewards: Run, tmp_path: Path) -> None:
    """Which file, and what could have been read."""
    (tmp_path / "notes.txt").write_text("reward went up, I think")
    result = rewards("doctor", str(tmp_path / "notes.txt"))

    assert result.code == 2
    assert "no curve is in it; what is read: JSON lines" in result.stderr


def test_the_normal_form_is_exported(rewards: Run, hacked: Path, tmp_path: Path) -> None:
    """As JSON lines that give the same verdict."""
    out = tmp_path / "normal.jsonl"
    rewards("doctor", str(hacked), "--export", str(out))

    assert rewards("doctor", str(out), "--json").stdout == (
        rewards("doctor", str(hacked), "--json").stdout
    )


def test_a_goal_that_no_component_has_is_refused_when_the_rubric_loads(tmp_path: Path) -> None:
    """With the nearest name; a named goal survives the round trip."""
    text = find_rubric("gsm8k").read_text()
    (tmp_path / "wrong.toml").write_text(f'goal = "corect"\n{text}')
    (tmp_path / "named.toml").write_text(f'goal = "correct"\n{text}')

    with pytest.raises(Exception, match='there is no component "corect"; did you mean "correct"'):
        load_spec(tmp_path / "wrong.toml")
    named = Rubric.load(tmp_path / "named.toml")
    assert Rubric.from_spec(named.to_spec()).to_spec() == named.to_spec()
    assert named.spec.aim() == load_spec("gsm8k").aim() == "correct"
