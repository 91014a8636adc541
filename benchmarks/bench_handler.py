"""The handler against the JSON around it, and its import against Powertools' own.

Held to: a 64-sample GSM8K event takes at most 4 times `json.loads` of the event and `json.dumps` of
its response, plus the scorers' own time; importing the handler with the gsm8k rubric takes at
most 1.5 times the import of Powertools' Logger and Metrics.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import Measured
from benchmarks.timing import least
from rewards.wire.contract import parse_event

ROOT = Path(__file__).parent.parent
EVENT = json.loads((ROOT / "events" / "gsm8k" / "batch_64.json").read_text(encoding="utf-8"))

ROUNDS = 300


@pytest.fixture(scope="module")
def handler() -> Any:
    """The real handler's module, log lines and metrics included."""
    os.environ["REWARD_RUBRIC"] = "gsm8k"
    os.environ.pop("POWERTOOLS_METRICS_DISABLED", None)
    import rewards.handler

    return rewards.handler


def test_handler_against_json(
    benchmark: Any, handler: Any, measured: Measured, capsys: Any, monkeypatch: Any
) -> None:
    """With the scorers' verdicts at hand, the handler takes at most 4 times the JSON around it."""
    response = handler.lambda_handler(EVENT, None)
    event_text = json.dumps(EVENT)
    samples = [row.sample for row in parse_event(EVENT) if row.sample is not None]
    # What the scorers themselves take is left out by looking their verdicts up: to time both and
    # subtract would be a small difference of two large and noisy numbers.
    for component in handler.RUBRIC.components:
        verdicts = {sample.id: component.call(sample) for sample in samples}
        monkeypatch.setattr(component, "call", lambda sample, found=verdicts: found[sample.id])
    assert handler.lambda_handler(EVENT, None) == response

    def around() -> None:
        """What Lambda's runtime does with the event and with the response."""
        json.loads(event_text)
        json.dumps(response)

    benchmark.pedantic(lambda: handler.lambda_handler(EVENT, None), rounds=ROUNDS, warmup_rounds=10)
    ours, baseline = least(lambda: handler.lambda_handler(EVENT, None), around, rounds=ROUNDS)
    capsys.readouterr()
    ratio = ours / baseline
    benchmark.extra_info.update(handler_us=ours * 1e6, json_us=baseline * 1e6, ratio=ratio)
    measured(
        "handler, 64 GSM8K samples, without the scorers' own time",
        f"{ours * 1e3:.1f} ms: {ratio:.1f} times `json.loads` of the event and `json.dumps` of the "
        "response",
        "4 times",
    )
    assert ratio <= 4


def test_import_against_powertools(benchmark: Any, measured: Measured) -> None:
    """Import rewards.handler / import Logger and Metrics is at most 1.5."""
    env = {**os.environ, "REWARD_RUBRIC": "gsm8k"}
    # Deployed code has its bytecode beside it, as pip leaves Powertools': compile ours, too.
    env.pop("PYTHONDONTWRITEBYTECODE", None)

    def import_time(code: str) -> float:
        script = f"from time import process_time as t; s = t(); {code}; print(t() - s)"
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        return float(done.stdout)

    import_time("import rewards.handler")
    ours, theirs = [], []
    for _ in range(15):  # alternating, so that a busy moment hits both
        ours.append(import_time("import rewards.handler"))
        theirs.append(import_time("from aws_lambda_powertools import Logger, Metrics"))
    benchmark.pedantic(lambda: import_time("import rewards.handler"), rounds=3)
    ratio = min(ours) / min(theirs)
    benchmark.extra_info.update(ratio=ratio)
    measured(
        "`import rewards.handler` with the `gsm8k` rubric",
        f"{ratio:.2f} times Powertools' Logger and Metrics alone ({min(ours) * 1e3:.0f} ms)",
        "1.5 times",
    )
    assert ratio <= 1.5
