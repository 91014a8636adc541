"""The table of what was measured: `results.md`, and the rows of it that the README shows.

A row is known by what it says was measured, so that a run of some benchmarks renews theirs.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "benchmarks" / "results.md"
README = ROOT / "README.md"

_ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<found>[^|]+) \|(?: (?P<held>[^|]*) \|)?$")
_HEADS = {"what", "---"}


class Result(NamedTuple):
    """One row: what was measured, the figures with what they are figures of, and the bound."""

    what: str
    found: str
    held: str = ""


def rows_of(text: str) -> dict[str, Result]:
    """The rows of the tables in a text, without their heads."""
    found = [match for line in text.splitlines() if (match := _ROW.match(line))]
    results = [Result(m["what"], m["found"], (m["held"] or "").strip()) for m in found]
    return {row.what: row for row in results if row.what not in _HEADS}


def table_of(rows: dict[str, Result], measured_on: str) -> str:
    """The whole file, rows in the order of their names."""
    lines = [f"| {row.what} | {row.found} | {row.held} |" for _, row in sorted(rows.items())]
    head = [
        "# What `make bench` measured",
        "",
        f"{measured_on} Ratios are within one run.",
        "",
        "| what | measured | held to |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *lines]) + "\n"


def renewed(page: str, rows: dict[str, Result]) -> str:
    """A page whose table has the figures of the rows that it shows."""
    lines = page.split("\n")
    for place, line in enumerate(lines):
        match = _ROW.match(line)
        if match and match["held"] is None and match["what"] in rows:
            lines[place] = f"| {match['what']} | {rows[match['what']].found} |"
    return "\n".join(lines)


def keep(results: list[Result], measured_on: str) -> None:
    """Write the rows that were measured into the table, and into the README where it has them."""
    known = rows_of(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    rows = known | {row.what: row for row in results}
    TABLE.write_text(table_of(rows, measured_on), encoding="utf-8")
    README.write_text(renewed(README.read_text(encoding="utf-8"), rows), encoding="utf-8")
