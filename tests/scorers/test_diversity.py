"""diversity.distinct: what a rollout says that its siblings do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import Rubric, use
from rewards.core.errors import SpecError
from rewards.core.sample import Message, Sample
from rewards.scorers import exact
from rewards.scorers.diversity import MAX_GROUP_WORDS, distinct
from tests.scorers.support import LONG, checked, texts

GROUPS = st.lists(texts("a b c ", "d e f ", "東京"), min_size=1, max_size=5)


def values(completions: list[str], n: int = 3) -> list[float]:
    group = [Sample(str(i), text) for i, text in enumerate(completions)]
    scores = distinct.function(group, **distinct.bind({"n": n}))
    return [
        checked(distinct, score, sample).value for score, sample in zip(scores, group, strict=True)
    ]


def test_copies_earn_nothing() -> None:
    """Rollouts that say the same earn 0.0, the one that differs 1.0."""
    assert values(["a b c d", "a b c d", "w x y z"]) == [0.0, 0.0, 1.0]


def test_a_common_start_costs_its_share() -> None:
    """Of two trigrams, one is shared: half."""
    assert values(["a b c d", "a b c e"]) == [0.5, 0.5]


def test_repeating_oneself_is_no_diversity() -> None:
    """A rollout's own repetitions count once: a loop adds its n-grams, not its length."""
    assert values(["a b c " + "x y z " * 50, "a b c"])[0] == pytest.approx(5 / 6)
    assert values(["a b c x y z", "a b c"])[0] == pytest.approx(3 / 4)


def test_case_and_punctuation_make_no_difference() -> None:
    """A copy in upper case, or with other punctuation, is a copy."""
    assert values(["a b c", "A, B: C!"]) == [0.0, 0.0]


def test_short_texts_are_compared_whole() -> None:
    """Texts of fewer than n words are one n-gram; empty ones are worth nothing."""
    assert values(["yes", "yes", "no", "", "..."]) == [0.0, 0.0, 1.0, 0.0, 0.0]


def test_a_rollout_alone_shares_nothing() -> None:
    """In a group of one nothing is in another rollout."""
    assert values(["a b c"]) == [1.0]


@given(completions=GROUPS, n=st.integers(1, 4))
def test_any_text_is_scored(completions: list[str], n: int) -> None:
    """No texts make it raise, and there is one value for each."""
    assert len(values(completions, n)) == len(completions)
    assert values(completions, n) == values(completions, n)


@given(completions=GROUPS, seed=st.randoms())
def test_the_order_of_the_rollouts_does_not_matter(completions: list[str], seed: object) -> None:
    """Shuffling the group shuffles the values, and changes none of them."""
    order = list(range(len(completions)))
    seed.shuffle(order)  # type: ignore[attr-defined]  # st.randoms gives a random.Random
    straight = values(completions)
    assert values([completions[i] for i in order]) == [straight[i] for i in order]


def test_groups_are_the_rollouts_of_one_prompt() -> None:
    """In a rubric, equal answers to different prompts are no copies of each other."""
    rubric = Rubric("d", [use(distinct), use(exact.match).placed(weight=0.0)])
    batch = [
        Sample(str(i), "same words here", (Message("user", prompt),), "x")
        for i, prompt in enumerate(["p?", "p?", "q?"])
    ]
    assert [reward.value for reward in rubric.score_batch(batch)] == [0.0, 0.0, 1.0]


def test_bad_parameters_are_refused_at_load() -> None:
    """An n-gram has at least one word."""
    with pytest.raises(SpecError, match="n must be 1 to 16"):
        distinct.bind({"n": 0})


def test_floods_take_linear_time() -> None:
    """Megabytes of equal and of different words are compared once."""
    many = " ".join(str(i) for i in range(LONG // 7))
    assert values(["a " * (LONG // 2), many, many]) == [1.0, 0.0, 0.0]


def test_words_of_a_group_are_bounded() -> None:
    """Of each rollout its part of the words is compared, and what comes later is not."""
    part = MAX_GROUP_WORDS // 2
    common = " ".join(str(i) for i in range(part))
    assert values([f"{common} one more", f"{common} two more"]) == [0.0, 0.0]
    assert values([f"one {common}", f"two {common}"])[0] > 0.0
