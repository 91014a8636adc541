"""Whether a query returns what was asked for, or has the properties that were asked for.

The query is the last one of the answer (`rewards.reading.structured.queries`). It runs over the
sample's tables in an SQLite in memory that can reach nothing else, within bounds that are counts
(`rewards.sandbox.database`): the same verdict on any machine. `metadata.schema` holds the tables as
CREATE statements, or as JSON (`{"t": [{"a": 1}]}`); `metadata.seeds` holds their rows as INSERT
scripts, one text or a list of alternatives; the reference is a query.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.structured.queries import find_query
from rewards.reading.text import MAX_ANSWER_CHARS, quoted
from rewards.sandbox.database import QueryError
from rewards.sandbox.sql_reference import ReferenceFault, Tables, opened, reference
from rewards.sandbox.sql_results import is_sorted

Credit = Literal["all", "rows"]
Columns = Literal["ordered", "any"]
Share = Literal["share", "all"]

_NOTHING = {"columns": 0.0, "rows": 0.0}

#: The most that rows alone earn: the right rows in the wrong order are not right.
_ALMOST = 0.99


@scorer
def matches(
    sample: Sample,
    *,
    credit: Credit = "all",
    columns: Columns = "ordered",
    dialect: str = "sqlite",
    schema: str = "",
    seeds: list[str] = [],  # noqa: B006 - a parameter's default, never changed
    schema_key: str = "schema",
    seeds_key: str = "seeds",
) -> Score:
    """1.0 where the query returns what the reference query returns, on every set of rows; else 0.0.

    Results are bags of rows: their order counts only where the reference's outermost select has an
    ORDER BY, and among rows that it does not tell apart no order counts. Names of columns do not
    count, their number does. 1 equals 1.0, floats are compared to nine significant digits, NULL
    equals NULL. Besides the rows given, others are derived from them with fixed seeds, five sets in
    all, so that a query that is right by luck is caught. A set on which the reference's own LIMIT
    cuts through a tie decides nothing.

    Raises `UnusableDataError` where the tables cannot be built, or the reference fails or returns
    no row on any set. `matches/columns` is 1.0 where the number of columns is right,
    `matches/rows` the F1 of the rows, over the sets.

    Args:
        credit: "all", or "rows": the F1 of the rows where the query is not right throughout.
        columns: "ordered", or "any" where the order of columns says nothing (seven at most).
        dialect: What both queries and the schema are written in, as sqlglot names it: "duckdb",
            "postgres", "mysql" and so on. Anything but "sqlite" needs the extra `sql`.
        schema: Tables for samples without their own, as CREATE statements.
        seeds: Rows for samples without their own, as INSERT scripts.
        schema_key: The metadata field that holds the tables.
        seeds_key: The metadata field that holds the rows.

    >>> tables = {"schema": "CREATE TABLE t (a INTEGER)", "seeds": "INSERT INTO t VALUES (1), (2)"}
    >>> sample = Sample(
    ...     id="1",
    ...     completion="SELECT count(1) AS n FROM t",
    ...     reference_answer="SELECT count(*) FROM t",
    ...     metadata=tables,
    ... )
    >>> matches(sample).value
    1.0
    """
    wanted = sample.reference
    if not isinstance(wanted, str) or not wanted.strip():
        raise UnusableDataError("the reference is no query")
    tables = _tables(sample, schema, seeds, schema_key, seeds_key)
    query = find_query(sample.completion)
    if dialect != "sqlite":
        wanted = _translated(wanted, dialect)
        if isinstance(tables.schema, str):
            tables = Tables(_translated(tables.schema, dialect), tables.seeds)
    found = reference(tables, wanted.strip().rstrip(";"))
    if isinstance(found, ReferenceFault):
        raise UnusableDataError(str(found))
    if query is None:
        return Score(0.0, "no query in the answer", _NOTHING)
    answer = query[:MAX_ANSWER_CHARS]
    try:
        if dialect != "sqlite":
            query = _translated(query, dialect)
        same = found.compare(query, any_columns=columns == "any", every_set=credit == "rows")
    except (QueryError, UnusableDataError) as error:
        return Score(0.0, f"{error}: {quoted(answer)}", _NOTHING, answer=answer)
    value = 1.0 if same.right else min(same.rows, _ALMOST) if credit == "rows" else 0.0
    metrics = {"columns": same.columns, "rows": same.rows}
    return Score(value, same.why, metrics, answer=answer)


@matches.needs
def _(params: Mapping[str, Any]) -> list[str]:
    return ["sqlglot"] if params["dialect"] != "sqlite" else []


@matches.check
def _(*, credit: str, dialect: str, **_: Any) -> None:
    if dialect != "sqlite":
        try:
            import sqlglot
        except ModuleNotFoundError:
            raise ValueError(
                f'dialect = "{dialect}" needs sqlglot: pip install "bedrock-rft-rewards[sql]"'
            ) from None
        known = sorted(name.value for name in sqlglot.Dialects if name.value)
        if dialect not in known:
            raise ValueError(f"dialect must be one of {', '.join(known)}, got {dialect!r}")


@scorer
def properties(  # long: a line a parameter, and a line a property
    sample: Sample,
    *,
    min_rows: int = 0,
    max_rows: int | None = None,
    columns: list[str] = [],  # noqa: B006
    tables: list[str] = [],  # noqa: B006
    avoid_tables: list[str] = [],  # noqa: B006
    sorted_by: list[str] = [],  # noqa: B006
    max_steps: int | None = None,
    full_scan: bool = True,
    duplicates: bool = True,
    credit: Share = "share",
    schema: str = "",
    seeds: list[str] = [],  # noqa: B006
    schema_key: str = "schema",
    seeds_key: str = "seeds",
) -> Score:
    """The share of the properties asked for that the query has; 0.0 for none that runs.

    A query runs where it is a single SELECT that reads the sample's tables and ends within its
    bounds: reading only is always asked for, as `properties/runs`. Every property is a metric, 1.0
    or 0.0. No reference is read. Raises `UnusableDataError` where the tables cannot be built.

    Args:
        min_rows: Rows returned at the least.
        max_rows: Rows returned at the most.
        columns: Names of the result's columns, in order, in any case.
        tables: Tables that must be read.
        avoid_tables: Tables that must not be read.
        sorted_by: Result columns that the rows must ascend by; "-name" for descending.
        max_steps: Steps of SQLite's virtual machine at the most, counted in hundreds.
        full_scan: Whether a table may be read from end to end without an index.
        duplicates: Whether a row may come twice.
        credit: "share", or "all": 1.0 with every property, else 0.0.
        schema: Tables for samples without their own, as CREATE statements.
        seeds: Rows for samples without their own; the first set is asked.
        schema_key: The metadata field that holds the tables.
        seeds_key: The metadata field that holds the rows.

    >>> tables = {"schema": "CREATE TABLE t (a INTEGER)", "seeds": "INSERT INTO t VALUES (1), (2)"}
    >>> sample = Sample(id="1", completion="SELECT a FROM t ORDER BY a", metadata=tables)
    >>> properties(sample, max_rows=1, sorted_by=["a"]).metrics
    {'runs': 1.0, 'max_rows': 0.0, 'sorted_by': 1.0}
    """
    database = opened(_tables(sample, schema, seeds, schema_key, seeds_key))
    if isinstance(database, ReferenceFault):
        raise UnusableDataError(str(database))
    query = find_query(sample.completion)
    if query is None:
        return Score(0.0, "no query in the answer", {"runs": 0.0})
    try:
        result = database.run(query)
        plan = [] if full_scan else database.plan(query)
    except QueryError as error:
        return Score(0.0, f"{error}: {quoted(query)}", {"runs": 0.0})
    scans = any(line.startswith("SCAN") and " USING " not in line for line in plan)
    # Of each property: whether it was asked for, and whether the query has it.
    known = {
        "min_rows": (min_rows > 0, len(result.rows) >= min_rows),
        "max_rows": (max_rows is not None, len(result.rows) <= (max_rows or 0)),
        "columns": (bool(columns), _lower(result.columns) == _lower(columns)),
        "tables": (bool(tables), result.tables.issuperset(_lower(tables))),
        "avoid_tables": (bool(avoid_tables), result.tables.isdisjoint(_lower(avoid_tables))),
        "sorted_by": (bool(sorted_by), is_sorted(result.columns, result.rows, sorted_by)),
        "max_steps": (max_steps is not None, result.steps <= (max_steps or 0)),
        "full_scan": (not full_scan, not scans),
        "duplicates": (not duplicates, len(set(result.rows)) == len(result.rows)),
    }
    metrics = {"runs": 1.0} | {name: float(has) for name, (asked, has) in known.items() if asked}
    missing = [name for name, value in metrics.items() if not value]
    share = sum(metrics.values()) / len(metrics)
    value = share if credit == "share" else float(not missing)
    reason = f"not: {', '.join(missing)}" if missing else f"{len(metrics)} of {len(metrics)}"
    return Score(value, reason, metrics, answer=query[:MAX_ANSWER_CHARS])


@properties.check
def _(*, min_rows: int, max_rows: int | None, max_steps: int | None, **_: Any) -> None:
    if min_rows < 0 or (max_rows is not None and max_rows < min_rows):
        raise ValueError(f"max_rows must be at least min_rows = {min_rows}, got {max_rows}")
    if max_steps is not None and max_steps < 100:
        raise ValueError(f"max_steps is counted in hundreds: 100 or more, got {max_steps}")


def _lower(names: Sequence[str]) -> list[str]:
    return [name.lower() for name in names]


def _tables(
    sample: Sample, schema: str, seeds: Sequence[str], schema_key: str, seeds_key: str
) -> Tables:
    """The tables and the sets of rows of a sample, or those of the rubric."""
    found = sample.metadata.get(schema_key) or schema
    if not isinstance(found, str | Mapping) or not found:
        raise UnusableDataError(f'metadata "{schema_key}" holds no tables')
    rows = sample.metadata.get(seeds_key, seeds) or ()
    if not isinstance(rows, str | list | tuple):
        raise UnusableDataError(f'metadata "{seeds_key}" is no text and no list of texts')
    scripts = (rows,) if isinstance(rows, str) else tuple(rows)
    if not all(isinstance(script, str) for script in scripts):
        raise UnusableDataError(f'metadata "{seeds_key}" is no text and no list of texts')
    return Tables(found, scripts)


@lru_cache(maxsize=256)
def _translated(sql: str, dialect: str) -> str:
    """SQL of another dialect as SQLite's; `UnusableDataError` for what has no translation."""
    import sqlglot
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        parts = sqlglot.transpile(
            sql, read=dialect, write="sqlite", unsupported_level=ErrorLevel.RAISE
        )
    except (SqlglotError, RecursionError) as error:
        first = str(error).partition("\n")[0]
        raise UnusableDataError(f"cannot be translated from {dialect}: {first[:200]}") from None
    return ";\n".join(parts)
