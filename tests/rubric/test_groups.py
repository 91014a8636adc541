"""The rollouts of one prompt together: group scorers, siblings, normalisation."""

import pytest

from rewards import Message, Rubric, Sample, use
from rewards.core.scorer import group_scorer
from rewards.rubric.spec import NormalizeSpec
from tests.rubric.samples import rewards, sample
from tests.strategies import breaks_on_low, paid, rank


def test_siblings_are_of_the_same_group() -> None:
    """The mean for a neutral sample comes from its own prompt, not from another."""
    rubric = Rubric("r", [use(breaks_on_low).placed(on_error="neutral")])

    batch = [sample(0.1, "a"), sample(0.6, "a"), sample(1.0, "b")]

    assert [r.value for r in rubric.score_batch(batch)] == [0.6, 0.6, 1.0]


def test_a_group_scorer_sees_the_rollouts_of_one_prompt() -> None:
    """Ranks are within a prompt."""
    rubric = Rubric("r", [use(rank)])

    batch = [sample(0.1, "a"), sample(0.9, "b"), sample(0.5, "a")]

    assert [r.value for r in rubric.score_batch(batch)] == [0.5, 1.0, 1.0]


def test_a_group_may_be_a_metadata_key() -> None:
    """`group_by = "key"` puts samples with the same value together, whatever their type."""
    rubric = Rubric("r", [use(rank)], group_by="key")
    batch = [sample(0.1, "a", metadata={"key": [1]}), sample(0.9, "b", metadata={"key": [1]})]

    assert [r.value for r in rubric.score_batch(batch)] == [0.5, 1.0]


def test_a_sample_without_the_group_key_is_compared_with_none() -> None:
    """A misspelt key must not make one group of all prompts: their mean is no sibling's."""
    rubric = Rubric("r", [use(breaks_on_low).placed(on_error="neutral")], group_by="kye")
    batch = [sample(0.1, "a", metadata={"key": 1}), sample(0.9, "b", metadata={"kye": None})]

    assert rubric.groups(batch) == [[0], [1]]
    assert rubric.groups([*batch, *[sample(0.1, metadata={"kye": 0})] * 2]) == [[0], [1], [2, 3]]


@pytest.mark.parametrize("turns", [(), (Message("user", ""),), (Message("user", " \n"),)])
def test_a_sample_without_a_prompt_is_compared_with_none(turns: tuple[Message, ...]) -> None:
    """Attack: data whose prompts were left out must not become one group of everything."""
    rubric = Rubric("r", [use(rank)])
    batch = [sample(0.1, prompt=turns), sample(0.9, prompt=turns), sample(0.5), sample(0.6)]

    assert rubric.groups(batch) == [[0], [1], [2, 3]]


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_blank_group_key_is_none(value: object) -> None:
    """A column that some rows leave empty says nothing of what these rows share."""
    rubric = Rubric("r", [use(rank)], group_by="key")
    batch = [sample(0.1, metadata={"key": value}), sample(0.9, metadata={"key": value})]

    assert rubric.groups(batch) == [[0], [1]]


def test_a_group_scorer_that_loses_a_verdict_is_a_fault_of_the_group() -> None:
    """Verdicts are never shifted from one rollout to another."""

    @group_scorer
    def short(samples: list[Sample]) -> list[float]:
        return [1.0]

    both = Rubric("r", [use(short)]).score_batch([sample(0.1), sample(0.2)])

    assert [r.value for r in both] == [0.0, 0.0]
    assert {r.faults["short"].kind for r in both} == {"invalid_value"}


def test_normalised_rewards_are_z_scores_clipped() -> None:
    """Zero mean and unit variance within the group; no spread, no reward."""
    rubric = Rubric("r", [use(paid)], normalize=NormalizeSpec(by="group", clip=1.5))

    assert rubric.range == (-1.5, 1.5)
    assert rewards(rubric, 0.0, 1.0) == pytest.approx([-1.0, 1.0])
    assert rewards(rubric, 0.0, 0.0, 0.0, 0.0, 1.0) == pytest.approx([-0.5] * 4 + [1.5])
    assert rewards(rubric, 0.3, 0.3) == [0.0, 0.0]


def test_a_neutral_sample_is_zero_after_normalisation() -> None:
    """It takes no part in the mean and gets the mean's z-score."""
    rubric = Rubric(
        "r", [use(breaks_on_low).placed(on_error="neutral")], normalize=NormalizeSpec(by="batch")
    )

    assert rewards(rubric, 0.5, 1.0, 0.1) == pytest.approx([-1.0, 1.0, 0.0])
