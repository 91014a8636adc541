"""The rubric engine: gates, weights, error policies, references, verdicts that are none."""

import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from rewards import Rubric, Sample, Score, gate, scorer, use
from rewards.core.errors import BatchFailedError, RefusalError, ServiceError
from rewards.rubric.spec import MAX_MAGNITUDE
from tests.rubric.samples import rewards, sample
from tests.strategies import breaks_on_low, needs_reference, paid, penalty


def test_a_mean_weighs_the_components() -> None:
    """0.9 x 1.0 + 0.1 x 0.5 over a weight of 1."""
    rubric = Rubric(
        "r",
        [
            use(paid).placed(name="whole", weight=0.9),
            use(paid, scale=0.5).placed(name="half", weight=0.1),
        ],
    )

    assert rewards(rubric, 1.0) == [pytest.approx(0.95)]


def test_what_penalties_take_below_the_range_is_the_floor() -> None:
    """0.75 less twice 0.75 is -0.75, and the range begins at 0; a milder penalty leaves a rest."""
    harsh, mild = (
        Rubric("r", [use(paid), use(penalty).placed(weight=weight)], total="sum")
        for weight in (2.0, 0.5)
    )

    assert rewards(harsh, 0.75) == [0.0]
    assert rewards(mild, 0.75) == [0.375]


def test_a_zero_weight_component_is_a_metric() -> None:
    """It runs and is reported, and takes no part in the reward."""
    rubric = Rubric("r", [use(paid), use(paid, scale=0.1).placed(name="aside", weight=0.0)])

    reward = rubric.score(sample(1.0))

    assert reward.value == 1.0
    assert reward.scores["aside"].value == pytest.approx(0.1)
    assert reward.weighted == {"paid"}


def test_a_threshold_makes_a_component_all_or_nothing() -> None:
    """0.6 reaches 0.5 and counts as the highest value; 0.4 counts as the lowest."""
    rubric = Rubric("r", [use(paid).placed(threshold=0.5)])

    assert rewards(rubric, 0.6, 0.4) == [1.0, 0.0]


def test_a_gate_without_a_threshold_asks_for_full_marks() -> None:
    """Anything less closes it."""
    rubric = Rubric("r", [gate(paid).placed(name="gate"), use(paid, scale=0.5)])

    assert rewards(rubric, 1.0, 0.99) == [0.5, 0.0]


def test_what_comes_after_a_closed_gate_does_not_run() -> None:
    """A judge behind a gate costs nothing for the samples that the gate stops."""
    seen = []

    @scorer
    def watching(sample: Sample) -> float:
        seen.append(sample.completion)
        return 1.0

    Rubric("r", [use(watching), gate(paid).placed(name="gate")]).score_batch(
        [sample(1.0), sample(0.0)]
    )

    assert seen == ["1.0"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("floor", [0.0, 1.0, 0.6]),
        ("skip", [0.2, 1.0, 0.6]),
        ("neutral", [0.8, 1.0, 0.6]),
    ],
)
def test_each_error_policy_does_what_it_says(policy: str, expected: list[float]) -> None:
    """Floor: its lowest value counts. Skip: the others count. Neutral: the siblings' mean."""
    rubric = Rubric(
        "r",
        [
            use(breaks_on_low, below=0.5).placed(weight=1.0, on_error=policy),
            use(paid).placed(weight=1.0 if policy == "skip" else 0.0),
        ],
    )

    assert rewards(rubric, 0.2, 1.0, 0.6) == pytest.approx(expected)


def test_a_text_that_breaks_a_penalty_does_not_escape_it() -> None:
    """Under a negative weight the floor is the component's highest value."""
    rubric = Rubric(
        "r",
        [
            use(paid).placed(weight=1.0),
            use(breaks_on_low).placed(weight=-1.0, on_error="floor"),
        ],
        total="sum",
        range=(-1.0, 1.0),
    )

    assert rewards(rubric, 0.25, 0.75) == [-0.75, 0.0]


def test_on_error_fail_fails_the_invocation() -> None:
    """The error names the component, the sample and the kind, and quotes no completion."""
    rubric = Rubric("r", [use(breaks_on_low).placed(on_error="fail", name="fragile")])

    with pytest.raises(BatchFailedError, match=r"'fragile' could not score sample '1' \(exception"):
        rubric.score(sample(0.1))


def test_where_all_is_skipped_the_siblings_decide() -> None:
    """With nothing scored there is nothing to hold against it; alone it gets the floor."""
    fragile = use(breaks_on_low).placed(on_error="skip", name="x")
    rubric = Rubric("r", [fragile], range=(-1.0, 1.0))

    lost, *_ = rubric.score_batch([sample(0.1), sample(0.6), sample(1.0)])

    assert lost.value == pytest.approx(0.8)
    assert lost.faults["x"].kind == "exception"
    assert rewards(rubric, 0.1) == [-1.0]


@pytest.mark.parametrize("policy", ["neutral", "skip", "floor"])
def test_a_component_without_weight_cannot_take_a_reward_over(policy: str) -> None:
    """Whatever its policy: it is recorded and not summed, and so are its faults."""
    aside = use(breaks_on_low).placed(name="aside", weight=0.0, on_error=policy)
    batch = [sample(0.25), sample(1.0)]

    found = Rubric("r", [use(paid), aside]).score_batch(batch)

    assert [reward.value for reward in found] == [0.25, 1.0]
    assert found[0].faults["aside"].kind == "exception"


def test_a_judge_without_weight_stops_no_job_unless_asked_to() -> None:
    """An outage of a metric costs the metric; `on_error = "fail"` is obeyed where it is written."""

    @scorer
    async def judge(sample: Sample) -> float:
        raise ServiceError("throttled")

    aside = use(judge).placed(weight=0.0)

    assert Rubric("r", [use(paid), aside]).score(sample(0.5)).value == 0.5
    with pytest.raises(BatchFailedError):
        Rubric("r", [use(paid), aside.placed(on_error="fail")]).score(sample(0.5))


def test_a_neutral_gate_leaves_a_sample_to_its_siblings() -> None:
    """A gate has no weight, and yet it counts: it decides whether anything is paid."""
    rubric = Rubric("r", [gate(breaks_on_low).placed(threshold=0.0, on_error="neutral"), use(paid)])

    assert rewards(rubric, 0.2, 0.5, 1.0) == [0.75, 0.5, 1.0]


def test_neutral_without_a_scored_sibling_is_the_floor_for_all() -> None:
    """All of the group get the same, so that there is no gradient among them."""
    rubric = Rubric("r", [use(breaks_on_low).placed(on_error="neutral")], range=(-1.0, 1.0))

    assert rewards(rubric, 0.1, 0.2) == [-1.0, -1.0]


def test_a_refusal_follows_on_refusal_and_a_service_fault_on_error() -> None:
    """The sample's own fault must not gain; the service's fault must not train."""

    @scorer
    def refused(sample: Sample) -> float:
        raise RefusalError("the judge declined")

    @scorer
    def unreachable(sample: Sample) -> float:
        raise ServiceError("no answer")

    assert Rubric("r", [use(refused).placed(on_error="fail")]).score(sample(1.0)).value == 0.0
    with pytest.raises(BatchFailedError, match="service"):
        Rubric("r", [use(unreachable).placed(on_error="fail")]).score(sample(1.0))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1.5, -0.1, "1.0", None, 10**400])
def test_what_is_no_score_is_a_fault(wrong: object) -> None:
    """NaN, infinity, text, nothing and what lies out of range never become a number."""

    @scorer
    def broken(sample: Sample) -> float:
        return wrong  # type: ignore[return-value]

    reward = Rubric("r", [use(broken)]).score(sample(1.0))

    assert reward.value == 0.0
    assert not reward.scores
    assert reward.faults["broken"].kind in {"invalid_value", "out_of_range", "exception"}


def test_float_noise_beyond_the_range_is_clamped() -> None:
    """1.0000000000000002 is 1.0, not a fault."""

    @scorer
    def noisy(sample: Sample) -> float:
        return 1.0 + 2.3e-16

    assert Rubric("r", [use(noisy)]).score(sample(1.0)).value == 1.0


def test_an_async_scorer_fails_the_batch_by_default() -> None:
    """An outage of a judge must not train the model; the caller retries."""

    @scorer
    async def judge(sample: Sample) -> float:
        raise ServiceError("throttled")

    rubric = Rubric("r", [use(judge)])

    assert rubric.is_async
    with pytest.raises(BatchFailedError):
        rubric.score(sample(1.0))


def test_a_row_without_a_reference_ends_no_training_run() -> None:
    """By default an async scorer's outage fails the batch; a fault of the data costs its row."""

    @scorer
    async def judge(sample: Sample) -> float:
        return float(bool(sample.reference))

    lost = Rubric("r", [use(judge)]).score(sample(1.0))

    assert lost.value == 0.0
    assert lost.faults["judge"].kind == "missing_reference"
    with pytest.raises(BatchFailedError, match="missing_reference"):
        Rubric("r", [use(judge).placed(on_error="fail")]).score(sample(1.0))


def test_async_scorers_run_behind_the_gates() -> None:
    """Async verdicts land in the same place as sync ones."""

    @scorer
    async def judge(sample: Sample) -> float:
        return float(sample.completion)

    rubric = Rubric("r", [gate(paid).placed(name="gate", threshold=0.5), use(judge)])

    assert rewards(rubric, 0.75, 0.25) == [0.75, 0.0]


def test_what_the_deadline_leaves_unscored_follows_on_error() -> None:
    """Past the deadline no scorer starts, and the fault is counted as `deadline`."""
    rubric = Rubric("r", [use(paid).placed(name="late")])

    [reward] = rubric.score_batch([sample(1.0)], deadline=time.monotonic() - 1)

    assert reward.value == 0.0
    assert reward.faults["late"].kind == "deadline"


@pytest.mark.parametrize(
    ("reference", "path", "expected"),
    [
        ({"final_answer": 72}, "final_answer", 1.0),
        ('{"final_answer": 72}', "final_answer", 1.0),
        ({"a": [{"b": "x"}]}, "a.0.b", 1.0),
        ({"other": 1}, ["final_answer", "other"], 1.0),
        ({"other": 1}, "final_answer", 0.0),
        ("72", "final_answer", 0.0),
        ("{not json", "final_answer", 0.0),
        ({"a": [1]}, "a.7", 0.0),
        ({"a": [1]}, "a.²", 0.0),
        ({"a": [1]}, "a." + "1" * 5000, 0.0),
    ],
)
def test_a_reference_path_narrows_the_reference(
    reference: object, path: str | list[str], expected: float
) -> None:
    """Dotted keys and indices, tried in order; where none leads anywhere there is no reference."""
    rubric = Rubric("r", [use(needs_reference)], reference=path)

    assert rubric.score(sample(0.0, reference_answer=reference)).value == expected


def test_a_missing_reference_is_a_fault_of_the_data() -> None:
    """It is counted as missing_reference, not as a wrong answer."""
    reward = Rubric("r", [use(needs_reference)]).score(sample(1.0, reference_answer="  "))

    assert reward.faults["needs_reference"].kind == "missing_reference"
    assert "needs_reference" not in reward.scores


def test_the_digest_covers_the_rubric_and_the_source_of_its_scorers() -> None:
    """Another weight is another digest, and so is another scorer."""
    one = Rubric("r", [use(paid)])

    assert one.digest == Rubric("r", [use(paid)]).digest
    assert one.digest != Rubric("r", [use(paid).placed(weight=2.0)]).digest
    assert one.digest != Rubric("r", [use(paid, scale=0.5)]).digest
    assert len(one.digest) == 64


class Unreadable:
    """A number of some library that refuses to be a float."""

    def __float__(self) -> float:
        raise ValueError("not today")


SLIPS: dict[str, Callable[[], object]] = {
    "reason is a number": lambda: Score(1.0, reason=5),  # type: ignore[arg-type]
    "answer is a number": lambda: Score(1.0, answer=72),  # type: ignore[arg-type]
    "number that refuses": Unreadable,
    "signalling NaN": lambda: Decimal("sNaN"),
    "text that spells a number": lambda: "1.0",
    "bytes that spell a number": lambda: b"1.0",
    "an exception's type": lambda: ValueError,
    "metrics put there later": lambda: replaced(Score(1.0), metrics={"x": "7"}),
}


def replaced(score: Score, **fields: object) -> Score:
    """A score that somebody has changed behind its back."""
    for name, value in fields.items():
        object.__setattr__(score, name, value)
    return score


@scorer
def slips(sample: Sample, *, slip: str) -> float:
    """What a careless author returns for one sample; full marks for all others."""
    return SLIPS[slip]() if sample.completion == "0" else 1.0  # type: ignore[return-value]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_careless_verdict_costs_one_sample(slip: str) -> None:
    """What cannot go into the response or the log is that sample's fault, not the batch's."""
    rubric = Rubric("r", [use(slips, slip=slip)])
    samples = [Sample("1", "0"), Sample("2", "1")]

    slipped, sound = rubric.score_batch(samples)

    assert slipped.faults["slips"].kind == "invalid_value"
    assert slipped.bugs == ("slips",)
    assert (slipped.value, sound.value) == (0.0, 1.0)


def test_the_largest_weights_still_add_up() -> None:
    """Weights at the limit neither overflow nor lose the share of each other."""
    largest = [use(paid).placed(weight=MAX_MAGNITUDE, name=name) for name in "abc"]
    quarters = [part.placed(weight=MAX_MAGNITUDE / 4) for part in largest]

    assert rewards(Rubric("r", largest), 1.0) == [1.0]
    assert rewards(Rubric("r", quarters, total="sum", range=(0.0, MAX_MAGNITUDE)), 1.0) == [
        pytest.approx(7.5e99)
    ]
