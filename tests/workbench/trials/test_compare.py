"""`rewards compare`: rows that flip, groups that change, against a rubric or labels."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.conftest import Run

ROWS: list[dict[str, Any]] = [
    {"id": "right", "prompt": "p", "completion": "#### 5", "reference_answer": "5", "label": "yes"},
    {"id": "unmarked", "prompt": "p", "completion": "It is 5.", "reference_answer": 5, "label": 1},
    {"id": "wrong", "prompt": "p", "completion": "#### 6", "reference_answer": "5", "label": False},
    {"id": "no gold", "prompt": "q", "completion": "#### 6", "label": "no"},
]
ANY = 'name = "any"\n[[component]]\nname = "correct"\nscorer = "numeric.match"\n'
MARKED = f"{ANY}params = {{ require_marker = true }}\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """A rubric that accepts any place of an answer, one that wants the marker, and rollouts."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "any.toml").write_text(ANY)
    (tmp_path / "marked.toml").write_text(MARKED)
    return str(tmp_path / "any.toml"), str(tmp_path / "marked.toml"), str(rows)


def test_every_row_that_flips_is_shown_with_both_reasons(
    rewards: Run, files: tuple[str, str, str]
) -> None:
    """And the document is what was promised."""
    result = rewards("compare", *files, "--json")
    document = json.loads(result.stdout)
    (flip,) = document["flips"]

    assert result.code == 1
    assert (flip["id"], flip["line"], flip["a"], flip["b"]) == ("unmarked", 2, 1.0, 0.0)
    assert flip["why_a"].startswith("correct 1 (")
    assert flip["why_b"].startswith("correct 0 (")
    assert (document["rows"], document["unscored"], document["changed"]) == (3, 1, 1)
    assert (document["false_positives"], document["false_negatives"]) == (1, 0)
    assert document["components"] == {"correct": pytest.approx(-1 / 3)}


def test_groups_tell_what_a_trainer_sees(rewards: Run, files: tuple[str, str, str]) -> None:
    """One group, with a gradient by both; two of its three pairs change their order."""
    document = json.loads(rewards("compare", *files, "--json").stdout)

    assert document["groups"] == {
        **{"compared": 1, "with_gradient_a": 1, "with_gradient_b": 1, "gained": 0, "lost": 0},
        "reordered": pytest.approx(2 / 3),
    }


def test_a_rubric_is_held_to_labels(rewards: Run, files: tuple[str, str, str]) -> None:
    """Numbers, booleans and words; no flip is exit code 0, a false negative is 1."""
    every, marked, rows = files

    assert rewards("compare", every, rows, "--label-key", "label").code == 0
    document = json.loads(rewards("compare", marked, rows, "--label-key", "label", "--json").stdout)
    assert (document["against"], document["false_negatives"]) == ("labels", 1)


def test_a_rubric_against_itself_never_flips(rewards: Run, files: tuple[str, str, str]) -> None:
    """Nothing changed, nothing reordered."""
    document = json.loads(rewards("compare", files[0], files[0], files[2], "--json").stdout)

    assert (document["flips"], document["changed"]) == ([], 0)
    assert document["groups"]["reordered"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("{a}", "{rows}"), "1 rubric before the file; give A B FILE"),
        (("{a}", "{b}", "-"), "it cannot be stdin"),
        (("{a}", "{rows}", "--label-key", "human"), 'no row has a label (a number, true, "yes"'),
        (("{a}", "nope.toml", "{rows}"), "there is no rubric file nope.toml"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    rewards: Run, files: tuple[str, str, str], arguments: tuple[str, ...], says: str
) -> None:
    """Exit code 2, and what to do."""
    named = dict(zip("ab", files[:2], strict=True), rows=files[2])
    result = rewards("compare", *(argument.format(**named) for argument in arguments))

    assert result.code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
