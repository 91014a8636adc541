"""One request to its reply: time, threads, the breaker, what is counted, what a repair says."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import BatchFailedError, ServiceError
from rewards.judge import (
    FakeJudge,
    JudgeReply,
    JudgeRequest,
    RetryPolicy,
    TooManyRequestsError,
    UnavailableError,
    install,
    usage,
)
from rewards.judge.criteria import parse_criteria
from rewards.judge.retry import Breaker
from rewards.judge.sending import MAX_HANGING
from rewards.judge.verdict import InvalidVerdictError, read_verdict
from rewards.scorers import judge
from tests.judge.conftest import CLARITY, QUICK, TRUTH, graded, sample, samples
from tests.patience import in_some_time
from tests.strategies import any_text

OUTAGE = RetryPolicy(base_seconds=0.0, attempts=2, reserve=10_000)


class HangingJudge:
    """A client that takes no notice of its timeout, until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = 0

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        self.asked += 1
        self.let_go.wait(60.0)
        return JudgeReply(problem="late")


@pytest.fixture
def hanging() -> Iterator[HangingJudge]:
    client = HangingJudge()
    yield client
    client.let_go.set()


def test_a_client_that_hangs_does_not_hold_up_the_call(hanging: HangingJudge) -> None:
    """Its caller goes on when the time is up, whether there is a deadline or not."""

    def check(seconds: float) -> None:
        hanging.asked = 0
        with install(hanging, RetryPolicy(attempts=1)):
            reward = graded(timeout=seconds, on_error="skip").score(sample("72"))

        assert (reward.faults["judge"].kind, hanging.asked) == ("service", 1)
        assert f"no answer within {seconds:.3g} s" in reward.faults["judge"].detail

    in_some_time(check)


def test_threads_do_not_pile_up_over_invocations(hanging: HangingJudge) -> None:
    """With as many calls hanging as two invocations may make, no further one is made."""
    rubric = graded(CLARITY, timeout=0.05, on_error="skip", concurrency=4)
    with install(hanging, RetryPolicy(attempts=1)):
        for number in range(12):
            rewards = rubric.score_batch([sample(f"{number}/{i}", id=str(i)) for i in range(4)])

    assert hanging.asked == MAX_HANGING * 4
    assert {reward.faults["judge"].kind for reward in rewards} == {"service"}
    assert "hang" in rewards[0].faults["judge"].detail


def test_a_container_asks_again_once_its_calls_have_ended(hanging: HangingJudge) -> None:
    """What hung is counted down when it ends; the bound is on threads, not on calls ever made."""
    rubric = graded(CLARITY, timeout=0.05, on_error="skip", concurrency=2)
    with install(hanging, RetryPolicy(attempts=1)):
        for number in range(4):
            rubric.score_batch([sample(f"{number}/{i}", id=str(i)) for i in range(2)])
        hanging.let_go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("rewards"):
                thread.join(10.0)
        before = hanging.asked
        # A minute for the thread to start in.
        reward = graded(CLARITY, on_error="skip", concurrency=2).score(sample("later"))

    assert hanging.asked > before
    assert reward.faults["judge"].kind == "refusal"  # an answer, though not of the right shape


def test_a_scorer_called_directly_leaves_no_thread_behind() -> None:
    """The run that it gets for itself is closed with the task that called it."""

    async def cell() -> list[Any]:
        calls = [judge.grade(sample(f"{i}"), model="m", criteria=[CLARITY]) for i in range(3)]
        return [await call for call in calls]

    with install(FakeJudge({"clarity": 4})):
        for _ in range(3):
            assert [score.value for score in asyncio.run(cell())] == [0.75] * 3

    for thread in threading.enumerate():
        if thread.name.startswith("rewards"):
            thread.join(10.0)
            assert not thread.is_alive()


def test_all_calls_of_a_sample_called_directly_share_one_bound() -> None:
    """One run, made before the calls are, so that the threads of one sample are bounded too."""
    names: set[str] = set()

    def answer(request: JudgeRequest) -> dict[str, Any]:
        names.add(threading.current_thread().name.rpartition("_")[0])
        return dict.fromkeys(request.schema["properties"], 3)

    criteria = [{**CLARITY, "name": f"clarity{i}"} for i in range(16)]
    with install(FakeJudge(answer)):
        score = asyncio.run(
            judge.grade(sample("72"), model="m", criteria=criteria, per_criterion=True, samples=3)
        )

    assert score.value == 0.5
    assert len(names) == 1


def test_the_first_request_after_an_outage_finds_the_service_well() -> None:
    """A container that is asked again tries: with a batch of one it is that one which is scored."""
    up = False

    def answer(request: JudgeRequest) -> dict[str, int] | Exception:
        return {"clarity": 4} if up else UnavailableError("down")

    fake, rubric = FakeJudge(answer), graded(CLARITY)
    with install(fake, OUTAGE):
        with pytest.raises(BatchFailedError):
            rubric.score_batch(samples(64))
        up = True
        assert rubric.score(sample("one")).value == 0.75


@pytest.mark.parametrize("count", [2, 16, 64])
def test_the_others_wait_for_what_becomes_of_the_first(count: int) -> None:
    """A whole batch after an outage is scored: nobody is turned away while the first one asks."""
    up = False

    def answer(request: JudgeRequest) -> dict[str, int] | Exception:
        return {"clarity": 4} if up else UnavailableError("down")

    fake = FakeJudge(answer)
    with install(fake, OUTAGE):
        graded(CLARITY, on_error="skip").score_batch(samples(400))
        up = True
        rewards = graded(CLARITY).score_batch([sample(f"later {i}") for i in range(count)])

    assert [reward.value for reward in rewards] == [0.75] * count


def test_a_service_that_is_still_down_is_asked_once_in_an_invocation() -> None:
    """The first request of each tries; it is not the first of each sample."""
    fake = FakeJudge(UnavailableError("down"))
    rubric = graded(CLARITY, on_error="skip", concurrency=4)
    with install(fake, OUTAGE):
        rubric.score_batch(samples(64))
        before = len(fake.requests)
        for number in range(5):
            rubric.score_batch([sample(f"{number}/{i}", id=str(i)) for i in range(4)])

    # Beside the first of each invocation, every eighth that is held back goes out.
    assert 5 <= len(fake.requests) - before <= 5 + 5 * 4 // 8 + 1


@pytest.mark.parametrize("reply", [TooManyRequestsError("slow down"), JudgeReply(refused="f")])
def test_a_service_that_answers_at_all_is_no_outage(reply: Exception | JudgeReply) -> None:
    """Throttled or refused: it works, and the others are let through."""
    answers: Iterator[Any] = iter([UnavailableError("down")] * 24 + [reply])
    fake = FakeJudge(lambda _: next(answers, {"clarity": 4}))
    policy = RetryPolicy(base_seconds=0.0, attempts=1)
    with install(fake, policy):
        rubric = graded(CLARITY, on_error="skip", concurrency=1)
        rubric.score_batch(samples(24))
        rewards = rubric.score_batch([sample(f"later {i}") for i in range(6)])

    assert [reward.value for reward in rewards[1:]] == [0.75] * 5


def test_the_breaker_says_whether_it_is_open() -> None:
    """After so many failures in a row, and no sooner."""
    breaker = Breaker(failures=2)
    breaker.failed()
    assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open
    breaker.succeeded()
    assert not breaker.is_open


def test_a_shared_request_that_fails_is_no_cache_hit() -> None:
    """Nothing was saved where nothing came: hits are verdicts."""
    with install(FakeJudge(ServiceError("denied")), QUICK):
        graded(CLARITY, on_error="skip").score_batch([sample("72", id=str(i)) for i in range(8)])

    figures = usage.drain()
    assert figures["JudgeRequests"] == [1]
    assert "JudgeCacheHits" not in figures


def test_a_reply_of_negative_tokens_pays_nothing_back() -> None:
    """A budget is not refilled by what a client says it used."""
    reply = JudgeReply(
        verdict={"clarity": {"reason": "", "score": 4}}, input_tokens=-(10**9), output_tokens=1
    )
    price = {"input": 1.0, "output": 1e6}
    with install(FakeJudge(lambda _: reply)), pytest.raises(BatchFailedError, match="max_cost = 2"):
        graded(CLARITY, price=price, max_cost=2.0, concurrency=1).score_batch(samples(4))

    assert usage.drain()["JudgeCost"] == [2.0]


@pytest.mark.parametrize("truncated", [True, False])
def test_only_a_reply_that_was_cut_off_gets_more_room(truncated: bool) -> None:
    """The repair of a reply that was too long for its tokens has twice as many and some more."""
    cut = JudgeReply(problem="the reply was cut off", truncated=truncated)
    fake = FakeJudge([cut, {"clarity": 4}])
    with install(fake):
        reward = graded(CLARITY, max_tokens=300).score(sample("72"))

    assert reward.value == 0.75
    assert [request.max_tokens for request in fake.requests] == [
        300,
        2 * 300 + 512 if truncated else 300,
    ]


MARK = "xyzzy"

hostile: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10**6)
    | st.floats()
    | st.just(MARK)
    | any_text.map(lambda text: MARK + text),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["clarity", "truth", "reason", "score", MARK, f"{MARK} 2"]), inner
        )
    ),
    max_leaves=10,
)


@given(hostile)
def test_no_complaint_quotes_a_text_of_the_reply(said: Any) -> None:
    """What the judge was made to say never comes back to it, or to people, out of the fence."""
    with pytest.raises(InvalidVerdictError) as raised:
        read_verdict(said, parse_criteria([CLARITY, TRUTH]))

    assert MARK not in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        {"clarity": MARK, "truth": "true"},
        {"clarity": {"reason": "", "score": MARK}, "truth": {"reason": "", "score": "true"}},
        {"clarity": {"reason": "", "score": 3}, "truth": {"reason": "", "score": MARK}},
        {"clarity": {"reason": "", "score": [MARK]}, "truth": {"reason": "", "score": "true"}},
        {"clarity": {"reason": "", "score": {MARK: 1}}, "truth": {"reason": "", "score": "true"}},
        {"clarity": {"reason": "", MARK: 3}, "truth": {"reason": "", "score": "true"}},
        {"clarity": {"reason": [MARK], "score": 3}, "truth": {"reason": "", "score": "true"}},
        {MARK: 1, "clarity": 3, "truth": "true"},
        {MARK: 1},
        [MARK],
        MARK,
    ],
    ids=str,
)
def test_the_repair_and_the_refusal_quote_no_text_of_the_reply(said: Any) -> None:
    """In every place where a text may stand: neither the complaint nor the fault shows it."""
    fake = FakeJudge(lambda _: JudgeReply(verdict=said))
    with install(fake):
        reward = graded().score(sample("72"))

    first, repair = fake.requests
    assert first.complaint == ""
    assert repair.complaint
    assert MARK not in repair.complaint + reward.faults["judge"].detail
    assert (repair.user, repair.system) == (first.user, first.system)


def test_a_wrong_number_is_shown_to_the_judge() -> None:
    """It is no text, and helps to repair: 6 of a scale to 5. One of many digits might be text."""
    for level, shown in ((6, "got 6"), (10**50, "got something else"), (7.5, "something else")):
        with pytest.raises(InvalidVerdictError, match=shown):
            read_verdict({"clarity": {"reason": "", "score": level}}, parse_criteria([CLARITY]))


def test_a_long_reason_is_kept_in_part() -> None:
    """A container remembers thousands of verdicts: none of them is a book."""
    given_ = {"clarity": {"reason": "so " * 10_000, "score": 4, "more": ["x"] * 1000}}
    kept = read_verdict(given_, parse_criteria([CLARITY])).said

    assert set(kept["clarity"]) == {"reason", "score"}
    assert len(kept["clarity"]["reason"]) == 2_000
