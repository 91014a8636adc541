"""One sample never costs the batch, whatever a scorer does on it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.rubric import use
from tests.misbehaving import BAD, BEHAVIOURS, OF_LOOPS, handled_by, laws_hold, rubric_of, twenty
from tests.strategies import bad_components, rows


def event(texts: list[str]) -> list[dict[str, Any]]:
    """Two prompts' rollouts in turn."""
    return [
        {
            "id": f"id {n}",
            "messages": [
                {"role": "user", "content": f"{n % 2}?"},
                {"role": "assistant", "content": text},
            ],
        }
        for n, text in enumerate(texts)
    ]


@settings(max_examples=40)
@given(st.lists(bad_components(), min_size=1, max_size=6), st.lists(st.text(), max_size=8))
def test_no_scorer_costs_more_than_its_sample(parts: list[Any], texts: list[str]) -> None:
    """No id lost or invented, all finite, and each value of whoever behaved is there."""
    rubric = rubric_of(parts)

    with handled_by(rubric):
        laws_hold(event(texts), rubric)


@settings(max_examples=40)
@given(st.lists(bad_components(), min_size=1, max_size=3), st.lists(rows, max_size=5))
def test_nor_beside_rows_that_are_broken(parts: list[Any], broken: list[Any]) -> None:
    """Rows of any shape and scorers of any conduct."""
    rubric = rubric_of(parts)

    with handled_by(rubric):
        laws_hold([*broken, *event(["a", "b"])], rubric)


@pytest.mark.parametrize("name", [*BEHAVIOURS, *OF_LOOPS])
def test_each_conduct_in_each_kind_of_scorer(name: str) -> None:
    """Everything on the list, in sync, async and group scorers, on some samples of 16."""
    kinds = BAD[1::2] if name in OF_LOOPS else BAD
    parts = [use(each, seed=n, only=name) for n, each in enumerate(kinds)]
    rubric = rubric_of([part.placed(on_error="floor") for part in parts])

    with handled_by(rubric):
        compared = laws_hold(event([str(n) for n in range(16)]), rubric)

    assert 4 * 16 < compared < (4 + len(kinds)) * 16


def test_a_short_run_of_the_fuzz_of_misbehaving_scorers() -> None:
    """As `make fuzz`, with 400 of its 200,000 events."""
    from tests.fuzz import events

    rubric = twenty()

    with handled_by(rubric):
        compared = sum(laws_hold(e, rubric) for e in events(400, seed=2) if isinstance(e, list))

    assert compared > 4_000
