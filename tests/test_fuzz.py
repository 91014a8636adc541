"""A short run of `make fuzz`, which breaks 200,000 events."""

from collections import Counter


def test_no_malformed_event_crashes_the_handler_or_loses_a_row() -> None:
    """Answered, one finite result a row under its own id, or refused as a whole."""
    from tests.fuzz import check, events

    outcomes = Counter(check(event) for event in events(2_000, seed=1))

    assert outcomes["answered"] > 1_600
    assert outcomes["refused"] > 20
