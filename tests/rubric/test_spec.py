"""Errors in a rubric name file, component, key, value and the nearest valid spelling."""

from pathlib import Path

import pytest

from rewards.core.errors import SpecError
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS, load_spec, located

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
        ("", 'mine.toml: name is missing; write name = "maths"'),
        ("name = 'x'", "mine.toml: component is missing; write at least one [[component]] table"),
        (
            "name = 'x'\ncomponent = []",
            "component must be at least one [[component]] table, got []",
        ),
        (
            "name = 'x'\n[component]\nscorer = 'exact.match'",
            "write [[component]], with two brackets",
        ),
        ("name =", "mine.toml: not valid TOML"),
        ("[[component]]\nscorer='exact.match'", "mine.toml: name is missing"),
        (SOUND.replace("name", "nmae"), 'nmae is not a key that is known; did you mean "name"?'),
        (
            SOUND.replace("scorer", "scorrer"),
            'component 1: scorrer is not a key that is known; did you mean "scorer"?',
        ),
        (
            SOUND + "wieght = 1",
            'component 1 "exact.match": wieght is not a key that is known; did you mean "weight"?',
        ),
        (
            SOUND + "weight = '1'",
            'component 1 "exact.match": weight must be a finite number of at most 1e+100 in size, '
            "got '1'",
        ),
        (
            SOUND + "weight = nan",
            "weight must be a finite number of at most 1e+100 in size, got nan",
        ),
        (
            SOUND + "weight = true",
            "weight must be a finite number of at most 1e+100 in size, got True",
        ),
        (SOUND + "gate = 1", "must be true or false, got 1"),
        (
            SOUND + "gate = true\nweight = 1.0",
            'component 1 "exact.match" is a gate, which has no weight; remove "weight" or "gate"',
        ),
        (
            SOUND + "on_error = 'zero'",
            'must be "floor" or "skip" or "neutral" or "fail", got \'zero\'',
        ),
        (SOUND + "params = 3", "must be a table"),
        (SOUND + "name = ''", "name must be a string of 1 to 64 characters, got ''"),
        (SOUND + "name = ' '", "must be a string of 1 to 64 characters"),
        (SOUND + f"name = '{'x' * 65}'", "must be a string of 1 to 64 characters"),
        (SOUND + "name = 'a/b'", 'must not contain "/", which separates'),
        (
            SOUND + "name = ':a'",
            "CloudWatch takes no other name of a metric, got ':a'; write \"a\"",
        ),
        (SOUND + "name = 'größe'", 'component 1 "größe": name must be printable ASCII'),
        (SOUND + 'name = "tab\\there"', 'write "tab here"'),
        (SOUND + "name = '🙂'", "got '🙂'; write \"reward_1\""),
        (SOUND.replace("mine", "réw ard"), "name must be printable ASCII"),
        (SOUND.replace("mine", "réw ard"), "got 'réw ard'; write \"rew ard\""),
        (
            SOUND.replace("exact.match", "my.module:größe"),
            "name is missing, and the scorer's own will not do: it must be printable ASCII",
        ),
        (SOUND.replace("exact.match", f"m:{'x' * 65}"), "the scorer's own will not do: it must be"),
        ("group_by = ' '" + SOUND, "group_by must be a string that is not empty"),
        (SOUND + SOUND.replace('name = "mine"', ""), 'two components are called "exact.match"'),
        (SOUND + "weight = 0.0", "no component has a weight"),
        ("component = 1\nname='x'", "at least one [[component]]"),
        ("name='x'\ncomponent = [1]", "component 1 must be a table with the keys scorer, name"),
        ("total = 'avg'" + SOUND, 'total must be "mean" or "sum", got \'avg\''),
        ("range = [1, 0]" + SOUND, "range must be two numbers, the lowest first, got [1, 0]"),
        ("range = [0]" + SOUND, "must be two numbers"),
        ("concurrency = 0" + SOUND, "whole number of at least 1"),
        ("reference = [1]" + SOUND, "dotted path"),
        (SOUND + "[normalize]\nclip = 0", "normalize.clip must be above 0, got 0"),
        (
            SOUND + "[normalize]\nbuy = 'x'",
            'normalize.buy is not a key that is known; did you mean "by"?',
        ),
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
        (
            SOUND + f"weight = 1{'0' * 400}",
            "weight must be a finite number of at most 1e+100 in size, got 1000",
        ),
        (
            SOUND + "weight = 1e308",
            "weight must be a finite number of at most 1e+100 in size, got 1e+308",
        ),
        (SOUND + f"weight = 1{'0' * 5000}", "mine.toml: not valid TOML"),
        (
            f"range = [0, 1{'0' * 400}]" + SOUND,
            "range must be a finite number of at most 1e+100 in size, got [0, 1000",
        ),
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


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ("gsm8k", "gsm8k"),
        ("my rubric", "my rubric"),
        ("mine.toml", Path("job/mine.toml")),
        ("rubrics/mine", Path("job/rubrics/mine")),
        ("../mine.toml", Path("job/../mine.toml")),
        (Path("gsm8k"), Path("job/gsm8k")),
        ("/mine.toml", Path("/mine.toml")),
    ],
)
def test_what_is_a_path_is_decided_in_one_place(given_: str | Path, found: str | Path) -> None:
    """A rubric, `rft.toml`, the commands and the stack all ask here."""
    assert located(given_, Path("job")) == found


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
