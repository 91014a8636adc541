"""What a job will take before it is started: rollouts, calls, steps, and what its judges cost.

The service publishes neither prices by rollout nor times by step, so the training's own are left
to its price page; what is known is multiplied out, and each line says how.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rewards.job.settings import RftConfig
from rewards.job.targets import NOVA
from rewards.judge.terms import Asking
from rewards.rubric import Rubric

#: What a Nova job takes where nothing is set (AWS's recipe for RFT, read in November 2026).
NOVA_DEFAULTS = {
    "epochCount": 1,
    "batchSize": 128,
    "trainingSamplePerPrompt": 8,
    "inferenceMaxTokens": 2048,
}

#: Characters of English text a token, what a judge's instructions and verdict take, in tokens, how
#: long it thinks, and how many calls are under way: rough, and said.
CHARS_A_TOKEN, INSTRUCTIONS, VERDICT, SECONDS_A_CALL, AT_ONCE = 4, 700, 300, 3, 160


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one run takes; None where it cannot be known. `money` is in the rubric's currency."""

    rows: int | None
    epochs: int
    samples: int | None
    batch: int | None
    judges: int
    judge_tokens: tuple[int, int]
    money: float | None

    @property
    def rollouts(self) -> int | None:
        """Completions that are scored: each is one sample of a call of the reward."""
        if self.rows is None or self.samples is None:
            return None
        return self.rows * self.epochs * self.samples

    @property
    def steps(self) -> int | None:
        """Rounds of rollouts, each of which changes the model once."""
        if self.rows is None or self.batch is None:
            return None
        return math.ceil(self.rows / self.batch) * self.epochs

    @property
    def judge_calls(self) -> int | None:
        """How often a judge is asked, retries and repeated completions aside."""
        return None if self.rollouts is None else self.rollouts * self.judges

    @property
    def judge_seconds(self) -> float | None:
        """How long the judges take, where nothing throttles them."""
        calls = self.judge_calls
        return None if calls is None else calls * SECONDS_A_CALL / AT_ONCE

    def lines(self) -> Iterator[str]:
        """What it takes, a line each, with its formula."""
        rows = "rows" if self.rows is None else f"{self.rows:,} rows"
        samples = "the service's own number of" if self.samples is None else f"{self.samples}"
        rollouts = "rollouts" if self.rollouts is None else f"{self.rollouts:,} rollouts"
        yield f"{rows} x {self.epochs} epochs x {samples} samples = {rollouts}"
        if self.steps is not None:
            yield f"ceil({self.rows:,} / {self.batch}) x {self.epochs} = {self.steps:,} steps"
        if self.judges and self.judge_calls is not None and self.judge_seconds is not None:
            yield (
                f"{self.rollouts:,} rollouts x {self.judges} judges = {self.judge_calls:,} calls; "
                f"x {SECONDS_A_CALL} s / {AT_ONCE} at once = {self.judge_seconds / 3600:.1f} h"
            )
            spent = f"calls x ({self.judge_tokens[0]:,} tokens in + {self.judge_tokens[1]:,} out)"
            if self.money is None:
                yield f"{spent}: give the judge a price table to see what that costs"
            else:
                yield f"{spent} x price = about {self.money:,.2f}, in the money of its price table"
        yield "the training itself: see Bedrock's price page, which has it by model and region"


def forecast(config: RftConfig, hyperparameters: Mapping[str, Any]) -> Forecast:
    """What a run of `config` takes, with the hyperparameters that it is started with.

    Rows are counted where the training set is a file; a row that is longer than `maxPromptLength`
    is counted, too. A judge reads prompt, completion and reference once for each rollout, at most
    `inferenceMaxTokens` of the completion.
    """
    assert config.data is not None
    given = {**(NOVA_DEFAULTS if config.target == NOVA else {}), **hyperparameters}
    rows, prompt = _measured(config)
    judges = _judges(Rubric.load(config.rubric))
    completion = given.get("inferenceMaxTokens", NOVA_DEFAULTS["inferenceMaxTokens"])
    tokens = (INSTRUCTIONS + prompt + completion, VERDICT)
    found = Forecast(
        rows,
        given.get("epochCount") or given.get("n_epochs") or 1,
        given.get("trainingSamplePerPrompt"),
        given.get("batchSize") or given.get("batch_size"),
        len(judges),
        tokens,
        None,
    )
    prices = [judge.price for judge in judges]
    if found.rollouts is None or not prices or not all(p.input and p.output for p in prices):
        return found
    each = sum((tokens[0] * p.input + tokens[1] * p.output) / 1e6 for p in prices)
    return replace(found, money=found.rollouts * each)


def _judges(rubric: Rubric) -> list[Asking]:
    """How each judge of a rubric is asked; one of the user's own is asked as by default."""
    found = [c.params.get("asking") for c in rubric.components if c.scorer.is_async]
    return [asking if isinstance(asking, Asking) else Asking() for asking in found]


def _measured(config: RftConfig) -> tuple[int | None, int]:
    """The rows of the training set, and the tokens of a prompt with its reference, on average."""
    assert config.data is not None
    path = config.local(config.data.train)
    if config.data.train.startswith("s3:") or not path.is_file():
        return None, 0
    lengths = list(_lengths(path))
    return len(lengths), sum(lengths) // max(1, len(lengths)) // CHARS_A_TOKEN


def _lengths(path: Path) -> Iterator[int]:
    """The characters of each row; its keys are few beside its text."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.strip():
                yield len(line)
