"""The handler against the JSON around it, and its import against Powertools' own.

Held to: a 64-sample GSM8K event takes at most 4 times `json.loads` + `json.dumps` of the event and
its response, plus the scorers' own time; importing the handler with the gsm8k rubric takes at
most 1.5 times the import of Powertools' Logger and Metrics.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from rewards.contract import parse_event
from rewards.rubric import Rubric

ROOT = Path(__file__).parent.parent
EVENT = json.loads((ROOT / "events" / "gsm8k" / "batch_of_64.json").read_text(encoding="utf-8"))

ROUNDS = 300


def seconds(call: Any, rounds: int = ROUNDS) -> float:
    """The median time of a call."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


@pytest.fixture(scope="module")
def handler() -> Any:
    """The real handler, its output going where Lambda's would: to a stream that is not a disk."""
    os.environ["REWARD_RUBRIC"] = "gsm8k"
    os.environ.pop("POWERTOOLS_METRICS_DISABLED", None)
    from rewards.handler import lambda_handler

    return lambda_handler


def test_handler_against_json(benchmark: Any, handler: Any, capsys: Any) -> None:
    """(handler - scorers) / (loads + dumps of event and response) is at most 4."""
    response = handler(EVENT, None)
    event_text, response_text = json.dumps(EVENT), json.dumps(response)

    def around() -> None:
        json.dumps(json.loads(event_text))
        json.dumps(json.loads(response_text))

    samples = [row.sample for row in parse_event(EVENT) if row.sample is not None]
    calls = [component.call for component in Rubric.load("gsm8k").components]

    def scorers() -> None:
        for call in calls:
            for sample in samples:
                call(sample)

    benchmark.pedantic(lambda: handler(EVENT, None), rounds=ROUNDS, warmup_rounds=10)
    whole, scoring, baseline = (
        seconds(lambda: handler(EVENT, None)),
        seconds(scorers),
        seconds(around),
    )
    capsys.readouterr()
    ratio = (whole - scoring) / baseline
    benchmark.extra_info.update(
        handler_us=whole * 1e6, scorers_us=scoring * 1e6, json_us=baseline * 1e6, ratio=ratio
    )
    with capsys.disabled():
        print(
            f"\nhandler {whole * 1e6:,.0f} us = scorers {scoring * 1e6:,.0f} us"
            f" + {ratio:.2f} x JSON {baseline * 1e6:,.0f} us (held to 4)"
        )
    assert ratio <= 4


def test_import_against_powertools(benchmark: Any, capsys: Any) -> None:
    """Import rewards.handler / import Logger and Metrics is at most 1.5."""
    env = {**os.environ, "REWARD_RUBRIC": "gsm8k"}

    def import_time(code: str) -> float:
        script = f"from time import perf_counter as t; s = t(); {code}; print(t() - s)"
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        return float(done.stdout)

    ours, theirs = [], []
    for _ in range(15):  # alternating, so that a busy moment hits both
        ours.append(import_time("import rewards.handler"))
        theirs.append(import_time("from aws_lambda_powertools import Logger, Metrics"))
    benchmark.pedantic(lambda: import_time("import rewards.handler"), rounds=3)
    ratio = min(ours) / min(theirs)
    benchmark.extra_info.update(ratio=ratio)
    with capsys.disabled():
        print(f"\nimport {min(ours) * 1e3:.0f} ms = {ratio:.2f} x Powertools alone (held to 1.5)")
    assert ratio <= 1.5
