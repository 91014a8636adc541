"""The one path from rows to rewards to a response, with the figures of the batch.

The Lambda handler, `rewards replay` and `serve` answer events; `rewards score` and whoever reads
rows from somewhere else answers rows. What they show is what the deployed function would send.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.wire.contract import Row, parse_event, to_response
from rewards.wire.telemetry import summarize


class Answered(NamedTuple):
    """What an event gave: its rows, what they earned, what goes back, what is told of it.

    `rewards` holds one reward for each row that has a sample, `response` one result for each row.
    `summary` is what `rewards.wire.telemetry.summarize` says of the batch.
    """

    rows: Sequence[Row]
    rewards: Sequence[Reward]
    response: list[dict[str, Any]]
    summary: dict[str, Any]

    def explained(self) -> Iterator[tuple[Row, Reward | None]]:
        """Each row with its reward; None for a broken row."""
        rewards = iter(self.rewards)
        for row in self.rows:
            yield row, None if row.sample is None else next(rewards)


def answer(event: object, rubric: Rubric, deadline: float | None = None) -> Answered:
    """Score an event: one result for each row, same order, same ids, finite and in range.

    `deadline` is a `time.monotonic()` value; what is not scored by then is unscored.

    Raises:
        EventError: the event as a whole is in no known shape.
        BatchFailedError: a component with `on_error = "fail"` could not be scored.
    """
    return answer_rows(parse_event(event), rubric, deadline)


def answer_rows(rows: Sequence[Row], rubric: Rubric, deadline: float | None = None) -> Answered:
    """As `answer`, for rows that are parsed already."""
    samples = [row.sample for row in rows if row.sample is not None]
    rewards = rubric.score_batch(samples, deadline=deadline)
    return Answered(
        rows,
        rewards,
        to_response(rows, rewards, floor=rubric.range[0]),
        summarize(rows, rewards, rubric.groups(samples)),
    )
