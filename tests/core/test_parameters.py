"""What a scorer's parameters may be, which values fit them, and what each of them means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pytest

from rewards.core.parameters import (
    REQUIRED,
    documented,
    fitted,
    fitting,
    is_table,
    keys_of,
    tabled,
    type_name,
    without_arguments,
)
from rewards.core.scorer import Scorer
from rewards.core.tables import TableError, checked
from rewards.registry import bundled


@dataclass(frozen=True)
class Pace:
    """How fast.

    Args:
        speed: metres a second.
        names: of those who run.
    """

    speed: float
    names: list[str] = field(default_factory=list)


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, float, 1.0),
        (0.5, float, 0.5),
        (7, int, 7),
        ("a", str, "a"),
        (True, bool, True),
        (None, str | None, None),
        ("a", str | None, "a"),
        (1, int | float, 1),
        (1, float | int, 1.0),
        ("b", Literal["a", "b"], "b"),
        (("a", "b"), list[str], ["a", "b"]),
        ([1], tuple[float, ...], [1.0]),
        ([1, "x", None], list, [1, "x", None]),
        ([[1]], Sequence[Sequence[float]], [[1.0]]),
        ({"a": 1}, dict[str, float], {"a": 1.0}),
        ({"a": {"b": [1]}}, Mapping[str, Any], {"a": {"b": [1]}}),
        ({"a": (1,)}, Any, {"a": [1]}),
        (date(2026, 1, 1), Any, date(2026, 1, 1)),
        ({"speed": 1}, Pace, Pace(1.0)),
        (Pace(1.0, ["a"]), Pace | None, Pace(1.0, ["a"])),
    ],
)
def test_a_value_that_fits_is_as_the_type_wants_it(value: Any, hint: Any, expected: Any) -> None:
    """A whole number is a number, a tuple a list, a table its dataclass; the rest is unchanged."""
    found = fitted(value, hint)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (True, float),
        (True, int),
        (1, bool),
        (1.0, int),
        ("1", float),
        (float("nan"), float),
        (float("-inf"), float),
        (10**400, float),
        (None, str),
        (0, None.__class__),
        ("c", Literal["a", "b"]),
        (1, Literal["a", "b"]),
        (1, str | None),
        ("ab", list[str]),
        ([1], list[str]),
        ({"a": "x"}, dict[str, float]),
        ({1: 1.0}, dict[str, float]),
        ([("a", 1)], dict[str, int]),
        (7, Pace),
    ],
)
def test_a_value_that_does_not_fit_is_a_type_error(value: Any, hint: Any) -> None:
    """A boolean is no number, text is no list, NaN is nothing."""
    with pytest.raises(TypeError):
        fitted(value, hint)


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (True, float, "p must be float, got True"),
        ({1}, Any, "p must be what TOML can say: text, numbers, true or false, dates, lists"),
        ({"a": [object]}, dict[str, Any], "p must be what TOML can say"),
        (1, complex, "p cannot be <class 'complex'>; use str, int"),
        ({"sped": 1}, Pace, 'p.sped is not a key that is known; did you mean "speed"?'),
        ({"speed": "x"}, Pace, "p.speed must be float, got 'x'"),
        ({"speed": 1, "names": [{1}]}, Pace, "p.names must be list[str], got [{1}]"),
        ({}, Pace, "p.speed is missing"),
        (7, Pace, "p must be table of speed, names, got 7"),
    ],
)
def test_what_no_rubric_can_say_is_named(value: Any, hint: Any, message: str) -> None:
    """A set has no order and an object no spelling, so their digest would be another each time."""
    with pytest.raises(TableError) as caught:
        checked(fitting(hint), value, "p")

    assert message in str(caught.value)


def test_a_table_is_written_without_its_defaults() -> None:
    """As TOML holds it; with them where all is to be shown."""
    assert tabled(Pace(2.0)) == {"speed": 2.0}
    assert tabled(Pace(2.0), defaults=True) == {"speed": 2.0, "names": []}
    assert tabled([1]) == [1]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (dict[str, Any] | None, "dict[str, anything] or nothing"),
        (Sequence[float], "list[float]"),
        (list, "list"),
        (Mapping, "dict"),
        (Pace, "table of speed, names"),
        (complex, "complex"),
    ],
)
def test_a_type_is_written_for_people(hint: Any, words: str) -> None:
    """As errors and `rewards list` show it."""
    assert type_name(hint) == words


DOCSTRING = """Rule in a sentence.

    Then more.

    Args:
        sample: what is scored.
        limit: characters; a second
            line: with a colon.

            And a paragraph.
        mode: how.
    Metrics: `length`.

    >>> 1
    1
    """


def test_the_meaning_of_a_parameter_is_read_from_its_docstring() -> None:
    """Over its lines and paragraphs, to the next section; a colon in them begins nothing."""
    assert documented(DOCSTRING) == {
        "sample": "what is scored.",
        "limit": "characters; a second line: with a colon. And a paragraph.",
        "mode": "how.",
    }
    assert documented("Rule.") == documented(None) == documented("Args:") == {}


def test_the_rest_of_a_docstring_is_kept_as_it_is() -> None:
    """What is printed beside the parameters."""
    assert without_arguments(DOCSTRING) == (
        "Rule in a sentence.\n\nThen more.\n\nMetrics: `length`.\n\n>>> 1\n1"
    )
    assert without_arguments(None) == ""


def test_the_keys_of_a_table_are_documented_like_parameters() -> None:
    """In the dataclass that declares them."""
    assert keys_of(Pace) == [
        ("speed", float, "metres a second.", REQUIRED),
        ("names", list[str], "of those who run.", []),
    ]


@pytest.mark.parametrize("scorer", list(bundled()), ids=lambda scorer: scorer.address)
def test_every_parameter_says_what_it_means(scorer: Scorer[..., Any]) -> None:
    """In the section "Args:" of the docstring, where nothing else is explained."""
    hints, meanings = scorer.hints(), scorer.meanings()
    tables = [hints[name] for name in scorer.parameters if is_table(hints[name])]
    silent = {name for name in scorer.parameters if not meanings.get(name)}
    silent |= {name for table in tables for name, _, meaning, _ in keys_of(table) if not meaning}

    assert not silent
    assert set(documented(scorer.__doc__)) - set(scorer.parameters) <= {"sample", "rollouts"}
