"""A total that its range cannot hold is refused when the rubric loads; `scale` is the remedy."""

from pathlib import Path
from typing import Any

import pytest

from rewards import Rubric, Sample, Score, gate, group_scorer, scorer, use
from rewards.core.errors import SpecError
from rewards.rubric import Component
from rewards.rubric.spec import RUBRICS, load_spec
from rewards.scorers import json_schema, length
from tests.strategies import paid, penalty


@scorer(range=(0.0, 10.0))
def words(sample: Sample) -> Score:
    """The number of words, 10 at most."""
    count = len(sample.completion.split())
    return Score(min(count, 10.0), f"{count} words")


@scorer(range=(-1.0, 1.0))
def mood(sample: Sample) -> float:
    """The figure that the completion holds, good or bad."""
    return float(sample.completion)


@group_scorer(range=(-2.0, 2.0))
def places(samples: list[Sample]) -> list[float]:
    """2 for the first of a group, -2 for the others."""
    return [2.0, *[-2.0] * (len(samples) - 1)]


def value(rubric: Rubric, completion: str) -> float:
    return rubric.score(Sample("1", completion)).value


@pytest.mark.parametrize(
    ("components", "options", "expected"),
    [
        # The scorer's own range, whatever its weight in a mean.
        ([use(words)], {}, "the total reaches 0 to 10, and the range is 0 to 1"),
        ([use(words).placed(weight=0.1)], {}, "the total reaches 0 to 10"),
        ([use(words).placed(weight=0.5), use(paid)], {}, "the total reaches 0 to 4"),
        ([use(words), use(paid).placed(weight=0.0)], {}, "the total reaches 0 to 10"),
        ([gate(paid), use(words)], {}, "the total reaches 0 to 10"),
        ([use(mood)], {}, "the total reaches -1 to 1"),
        ([use(mood).placed(weight=0.1), use(paid)], {}, "the total reaches -0.0909090909091 to 1"),
        ([use(places)], {"range": (0.0, 2.0)}, "the total reaches -2 to 2"),
        ([use(words)], {"range": (-1.0, 9.0)}, "the range is -1 to 9"),
        # Weights count in a sum, and negative ones turn a scorer round.
        ([use(paid).placed(weight=2.0)], {"total": "sum"}, "the total reaches 0 to 2"),
        ([use(paid), use(paid).placed(name="b", weight=0.2)], {"total": "sum"}, "0 to 1.2"),
        ([use(paid), use(penalty).placed(weight=-1.0)], {"total": "sum"}, "reaches 0 to 2"),
        ([use(paid), use(mood).placed(weight=-0.5)], {"total": "sum"}, "reaches -0.5 to 1.5"),
        # Where there is nothing but penalties, everything is the floor.
        ([use(penalty)], {}, "the total reaches -1 to 0, and the range is 0 to 1"),
        ([use(paid).placed(weight=-1.0)], {"total": "sum"}, "the total reaches -1 to 0"),
        # A threshold makes one of several all or nothing of the same range.
        ([use(words).placed(threshold=5.0), use(paid)], {}, "the total reaches 0 to 5.5"),
        ([use(words).placed(scale=(0.0, 2.0))], {}, "the total reaches 0 to 2"),
        # Z-scores of totals that are all clamped are all zero.
        ([use(words)], {"normalize": {"by": "batch"}}, "the total reaches 0 to 10"),
    ],
)
def test_a_total_that_can_leave_its_range_is_refused(
    components: list[Component], options: dict[str, Any], expected: str
) -> None:
    """All that lies beyond would earn the same: a scorer of 0 to 10 would pay everybody 1.0."""
    with pytest.raises(SpecError) as caught:
        Rubric("r", components, **options)

    assert str(caught.value).startswith("rubric 'r': the total reaches ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("components", "options"),
    [
        ([use(words)], {"range": (0.0, 10.0)}),
        ([use(words).placed(scale=True)], {}),
        ([use(words).placed(scale=(-1.0, 0.0)), use(paid)], {}),
        ([use(words).placed(weight=0.05), use(paid).placed(weight=0.5)], {"total": "sum"}),
        ([use(words).placed(weight=0.0), use(paid)], {}),
        ([gate(words).placed(threshold=3.0), use(paid)], {}),
        # All or nothing stays all or nothing when it is clamped: 1.0 or 0.0.
        ([use(words).placed(threshold=5.0)], {}),
        ([use(mood).placed(threshold=0.5)], {}),
        # Penalties may take a total to the floor and below.
        ([use(paid), use(penalty)], {}),
        ([use(paid), use(penalty).placed(weight=5.0)], {"total": "sum"}),
        ([use(paid), use(paid).placed(name="b", weight=-0.5)], {"total": "sum"}),
        ([use(penalty)], {"range": (-1.0, 0.0)}),
        # Shares that add up to 1 but for float noise.
        ([use(paid).placed(name=n, weight=0.1) for n in "abcdefghij"], {"total": "sum"}),
        ([use(mood)], {"range": (-1.0, 1.0)}),
        # What a scorer can give depends on its parameters.
        ([use(json_schema.valid, schema="{}", malformed=0.0)], {}),
        ([use(json_schema.valid, schema="{}")], {"range": (-1.0, 1.0)}),
        ([use(paid), use(length.penalty, limit=9).placed(weight=0.2)], {"total": "sum"}),
    ],
)
def test_a_range_that_holds_the_total_is_accepted(
    components: list[Component], options: dict[str, Any]
) -> None:
    """Also where only penalties go below it, and where clamping changes no difference."""
    assert Rubric("r", components, **options)


@pytest.mark.parametrize("path", sorted(RUBRICS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_bundled_rubrics_stay_within_their_range(path: Path) -> None:
    """Penalties apart, and all of the range can be earned."""
    rubric = Rubric.load(path.stem)

    assert rubric.reach[1] == rubric.range[1]


@pytest.mark.parametrize(
    ("components", "options", "remedies"),
    [
        (
            [use(words)],
            {},
            [
                'scale = true in component "words", whose scorer gives 0 to 10',
                "a threshold there, which makes it all or nothing",
                "range = [0, 10]",
            ],
        ),
        (
            [use(words), use(mood)],
            {"range": (0.0, 0.5)},
            ['scale = [0, 0.5] in component "words"', "range = [-0.5, 5.5]"],
        ),
        ([use(paid).placed(weight=2.0)], {"total": "sum"}, ["smaller weights", "range = [0, 2]"]),
        (
            [use(penalty)],
            {},
            ['scale = true in component "penalty", whose scorer gives -1 to 0', "range = [-1, 1]"],
        ),
        ([use(words)], {"range": (-1.0, 1.0)}, ["scale = true", "range = [-1, 10]"]),
        ([use(words)], {"range": (0.5, 1.0)}, ["scale = [0.5, 1]"]),
        ([use(words)], {"range": (0.0, 0.9)}, ["scale = [0, 0.9]"]),
    ],
)
def test_the_refusal_says_what_to_write(
    components: list[Component], options: dict[str, Any], remedies: list[str]
) -> None:
    """Each remedy as it stands in the file, with its figures."""
    with pytest.raises(SpecError) as caught:
        Rubric("r", components, **options)

    for remedy in remedies:
        assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("components", "options", "no_remedy"),
    [
        # A penalty beside others is not what leads out of the range at the top.
        ([use(words), use(penalty)], {}, 'scale = true in component "penalty"'),
        ([use(words), use(penalty)], {}, "a threshold"),
        ([use(paid).placed(weight=2.0)], {"total": "sum"}, "scale"),
        ([use(paid).placed(weight=2.0)], {"total": "sum"}, "a threshold"),
        ([use(words)], {}, "smaller weights"),
        ([use(words).placed(scale=(0.0, 2.0))], {}, "scale ="),
    ],
)
def test_the_refusal_tells_nothing_that_would_not_help(
    components: list[Component], options: dict[str, Any], no_remedy: str
) -> None:
    """What is not at fault needs no scale, and a threshold helps one component alone."""
    with pytest.raises(SpecError) as caught:
        Rubric("r", components, **options)

    assert no_remedy not in str(caught.value)


def test_the_noise_of_large_numbers_is_measured_by_their_size() -> None:
    """Ten shares of a tenth of 1e12 miss it by more than they would miss 1."""

    @scorer(range=(0.0, 1e12))
    def large(sample: Sample) -> float:
        return 0.0

    shares = [use(large).placed(name=name, weight=0.1) for name in "abcdefghij"]

    assert Rubric("r", shares, total="sum", range=(0.0, 1e12 - 1.0))
    with pytest.raises(SpecError, match="the total reaches"):
        Rubric("r", shares, total="sum", range=(0.0, 1e12 - 1e4))


def test_the_remedies_work() -> None:
    """What the message tells to write is accepted."""
    with pytest.raises(SpecError, match=r"range = \[-0\.0909090909091, 1\]"):
        Rubric("r", [use(mood).placed(weight=0.1), use(paid)])
    assert Rubric("r", [use(mood).placed(weight=0.1), use(paid)], range=(-0.0909090909091, 1.0))
    assert value(Rubric("r", [use(words).placed(threshold=5.0)]), "a " * 7) == 1.0
    assert value(Rubric("r", [use(words).placed(threshold=5.0)]), "a " * 3) == 0.0
    assert value(Rubric("r", [use(words)], range=(0.0, 10.0)), "a " * 7) == 7.0


@pytest.mark.parametrize(
    ("scale", "completion", "expected"),
    [
        (True, "", 0.0),
        (True, "a " * 7, 0.7),
        (True, "a " * 10, 1.0),
        ((0.0, 1.0), "a " * 7, 0.7),
        ((-1.0, 0.0), "", -1.0),
        ((-1.0, 0.0), "a " * 5, -0.5),
        ((0.1, 0.3), "a " * 10, 0.3),
        ((0.1, 0.3), "", 0.1),
    ],
)
def test_a_scale_maps_the_scorers_range(
    scale: bool | tuple[float, float], completion: str, expected: float
) -> None:
    """Its ends are the ends exactly; what lies between keeps its proportion."""
    component = use(words).placed(scale=scale)
    rubric = Rubric("r", [component], range=(-1.0, 1.0))

    reward = rubric.score(Sample("1", completion))

    assert reward.value == expected
    assert reward.scores["words"].value == expected
    assert reward.scores["words"].reason == f"{len(completion.split())} words"


def test_a_threshold_is_in_the_scorers_own_terms() -> None:
    """Seven of ten words, whatever they are worth."""
    rubric = Rubric("r", [use(words).placed(scale=True, threshold=7.0), use(paid, scale=0.0)])

    with pytest.raises(SpecError, match=r"threshold must lie between 0\.0 and 10\.0"):
        Rubric("r", [use(words).placed(scale=True, threshold=11.0)])
    assert [rubric.score(Sample("1", "1 " * n)).scores["words"].value for n in (6, 7)] == [0.0, 1.0]


def test_a_fault_of_a_scaled_component_costs_what_its_lowest_value_costs() -> None:
    """Not what the scorer's own lowest value would be."""

    @scorer(range=(0.0, 10.0))
    def breaks(sample: Sample) -> float:
        raise RuntimeError("the tool broke")

    placed = use(breaks).placed(scale=(-1.0, 1.0))

    assert value(Rubric("r", [placed], range=(-1.0, 1.0)), "x") == -1.0
    turned = [placed.placed(weight=-1.0), use(paid)]
    assert value(Rubric("r", turned, total="sum", range=(-1.0, 2.0)), "1") == 0.0


def test_a_scale_is_read_from_toml_and_survives_the_way_back(tmp_path: Path) -> None:
    """`true` is short for `[0, 1]`: one rubric, one digest."""
    spelt = ["scale = true", "scale = [0, 1]", "scale = [0.0, 1.0]"]
    rubrics = []
    for line in spelt:
        path = tmp_path / "r.toml"
        path.write_text(
            f'name = "r"\n[[component]]\nscorer = "tests.rubric.test_reach:words"\n{line}\n'
        )
        rubrics.append(Rubric.load(path))

    assert rubrics[0] == rubrics[1] == rubrics[2] == Rubric("r", [use(words).placed(scale=True)])
    assert len({rubric.digest for rubric in rubrics}) == 1
    assert rubrics[0].to_spec()["component"][0]["scale"] == [0.0, 1.0]
    assert rubrics[0] != Rubric("r", [use(words)], range=(0.0, 10.0))
    assert load_spec(path).component[0].scale == (0.0, 1.0)


@pytest.mark.parametrize("scale", [False, 1, "true", [1, 0], [0], [0, 1, 2], [0, "x"], [0, 0]])
def test_what_is_no_scale_is_refused(scale: Any) -> None:
    """A scale that turns a scorer round is a negative weight, and is written as one."""
    with pytest.raises(SpecError, match=r"scale must be true \(0 to 1\) or two numbers"):
        Rubric("r", [use(words).placed(scale=scale)])


def test_a_gate_has_no_scale() -> None:
    """It pays nothing."""
    with pytest.raises(SpecError, match='remove "scale" or "gate"'):
        Rubric("r", [gate(words).placed(scale=True), use(paid)])


def test_what_a_scorer_reaches_lies_in_its_range() -> None:
    """An author's slip is told when a rubric loads, not by verdicts that are faults."""

    @scorer(range=(0.0, 5.0))
    def stars(sample: Sample, *, most: float = 5.0) -> float:
        return 0.0

    stars.reaches(lambda params: (0.0, params["most"]))

    assert Rubric("r", [use(stars, most=1.0)]).reach == (0.0, 1.0)
    with pytest.raises(SpecError, match=r"it reaches 0\.0 to 6\.0, which is no part of its range"):
        Rubric("r", [use(stars, most=6.0)])
