"""The one path from rows to rewards to a response, with the figures of the batch.

The Lambda handler, `rewards replay` and `serve` answer events; `rewards score` and whoever reads
rows from somewhere else answers rows. What they show is what the deployed function would send.
"""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.wire.contract import (
    MAX_PAYLOAD_BYTES,
    Row,
    parse_event,
    to_response,
    without_metrics,
)
from rewards.wire.telemetry import summarize

if TYPE_CHECKING:
    from rewards.rubric.bugs import Tell


class Answered(NamedTuple):
    """What an event gave: its rows, what they earned, what goes back, what is told of it.

    `rewards` holds one reward for each row that has a sample, `response` one result for each row.
    `summary` is what `rewards.wire.telemetry.summarize` says of the batch. `too_large` is the
    size in bytes of a response that Lambda would not take, and whose metrics were therefore left
    out; else 0.
    """

    rows: Sequence[Row]
    rewards: Sequence[Reward]
    response: list[dict[str, Any]]
    summary: dict[str, Any]
    too_large: int = 0

    def explained(self) -> Iterator[tuple[Row, Reward | None]]:
        """Each row with its reward; None for a broken row."""
        rewards = iter(self.rewards)
        for row in self.rows:
            yield row, None if row.sample is None else next(rewards)


def answer(
    event: object, rubric: Rubric, deadline: float | None = None, tell: "Tell | None" = None
) -> Answered:
    """Score an event: one result for each row, same order, same ids, finite and in range.

    `deadline` is a `time.monotonic()` value; what is not scored by then is unscored. `tell` gets
    the first of each kind of bug in a scorer, by default stderr. A response of more than
    `MAX_PAYLOAD_BYTES` goes without metrics: every reward of the batch would be lost.

    Raises:
        EventError: the event as a whole is in no known shape.
        BatchFailedError: a component with `on_error = "fail"` could not be scored.
    """
    answered = answer_rows(parse_event(event), rubric, deadline, tell)
    if _at_most(answered.response) <= MAX_PAYLOAD_BYTES:
        return answered
    size = len(json.dumps(answered.response, ensure_ascii=False).encode())
    if size <= MAX_PAYLOAD_BYTES:
        return answered
    return answered._replace(response=without_metrics(answered.response), too_large=size)


def answer_rows(
    rows: Sequence[Row], rubric: Rubric, deadline: float | None = None, tell: "Tell | None" = None
) -> Answered:
    """As `answer`, for rows that are parsed already, and a response of any size."""
    samples = [row.sample for row in rows if row.sample is not None]
    rewards = rubric.score_batch(samples, deadline=deadline, tell=tell)
    return Answered(
        rows,
        rewards,
        to_response(rows, rewards, floor=rubric.range[0]),
        summarize(rows, rewards, rubric.groups(samples)),
    )


def _at_most(response: Sequence[dict[str, Any]]) -> int:
    """More bytes than a response can have: encoding all of them to know would take as long again.

    A metric's name has up to 64 + 1 + 128 characters of up to 4 bytes; no ASCII text of an id
    takes more than 6 bytes a character.
    """
    size = 0
    for result in response:
        wire_id = result["id"]
        chars = len(wire_id if type(wire_id) is str else json.dumps(wire_id))
        size += 200 + 6 * chars + 900 * len(result["metrics_list"])
    return size
