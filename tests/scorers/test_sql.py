"""`sql.*`: queries paid by what they return, whatever they are and whatever they try."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import Rubric, Sample, use
from rewards.core.errors import SpecError, UnscoredError, UnusableDataError
from rewards.registry import resolve
from rewards.scorers import sql
from tests.scorers.support import CASES, check_laws, texts

TABLES: dict[str, dict[str, str]] = json.loads((CASES / "sql_tables.json").read_text())
ROWS = [json.loads(line) for line in (CASES / "sql.jsonl").read_text().splitlines()]
RIGHT = [row for row in ROWS if row["expected"] == 1.0]
SLIPS = [row for row in ROWS if row["expected"] == 0.0]
SHOP = TABLES["shop"]


def sample(query: str, reference: Any, tables: dict[str, Any] = SHOP) -> Sample:
    return Sample(
        id="1",
        completion=f"```sql\n{query}\n```",
        reference_answer=reference,
        metadata=tables,
    )


def value(query: str, reference: str, **params: Any) -> float:
    return sql.matches(sample(query, reference), **params).value


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row["query"][:70])
def test_a_right_query_in_other_words_is_paid(row: dict[str, Any]) -> None:
    """Joins against subqueries, aliases, CASE, window functions, ties: the rows decide."""
    score = sql.matches(sample(row["query"], row["reference"], TABLES[row["tables"]]))

    assert score.value == 1.0, score.reason


def test_plausible_slips_are_not_paid() -> None:
    """Of the slips at most one in a hundred is right on all five sets of rows, by luck."""
    paid = [
        row["query"]
        for row in SLIPS
        if sql.matches(sample(row["query"], row["reference"], TABLES[row["tables"]])).value
    ]

    assert len(SLIPS) >= 100
    assert len(paid) <= len(SLIPS) // 100, paid


HOSTILE = {
    "writes": "INSERT INTO customers VALUES (99, 'x', 'y', 'z')",
    "writes behind a WITH": "WITH t AS (SELECT 1) DELETE FROM customers",
    "creates a temporary table": "CREATE TEMP TABLE t AS SELECT 1",
    "two statements": "SELECT count(*) FROM customers; DROP TABLE customers",
    "attaches a file": "ATTACH DATABASE 'stolen.db' AS s",
    "writes a file": "VACUUM INTO 'stolen.db'",
    "reads a file": "SELECT readfile('/etc/passwd')",
    "loads code": "SELECT load_extension('x')",
    "sets a pragma": "PRAGMA query_only = 0",
    "asks a pragma as a table": "SELECT count(*) FROM pragma_table_list",
    "reads the catalogue": "SELECT count(*) FROM sqlite_master",
    "explains": "EXPLAIN SELECT count(*) FROM customers",
    "lists values": "VALUES (10)",
    "counts for ever": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
    "SELECT count(*) FROM n",
    "doubles a string": "WITH RECURSIVE n(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM n) "
    "SELECT count(x) FROM n",
    "joins everything": "SELECT count(*) FROM items a, items b, items c, items d, items e",
    "prints with a width": "SELECT length(printf('%1000000000d', 1))",
    "formats with a width": "SELECT length(format('%1000000000d', 1))",
    "fills memory": "SELECT length(zeroblob(1000000000))",
    "backtracks in LIKE": "SELECT sum(a.name || b.name || c.name LIKE '%a%a%a%a%a%a%a%a%a%b') "
    "FROM customers a, customers b, customers c, items d",
    "backtracks in GLOB": "SELECT sum(a.name GLOB '*[a-z]*[a-z]*[a-z]*[a-z]*0') "
    "FROM customers a, items b, items c, items d",
    "asks the clock": "SELECT count(*) FROM customers WHERE date('now') > joined",
    "asks the time zone": "SELECT count(datetime(joined, 'localtime')) FROM customers",
    "asks the clock by name": "SELECT count(current_timestamp) FROM customers",
    "is random": "SELECT count(random()) FROM customers",
    "nests": f"SELECT {'(' * 5000}10{')' * 5000}",
    "adds": f"SELECT {'+'.join(['1'] * 5000)}",
    "unites": " UNION ".join(["SELECT 10"] * 500),
    "never ends a comment": f"SELECT 10 /* {'*' * 10_000}",
    "never ends a text": f"SELECT '{'x' * 10_000}",
    "holds a zero byte": "SELECT 10\x00",
    "holds half a surrogate": "SELECT '\ud800'",
}


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_query_earns_nothing_and_leaves_nothing(
    query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by a count, touches no file, and the next query of the same tables is right."""
    monkeypatch.chdir(tmp_path)
    reference = "SELECT count(*) FROM customers"

    assert value(query, reference) == 0.0
    assert list(tmp_path.iterdir()) == []
    assert value("SELECT count(id) FROM customers", reference) == 1.0


def test_a_long_query_is_bounded_by_steps_not_by_time() -> None:
    """The reason names the count, which is the same on any machine."""
    score = sql.matches(sample(HOSTILE["counts for ever"], "SELECT count(*) FROM customers"))

    assert "more than 200,000 steps" in score.reason


@pytest.mark.parametrize(
    ("tables", "reference", "why"),
    [
        ({}, "SELECT 1", "holds no tables"),
        ({"schema": "CREATE TABEL t (a)"}, "SELECT 1", "cannot be built"),
        ({"schema": {"t": 5}}, "SELECT 1", 'table "t" is int'),
        ({"schema": {"t": []}}, "SELECT 1", "has no columns"),
        ({"schema": "CREATE TABLE t (a)", "seeds": 7}, "SELECT 1", "no text"),
        ({"schema": "CREATE TABLE t (a)", "seeds": [7]}, "SELECT 1", "no text"),
        ({"schema": "ATTACH 'x.db' AS x"}, "SELECT 1", "cannot be built"),
        (SHOP, "SELECT nothing FROM orders", "the reference fails"),
        (SHOP, "SELECT id FROM orders WHERE id < 0", "returns no row"),
        (SHOP, "DELETE FROM orders", "no SELECT"),
        (SHOP, "42", "no SELECT"),
        (SHOP, 42, "no query"),
    ],
)
def test_broken_data_is_a_fault_and_no_wrong_answer(
    tables: dict[str, Any], reference: Any, why: str
) -> None:
    """Tables that cannot be built, and a reference that returns nothing, are named."""
    with pytest.raises(UnusableDataError, match=why):
        sql.matches(sample("SELECT 1", reference, tables))


@pytest.mark.parametrize(
    ("query", "order", "paid"),
    [
        ("SELECT name FROM customers ORDER BY city, name DESC", "city", 1.0),
        ("SELECT name FROM customers ORDER BY name", "city", 0.0),
        ("SELECT name FROM customers", "city DESC, id", 0.0),
        ("SELECT name FROM customers ORDER BY id", "2 = 2, id", 1.0),
    ],
)
def test_order_counts_as_far_as_the_reference_gives_one(
    query: str, order: str, paid: float
) -> None:
    """Rows that its ORDER BY does not tell apart may come in any order."""
    assert value(query, f"SELECT name FROM customers ORDER BY {order}") == paid


def test_where_a_limit_cuts_through_a_tie_any_of_the_tied_will_do() -> None:
    """One of them, or all of them, but nobody else."""
    keys = {"a": 2, "b": 1, "c": 1, "d": 3}
    tables = {"schema": {"t": [{"n": name, "k": key} for name, key in keys.items()]}}
    reference = "SELECT n FROM t ORDER BY k LIMIT 1"
    paid = {
        n: sql.matches(sample(f"SELECT n FROM t WHERE n = '{n}'", reference, tables)).metrics[
            "rows"
        ]
        for n in "abcd"
    }

    assert value_on(tables, "SELECT n FROM t ORDER BY k, n DESC LIMIT 1", reference) == 1.0
    assert value_on(tables, "SELECT n FROM t WHERE k = (SELECT min(k) FROM t)", reference) == 1.0
    assert value_on(tables, "SELECT n FROM t ORDER BY k DESC LIMIT 1", reference) == 0.0
    assert paid["a"] < 1.0
    assert paid["d"] < 1.0


def value_on(tables: dict[str, Any], query: str, reference: str) -> float:
    return sql.matches(sample(query, reference, tables)).value


def test_columns_in_any_order_only_where_asked() -> None:
    """`columns = "any"` finds one order that holds on every set."""
    reference = "SELECT name, city FROM customers"

    assert value("SELECT city, name FROM customers", reference) == 0.0
    assert value("SELECT city, name FROM customers", reference, columns="any") == 1.0
    assert value("SELECT city, city FROM customers", reference, columns="any") == 0.0


def test_credit_for_rows_never_reaches_full_marks() -> None:
    """The F1 of the rows, below 1.0 while the query is not right; "all" pays nothing for it."""
    reference = "SELECT name FROM customers WHERE city = 'Graz' ORDER BY name"
    query = "SELECT name FROM customers WHERE city = 'Graz' ORDER BY name DESC"

    assert value(query, reference) == 0.0
    assert value(query, reference, credit="rows") == 0.99
    assert 0.0 < value("SELECT name FROM customers", reference, credit="rows") < 0.99
    assert value("SELECT name, 1 FROM customers", reference, credit="rows") == 0.0


def test_properties_are_metrics_of_their_own() -> None:
    """What is asked for is reported by name, and the value is their share, or all of them."""
    query = "SELECT city, name FROM customers ORDER BY city DESC"
    asked: dict[str, Any] = {
        "min_rows": 2,
        "max_rows": 3,
        "columns": ["city", "name"],
        "tables": ["customers"],
        "avoid_tables": ["orders"],
        "sorted_by": ["-city"],
        "max_steps": 100_000,
        "full_scan": False,
        "duplicates": False,
    }
    score = sql.properties(sample(query, None), **asked)
    failing = {name for name, figure in score.metrics.items() if not figure}

    assert failing == {"max_rows", "full_scan"}
    assert score.value == pytest.approx(8 / 10)
    assert sql.properties(sample(query, None), **asked, credit="all").value == 0.0
    assert sql.properties(sample("DROP TABLE orders", None)).metrics == {"runs": 0.0}


def test_a_search_by_key_is_no_full_scan() -> None:
    """The plan of SQLite decides, not the text of the query."""
    query = "SELECT name FROM customers WHERE id = 3"

    assert sql.properties(sample(query, None), full_scan=False).value == 1.0


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"max_rows": 1, "min_rows": 2}, "at least min_rows"),
        ({"max_steps": 1}, "hundreds"),
    ],
)
def test_properties_that_nothing_can_have_are_refused(params: dict[str, Any], why: str) -> None:
    """When the rubric loads, with what they may be."""
    with pytest.raises(SpecError, match=why):
        resolve("sql.properties").bind(params)


def test_other_dialects_are_translated_or_refused() -> None:
    """Postgres casts and ILIKE are read; what SQLite cannot say is a fault or a wrong answer."""
    reference = "SELECT name FROM customers WHERE name ILIKE 'a%'"
    query = "SELECT name::text FROM customers WHERE lower(name) LIKE 'a%'"

    assert value(query, reference, dialect="postgres") == 1.0
    assert value(query, "SELECT name FROM customers WHERE name LIKE 'a%'") == 0.0
    broken = sql.matches(sample("SELECT (((", reference), dialect="postgres")
    assert "cannot be translated" in broken.reason
    with pytest.raises(UnusableDataError, match="cannot be translated"):
        sql.matches(sample("SELECT 1", "SELECT ((("), dialect="postgres")
    with pytest.raises(SpecError, match="one of"):
        resolve("sql.matches").bind({"dialect": "postgre"})


def test_only_another_dialect_ships_the_translator() -> None:
    """Nothing is added to the bundle of a rubric that speaks SQLite."""
    assert resolve("sql.matches").requirements({}) == []
    assert resolve("sql.matches").requirements({"dialect": "duckdb"}) == ["sqlglot"]


@given(texts("SELECT ", "FROM t", "WITH ", "a", "'", '"', "(", ")", ";", "--", "/*", "```sql\n"))
def test_any_text_is_scored_or_refused_the_same_way_twice(text: str) -> None:
    """No text makes either scorer raise anything but a fault."""
    tables = {"schema": {"t": [{"a": 1}, {"a": 2}]}}
    for scorer in (sql.matches, sql.properties):
        check_laws(
            scorer,
            Sample(id="1", completion=text, reference_answer="SELECT a FROM t", metadata=tables),
            {},
        )


@given(st.permutations(range(len(RIGHT[:12]))))
def test_a_verdict_does_not_depend_on_what_was_asked_before(order: list[int]) -> None:
    """Databases are shared by the rollouts of a prompt; none leaves a trace for the next."""
    for index in order:
        row = RIGHT[index]
        assert sql.matches(sample(row["query"], row["reference"], TABLES[row["tables"]])).value


def test_the_derived_rows_are_the_same_in_every_process() -> None:
    """Same seeds, same rows, under any hash seed."""
    script = (
        "import json; from rewards.sandbox.database import Database;"
        "from rewards.sandbox.seedings import derived;"
        f"tables = {SHOP!r};"
        "base = Database(tables['schema'], [tables['seeds']]);"
        "query = \"SELECT name FROM customers WHERE city = 'Graz'\";"
        "made = [derived(base, tables['schema'], query, n).contents() for n in range(4)];"
        "print([[table.rows for table in tables] for tables in made])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }

    assert len(printed) == 1


def test_the_queries_of_the_bundled_rubric_go_through_the_engine() -> None:
    """The rubric pays through `sql.matches` and reports whether the query runs."""
    rubric = Rubric.load("sql")
    reward = rubric.score(sample("SELECT count(id) FROM orders", "SELECT count(*) FROM orders"))

    assert reward.value == 1.0
    assert Rubric("q", [use(sql.matches, credit="rows")]).components


def test_recorded_candidates_agree_where_the_data_is_present() -> None:
    """Spider's questions with rewritten and wrong candidates, on one set of rows and on three."""
    data = Path(__file__).parents[3] / "shared" / "data" / "verify" / "sql.jsonl.gz"
    if not data.is_file():
        pytest.skip("the recorded candidates are no part of the repository")
    import gzip

    wrong = []
    for row in map(json.loads, gzip.decompress(data.read_bytes()).splitlines()):
        given = [row["seed_sql"], row["seed_sql_2"], row["seed_sql_3"]]
        for seeds in (given, given[:1]):
            tables = {"schema": row["schema_sql"], "seeds": seeds}
            for candidate in row["candidates"]:
                try:
                    paid = sql.matches(sample(candidate["sql"], row["gold"], tables)).value
                except UnscoredError:
                    paid = -1.0
                if paid != float(candidate["expected"] == "correct"):
                    wrong.append(candidate["sql"])
    assert wrong == []
