"""A judge in the Lambda: its figures among the metrics, its client made during init."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

EVENT = [
    {
        "id": str(index),
        "messages": [
            {"role": "user", "content": "Be kind."},
            {"role": "assistant", "content": f"Completion {index}."},
        ],
    }
    for index in range(3)
]


def in_lambda(script: str) -> list[dict[str, Any]]:
    """What a fresh container prints: its log and its metrics, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(EVENT),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "REWARD_RUBRIC": "instruction_following",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


FAKE = """
import json, sys
from rewards.handler import lambda_handler
from rewards.judge import FakeJudge, install
with install(FakeJudge({answer})):
    event = json.load(sys.stdin)
    for _ in range(2):
        try:
            print(json.dumps({"response": lambda_handler(event, None)}))
        except Exception as error:
            print(json.dumps({"raised": type(error).__name__}))
"""


def test_what_the_judge_used_is_among_the_metrics() -> None:
    """Requests of one invocation are not counted in the next, which hits the memory."""
    fake = FAKE.replace("{answer}", "{'adherence': 5, 'correctness': 3, 'helpfulness': 1}")
    printed = in_lambda(fake)

    first, second = (
        line for line in printed if "JudgeRequests" in line or "JudgeCacheHits" in line
    )
    assert first["JudgeRequests"] == [3]
    assert len(first["JudgeLatency"]) == 3
    assert second["JudgeCacheHits"] == [3]
    assert "JudgeRequests" not in second
    units = {m["Name"]: m["Unit"] for m in first["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert (units["JudgeRequests"], units["JudgeLatency"]) == ("Count", "Milliseconds")
    response = next(line["response"] for line in printed if "response" in line)
    assert [metric["name"] for metric in response[0]["metrics_list"]] == [
        *("judge", "judge/adherence", "judge/correctness", "judge/helpfulness"),
        *("judge/addressed", "judge/truncated"),
    ]


def test_an_outage_is_counted_and_fails_the_invocation() -> None:
    """The caller sees an error; the metrics say whose fault it was."""
    fake = FAKE.replace("{answer}", "__import__('rewards').ServiceError('denied')")
    printed = in_lambda(fake)

    assert [line for line in printed if "raised" in line] == [{"raised": "BatchFailedError"}] * 2
    [first, _] = [line for line in printed if "Failed" in line]
    assert first["JudgeServiceErrors"] == [3]


def test_the_client_is_made_during_init() -> None:
    """The first event does not wait for boto3."""
    [found] = in_lambda(
        "import rewards.handler, json; from rewards.judge import installed;"
        "client = installed._default.client;"
        "print(json.dumps({'bound': client.bound, 'regions': list(client._clients)}))"
    )

    assert found == {"bound": 16, "regions": [""]}


def test_the_client_of_the_table_is_made_during_init_too() -> None:
    """Where a deployment provides one; its name comes with the environment."""
    [found] = in_lambda(
        "import os, json; os.environ['REWARD_JUDGE_TABLE'] = 'verdicts';"
        "import rewards.handler; from rewards.judge.clients import dynamo;"
        "print(json.dumps({'tables': list(dynamo._tables)}))"
    )

    assert found == {"tables": [["verdicts", 16]]}
