"""What may pass between two worlds, and that nothing else does."""

import math
from collections import Counter, OrderedDict
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.sandbox.code.plain import MAX_PLAIN_CHARS, Handle, NotPlainError, read_plain, written

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
)
_KEYS = st.integers() | st.text(max_size=3) | st.tuples(st.integers())
_PLAIN = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(_KEYS, max_size=3)
        | st.frozensets(_KEYS, max_size=3)
        | st.dictionaries(_KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_PLAIN)
def test_plain_data_comes_back_as_it_was(value: object) -> None:
    """Value, type and order of keys survive the passage."""
    assert repr(read_plain(written(value))) == repr(value) or read_plain(written(value)) == value


def test_what_json_lacks_passes() -> None:
    """Not a number, infinities, large integers."""
    assert math.isnan(read_plain(written(math.nan)))  # type: ignore[arg-type]
    assert read_plain(written([math.inf, -math.inf, -(7**5000)])) == [
        math.inf,
        -math.inf,
        -(7**5000),
    ]


def test_classes_of_plain_data_pass_by_name_and_things_by_number() -> None:
    """Tests hand a class to a program; what stays in its world is a number elsewhere."""
    assert read_plain(written([int, {"a": str}])) == [int, {"a": str}]
    assert written([Handle(3)]) == '["l",[["h",3]]]'
    assert isinstance(read_plain('["h",3]'), Handle)


def test_an_instance_of_a_subclass_passes_as_what_it_holds() -> None:
    """A class of the program, with whatever it says of equality, stays behind."""

    class Equal(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    level = IntEnum("level", ["low"])
    for value in (Equal(3), level(1), Counter("aab"), OrderedDict(a=1)):
        assert type(read_plain(written(value))) in (int, dict)
    assert read_plain(written(Equal(3))) != 4


@pytest.mark.parametrize(
    "value",
    [object(), iter([]), range(3), len, {"a": [object]}, "x" * MAX_PLAIN_CHARS, [0] * 10**6],
    ids=["object", "iterator", "range", "function", "inside", "long", "many"],
)
def test_anything_else_is_refused(value: object) -> None:
    """No object that behaves, and nothing of any length."""
    with pytest.raises(NotPlainError):
        written(value)


def test_nesting_is_bounded_both_ways() -> None:
    """A bomb of brackets is refused before it is walked."""
    bomb: list[object] = []
    for _ in range(100_000):
        bomb = [bomb]
    with pytest.raises(NotPlainError):
        written(bomb)
    while bomb:
        bomb = bomb[0]  # type: ignore[assignment]
    for text in ("[" * 60_000, '["l",[' * 5_000 + "]]" * 5_000):
        with pytest.raises(NotPlainError):
            read_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        '["x",[]]',
        '["s",[["l",[]]]]',
        '["d",[[1]]]',
        '["d",1]',
        '["c",["a",1]]',
        '["i","zz"]',
        '["h","1"]',
        '["y","object"]',
        '["y",["int"]]',
        '["b","%"]',
        '["b","\\u00e9"]',
        "",
        "1 2",
        '["l",[], 3]',
        "[[],[]]",
    ],
)
def test_forged_text_is_an_error_of_one_kind(text: str) -> None:
    """A program may write its own answer: it is read as a value or refused, never raised on."""
    with pytest.raises(NotPlainError):
        read_plain(text)
