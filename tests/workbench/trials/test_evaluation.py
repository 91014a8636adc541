"""`rewards job evaluate`: whether a tuned model is better, and how sure that is."""

from pathlib import Path

import pytest

from tests.workbench.conftest import EXACT, Run, wire_row, write_lines


def answers(path: Path, right: list[int], *, of: int = 2) -> Path:
    """A file with `of` answers to each prompt, the first `right[i]` of them right."""
    rows = [
        wire_row(
            "72" if place < count else "71", prompt=f"question {prompt}", id=f"{prompt}-{place}"
        )
        for prompt, count in enumerate(right)
        for place in range(of)
    ]
    return write_lines(path, rows)


@pytest.mark.parametrize(
    ("base", "tuned", "verdict", "code"),
    [
        ([0] * 30, [1] * 30, "better", 0),
        ([1] * 30, [0] * 30, "worse", 1),
        ([1] * 30, [0, 2] * 15, "no difference shown", 1),
        ([0] * 19, [2] * 19, "too few prompts", 1),
    ],
)
def test_the_verdict_is_what_the_interval_says(
    rewards: Run,
    tmp_path: Path,
    exact: Path,
    base: list[int],
    tuned: list[int],
    verdict: str,
    code: int,
) -> None:
    """Better only where the whole interval is above 0, and from enough prompts."""
    files = answers(tmp_path / "base.jsonl", base), answers(tmp_path / "tuned.jsonl", tuned)

    result = rewards("job", "evaluate", *files, "--rubric", exact, "--json")

    assert (result.code, result.json["verdict"]) == (code, verdict)
    difference = result.json["difference"]
    assert difference["low"] <= difference["estimate"] <= difference["high"]
    assert result.json["tuned"] - result.json["base"] == pytest.approx(difference["estimate"])


def test_the_pairing_takes_out_how_hard_the_prompts_are(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """One more right answer of each prompt is a difference without any spread."""
    base = answers(tmp_path / "base.jsonl", [i % 2 for i in range(40)])
    tuned = answers(tmp_path / "tuned.jsonl", [i % 2 + 1 for i in range(40)])

    result = rewards("job", "evaluate", base, tuned, "--rubric", exact, "--json")

    assert result.json["difference"] == {"estimate": 0.5, "low": 0.5, "high": 0.5}


def test_the_same_files_give_the_same_interval(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """The bootstrap is seeded; the table says what the document says."""
    base = answers(tmp_path / "base.jsonl", [0, 1, 2] * 10)
    tuned = answers(tmp_path / "tuned.jsonl", [2, 1, 1] * 10)
    first = rewards("job", "evaluate", base, tuned, "--rubric", exact)

    assert first.stdout == rewards("job", "evaluate", base, tuned, "--rubric", exact).stdout
    assert "95 %" in first.stdout


def test_prompts_that_only_one_model_answered_are_left_out_and_counted(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """They would compare the rows, not the models."""
    base = answers(tmp_path / "base.jsonl", [1] * 30)
    tuned = answers(tmp_path / "tuned.jsonl", [1] * 25)

    result = rewards("job", "evaluate", base, tuned, "--rubric", exact, "--json")

    assert (result.json["prompts"], result.json["unpaired"]) == (25, 5)
    assert result.json["difference"]["estimate"] == 0.0


def test_files_of_other_prompts_are_refused(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """One sentence, exit code 2."""
    base = answers(tmp_path / "base.jsonl", [1])
    tuned = write_lines(tmp_path / "tuned.jsonl", [wire_row("72", prompt="another")])

    result = rewards("job", "evaluate", base, tuned, "--rubric", exact)

    assert result.code == 2
    assert "the same held-out rows" in result.stderr


def test_rewards_that_a_batch_normalizes_are_refused(rewards: Run, tmp_path: Path) -> None:
    """They are about 0 for any model."""
    rubric = tmp_path / "normal.toml"
    rubric.write_text(f'{EXACT}\n[normalize]\nby = "batch"\n')
    file = answers(tmp_path / "base.jsonl", [1] * 30)

    result = rewards("job", "evaluate", file, file, "--rubric", rubric)

    assert result.code == 2
    assert "[normalize]" in result.stderr
