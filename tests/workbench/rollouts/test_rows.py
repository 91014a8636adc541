"""What a line is read as: wire rows, plain rows, and rows with names of their own."""

from pathlib import Path
from typing import Any

import pytest

from tests.workbench.conftest import Run, printed, wire_row, write_lines

PLAIN = {"q": "What is 8 times 9?", "a": "72", "gold": "72", "key": "row-1", "problem": 5}


KEYS = ("--prompt-key", "q", "--completion-key", "a", "--reference-key", "gold", "--id-key", "key")


def test_plain_rows_score_as_their_wire_rows(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Named fields become messages, reference and id; the others metadata."""
    plain = write_lines(tmp_path / "plain.jsonl", [PLAIN])
    wire = write_lines(tmp_path / "wire.jsonl", [wire_row("72", id="row-1")])

    one = rewards("score", plain, "--rubric", exact, *KEYS)
    other = rewards("score", wire, "--rubric", exact)

    assert one.stdout == other.stdout
    assert printed(one.stdout)[0]["aggregate_reward_score"] == 1.0


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "q", "completion": "72", "reference_answer": "72"},
        {"prompt": None, "completion": "72", "reference_answer": 72},
        {
            "prompt": [{"role": "user", "content": "q"}],
            "completion": [{"role": "assistant", "content": "72"}],
            "metadata": {"reference_answer": "72"},
        },
        wire_row("72"),
    ],
)
def test_rows_are_known_by_their_fields(
    rewards: Run, tmp_path: Path, exact: Path, row: dict[str, Any]
) -> None:
    """Without any option: wire rows, plain rows, and plain rows that hold messages."""
    path = write_lines(tmp_path / "rows.jsonl", [row])

    assert printed(rewards("score", path, "--rubric", exact).stdout) == [
        {
            "id": "index-0",
            "aggregate_reward_score": 1.0,
            "metrics_list": [{"name": "correct", "value": 1.0, "type": "Reward"}],
        }
    ]


def test_the_prompt_itself_may_be_the_group_key(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """A field that is read as the prompt still says what the groups are."""
    data = [{"q": f"question {i // 2}", "a": "72", "gold": "72"} for i in range(6)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = rewards("score", path, "--rubric", exact, *KEYS[:6], "--group-key", "q", "--json")

    assert result.json["groups"]["count"] == 3


def test_a_misspelt_group_key_never_makes_one_group_of_all(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Rows without the field are malformed: what is not known is not taken for the same."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", problem=1), wire_row("72")])

    result = rewards("score", path, "--rubric", exact, "--group-key", "problem", "--json")

    assert (result.code, result.json["scored"], result.json["malformed"]) == (1, 1, 1)
    assert 'no "problem" to group by' in result.stderr


WIRE = {**wire_row("72", "no"), "gold": "72", "key": "row-1"}
NESTED = {**wire_row("72"), "metadata": {"reference_answer": "no", "gold": "72", "key": "row-1"}}


@pytest.mark.parametrize("row", [WIRE, NESTED])
def test_a_named_field_counts_in_a_wire_row_too(
    rewards: Run, tmp_path: Path, exact: Path, row: dict[str, Any]
) -> None:
    """Attack: a row that has "messages" took no notice of --reference-key and --id-key."""
    path = write_lines(tmp_path / "rows.jsonl", [row])

    result = rewards("score", path, "--rubric", exact, *KEYS[4:])

    assert printed(result.stdout) == [
        {
            "id": "row-1",
            "aggregate_reward_score": 1.0,
            "metrics_list": [{"name": "correct", "value": 1.0, "type": "Reward"}],
        }
    ]


def test_no_other_field_stands_in_for_the_one_that_was_named(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """A row whose named reference is null has none, whatever else it holds."""
    data = [{**wire_row("72", "72"), "gold": gold} for gold in ("72", None)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    found = rewards("score", path, "--rubric", exact, "--reference-key", "gold", "--json").json

    assert found["components"]["correct"]["faults"] == {"missing_reference": 1}


@pytest.mark.parametrize("key", ["id", "reference_answer", "tools", "problem"])
def test_a_group_may_be_any_field(rewards: Run, tmp_path: Path, exact: Path, key: str) -> None:
    """Attack: a field that the wire has a use for was "not there" to group by."""
    data = [{**wire_row("72"), key: f"group {i // 2}"} for i in range(6)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = rewards("score", path, "--rubric", exact, "--group-key", key, "--json")

    assert (result.code, result.json["groups"]["count"]) == (0, 3)


def test_the_prompt_of_wire_rows_is_a_group_key(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--group-key prompt is what a rubric that says nothing does."""
    data = [wire_row("72", prompt=f"p{i // 2}") for i in range(6)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = rewards("score", path, "--rubric", exact, "--group-key", "prompt", "--json")

    assert (result.code, result.json["groups"]["count"]) == (0, 3)
