"""Real boto3 against a local Converse: what is sent, what is made of every kind of reply."""

import math
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic

import pytest

from rewards.core import concurrency
from rewards.core.errors import BatchFailedError
from rewards.judge import JudgeRequest, RetryPolicy, UnavailableError, usage
from rewards.judge.clients.bedrock import BedrockJudge
from tests.converse_server import (
    HANG_SECONDS,
    REFUSALS,
    REPLY_FAULTS,
    SERVICE_FAULTS,
    Asked,
    Converse,
    Fault,
)
from tests.judge.conftest import CLARITY, QUICK, TRUTH, graded, sample, samples

OverTheWire = Callable[..., AbstractContextManager[None]]


def expected(asked: Asked) -> float:
    """The total that code must make of the honest judge's levels."""
    worth = {1: 0.0, 2: 0.25, 3: 0.5, 4: 0.75, 5: 1.0, "false": 0.0, "partly": 0.5, "true": 1.0}
    return (worth[asked.level("clarity")] + 3 * worth[asked.level("truth")]) / 4


def once(kind: str, seconds: float = 0.0) -> Callable[[Asked], Fault | None]:
    """The first request fails, all others are answered."""
    script = iter([Fault(kind, seconds)])
    return lambda asked: next(script, None)


@pytest.mark.parametrize("structured", ["tool", "json_schema"])
def test_the_total_is_made_by_code_from_levels_and_weights(
    server: Converse, over_the_wire: OverTheWire, structured: str
) -> None:
    """One call a sample gives every criterion; the model never says the total."""
    with over_the_wire():
        reward = graded(structured=structured).score(sample("72"))

    [asked] = server.asked
    assert reward.value == expected(asked)
    assert set(reward.scores["judge"].metrics) == {"clarity", "truth", "addressed", "truncated"}


def test_one_call_a_criterion_shows_one_criterion_each(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """`per_criterion` keeps the verdict on one criterion from colouring the next."""
    with over_the_wire():
        reward = graded(per_criterion=True).score(sample("72"))

    assert [list(asked.criteria) for asked in sorted(server.asked, key=lambda a: a.system)] == [
        ["clarity"],
        ["truth"],
    ]
    assert set(reward.scores["judge"].metrics) >= {"clarity", "truth"}


def test_the_request_is_the_one_that_the_docs_promise(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """Temperature 0, a strict tool that must be called, a cache point, tier and metadata."""
    rubric = graded(
        model="us.anthropic.claude-haiku-4-5-20251001-v1:0",
        service_tier="flex",
        metadata={"team": "maths"},
        model_fields={"top_k": 1},
    )
    with over_the_wire():
        rubric.score(sample("72"))

    [asked] = server.asked
    body = asked.body
    assert asked.model == "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert body["inferenceConfig"] == {"maxTokens": 1100, "temperature": 0.0}
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "verdict"}}
    assert body["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True
    assert body["system"][1] == {"cachePoint": {"type": "default"}}
    assert body["serviceTier"] == {"type": "flex"}
    assert body["requestMetadata"] == {"team": "maths"}
    assert body["additionalModelRequestFields"] == {"top_k": 1}


@pytest.mark.parametrize(
    "model",
    [
        "amazon.nova-lite-v1:0",
        "openai.gpt-oss-120b-1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
    ],
)
def test_any_model_id_or_profile_reaches_the_service(
    server: Converse, over_the_wire: OverTheWire, model: str
) -> None:
    """Ids and ARNs go out as they are, and only models that take cache points get one."""
    with over_the_wire():
        graded(model=model).score(sample("72"))

    [asked] = server.asked
    assert asked.model == model
    assert (len(asked.body["system"]) == 2) == ("nova" in model)


@pytest.mark.parametrize("structured", ["tool", "json_schema"])
@pytest.mark.parametrize("kind", REPLY_FAULTS)
def test_an_invalid_verdict_is_repaired_once(
    server: Converse, over_the_wire: OverTheWire, kind: str, structured: str
) -> None:
    """NaN, out of scale, incomplete, prose, cut off: asked again, and never guessed at."""
    server.script = once(kind)
    with over_the_wire():
        reward = graded(structured=structured).score(sample("72"))

    first, second = server.asked
    assert second.is_repair
    assert reward.value == expected(first)
    assert usage.drain()["JudgeRepairs"] == [1]


@pytest.mark.parametrize("structured", ["tool", "json_schema"])
@pytest.mark.parametrize("kind", REPLY_FAULTS)
def test_a_verdict_that_stays_invalid_is_the_samples_fault(
    server: Converse, over_the_wire: OverTheWire, kind: str, structured: str
) -> None:
    """After one repair the sample gets the floor, not a number that was found somewhere."""
    server.script = lambda asked: Fault(kind)
    with over_the_wire():
        reward = graded(structured=structured).score(sample("72"))

    assert reward.value == 0.0
    assert reward.faults["judge"].kind == "refusal"
    assert len(server.asked) == 2


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_neither_repaired_nor_an_outage(
    server: Converse, over_the_wire: OverTheWire, kind: str
) -> None:
    """A filter that stops the sample costs it the floor, one call, and not the job."""
    server.script = lambda asked: Fault(kind)
    with over_the_wire():
        reward = graded().score(sample("72"))

    assert (reward.value, reward.faults["judge"].kind) == (0.0, "refusal")
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", [*SERVICE_FAULTS, "not_ready", "model_timeout", "model_error"])
def test_a_failing_service_is_asked_again(
    server: Converse, over_the_wire: OverTheWire, kind: str
) -> None:
    """Throttling, 5xx and dropped connections are worth another try."""
    server.script = once(kind)
    with over_the_wire():
        reward = graded().score(sample("72"))

    assert reward.value == expected(server.asked[0])
    assert usage.drain()["JudgeRetries"] == [1]


@pytest.mark.parametrize("kind", [*SERVICE_FAULTS, "denied", "not_found", "invalid"])
def test_an_outage_fails_the_invocation(
    server: Converse, over_the_wire: OverTheWire, kind: str
) -> None:
    """A service that does not answer never trains the model: the caller must retry."""
    server.script = lambda asked: Fault(kind)
    with over_the_wire(), pytest.raises(BatchFailedError, match=r"\(service: .*Bedrock"):
        graded().score(sample("72"))

    assert len(server.asked) == (QUICK.attempts if kind in SERVICE_FAULTS else 1)


def test_a_hanging_service_costs_no_more_than_the_deadline(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """A socket on which nothing comes is given up in time, and its connection with it."""
    server.script = lambda asked: Fault("hang")
    rubric = graded(on_error="skip")
    with over_the_wire():
        [reward] = rubric.score_batch([sample("72")], deadline=monotonic() + 0.6)

    assert reward.faults["judge"].kind in ("deadline", "service")
    assert len(server.asked) <= 1  # none, where the machine was too busy to begin in time


def test_nothing_is_sent_when_no_time_is_left(server: Converse, over_the_wire: OverTheWire) -> None:
    """A call that could not be answered in time is not paid for."""
    with over_the_wire():
        rewards = graded(on_error="skip").score_batch(samples(20), deadline=monotonic() + 0.1)

    assert server.asked == []
    assert {reward.faults["judge"].kind for reward in rewards} == {"deadline"}


def test_a_call_that_comes_too_late_is_not_sent(server: Converse) -> None:
    """A thread may start late: what its caller no longer waits for is not paid for."""
    request = JudgeRequest("m", "Grade.", "72", {}, 100)
    with pytest.raises(UnavailableError, match="could not be sent in time"):
        BedrockJudge(1).ask(request, timeout=0.0)

    assert server.asked == []


def test_each_request_waits_no_longer_than_its_caller(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """The read timeout of a call is what is left of its own time: botocore honours it."""
    server.script = once("hang")
    with over_the_wire():
        reward = graded(timeout=1.0).score(sample("72"))

    assert reward.value == expected(server.asked[0])


def test_a_bound_holds_over_all_criteria_of_all_samples(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """Never more calls under way than the rubric's `concurrency`, whatever a sample needs."""
    server.delay = 0.01
    with over_the_wire(bound=4):
        graded(CLARITY, TRUTH, per_criterion=True, samples=3, concurrency=4).score_batch(samples(6))

    assert len(server.asked) == 36
    assert server.most_under_way <= 4


def test_throttling_slows_the_calls_down_and_success_speeds_them_up() -> None:
    """Half the pace for a burst of throttled calls, one place more for a round of good ones."""
    from rewards.core.concurrency import Pace

    pace = Pace(32)
    tickets = [pace.ticket() for _ in range(32)]
    for ticket in tickets:
        pace.throttled(ticket)
    assert pace.limit == 16
    pace.throttled(pace.ticket())
    assert pace.limit == 8
    for _ in range(9):
        pace.succeeded()
    assert 9 <= pace.limit < 10
    for _ in range(10_000):
        pace.succeeded()
    assert pace.limit == 32


def test_a_burst_of_throttling_leaves_a_run_slower(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """The first sixteen calls are throttled: the pace is halved once, and none is lost."""
    first = iter(range(16))
    # No reply before all sixteen were sent: a call that starts after the first would halve again.
    all_sent = threading.Barrier(16)

    def script(asked: Asked) -> Fault | None:
        if next(first, None) is None:
            return None
        all_sent.wait(HANG_SECONDS)
        return Fault("throttle")

    server.script = script
    with over_the_wire():
        rewards = graded(CLARITY).score_batch(samples(24))

    assert all(reward.scores for reward in rewards)
    assert 8 <= concurrency._paces[16].limit < 16
    assert usage.drain()["JudgeThrottles"] == [16]


def test_equal_samples_are_judged_once(server: Converse, over_the_wire: OverTheWire) -> None:
    """Rollouts that came out the same cost one call, at once or one batch after the other."""
    rubric = graded()
    with over_the_wire():
        first = rubric.score_batch([sample("72", id=str(i)) for i in range(8)])
        [second] = rubric.score_batch([sample("72", id="later")])

    assert len(server.asked) == 1
    assert {reward.value for reward in [*first, second]} == {expected(server.asked[0])}
    assert usage.drain()["JudgeCacheHits"] == [8]


def test_a_budget_of_calls_fails_closed(server: Converse, over_the_wire: OverTheWire) -> None:
    """What the rubric did not allow is not spent: the invocation fails, no score is invented."""
    rubric = graded(max_calls=5, on_error="skip")
    with over_the_wire():
        rewards = rubric.score_batch(samples(12))

    assert len(server.asked) == 5
    assert sum("judge" in reward.scores for reward in rewards) == 5
    assert {fault.kind for reward in rewards for fault in reward.faults.values()} == {"budget"}


def test_a_budget_of_money_fails_closed(server: Converse, over_the_wire: OverTheWire) -> None:
    """Once the price of the tokens reaches `max_cost` no further call is made."""
    price = {"input": 1.0, "output": 1_000_000.0}
    with over_the_wire(), pytest.raises(BatchFailedError):
        graded(price=price, max_cost=90.0, concurrency=1).score_batch(samples(12))

    assert len(server.asked) == 2  # fifty tokens, fifty in money, each


def test_tokens_cost_and_requests_are_counted(server: Converse, over_the_wire: OverTheWire) -> None:
    """What a batch used is known, with the price table of the rubric."""
    with over_the_wire():
        graded(price={"input": 2.0, "output": 10.0, "cache_read": 0.2}).score(sample("72"))

    [asked] = server.asked
    figures = usage.drain()
    tokens = len(asked.user) // 4
    assert figures["JudgeInputTokens"] == [tokens]
    assert figures["JudgeOutputTokens"] == [50]
    assert figures["JudgeCost"] == [pytest.approx((tokens * 2 + 50 * 10 + 7 * 0.2) / 1e6)]
    assert len(figures["JudgeLatency"]) == figures["JudgeRequests"][0] == 1
    assert usage.drain() == {}


def test_several_samples_give_a_median_and_their_agreement(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """Each copy is a call of its own; the middle level counts."""
    with over_the_wire():
        reward = graded(samples=3).score(sample("72"))

    assert len(server.asked) == 3
    assert reward.scores["judge"].metrics["agreement"] == 1.0
    assert reward.value == expected(server.asked[0])


def test_a_run_with_faults_invents_nothing_and_repeats_itself(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """A fifth of the requests fail in every way there is; each score is still the honest one.

    The run of 10,000 calls is `benchmarks/bench_judge.py`; this is the same in small.
    """
    kinds = (*SERVICE_FAULTS, *REPLY_FAULTS, *REFUSALS)
    rubric = graded(on_error="skip", on_refusal="skip", concurrency=16)
    runs = []
    for _ in range(2):
        server.asked.clear()
        server.faulty(0.2, seed=7, kinds=kinds)
        with over_the_wire(RetryPolicy(base_seconds=0.0, seed=7)):
            runs.append(rubric.score_batch(samples(250)))
        honest = {asked.fenced(): expected(asked) for asked in server.asked}
        for one, reward in zip(samples(250), runs[-1], strict=True):
            if "judge" in reward.scores:
                assert math.isclose(reward.value, honest[one.completion])
            else:
                assert reward.faults["judge"].kind in ("refusal", "service")
        figures = usage.drain()
        firsts = 250 + figures["JudgeRepairs"][0]
        assert len(server.asked) == figures["JudgeRequests"][0]
        assert len(server.asked) <= firsts + 20 + 0.5 * firsts

    assert runs[0] == runs[1]
