"""overlap.*: words in common, each as often as it occurs in both."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import UnscoredError, UnusableDataError
from rewards.core.sample import Sample
from rewards.scorers.overlap import (
    MAX_CELLS,
    MAX_KEPT_CHARS,
    MAX_REFERENCE_WORDS,
    Shelf,
    f1,
    rouge,
)
from tests.scorers.support import LONG, check_laws, check_row, run, table, texts
from tests.scorers.test_exact import squad_normal

KINDS = ["rouge-1", "rouge-2", "rouge-l"]
WORDS = st.lists(st.sampled_from("abcde"), max_size=12)


@pytest.mark.parametrize("row", table("overlap"))
def test_the_table_of_cases(row: dict[str, Any]) -> None:
    """Every row of tests/cases/overlap.jsonl scores as it says."""
    check_row("overlap", row)


@given(
    completion=texts("the ", "cat ", "東", "<think>", "</think>"),
    reference=texts("the ", "cat ", ".") | st.lists(texts("cat"), max_size=3),
    any_of=st.booleans(),
    articles=st.booleans(),
    kind=st.sampled_from(KINDS),
    measure=st.sampled_from(["f1", "precision", "recall"]),
)
def test_any_text_is_scored(
    completion: str, reference: object, any_of: bool, articles: bool, kind: str, measure: str
) -> None:
    """No completion and no reference makes it raise anything but "could not decide"."""
    sample = Sample("1", completion, reference_answer=reference)
    check_laws(f1, sample, {"any_of": any_of, "ignore_articles": articles})
    check_laws(rouge, sample, {"any_of": any_of, "kind": kind, "measure": measure})


def longest_common(left: list[str], right: list[str]) -> int:
    """The textbook table, as the oracle of the bit-parallel one."""
    row = [0] * (len(right) + 1)
    for word in left:
        above, row = row, [0]
        for index, other in enumerate(right):
            best = max(above[index + 1], row[index])
            row.append(above[index] + 1 if word == other else best)
    return row[-1]


@given(answer=WORDS, reference=WORDS.filter(bool))
def test_rouge_l_is_the_longest_common_subsequence(answer: list[str], reference: list[str]) -> None:
    """Recall times the reference's length is the length that the textbook's table gives."""
    sample = Sample("1", " ".join(answer), reference_answer=" ".join(reference))
    recall = run(rouge, sample, {"measure": "recall"}).value
    assert round(recall * len(reference)) == longest_common(answer, reference)


@given(text=WORDS.filter(lambda words: len(words) > 1), kind=st.sampled_from(KINDS))
def test_the_reference_itself_earns_full_marks(text: list[str], kind: str) -> None:
    """A completion that is the reference has all of it in common."""
    sample = Sample("1", " ".join(text), reference_answer=" ".join(text))
    assert run(rouge, sample, {"kind": kind}).value == 1.0
    assert run(f1, sample, {}).value == 1.0


@pytest.mark.parametrize("reference", ["...", "!?", ["", "."]])
def test_a_reference_without_words_is_unscored(reference: object) -> None:
    """Nothing in common with nothing is no score; the remedy is named."""
    with pytest.raises(UnusableDataError, match="too short"):
        run(f1, Sample("1", "text", reference_answer=reference), {"any_of": True})


def test_one_word_has_no_pairs_to_compare() -> None:
    """rouge-2 of a one-word reference cannot be computed, and is not called 0."""
    with pytest.raises(UnusableDataError, match="rouge-2"):
        run(rouge, Sample("1", "cat", reference_answer="cat"), {"kind": "rouge-2"})


@pytest.mark.parametrize("flood", ["a b ", "a", ".", "東", " "])
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte against a reference at the cap costs a pass of big integers, not a table."""
    reference = "a b c " * MAX_REFERENCE_WORDS
    sample = Sample("1", flood * (LONG // len(flood)), reference_answer=reference)
    for kind in KINDS:
        assert 0.0 <= run(rouge, sample, {"kind": kind}).value < 1.0


def test_words_beyond_the_cap_still_count_against_recall() -> None:
    """The cap makes a long reference harder to reach, never easier."""
    text = " ".join(f"w{i}" for i in range(2 * MAX_REFERENCE_WORDS))
    sample = Sample("1", text, reference_answer=text)
    assert run(rouge, sample, {"measure": "recall"}).value == 0.5


def test_words_of_an_answer_beyond_the_table_still_count_against_precision() -> None:
    """An answer too long for its reference is read as far as there is room, and pays for all."""
    reference = [f"w{i}" for i in range(MAX_REFERENCE_WORDS)]
    room = MAX_CELLS // MAX_REFERENCE_WORDS
    answer = ["w0"] * room + reference[1:]
    sample = Sample("1", " ".join(answer), reference_answer=" ".join(reference))
    score = run(rouge, sample, {"measure": "precision"})
    assert score.value == pytest.approx(1 / len(answer))


@given(
    answer=WORDS,
    references=st.lists(WORDS.filter(lambda found: len(found) > 1), min_size=1, max_size=6),
    kind=st.sampled_from(KINDS),
    measure=st.sampled_from(["f1", "precision", "recall"]),
)
def test_of_several_references_the_best_counts(
    answer: list[str], references: list[list[str]], kind: str, measure: str
) -> None:
    """The value is that of the reference that gives most, though not every one is looked at."""
    texts = [" ".join(reference) for reference in references]
    params = {"kind": kind, "measure": measure}
    alone = [
        run(rouge, Sample("1", " ".join(answer), reference_answer=text), params).value
        for text in texts
    ]
    sample = Sample("1", " ".join(answer), reference_answer=texts)
    assert run(rouge, sample, {**params, "any_of": True}).value == max(alone)


def test_references_are_read_once_for_all_rollouts_of_a_prompt() -> None:
    """Fifty references cost their reading once, whatever comes between; memory stays bounded."""
    read: list[str] = []

    def split(text: str) -> list[str]:
        read.append(text)
        return text.split()

    shelf = Shelf()
    prompts = [tuple(f"reference {i} of {prompt}" for i in range(50)) for prompt in "ab"]
    for _ in range(8):
        for texts_of_prompt in prompts:
            assert len(shelf.of(texts_of_prompt, split, 1).references) == 50
    assert len(read) == 100
    for index in range(5):
        shelf.of((f"{index} " * (MAX_KEPT_CHARS // 4),), split, 1)
        assert shelf.chars <= MAX_KEPT_CHARS


@given(
    completion=st.text(st.sampled_from("aAnthe .-,'x"), max_size=24),
    reference=st.text(st.sampled_from("aAnthe .-,'x"), max_size=24),
)
def test_without_articles_f1_is_squad_s(completion: str, reference: str) -> None:
    """On ASCII the value is that of SQuAD's evaluation, token by token."""
    tokens = [squad_normal(text).split() for text in (completion, reference)]
    sample = Sample("1", completion, reference_answer=reference)
    try:
        value = run(f1, sample, {"ignore_articles": True}).value
    except UnscoredError:
        assert not tokens[1]
        return
    common = (Counter(tokens[0]) & Counter(tokens[1])).total()
    assert value == pytest.approx(2 * common / (len(tokens[0]) + len(tokens[1])))


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        *(
            ("<answer>hello world</answer>", "hello world"),
            ("hello world<|im_end|>", "Hello, world"),
        ),
        *(("cafe\u0301", "caf\u00e9"), ("hel\u200blo", "hello"), ("सूर्य उगता है", "सूर्य, उगता है")),
    ],
)
def test_what_is_no_content_costs_nothing(completion: str, reference: str) -> None:
    """Tags, marks that end a turn, forms of accents and invisible characters are no difference."""
    sample = Sample("1", completion, reference_answer=reference)
    assert run(f1, sample, {}).value == run(rouge, sample, {"kind": "rouge-1"}).value == 1.0
