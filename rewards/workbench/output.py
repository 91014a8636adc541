"""What the commands print and write: tables for people, JSON for programs, whole files only.

Results go to stdout, messages to stderr. Completions are hostile, and so is what was read from
them: text from data reaches a terminal only through `printable`.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: Longer cells make a table unreadable; `--json` has the whole text.
MAX_CELL_CHARS = 60


def say(message: str) -> None:
    """Print a message for people on stderr."""
    print(message, file=sys.stderr)


def print_json(document: object) -> None:
    """Print one JSON document on stdout: what `--json` promises, and nothing else."""
    sys.stdout.write(json_text(document, indent=2) + "\n")


def json_text(value: object, indent: int | None = None) -> str:
    r"""Strict JSON that always encodes to UTF-8: readable, but escaped where it has to be.

    A completion may hold half a surrogate pair, which JSON can spell and UTF-8 cannot.

    >>> print(json_text("é"), json_text("\ud83d"))
    "é" "\ud83d"
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, indent=indent, separators=separators)
    return text


def printable(text: str, limit: int = MAX_CELL_CHARS) -> str:
    r"""Text from data as one short line that cannot steer a terminal.

    >>> printable("a\x1b[2Jb\nc"), printable("x" * 9, limit=5)
    ('a\\x1b[2Jb c', 'xxxx…')
    """
    short = text[: limit + 1]  # first: the text may be megabytes long
    line = "".join(
        char if char.isprintable() else " " if char.isspace() else ascii(char)[1:-1]
        for char in short
    )
    return line if len(line) <= limit else line[: limit - 1] + "…"


#: What moves a terminal's cursor, colours or title; line breaks and tabs are text.
_CONTROLS = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
_CONTROLS |= {ord("\n"): "\n", ord("\t"): "\t", ord("\r"): "\n"}


def harmless(log: bytes) -> str:
    r"""A program's output as text that cannot steer a terminal.

    AWS's runtime client joins the lines of a message with carriage returns, for CloudWatch: here
    each of them is a line again.

    >>> harmless(b"a\x1b[2J\rb\xff")
    'a\\x1b[2J\nb\\xff'
    """
    return log.decode("utf-8", "backslashreplace").replace("\r\n", "\n").translate(_CONTROLS)


def figure(value: float) -> str:
    """A reward or a component's score as people read it: at most four decimals.

    >>> figure(1.0), figure(0.25), figure(-1 / 3)
    ('1', '0.25', '-0.3333')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    to_stderr: bool = False,
) -> None:
    """Print a table: with rules and colour on a terminal, as plain aligned columns elsewhere."""
    stream = sys.stderr if to_stderr else sys.stdout
    if not stream.isatty():
        print(plain_table(columns, rows, title=title), file=stream)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        *columns,
        title=Text(title) if title else None,
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for row in rows:
        # Text, not str: a completion must not be read as rich's markup.
        table.add_row(*(Text(cell) for cell in row))
    Console(file=stream).print(table)


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> str:
    """The same table as text.

    >>> print(plain_table(["sample", "reward"], [["a", "1"]]))
    sample  reward
    a       1
    """
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([title, *text] if title else text)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, even where Ctrl-C comes between."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)  # mkstemp makes private files; these are meant to be read
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def toml_line(mapping: Mapping[str, Any]) -> str:
    """Parameters as a rubric's TOML spells them in one line: `tolerance = 0.0, marker = "#"`.

    >>> toml_line({"tolerance": 0.0, "units": ["kg"], "strict": True})
    'tolerance = 0.0, units = ["kg"], strict = true'
    """
    return ", ".join(f"{key} = {json_text(value)}" for key, value in mapping.items())
