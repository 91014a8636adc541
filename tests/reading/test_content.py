"""What of a completion is content: no marks of a turn's end, no tags, nothing invisible."""

import pytest
from hypothesis import given

from rewards.reading.content import after, content, content_span, tagged_span, untagged
from rewards.reading.text import answer_text
from tests.scorers.support import LONG, texts

ENDS = ["<|im_end|>", "<|eot_id|>", "<|endoftext|>", "</s>", "<eos>", "<end_of_turn>", "[/INST]"]
FRAGMENTS = (*ENDS, "<answer>", "</answer>", "<think>", "</think>", " ", "42", "\n")


@pytest.mark.parametrize("mark", ENDS)
@pytest.mark.parametrize("space", ["", " ", "\n\n"])
def test_a_mark_that_ends_a_turn_is_no_content(mark: str, space: str) -> None:
    """Alone or repeated, with space around it, after thinking and tags."""
    for completion in (f"42{space}{mark}{space}", f"<think>a</think>42{mark}{mark}"):
        assert content(completion) == "42"
    assert content(f"<answer>42</answer>{space}{mark}") == "42"


@pytest.mark.parametrize(
    ("completion", "inside", "around"),
    [
        ("42", "42", "42"),
        ("<answer>42</answer>", "42", "42"),
        ("So:\n<answer>\n42\n</answer>", "\n42\n", "So:\n\n42"),
        ("<answer>41</answer> or <answer>42</answer>", "42", "41 or 42"),
        ("<answer>42", "42", "42"),
        ("42</answer>", "42", "42"),
        ("<think><answer>41</answer></think>42", "42", "42"),
        ("<think>x</think><answer>42</answer> Done.", "42", "42 Done."),
        ("<answers>42</answers>", "<answers>42</answers>", "<answers>42</answers>"),
        ("42 </s> more", "42 </s> more", "42 </s> more"),
    ],
)
def test_an_answer_is_read_inside_its_tags(completion: str, inside: str, around: str) -> None:
    """The last tag counts, open or closed; text around it can be kept, the tags themselves not."""
    assert (content(completion), untagged(completion)) == (inside, around)


@given(completion=texts(*FRAGMENTS))
def test_content_is_a_part_of_the_answer(completion: str) -> None:
    """The spans lie inside the completion, one inside the other."""
    for start, end in (content_span(completion), tagged_span(completion)):
        assert 0 <= start <= end <= len(completion)
        assert completion[start:end] in answer_text(completion)


@pytest.mark.parametrize(
    ("text", "mark", "found"),
    [
        ("a #### b #### c", "####", " c"),
        ("So \\boxed{Paris}.", "\\boxed{", "Paris"),
        ("\\boxed{f(x) = {1}} and", "\\boxed{", "f(x) = {1}"),
        ("\\boxed{Paris", "\\boxed{", "Paris"),
        ("<final>Paris</final>.", "<final>", "Paris"),
        ("<final>Paris", "<final>", "Paris"),
        ("[[B]]", "[[", "B"),
        ("x < y", "<", " y"),
        ("none", "####", None),
    ],
)
def test_what_a_mark_opens_ends_where_it_is_closed(text: str, mark: str, found: str | None) -> None:
    """Braces, brackets and tags are closed by their own kind; other marks run to the end."""
    span = after(text, mark)
    assert (None if span is None else text[slice(*span)]) == found


@pytest.mark.parametrize("flood", ["</s>", "<answer>", "</answer> ", "<|im_end|>", "{", " ", "<"])
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of marks is looked at from its end, a bounded number of times."""
    text = flood * (LONG // len(flood))
    assert len(content(text)) <= LONG
    assert after(text, "{") is None or flood == "{"
