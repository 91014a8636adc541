"""Groups without gradient, and how much of a reward is noise: formulas held to the truth."""

import gzip
import json
import random
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.workbench.trials.signal import (
    PromptRewards,
    dead_of,
    dead_share,
    graded_dead_share,
    reward_noise,
    with_interval,
)

GAME24 = Path(__file__).parents[4] / "shared/data/rollouts/game24_gpt4_standard.jsonl.gz"


@pytest.mark.parametrize(
    ("rate", "size", "share"),
    [
        *((0.5, 2, 0.50), (0.5, 4, 0.125), (0.5, 8, 0.008), (0.2, 2, 0.68), (0.2, 8, 0.168)),
        *((0.1, 4, 0.656), (0.1, 8, 0.431), (0.05, 8, 0.663), (0.05, 16, 0.440)),
    ],
)
def test_many_answers_give_the_share_of_the_binomial(rate: float, size: int, share: float) -> None:
    """p^G + (1-p)^G: the table of binary rewards, from 2,000 answers a prompt."""
    assert dead_of(round(rate * 2000), 2000, size) == pytest.approx(share, abs=0.002)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40), st.integers(2, 16))
def test_the_share_is_one_and_knows_no_sides(rights: list[int], size: int) -> None:
    """Between 0 and 1; right and wrong may change places; the order of prompts says nothing."""
    counts = [(right, 4) for right in rights]
    share = dead_share(counts, size)

    assert 0.0 <= share <= 1.0 + 1e-9
    assert dead_share([(4 - right, 4) for right in rights], size) == pytest.approx(share)
    assert dead_share(sorted(counts), size) == pytest.approx(share)


def test_a_small_sample_tells_the_share_of_larger_groups() -> None:
    """100 prompts x 4 answers: seven in ten draws within 0.05 of the truth, nine in the interval.

    Pass rates of a known beta; the truth is that of these very prompts.
    """
    draw = random.Random(3)
    rates = [draw.betavariate(0.15, 1.9) for _ in range(100)]
    truth = sum(p**8 + (1 - p) ** 8 for p in rates) / 100
    near = covered = 0
    for _ in range(200):
        prompts = [
            PromptRewards(str(n), tuple(float(draw.random() < p) for _ in range(4)))
            for n, p in enumerate(rates)
        ]
        counts = [(int(sum(prompt.rewards)), 4) for prompt in prompts]
        near += abs(dead_share(counts, 8) - truth) <= 0.05
    for _ in range(20):
        prompts = [
            PromptRewards(str(n), tuple(float(draw.random() < p) for _ in range(4)))
            for n, p in enumerate(rates)
        ]
        found = with_interval(
            prompts, lambda some: dead_share([(int(sum(p.rewards)), 4) for p in some], 8)
        )
        covered += found.low <= truth <= found.high
    assert near >= 140
    assert covered >= 18


@pytest.mark.skipif(
    not GAME24.is_file(), reason="the recorded answers are no part of the repository"
)
def test_real_answers_tell_their_own_truth() -> None:
    """100 puzzles x 100 answers of GPT-4: 200 draws of four a puzzle, nine tenths within 0.05."""
    answers: dict[int, list[int]] = defaultdict(list)
    for line in gzip.decompress(GAME24.read_bytes()).splitlines():
        row = json.loads(line)
        answers[row["prompt_id"]].append(int(row["reward"] > 0))
    truth = dead_share([(sum(of), len(of)) for of in answers.values()], 8)
    draw = random.Random(1)
    shares = [
        dead_share([(sum(draw.sample(of, 4)), 4) for of in answers.values()], 8) for _ in range(200)
    ]
    assert truth == pytest.approx(0.844, abs=0.001)
    assert sum(abs(share - truth) <= 0.05 for share in shares) >= 180


def test_graded_rewards_are_told_where_enough_answers_are() -> None:
    """Groups drawn from the answers seen; fewer answers than the group tell nothing."""
    seen = [PromptRewards("a", (0.1, 0.1, 0.5)), PromptRewards("b", (0.2, 0.2, 0.2))]

    assert graded_dead_share(seen, 2) == pytest.approx((1 / 3 + 1) / 2)
    assert graded_dead_share(seen, 4) is None


def test_the_noise_of_a_judge_is_told_from_what_answers_differ_by() -> None:
    """An ICC of 0.7 that was put in is found to within 0.05; one judgement each tells none."""
    draw = random.Random(5)
    groups = []
    for _ in range(200):
        worth = [draw.gauss(0, 0.7**0.5) for _ in range(8)]
        groups.append([[w + draw.gauss(0, 0.3**0.5) for _ in range(3)] for w in worth])
    found = reward_noise(groups)

    assert found is not None
    assert found.icc == pytest.approx(0.7, abs=0.05)
    assert reward_noise([[[1.0], [2.0]]]) is None
