"""Leaves of JSON values: an oracle that writes every path down says which of them agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.structured.leaves import MAX_PAIRED_ITEMS, Matching, Overlap, leaves
from tests.strategies import json_values

SMALL = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 1.5, "", "1", "a", "A"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=12,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every leaf with its whole path: what the comparison must agree with."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from paths(item, (*path, key))
    elif isinstance(value, str | bool) or value is None:
        yield (*path, type(value), value)
    elif isinstance(value, int | float):
        yield (*path, "number", value)
    else:
        yield (*path, type(value))


@given(answer=SMALL, reference=SMALL)
def test_ordered_leaves_agree_path_by_path(answer: Any, reference: Any) -> None:
    """The leaves in both are those whose whole paths, kinds and values are the same."""
    given_paths, wanted = set(paths(answer)), set(paths(reference))
    expected = Overlap(len(given_paths & wanted), len(given_paths), len(wanted))
    assert Matching(str).overlap(answer, reference) == expected


@given(value=json_values)
def test_leaves_are_counted(value: Any) -> None:
    """There are as many leaves as there are paths that end."""
    assert leaves(value) == sum(1 for _ in paths(value))


@given(answer=SMALL, reference=SMALL)
def test_agreement_is_no_more_than_either_side(answer: Any, reference: Any) -> None:
    """In order or not, what is right is in both; and order can only cost."""
    ordered = Matching(str).overlap(answer, reference)
    unordered = Matching(str, in_order=False).overlap(answer, reference)
    assert 0 <= unordered.right <= min(unordered.given, unordered.wanted)
    assert (ordered.given, ordered.wanted) == (unordered.given, unordered.wanted)


@given(items=st.lists(SMALL, max_size=8), random=st.randoms(use_true_random=False))
def test_unordered_items_are_found_wherever_they_stand(items: list[Any], random: Any) -> None:
    """A list in another order, at any depth, is the same list."""
    shuffled = random.sample(items, len(items))
    found = Matching(str, in_order=False).overlap({"a": [shuffled]}, {"a": [items]})
    assert found.right == found.given == found.wanted


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ([{"n": 1, "v": 9}, {"n": 2, "v": 3}], [{"n": 2, "v": 3}, {"n": 1, "v": 1}], 3),
        ([{"n": 1, "v": 1, "w": 9}, {"n": 2}], [{"n": 2, "v": 5}, {"n": 1, "v": 1, "w": 1}], 3),
        ([[1, 2], [3, 4]], [[4, 3], [2, 1]], 4),
        ([1, 1, 1], [1], 1),
        ([{"v": {"w": 1}}, {"v": 1}], [{"v": 1}, {"v": {"w": 2}}], 1),
    ],
)
def test_unordered_items_are_paired_with_the_most_alike(
    answer: Any, reference: Any, right: int
) -> None:
    """Equal items first, then those with the most leaves in common."""
    assert Matching(str, in_order=False).overlap(answer, reference).right == right


def test_pairing_by_likeness_is_bounded() -> None:
    """Beyond the bound of unequal items there is no search, and so no quadratic time."""
    answer = [{"n": i, "v": 0} for i in range(2 * MAX_PAIRED_ITEMS)]
    reference = [{"n": i, "v": 1} for i in range(2 * MAX_PAIRED_ITEMS)]
    found = Matching(str, in_order=False).overlap(answer, reference)
    assert found.right == MAX_PAIRED_ITEMS


def test_names_and_texts_are_compared_as_they_are_read() -> None:
    """A name with a composed accent is that name with a combining one."""
    assert Matching(str).overlap({"n\u00e9e": 1}, {"ne\u0301e": 1}).right == 1
