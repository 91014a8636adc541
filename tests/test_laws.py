"""The laws of scoring, held by hypothesis over drawn rubrics, batches and events."""

import json
import math
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from rewards.core.sample import Sample
from rewards.rubric import Rubric
from rewards.wire.contract import index_id, parse_event, parse_row, to_response, wire_row
from rewards.wire.outline import outline
from tests.strategies import readable_rows, rows, rubrics, samples

batches = st.lists(samples(), max_size=8)


def values(rubric: Rubric, batch: list[Sample]) -> list[float]:
    return [reward.value for reward in rubric.score_batch(batch)]


@given(rubrics(), batches)
def test_every_sample_gets_one_finite_reward_in_range(rubric: Rubric, batch: list[Sample]) -> None:
    """One reward a sample, finite, and inside the range that the rubric promises."""
    low, high = rubric.range

    rewards = values(rubric, batch)

    assert len(batch) == len(rewards)
    assert all(math.isfinite(value) and low <= value <= high for value in rewards)


@given(rubrics(), batches, st.randoms(use_true_random=False))
def test_the_order_of_components_changes_nothing(
    rubric: Rubric, batch: list[Sample], random: Any
) -> None:
    """A rubric with its components in another order gives the same rewards, bit for bit."""
    tables = rubric.to_spec()
    shuffled = {**tables, "component": random.sample(tables["component"], len(tables["component"]))}

    assert values(rubric, batch) == values(Rubric.from_spec(shuffled), batch)


@given(rubrics(), batches, st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_every_weight_changes_no_mean(
    rubric: Rubric, batch: list[Sample], factor: float
) -> None:
    """Only the proportions of the weights matter to a mean."""
    tables = rubric.to_spec() | {"total": "mean"}
    scaled = [
        {**part, "weight": part.get("weight", 1.0) * factor} if not part.get("gate") else part
        for part in tables["component"]
    ]

    same = Rubric.from_spec(tables)

    # Powers of two scale floats exactly, so that the law holds to the bit; below 1e-300 a float has
    # fewer of them.
    others = values(Rubric.from_spec(tables | {"component": scaled}), batch)
    for one, other in zip(values(same, batch), others, strict=True):
        assert one == other or abs(one - other) < 1e-300


@given(rubrics(), batches, st.randoms(use_true_random=False))
def test_a_permuted_batch_gets_its_rewards_permuted(
    rubric: Rubric, batch: list[Sample], random: Any
) -> None:
    """The place of a sample in the batch, or in its group, changes no reward."""
    order = random.sample(range(len(batch)), len(batch))

    rewards = values(rubric, batch)

    assert [rewards[i] for i in order] == values(rubric, [batch[i] for i in order])


@given(rubrics())
def test_a_rubric_survives_the_way_to_its_tables_and_back(rubric: Rubric) -> None:
    """from_spec(to_spec(r)) == r, also through JSON, with the same digest."""
    tables = json.loads(json.dumps(rubric.to_spec()))

    assert rubric == Rubric.from_spec(tables)
    assert rubric.digest == Rubric.from_spec(tables).digest


@given(rubrics(), batches)
def test_scoring_twice_gives_the_same(rubric: Rubric, batch: list[Sample]) -> None:
    """Nothing of one batch stays behind for the next."""
    assert rubric.score_batch(batch) == rubric.score_batch(batch)


@given(rubrics(normalize=False), samples())
def test_a_batch_of_one_is_the_sample_alone(rubric: Rubric, sample: Sample) -> None:
    """`score` is `score_batch` of one."""
    assert rubric.score_batch([sample]) == [rubric.score(sample)]


@given(st.lists(rows, max_size=6), st.booleans())
def test_one_result_a_row_in_order_with_its_id(event_rows: list[Any], wrapped: bool) -> None:
    """Nothing is dropped or reordered, ever, and each id goes back as it came."""
    parsed = parse_event({"trajectories": event_rows} if wrapped else event_rows)
    rubric = Rubric.from_spec(
        {"name": "laws", "component": [{"scorer": "exact.match", "on_error": "skip"}]}
    )
    scored = [row.sample for row in parsed if row.sample is not None]
    response = to_response(parsed, rubric.score_batch(scored), floor=0.0)

    assert len(event_rows) == len(response)
    for index, (row, result) in enumerate(zip(event_rows, response, strict=True)):
        wire_id = row.get("id") if isinstance(row, dict) else None
        assert result["id"] == (wire_id if _carries(wire_id) else index_id(index))
        assert 0.0 <= result["aggregate_reward_score"] <= 1.0
    json.dumps(response, ensure_ascii=False, allow_nan=False).encode()


@given(readable_rows)
def test_a_sample_comes_back_from_the_wire_as_it_was_read(row: Any) -> None:
    """What any row says as a sample is what the row written from that sample says, through JSON."""
    sample = parse_row(row, 0).sample
    assert sample is not None

    written = json.loads(json.dumps(wire_row(sample)))

    assert repr(parse_row(written, 0).sample) == repr(sample)  # NaN is not itself, its name is


@given(rows)
def test_every_row_has_an_outline_that_a_terminal_can_show(row: Any) -> None:
    """Whatever comes is described; it says so where the row is no sample; no text is quoted."""
    found = outline(row, 0)

    assert (found.fault is None) == (parse_row(row, 0).sample is not None)
    assert all(text.isprintable() for text in (*found.fields, *found.roles, *found.content))


def _carries(wire_id: Any) -> bool:
    try:
        json.dumps(wire_id, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return wire_id is not None


@given(rubrics(normalize=False), batches)
def test_a_closed_gate_is_the_floor_whatever_the_rest_says(
    rubric: Rubric, batch: list[Sample]
) -> None:
    """Below its threshold a gate makes the reward the floor, and nothing else runs."""
    assume(any(component.gate for component in rubric.components))

    for sample, reward in zip(batch, rubric.score_batch(batch), strict=True):
        if float(sample.completion) < 0.25:
            assert rubric.range[0] == reward.value
            assert reward.closed == "gate"
            assert set(reward.scores) == {"gate"}
        else:
            assert reward.closed is None
