"""Where thinking ends and what a code fence holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.text import (
    MAX_BLOCKS,
    THINKING_BLOCKS,
    Pattern,
    answer_span,
    answer_start,
    answer_text,
    code_blocks,
    code_spans,
    in_code,
    strip_thinking,
)

any_text = st.lists(
    st.sampled_from([mark for pair in THINKING_BLOCKS for mark in pair]) | st.text(max_size=8),
    max_size=8,
).map("".join)


@pytest.mark.parametrize(("opening", "closing"), THINKING_BLOCKS, ids=range(len(THINKING_BLOCKS)))
def test_what_follows_the_block_is_the_answer(opening: str, closing: str) -> None:
    """Every known kind of thinking block ends where its closing mark does."""
    assert answer_text(f"{opening}is it 71?{closing}72") == "72"


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("72", "72"),
        ("48 + 24\n</think>\n72", "\n72"),
        ("<think>a</think>b<think>c</think>72", "72"),
        ("72<think>right?</think>\n", "72"),
        ("<think>a</think>72<think>right?</think>", "72"),
        ("<think>72", ""),
        ("72\n<think>not closed", "72\n"),
        ("<think>72</think>", ""),
        ("72</think> ", ""),
        ("2 < 3 and [4]", "2 < 3 and [4]"),
    ],
)
def test_thinking_is_no_answer(completion: str, answer: str) -> None:
    """Closed, unopened, unclosed, repeated and trailing blocks leave the answer alone."""
    assert answer_text(completion) == answer


@given(any_text)
def test_the_answer_is_a_part_of_the_completion(completion: str) -> None:
    """The span lies inside the completion, and the helpers agree about it."""
    start, end = answer_span(completion)
    assert 0 <= start <= end <= len(completion)
    assert answer_start(completion) == start
    assert answer_text(completion) == completion[start:end]
    assert strip_thinking(completion) == completion[start:end].strip()


def test_fences_hold_their_code() -> None:
    """Language and body of each block, in order; an unclosed block runs to the end."""
    text = "a\n```python\nx = 1\n```\nb\n```\ny\n"
    assert code_blocks(text) == [("python", "x = 1\n"), ("", "y\n")]
    assert [in_code(text, text.index(piece)) for piece in ("x = 1", "b\n", "y\n")] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("indent", ["", " ", "   ", "\t", "      "])
@pytest.mark.parametrize("deeper", ["", " ", "   "])
def test_an_indented_fence_ends_where_its_own_kind_stands(indent: str, deeper: str) -> None:
    """A block in a list item is closed in its column or a little further in; prose follows it."""
    text = f"1. So:\n{indent}```json\n{indent}{{}}\n{indent}{deeper}```\n{indent}and 72\n"
    assert code_blocks(text) == [("json", f"{indent}{{}}\n")]
    assert [in_code(text, text.index(piece)) for piece in ("{}", "and", "So")] == [
        True,
        False,
        False,
    ]


def test_a_fence_that_the_code_quotes_does_not_close_its_block() -> None:
    """A docstring in a program may hold a fence: it stands far deeper than the block's own."""
    body = 'def f():\n    """So:\n\n    ```\n    f()\n    ```\n    """\n'
    assert code_blocks(f"```python\n{body}```\n72") == [("python", body)]


def test_more_blocks_than_any_answer_has_are_not_read() -> None:
    """A flood of fences is bounded; what follows it is prose."""
    text = "```\nx\n```\n" * (MAX_BLOCKS + 5)
    assert len(code_spans(text)) == MAX_BLOCKS
    assert not in_code(text, len(text) - 6)


def test_a_pattern_is_compiled_when_it_is_first_used() -> None:
    """A cold start compiles nothing; the first use makes the methods the compiled pattern's own."""
    pattern = Pattern(r"[0-9]+")
    assert "match" not in vars(pattern)
    assert pattern.search("about 72") is not None
    assert pattern.sub("#", "72 of 73") == "# of #"
    assert "match" in vars(pattern)
    with pytest.raises(AttributeError):
        _ = pattern.groups  # type: ignore[attr-defined]  # only the methods that are in use
