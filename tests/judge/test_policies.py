"""Whose fault it is decides what a sample gets: the service's, or its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from rewards.core.errors import BatchFailedError, InputRefusedError, RefusalError, ServiceError
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
from rewards.judge.retry import Breaker, Spending
from rewards.rubric import Rubric, use
from rewards.scorers import judge
from tests.judge.conftest import CLARITY, QUICK, graded, sample, samples

ROOT = Path(__file__).parent.parent.parent


def by_completion(request: JudgeRequest) -> dict[str, int] | Exception | JudgeReply:
    """A judge whose mood the completion decides."""
    for word, answer in {
        "outage": UnavailableError("down"),
        "denied": ServiceError("denied"),
        "filtered": JudgeReply(refused="a filter"),
        "toolong": RefusalError("too long"),
        "nonsense": JudgeReply(problem="prose"),
    }.items():
        if word in request.user:
            return answer
    return {"clarity": 4}


@pytest.mark.parametrize("word", ["filtered", "toolong", "nonsense"])
def test_one_sample_cannot_stop_the_job_or_gain_by_making_its_judge_fail(word: str) -> None:
    """It gets the floor, its siblings their scores, and the refusal is counted apart."""
    with install(FakeJudge(by_completion), QUICK):
        bad, good = graded(CLARITY).score_batch([sample(word), sample("72", id="2")])

    assert (bad.value, good.value) == (0.0, 0.75)
    figures = usage.drain()
    assert figures["JudgeRefusals"] == [1]
    assert "JudgeServiceErrors" not in figures


@pytest.mark.parametrize("count", [2, 5])
def test_a_batch_that_is_refused_as_a_whole_is_no_samples_fault(count: int) -> None:
    """Every text too long: `max_chars`, or the model, is wrong; nothing is trained on it."""
    too_long = InputRefusedError("the text is too long for the judge's model")
    with install(FakeJudge(too_long), QUICK):
        with pytest.raises(BatchFailedError, match=r"\(service: every sample is refused alike"):
            graded(CLARITY).score_batch(samples(count))
        skipped = graded(CLARITY, on_error="skip").score_batch(samples(count))

    assert {reward.faults["judge"].kind for reward in skipped} == {"service"}


def test_one_text_that_is_taken_makes_the_others_refusals_their_own() -> None:
    """A sample of many, or one that is alone, is refused for what it says: it gets the floor."""
    too_long = InputRefusedError("too long")

    def answer(request: JudgeRequest) -> dict[str, int] | Exception:
        return {"clarity": 4} if "question 3 " in request.user else too_long

    with install(FakeJudge(answer), QUICK):
        rewards = graded(CLARITY).score_batch(samples(5))
        alone = graded(CLARITY).score(sample("alone"))

    assert [reward.value for reward in rewards] == [0.0, 0.0, 0.0, 0.75, 0.0]
    assert (alone.value, alone.faults["judge"].kind) == (0.0, "refusal")


def test_each_judge_of_a_batch_is_refused_by_itself() -> None:
    """What one of two components has no answer to is its own affair; the other is scored."""

    def answer(request: JudgeRequest) -> dict[str, int] | Exception:
        return {"clarity": 4} if request.model == "good" else InputRefusedError("too long")

    good, bad = (
        use(judge.grade, model=model, criteria=[CLARITY]).placed(name=model, on_error="skip")
        for model in ("good", "bad")
    )
    with install(FakeJudge(answer), QUICK):
        rewards = Rubric("two", [bad, good]).score_batch(samples(3))

    assert [reward.value for reward in rewards] == [0.75] * 3
    assert {reward.faults["bad"].kind for reward in rewards} == {"service"}


@pytest.mark.parametrize("word", ["outage", "denied"])
def test_an_outage_does_not_train_the_model(word: str) -> None:
    """By default the whole invocation fails, and the service's fault is counted apart."""
    with install(FakeJudge(by_completion), QUICK), pytest.raises(BatchFailedError):
        graded(CLARITY).score_batch([sample(word), sample("72", id="2")])

    figures = usage.drain()
    assert figures["JudgeServiceErrors"] == [1]
    assert "JudgeRefusals" not in figures


def test_other_policies_are_a_rubrics_own_choice() -> None:
    """`on_error = "neutral"` gives the mean of the siblings, `on_refusal = "fail"` stops."""
    prompts = [sample("outage"), sample("72", id="2")]
    with install(FakeJudge(by_completion), QUICK):
        down, fine = graded(CLARITY, on_error="neutral").score_batch(prompts)
        assert down.value == fine.value == 0.75
        with pytest.raises(BatchFailedError):
            graded(CLARITY, on_refusal="fail").score(sample("filtered"))


def test_a_service_failure_goes_before_a_refusal() -> None:
    """Where one call of a sample is refused and another fails, nothing is held against it."""

    def answer(request: JudgeRequest) -> Exception | JudgeReply:
        first = "clarity" in request.schema["properties"]
        return JudgeReply(refused="a filter") if first else ServiceError("denied")

    two = [CLARITY, {**CLARITY, "name": "order"}]
    with install(FakeJudge(answer), QUICK), pytest.raises(BatchFailedError):
        graded(*two, per_criterion=True).score(sample("72"))


def test_what_was_judged_before_an_outage_is_not_paid_twice() -> None:
    """The caller retries the batch: verdicts that did come are remembered."""
    up = False

    def answer(request: JudgeRequest) -> dict[str, int] | Exception:
        return {"clarity": 4} if up or "question 3 " not in request.user else ServiceError("down")

    fake, rubric = FakeJudge(answer), graded(CLARITY)
    with install(fake, QUICK):
        with pytest.raises(BatchFailedError):
            rubric.score_batch(samples(8))
        up = True
        rubric.score_batch(samples(8))

    assert len(fake.requests) == 9


def test_retries_end_with_their_budget() -> None:
    """A service that always throttles is asked reserve + ratio * calls times again, no more."""
    fake = FakeJudge(TooManyRequestsError("slow down"))
    policy = RetryPolicy(base_seconds=0, attempts=50, reserve=5, ratio=0.5)
    with install(fake, policy):
        graded(CLARITY, on_error="skip").score_batch(samples(10))

    assert len(fake.requests) == 10 + 5 + 5


def test_a_dead_service_is_soon_left_alone() -> None:
    """After two dozen failures in a row the breaker lets only a probe through now and then."""
    fake = FakeJudge(UnavailableError("down"))
    policy = RetryPolicy(base_seconds=0, attempts=2, reserve=10_000)
    with install(fake, policy):
        rewards = graded(CLARITY, on_error="skip").score_batch(samples(400))

    assert len(fake.requests) < 100
    assert {reward.faults["judge"].kind for reward in rewards} == {"service"}


def test_the_breaker_closes_with_the_first_success() -> None:
    """A probe that is answered lets everybody through again."""
    breaker = Breaker(failures=3, probe_every=4)
    for _ in range(3):
        breaker.failed()
    assert [breaker.admits() for _ in range(4)] == [False, False, False, True]
    breaker.succeeded()
    assert all(breaker.admits() for _ in range(10))


def test_pauses_are_jittered_bounded_and_the_same_for_the_same_seed() -> None:
    """Full jitter: between nothing and the doubled base, other for each request and seed."""
    policy = RetryPolicy(base_seconds=0.5, cap_seconds=8.0, seed=1)
    pauses = [policy.pause(f"request {i}", attempt) for i in range(200) for attempt in range(8)]

    assert all(0 <= pause <= min(8.0, 0.5 * 2 ** (n % 8)) for n, pause in enumerate(pauses))
    assert len(set(pauses)) == len(pauses)
    assert policy.pause("request", 3) != RetryPolicy(seed=2).pause("request", 3)


def test_a_budget_says_what_is_used_up() -> None:
    """The message names the parameter and the figure."""
    spending = Spending(RetryPolicy(), max_calls=2)
    spending.calls = 2
    assert "max_calls = 2" in spending.exhausted()


def test_the_judge_is_asked_only_about_what_passes_the_gate() -> None:
    """The bundled rubric of number and judge: a wrong number costs no call and earns nothing."""
    fake = FakeJudge({"chain": 5, "calculations": "right", "clarity": 5})
    rubric = Rubric.load("rlvr_rlaif_math")
    right = sample("8 * 9 = 72\n#### 72", reference_answer="8 * 9 = <<8*9=72>>72\n#### 72")
    wrong = sample("8 * 9 = 71\n#### 71", id="2", reference_answer="#### 72")
    with install(fake):
        first, second = rubric.score_batch([right, wrong])

    assert len(fake.requests) == 1
    assert first.value == 1.0
    assert (second.value, second.closed) == (0.0, "right")


def test_a_rubric_without_a_judge_imports_none_of_this() -> None:
    """No event loop, no client, no judge: a cold start pays for what it uses."""
    code = (
        "import sys; from rewards import *; from rewards.rubric import Rubric;"
        "from rewards.scorers import exact;"
        "Rubric('pure', [use(exact.match)]).score(Sample(id='1', completion='a',"
        " reference_answer='a'));"
        "print([m for m in sys.modules if m.split('.')[0] in ('asyncio', 'boto3', 'botocore')"
        " or m.startswith(('rewards.judge', 'rewards.core.concurrency'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_a_judge_that_is_not_asked_imports_no_client() -> None:
    """Loading and checking a judge's rubric needs no boto3: that comes with the first question."""
    code = (
        "import sys; from rewards.rubric import Rubric; Rubric.load('summarisation');"
        "print([m for m in sys.modules if m in ('boto3', 'botocore')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
