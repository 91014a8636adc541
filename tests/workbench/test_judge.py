"""`rewards judge`: agreement with people, recorded replies, exit codes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.sample import Sample
from rewards.judge import FakeJudge, JudgeRequest, RecordingJudge, install
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS
from rewards.workbench.judging.agreement import agreement, alpha, rank_correlation
from tests.converse_server import Converse, Fault, converse
from tests.judge.docs_data import LABELLED, REPLIES, rows, write
from tests.workbench.conftest import EXACT, Run

LEVELS = ["1", "2", "3", "4", "5"]


def quadratic_kappa(people: list[int], judge: list[int], size: int) -> float:
    """Cohen (1968), written out: 1 - observed over expected squared distance."""
    pairs = list(zip(people, judge, strict=True))
    observed = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
    expected = sum((a - b) ** 2 for a in people for b in judge) / len(pairs) ** 2
    return 1 - observed / expected


ratings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=30)


@given(ratings)
def test_kappa_is_the_one_of_the_textbook(pairs: list[tuple[int, int]]) -> None:
    """With all levels of the scale in its weights, those that nobody used too."""
    people, judge = [a for a, _ in pairs], [b for _, b in pairs]
    found = agreement(people, judge, LEVELS)

    if len({*people, *judge}) < 2:
        assert found.weighted_kappa is None
    elif found.weighted_kappa is not None:
        assert found.weighted_kappa == pytest.approx(quadratic_kappa(people, judge, 5))
    assert sum(map(sum, found.confusion)) == len(pairs)
    assert all(
        value is None or -1 - 1e-9 <= value <= 1 + 1e-9
        for value in (found.kappa, found.weighted_kappa, found.spearman)
    )


def test_cohens_own_example() -> None:
    """Two raters, fifty items, 20 yes-yes, 15 no-no: kappa is 0.4 (Cohen 1960)."""
    people = [1] * 25 + [0] * 25
    judge = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15

    assert agreement(people, judge, ["no", "yes"]).kappa == pytest.approx(0.4)


def test_what_cannot_be_measured_is_no_number() -> None:
    """Where nobody varies there is no agreement to speak of: None, not 0 and not NaN."""
    same = agreement([2, 2, 2], [2, 2, 2], LEVELS)

    assert (same.kappa, same.weighted_kappa, same.spearman, same.alpha) == (None,) * 4
    assert same.equal == 1.0
    assert rank_correlation([1, 1], [1, 2]) is None
    assert alpha([[1, None], [None, 2]]) is None


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for source in (LABELLED, REPLIES):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Converse]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with converse() as state:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", state.url)
        yield state


CALIBRATE = ("judge", "calibrate", "labelled.jsonl", "--rubric", "summarisation")
REPLAYED = ("--cassette", "replies.jsonl")


def test_the_cassette_of_the_docs_fits_the_rubric(tmp_path: Path) -> None:
    """Else: `python -m tests.judge.docs_data` writes it anew, after a change of the prompt."""
    write(tmp_path)

    for committed in (LABELLED, REPLIES):
        assert (tmp_path / committed.name).read_bytes() == committed.read_bytes()


def test_calibration_reports_agreement_bias_and_use(files: Path, rewards: Run) -> None:
    """By criterion, with the confusion of levels; from a cassette it needs no account."""
    done = rewards(*CALIBRATE, *REPLAYED, "--json")

    document = done.json
    assert set(document["questions"]) == {"faithfulness", "coverage", "clarity"}
    faith = document["questions"]["faithfulness"]
    assert faith["count"] == sum(map(sum, faith["confusion"])) == 12
    assert faith["equal"] == pytest.approx(11 / 12)
    assert (document["replayed"], "JudgeRequests" in document["used"]) == (12, False)
    assert -1 <= document["length_bias"] <= 1
    assert document["position_bias"] is None


def test_the_exit_code_says_whether_the_judge_is_good_enough(files: Path, rewards: Run) -> None:
    """A CI can hold a judge to a threshold; what cannot be measured does not reach it."""
    assert rewards(*CALIBRATE, *REPLAYED, "--at-least", 0.5).code == 0
    low = rewards(*CALIBRATE, *REPLAYED, "--at-least", 0.8, "--by", "kappa")
    assert low.code == 1
    assert "kappa is below 0.8: coverage" in low.stderr


def test_repeats_show_the_noise(files: Path, rewards: Run) -> None:
    """A cassette says the same every time: no noise, and twice the replies."""
    document = rewards(*CALIBRATE, *REPLAYED, "--repeats", 2, "--json").json

    assert document["noise"] == {"changed": 0.0, "mean_spread": 0.0, "alpha": 1.0}
    assert document["replayed"] == 24


def test_the_plot_is_a_picture_of_the_confusion(files: Path, rewards: Run) -> None:
    """Well-formed SVG with a cell for every pair of levels, a title, and a name for each axis."""
    done = rewards(*CALIBRATE, *REPLAYED, "--plot", "confusion.svg")

    assert (done.code, "3 confusion tables drawn into confusion.svg" in done.stderr) == (0, True)
    picture = ElementTree.parse(files / "confusion.svg").getroot()
    assert len(picture.findall("{*}rect")) == 4 * 4 + 5 * 5 + 5 * 5
    texts = [text.text or "" for text in picture.findall("{*}text")]
    assert texts[0].startswith("summarisation (")
    assert texts.count("judge") == texts.count("people") == 3


def test_people_may_label_the_whole(files: Path, rewards: Run) -> None:
    """One figure from 0 to 1: the judge's total is rounded to the nearest of them."""
    whole = [{**row, "label": value} for row, value in zip(rows(), [1, 0.5, 0] * 4, strict=True)]
    (files / "labelled.jsonl").write_text("\n".join(map(json.dumps, whole)), encoding="utf-8")
    document = rewards(*CALIBRATE, *REPLAYED, "--json").json

    assert document["questions"]["judge"]["levels"] == ["0", "0.5", "1"]


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ({"clarity": 9}, 'label 9 is no level of "clarity"; these are: 1, 2, 3, 4, 5'),
        ({"clarty": 5}, 'did you mean "clarity"?'),
        ({}, "no criterion is labelled in every row"),
        ("good", "neither a table of criterion and level nor a figure"),
        (True, "neither a table"),
        (1.5, "a figure from 0 to 1"),
        (None, ""),
    ],
)
def test_labels_that_do_not_fit_are_named(
    files: Path, rewards: Run, label: Any, message: str
) -> None:
    """Which label, and what it may be."""
    bad = [{**row, "label": label} for row in rows()]
    (files / "labelled.jsonl").write_text("\n".join(map(json.dumps, bad)), encoding="utf-8")
    done = rewards(*CALIBRATE, *REPLAYED)

    assert done.code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_row_without_a_label_is_named_by_its_line(files: Path, rewards: Run) -> None:
    """And the option that names another field."""
    done = rewards(*CALIBRATE, *REPLAYED, "--label-key", "grade")

    assert done.code == 2
    assert re.search(r'line 1: .* "grade" .*--label-key', done.stderr)


def test_a_rubric_without_a_judge_cannot_be_calibrated(files: Path, rewards: Run) -> None:
    """It says how many judges there are, or which is the nearest name."""
    (files / "exact.toml").write_text(EXACT, encoding="utf-8")
    done = rewards("judge", "calibrate", "labelled.jsonl", "--rubric", "exact.toml")
    assert (done.code, "exact has no judge to calibrate" in done.stderr) == (2, True)
    done = rewards(*CALIBRATE, "--component", "jugde")
    assert 'did you mean "judge"?' in done.stderr


def test_record_and_replay_give_the_same_results(
    files: Path, rewards: Run, server: Converse
) -> None:
    """Recorded over the wire, replayed without it, byte for byte."""
    recorded = rewards(
        *("judge", "record", "labelled.jsonl", "--rubric", "summarisation"), "--out", "mine.jsonl"
    )
    assert (recorded.code, len(server.asked)) == (0, 12)
    assert "12 replies recorded" in recorded.stderr
    replayed = rewards(
        *("judge", "replay", "labelled.jsonl", "--rubric", "summarisation"),
        *("--cassette", "mine.jsonl"),
    )

    assert replayed.stdout == recorded.stdout
    assert len(server.asked) == 12
    assert "ferry" not in (files / "mine.jsonl").read_text(encoding="utf-8")


def test_a_cassette_that_cannot_be_written_costs_no_call(
    files: Path, rewards: Run, server: Converse
) -> None:
    """The folder is looked for before the judge is asked, and paid."""
    done = rewards(
        *("judge", "record", "labelled.jsonl", "--rubric", "summarisation"), "--out", "no/r.jsonl"
    )

    assert (done.code, len(server.asked)) == (2, 0)
    assert "there is no folder no" in done.stderr


def renamed(files: Path) -> Path:
    """The labelled rollouts, with columns of other names."""
    names = {"prompt": "question", "completion": "text", "id": "key"}
    lines = [json.dumps({names.get(k, k): v for k, v in row.items()}) for row in rows()]
    path = files / "renamed.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


COLUMNS = ("--prompt-key", "question", "--completion-key", "text", "--id-key", "key")


def test_columns_are_named_as_for_score(files: Path, rewards: Run) -> None:
    """replay, record and calibrate take rows as they are; --json is the summary of score."""
    options = ("--rubric", "summarisation", *REPLAYED)
    plain = rewards("judge", "replay", "labelled.jsonl", *options)
    named = rewards("judge", "replay", renamed(files), *options, *COLUMNS)
    document = rewards("judge", "replay", renamed(files), *options, *COLUMNS, "--json").json
    report = rewards("judge", "calibrate", renamed(files), *options, *COLUMNS, "--json").json

    assert (named.code, named.stdout) == (0, plain.stdout)
    assert (document["rows"], document["scored"], document["rubric"]) == (12, 12, "summarisation")
    assert report["count"] == 12


def test_a_column_that_no_row_has_is_an_error(files: Path, rewards: Run) -> None:
    """As for score: one sentence, nothing is asked."""
    for command in ("replay", "calibrate"):
        options = ("--rubric", "summarisation", *REPLAYED, "--completion-key", "nosuch")
        done = rewards("judge", command, "labelled.jsonl", *options)
        assert done.code in (1, 2)
        assert "nosuch" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_replies_that_were_paid_are_kept(files: Path, rewards: Run, server: Converse) -> None:
    """A run that ends early leaves the cassette of what was answered; none is ever replaced."""
    rubric = (RUBRICS / "summarisation.toml").read_text(encoding="utf-8")
    (files / "one_by_one.toml").write_text(f"concurrency = 1\n{rubric}", encoding="utf-8")
    command = ("judge", "record", "labelled.jsonl", "--rubric", "one_by_one.toml")
    document = rewards(*command, "--out", "whole.jsonl", "--json").json
    again = rewards(*command, "--out", "whole.jsonl")
    assert (document["replies"], document["rows"]) == (12, 12)
    assert (again.code, "--overwrite" in again.stderr) == (2, True)

    server.script = lambda asked: Fault("denied") if len(server.asked) > 12 + 4 else None
    ended = rewards(*command, "--out", "early.jsonl")

    kept = (files / "early.jsonl").read_text(encoding="utf-8").splitlines()
    assert (ended.code, len(kept)) == (1, 4)
    assert "4 replies recorded in early.jsonl" in ended.stderr


def test_a_changed_rubric_does_not_replay(files: Path, rewards: Run) -> None:
    """What the judge would say now is not known: exit code 1, no result."""
    done = rewards(
        *("judge", "replay", "labelled.jsonl", "--rubric", "instruction_following"), *REPLAYED
    )

    assert (done.code, done.stdout) == (1, "")


def test_a_comparing_judge_is_calibrated_too(files: Path, rewards: Run) -> None:
    """Labels say how often people prefer the completion; the bias of position is reported."""
    (files / "pairs.toml").write_text(
        'name = "pairs"\n[[component]]\nname = "judge"\nscorer = "judge.compare"\n'
        'params = { model = "m" }\n',
        encoding="utf-8",
    )
    pairs = [
        {"id": str(i), "completion": text, "reference_answer": "fine", "label": label}
        for i, (text, label) in enumerate([("better", 1), ("bad", 0), ("so-so", 0.5)])
    ]
    (files / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")

    def prefers_first_unless_bad(request: JudgeRequest) -> dict[str, str]:
        first = re.search(r"<first-\w+>\n(.*)\n", request.user)
        assert first is not None
        return {"preference": "second" if first[1] == "bad" else "first"}

    recorder = RecordingJudge(FakeJudge(prefers_first_unless_bad))
    with install(recorder):
        Rubric.load(files / "pairs.toml").score_batch(
            [Sample(id=p["id"], completion=p["completion"], reference_answer="fine") for p in pairs]
        )
    recorder.save(files / "pairs.replies.jsonl")
    done = rewards(
        *("judge", "calibrate", "pairs.jsonl", "--rubric", "pairs.toml"),
        *("--cassette", "pairs.replies.jsonl", "--json"),
    )

    assert done.json["questions"]["judge"]["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert done.json["position_bias"] == pytest.approx(2 / 3)


def test_an_event_with_a_judge_is_replayed_from_a_cassette(files: Path, rewards: Run) -> None:
    """`rewards replay --cassette` needs no account either; without it nobody answers."""
    (files / "summarisation").mkdir()
    row = rows()[0]
    messages = [
        {"role": "user", "content": row["prompt"]},
        {"role": "assistant", "content": row["completion"]},
    ]
    event = [{"id": row["id"], "messages": messages}]
    (files / "summarisation" / "one.json").write_text(json.dumps(event), encoding="utf-8")

    recorded = rewards("replay", "summarisation", "--update", *REPLAYED)

    assert (recorded.code, recorded.stderr) == (0, "")
    assert rewards("replay", "summarisation", *REPLAYED).code == 0
