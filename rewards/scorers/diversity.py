"""Whether the rollouts of one prompt differ from each other."""

from collections.abc import Sequence

from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import group_scorer
from rewards.reading.content import untagged
from rewards.reading.words import Grams, words

#: Words of a group that are compared: of each of its k rollouts the first 400,000 / k. For a group
#: of 8 that is an answer of 50,000 words, longer than any.
MAX_GROUP_WORDS = 400_000


@group_scorer
def distinct(samples: Sequence[Sample], *, n: int = 3) -> list[Score]:
    """The share of a rollout's distinct word n-grams that no other rollout of its group has.

    Copies of each other earn 0.0, rollouts without a common n-gram 1.0. Thinking is left out and
    case ignored; a text of fewer than n words is one n-gram, an empty one earns 0.0. A rollout
    alone in its group has nothing in common with any other: 1.0.

    Noise is as diverse as text can be, so give this a small weight beside a component, or a gate,
    that pays for being right. It needs whole groups in one invocation (`group_by`). It follows
    distinct-n (Li et al. 2016), taken across a group instead of within a text.

    Args:
        rollouts: the rollouts of one prompt.
        n: how many words in a row are compared.

    >>> group = [Sample(id=text, completion=text) for text in ("a b c", "a b c", "d e f")]
    >>> [score.value for score in distinct(group)]
    [0.0, 0.0, 1.0]
    """
    limit = MAX_GROUP_WORDS // max(len(samples), 1)
    grams = Grams(n)
    rollouts = [_distinct(untagged(sample.completion), grams, n, limit) for sample in samples]
    said: set[object] = set()
    shared: set[object] = set()
    for own in rollouts:
        shared |= own & said
        said |= own
    return [_score(own, len(own) - len(own & shared)) for own in rollouts]


@distinct.check
def _(*, n: int) -> None:
    if not 1 <= n <= 16:
        raise ValueError(f"n must be 1 to 16, got {n}")


def _distinct(text: str, grams: Grams, n: int, limit: int) -> set[object]:
    found = words(text.casefold(), limit)
    if len(found) < n:
        return {tuple(found)} if found else set()
    return set(grams.of(found))


def _score(own: set[object], unshared: int) -> Score:
    if not own:
        return Score(0.0, "no words")
    return Score(unshared / len(own), f"{unshared:,} of {len(own):,} n-grams in no other rollout")
