"""`rewards replay`: recorded events through the real handler."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from rewards.core.errors import EventError
from rewards.workbench.output import json_text
from tests.workbench.conftest import EXACT, ROOT, Run, wire_row

EVENTS = ROOT / "events"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of events with a rubric of its own."""
    path = tmp_path / "events" / "mine"
    path.mkdir(parents=True)
    (path / "rubric.toml").write_text(EXACT)
    return path


def record(folder: Path, name: str, event: Any) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(event))
    return path


def test_every_recorded_event_gets_its_expected_response(rewards: Run) -> None:
    """The events of this project, through the real handler, give the very bytes on record."""
    result = rewards("replay", EVENTS)

    assert result.code == 0
    if sys.version_info >= (3, 12):
        assert result.stderr == ""
    else:
        assert re.fullmatch(r"left out, 4 events of .*code: .* Python 3\.12 .*\n", result.stderr)
    assert "none different from expected" in result.stdout


ABSENT = """
from rewards import Sample, scorer
from rewards.core.errors import RequirementError

@scorer
def own(sample: Sample) -> bool:
    return True

@own.check
def _() -> None:
    raise RequirementError("needs another machine")
"""


def test_what_this_machine_cannot_run_is_left_out_with_the_reason(
    rewards: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and the other events are replayed; an error where nothing else was asked."""
    absent = folder.parent / "absent"
    absent.mkdir()
    (absent / "rubric.toml").write_text(EXACT.replace("exact.match", "absent_scorer:own"))
    (folder.parent.parent / "absent_scorer.py").write_text(ABSENT)
    monkeypatch.syspath_prepend(folder.parent.parent)
    record(absent, "one", [wire_row("72")])
    record(folder, "two", [wire_row("72")])

    everything = rewards("replay", "--update")
    assert everything.code == 0
    assert everything.stderr.startswith("left out, 1 event of events/absent: ")
    assert "absent_scorer:own: needs another machine" in everything.stderr
    assert len(rewards("replay", "--json").json["left_out"]) == 1
    alone = rewards("replay", "events/absent")
    assert alone.code == 2
    assert "needs another machine" in alone.stderr


def test_the_recorded_events_are_one_batch_of_64_and_all_the_rest() -> None:
    """There is a batch as a training job sends it, and at least one event that is refused."""
    batch = json.loads((EVENTS / "gsm8k" / "batch_64.json").read_text())
    refused = json.loads((EVENTS / "gsm8k" / "unknown_shape.expected.json").read_text())

    assert len(batch) == 64
    assert refused["errorType"] == EventError.__name__


def test_a_right_a_wrong_and_a_broken_row(rewards: Run, folder: Path) -> None:
    """Each sample has its line: reward, components, and the kind of a fault in place of a 0."""
    record(folder, "mixed", [wire_row("72", id="a"), wire_row("71", id="b"), 3, {"id": "c"}])

    result = rewards("replay", "--update", "-v")

    lines = [line.split() for line in result.stdout.splitlines()]
    assert any(line[:3] == ["a", "1", "1"] for line in lines)
    assert any(line[:3] == ["b", "0", "0"] for line in lines)
    assert any(line[:2] == ["index-2", "malformed_row"] for line in lines)
    assert any(line[:2] == ["c", "no_messages"] for line in lines)
    assert lines[-1][:2] == ["1", "event"]


def test_refused_references_are_counted_and_three_are_shown(rewards: Run, tmp_path: Path) -> None:
    """Of an event that nothing is on record for: how many there are, and why each is no use."""
    (folder := tmp_path / "events" / "gsm8k").mkdir(parents=True)
    refused = ["x+2n+1", "(2,2),(1,3)", "x >= 5", "3^4 - 1"]
    record(folder, "new", [wire_row("#### 4", text) for text in refused])

    result = rewards("replay", folder)
    totals = rewards("replay", folder, "--json").json["totals"]

    assert sum("holds no single number" in line for line in result.stdout.splitlines()) == 3
    assert totals["faults"] == {"missing_reference": 4}
    assert len(totals["data_faults"]) == 3


def test_an_event_is_a_line(rewards: Run, folder: Path) -> None:
    """Name, rows, mean reward, verdict; the first screen is as long as there are events."""
    record(folder, "known", [wire_row("72", id="a"), wire_row("71", id="b"), 3])
    record(folder, "refused", {"body": "[]"})
    rewards("replay", "--update")
    record(folder, "new", [wire_row("72")])

    result = rewards("replay")

    assert [line.split() for line in result.stdout.splitlines()[2:5]] == [
        ["known", "3", "0.5", "1", "same"],
        ["new", "1", "1", "no", "expectation"],
        ["refused", "-", "-", "same", "(refused)"],
    ]
    assert len(rewards("replay", EVENTS).stdout.splitlines()) <= len(list(EVENTS.rglob("*.json")))


BUGGY = """
from rewards import Sample, scorer

@scorer
def own(sample: Sample) -> bool:
    if sample.completion == "72":
        raise AttributeError("no such thing")
    return True

@scorer
def vague(sample: Sample) -> bool:
    return "yes" if sample.completion == "72" else True
"""


@pytest.fixture
def buggy(folder: Path) -> Path:
    """A folder whose rubric holds two scorers that fail at 72, one by raising."""
    (folder.parent.parent / "buggy.py").write_text(BUGGY)
    components = "".join(f'[[component]]\nscorer = "buggy:{name}"\n' for name in ("own", "vague"))
    (folder / "rubric.toml").write_text(EXACT + components)
    return folder


def test_a_bug_of_a_scorer_is_loud_and_never_expected(process: Run, buggy: Path) -> None:
    """Exit code 1, the component, what happened and where; --update does not record it."""
    record(buggy, "fine", [wire_row("71", id="a")])
    record(buggy, "hit", [wire_row("72", id="b"), wire_row("71", id="c"), wire_row("72", id="d")])

    updated = process("replay", "--update")

    assert updated.code == 1
    assert "own: AttributeError: no such thing (rows b, d)" in updated.stderr
    assert "vague: returned str" in updated.stderr
    assert "not recorded: the scorer of own, vague has a bug" in updated.stderr
    assert (buggy / "fine.expected.json").exists()
    assert not (buggy / "hit.expected.json").exists()


def test_a_bug_is_an_error_though_it_gives_what_is_expected(process: Run, buggy: Path) -> None:
    """A floor on record hides nothing: whose scorer raises is told, with exit code 1."""
    record(buggy, "hit", [wire_row("72", id="b")])
    (given,) = process("replay", "--json").json["events"][0]["response"]
    (buggy / "hit.expected.json").write_text(f"[\n{json_text(given)}\n]\n")

    result = process("replay", "--json")

    event = result.json["events"][0]
    assert result.code == 1
    assert (event["verdict"], event["differences"]) == ("same", [])
    assert [(bug["component"], bug["ids"]) for bug in event["bugs"]] == [
        ("own", ["b"]),
        ("vague", ["b"]),
    ]


def test_a_failed_invocation_is_never_expected(process: Run, buggy: Path) -> None:
    """on_error = "fail" turns the bug into an error of the invocation; that is no expectation."""
    rubric = (buggy / "rubric.toml").read_text().replace('own"\n', 'own"\non_error = "fail"\n')
    (buggy / "rubric.toml").write_text(rubric)
    record(buggy, "hit", [wire_row("72", id="b")])

    result = process("replay", "--update")

    assert result.code == 1
    assert "not recorded: the invocation failed" in result.stderr
    assert not (buggy / "hit.expected.json").exists()


def test_a_missing_reference_shows_its_kind_and_never_a_score(rewards: Run, folder: Path) -> None:
    """Unscored is not 0: the component's place says why."""
    record(folder, "unknown", [wire_row("72", None, id="a")])

    result = rewards("replay", "--update", "--json")

    sample = result.json["events"][0]["samples"][0]
    assert sample["components"] == {}
    assert sample["faults"]["correct"]["kind"] == "missing_reference"


def test_a_difference_names_the_sample_and_the_figure(rewards: Run, folder: Path) -> None:
    """What changed is said in words, and the exit code is 1."""
    record(folder, "one", [wire_row("72", id="a"), wire_row("71", id="b")])
    rewards("replay", "--update")
    expected = folder / "one.expected.json"
    expected.write_text(expected.read_text().replace('"value":0.0', '"value":1.0'))

    result = rewards("replay")

    assert result.code == 1
    assert "b: correct: expected 1.0, got 0.0" in result.stderr
    assert "a:" not in result.stderr


def test_other_bytes_for_the_same_response_are_a_difference(rewards: Run, folder: Path) -> None:
    """An expected file is compared byte for byte, so that it stays canonical."""
    record(folder, "one", [wire_row("72", id="a")])
    rewards("replay", "--update")
    expected = folder / "one.expected.json"
    expected.write_text(json.dumps(json.loads(expected.read_text()), indent=4))

    result = rewards("replay")

    assert result.code == 1
    assert "says the same in other bytes" in result.stderr


def test_no_expected_file_is_a_difference_with_a_remedy(rewards: Run, folder: Path) -> None:
    """A new event is looked at before it is taken for right."""
    record(folder, "one", [wire_row("72")])

    result = rewards("replay")

    assert result.code == 1
    assert "--update" in result.stderr
    assert not (folder / "one.expected.json").exists()


def test_update_makes_the_next_replay_pass_and_leaves_nothing_else(
    rewards: Run, folder: Path
) -> None:
    """--update writes the expected file beside each event, whole, and no other file."""
    record(folder, "one", [wire_row("72")])
    record(folder, "refused", {"body": "[]"})

    rewards("replay", "--update")

    assert rewards("replay").code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "one.expected.json",
        "one.json",
        "refused.expected.json",
        "refused.json",
        "rubric.toml",
    ]


def test_a_refused_event_expects_its_error(rewards: Run, folder: Path) -> None:
    """What Lambda would answer for an event in no known shape is on record like a response."""
    record(folder, "refused", {"body": "[]"})

    result = rewards("replay", "--update", "--json")

    expected = json.loads((folder / "refused.expected.json").read_text())
    assert expected == result.json["events"][0]["error"]
    assert expected["errorType"] == "EventError"
    assert "'body'" in expected["errorMessage"]


def test_the_folder_names_a_bundled_rubric(rewards: Run, tmp_path: Path) -> None:
    """events/gsm8k/NAME.json is scored with gsm8k."""
    folder = tmp_path / "gsm8k"
    folder.mkdir()
    record(folder, "one", [wire_row("72")])

    assert rewards("replay", "gsm8k", "--json").json["events"][0]["rubric"] == "gsm8k"


def test_a_folder_that_names_no_rubric_says_what_to_do(rewards: Run, tmp_path: Path) -> None:
    """One clear line, exit code 2."""
    path = record(tmp_path, "one", [wire_row("72")])

    result = rewards("replay", path)

    assert (result.code, result.stdout) == (2, "")
    assert "rubric.toml" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_rubric_overrides_the_folder(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--rubric scores any event with any rubric."""
    path = record(tmp_path, "one", [wire_row("72")])

    result = rewards("replay", path, "--rubric", exact, "--json")

    assert result.json["events"][0]["response"][0]["aggregate_reward_score"] == 1.0


@pytest.mark.parametrize("text", ["", "[", "[1,]", "\ufeff[]x"])
def test_an_event_that_is_no_json_is_one_clear_line(rewards: Run, folder: Path, text: str) -> None:
    """A damaged recording is unusable input: exit code 2 and the file's name."""
    (folder / "broken.json").write_text(text)

    result = rewards("replay")

    assert result.code == 2
    assert "broken.json: not JSON" in result.stderr


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 5000, "is not JSON"),
        (b'[{"metrics_list": 5}]', "id: expected nothing"),
        (b"5", "expected 5, got ["),
    ],
)
def test_an_expected_file_that_is_none_is_a_difference(
    rewards: Run, folder: Path, expected: bytes, said: str
) -> None:
    """Whatever a broken merge left in it, the answer is one of the replay's own."""
    record(folder, "right", [wire_row("72", id="a")])
    (folder / "right.expected.json").write_bytes(expected)

    result = rewards("replay")

    assert result.code == 1
    assert said in result.stderr


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_no_event_is_an_error(rewards: Run, path: str) -> None:
    """A replay of nothing is never a success."""
    assert rewards("replay", path).code == 2


def test_an_escape_sequence_never_reaches_the_terminal(rewards: Run, folder: Path) -> None:
    """Attack: a completion, id or reference that would clear the screen or forge a line."""
    record(folder, "attack", [wire_row("\x1b[2J\r72", None, id="\x1b]0;owned\x07\nall passed")])

    result = rewards("replay")

    assert not set("\x1b\x07\r") & set(result.stdout + result.stderr)
    assert not any(line.startswith("all passed") for line in result.stdout.splitlines())


def test_json_is_one_document_with_the_explanation(rewards: Run, folder: Path) -> None:
    """stdout holds one JSON document: response, samples, totals; nothing of the handler's log."""
    record(folder, "one", [wire_row("72", id="a"), 3])

    document = rewards("replay", "--update", "--json").json

    (event,) = document["events"]
    assert [result["id"] for result in event["response"]] == ["a", "index-1"]
    correct = event["samples"][0]["components"].pop("correct")
    assert correct.keys() == {"value", "answer", "reason", "metrics"}
    assert (correct["value"], correct["answer"]) == (1.0, "72")
    assert event["samples"][0] == {
        "id": "a",
        "reward": 1.0,
        "closed_by": None,
        "components": {},
        "faults": {},
    }
    assert event["samples"][1]["reward"] is None
    assert document["totals"] == {
        "events": 1,
        "refused": 0,
        "samples": 2,
        "reward_mean": 1.0,
        "unscored": 1,
        "faults": {"malformed_row": 1},
        "data_faults": [],
        "different": 0,
    }


def test_the_same_bytes_in_any_process_and_any_hash_seed(process: Run, tmp_path: Path) -> None:
    """Two interpreters with different hash seeds write the same expected file."""
    shutil.copytree(EVENTS / "gsm8k", tmp_path / "gsm8k")
    written = []
    for seed in ("0", "1"):
        assert process("replay", "gsm8k", "--update", PYTHONHASHSEED=seed).code == 0
        paths = sorted((tmp_path / "gsm8k").glob("*.expected.json"))
        written.append([path.read_bytes() for path in paths])

    assert written[0] == written[1]
