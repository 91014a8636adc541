"""length.*: how long, how far over, how often the same again."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import SpecError, UnusableDataError
from rewards.core.sample import Sample
from rewards.scorers.length import MAX_SEARCHED_CHARS, penalty, repetition, within
from tests.scorers.support import LONG, check_laws, check_row, run, table, texts

SHAPES = st.sampled_from(["linear", "cosine"])
MEASURES = st.sampled_from(
    [{"unit": unit, "part": part} for unit in ("characters", "words") for part in ("all", "answer")]
    + [{"unit": "tokens", "tokens_field": "n"}]
)


@pytest.mark.parametrize("row", table("length"))
def test_the_table_of_cases(row: dict[str, Any]) -> None:
    """Every row of tests/cases/length.jsonl scores as it says."""
    check_row("length", row)


@given(
    completion=texts("a ", "<think>", "</think>", "\n", "東"),
    reasoning=st.text(max_size=5),
    count=st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=3),
    measure=MEASURES,
    shape=SHAPES,
)
def test_any_text_is_scored(
    completion: str, reasoning: str, count: object, measure: dict[str, Any], shape: str
) -> None:
    """No text and no token count makes a length raise anything but "could not decide"."""
    sample = Sample("1", completion, metadata={"n": count}, reasoning=reasoning)
    check_laws(within, sample, {"at_least": 2, "at_most": 9, **measure})
    check_laws(penalty, sample, {"free": 2, "limit": 9, "shape": shape, **measure})


@given(completion=texts("a ", "no no ", "!", "東"), n=st.integers(1, 5), free=st.floats(0, 0.9))
def test_any_text_is_scored_for_repetition(completion: str, n: int, free: float) -> None:
    """No text makes length.repetition raise."""
    check_laws(repetition, Sample("1", completion), {"n": n, "free": free})


@given(
    lengths=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    free=st.integers(0, 99),
    ramp=st.integers(1, 99),
    shape=SHAPES,
)
def test_longer_never_costs_less(
    lengths: tuple[int, int], free: int, ramp: int, shape: str
) -> None:
    """The penalty falls with the length: 0 while it is free, -1 from the limit on."""
    params = {"free": free, "limit": free + ramp, "shape": shape}
    short, long = sorted(lengths)
    values = [run(penalty, Sample("1", "x" * n), params).value for n in (short, long)]
    assert values[0] >= values[1]
    assert values[1] == 0.0 or long > free
    assert (values[1] == -1.0) == (long >= free + ramp)


@pytest.mark.parametrize("count", [None, "12", True, -1, math.nan, math.inf, 10**400, [3]])
def test_a_bad_token_count_is_unscored(count: object) -> None:
    """A token count that is missing or no number costs nobody a reward; the remedy is named."""
    sample = Sample("1", "text", metadata={} if count is None else {"n": count})
    with pytest.raises(UnusableDataError, match="add it to the data"):
        run(within, sample, {"at_most": 5, "unit": "tokens", "tokens_field": "n"})


def test_reasoning_blocks_count_as_text() -> None:
    """Reasoning that the service keeps apart is generated text, and no part of the answer."""
    sample = Sample("1", "42", reasoning="6 * 7")
    assert run(within, sample, {"at_most": 9}).metrics["length"] == 8.0
    assert run(within, sample, {"at_most": 9, "part": "answer"}).metrics["length"] == 2.0


@pytest.mark.parametrize(
    ("scorer", "params", "remedy"),
    [
        (within, {}, "give at_least"),
        (within, {"at_least": -1}, "0 or more"),
        (within, {"at_least": 5, "at_most": 4}, "must not be below"),
        (within, {"at_most": 5, "unit": "tokens"}, "needs tokens_field"),
        (within, {"at_most": 5, "tokens_field": "n"}, 'unit "tokens" only'),
        (
            within,
            {"at_most": 5, "unit": "tokens", "tokens_field": "n", "part": "answer"},
            "whole completion",
        ),
        (penalty, {"limit": 0}, "limit must be above free"),
        (penalty, {"limit": 5, "free": 5}, "limit must be above free"),
        (penalty, {"limit": 5, "free": -1}, "limit must be above free"),
        (penalty, {}, "needs the parameter 'limit'"),
        (penalty, {"limit": 5, "shape": "soft"}, '"linear" or "cosine"'),
        (repetition, {"n": 0}, "n must be 1 to 64"),
        (repetition, {"free": 1.0}, "free must be a share"),
    ],
)
def test_bad_parameters_are_refused_at_load(
    scorer: Any, params: dict[str, Any], remedy: str
) -> None:
    """Bounds that exclude every length, or none, stop the rubric with the remedy."""
    with pytest.raises(SpecError, match=remedy):
        scorer.bind(params)


@pytest.mark.parametrize("flood", ["a", "a ", "!", "東", " ", "\ud800"], ids=ascii)
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of one thing is measured once; as a loop it loses all but a trace."""
    sample = Sample("1", flood * (LONG // len(flood)))
    assert run(penalty, sample, {"limit": 100}).value == -1.0
    repeated = run(repetition, sample, {"free": 0.0}).value
    assert repeated == 0.0 if flood == " " else repeated < -0.999


def test_of_a_long_text_the_end_is_searched() -> None:
    """A loop goes on until the last token: that is where repetitions are looked for."""
    honest = " ".join(str(i) for i in range(MAX_SEARCHED_CHARS))
    loop = "no, no, " * (MAX_SEARCHED_CHARS // 8)
    assert run(repetition, Sample("1", honest + loop), {}).value < -0.9
    assert run(repetition, Sample("1", loop + honest), {}).value == 0.0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 64])
def test_repeated_runs_are_counted(n: int) -> None:
    """The share of repeated n-grams is 1 - distinct / all, whatever n is."""
    pieces = ([f"w{i % 70}" for i in range(140)] + ["x", "y"]) * 2
    runs = [tuple(pieces[i : i + n]) for i in range(len(pieces) - n + 1)]
    score = run(repetition, Sample("1", " ".join(pieces)), {"n": n, "free": 0.0})
    assert score.value == pytest.approx(len(set(runs)) / len(runs) - 1)


@pytest.mark.parametrize(
    ("completion", "words"),
    [
        ("<answer>one two three</answer>", 3),
        ("<think>no</think>one <answer>two three</answer><|im_end|>", 3),
        ("नमस्ते दुनिया", 2),
        ("सूर्य पूर्व में उगता है और पश्चिम में डूबता", 9),
        ("你好，世界", 4),
        ("one\u200b \u200b two", 2),
    ],
)
def test_words_are_counted_as_people_would(completion: str, words: int) -> None:
    """Marks belong to their letters; tags, turn ends and what nobody sees are no words."""
    params = {"at_most": 99, "unit": "words", "part": "answer"}
    assert run(within, Sample("1", completion), params).metrics["length"] == words
