"""Whether the rollouts of one prompt differ from each other."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from rewards.reading.text import answer_text, words
from rewards.sample import Sample
from rewards.score import Score
from rewards.scorer import group_scorer


@group_scorer
def distinct(samples: Sequence[Sample], *, n: int = 3) -> list[Score]:
    """The share of a rollout's distinct word n-grams that no other rollout of its group has.

    Copies of each other earn 0.0, rollouts without a common n-gram 1.0. Thinking is left out and
    case ignored; a text of fewer than n words is one n-gram, an empty one earns 0.0. A rollout
    alone in its group has nothing in common with any other: 1.0.

    Noise is as diverse as text can be, so give this a small weight beside a component, or a gate,
    that pays for being right. It needs whole groups in one invocation (`group_by`). It follows
    distinct-n (Li et al. 2016), taken across a group instead of within a text.

    >>> group = [Sample(id=text, completion=text) for text in ("a b c", "a b c", "d e f")]
    >>> [score.value for score in distinct(group)]
    [0.0, 0.0, 1.0]
    """
    grams = [_grams(answer_text(sample.completion), n) for sample in samples]
    rollouts_with = Counter(gram for own in grams for gram in own)
    return [_score(own, sum(rollouts_with[gram] == 1 for gram in own)) for own in grams]


@distinct.check
def _(*, n: int) -> None:
    if not 1 <= n <= 16:
        raise ValueError(f"n must be 1 to 16, got {n}")


def _grams(text: str, n: int) -> set[tuple[str, ...]]:
    found = words(text.casefold())
    if len(found) < n:
        return {tuple(found)} if found else set()
    return set(zip(*(islice(found, start, None) for start in range(n)), strict=False))


def _score(own: set[tuple[str, ...]], unshared: int) -> Score:
    if not own:
        return Score(0.0, "no words")
    return Score(unshared / len(own), f"{unshared:,} of {len(own):,} n-grams in no other rollout")
