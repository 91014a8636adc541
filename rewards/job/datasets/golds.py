"""Whether a rubric reads a dataset's own references, and pays full marks for them.

In one pass over a file, where the rubric calls no service. In a run the deployed reward is asked,
for the first rows only (`rewards.job.preflight`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rewards.core.score import Reward
from rewards.job.datasets.findings import FlawTally
from rewards.job.datasets.rows import read_row
from rewards.job.errors import PreflightError
from rewards.job.preflight import TOLERANCE, completion_of
from rewards.rubric import Rubric
from rewards.wire.contract import parse_row

#: So many rows are scored of a dataset, evenly spread: some scorers run code, or a database.
ROWS_SCORED = 2_000

#: Rows that are scored at once.
_BATCH = 256


def check_golds(
    lines: Iterable[bytes],
    count: int,
    rubric: Rubric,
    template: str,
    full_marks: float | None,
    tally: FlawTally,
) -> None:
    """Add what is wrong with the references of `count` lines; broken ones are passed by.

    `template` makes a completion of a row, as `[preflight] completion` does. `full_marks` None
    asks only whether the references can be read.
    """
    if rubric.is_async:
        return
    batch: list[tuple[int, Mapping[str, Any]]] = []
    for place, row in _spread(lines, count):
        batch.append((place, row))
        if len(batch) == _BATCH:
            _score(batch, rubric, template, full_marks, tally)
            batch = []
    if batch:
        _score(batch, rubric, template, full_marks, tally)


def _spread(lines: Iterable[bytes], count: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows that are scored, with their numbers."""
    step = max(1, -(-count // ROWS_SCORED))
    for place, line in enumerate(lines, start=1):
        if (place - 1) % step == 0 and (found := read_row(line)) is not None:
            row, _ = found
            if isinstance(row.get("messages"), list):
                yield place, row


def _score(
    batch: list[tuple[int, Mapping[str, Any]]],
    rubric: Rubric,
    template: str,
    full_marks: float | None,
    tally: FlawTally,
) -> None:
    places, samples = [], []
    for place, row in batch:
        try:
            completion = completion_of(row, template, place)
        except PreflightError:
            continue  # it has no reference, which is another finding
        messages = [*row["messages"], {"role": "assistant", "content": completion}]
        sample = parse_row({**row, "messages": messages}, place).sample
        if sample is not None:
            places.append(place)
            samples.append(sample)
    for place, reward in zip(places, rubric.score_batch(samples), strict=True):
        _note_shortfall(place, reward, full_marks, tally)


def _note_shortfall(place: int, reward: Reward, full_marks: float | None, tally: FlawTally) -> None:
    unread = [name for name, fault in reward.faults.items() if fault.blame == "data"]
    if unread:
        tally.add("unreadable_reference", place, f"component {unread[0]}")
    elif full_marks is not None and reward.value < full_marks - TOLERANCE:
        tally.add("gold_not_full", place, f"{reward.value:g} of {full_marks:g}")
