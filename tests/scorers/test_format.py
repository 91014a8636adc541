"""format.*: the shape that was asked for, once, and not a flood of its marks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import SpecError
from rewards.core.sample import Sample
from rewards.scorers.format import marker, matches, tags
from tests.scorers.support import LONG, check_laws, check_row, run, table, texts

TAGS = ["<think>", "</think>", "<answer>", "</answer>", "x"]


@pytest.mark.parametrize("row", table("format"))
def test_the_table_of_cases(row: dict[str, Any]) -> None:
    """Every row of tests/cases/format.jsonl scores as it says."""
    check_row("format", row)


@given(completion=texts("####", "\n", " ", "72", *TAGS), once=st.booleans())
def test_any_text_is_scored_for_a_marker(completion: str, once: bool) -> None:
    """No text makes format.marker raise, and the span is where the answer stands."""
    check_laws(marker, Sample("1", completion), {"once": once})
    score = run(marker, Sample("1", completion), {"once": once})
    if score.span is not None:
        assert completion[slice(*score.span)] == score.answer


@given(completion=texts(*TAGS), outside=st.booleans(), prefilled=st.booleans())
def test_any_text_is_scored_for_tags(completion: str, outside: bool, prefilled: bool) -> None:
    """No text makes format.tags raise, whatever may stand outside."""
    check_laws(tags, Sample("1", completion), {"outside": outside, "prefilled": prefilled})


@given(parts=st.lists(st.sampled_from(TAGS), max_size=9))
def test_only_the_template_earns_full_marks(parts: list[str]) -> None:
    """Of all arrangements of the tags, the one in order, once, with text inside is worth 1.0."""
    completion = "".join(parts)
    full = run(tags, Sample("1", completion), {}).value == 1.0
    inside = "".join(part if part != "x" else "" for part in parts)
    assert full == (
        inside == "<think></think><answer></answer>"
        and completion.startswith("<think>x")
        and completion.endswith("x</answer>")
        and "</think>x" not in completion
    )


@given(
    completion=texts("a", "b", "\n", "é", "\ud800", "<think>"),
    pattern=st.sampled_from(["a*b", "(a)|(b)", "", "(?s).*", r"\bа", "é+", "[^a]", "(?i)A"]),
    mode=st.sampled_from(["full", "search"]),
)
def test_any_text_is_scored_for_a_pattern(completion: str, pattern: str, mode: str) -> None:
    """No text makes format.matches raise, lone surrogates and nulls included."""
    check_laws(matches, Sample("1", completion), {"pattern": pattern, "mode": mode})


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(a|aa)+$", "(.*)*z", "^(([a-z])+.)+[A-Z]$"])
@pytest.mark.parametrize("flood", ["x", "a", "\ud800", "é"], ids=ascii)
def test_a_catastrophic_pattern_takes_linear_time(pattern: str, flood: str) -> None:
    """Patterns that hang a backtracking engine on forty characters read a megabyte."""
    sample = Sample("1", flood * LONG)
    assert run(matches, sample, {"pattern": pattern, "mode": "search"}).value in (0.0, 1.0)


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)b", "(?<!a)b", r"(a)\1", "(", "[z-a]", "(a{1000}){1000}", "\ud800", r"x\Z"],
    ids=ascii,
)
def test_a_pattern_that_cannot_be_linear_is_refused_at_load(pattern: str) -> None:
    """Look-around, back-references, huge repetitions and typing errors stop the rubric."""
    with pytest.raises(SpecError, match=r"format\.matches: pattern"):
        matches.bind({"pattern": pattern})


@pytest.mark.parametrize(
    "pattern",
    [
        *(".{500}z", r"[\w\W]{1000}z", "(?s).*7.{900}$", "(?:.{30}b){30}", "(?:.{99}b){1,9}"),
        *("[^}]{800}", r"\p{Greek}{300}", r"(?:\x{e9}.{20}){40}", "x{0,1000}y{0,1000}z{0,9}"),
    ],
)
def test_costly_repetitions_are_refused_at_load_with_the_way_out(pattern: str) -> None:
    """Copies of a part are steps at every byte: the price, the limit and the remedy are named."""
    with pytest.raises(SpecError, match=r"cost [\d,]+ steps .* 2,000: .*length\.within"):
        matches.bind({"pattern": pattern})


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\w{1,64}@\w{1,64}\.z", "[A-Z]{2,3}-[0-9]{4,10}", ".{100}z", "a{1000}"),
        *(r"\Qa{9999}\E", "[{9999}]", r"a\{9999}", r"[]{9999}]", "[[:alpha:]{9999}]"),
        "|".join(f"word{i}" for i in range(500)),
    ],
)
def test_usual_repetitions_are_not(pattern: str) -> None:
    """Lengths of a name or a number, alternatives without end, and braces that count nothing."""
    matches.bind({"pattern": pattern})


def test_an_answer_too_long_for_its_pattern_does_not_match() -> None:
    """Price times length is bounded; without counted repetitions any length is read."""
    short, long = (Sample("1", "a" * length + "b") for length in (1_000, LONG))
    assert [run(matches, sample, {"pattern": "a+b"}).value for sample in (short, long)] == [1, 1]
    params = {"pattern": "(?:a{1,200})+b"}
    assert run(matches, short, params).value == 1.0
    score = run(matches, long, params)
    assert (score.value, "too long" in score.reason) == (0.0, True)


@pytest.mark.parametrize(
    ("scorer", "params", "remedy"),
    [
        (marker, {"marker": " "}, "marker must be some text"),
        (tags, {"tags": []}, "1 to 16 different names"),
        (tags, {"tags": ["a", "a"]}, "1 to 16 different names"),
        (tags, {"tags": ["<answer>"]}, "a name without brackets"),
        (tags, {"tags": ["a" * 99]}, "a name without brackets"),
        (tags, {"outside": True, "answer_after": True}, "leave it out with answer_after"),
    ],
)
def test_bad_parameters_are_refused_at_load(
    scorer: Any, params: dict[str, Any], remedy: str
) -> None:
    """A marker of nothing and tags that cannot be tags stop the rubric, with the remedy."""
    with pytest.raises(SpecError, match=remedy):
        scorer.bind(params)


@pytest.mark.parametrize("flood", ["####", "<think>", "</think><think>", "<answer>x</answer>", "<"])
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of marks earns nothing extra and is read once per mark."""
    sample = Sample("1", flood * (LONG // len(flood)))
    assert run(tags, sample, {}).value == 0.0
    assert run(marker, sample, {"once": True}).value == 0.0


INVISIBLE = ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u115f", "\U000e0041"]


@pytest.mark.parametrize("nothing", ["", " ", "\n", *INVISIBLE], ids=ascii)
def test_what_nobody_sees_fills_no_tag_and_follows_no_marker(nothing: str) -> None:
    """An empty answer stays empty, whatever stands in it that cannot be seen."""
    for completion in (f"<think>{nothing}</think><answer>{nothing}</answer>",):
        assert run(tags, Sample("1", completion), {}).value == 0.0
    for completion in (f"#### {nothing}", f"####{nothing}</answer>", f"#### {nothing}<|im_end|>"):
        assert run(marker, Sample("1", completion), {}).value == 0.0
    around = f"{nothing}<think>x</think>{nothing}<answer>y</answer>{nothing}<|im_end|>"
    assert run(tags, Sample("1", around), {}).value == 1.0


@pytest.mark.parametrize(
    ("completion", "value"),
    [
        ("<think>6 * 7</think>It is 42.", 1.0),
        ("<think>6 * 7</think>\nIt is\n\n42.<|im_end|>", 1.0),
        ("<think>6 * 7</think>", 0.5),
        ("<think>6 * 7</think>\u200b</s>", 0.5),
        ("Well: <think>6 * 7</think>42", 0.5),
        ("<think></think>42", 0.0),
        ("42", 0.0),
    ],
)
def test_thinking_first_then_a_free_answer(completion: str, value: float) -> None:
    """One tag and text behind it, and nowhere else."""
    params = {"tags": ["think"], "answer_after": True}
    assert run(tags, Sample("1", completion), params).value == value


THOUGHT = "<think>\n2+2\n</think>\n<answer>4</answer>\n"


@pytest.mark.parametrize(
    ("pattern", "part", "value"),
    [
        (r"(?s)^<think>.*?</think>\s*<answer>.*?</answer>$", "auto", 1.0),
        (r"(?s)^<think>.*?</think>\s*<answer>.*?</answer>$", "all", 1.0),
        (r"(?s)<(?:think|reasoning)>.*?<\/(?:think|reasoning)>.*", "auto", 1.0),
        (r"<answer>\d+</answer>", "auto", 1.0),
        (r"<answer>\d+</answer>", "answer", 1.0),
        (r"<answer>\d+</answer>", "all", 0.0),
        (r"(?s)(?:<think>.*</think>)?\s*<answer>4</answer>", "answer", 1.0),
    ],
)
def test_a_pattern_sees_the_part_that_it_speaks_of(pattern: str, part: str, value: float) -> None:
    """The answer, or all of the completion where the pattern names the thinking or is told to."""
    params = {"pattern": pattern, "part": part}
    assert run(matches, Sample("1", THOUGHT), params).value == value
    assert run(matches, Sample("1", f"{THOUGHT}<|im_end|>"), params).value == value


@pytest.mark.parametrize(
    "pattern",
    [
        *("<think>.*</think>.*", r"(?s)<reasoning>\n.*?\n</reasoning>.*", r"<\/think>\s*42"),
        *(r"\[THINK\].*", "(?i)<(think|thought)>.+", "x(?:<think>|</think>)y"),
    ],
)
def test_a_pattern_that_no_answer_can_match_is_refused_at_load(pattern: str) -> None:
    """The thinking is no part of the answer: a pattern that wants it there stops the rubric."""
    with pytest.raises(SpecError, match="can never match an answer"):
        matches.bind({"pattern": pattern, "part": "answer"})
    matches.bind({"pattern": pattern})
