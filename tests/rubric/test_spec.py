"""Errors in a rubric name file, component, key, value and the nearest valid spelling."""

from pathlib import Path

import pytest

from rewards.errors import SpecError
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS, load_spec

SOUND = """
name = "mine"
[[component]]
scorer = "exact.match"
"""


@pytest.fixture
def rubric_file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mine.toml: a rubric needs at least one [[component]] table"),
        ("name =", "mine.toml: not valid TOML"),
        ("[[component]]\nscorer='exact.match'", 'mine.toml: key "name" is missing'),
        (SOUND.replace("name", "nmae"), 'unknown key "nmae"; did you mean "name"?'),
        (
            SOUND.replace("scorer", "scorrer"),
            'component 1: unknown key "scorrer"; did you mean "scorer"?',
        ),
        (
            SOUND + "wieght = 1",
            'component 1 "exact.match": unknown key "wieght"; did you mean "weight"?',
        ),
        (
            SOUND + "weight = '1'",
            'component 1 "exact.match": key "weight": must be a finite number, got \'1\'',
        ),
        (SOUND + "weight = nan", "must be a finite number, got nan"),
        (SOUND + "weight = true", "must be a finite number, got True"),
        (SOUND + "gate = 1", "must be true or false, got 1"),
        (SOUND + "gate = true\nweight = 1.0", "a gate has no weight"),
        (
            SOUND + "on_error = 'zero'",
            'must be "floor" or "skip" or "neutral" or "fail", got \'zero\'',
        ),
        (SOUND + "params = 3", "must be a table"),
        (SOUND + "name = ''", "key \"name\": must be a string of 1 to 64 characters, got ''"),
        (SOUND + "name = ' '", "must be a string of 1 to 64 characters"),
        (SOUND + f"name = '{'x' * 65}'", "must be a string of 1 to 64 characters"),
        (SOUND + "name = 'a/b'", 'must not contain "/", which separates'),
        (SOUND + "name = ':a'", 'CloudWatch takes no other name of a metric; write "a"'),
        (SOUND + "name = 'größe'", 'component 1 "größe": key "name": must be printable ASCII'),
        (SOUND + 'name = "tab\\there"', 'write "tab here"'),
        (SOUND + "name = '🙂'", "write \"reward_1\", got '🙂'"),
        (SOUND.replace("mine", "réw ard"), 'key "name": must be printable ASCII'),
        (SOUND.replace("mine", "réw ard"), "write \"rew ard\", got 'réw ard'"),
        (
            SOUND.replace("exact.match", "my.module:größe"),
            'key "name" is missing, and the scorer\'s own will not do: it must be printable ASCII',
        ),
        (SOUND.replace("exact.match", f"m:{'x' * 65}"), "the scorer's own will not do: it must be"),
        ("group_by = ' '" + SOUND, 'key "group_by": must be a string that is not empty'),
        (SOUND + SOUND.replace('name = "mine"', ""), 'two components are called "exact.match"'),
        (SOUND + "weight = 0.0", "no component has a weight"),
        ("component = 1\nname='x'", "at least one [[component]]"),
        ("name='x'\ncomponent = [1]", "component 1: must be a table, got 1"),
        ("total = 'avg'" + SOUND, 'key "total": must be "mean" or "sum", got \'avg\''),
        ("range = [1, 0]" + SOUND, 'key "range": must be two numbers, the lowest reward first'),
        ("range = [0]" + SOUND, "must be two numbers"),
        ("concurrency = 0" + SOUND, "whole number of at least 1"),
        ("reference = [1]" + SOUND, "dotted path"),
        (SOUND + "[normalize]\nclip = 0", '[normalize]: key "clip": must be above 0, got 0'),
        (SOUND + "[normalize]\nbuy = 'x'", 'unknown key "buy"; did you mean "by"?'),
        (SOUND.replace("match", "mtach"), "no scorer 'exact.mtach'; did you mean \"exact.match\"?"),
        (
            SOUND + "params = { ignore_csae = true }",
            'no parameter "ignore_csae"; did you mean "ignore_case"?',
        ),
        (
            SOUND + "params = { ignore_case = 'yes' }",
            "parameter 'ignore_case' must be bool, got 'yes'",
        ),
        (SOUND + "threshold = 7.0", "must lie between 0.0 and 1.0"),
        (SOUND + f"weight = 1{'0' * 400}", 'key "weight": must be a number of at most 1e+100'),
        (SOUND + "weight = 1e308", "must be a number of at most 1e+100"),
        (SOUND + f"weight = 1{'0' * 5000}", "mine.toml: not valid TOML"),
        (f"range = [0, 1{'0' * 400}]" + SOUND, 'key "range": must be a number of at most 1e+100'),
        ("name = " + "[" * 5000, "mine.toml: not valid TOML"),
        (
            SOUND.replace("exact", "numeric") + f"params = {{ tolerance = 1{'0' * 400} }}",
            "parameter 'tolerance' must be float, got 1000",
        ),
    ],
)
def test_a_wrong_rubric_says_where_and_what(rubric_file: Path, text: str, expected: str) -> None:
    """Each message starts with the file and holds the remedy."""
    rubric_file.write_text(text, encoding="utf-8")

    with pytest.raises(SpecError) as caught:
        Rubric.load(rubric_file)

    assert expected in str(caught.value)
    assert str(caught.value).startswith("mine.toml") or str(rubric_file) in str(caught.value)


def test_a_rubric_that_is_not_there_names_the_closest() -> None:
    """By name the closest bundled one, by path the path."""
    with pytest.raises(SpecError, match="no rubric 'gsm8'; did you mean \"gsm8k\""):
        load_spec("gsm8")
    with pytest.raises(SpecError, match=r"no rubric file nowhere/mine\.toml"):
        load_spec("nowhere/mine.toml")


def test_a_rubric_that_is_not_text_is_refused(rubric_file: Path) -> None:
    """Not UTF-8, or far too large to be a rubric."""
    rubric_file.write_bytes(b"name = '\xff'")
    with pytest.raises(SpecError, match="not UTF-8"):
        load_spec(rubric_file)
    rubric_file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(SpecError, match="larger than"):
        load_spec(rubric_file)


def test_everything_a_rubric_may_say_is_read(rubric_file: Path) -> None:
    """And survives the way through the engine and back."""
    rubric_file.write_text(
        encoding="utf-8",
        data="""
        name = "full"
        description = "all keys"
        total = "sum"
        range = [-1, 1]
        group_by = "données/problème"
        reference = ["final_answer", "answer"]
        concurrency = 4
        [[component]]
        scorer = "exact.match"
        name = "case"
        weight = 2
        threshold = 0.5
        on_error = "skip"
        on_refusal = "neutral"
        params = { ignore_case = true }
        [[component]]
        scorer = "exact.match"
        gate = true
        [normalize]
        by = "batch"
        clip = 2
        """,
    )

    spec = load_spec(rubric_file)

    assert spec.range == (-1.0, 1.0)
    assert spec.group_by == "données/problème"
    assert spec.reference == ("final_answer", "answer")
    assert spec.component[0].params == {"ignore_case": True}
    assert spec.component[1].weight == 0.0
    assert Rubric.from_spec(spec.to_dict()).spec == spec


@pytest.mark.parametrize("path", sorted(RUBRICS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_bundled_rubric_loads_under_its_own_name(path: Path) -> None:
    """`Rubric.load("gsm8k")` is the rubric called gsm8k."""
    assert Rubric.load(path.stem).name == path.stem
