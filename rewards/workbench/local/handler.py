"""The deployed handler, called in this process, and what its rubric said about each sample."""

import importlib
import io
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from rewards.contract import Row, parse_event, to_response
from rewards.errors import RewardsError
from rewards.rubric import Rubric
from rewards.sample import Sample
from rewards.score import Reward

_HANDLER = "rewards.handler"

#: Lambda's longest timeout: a replay never runs into the deadline of a deployment.
_REMAINING_MS = 900_000

#: The handler logs to stdout, as Lambda wants it. Here stdout is for results; powertools keeps
#: the first stream that it sees, so this one lives as long as the process.
_LOG = io.StringIO()


@dataclass(frozen=True)
class Outcome:
    """What an event gave: the response or the refusal, and the rows and rewards behind it.

    `rewards` holds one reward for each row that has a sample, as `to_response` wants it. `error`
    is what Lambda would answer: `{"errorType", "errorMessage"}`.
    """

    response: list[dict[str, Any]] | None = None
    error: dict[str, str] | None = None
    rows: Sequence[Row] = ()
    rewards: Sequence[Reward] = ()

    def explained(self) -> Iterator[tuple[Row, Reward | None]]:
        """Each row with its reward; None for a broken row."""
        rewards = iter(self.rewards)
        for row in self.rows:
            yield row, None if row.sample is None else next(rewards)


@dataclass
class LocalHandler:
    """`rewards.handler`, imported afresh with one rubric, as a new Lambda container would."""

    rubric_path: Path
    _module: ModuleType = field(init=False)
    _seen: list[Sequence[Reward]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        settings = {"REWARD_RUBRIC": str(self.rubric_path), "POWERTOOLS_SERVICE_NAME": "replay"}
        before = sys.modules.pop(_HANDLER, None)
        try:
            with _environment(settings), redirect_stdout(_LOG), warnings.catch_warnings():
                # Powertools keeps the dimensions of the handler before; a container has but one.
                warnings.filterwarnings("ignore", "Dimension 'rubric' has already been added")
                self._module = importlib.import_module(_HANDLER)
        finally:
            # Whoever else has imported the handler keeps the one with the rubric of their own.
            sys.modules.pop(_HANDLER, None)
            if before is not None:
                sys.modules[_HANDLER] = before
        self._observe()

    @property
    def rubric(self) -> Rubric:
        """The rubric that the handler loaded."""
        rubric: Rubric = self._module.RUBRIC
        return rubric

    def invoke(self, event: object) -> Outcome:
        """Score an event. A refusal of the package is an outcome; any other error is a bug."""
        self._seen.clear()
        try:
            with redirect_stdout(_LOG):
                response = self._module.lambda_handler(event, _Context())
        except RewardsError as error:
            return Outcome(error={"errorType": type(error).__name__, "errorMessage": str(error)})
        finally:
            _LOG.seek(0)
            _LOG.truncate()
        rows, rewards = parse_event(event), self._seen[-1]
        # The explanation is of the very run that made the response, and this proves it.
        if to_response(rows, rewards, floor=self.rubric.range[0]) != response:
            raise AssertionError("the handler's response is not what its rubric gave")
        return Outcome(response=response, rows=rows, rewards=rewards)

    def _observe(self) -> None:
        """Keep what `score_batch` returns: scoring twice could differ, and a judge costs money."""
        score_batch = self.rubric.score_batch

        def observed(samples: Sequence[Sample], **options: Any) -> list[Reward]:
            rewards = score_batch(samples, **options)
            self._seen.append(rewards)
            return rewards

        vars(self.rubric)["score_batch"] = observed


class _Context:
    """What the handler reads from Lambda's context object."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return _REMAINING_MS


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
