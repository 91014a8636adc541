"""The figures that the README shows: those that `make bench` wrote down."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.results import Result, rows_of, table_of

#: Measured by what `make bench` does not run, each with where.
ELSEWHERE = {
    "deployed zip of a pure rubric",  # make deploy-local
    "`rewards score`, `gsm8k`, a million rollouts of one line",  # REWARDS_BENCH_ROWS=1000000
    "the slowest megabyte of `choice.match`",  # many rows of the table in one
}

ROWS = {
    "b": Result("b", "2.0 times", "3 times"),
    "`a`, its slowest": Result("`a`, its slowest", "5 ms (x)", ""),
}


def test_a_table_is_read_back_as_it_was_written() -> None:
    """Whatever rows there are, in the order of their names."""
    text = table_of(ROWS, "Here.")

    assert rows_of(text) == ROWS
    assert table_of(rows_of(text), "Here.") == text


def test_a_page_gets_the_figures_of_the_rows_that_it_shows() -> None:
    """And of no others; what else stands on it stays."""
    page = "# P\n\n| what | measured |\n| --- | --- |\n| b | 9 times |\n| c | 1 |\n\nEnd.\n"

    assert results.renewed(page, ROWS) == page.replace("9 times", "2.0 times")


def test_what_was_measured_replaces_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of some benchmarks leaves the figures of the others."""

    table, page = tmp_path / "results.md", tmp_path / "README.md"
    table.write_text(table_of(ROWS, "Before."))
    page.write_text("| b | 9 times |\n")
    monkeypatch.setattr(results, "TABLE", table)
    monkeypatch.setattr(results, "README", page)

    results.keep([Result("b", "4 times", "3 times")], "Now.")

    assert rows_of(table.read_text()) == {**ROWS, "b": Result("b", "4 times", "3 times")}
    assert page.read_text() == "| b | 4 times |\n"


def test_the_readme_shows_what_was_measured() -> None:
    """Each of its figures of speed is the one in `benchmarks/results.md`."""
    _, _, section = results.README.read_text(encoding="utf-8").partition("\n## Speed\n")
    shown = rows_of(section.partition("\n## ")[0])
    measured = rows_of(results.TABLE.read_text(encoding="utf-8"))

    assert shown
    for what, row in shown.items():
        if what not in ELSEWHERE:
            assert what in measured, "no benchmark of that name has been recorded"
            assert row.found == measured[what].found, f"{what}: `make bench` renews the README"
