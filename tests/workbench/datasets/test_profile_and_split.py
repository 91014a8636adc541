"""`rewards dataset profile` and `split`: what is in rows, and which of them validate."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rewards.job.datasets.findings import KINDS
from tests.workbench.conftest import ROOT, Run
from tests.workbench.datasets.test_check_command import TEMPLATE, codes, prompts, row, sound, write


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_the_profile_is_what_the_docs_promise(rewards: Run, tmp_path: Path) -> None:
    """Every key, and figures that can be counted by hand."""
    rows = [row("one two", "yes", topic="a"), row("one two", "yes", topic="b"), row("Сколько?", 7)]
    write(tmp_path / "d.jsonl", [*rows, "{]"])
    found = rewards("dataset", "profile", "d.jsonl", "--json").json

    assert (found["rows"], found["unreadable"], found["distinct_prompts"]) == (4, 1, 2)
    assert found["roles"] == {"user": 3}
    assert found["turns"] == {"1": 3}
    assert found["references"] == {"text": 2, "a number": 1}
    assert found["answers"] == [{"answer": "yes", "rows": 2}]
    assert found["scripts"] == {"Latin": 2, "Cyrillic": 1}
    assert found["topics"] == {"topic": {"a": 1, "b": 1}}
    assert list(found["prompt_tokens"]) == ["least", "p5", "median", "p95", "p99", "most", "mean"]
    assert "most common of 2 answers: yes 2" in rewards("dataset", "profile", "d.jsonl").stdout


def test_a_profile_of_nothing_is_no_error(rewards: Run, tmp_path: Path) -> None:
    """An empty file has no lengths."""
    (tmp_path / "d.jsonl").touch()

    assert rewards("dataset", "profile", "d.jsonl", "--json").json["prompt_tokens"] is None


def test_a_split_has_its_share_and_every_row_once(rewards: Run, tmp_path: Path) -> None:
    """In the order of the file, byte by byte; the same again with the same seed, not another's."""
    path = sound(tmp_path, count=200)
    told = rewards("dataset", "split", path, "--out", "a", "--share", "0.2", "--json").json
    train, validation = lines(tmp_path / "a/train.jsonl"), lines(tmp_path / "a/validation.jsonl")

    assert (told["train"]["rows"], told["validation"]["rows"]) == (160, 40)
    assert told["validation"]["share"] == 0.2
    assert Counter(train + validation) == Counter(lines(path))
    assert [line for line in lines(path) if line in set(validation)] == validation
    rewards("dataset", "split", path, "--out", "b", "--share", "0.2")
    rewards("dataset", "split", path, "--out", "c", "--share", "0.2", "--seed", "1")
    assert lines(tmp_path / "b/validation.jsonl") == validation
    assert lines(tmp_path / "c/validation.jsonl") != validation


def test_what_is_nearly_the_same_stands_on_one_side(rewards: Run, tmp_path: Path) -> None:
    """Fifty prompts, each three times with another word: no leak is found at any seed."""
    given = prompts(50)
    rows = []
    for word in ("first", "second", "third"):
        rows += [row(f"{TEMPLATE} {p} {word}", f"#### {n}") for n, p in enumerate(given)]
    path = write(tmp_path / "d.jsonl", rows)
    for seed in range(3):
        told = rewards("dataset", "split", path, "--out", seed, "--seed", seed, "--json").json
        assert (told["groups"], told["largest_group"]) == (50, 3)
        asked = (f"{seed}/train.jsonl", "--validation", f"{seed}/validation.jsonl", "--json")
        assert "leak" not in codes(rewards("dataset", "check", *asked).json)


def test_nothing_is_overwritten(rewards: Run, tmp_path: Path) -> None:
    """Neither file, where the other one is free."""
    path = sound(tmp_path, "rows.jsonl")
    (tmp_path / "validation.jsonl").write_text("mine")
    result = rewards("dataset", "split", path)

    assert result.code == 2
    assert result.stderr == "rewards: validation.jsonl: is there already; give another --out\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows.jsonl", "validation.jsonl"]


def test_rows_without_a_prompt_are_left_out_and_told(rewards: Run, tmp_path: Path) -> None:
    """They would break the job; the exit code says that there are some."""
    path = sound(tmp_path, "rows.jsonl")
    path.write_text("{]\n" + path.read_text())
    result = rewards("dataset", "split", path, "--json")

    assert (result.code, result.json["unreadable"]) == (1, [1])
    assert "1 row without a prompt left out: row 1" in result.stderr
    assert all(json.loads(line) for line in lines(tmp_path / "train.jsonl"))


def test_one_group_cannot_be_divided(rewards: Run, tmp_path: Path) -> None:
    """All rows are one row."""
    write(tmp_path / "d.jsonl", [row("the same")] * 10)
    result = rewards("dataset", "split", "d.jsonl")

    assert result.code == 2
    assert "10 rows in 1 groups of like ones cannot be divided" in result.stderr


@pytest.mark.parametrize("code", KINDS)
def test_the_docs_explain_every_finding(code: str) -> None:
    """Each code is in the table."""
    table = (ROOT / "docs/dataset.md").read_text(encoding="utf-8")
    assert any(f"`{code}`" in line for line in table.splitlines() if line.startswith("| `"))
