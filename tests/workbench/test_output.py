"""What the commands print and write."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.workbench.output import distinct, json_text, printable, write_whole
from tests.processes import PATIENCE_SECONDS
from tests.strategies import any_text, json_values
from tests.workbench.conftest import COMMAND, EXACT, ROOT, on_a_terminal, wire_row


@given(any_text)
def test_printable_text_is_one_line_without_control_characters(text: str) -> None:
    """Attack: whatever a completion holds, a terminal is not steered and a table keeps its rows."""
    line = printable(text, limit=20)

    assert line.isprintable()
    assert len(line) <= 20


@given(json_values)
def test_json_text_is_utf_8_and_reads_back(value: object) -> None:
    """Lone surrogates included; what JSON cannot say is refused, never written as NaN."""
    try:
        text = json_text(value)
    except ValueError:
        assert "NaN" in json.dumps(value) or "Infinity" in json.dumps(value)
    else:
        assert json.loads(text.encode()) == value


def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between writing and naming: the old contents, and nothing beside them."""
    path = tmp_path / "expected.json"
    write_whole(path, "old")

    def interrupt(self: Path, mode: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "chmod", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")

    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["expected.json"]


def test_a_terminal_gets_a_table_and_no_markup_of_a_completion(tmp_path: Path) -> None:
    """Attack: rich's markup and escape sequences in data are shown as text."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rubric.toml").write_text(EXACT)
    event = [wire_row("72", None, id="[red]x[/red]"), wire_row("72", None, id="\x1b]0;owned")]
    (folder / "one.json").write_text(json.dumps(event))

    shown = on_a_terminal([*COMMAND, "replay", "mine", "--update", "-v"], tmp_path)

    assert "[red]x[/red]" in shown
    assert "\x1b]0;owned" not in shown
    assert "─" in shown


def test_a_terminal_without_utf_8_gets_escapes_and_no_traceback(tmp_path: Path) -> None:
    """A completion in any script can be replayed in any locale."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rubric.toml").write_text(EXACT)
    (folder / "one.json").write_text(json.dumps([wire_row("72", id="七十二")]))

    done = subprocess.run(
        [*COMMAND, "replay", "mine", "--update", "-v"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )

    assert b"\\u4e03" in done.stdout


def test_a_blank_line_stays_one(tmp_path: Path) -> None:
    """On a terminal, too: what is told in paragraphs is read in paragraphs."""
    script = "from rewards.workbench.output import say, show; show('a\\n\\n  b\\n'); say('c')"
    shown = on_a_terminal([sys.executable, "-c", script], tmp_path)

    assert shown.splitlines() == ["a", "", "  b", "", "c"]


TABLE = """
from rewards.workbench.output import Shown, print_table, say
print_table(
    ["sample", "reward", "correct", "why"],
    [[f"step-12/prompt-34/rollout-{i}", Shown("0.25", "odd"), "1", WORDS] for i in range(3)],
    prose=["why"],
)
say("  " + WORDS, "bad")
"""
WORDS = "correct: twenty-six is not eighteen, whatever the seventeen other rollouts may have said"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_words_are_wrapped_and_ids_stand_whole(tmp_path: Path, columns: int) -> None:
    """At any width: no line is longer, no word and no id is cut, nothing is left out."""
    script = f"WORDS = {WORDS!r}\n{TABLE}"
    shown = on_a_terminal([sys.executable, "-c", script], tmp_path, columns)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()

    assert max(map(len, lines)) <= columns
    words = " ".join(lines).split()
    assert [words.count(f"step-12/prompt-34/rollout-{i}") for i in range(3)] == [1, 1, 1]
    assert all(words.count(word) == 4 for word in set(WORDS.split()))


def test_colours_are_for_terminals_that_want_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red on a terminal; none where NO_COLOR is set; no escape at all in a pipe."""
    command = [sys.executable, "-c", f"WORDS = {WORDS!r}\n{TABLE}"]
    coloured = on_a_terminal(command, tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_a_terminal(command, tmp_path)
    monkeypatch.delenv("NO_COLOR")
    piped = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True
    )

    assert re.search(r"\x1b\[1;31m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)
    assert b"\x1b" not in piped.stdout + piped.stderr


@given(st.lists(any_text, max_size=6), st.integers(5, 40))
def test_what_differs_looks_different(names: list[str], limit: int) -> None:
    """Ids that are cut to a width still tell their rows apart."""
    shown = distinct(names, limit)

    assert len(set(shown)) == len(set(names))
    assert all(text.isprintable() for text in shown)
