"""A judge under faults and under load, over real boto3 and a local Converse server.

Held to: in 10,000 calls of which a fifth fail there is no invented score, no call past the
deadline, no more requests than the retry budget allows, and the same result for the same seed; a
batch of 64 samples against a judge of one second, 32 at once, takes at most 1.25 times the ideal
two seconds in the handler.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from benchmarks.conftest import Measured
from rewards.core.sample import Message, Sample
from rewards.judge import Asking, RetryPolicy, install, usage
from rewards.judge.clients.bedrock import BedrockJudge
from rewards.rubric import Rubric, use
from rewards.scorers import judge
from tests.converse_server import (
    REFUSALS,
    REPLY_FAULTS,
    SERVICE_FAULTS,
    Asked,
    Converse,
    converse,
)

ROOT = Path(__file__).parent.parent
CALLS = 10_000
FAULTS = (*SERVICE_FAULTS, *REPLY_FAULTS, *REFUSALS, "slow", "hang")
SCALE = {"name": "clarity", "description": "Easy to follow.", "scale": [1, 5]}

AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Converse]:
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    with converse() as state:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", state.url)
        yield state


def samples(count: int) -> list[Sample]:
    prompt = (Message("user", "What is 8 times 9?"),)
    return [
        Sample(id=str(i), completion=f"It is {i}, I think.", prompt=prompt) for i in range(count)
    ]


def honest(asked: Asked) -> float:
    """What code must make of the level that the honest server gives."""
    return float((asked.level("clarity") - 1) / 4)


def test_a_deadline_in_the_midst_of_faults_and_hanging_sockets(
    benchmark: Any, server: Converse, measured: Measured
) -> None:
    """Two seconds for what would take ten, every tenth socket dead: over when it must be."""
    server.delay = 0.05
    server.faulty(0.2, seed=5, kinds=("hang", *SERVICE_FAULTS))
    component = use(judge.grade, model="m", criteria=[SCALE]).placed(on_error="skip", name="judge")
    rubric = Rubric("late", [component], concurrency=16)
    taken: list[float] = []
    deadline = 0.0

    def run() -> None:
        nonlocal deadline
        started = monotonic()
        deadline = started + 2
        with install(BedrockJudge(16), RetryPolicy(base_seconds=0.01)):
            rubric.score_batch(samples(3000), deadline=deadline)
        taken.append(monotonic() - started)

    benchmark.pedantic(run, rounds=1)

    assert all(asked.at < deadline for asked in server.asked)
    assert server.last_end < deadline + 0.25
    assert max(taken) < 2.25
    measured(
        "a judge under faults and dead sockets, deadline of 2 s",
        f"over after {max(taken):.2f} s, {len(server.asked):,} requests, none past it",
        "2.25 s",
    )


HANDLER = """
import json, sys, time
started = time.perf_counter()
import rewards.handler as handler
init = time.perf_counter() - started
event = json.loads(sys.stdin.read())
took = []
for turn in range(2):
    for index, row in enumerate(event):
        row["messages"][-1]["content"] = f"turn {turn}: it is {index}"
    started = time.perf_counter()
    response = handler.lambda_handler(event, None)
    took.append(time.perf_counter() - started)
assert len(response) == 64
print(json.dumps({"init": init, "took": took}))
"""


def test_a_batch_of_64_takes_two_rounds_of_the_judge(
    benchmark: Any, server: Converse, measured: Measured, tmp_path: Path
) -> None:
    """In a process of its own, as in Lambda: threads, connections and all."""
    rubric = tmp_path / "judged.toml"
    rubric.write_text(
        'name = "judged"\nconcurrency = 32\n[[component]]\nscorer = "judge.grade"\n'
        'params = { model = "us.amazon.nova-pro-v1:0", prompt = "reasoning" }\n',
        encoding="utf-8",
    )
    event = [
        {
            "id": str(index),
            "messages": [
                {"role": "user", "content": "What is 8 times 9?"},
                {"role": "assistant", "content": ""},
            ],
            "metadata": {"reference_answer": "72"},
        }
        for index in range(64)
    ]
    server.delay = 1.0
    env = {**os.environ, "REWARD_RUBRIC": str(rubric), "POWERTOOLS_METRICS_DISABLED": "true"}

    def run() -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", HANDLER],
            input=json.dumps(event),
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env=env,
        )
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    found = benchmark.pedantic(run, rounds=1)

    ideal = 64 / 32 * server.delay
    cold, warm = found["took"]
    measured(
        "64 samples, a judge that takes 1 s, 32 at once",
        f"{cold:.2f} s on the first event, {warm:.2f} s on the next ({ideal:.0f} s is ideal)",
        f"{1.25 * ideal:.1f} s",
    )
    assert len(server.asked) == 128
    assert max(found["took"]) <= 1.25 * ideal


def test_ten_thousand_calls_with_a_fifth_of_faults(
    benchmark: Any, server: Converse, measured: Measured
) -> None:
    """Nothing is invented, nothing is late, nothing is asked too often, all of it twice."""
    component = use(
        judge.grade, model="us.amazon.nova-pro-v1:0", criteria=[SCALE], asking=Asking(timeout=2.0)
    ).placed(on_error="skip", on_refusal="skip", name="judge")
    rubric = Rubric("faulty", [component], concurrency=32)
    rollouts = samples(CALLS)
    policy = RetryPolicy(base_seconds=0.0, seed=11)
    deadlines, runs = [], []

    def run() -> None:
        server.asked.clear()
        server.faulty(0.2, seed=11, kinds=FAULTS)
        usage.drain()
        deadlines.append(monotonic() + 600)
        with install(BedrockJudge(32), policy):
            runs.append(rubric.score_batch(rollouts, deadline=deadlines[-1]))

    benchmark.pedantic(run, rounds=2)

    figures = {name: values[0] for name, values in usage.drain().items()}
    truth = {asked.fenced(): honest(asked) for asked in server.asked}
    faults: dict[str, int] = {}
    for rollout, reward in zip(rollouts, runs[-1], strict=True):
        if "judge" in reward.scores:
            assert math.isclose(reward.value, truth[rollout.completion])
        else:
            kind = reward.faults["judge"].kind
            faults[kind] = faults.get(kind, 0) + 1
    assert set(faults) <= {"refusal", "service"}
    assert all(asked.at < deadlines[-1] for asked in server.asked)
    assert server.last_end < deadlines[-1]
    firsts = CALLS + figures["JudgeRepairs"]
    allowed = firsts + policy.reserve + policy.ratio * firsts
    assert len(server.asked) == figures["JudgeRequests"] <= allowed
    assert server.most_under_way <= 32
    assert runs[0] == runs[1]
    unscored = ", ".join(f"{count} {kind}" for kind, count in sorted(faults.items()))
    measured(
        f"{CALLS:,} calls of a judge of which a fifth fail",
        f"{len(server.asked):,} requests, {figures['JudgeRetries']:,.0f} retries, "
        f"{figures['JudgeRepairs']:,.0f} repairs, unscored {unscored}, no score invented",
        f"{allowed:,.0f} requests",
    )
