"""`judge.compare`: pairs in both orders, ties, the bias of position, and who is at fault."""

import re
from typing import Any

import pytest

from rewards.core.errors import BatchFailedError, InputRefusedError, SpecError
from rewards.judge import FakeJudge, JudgeReply, JudgeRequest, install
from rewards.rubric import Rubric, use
from rewards.scorers import judge
from tests.judge.conftest import QUICK, sample


def compared(**params: Any) -> Rubric:
    return Rubric("pairs", [use(judge.compare, model="m", **params).placed(name="judge")])


def pair(request: JudgeRequest) -> tuple[str, str]:
    """The two completions as the judge sees them."""
    shown = [
        re.search(rf"<{name}-\w+>\n(.*?)\n</{name}-", request.user, re.DOTALL)
        for name in ("first", "second")
    ]
    assert shown[0] is not None
    assert shown[1] is not None
    return shown[0][1], shown[1][1]


def by_length(request: JudgeRequest) -> dict[str, str]:
    """A judge without bias: the longer one is better."""
    first, second = map(len, pair(request))
    return {"preference": "first" if first > second else "second" if second > first else "tie"}


def test_a_completion_is_compared_with_its_reference_in_both_orders() -> None:
    """A win in both orders is 1, a loss in both 0, a tie 0.5."""
    rollouts = [
        sample(text, id=str(i), reference_answer="five!")
        for i, text in enumerate(["longer", "4", "sixes"])
    ]
    fake = FakeJudge(by_length)
    with install(fake):
        rewards = compared().score_batch(rollouts)

    assert [reward.value for reward in rewards] == [1.0, 0.0, 0.5]
    assert len(fake.requests) == 6
    assert all(reward.scores["judge"].metrics["position_bias"] == 0.0 for reward in rewards)


def test_a_judge_that_always_prefers_the_first_gives_a_half_and_is_found_out() -> None:
    """Both orders cancel the bias of position in the score, and the metric reports it."""
    with install(FakeJudge({"preference": "first"})):
        reward = compared().score(sample("a", reference_answer="b"))

    assert reward.value == 0.5
    assert reward.scores["judge"].metrics["position_bias"] == 1.0


def test_in_a_group_everybody_meets_everybody() -> None:
    """The score is the share of wins: 0, a half, 1 for three of different length."""
    fake = FakeJudge(by_length)
    with install(fake):
        rewards = compared(against="group").score_batch(
            [sample(text, id=text) for text in ("a", "bbb", "cc")]
        )

    assert [reward.value for reward in rewards] == [0.0, 1.0, 0.5]
    assert len(fake.requests) == 6


def test_the_order_of_the_rollouts_does_not_matter() -> None:
    """Permuted rollouts get permuted scores, also where each meets a few only."""
    texts = ["a", "bb", "ccc", "dddd", "eeeee"]

    def values(order: list[str]) -> dict[str, float]:
        with install(FakeJudge(by_length)):
            rewards = compared(against="group", opponents=2).score_batch(
                [sample(text, id=text) for text in order]
            )
        return {text: reward.value for text, reward in zip(order, rewards, strict=True)}

    assert values(texts) == values(texts[::-1]) == values(texts[2:] + texts[:2])


def test_opponents_bound_the_cost_of_a_group() -> None:
    """Two each in a group of eight are eight pairs, sixteen calls, not fifty-six."""
    fake = FakeJudge(by_length)
    with install(fake):
        compared(against="group", opponents=2).score_batch(
            [sample("x" * i, id=str(i)) for i in range(8)]
        )

    assert len(fake.requests) == 16


def test_equal_completions_tie_without_a_call() -> None:
    """There is nothing to ask."""
    fake = FakeJudge([])
    with install(fake):
        rewards = compared(against="group").score_batch([sample("a"), sample("a", id="2")])

    assert [reward.value for reward in rewards] == [0.5, 0.5]


def test_who_makes_the_judge_refuse_stands_alone() -> None:
    """It gets the floor; its siblings are scored by their other pairs."""

    def answer(request: JudgeRequest) -> JudgeReply | dict[str, str]:
        if "poison" in "".join(pair(request)):
            return JudgeReply(refused="a filter")
        return by_length(request)

    texts = ["poison, long as it is", "a", "bb", "ccc"]
    with install(FakeJudge(answer)):
        rewards = compared(against="group").score_batch([sample(text, id=text) for text in texts])

    assert rewards[0].faults["judge"].kind == "refusal"
    assert [reward.value for reward in rewards] == [0.0, 0.0, 0.5, 1.0]


def test_a_group_that_is_refused_as_a_whole_is_no_rollouts_fault() -> None:
    """All texts too long for the model: a limit of the rubric's; nothing is trained on it."""
    too_long = InputRefusedError("the text is too long for the judge's model")
    rollouts = [sample(text, id=text, reference_answer="r") for text in ("a", "b", "c")]
    for against in ("group", "reference"):
        with install(FakeJudge(too_long)), pytest.raises(BatchFailedError, match="refused alike"):
            compared(against=against).score_batch(rollouts)


def test_a_missing_reference_costs_one_rollout() -> None:
    """The others of its group have theirs."""
    with install(FakeJudge(by_length)):
        rubric = Rubric(
            "pairs", [use(judge.compare, model="m").placed(name="judge", on_error="skip")]
        )
        bare, fine = rubric.score_batch([sample("a"), sample("aa", id="2", reference_answer="a")])

    assert bare.faults["judge"].kind == "missing_reference"
    assert fine.value == 1.0


def test_a_group_of_one_cannot_be_compared() -> None:
    """No opponent, no score: the invocation says so instead of paying a half."""
    with install(FakeJudge([])), pytest.raises(BatchFailedError):
        compared(against="group").score(sample("a"))


def test_an_outage_in_a_comparison_fails_the_invocation() -> None:
    """As for grades."""
    from rewards.judge import UnavailableError

    with install(FakeJudge(UnavailableError("down")), QUICK), pytest.raises(BatchFailedError):
        compared(against="group").score_batch([sample("a"), sample("b", id="2")])


def test_the_reference_is_not_given_away() -> None:
    """The judge is not told which of the two is the reference."""
    fake = FakeJudge(by_length)
    with install(fake):
        compared().score(sample("a", reference_answer="b"))

    for request in fake.requests:
        assert not re.search(r"\breference", request.user + request.system)


def test_parameters_are_checked_when_the_rubric_loads() -> None:
    """A prompt for grading is none for comparing."""
    with pytest.raises(SpecError, match="opponents must be 0"):
        compared(opponents=-1)
    with pytest.raises(SpecError, match="means nothing"):
        compared(prompt="reasoning")
