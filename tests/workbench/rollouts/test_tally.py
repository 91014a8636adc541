"""The figures of a run in constant memory."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.score import Reward, Score
from rewards.rubric import Rubric
from rewards.wire.answering import Answered
from rewards.wire.contract import Row
from rewards.workbench.rollouts.grouping import Groups
from rewards.workbench.rollouts.tally import GRID_STEPS, Tally

RUBRIC = Rubric.from_spec({"name": "exact", "component": [{"scorer": "exact.match"}]})
NO_GROUPS = Groups(0, 0, 0)

values = st.lists(st.floats(0, 1), min_size=1, max_size=50)


def tally(rewards: list[float]) -> Tally:
    found = Tally()
    earned = [Reward(value, {"exact.match": Score(value)}) for value in rewards]
    rows = [Row(str(n), None) for n in range(len(rewards))]
    found.add_batch(RUBRIC, Answered(rows, earned, [], {"bugs": {}}))
    return found


@given(values, values)
def test_a_resumed_tally_is_the_tally_of_the_whole(one: list[float], other: list[float]) -> None:
    """Written as JSON, read back and continued, it says what one run would have said."""
    resumed = Tally.from_dict(json.loads(json.dumps(tally(one).to_dict())))
    resumed.add(tally(other))

    found, whole = (
        resumed.document(RUBRIC, NO_GROUPS),
        tally(one + other).document(RUBRIC, NO_GROUPS),
    )

    assert found == whole
    ordered = sorted(one + other)
    median = ordered[math.ceil(len(ordered) / 2) - 1]
    assert found["reward"]["quantiles"]["p50"] == pytest.approx(median, abs=0.5 / GRID_STEPS + 1e-9)


@given(st.lists(values, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_tasks_is_nothing_to_the_figures(
    tasks: list[list[float]], order: random.Random
) -> None:
    """Sums are exact, so that no mean hangs on the order of the rows to its last digit."""
    shuffled = order.sample(tasks, len(tasks))
    documents = []
    for batches in (tasks, shuffled):
        whole = Tally()
        for batch in batches:
            whole.add(tally(batch))
        documents.append(whole.document(RUBRIC, NO_GROUPS))

    every = [value for batch in tasks for value in batch]
    assert documents[0] == documents[1]
    assert documents[0]["reward"]["mean"] == pytest.approx(math.fsum(every) / len(every), abs=1e-15)
