"""`rewards rehearse`: go, filter, no go, from answers that a base model gave."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.conftest import Run

Rows = Callable[[Callable[[int, random.Random], float]], Path]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """A file of 100 prompts x 4 answers whose rewards a function gives."""

    def write(reward: Callable[[int, random.Random], float]) -> Path:
        draw = random.Random(7)
        path = tmp_path / "answers.jsonl"
        path.write_text(
            "".join(
                json.dumps({"prompt": f"p{n}", "completion": f"c{k}", "reward": reward(n, draw)})
                + "\n"
                for n in range(100)
                for k in range(4)
            )
        )
        return path

    return write


def bernoulli(rate: float) -> Callable[[int, random.Random], float]:
    return lambda n, draw: float(draw.random() < rate)


@pytest.mark.parametrize(
    ("reward", "verdict", "reason"),
    [
        (bernoulli(0.6), "go", ""),
        (bernoulli(0.8), "filter", "drop what is always solved"),
        (bernoulli(0.96), "no_go", "nothing left to learn"),
        (bernoulli(0.2), "filter", "may diverge"),
        (lambda n, draw: float(n < 60), "no_go", "would give no gradient"),
        (lambda n, draw: 0.0, "no_go", "all answers earn the same"),
    ],
)
def test_the_verdict_follows_the_share_that_fails_and_the_dead_groups(
    rewards: Run,
    rows: Rows,
    reward: Callable[[int, random.Random], float],
    verdict: str,
    reason: str,
) -> None:
    """By the bands that rehearsal.py names with their sources; 1 is the exit code of no go."""
    result = rewards("rehearse", str(rows(reward)), "--reward-key", "reward", "--json")
    document = json.loads(result.stdout)

    assert document["verdict"] == verdict
    assert any(reason in said for said in document["reasons"]) or not reason
    assert result.code == (verdict == "no_go")


def test_the_document_is_what_was_promised(rewards: Run, rows: Rows) -> None:
    """The keys of --json are an interface; dropped prompts are listed, never left out silently."""
    path = rows(lambda n, draw: 1.0 if n < 10 else float(draw.random() < 0.5))
    document = json.loads(rewards("rehearse", str(path), "--reward-key", "reward", "--json").stdout)

    assert {"verdict", "reasons", "groups", "dead_share", "pass_rate"} <= set(document)
    assert set(document["dead_share"]) == {"at", "estimate", "low", "high"}
    assert set(document["pass_rate"]) == {"never", "always", "mixed"}
    assert document["groups"] == 100
    assert {f"p{n}" for n in range(10)} <= set(document["drop"])


def test_a_rubric_scores_the_answers_and_says_which_component_moves_them(
    rewards: Run, tmp_path: Path
) -> None:
    """With the bundled rubric, on rows as `rewards score` takes them."""
    draw = random.Random(2)
    lines: list[dict[str, Any]] = [
        {
            "prompt": f"p{n}",
            "completion": f"#### {n + (draw.random() < 0.5)}",
            "reference_answer": str(n),
        }
        for n in range(20)
        for _ in range(4)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = rewards("rehearse", str(tmp_path / "a.jsonl"), "--rubric", "gsm8k", "--json")
    document = json.loads(result.stdout)

    assert (result.code, document["groups"], document["unscored"]) == (0, 20, 0)
    assert document["components"]["correct"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "give either --rubric"),
        (("--reward-key", "score"), 'no row has a number in "score"'),
        (("--reward-key", "reward", "--group-key", "puzzle"), "the field that --group-key names"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(
    rewards: Run, rows: Rows, options: tuple[str, ...], says: str
) -> None:
    """Exit code 2, and what to do."""
    result = rewards("rehearse", str(rows(bernoulli(0.5))), *options)

    assert result.code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
