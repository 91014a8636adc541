"""What a judge may be asked about: criteria, their scales and labels, and what is refused."""

import re
from typing import Any

import pytest

from rewards.core.errors import SpecError
from rewards.judge.criteria import parse_criteria
from tests.judge.conftest import CLARITY, TRUTH, graded


def test_levels_are_spread_evenly_from_worst_to_best() -> None:
    """A scale of 1 to 5 is 0, a quarter, a half, three quarters, 1; so are labels; or as said."""
    own = {"name": "own", "description": "As given.", "levels": ["a", "b"], "values": [0.2, 0.9]}
    scale, labels, given_ = parse_criteria([CLARITY, TRUTH, own])

    assert scale.levels == {1: 0.0, 2: 0.25, 3: 0.5, 4: 0.75, 5: 1.0}
    assert labels.levels == {"false": 0.0, "partly": 0.5, "true": 1.0}
    assert given_.levels == {"a": 0.2, "b": 0.9}


def test_the_longest_scales_are_taken() -> None:
    """Eleven levels, wherever they begin; with what labels mean, as the judge reads it."""
    scale, labels, table_ = parse_criteria(
        [
            {"name": "a", "description": "It.", "scale": [5, 15]},
            {"name": "b", "description": "It.", "levels": list("abcdefghijk")},
            {"name": "c", "description": " Is\nit? ", "levels": {"no": "not  so", "yes": "so"}},
        ]
    )

    assert list(scale.levels) == list(range(5, 16))
    assert list(labels.levels.values()) == [place / 10 for place in range(11)]
    assert table_.meanings == {"no": "not so", "yes": "so"}
    assert (
        table_.text
        == "- c: Is it?\n    no: not so\n    yes: so\n    score: one of no, yes (worst to best)"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": [3, 3]}, "two whole numbers, worst first"),
        ({"scale": [5, 16]}, "got [5, 16]: 12 levels"),
        ({"scale": [-6, 6]}, "got [-6, 6]: 13 levels"),
        ({"scale": ..., "levels": "abc"}, "levels must be 2 to 11 distinct labels, worst first"),
        ({"scale": ..., "levels": 5}, "levels must be 2 to 11 distinct labels, worst first"),
        ({"scale": ..., "levels": [" a", "b"]}, "levels must be labels, worst first"),
        ({"scale": ..., "levels": ["", "b"]}, "levels must be labels, worst first"),
        ({"scale": ..., "levels": [1, 2]}, "levels must be labels, worst first"),
        ({"name": "Clarity!"}, "lower case letters"),
        ({"name": "agreement"}, "none of addressed, agreement, truncated"),
        ({"description": " "}, "what the judge should look at"),
        ({"weight": -1}, "order its levels the other way"),
        ({"weight": float("nan")}, "finite number"),
        (
            {"weigth": 1},
            'criteria 1 "clarity": weigth is not a key that is known; did you mean "weight"?',
        ),
        ({"scale": [5, 1]}, "worst first, such as [1, 5]"),
        ({"scale": [0.0, 1.0]}, "two whole numbers"),
        (
            {"scale": [0, 100]},
            "at most 11 levels, since nobody, no model either, can tell more apart, got [0, 100]",
        ),
        ({"scale": [1, 2], "levels": ["a", "b"]}, "not both"),
        ({"scale": None, "levels": ["a", "b"]}, "not both"),
        (
            {"scale": ..., "levels": ["only"]},
            "levels must be 2 to 11 distinct labels, worst first, got ['only']",
        ),
        ({"scale": ..., "levels": []}, "must be 2 to 11 distinct labels, worst first, got []"),
        (
            {"scale": ..., "levels": ["a", "b", "a"]},
            "must be 2 to 11 distinct labels, worst first, got ['a', 'b', 'a']",
        ),
        (
            {"scale": ..., "levels": list("abcdefghijkl")},
            "must be 2 to 11 distinct labels, worst first, got ['a', 'b', 'c'",
        ),
        ({"values": [0, 1]}, "5 numbers, one for each level"),
        (
            {"values": [0, 1, 0, 1, 1]},
            "do not fall: levels go from worst to best, got [0, 1, 0, 1, 1]",
        ),
        (
            {"values": [0, 1, 1, 1, 2]},
            "must be numbers from 0 to 1, one for each level, got [0, 1, 1, 1, 2]",
        ),
        ({"values": 1}, "must be numbers from 0 to 1"),
        ({"values": [0, 1, 0, 1, True]}, "must be numbers from 0 to 1"),
        ({"name": ...}, 'criteria 1: name is missing; write name = "clarity"'),
        ({"description": ...}, "description is missing; write what the judge should look at"),
        ({"scale": ..., "levels": {"a": "b"}}, "must be 2 to 11 distinct labels"),
        ({"scale": ..., "levels": [1, "b"]}, "levels must be labels, worst first"),
    ],
)
def test_a_criterion_that_cannot_be_used_is_refused_with_the_reason(
    change: dict[str, Any], message: str
) -> None:
    """When the rubric loads, and naming the criterion. `...` stands for a key that is not there."""
    criterion = {key: value for key, value in {**CLARITY, **change}.items() if value is not ...}
    with pytest.raises(SpecError, match=re.escape(message)):
        graded(criterion)
