"""One checker for every file that people write: what it takes, and what it says of the rest."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.tables import (
    MAX_FILE_BYTES,
    Check,
    TableError,
    Wrong,
    checked,
    choice,
    each,
    flag,
    interval,
    load_toml,
    many,
    number,
    read_table,
    shown,
    table,
    table_of,
    text,
    whole,
)


class Leg(NamedTuple):
    """A record of one file in another."""

    name: Annotated[str, text(longest=20)]
    metres: Annotated[int, whole(1), "metres = 100"]


def a_leg(value: Any) -> Leg:
    """A check of what no key can check alone."""
    leg = read_table(Leg, value)
    if leg.metres == 7:
        raise TableError("", "has an unlucky number of metres")
    return leg


@dataclass(frozen=True)
class Race:
    """A record with all that a field can be."""

    name: Annotated[str, text(r"[a-z]+", form="lower case letters"), 'name = "sprint"']
    leg: Annotated[tuple[Leg, ...], each(a_leg, name="leg")]
    pace: Annotated[float, number(0.0, 10.0)] = 1.0
    best: Annotated[Leg | None, a_leg] = None
    tags: Annotated[dict[str, Any], table] = field(default_factory=dict)
    folder: Path = Path()


LEG = {"name": "first", "metres": 100}
RACE = {"name": "sprint", "leg": [LEG]}


def test_a_table_fills_its_record() -> None:
    """A dataclass or a named tuple, with the defaults of what is not given."""
    assert read_table(Race, RACE) == Race("sprint", (Leg("first", 100),))
    assert read_table(Race, {**RACE, "pace": 2, "best": LEG, "tags": {"a": 1}}) == Race(
        "sprint", (Leg("first", 100),), 2.0, Leg("first", 100), {"a": 1}
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"nmae": "x"}, 'nmae is not a key that is known; did you mean "name"?'),
        ({"x": 1}, "x is not a key that is known; there are: name, leg, pace, best, tags"),
        ({7: 1}, "7 is not a key that is known; there are: name"),
        ({"folder": "/"}, "folder is not a key that is known"),
        ({"name": ...}, 'name is missing; write name = "sprint"'),
        ({"leg": ...}, "leg is missing"),
        ({"name": "Sprint"}, "name must be lower case letters, got 'Sprint'"),
        (
            {"name": "x" * 5000},
            "name must be lower case letters of at most 2048 characters, got 'xx",
        ),
        ({"pace": 11}, "pace must be a finite number from 0 to 10, got 11"),
        ({"best": 5}, "best must be a table with the keys name, metres, got 5"),
        ({"best": {"name": "x"}}, "best.metres is missing; write metres = 100"),
        ({"best": {**LEG, "metres": 0}}, "best.metres must be a whole number of at least 1, got 0"),
        ({"best": {**LEG, "meters": 1}}, 'best.meters is not a key that is known; did you mean "m'),
        ({"leg": []}, "leg must be at least one [[leg]] table, got []"),
        ({"leg": LEG}, "leg must be a list of tables: write [[leg]], with two brackets, got {"),
        ({"leg": [LEG, 3]}, "leg 2 must be a table with the keys name, metres, got 3"),
        ({"leg": [{"metres": 1}]}, "leg 1: name is missing"),
        ({"leg": [LEG, {**LEG, "metres": True}]}, 'leg 2 "first": metres must be a whole number'),
        ({"leg": [{**LEG, "name": 5}]}, "leg 1: name must be non-empty text of at most 20"),
        ({"tags": []}, "tags must be a table, got []"),
        ({"best": {"name": "x", "metres": 7}}, "best has an unlucky number of metres"),
        ({"leg": [{"name": "x", "metres": 7}]}, 'leg 1 "x" has an unlucky number of metres'),
    ],
)
def test_a_message_names_the_key_by_its_path(changed: dict[Any, Any], message: str) -> None:
    """What it must be, what it is, the nearest. `...` stands for a key that is not there."""
    given_ = {key: value for key, value in {**RACE, **changed}.items() if value is not ...}

    with pytest.raises(TableError) as caught:
        read_table(Race, given_)

    assert str(caught.value).startswith(message)


def test_annotations_that_are_put_off_are_checks_all_the_same() -> None:
    """`from __future__ import annotations` makes text of them, and no key may go unchecked."""
    module: dict[str, Any] = {"__name__": "put_off"}
    exec(
        "from __future__ import annotations\n"
        "from typing import Annotated, NamedTuple\n"
        "from rewards.core.tables import whole\n"
        "class Late(NamedTuple):\n"
        "    count: Annotated[int, whole(1)] = 1\n",
        module,
    )
    late = module["Late"]
    sys.modules["put_off"] = cast(Any, SimpleNamespace(**module))
    try:
        with pytest.raises(TableError, match="count must be a whole number of at least 1, got 0"):
            read_table(late, {"count": 0})
    finally:
        del sys.modules["put_off"]


def test_what_is_no_table_is_wrong_wherever_it_stands() -> None:
    """The caller knows what to call it."""
    with pytest.raises(Wrong, match="must be a table with the keys name, metres"):
        read_table(Leg, [])
    with pytest.raises(TableError, match=r"^must be a table with the keys name, metres, got None$"):
        checked(table_of(Leg), None, "")


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        (text(), "a\nb", "a\nb"),
        (whole(1, 5), 5, 5),
        (number(), 10**300, 1e300),
        (number(0.0), 0, 0.0),
        (flag, False, False),
        (choice(1, 3), 3, 3),
        (choice("a", "b"), "b", "b"),
        (many(whole(0), most=2), 7, (7,)),
        (many(whole(0), most=2), (1, 2), (1, 2)),
        (interval(number(), of="numbers"), [0, 1], (0.0, 1.0)),
    ],
)
def test_a_value_that_fits_is_as_the_record_holds_it(
    check: Check, value: Any, expected: Any
) -> None:
    """A whole number is a number, one value a list of one."""
    found = check(value)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (text(), "", "must be non-empty text, got ''"),
        (text(r"[a-z]+", form="letters"), "aé", "must be letters, got 'aé'"),
        (text(r"\d+", form="digits"), "٣", "must be digits, got '٣'"),
        (text(longest=2), "abc", "must be non-empty text of at most 2 characters, got 'abc'"),
        (text(), 5, "must be non-empty text, got 5"),
        (whole(1, 5), 6, "must be a whole number from 1 to 5, got 6"),
        (whole(1, 5), 0, "must be a whole number from 1 to 5, got 0"),
        (whole(1), 1.0, "must be a whole number of at least 1, got 1.0"),
        (whole(0, 1), True, "must be a whole number from 0 to 1, got True"),
        (number(0.0, 1.0), 1.5, "must be a finite number from 0 to 1, got 1.5"),
        (number(0.0), -1, "must be a finite number of at least 0, got -1"),
        (number(0.0), float("inf"), "must be a finite number of at least 0, got inf"),
        (number(), float("nan"), "must be a finite number, got nan"),
        (number(), 10**400, "must be a finite number, got 1000000"),
        pytest.param(
            number(),
            10**5000,
            "must be a finite number, got a whole number of more than 4,300 digits",
            id="longer than Python writes",
        ),
        (number(), True, "must be a finite number, got True"),
        (number(), "1", "must be a finite number, got '1'"),
        (number(-9.0, 9.0), 10, "must be a finite number of at most 9 in size, got 10"),
        (flag, 1, "must be true or false, got 1"),
        (choice(1, 3), 2, "must be 1 or 3, got 2"),
        (choice(1, 3), True, "must be 1 or 3, got True"),
        (choice("nova", "open"), "nowa", 'must be "nova" or "open", got \'nowa\'; did you mean "n'),
        (choice("nova", "open"), "x", 'must be "nova" or "open", got \'x\''),
        (choice("nova"), ["nova"], "must be \"nova\", got ['nova']"),
        (many(whole(0), most=2), [1, 2, 3], "must be a list of 1 to 2 values, got [1, 2, 3]"),
        (many(whole(0), most=2), [], "must be a list of 1 to 2 values, got []"),
        (many(whole(0), most=2), ["x"], "must be a whole number of at least 0, got ['x']"),
        (
            interval(number(), of="numbers"),
            [1, 0],
            "must be two numbers, the lowest first, got [1,",
        ),
        (interval(number(), of="numbers"), [1, 1], "must be two numbers, the lowest first"),
        (interval(number(), of="numbers"), [1], "must be two numbers, the lowest first"),
        (interval(number(), of="numbers"), [1, "x"], "must be a finite number, got [1, 'x']"),
    ],
)
def test_a_value_that_does_not_fit_says_what_would(check: Check, value: Any, message: str) -> None:
    """`1 == True` in Python, and a boolean is never meant where a number or a word is."""
    with pytest.raises(TableError) as caught:
        checked(check, value, "key")

    assert str(caught.value).startswith(f"key {message}")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), st.lists))
def test_no_value_breaks_a_check(value: Any) -> None:
    """Whatever TOML or Python may hold there: it fits, or it is told."""
    for check in (text(), whole(1), number(0.0, 1.0), flag, choice("a", 1), many(flag, most=3)):
        with suppress(Wrong):
            check(value)


def test_a_value_is_shown_briefly() -> None:
    """A schema of a thousand lines, or a number of thousands of digits, is no part of a message."""
    assert shown("x" * 1000) == f"'{'x' * 99}..."
    assert shown(10**5000) == "a whole number of more than 4,300 digits"
    assert shown([10**5000]) == "a list"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(source: bytes) -> Path:
        path = tmp_path / "file.toml"
        path.write_bytes(source)
        return path

    return write


def test_toml_is_read_as_editors_save_it(file: Callable[[bytes], Path]) -> None:
    """A byte order mark and Windows' line ends are no fault."""
    assert load_toml(file(b'\xef\xbb\xbfname = "x"\r\n[a]\r\nb = 1\r\n')) == {
        "name": "x",
        "a": {"b": 1},
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            'name = "x\ny = 1',
            "not valid TOML: Illegal character '\\n' (at line 1, column 10); a quote",
        ),
        ('name = "x\ny = 1', "(at line 1, column 10); a quote is missing"),
        ("name = 'x\ny = 1", "a quote is missing"),
        ("name = '''x", "a quote is missing"),
        ('name = """x', "a quote is missing"),
        ("name = maths", "text stands in quotes"),
        ("a = 1\n  gate = True # x", "true and false are written small"),
        ("gate = False", "true and false are written small"),
        ("threshold = None", "TOML has no such value; leave the key out"),
        ("threshold = null", "TOML has no such value; leave the key out"),
        (
            "[component]\nx = 1\n[component]\nx = 2",
            "for each of several tables write [[component]]",
        ),
        ("[a.b]\n[a.b]", "a key can be given once"),
        ("a = 1\na = 2", "a key can be given once"),
        ("a = 1\n[a]\nb = 2", "a key can be given once"),
        ('name: "x"', "a key and its value are joined by ="),
        ('p = "\\d+"', r"text with a backslash stands in single quotes, such as '\d'"),
        ("weight = 1,5", "a decimal mark is a point"),
        ("weight = .5", "a number begins with a digit"),
        ("name = “x”", "these quotes are typographic ones; write plain ones"),
        ("a = {b = 1,\nc = 2}", "an inline table stands in one line, without a last comma"),
        ("a = {b = 1,}", "an inline table stands in one line, without a last comma"),
        ("x = 1\n\ufeffy = 2", "a byte order mark stands inside of the file; delete it"),
        ("a = [1, 2", "not valid TOML: Unclosed array (at end of document)"),
        ("a = 1" + "0" * 5000, "not valid TOML: Exceeds the limit"),
        ("a = " + "[" * 5000, "not valid TOML: maximum recursion depth"),
    ],
)
def test_a_mistake_in_toml_is_told_with_the_usual_remedy(
    file: Callable[[bytes], Path], source: str, message: str
) -> None:
    """The parser says where; what people usually mean by such a line is added, not the line."""
    with pytest.raises(TableError) as caught:
        load_toml(file(f"{source} # secret".encode()))

    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            'a = 1\nname = "größe"'.encode("cp1252"),
            "not UTF-8 text: byte 0xf6 in line 2, which is 'ö' in Windows-1252; save it as UTF-8",
        ),
        ('\nname = "ö"'.encode("cp1252"), "byte 0xf6 in line 2, which is 'ö'"),
        ('name = "x"'.encode("utf-16"), "not UTF-8 text but UTF-16; save it as UTF-8"),
        (b"\xff\xfe", "UTF-16"),
        (b"x = '\x81'", "byte 0x81 in line 1, which is '\ufffd' in Windows-1252"),
        (b"#" * (MAX_FILE_BYTES + 1), "larger than 1,000,000 bytes; is this the right file?"),
    ],
)
def test_a_file_that_is_no_text_says_how_to_save_it(
    file: Callable[[bytes], Path], source: bytes, message: str
) -> None:
    """With the line, which an editor can go to; a byte's place it cannot."""
    with pytest.raises(TableError) as caught:
        load_toml(file(source))

    assert message in str(caught.value)


def test_the_longest_file_is_read(file: Callable[[bytes], Path]) -> None:
    """A megabyte of comments is a file of settings; a byte more is not."""
    assert load_toml(file(b"#" * MAX_FILE_BYTES)) == {}


def test_what_is_no_file_is_told_apart(tmp_path: Path) -> None:
    """A missing one is the caller's to explain; a folder cannot be read."""
    with pytest.raises(FileNotFoundError):
        load_toml(tmp_path / "nowhere.toml")
    with pytest.raises(TableError, match="cannot be read: Is a directory"):
        load_toml(tmp_path)
