"""Scorers that take a whole batch at once."""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import pytest

from rewards import Rubric, Sample, group_scorer, scorer
from rewards.core.errors import BatchFailedError, DeadlineError, UnusableDataError
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


@pytest.mark.parametrize("kind", ["group", "async group", "async", "sync"])
def test_past_the_deadline_no_scorer_of_any_kind_is_called(kind: str) -> None:
    """What is called late takes time that nobody has; each of its samples is a late one."""
    called: list[str] = []

    @group_scorer
    def together(samples: Sequence[Sample]) -> list[float]:
        """One for everybody."""
        called.append("group")
        return [1.0] * len(samples)

    @group_scorer
    async def together_async(samples: Sequence[Sample]) -> list[float]:
        """The same, awaited."""
        called.append("async group")
        return [1.0] * len(samples)

    @scorer
    async def alone_async(sample: Sample) -> float:
        """One, awaited."""
        called.append("async")
        return 1.0

    @scorer
    def alone(sample: Sample) -> float:
        """One."""
        called.append("sync")
        return 1.0

    kinds = {"group": together, "async group": together_async, "async": alone_async, "sync": alone}
    rubric = Rubric("r", [use(kinds[kind]).placed(name="late", on_error="floor")])
    rewards = rubric.score_batch(SAMPLES, deadline=monotonic() - 1)
    faults = [reward.faults["late"] for reward in rewards]
    assert called == []
    assert {(fault.kind, fault.detail) for fault in faults} == {("deadline", "no time left")}
    # The other way round: with time, each is called.
    rubric.score_batch(SAMPLES, deadline=monotonic() + 60)
    assert set(called) == {kind}


def test_a_failed_batch_repeats_no_word_of_an_authors_error() -> None:
    """An exception may hold a completion, spelt otherwise than it stands; any log may hold ours."""

    @scorer
    def quoting(sample: Sample) -> float:
        """Fails with what it was given."""
        raise ValueError(f"cannot read {sample.completion.upper()!r}")

    rubric = Rubric("r", [use(quoting).placed(on_error="fail")])
    with pytest.raises(BatchFailedError, match=r"\(exception: ") as caught:
        rubric.score(Sample(id="1", completion="my secret plan"))
    assert "secret" not in str(caught.value).lower()
    assert "cannot read" not in str(caught.value)
