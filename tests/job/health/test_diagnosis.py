"""A look at a running job asks how it does: told once, and nothing is stopped unasked."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rewards.job.aws import aws_client
from rewards.job.definition import JobDefinition, watched
from rewards.job.health.diagnosis import SURE, health
from rewards.job.jobs import Job
from rewards.job.settings import JobSettings
from rewards.rubric.spec import load_spec
from rewards_cdk.job.runtime import handlers
from tests.job.test_steps import event
from tests.local_aws.mantle import FakeMantle

MINUTES = 40
START = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=MINUTES + 2)
JOB = Job("ftjob-1", "gsm8k-one", "InProgress", created=START.isoformat())


def rises(minute: int) -> float:
    return 0.3 + 0.5 * minute / MINUTES + 0.01 * math.sin(7 * minute)


def stands(minute: int) -> float:
    return 0.3 + 0.01 * math.sin(5 * minute)


def count(**curves: Any) -> None:
    """Count figures in CloudWatch, a value a minute, as the reward function does."""
    client = aws_client("cloudwatch", region="us-east-1")
    dimensions = [
        {"Name": "service", "Value": "gsm8k-reward"},
        {"Name": "rubric", "Value": "gsm8k"},
    ]
    data = [
        {
            **{"MetricName": name.replace("__", "/"), "Dimensions": dimensions},
            **{"Timestamp": START + timedelta(minutes=minute + 1), "Value": curve(minute)},
        }
        for name, curve in curves.items()
        for minute in range(MINUTES)
    ]
    for at in range(0, len(data), 500):
        client.put_metric_data(Namespace="BedrockRFT", MetricData=data[at : at + 500])


@pytest.fixture(name="watchful")
def _watchful(open_weight: JobDefinition, aws: None) -> JobDefinition:
    """A definition as a deployment writes it, in the region of the simulated services."""
    settings = JobSettings(base_model="openai.gpt-oss-20b")
    rules = watched(load_spec("gsm8k"), "gsm8k-reward", settings)
    return {**open_weight, "region": "us-east-1", "watch": rules}


def look(definition: JobDefinition, last: dict[str, Any] | None = None, job: Job = JOB) -> Any:
    from rewards.job.bedrock import BedrockJobs

    return health(definition, BedrockJobs(None), job, last or {})


def test_a_job_that_cheats_is_told_of_once(watchful: JobDefinition) -> None:
    """With the figures, what to do, and where to look; nothing is stopped."""
    count(Reward=rises, Component__correct=stands)
    first = look(watchful)

    assert (first["verdict"], first["tell"], first["stop"]) == ("hacked", True, False)
    assert "gsm8k-one of gsm8k: it cheats" in first["text"]
    assert "goal_flat, points " in first["text"]
    assert "component/correct from 0." in first["text"]
    assert "Nothing is stopped: `rewards job stop` ends it." in first["text"]
    assert "cloudwatch:BedrockRFT?rubric=gsm8k&service=gsm8k-reward" in first["text"]
    assert look(watchful, first)["tell"] is False


def test_a_job_that_learns_is_not_told_of(watchful: JobDefinition) -> None:
    """Nor one of which nobody can tell yet, or that has ended, or that nobody asks about."""
    assert look(watchful)["tell"] is False
    count(Reward=rises, Component__correct=rises)

    assert look(watchful) == {"verdict": "", "text": "", "tell": False, "stop": False}
    assert look(watchful, job=Job("i", "n", "Completed", created=JOB.created)) is None
    unasked = {key: value for key, value in watchful.items() if key != "watch"}
    assert look(unasked) is None  # type: ignore[arg-type]
    assert 0.5 < SURE <= 1


def test_what_was_told_stays_told_over_a_look_that_sees_nothing(watchful: JobDefinition) -> None:
    """An outage of the metrics is no news, and makes none of what is known."""
    blind = look(watchful, {"verdict": "hacked"})

    assert blind["verdict"] == "hacked"
    assert (blind["tell"], blind["stop"]) == (False, False)
    assert "no curve is in it" in blind["text"]


@pytest.mark.parametrize("asked", [False, True])
def test_only_what_is_asked_for_stops_a_job(
    watchful: JobDefinition, mantle: FakeMantle, dataset: None, asked: bool
) -> None:
    """Through the watch's own Lambda, on the steps that the job's events count."""
    count(Reward=rises, Component__correct=stands)
    watchful["watch"]["stop_on"] = ["hacked"] if asked else ["collapse"]
    created = handlers.create(event(watchful), None)
    mantle.jobs["ftjob-1"]["created_at"] = int(START.timestamp())
    mantle.events = [
        {
            **{"id": f"e{minute}", "type": "metrics", "message": "metrics"},
            "created_at": int((START + timedelta(minutes=minute + 1)).timestamp()),
            "data": {"step": 10 * minute, "critic_rewards_mean": rises(minute)},
        }
        for minute in range(MINUTES)
    ]
    seen = handlers.watch(event(watchful, job=created), None)

    assert (seen["health"]["tell"], seen["health"]["stop"]) == (True, asked)
    assert "to 390:" in seen["health"]["text"]
    assert (mantle.jobs["ftjob-1"]["status"] == "cancelled") is asked
    assert ('job.stop_on names "hacked"' in seen["health"]["text"]) is asked
    again = handlers.watch(event(watchful, job=seen), None)
    assert ("health" not in again) if asked else (again["health"]["tell"] is False)
