"""Finding the answer: which place counts, which span it has, and what is refused with a reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.answer import find
from rewards.reading.sentences import marked as statements

NOTHING = re.compile(r"(?!)")

FRAGMENTS = (
    *("#### ", "####", "\n#### 72", "\\boxed{", "\\boxed{72}", "\\fbox{", "}", "{", "$", "**"),
    *("The answer is ", "Answer: ", "Final answer: ", "\nA: ", "ANSWER", '{"answer": ', "<answer>"),
    *("</answer>", "<think>", "</think>", " or ", " and ", " wait, ", "actually, no, ", ", ", ". "),
    *("\n", "\n\n", "72", "71", "-5", "1,234", "7.50", "1/2", "½", "3 1/2", "5%", "$18", " clips"),
    *(
        " = ",
        " + ",
        "48 + 24",
        "seventy-two",
        "La respuesta es ",
        "答案是",
        "Ответ: ",
        "?",
        "So ",
        "x",
    ),
    *(
        "\\frac{1}{2}",
        "\\text{ cm}",
        "3:30",
        "10^3",
        "2 million",
        "```",
        "- ",
        "1. ",
        "A) ",
        "in total",
    ),
)
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=10).map("".join)


@pytest.mark.parametrize(
    ("completion", "rule", "read", "structured"),
    [
        ("Work.\n#### 72 clips", "hash", "72", True),
        ("so \\boxed{72}.", "boxed", "72", True),
        ("<answer>72 clips</answer>", "tag", "72", True),
        ('{"answer": "72"}', "label", "72", True),
        ("The answer is 72.", "phrase", "72", True),
        ("Final answer: $72", "final", "72", True),
        ("Q: how many?\nA: 72", "line", "72", True),
        ("La respuesta es 72.", "language", "72", True),
        ("She sold **72** clips in 2 months.", "bold", "72", True),
        ("She sold 72 clips in 2 months.", "sentence", "72", False),
        ("48 + 24 = 72", "sentence", "72", False),
        ("The answer is 71. Wait, it is 72.", "correction", "72", True),
    ],
)
def test_the_rule_and_the_span_say_where_the_answer_was_read(
    completion: str, rule: str, read: str, structured: bool
) -> None:
    """An answer names its rule and points at its characters in the completion."""
    answer = find(completion)
    assert answer is not None
    assert (answer.rule, answer.structured) == (rule, structured)
    assert completion[slice(*answer.span)].lstrip("$") == read
    assert answer.value == 72


@pytest.mark.parametrize(
    ("completion", "value"),
    [
        ("She sold 70 in 2 months. The answer is 71. So #### 71", 71),
        ("**70** clips. The answer is 71.", 71),
        ("La respuesta es 70. Final answer: 71", 71),
        ("Total: 70\nShe sold **71**.", 71),
        ("She sold 70 clips. She sold 71 clips.", 71),
        ("The answer is 70... wait. \\boxed{71}", 71),
    ],
)
def test_structured_places_come_before_prose(completion: str, value: int) -> None:
    """Explicit statements win over other languages, those over bold, bold over the last number."""
    answer = find(completion)
    assert answer is not None
    assert answer.value == value


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        ("#### 71 or 72", "several numbers"),
        ("#### 70-75", "a range"),
        ("#### 72+1", "not worked out"),
        ("#### 3:30", "a time"),
        ("#### 5 feet 6 inches", "compound"),
        ("#### ", "no number"),
        ("#### 71\n#### 72", "2 different final answers"),
        ("\\boxed{2\\sqrt{3}}", "formula"),
        ("\\boxed{72", "not closed"),
        ("The answer is not 72.", "said not to be"),
        ("The answer depends on it.", "no answer is given"),
        ("#### 72\nor maybe 73", "a hedge"),
        ("A) 70\nB) 72", "no choice"),
        ("70\n71\n72", "list of numbers"),
        ("Did she sell 72?", "question"),
        ("#### 72\nOops, that is wrong.", "taken back"),
    ],
)
def test_a_refusal_says_why(completion: str, reason: str) -> None:
    """Where something stands in the place of an answer and is none, the reason names it."""
    answer = find(completion)
    assert answer is not None
    assert answer.value is None
    assert reason in answer.reason


@pytest.mark.parametrize("completion", ["", " \n", "no idea", "?", "<think>72</think>"])
def test_nothing_to_read_is_none(completion: str) -> None:
    """Where no number is stated at all there is no answer, not even a refused one."""
    assert find(completion) is None


@given(texts)
def test_any_text_is_read_without_an_error(completion: str) -> None:
    """On any text there is an answer with its span inside, a refusal with its reason, or None."""
    answer = find(completion)
    if answer is not None:
        start, end = answer.span
        assert 0 <= start <= end <= len(completion)
        assert (answer.value is None) == bool(answer.reason)


@given(texts)
def test_the_short_way_reads_what_the_long_way_reads(completion: str) -> None:
    """The shortcuts for plain integers change nothing but the time they save."""
    short = find(completion)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statements, "_PLAIN", NOTHING)
        patch.setattr(statements, "_PLAIN_BOX", NOTHING)
        long = find(completion)
    assert (short and (short.value, short.rule, short.structured)) == (
        long and (long.value, long.rule, long.structured)
    )
