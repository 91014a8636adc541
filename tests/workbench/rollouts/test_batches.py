"""Which rows are scored together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.rollouts.batches import BATCH_ROWS, MAX_BATCH_ROWS, batches
from rewards.workbench.rollouts.rows import Line


def line(place: int, group: int | None, data: bytes = b"x") -> Line:
    return Line(place + 1, place, place * len(data), data, group)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 90)), max_size=30))
def test_batches_keep_every_row_in_order_and_cut_no_group(runs: list[tuple[bool, int]]) -> None:
    """A batch ends at 64 rows or where the group it has begun ends, and never sooner."""
    groups = [n if grouped else None for n, (grouped, size) in enumerate(runs) for _ in range(size)]
    lines = [line(place, group) for place, group in enumerate(groups)]

    found = list(batches(lines))

    assert [row for batch in found for row in batch] == lines
    for batch, following in pairwise(found):
        last = batch[-1].group
        assert last is None or last != following[0].group
        assert len(batch) >= BATCH_ROWS
        assert len(batch) == BATCH_ROWS or batch[BATCH_ROWS - 1].group == last is not None


@given(st.lists(st.integers(1, MAX_BATCH_ROWS), max_size=6))
def test_a_group_that_fits_is_whole_wherever_it_begins(sizes: list[int]) -> None:
    """Attack: 63 rows before a group of 1,000 left it no room in their batch, and cut it."""
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]

    found = list(batches(line(place, group) for place, group in enumerate(groups)))

    seen = [{row.group for row in batch} for batch in found]
    assert all(one.isdisjoint(other) for one, other in pairwise(seen))
    assert max(map(len, found), default=0) <= MAX_BATCH_ROWS


def test_rows_without_a_group_are_64_to_a_batch() -> None:
    """None is no group: it never makes a batch of a whole file."""
    assert [len(b) for b in batches(line(n, None) for n in range(130))] == [64, 64, 2]


def test_an_endless_group_is_cut() -> None:
    """Attack: one group of any length fills no memory."""
    found = [len(batch) for batch in batches(line(place, 1) for place in range(5000))]

    assert max(found) == MAX_BATCH_ROWS
    assert sum(found) == 5000


def test_a_batch_never_holds_more_than_an_event() -> None:
    """Long rows make short batches, of one group or of none: 6 MB together, as in Lambda."""
    for group in (1, None):
        lines = [line(place, group, b"x" * 1_500_000) for place in range(9)]
        found = list(batches(lines))

        assert [len(batch) for batch in found] == [4, 4, 1]
        assert max(sum(row.size for row in batch) for batch in found) <= MAX_PAYLOAD_BYTES
