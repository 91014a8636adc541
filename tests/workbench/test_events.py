"""`rewards events`: described, made from rollouts, pulled from where a Lambda left them."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from rewards.job.aws import aws_client
from rewards.wire.contract import parse_event
from tests.workbench.conftest import ROOT, Run, wire_row, write_lines

EVENTS = ROOT / "events"
PAIR = [wire_row("#### 72", id="a"), wire_row("#### 71", id="b")]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def bucket(**objects: str) -> None:
    client = aws_client("s3", region="us-east-1")
    client.create_bucket(Bucket="kept")
    for key, body in objects.items():
        client.put_object(Bucket="kept", Key=f"events/gsm8k/{key}.json", Body=body.encode())


@pytest.mark.parametrize(
    ("event", "shape"), [(PAIR, "list"), ({"trajectories": PAIR}, "trajectories"), (PAIR[0], "row")]
)
def test_an_event_is_described_by_its_shape(
    rewards: Run, tmp_path: Path, event: Any, shape: str
) -> None:
    """The contract's own word for it, the samples, and where the reference stands in each."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))

    result = rewards("events", "describe", path, "--json")

    assert result.code == 0
    assert result.json["shape"] == shape
    assert result.json["samples"] == len(parse_event(event))
    assert {row["reference"] for row in result.json["rows"]} == {"metadata: a string"}


def test_a_description_tells_spellings_apart_and_quotes_no_text(
    rewards: Run, tmp_path: Path
) -> None:
    """What nobody has published: role, place and kind of the reference, kinds of content."""
    row = {
        "id": 7,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "SECRET"}]},
            {"role": "nova_assistant", "content": "SECRET"},
        ],
        "reference_answer": {"text": "SECRET"},
        "mine": "SECRET",
    }
    path = tmp_path / "event.json"
    path.write_text(json.dumps([row]))

    result = rewards("events", "describe", path)

    for told in ("a number", "top level: an object of text", "nova_assistant", "a block text"):
        assert told in " ".join(result.stdout.split())
    assert "top level: mine" in result.stdout
    assert "SECRET" not in result.stdout


def test_what_cannot_be_read_is_said_with_exit_code_1(rewards: Run, tmp_path: Path) -> None:
    """An unknown shape names what is known; a broken row is counted and has its reason."""
    unknown = rewards("events", "describe", EVENTS / "gsm8k" / "unknown_shape.json")
    path = tmp_path / "broken.json"
    path.write_text(json.dumps([PAIR[0], 3]))
    broken = rewards("events", "describe", path, "--json")

    assert (unknown.code, broken.code) == (1, 1)
    assert "in no known shape" in unknown.stderr
    assert (broken.json["samples"], broken.json["unreadable"]) == (1, 1)
    assert broken.json["rows"][1]["fault"].startswith("malformed_row")


def test_events_made_from_rollouts_replay_as_expected(rewards: Run, tmp_path: Path) -> None:
    """So many rows to an event; what the rubric gives is expected, and given again."""
    rows = [
        {"prompt": "q", "completion": f"#### {i}", "reference_answer": "2", "id": f"r{i}"}
        for i in range(5)
    ]
    file = write_lines(tmp_path / "mine.jsonl", rows)

    made = rewards("events", "make", file, "--rubric", "gsm8k", "--batch", 2, "--most", 9, "--json")

    assert made.code == 0
    assert [event["rows"] for event in made.json["events"]] == [2, 2, 1]
    assert rewards("replay").code == 0
    event = json.loads((tmp_path / "events/gsm8k/mine-001.json").read_text())
    assert event[1]["metadata"] == {"reference_answer": "2"}


def test_a_line_without_a_rollout_is_left_out_and_named(rewards: Run, tmp_path: Path) -> None:
    """The others are made; the exit code says that one was not."""
    file = write_lines(tmp_path / "mine.jsonl", [PAIR[0], "{", PAIR[1]])

    made = rewards("events", "make", file, "--rubric", "gsm8k")

    assert made.code == 1
    assert "left out: line 2: not JSON" in made.stderr
    assert "new, 2 rows" in " ".join(made.stdout.split())


def test_nothing_is_ever_overwritten(rewards: Run, tmp_path: Path) -> None:
    """The same event is there already, which is fine; another of that name is an exit code of 1."""
    file = write_lines(tmp_path / "mine.jsonl", PAIR)
    kept = tmp_path / "events/gsm8k/mine.json"

    assert rewards("events", "make", file, "--rubric", "gsm8k").code == 0
    first = kept.read_bytes()
    assert rewards("events", "make", file, "--rubric", "gsm8k").code == 0
    write_lines(file, PAIR[:1])
    again = rewards("events", "make", file, "--rubric", "gsm8k", "--json")

    assert (again.code, again.json["events"][0]["state"]) == (1, "another is there")
    assert kept.read_bytes() == first


@pytest.mark.usefixtures("aws")
def test_a_bucket_gives_events_byte_for_byte_with_the_answer(rewards: Run, tmp_path: Path) -> None:
    """Odd spacing stays; the Lambda's answer is expected; replay finds it the same."""
    recorded = EVENTS / "gsm8k" / "group"
    answer = json.loads(recorded.with_suffix(".expected.json").read_text())
    odd = json.dumps(json.loads(recorded.with_suffix(".json").read_text()), indent=7)
    bucket(**{"one": odd, "one.expected": json.dumps(answer)})

    pulled = rewards("events", "pull", "s3://kept/events/", "--rubric", "gsm8k", "--json")

    assert pulled.json["events"][0]["expects"] == "the Lambda's answer"
    assert (pulled.code, pulled.json["events"][0]["agrees"]) == (0, True)
    assert (tmp_path / "events/gsm8k/one.json").read_text() == odd
    assert rewards("replay").code == 0


@pytest.mark.usefixtures("aws")
def test_an_answer_that_is_not_this_rubrics_is_said(rewards: Run, tmp_path: Path) -> None:
    """What the Lambda answered stays the expectation, so that replay shows where they part."""
    bucket(**{"one": json.dumps(PAIR), "one.expected": "[]"})

    pulled = rewards("events", "pull", "s3://kept/events/", "--rubric", "gsm8k")

    assert pulled.code == 1
    assert "the rubric here does not give it" in " ".join(pulled.stdout.split())
    assert (tmp_path / "events/gsm8k/one.expected.json").read_text() == "[]\n"


@pytest.mark.usefixtures("aws")
def test_a_name_from_a_bucket_stays_in_its_folder(rewards: Run, tmp_path: Path) -> None:
    """A key may hold what a path must not."""
    bucket(**{"..": json.dumps(PAIR), "a b\x1b[2J": json.dumps(PAIR)})

    assert rewards("events", "pull", "s3://kept/", "--rubric", "gsm8k").code == 0

    names = {path.name for path in tmp_path.rglob("*.json")}
    assert names == {
        f"{name}{end}.json" for name in ("event", "a-b-2J") for end in ("", ".expected")
    }


@pytest.mark.usefixtures("aws")
def test_a_log_group_gives_the_events_that_were_logged_whole(rewards: Run, tmp_path: Path) -> None:
    """As they are, or under a logger's key; other lines are no events; none comes twice."""
    client = aws_client("logs", region="us-east-1")
    client.create_log_group(logGroupName="/aws/lambda/mine")
    client.create_log_stream(logGroupName="/aws/lambda/mine", logStreamName="s")
    lines = [
        json.dumps(PAIR),
        "START messages",
        json.dumps({"message": PAIR[:1]}),
        json.dumps(PAIR),
    ]
    now = int(time.time() * 1000)  # the service takes nothing that is older than two weeks
    entries = [{"timestamp": now + i, "message": m} for i, m in enumerate(lines)]
    client.put_log_events(logGroupName="/aws/lambda/mine", logStreamName="s", logEvents=entries)

    pulled = rewards("events", "pull", "log-group:/aws/lambda/mine", "--rubric", "gsm8k", "--json")

    assert pulled.code == 0
    assert sorted(event["rows"] for event in pulled.json["events"]) == [1, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one.json", json.dumps(PAIR)),
        ("export.log", f"2026-11-25T12:00:00.000Z {json.dumps(PAIR)}\nREPORT x\n"),
        ("filtered.json", json.dumps({"events": [{"message": json.dumps({"event": PAIR})}]})),
        ("export.gz", f"2026-11-25T12:00:00.000Z {json.dumps({'message': json.dumps(PAIR)})}\n"),
    ],
)
def test_an_exported_file_gives_its_events(
    rewards: Run, tmp_path: Path, name: str, content: str
) -> None:
    """One event, a log export, what the AWS CLI prints: the same two rows of each."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith("gz") else content.encode())

    pulled = rewards("events", "pull", path, "--rubric", "gsm8k", "--json")

    assert (pulled.code, [event["rows"] for event in pulled.json["events"]]) == (0, [2])
    assert json.loads(Path(pulled.json["events"][0]["event"]).read_text()) == PAIR


@pytest.mark.parametrize("source", ["nothing.log", "missing.log"])
def test_a_source_without_an_event_is_an_error_in_a_line(
    rewards: Run, tmp_path: Path, source: str
) -> None:
    """Exit code 2, and what to do."""
    (tmp_path / "nothing.log").write_text('{"message": "rollout", "metadata": {}}\n')

    result = rewards("events", "pull", source, "--rubric", "gsm8k")

    assert result.code == 2
    assert len(result.stderr.splitlines()) <= 2
    assert source in result.stderr
