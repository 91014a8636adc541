"""The rollouts of one prompt are compared with each other, wherever they stand."""

import gzip
import io
import json
import random
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import Message, Rubric, Sample, group_scorer, scorer, use
from rewards.core.errors import UnscoredError
from rewards.rubric.spec import NormalizeSpec
from rewards.scorers import diversity
from rewards.workbench.rollouts.files.resume import Progress
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.grouping import Groups, figures, group_records
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.run import Stream, looked_at, run
from rewards.workbench.rollouts.scoring import Scoring
from tests.workbench.conftest import Run, printed, wire_row, write_lines


@scorer
def undecided(sample: Sample) -> bool:
    """Right or wrong by the last letter; nobody knows where there are two words."""
    if sample.completion.startswith("a b"):
        raise UnscoredError("two words")
    return sample.completion.endswith("a")


@group_scorer
def share(samples: Sequence[Sample]) -> list[float]:
    """Of how many one is one."""
    return [1 / len(samples)] * len(samples)


NORMALIZED = NormalizeSpec(by="group")
RUBRICS = {
    "diversity": Rubric("r", [use(diversity.distinct, n=1)]),
    "neutral": Rubric("r", [use(undecided).placed(on_error="neutral")]),
    "normalize": Rubric("r", [use(undecided)], normalize=NORMALIZED),
    "nothing but zero variance": Rubric("r", [use(undecided)]),
    "all of it": Rubric(
        "r",
        [use(diversity.distinct, n=1), use(undecided).placed(on_error="neutral"), use(share)],
        normalize=NORMALIZED,
    ),
}


def scored(rubric: Rubric, data: bytes, folder: Path) -> tuple[list[dict[str, Any]], Any]:
    """The results and the summary of rows in a file."""
    path = folder / "rows.jsonl"
    path.write_bytes(data)
    scoring, progress, written = Scoring(rubric, Keys()), Progress(), io.BytesIO()
    with (
        opened(str(path)) as source,
        closing(looked_at(source, scoring)) as rollouts,
        closing(Stream(written.write, rollouts.reorder)) as output,
    ):
        groups = run(rollouts, scoring, 1, output, progress)
    return printed(written.getvalue().decode()), progress.tally.document(rubric, groups)


def as_lines(rows: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


rollouts = st.lists(
    st.tuples(
        st.sampled_from(["p", "q", "r", "", None]), st.sampled_from(["a", "b", "a b", "a b c"])
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("name", RUBRICS)
@given(found=rollouts, order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_nothing_to_their_rewards(
    tmp_path_factory: pytest.TempPathFactory, name: str, found: Any, order: random.Random
) -> None:
    """Law: any shuffle gives every row the same result and the run the same figures.

    The results stand in the order of the rows.
    """
    rows = [
        {"id": f"r{n}", "prompt": prompt, "completion": completion}
        for n, (prompt, completion) in enumerate([*found, ("p", "a"), ("q", "b")])
    ]
    shuffled = order.sample(rows, len(rows))
    folder = tmp_path_factory.mktemp("law")

    results, figures = scored(RUBRICS[name], as_lines(rows), folder)
    others, same = scored(RUBRICS[name], as_lines(shuffled), folder)

    assert [result["id"] for result in results] == [row["id"] for row in rows]
    assert [result["id"] for result in others] == [row["id"] for row in shuffled]
    assert {r["id"]: r for r in results} == {r["id"]: r for r in others}
    assert figures == same


@pytest.fixture
def shares(tmp_path: Path) -> Path:
    """A rubric that pays one over the size of the group."""
    (tmp_path / "grouped.py").write_text(
        "import collections.abc\n"
        "from rewards import Sample, group_scorer\n\n"
        "@group_scorer\n"
        "def share(samples: collections.abc.Sequence[Sample]) -> list[float]:\n"
        "    return [1 / len(samples)] * len(samples)\n"
    )
    path = tmp_path / "grouped.toml"
    path.write_text('name = "grouped"\n[[component]]\nscorer = "grouped:share"\n')
    return path


def scattered(count: int) -> list[dict[str, Any]]:
    """Rows of ten prompts in turn, so that no two rows of one prompt are neighbours."""
    return [wire_row("x", prompt=f"p{n % 10}", id=n) for n in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("way", ["file", "gz", "pipe", "gz pipe"])
def test_groups_are_brought_together_from_anywhere(
    process: Run, tmp_path: Path, shares: Path, way: str, workers: int
) -> None:
    """Files, gzip and pipes, across tasks and workers: groups of 90 are seen whole, in order."""
    data = as_lines([{**row, "filling": "x" * 2_000} for row in scattered(900)])
    given_data = gzip.compress(data) if "gz" in way else data
    (tmp_path / "rows").write_bytes(given_data)
    file, stdin = ("-", given_data) if "pipe" in way else ("rows", b"")

    result = process("score", file, "--rubric", shares, "--workers", workers, stdin=stdin)

    found = printed(result.stdout)
    assert [line["id"] for line in found] == list(range(900))
    assert {line["aggregate_reward_score"] for line in found} == {1 / 90}


def test_scattered_groups_resume_to_the_same_bytes(
    process: Run, tmp_path: Path, shares: Path
) -> None:
    """Where results wait for their order, an interruption costs nothing, for F and for F.gz."""
    scorer = (tmp_path / "grouped.py").read_text()
    stops = "    import os, pathlib, signal\n    flag = pathlib.Path('stopped')\n"
    stops += "    if samples[0].id == '5' and not flag.exists():\n"
    stops += "        flag.touch()\n        os.kill(os.getpid(), signal.SIGKILL)\n"
    write_lines(tmp_path / "rows", [{**row, "filling": "x" * 9_000} for row in scattered(400)])
    for name in ("out.jsonl", "out.jsonl.gz"):
        command = ("score", "rows", "--rubric", shares, "--workers", 1, "--out", name)
        head, _, body = scorer.partition("    return")
        (tmp_path / "grouped.py").write_text(f"{head}{stops}    return{body}")
        assert process(*command).code == -9
        assert not (tmp_path / name).exists()
        assert process(*command, "--resume").code == 0
        found = (tmp_path / name).read_bytes()
        assert process(*command, "--overwrite").code == 0

        assert (tmp_path / name).read_bytes() == found
        assert not list(tmp_path.glob("*.partial"))
        (tmp_path / "stopped").unlink()


def test_group_key_says_what_a_group_is(process: Run, tmp_path: Path, shares: Path) -> None:
    """--group-key takes the place of the rubric's group_by, for plain rows and wire rows."""
    data = [{"prompt": "same", "completion": "x", "problem": i % 4} for i in range(20)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = process("score", path, "--rubric", shares, "--group-key", "problem", "--json")

    assert result.json["reward"]["mean"] == pytest.approx(0.2)
    assert result.json["groups"] == {
        "count": 4,
        "compared": 4,
        "zero_variance": 4,
        "zero_variance_share": 1.0,
    }


def test_malformed_and_giant_lines_keep_their_places(
    process: Run, tmp_path: Path, shares: Path
) -> None:
    """What is in no group is scored by itself, and comes out where it went in."""
    rows: list[Any] = scattered(40)
    rows[7], rows[21], rows[30] = "{", '"' + "x" * 7_000_000 + '"', {"completion": "y", "id": 30}
    path = write_lines(tmp_path / "rows.jsonl", rows)

    found = printed(process("score", path, "--rubric", shares).stdout)

    assert [line.get("id") for line in found] == [None if n in (7, 21) else n for n in range(40)]
    assert [line["line"] for line in found if "line" in line] == [8, 22]
    assert found[30]["aggregate_reward_score"] == 1.0
    assert found[10]["aggregate_reward_score"] == 1 / 3
    assert found[9]["aggregate_reward_score"] == 1 / 4


# What is said where there is nothing to compare


def test_a_rubric_that_compares_needs_something_to_compare(
    process: Run, tmp_path: Path, shares: Path
) -> None:
    """Without a prompt no row has a sibling: nothing is scored, and the options are named."""
    path = write_lines(tmp_path / "rows.jsonl", [{"completion": "x"}] * 9)

    result = process("score", path, "--rubric", shares, "--out", "out")

    assert (result.code, len(result.stderr.splitlines())) == (1, 1)
    assert 'component "share" of rubric grouped needs rollouts that share a prompt' in result.stderr
    assert "--prompt-key" in result.stderr
    assert "--group-key" in result.stderr
    assert not (tmp_path / "out").exists()


def test_rollouts_without_siblings_are_said(process: Run, tmp_path: Path, shares: Path) -> None:
    """One rollout a prompt can be scored, but whoever wants to compare is told that it cannot."""
    data = [{"prompt": f"q{n}", "completion": "x"} for n in range(9)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = process("score", path, "--rubric", shares)

    assert result.code == 0
    assert "no two rows of" in result.stderr


def test_groups_that_are_cut_are_said(rewards: Run, tmp_path: Path) -> None:
    """A group beyond 1,024 rows is compared in pieces; the summary does not hide it."""
    rubric = tmp_path / "d.toml"
    rubric.write_text('name = "d"\n[[component]]\nscorer = "diversity.distinct"\n')
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("x", prompt="p") for _ in range(1025)])

    result = rewards("score", path, "--rubric", rubric, "--out", "out")

    assert result.code == 0
    assert "too long to be scored together were cut: 1 " in result.stderr


# Zero variance


@given(rollouts)
def test_groups_are_counted_as_by_hand(found: Any) -> None:
    """Count, compared, and zero variance agree with a table of all groups in memory."""
    samples = [
        Sample(str(n), text, (Message("user", prompt),) if prompt is not None else ())
        for n, (prompt, text) in enumerate(found)
    ]
    rubric = RUBRICS["nothing but zero variance"]
    rewards = rubric.score_batch(samples)
    records = [group_records([s], [r], "prompt") for s, r in zip(samples, rewards, strict=True)]

    table: dict[str, list[float]] = {}
    for (prompt, _), reward in zip(found, rewards, strict=True):
        if prompt:
            table.setdefault(prompt, []).append(reward.value)
    compared = [values for values in table.values() if len(values) > 1]
    expected = Groups(len(table), len(compared), sum(len(set(values)) == 1 for values in compared))
    assert figures(io.BytesIO(b"".join(records))) == expected
