"""Events kept as they came: which, in what bytes, and never at an answer's cost."""

import json
from threading import Event
from typing import Any

import pytest

from rewards.wire import capture
from rewards.wire.capture import MOST_FAULTS, Capture, Caught


class Bucket:
    """Keeps what is put, or fails as it is told."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.told: list[str] = []
        self.calls = 0
        self._fault = fault

    def put(self, key: str, data: bytes) -> None:
        self.calls += 1
        if self._fault:
            raise self._fault
        self.objects[key] = data

    def capture(self, wanted: float) -> Capture:
        return Capture(wanted, "gsm8k", self.put, self.told.append)


def kept(keeper: Capture, event: Any, request_id: str = "r1", seconds: float = 60.0) -> None:
    caught = keeper.catch(event, request_id)
    if caught is not None:
        keeper.keep(caught, [{"id": "a"}], seconds)


@pytest.mark.parametrize("text", ["é 1.0 1e-7", "\ud83d", "\u0000"])
def test_an_event_and_its_answer_are_two_objects_of_the_same_json(text: str) -> None:
    """What a parser reads of them is what came and what went, half a surrogate pair too."""
    bucket = Bucket()
    event = [{"messages": [], "metadata": {"x": text, "y": 1.0, "z": 10**30}}]

    kept(bucket.capture(1), event)

    assert json.loads(bucket.objects["events/gsm8k/r1.json"]) == event
    assert json.loads(bucket.objects["events/gsm8k/r1.expected.json"]) == [{"id": "a"}]


def test_what_a_scorer_does_to_an_event_is_not_kept() -> None:
    """The bytes are taken before anything is scored."""
    bucket = Bucket()
    keeper = bucket.capture(1)
    event = [{"metadata": {"x": 1}}]
    caught = keeper.catch(event, "r1")
    event[0]["metadata"]["x"] = 2

    assert caught == Caught("events/gsm8k/r1", b'[{"metadata":{"x":1}}]')


@pytest.mark.parametrize("wanted", [1, 3])
def test_the_first_of_a_container_are_kept(wanted: int) -> None:
    """As many as were asked for, and the first ones."""
    keeper = Bucket().capture(wanted)

    caught = [keeper.catch([], f"r{i}") is not None for i in range(10)]

    assert caught == [True] * wanted + [False] * (10 - wanted)


def test_a_share_is_chosen_by_the_request_alone() -> None:
    """About a quarter of 1,000 requests, and in another container the same ones."""
    one, other = (Bucket().capture(0.25) for _ in range(2))
    requests = [f"request-{i}" for i in range(1000)]

    first = [request for request in requests if one.catch([], request)]
    again = [request for request in reversed(requests) if other.catch([], request)]

    assert 200 < len(first) < 300
    assert sorted(first) == sorted(again)


def test_a_bucket_that_fails_is_told_and_soon_left_alone() -> None:
    """After three faults in a row nothing is tried; the last message says so, none quotes."""
    bucket = Bucket(PermissionError("SECRET"))
    keeper = bucket.capture(1000)

    for _ in range(10):
        kept(keeper, [])

    assert bucket.calls == len(bucket.told) == MOST_FAULTS
    assert bucket.told[-1] == "PermissionError; this container keeps no more"
    assert bucket.told[0] == "PermissionError"


def test_a_bucket_that_hangs_is_waited_for_no_longer_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The invocation goes on while the call still hangs."""
    monkeypatch.setattr(capture, "MOST_SECONDS", 0.01)
    released = Event()
    told: list[str] = []
    keeper = Capture(1, "gsm8k", lambda key, data: released.wait(30), told.append)

    kept(keeper, [])

    assert not released.is_set()
    released.set()
    assert told == ["not within 0.0 s"]


@pytest.mark.parametrize(("event", "seconds"), [([], 0.2), ([{1}], 60.0)])
def test_what_cannot_be_kept_in_time_or_at_all_is_told(event: Any, seconds: float) -> None:
    """Neither is an exception of the invocation."""
    bucket = Bucket()

    kept(bucket.capture(5), event, seconds=seconds)

    assert bucket.told in (["no time left"], ["no JSON: TypeError"])
    assert not bucket.objects


def test_nesting_without_end_is_told() -> None:
    """A list that holds itself costs its own event."""
    bucket = Bucket()
    endless: list[Any] = []
    endless.append(endless)

    kept(bucket.capture(5), endless)

    assert bucket.told == ["no JSON: ValueError"]
