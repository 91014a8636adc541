"""The arithmetic that trains the model, by itself: no batch, no scorer, no rubric."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.sample import Message, Sample
from rewards.core.score import Score
from rewards.rubric.totals import (
    NOISE,
    group_indices,
    group_key,
    neutralised,
    normalized,
    total,
)

UNIT = (0.0, 1.0)


@dataclass(frozen=True)
class Part:
    """A component as a total sees it, with values from 0 to 1."""

    name: str
    weight: float = 1.0

    @property
    def worst(self) -> float:
        return 0.0 if self.weight >= 0 else 1.0


def made(
    kind: str, policies: dict[str, str], span: tuple[float, float] = UNIT, **found: object
) -> float | None:
    """The total of parts given as name=(weight, value); value None where the part is at fault."""
    parts = [Part(name, given[0]) for name, given in found.items()]  # type: ignore[index]
    scores = {
        name: Score(given[1])  # type: ignore[index]
        for name, given in found.items()
        if given[1] is not None  # type: ignore[index]
    }
    return total(scores, policies, parts, kind=kind, span=span)


def test_a_mean_weighs_and_a_sum_adds() -> None:
    """(3 x 1.0 + 1 x 0.5) / 4, and 0.5 x 1.0 + 0.25 x 0.5."""
    assert made("mean", {}, a=(3.0, 1.0), b=(1.0, 0.5)) == 0.875
    assert made("sum", {}, a=(0.5, 1.0), b=(0.25, 0.5)) == 0.625


def test_either_is_clamped_to_the_range() -> None:
    """At both ends."""
    assert made("sum", {}, a=(2.0, 0.75)) == 1.0
    assert made("sum", {}, a=(-2.0, 0.75)) == 0.0
    assert made("sum", {}, span=(-5.0, 5.0), a=(-2.0, 0.75)) == -1.5


@pytest.mark.parametrize("kind", ["mean", "sum"])
def test_what_is_skipped_leaves_its_weight_to_the_others(kind: str) -> None:
    """The other weights are scaled up to the whole: 0.75 and 0.25 become 1, for a sum as well."""
    assert made(kind, {"b": "skip"}, a=(0.75, 0.5), b=(0.25, None)) == 0.5
    assert made(kind, {"b": "skip"}, a=(0.5, 0.5), b=(0.25, None), c=(0.25, 1.0)) == pytest.approx(
        2 / 3
    )


@pytest.mark.parametrize("kind", ["mean", "sum"])
def test_where_all_is_skipped_the_siblings_decide(kind: str) -> None:
    """Nothing was scored: that is no floor, and no number at all."""
    assert made(kind, {"a": "skip", "b": "skip"}, a=(0.75, None), b=(0.25, None)) is None


@pytest.mark.parametrize("kind", ["mean", "sum"])
def test_a_floor_counts_as_what_pays_least(kind: str) -> None:
    """The lowest value under a positive weight, the highest under a negative one."""
    assert made(kind, {"b": "floor"}, a=(0.5, 1.0), b=(0.5, None)) == 0.5
    span = (-1.0, 1.0)
    assert made("sum", {"b": "floor"}, span=span, a=(0.5, 1.0), b=(-0.25, None)) == 0.25


def test_one_neutral_fault_makes_the_whole_neutral() -> None:
    """Whatever the other components found."""
    assert made("mean", {"b": "neutral"}, a=(1.0, 1.0), b=(1.0, None)) is None
    assert made("mean", {"a": "floor", "b": "neutral"}, a=(1.0, None), b=(1.0, None)) is None


def test_a_neutral_sample_gets_the_mean_of_its_own_group() -> None:
    """Of those that have a total; another group has no part in it."""
    values = neutralised([None, 0.5, 1.0, 0.0], [[0, 1, 2], [3]], floor=-1.0)

    assert values == [0.75, 0.5, 1.0, 0.0]


def test_a_group_without_a_total_is_the_floor_for_all() -> None:
    """All equal: no gradient among them."""
    assert neutralised([None, None, 0.5], [[0, 1], [2]], floor=-1.0) == [-1.0, -1.0, 0.5]


@given(st.lists(st.none() | st.floats(-5.0, 5.0), max_size=8))
def test_neutral_samples_move_no_group_mean(totals: list[float | None]) -> None:
    """Putting them in leaves the mean of the group where its scored samples had it."""
    scored = [found for found in totals if found is not None]

    values = neutralised(totals, [range(len(totals))], floor=0.0)

    if scored:
        mean = math.fsum(scored) / len(scored)
        assert math.fsum(values) / len(values) == pytest.approx(mean, abs=1e-12)


def test_z_scores_have_mean_nothing_and_deviation_one() -> None:
    """Population deviation: 0 and 1 lie one deviation from 0.5, and are clipped where asked."""
    assert normalized([0.0, 1.0], [[0, 1]], clip=3.0) == [-1.0, 1.0]
    assert normalized([0.0, 0.0, 0.0, 0.0, 1.0], [range(5)], clip=1.5) == [-0.5] * 4 + [1.5]


def test_a_pool_is_normalised_by_itself_and_none_takes_no_part() -> None:
    """The neutral sample is 0 and moves nobody's mean."""
    assert normalized([0.0, None, 1.0, 5.0, 7.0], [[0, 1, 2], [3, 4]], clip=3.0) == [
        *(-1.0, 0.0, 1.0, -1.0, 1.0),
    ]


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0, -7.5, 1e20, 1e100])
def test_float_noise_is_no_spread(level: float) -> None:
    """Values that differ in their last bits differ by nothing that anybody earned."""
    above = math.nextafter(level, math.inf)

    assert normalized([level, above, level, level], [range(4)], clip=3.0) == [0.0] * 4


def test_a_spread_well_above_the_noise_counts() -> None:
    """A hundredfold of it, that is."""
    assert normalized([0.3, 0.3 + 100 * NOISE], [[0, 1]], clip=3.0) == pytest.approx([-1.0, 1.0])


def sample(prompt: str = "", **metadata: object) -> Sample:
    return Sample("1", "", (Message("user", prompt),) if prompt else (), metadata=metadata)


def test_groups_stand_in_the_order_of_their_first_sample() -> None:
    """Rollouts of one prompt lie together wherever they stand in the batch."""
    batch = [sample("a"), sample("b"), sample("a"), sample("c"), sample("b")]

    assert group_indices(batch, "prompt") == [[0, 2], [1, 4], [3]]


def test_a_group_by_metadata_tells_types_apart() -> None:
    """1, "1" and [1] are three groups; a missing, blank or null value is no group."""
    batch = [sample(key=key) for key in (1, "1", [1], 1)]

    assert group_indices(batch, "key") == [[0, 3], [1], [2]]
    for lone in (sample(), sample(key=None), sample(key=" ")):
        assert group_key(lone, "key") is None
    assert group_indices([sample(), sample()], "key") == [[0], [1]]
    assert group_indices([sample(), sample("  "), sample("  ")], "prompt") == [[0], [1], [2]]
