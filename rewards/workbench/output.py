"""What the commands print and write: text for people, JSON for programs, whole files only.

Results go to stdout, messages to stderr. Completions are hostile, and so is what was read from
them: text from data reaches a terminal only through `printable`. Only a terminal gets colours and
wrapped lines; NO_COLOR turns the colours off.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TextIO

from rewards.core.errors import SpecError

if TYPE_CHECKING:  # rich is imported where a terminal is written to
    from rich.console import Console
    from rich.text import Text

#: Longer cells make a table unreadable; `--json` has the whole text.
MAX_CELL_CHARS = 60

#: A column of prose that has less than this is no column: the rows become paragraphs.
MIN_PROSE_CHARS = 24

#: Where an entry of a list begins in a docstring.
_ENTRY = re.compile(r"\* |- |\w[\w`, ]{0,39}: ")

Mood = Literal["", "good", "bad", "odd"]
_STYLES = {"": "", "good": "green", "bad": "bold red", "odd": "yellow"}


class Shown(NamedTuple):
    """A cell of a table, and whether it is good news."""

    text: str
    mood: Mood = ""


def say(message: str, mood: Mood = "") -> None:
    """Print a message for people on stderr, in words that a terminal's edge does not cut."""
    _print_wrapped(message, mood, sys.stderr)


def show(message: str, mood: Mood = "") -> None:
    """Print a line of a result for people on stdout, in words as `say` does."""
    _print_wrapped(message, mood, sys.stdout)


def _print_wrapped(message: str, mood: Mood, stream: TextIO) -> None:
    if not stream.isatty():
        print(message, file=stream)
        return
    from rich.padding import Padding
    from rich.text import Text

    console = _console(stream)
    for line in message.split("\n"):
        text = line.lstrip(" ")
        if not text:
            console.print()
            continue
        # What is wrapped stands under the text that it belongs to.
        indent = (0, 0, 0, len(line) - len(text))
        console.print(Padding(Text(text, _STYLES[mood]), indent, expand=False))


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, soft_wrap=False)


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


def distinct(names: Sequence[str], limit: int) -> list[str]:
    """Names as `printable` short ones that differ where the names do.

    Ids often begin alike, so that what is too long loses its middle; what would still look like
    another gets its place.

    >>> distinct(["step-1/prompt-1/a", "step-1/prompt-1/b", "c"], 11)
    ['step-…t-1/a', 'step-…t-1/b', 'c']
    >>> distinct(["aaaa-1-aaaa", "aaaa-2-aaaa"], 7)
    ['aaa…aaa #1', 'aaa…aaa #2']
    """
    head, tail = limit // 2, (limit - 1) // 2
    whole = [printable(name, 10 * len(name) + 1) for name in names]  # an escape has ten at most
    short = [text if len(text) <= limit else f"{text[:head]}…{text[-tail:]}" for text in whole]
    meant: dict[str, set[str]] = {}
    for name, text in zip(names, short, strict=True):
        meant.setdefault(text, set()).add(name)
    return [
        text if len(meant[text]) == 1 else f"{text} #{place}" for place, text in enumerate(short, 1)
    ]


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


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count of things in words.

    >>> counted(1, "row"), counted(2000, "row"), counted(2, "reply", "replies")
    ('1 row', '2,000 rows', '2 replies')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def figure(value: float) -> str:
    """A reward or a component's score as people read it: at most four decimals.

    >>> figure(1.0), figure(0.25), figure(-1 / 3)
    ('1', '0.25', '-0.3333')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Shown]],
    *,
    prose: Collection[str] = (),
    title: str = "",
    to_stderr: bool = False,
) -> None:
    """Print a table: ruled, coloured and wrapped on a terminal, as aligned columns elsewhere.

    The columns named in `prose` may be wrapped, the others (ids, figures) stand whole. Where the
    terminal is too narrow for that, each row is a paragraph.
    """
    stream = sys.stderr if to_stderr else sys.stdout
    if not stream.isatty():
        print(plain_table(columns, rows, title=title), file=stream)
        return
    from rich.cells import cell_len
    from rich.text import Text

    console = _console(stream)
    # Text, not str: a completion must not be read as rich's markup.
    cells = [[Text(cell.text, _STYLES[cell.mood]) for cell in map(_shown, row)] for row in rows]
    width = 0
    for i, name in enumerate(columns):
        lines = [name, *(line for row in cells for line in row[i].plain.split("\n"))]
        whole = max(map(cell_len, lines))
        width += min(whole, MIN_PROSE_CHARS) if name in prose else whole
    if title:
        console.print(Text(title, "italic"))
    if width + 2 * (len(columns) - 1) <= console.width:
        _draw(console, columns, cells, prose)
    else:
        _tell(console, columns, cells, prose)


def _draw(
    console: "Console",
    columns: Sequence[str],
    cells: Sequence[Sequence["Text"]],
    prose: Collection[str],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=name not in prose, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _tell(
    console: "Console",
    columns: Sequence[str],
    cells: Sequence[Sequence["Text"]],
    prose: Collection[str],
) -> None:
    """Each row as a paragraph: its first cell, its figures in a line, its prose below.

    A last cell that is no prose is what the row comes to, and stands beside the first.
    """
    from rich.padding import Padding
    from rich.text import Text

    for first, *rest in cells:
        named = [(name, cell) for name, cell in zip(columns[1:], rest, strict=True) if cell.plain]
        head = Text.assemble(first, style="bold")
        if named and named[-1][0] == columns[-1] and columns[-1] not in prose:
            head.append(": ").append_text(named.pop()[1])
        console.print(head, overflow="fold")
        figures = [Text.assemble(f"{name} ", cell) for name, cell in named if name not in prose]
        words = [
            cell if name == columns[-1] else Text.assemble(f"{name}: ", cell)
            for name, cell in named
            if name in prose
        ]
        for line in [Text(", ").join(figures), *words] if figures else words:
            console.print(Padding(line, (0, 0, 0, 2), expand=False), overflow="fold")


def plain_table(
    columns: Sequence[str], rows: Sequence[Sequence[str | Shown]], *, title: str = ""
) -> str:
    """The same table as text, a line a row.

    >>> print(plain_table(["sample", "reward"], [["a", Shown("1", "good")]]))
    sample  reward
    a       1
    """
    lines = [list(columns)]
    lines += [[_shown(cell).text.replace("\n", "; ") for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([title, *text] if title else text)


def _shown(cell: str | Shown) -> Shown:
    return cell if isinstance(cell, Shown) else Shown(cell)


def paragraphs(text: str) -> list[str]:
    r"""A docstring in pieces to print apart: what runs on is joined, so that it can be wrapped.

    Examples stay as they are; each entry of a list ("name: ...", "* ...") is a line.

    >>> paragraphs("The rule\ngoes on.\n\n>>> f()\n1\n\na: first\n    more\nb: second")
    ['The rule goes on.', '>>> f()\n1', 'a: first more\nb: second']
    """
    found = []
    for block in text.split("\n\n"):
        first, *rest = block.strip("\n").split("\n")
        lines = [first]
        for line in rest:
            kept = ">>>" in block or "==" in block
            # Below "Raises:" the entries are indented.
            entry = line.lstrip() if first.endswith(":") else line
            if kept or _ENTRY.match(entry):
                lines.append(line)
            else:
                lines[-1] += f" {line.strip()}"
        found.append("\n".join(lines))
    return found


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


#: How every page begins: what does not begin so is somebody's file, and is not replaced.
PAGE_HEAD = "<!doctype html>\n<!-- a page of bedrock-rft-rewards -->\n"


def check_free(page: Path) -> None:
    """Whether a page may be written there, asked before the work that it is to show.

    Raises:
        SpecError: there is something under that name that is no page.
        OSError: its folder is not there.
    """
    page.parent.stat()
    if page.exists():
        with page.open("rb") as file:
            head = file.read(len(PAGE_HEAD))
        if head not in (b"", PAGE_HEAD.encode()):
            raise SpecError(f"{page} is there and no page of this tool: it is not replaced")


def toml_line(mapping: Mapping[str, Any]) -> str:
    """Parameters as a rubric's TOML spells them in one line: `tolerance = 0.0, marker = "#"`.

    >>> toml_line({"tolerance": 0.0, "units": ["kg"], "strict": True})
    'tolerance = 0.0, units = ["kg"], strict = true'
    """
    return ", ".join(f"{key} = {json_text(value)}" for key, value in mapping.items())
