"""How long a completion is, and how much of it says the same again.

Length is a side condition, never the goal: a rubric gives these a small weight beside a component
that pays for being right, or puts one behind a gate on it. A penalty lies in -1.0 to 0.0; in a
rubric whose total is a mean it lowers the reward of long completions by its share of the weight.
"""

import math
from collections import Counter
from typing import Literal

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.content import untagged
from rewards.reading.text import quoted
from rewards.reading.words import Grams, pieces, visible, words

Unit = Literal["characters", "words", "tokens"]
Part = Literal["all", "answer"]

#: No completion has this many tokens: a larger number in the data is a mistake.
MAX_TOKENS = 1_000_000_000

#: How much of a longer text is searched for repetitions, its end, where a loop goes on until the
#: last token. Some 25,000 tokens.
MAX_SEARCHED_CHARS = 100_000


@scorer
def within(
    sample: Sample,
    *,
    at_least: int = 0,
    at_most: int | None = None,
    unit: Unit = "characters",
    part: Part = "all",
    tokens_field: str = "",
) -> Score:
    """1.0 where the length lies in `at_least` to `at_most`, both included; else 0.0.

    Tokens are the trainer's to count: a sample whose metadata does not have their number is
    `UnusableDataError`. `within/length` is the length.

    Args:
        sample: the rollout to score.
        at_least: the shortest length that is right.
        at_most: the longest one; without it there is no limit.
        unit: what is counted; words as in `rewards.reading.words`.
        part: "all" that was generated, reasoning and thinking included, or the "answer" after it,
            without `<answer>` tags, marks that end a turn and what nobody sees.
        tokens_field: the metadata field that holds the number of tokens, for the unit "tokens".

    >>> within(Sample(id="1", completion="one two three"), at_most=3, unit="words").value
    1.0
    """
    length = _length(sample, unit, part, tokens_field)
    metrics = {"length": length}
    if length < at_least:
        return Score(0.0, f"{length:,.0f} {unit}, fewer than {at_least:,}", metrics)
    if at_most is not None and length > at_most:
        return Score(0.0, f"{length:,.0f} {unit}, more than {at_most:,}", metrics)
    return Score(1.0, f"{length:,.0f} {unit}", metrics)


@within.check
def _(*, at_least: int, at_most: int | None, unit: Unit, part: Part, tokens_field: str) -> None:
    if at_least < 0:
        raise ValueError(f"at_least must be 0 or more, got {at_least}")
    if at_most is not None and at_most < at_least:
        raise ValueError(f"at_most must not be below at_least ({at_least}), got {at_most}")
    if at_least == 0 and at_most is None:
        raise ValueError("give at_least, at_most or both; without them every length passes")
    _check_unit(unit, part, tokens_field)


@scorer(range=(-1.0, 0.0))
def penalty(
    sample: Sample,
    *,
    limit: int,
    free: int = 0,
    shape: Literal["linear", "cosine"] = "linear",
    unit: Unit = "characters",
    part: Part = "all",
    tokens_field: str = "",
) -> Score:
    """0.0 up to a length of `free`, falling to -1.0 at `limit` and beyond.

    With x = (length - free) / (limit - free), held in 0 to 1, the value is -x for "linear" and
    (cos(pi x) - 1) / 2 for "cosine", which is gentle at both ends.

    "linear" is the soft overlong punishment of DAPO (Yu et al. 2025, eq. 13) with
    limit = L_max and free = L_max - L_cache, in tokens; "cosine" with free = 0 is the cosine
    length reward for right answers of "Demystifying Long Chain-of-Thought Reasoning" (Yeo et al.
    2025), moved into -1 to 0.

    Args:
        sample: the rollout to score.
        limit: the length that earns -1.0.
        free: the length up to which nothing is lost.
        shape: how the penalty grows between the two.
        unit: what is counted; words as in `rewards.reading.words`.
        part: "all" that was generated, reasoning and thinking included, or the "answer" after it,
            without `<answer>` tags and marks that end a turn.
        tokens_field: the metadata field that holds the number of tokens, for the unit "tokens".

    >>> near = Sample(id="1", completion="", metadata={"tokens": 18_432})
    >>> penalty(near, limit=20_480, free=16_384, unit="tokens", tokens_field="tokens").value
    -0.5
    """
    length = _length(sample, unit, part, tokens_field)
    over = min(max((length - free) / (limit - free), 0.0), 1.0)
    value = -over if shape == "linear" else (math.cos(math.pi * over) - 1.0) / 2.0
    reason = f"{length:,.0f} {unit}, free up to {free:,}, limit {limit:,}"
    return Score(value + 0.0, reason, {"length": length})


@penalty.check
def _(*, limit: int, free: int, shape: str, unit: Unit, part: Part, tokens_field: str) -> None:
    if free < 0 or limit <= free:
        raise ValueError(f"limit must be above free, and free 0 or more, got {limit} and {free}")
    _check_unit(unit, part, tokens_field)


@scorer(range=(-1.0, 0.0))
def repetition(sample: Sample, *, n: int = 4, free: float = 0.2, part: Part = "all") -> Score:
    """0.0 while the share of repeated n-grams is at most `free`, falling to -1.0 at a share of 1.

    An n-gram is n pieces of text in a row: words (cut after 16 letters, so that one long word can
    loop too), punctuation marks, or letters of scripts without spaces; upper and lower case are
    one. The share is 1 - distinct / all, as in the repetition penalty of "Demystifying Long
    Chain-of-Thought Reasoning" (Yeo et al. 2025); honest text repeats some n-grams, hence
    `free`: of 6,000 real GSM8K solutions 95% repeat less than 0.2 of their 4-grams.
    A text of fewer than n pieces repeats nothing; of one longer than 100,000 characters the last
    100,000 are read. The most frequent n-gram is in the reason.

    Args:
        sample: the rollout to score.
        n: how many pieces in a row are compared.
        free: the share of repeated n-grams up to which nothing is lost, 0 to 1.
        part: "all" that was generated, reasoning and thinking included, or the "answer" after it,
            without `<answer>` tags and marks that end a turn.

    >>> repetition(Sample(id="1", completion="no, " * 100), n=2, free=0.0).value
    -0.9899497487437185
    """
    found = pieces(_text(sample, part)[-MAX_SEARCHED_CHARS:].casefold())
    runs = Grams(n).of(found)
    counts = Counter(runs)
    share = 1.0 - len(counts) / len(runs) if runs else 0.0
    metrics = {"repeated": share}
    if share <= free:
        return Score(0.0, f"{share:.0%} of the {n}-grams are repeated", metrics)
    run, count = counts.most_common(1)[0]
    first = runs.index(run)
    gram = quoted(" ".join(found[first : first + n]))
    reason = f"{share:.0%} of the {n}-grams are repeated; {count:,} times {gram}"
    return Score(-(share - free) / (1.0 - free), reason, metrics)


@repetition.check
def _(*, n: int, free: float, part: Part) -> None:
    if not 1 <= n <= 64:
        raise ValueError(f"n must be 1 to 64, got {n}")
    if not 0.0 <= free < 1.0:
        raise ValueError(f"free must be a share, from 0 to below 1, got {free}")


def _length(sample: Sample, unit: Unit, part: Part, tokens_field: str) -> float:
    if unit == "tokens":
        return _tokens(sample, tokens_field)
    text = _text(sample, part)
    return float(len(text) if unit == "characters" else len(words(text)))


def _text(sample: Sample, part: Part) -> str:
    if part == "answer":
        return visible(untagged(sample.completion))
    if not sample.reasoning:
        return sample.completion
    return f"{sample.reasoning}\n{sample.completion}"


def _tokens(sample: Sample, field: str) -> float:
    value = sample.metadata.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value <= MAX_TOKENS:
            return float(value)
    raise UnusableDataError(
        f"sample {sample.id!r}: metadata field {field!r} must hold the number of tokens of the "
        f"completion, got {quoted(repr(value))}; add it to the data, or measure in characters"
    )


def _check_unit(unit: Unit, part: Part, tokens_field: str) -> None:
    if unit == "tokens" and not tokens_field:
        raise ValueError(
            'unit "tokens" needs tokens_field, the metadata field that holds their number'
        )
    if unit == "tokens" and part == "answer":
        raise ValueError('unit "tokens" counts the whole completion; leave part at "all"')
    if unit != "tokens" and tokens_field:
        raise ValueError(f'tokens_field is read with unit "tokens" only, and unit is "{unit}"')
