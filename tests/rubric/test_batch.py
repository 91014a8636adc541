"""Scorers that take a whole batch at once."""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import pytest

from rewards import Rubric, Sample, scorer
from rewards.core.errors import DeadlineError, UnusableDataError
from rewards.rubric import use

SAMPLES = [Sample(id=str(n), completion=text) for n, text in enumerate(["a", "bb", "late", "bad"])]


@scorer
def long(sample: Sample, *, limit: int = 1) -> float:
    """1.0 where the completion has more characters than `limit`."""
    return float(len(sample.completion) > limit)


CALLS: list[int] = []


@long.batches
def _(samples: Sequence[Sample], deadline: float, *, limit: int) -> list[Any]:
    CALLS.append(len(samples))
    assert deadline > monotonic()
    found: dict[str, Any] = {"late": DeadlineError("late"), "bad": UnusableDataError("bad")}
    return [found.get(s.completion, float(len(s.completion) > limit)) for s in samples]


def test_a_batch_is_scored_in_one_call_and_each_sample_has_its_own_end() -> None:
    """Workers are shared; an exception in one place costs that sample alone."""
    CALLS.clear()
    rewards = Rubric("r", [use(long, limit=1)]).score_batch(SAMPLES, deadline=monotonic() + 60)

    assert CALLS == [4]
    assert [reward.value for reward in rewards] == [0.0, 1.0, 0.0, 0.0]
    assert [[f.kind for f in r.faults.values()] for r in rewards[2:]] == [
        ["deadline"],
        ["unusable_data"],
    ]


@pytest.mark.parametrize("given", [[1.0], None, RuntimeError("x")])
def test_a_wrong_number_of_verdicts_is_the_scorers_fault(given: Any) -> None:
    """No verdict is guessed where the count is wrong, and none is lost to another sample."""

    @scorer
    def odd(sample: Sample) -> float:
        """Nothing."""
        return 0.0

    def batch(samples: Sequence[Sample], deadline: float) -> Any:
        if isinstance(given, Exception):
            raise given
        return given

    odd.batches(batch)
    rewards = Rubric("r", [use(odd)]).score_batch(SAMPLES[:2])

    assert all(reward.bugs for reward in rewards)
