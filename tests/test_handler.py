"""The Lambda handler, in fresh interpreters: settings, log lines, metrics, deadline, failures."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parent.parent

RUBRIC = """
name = "case"
[[component]]
scorer = "exact.match"
name = "correct"
"""

#: Runs the handler over each event of stdin; prints responses or errors after its own output.
DRIVER = """
import json, sys
from rewards.handler import lambda_handler

class Context:
    aws_request_id = "request-1"
    def __init__(self, millis): self.millis = millis
    def get_remaining_time_in_millis(self): return self.millis

for line in sys.stdin:
    case = json.loads(line)
    context = Context(case["millis"]) if "millis" in case else None
    try:
        print("RESPONSE", json.dumps(lambda_handler(case["event"], context)))
    except Exception as error:
        print("RAISED", json.dumps([type(error).__name__, str(error)]))
"""


def row(completion: Any, reference: Any = "72", **fields: Any) -> dict[str, Any]:
    user, answer = {"role": "user", "content": "q"}, {"role": "assistant", "content": completion}
    return {"messages": [user, answer], "reference_answer": reference, **fields}


class Run:
    """What one process of the handler printed."""

    def __init__(self, stdout: str, stderr: str, code: int) -> None:
        lines = stdout.splitlines()
        self.stderr, self.code, self.stdout = stderr, code, stdout
        self.responses = [json.loads(x[9:]) for x in lines if x.startswith("RESPONSE ")]
        self.raised = [json.loads(x[7:]) for x in lines if x.startswith("RAISED ")]
        logged = [json.loads(x) for x in lines if x.startswith("{")]
        self.emf = [record for record in logged if "_aws" in record]
        self.log = [record for record in logged if "_aws" not in record]


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run the handler in a process of its own, with settings and events."""
    (tmp_path / "case.toml").write_text(RUBRIC)

    def invoke(*cases: dict[str, Any], rubric: str = RUBRIC, **settings: str) -> Run:
        (tmp_path / "case.toml").write_text(rubric)
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        env |= {"REWARD_RUBRIC": str(tmp_path / "case.toml"), **settings}
        done = subprocess.run(
            [sys.executable, "-c", DRIVER],
            input="\n".join(json.dumps(case) for case in cases),
            capture_output=True,
            text=True,
            env=env,
            cwd=tmp_path,
            check=False,
        )
        return Run(done.stdout, done.stderr, done.returncode)

    return invoke


EVENT = [row("72", id="a"), row("71", id="b"), {"id": "c"}]


def test_an_invocation_leaves_one_summary_line(run: Any) -> None:
    """Rubric, digest, sizes, groups, rewards, component means, faults, duration."""
    [line] = run({"event": EVENT, "millis": 60_000}).log

    assert line["message"] == "batch scored"
    assert line["rubric"] == "case"
    assert len(line["digest"]) == 64
    assert line["function_request_id"] == "request-1"
    expected = {
        "batch_size": 3,
        "groups": 1,
        "compared_groups": 1,
        "zero_variance_groups": 0,
        "reward_mean": 0.5,
        "reward_min": 0.0,
        "reward_max": 1.0,
        "components": {"correct": 0.5},
        "unscored": 1,
        "faults": {"no_messages": 1},
    }
    assert {key: line[key] for key in expected} == expected
    assert line["duration_ms"] > 0


def test_the_same_figures_are_metrics_and_the_first_says_cold_start(run: Any) -> None:
    """EMF with the dimensions service and rubric; ColdStart once a container."""
    first, second = run({"event": EVENT}, {"event": EVENT}).emf

    assert first["Reward"] == [1.0, 0.0]
    assert first["Component/correct"] == [0.5]
    assert first["Fault/no_messages"] == [1]
    assert first["ColdStart"] == [1]
    assert "ColdStart" not in second
    [definition] = first["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "BedrockRFT"
    assert [sorted(names) for names in definition["Dimensions"]] == [["rubric", "service"]]


def test_a_large_batch_stays_within_the_limits_of_emf(run: Any) -> None:
    """At most 100 values a metric in one record; none is lost."""
    result = run({"event": [row("72")] * 250})

    assert [len(record.get("Reward", [])) for record in result.emf] == [100, 100, 50]
    assert len(result.responses[0]) == 250


def test_completions_and_prompts_are_not_logged(run: Any) -> None:
    """Nor where the scorer breaks on one and quotes it."""
    secret = "SECRET-COMPLETION"
    result = run({"event": [row(secret, reference=None), row(secret), {"id": "1", secret: 1}]})

    assert len(result.responses) == 1
    assert secret not in result.stdout.replace("RESPONSE", "")
    assert secret not in result.stderr


def test_sampled_rollouts_are_logged_in_full_and_chosen_by_id(run: Any) -> None:
    """REWARD_LOG_SAMPLES picks the same ones every time."""
    event = [row(f"answer {i}", id=f"id-{i}") for i in range(200)]

    runs = [run({"event": event}, REWARD_LOG_SAMPLES="0.1") for _ in range(2)]
    chosen = [[x["rollout"]["id"] for x in r.log if x["message"] == "rollout"] for r in runs]

    assert chosen[0] == chosen[1]
    assert 5 < len(chosen[0]) < 40
    rollout = next(x["rollout"] for x in runs[0].log if x["message"] == "rollout")
    assert set(rollout) == {
        *("id", "reward", "gate", "components", "faults", "prompt", "completion")
    }
    assert rollout["completion"].startswith("answer ")
    assert rollout["components"]["correct"]["value"] == 0.0


def test_an_unpaired_surrogate_in_a_logged_completion_breaks_nothing(run: Any) -> None:
    """It is shown as a replacement; the batch is answered."""
    result = run({"event": [row("\ud800")]}, REWARD_LOG_SAMPLES="1")

    assert len(result.responses) == 1
    assert any(line["message"] == "rollout" for line in result.log)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"REWARD_RUBRIC": "gsm8kk"}, 'did you mean "gsm8k"'),
        ({"REWARD_RUBRIC": "nowhere.toml"}, "there is no rubric file nowhere.toml"),
        ({"REWARD_LOG_SAMPLES": "2"}, "REWARD_LOG_SAMPLES must be a number from 0 to 1, got '2'"),
        ({"REWARD_LOG_SAMPLES": "nan"}, "REWARD_LOG_SAMPLES must be a number"),
        ({"REWARD_DEADLINE_MARGIN_MS": "soon"}, "REWARD_DEADLINE_MARGIN_MS must be a number"),
    ],
)
def test_a_setting_that_cannot_be_used_fails_the_init(
    run: Any, settings: dict[str, str], reason: str
) -> None:
    """Before any event is taken, so that no job starts on it."""
    result = run({"event": EVENT}, **settings)

    assert result.code != 0
    assert not result.responses
    assert reason in result.stderr.splitlines()[-1]


def test_a_bad_rubric_fails_the_init_with_its_place(run: Any) -> None:
    """File, component, key and the nearest spelling."""
    result = run({"event": EVENT}, rubric=RUBRIC + "wieght = 2")

    assert result.code != 0
    assert 'case.toml: component 1 "correct": wieght is not a key that is known' in result.stderr


def test_what_there_is_no_time_for_is_unscored_and_the_batch_is_answered(run: Any) -> None:
    """Instead of Lambda's timeout, which would lose every reward of the batch."""
    result = run({"event": [row("72")] * 3, "millis": 0})

    assert [r["aggregate_reward_score"] for r in result.responses[0]] == [0.0] * 3
    assert result.log[0]["faults"] == {"deadline": 3}


def test_a_margin_longer_than_the_time_leaves_most_of_it_to_the_scorers(run: Any) -> None:
    """A short timeout is for scoring, whatever the margin; minutes here, so that none is missed."""
    given = {"event": [row("72")] * 3, "millis": 600_000}
    result = run(given, REWARD_DEADLINE_MARGIN_MS="900000")

    assert [r["aggregate_reward_score"] for r in result.responses[0]] == [1.0] * 3
    assert result.log[0].get("faults", {}) == {}


@pytest.mark.parametrize("letter", ["a", '"', "\N{CJK UNIFIED IDEOGRAPH-6771}"])
def test_a_logged_rollout_of_any_length_fits_into_a_log_event(run: Any, letter: str) -> None:
    """CloudWatch takes 256 KiB a line, and would lose what is longer; the reward stays whole."""
    result = run({"event": [row(letter * 400_000, id="x")]}, REWARD_LOG_SAMPLES="1")

    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    assert any('"rollout"' in line for line in lines)
    assert max(len(line.encode()) for line in lines) < 256 * 1024


def test_an_event_in_no_known_shape_fails_and_is_counted(run: Any) -> None:
    """The caller reads what came and what was expected; the log and the metrics say Failed."""
    result = run({"event": {"body": "SECRET"}}, {"event": EVENT})

    [[kind, message]] = result.raised
    assert kind == "EventError"
    assert "expected a list of rows" in message
    assert "SECRET" not in result.stdout
    assert result.emf[0]["Failed"] == [1]
    assert result.log[0]["message"] == "batch failed"
    assert len(result.responses) == 1


def test_the_bytes_are_the_same_in_any_process_and_hash_seed(run: Any) -> None:
    """Same input, same bytes."""
    event = [row(text, id=f"{i}") for i, text in enumerate(["72", "71", "", "72 "])]
    seeds = ["0", "1", "4711"]

    outputs = {json.dumps(run({"event": event}, PYTHONHASHSEED=seed).responses) for seed in seeds}

    assert len(outputs) == 1


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    """An S3 on loopback with the bucket `kept`; gives the settings that lead a handler to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        store(settings).create_bucket(Bucket="kept")
        yield settings
    finally:
        server.stop()


def store(settings: dict[str, str]) -> Any:
    import boto3  # noqa: TID251 - the S3 of a test

    return boto3.client(
        "s3",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.mark.parametrize("event", [EVENT, {"trajectories": EVENT}, {"body": "unknown"}])
def test_a_captured_event_replays_to_the_bytes_of_the_answer(
    run: Any, s3: dict[str, str], tmp_path: Path, event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the handler through S3 and `rewards events pull` to `rewards replay`: the same bytes."""
    from typer.testing import CliRunner

    from rewards.workbench.cli import app

    done = run(
        {"event": event, "millis": 60_000},
        REWARD_LOG_EVENTS="1",
        REWARD_EVENTS_BUCKET="kept",
        **s3,
    )
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    rubric = ["--rubric", str(tmp_path / "case.toml")]
    pulled = CliRunner().invoke(app, ["events", "pull", "s3://kept/events/case/", *rubric])

    assert "event not kept" not in done.stdout
    assert pulled.exit_code == 0, pulled.output
    assert CliRunner().invoke(app, ["replay", "events/case", *rubric]).exit_code == 0
    kept = tmp_path / "events/case/request-1.json"
    assert json.loads(kept.read_text()) == event
    expected = json.loads(kept.with_suffix(".expected.json").read_text())
    answered = done.responses or [
        dict(zip(("errorType", "errorMessage"), *done.raised, strict=True))
    ]
    assert expected == answered[0]


def test_a_bucket_that_is_not_there_costs_no_answer(run: Any, s3: dict[str, str]) -> None:
    """The answer is the same bytes; the log names the kind of the fault."""
    settings = {"REWARD_LOG_EVENTS": "5", "REWARD_EVENTS_BUCKET": "elsewhere", **s3}
    plain, kept = run({"event": EVENT}), run({"event": EVENT, "millis": 60_000}, **settings)

    assert kept.responses == plain.responses
    assert [line["why"] for line in kept.log if line["message"] == "event not kept"] == [
        "NoSuchBucket"
    ]


def test_a_bucket_without_a_name_costs_no_init(run: Any) -> None:
    """It is told once, in the init, and answers go out."""
    done = run({"event": EVENT, "millis": 60_000}, REWARD_LOG_EVENTS="0.5")

    assert done.responses
    assert [line["why"] for line in done.log if line["message"] == "event not kept"] == ["KeyError"]


def test_without_a_wish_for_events_nothing_of_it_is_loaded() -> None:
    """Cold start pays for what is used: neither the module nor a client is imported."""
    code = "import sys, rewards.handler; print('rewards.wire.capture' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "False"


OWN_BUG = """
from rewards import Sample, scorer

@scorer
def quotes(sample: Sample) -> float:
    '''Breaks on what it reads.'''
    raise KeyError(sample.completion)
"""


def test_a_bug_in_a_scorer_is_logged_once_with_its_place_and_without_its_message(
    run: Any, tmp_path: Path
) -> None:
    """A reward of 0 for all looks like a model that knows nothing; the message may quote one."""
    (tmp_path / "own_bug.py").write_text(OWN_BUG)
    secret = "SECRET-COMPLETION"
    rubric = RUBRIC.replace("exact.match", "own_bug:quotes")

    result = run({"event": [row(secret), row(secret)]}, {"event": [row(secret)]}, rubric=rubric)

    [line] = [line for line in result.log if line["level"] == "ERROR"]
    bug = line["bug"]
    assert (bug["component"], bug["error"], bug["line"]) == ("correct", "KeyError", 7)
    assert bug["file"].endswith("own_bug.py")
    assert len(result.responses) == 2
    assert secret not in result.stdout + result.stderr


def test_a_response_beyond_lambdas_limit_goes_without_metrics_and_says_so(run: Any) -> None:
    """Only the metrics are optional; Lambda would refuse the whole."""
    ids = [f"{n}".rjust(49_850, "x") for n in range(126)]

    result = run({"event": [row("72", id=each) for each in ids]})

    [response] = result.responses
    assert [each["id"] for each in response] == ids
    assert {frozenset(each) for each in response} == {frozenset({"id", "aggregate_reward_score"})}
    assert {each["aggregate_reward_score"] for each in response} == {1.0}
    assert len(json.dumps(response)) < 6 * 1024 * 1024
    [line] = [line for line in result.log if line["level"] == "WARNING"]
    assert line["bytes"] > line["limit"] == 6 * 1024 * 1024


@pytest.mark.parametrize("char", ["x", "é", "\U0001f34e", "\x00", "\ud800"])
def test_no_logged_line_is_longer_than_cloudwatch_takes(run: Any, char: str) -> None:
    """Whatever an id, a prompt, a completion or what was read of it is made of."""
    turns = [{"role": role, "content": char * 90_000} for role in ("user", "assistant")]
    event = [
        {"id": wire_id, "messages": turns, "reference_answer": char * 90_000}
        for wire_id in (char * 500_000, ["y" * 300_000], {"z" * 300_000: 1}, 10**3_000)
    ]

    result = run({"event": event}, REWARD_LOG_SAMPLES="1")

    assert sum(line["message"] == "rollout" for line in result.log) == 4
    assert max(len(line.encode()) for line in result.stdout.splitlines() if line[0] == "{") < 2**18
