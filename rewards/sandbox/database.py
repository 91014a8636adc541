"""A query over an in-memory SQLite that reaches nothing; its bounds are counts, not times.

What a query may do is decided while it is compiled (an authorizer: read tables of the sample, call
functions of a list) and while it runs (steps of SQLite's virtual machine, rows, lengths). The same
query has the same end on any machine, however busy. Where one step could cost much (a pattern that
backtracks, a string that doubles), the operation is replaced or its operands are short.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards.sandbox.sql_functions import BoundedFunctions

#: Text of schema and rows together, and of a query, in characters.
MAX_SCRIPT_CHARS = 2_000_000
MAX_QUERY_CHARS = 20_000

#: Rows that are kept of a result; a query that returns more is wrong or the sample is no test.
MAX_ROWS = 10_000

#: Steps between two looks at the count: what `steps` is exact to.
STEP_GRAIN = 100

#: Steps of a reference at the most, and of any query at the least: half a second, some 20 ms.
MAX_STEPS = 4_000_000
MIN_STEPS = 200_000

#: The longest value that a query may make where the database holds none longer. One call of a
#: function reads its operands whole, and is one step.
MAX_VALUE_CHARS = 2_000

#: Functions that are pure, bounded by their operands, and mean the same in every run. What formats
#: (printf with a width fills memory), what is random, what reads files or the clock stays out.
FUNCTIONS = frozenset(
    word
    for line in (
        "abs avg ceil ceiling char coalesce concat concat_ws count cume_dist date datetime",
        "dense_rank exp first_value floor glob group_concat hex ifnull iif instr julianday lag",
        "last_value lead length like ln log log10 log2 lower ltrim max min mod nth_value ntile",
        "nullif percent_rank pi pow power rank replace round row_number rtrim sign sqrt strftime",
        "string_agg substr substring sum time total trim trunc typeof unicode unixepoch upper",
    )
    for word in line.split()
)

_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 50,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class QueryError(Exception):
    """A query that gives no result: the message says why, in SQLite's words or ours."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a query returned: names of its columns, its rows, the steps it took, tables it read."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    steps: int
    tables: frozenset[str] = field(default=frozenset())


class Database:
    """One set of rows, ready to be asked. Not for two threads at once.

    >>> database = Database("CREATE TABLE t (a INTEGER, b TEXT)", ["INSERT INTO t VALUES (1, 'x')"])
    >>> database.run("SELECT b, a + 1 FROM t").rows
    [('x', 2)]
    >>> database.run("DELETE FROM t")
    Traceback (most recent call last):
    ...
    rewards.sandbox.database.QueryError: not authorized
    """

    def __init__(self, schema: str | Mapping[str, Any], seeds: Iterable[str] = ()) -> None:
        """Build the tables and fill them; `QueryError` where a script cannot be run."""
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.set_authorizer(_while_building)
        try:
            for script in (*_scripts(schema), *seeds):
                if len(script) > MAX_SCRIPT_CHARS:
                    raise QueryError(f"a script of {len(script):,} characters")
                self._connection.executescript(script)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise QueryError(str(error)) from None
        self._connection.commit()
        self._tables: set[str] = set()
        self._close_doors()

    def __del__(self) -> None:
        """Close the connection with its last reader: Python 3.13 warns of one left open."""
        self._connection.close()

    def _close_doors(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA temp_store = 2")  # a sort that spills would write a file
        self.names = [name for (name,) in connection.execute(_TABLES)]
        self._known = {name.lower() for name in self.names}
        self.longest = max((self._longest(name) for name in self.names), default=0)
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        self._functions = BoundedFunctions()
        self._functions.install(connection)
        connection.set_authorizer(self._may)

    def _longest(self, table: str) -> int:
        columns = [row[1] for row in self._connection.execute(f"PRAGMA table_info({_name(table)})")]
        lengths = ", ".join(f"max(length({_name(column)}))" for column in columns)
        found = self._connection.execute(f"SELECT {lengths} FROM {_name(table)}").fetchone()
        return max((length for length in found if length), default=0)

    def run(
        self,
        query: str,
        *,
        max_steps: int = MAX_STEPS,
        max_chars: int = 0,
        max_rows: int = MAX_ROWS,
    ) -> Result:
        """Run one SELECT; its rows as SQLite gives them, `max_rows` + 1 of them at the most.

        Raises:
            QueryError: it is no single SELECT, is not allowed, fails, or passes a bound.
        """
        if len(query) > MAX_QUERY_CHARS:
            raise QueryError(f"a query of {len(query):,} characters")
        connection, count = self._connection, _Count(max_steps)
        self._tables = set()
        self._functions.begin()
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max_chars or 1_000_000)
        connection.set_progress_handler(count, STEP_GRAIN)
        try:
            cursor = connection.execute(query)
            if cursor.description is None:
                raise QueryError("no query")
            columns = tuple(str(column[0]) for column in cursor.description)
            rows = cursor.fetchmany(max_rows + 1)
            cursor.close()
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
            passed = f"more than {max_steps:,} steps" if count.passed else self._functions.flaw
            raise QueryError(passed or str(error)) from None
        finally:
            connection.set_progress_handler(None, 0)
        return Result(columns, rows, count.steps, frozenset(self._tables))

    def plan(self, query: str) -> list[str]:
        """SQLite's plan of a query, a line a step: "SCAN t", "SEARCH t USING INDEX ..."."""
        self._connection.set_authorizer(None)
        try:
            found = self._connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise QueryError(str(error)) from None
        finally:
            self._connection.set_authorizer(self._may)
        return [str(row[3]) for row in found]

    def contents(self) -> list["Table"]:
        """The tables with their rows, for whoever derives others from them."""
        self._connection.set_authorizer(None)
        try:
            return [self._table(name) for name in self.names]
        finally:
            self._connection.set_authorizer(self._may)

    def _table(self, name: str) -> "Table":
        execute = self._connection.execute
        columns = [row[1] for row in execute(f"PRAGMA table_info({_name(name)})")]
        keys = {row[1] for row in execute(f"PRAGMA table_info({_name(name)})") if row[5]}
        for index in execute(f"PRAGMA index_list({_name(name)})").fetchall():
            if index[2]:
                keys |= {row[2] for row in execute(f"PRAGMA index_info({_name(index[1])})")}
        names = ", ".join(map(_name, columns))
        rows = execute(f"SELECT {names} FROM {_name(name)}").fetchall()
        return Table(name, tuple(columns), frozenset(keys), rows)

    def with_rows(self, schema: str | Mapping[str, Any], tables: Iterable["Table"]) -> "Database":
        """A database of the same schema that holds other rows, where its constraints allow them."""
        other = Database(schema)
        connection = other._connection
        connection.set_authorizer(None)
        connection.execute("PRAGMA query_only = 0")
        for table in tables:
            connection.execute(f"DELETE FROM {_name(table.name)}")
            names = ", ".join(map(_name, table.columns))
            marks = ", ".join("?" * len(table.columns))
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, len(table.columns))
            connection.executemany(
                f"INSERT OR IGNORE INTO {_name(table.name)} ({names}) VALUES ({marks})", table.rows
            )
        for _ in range(3):  # rows whose parent is gone; theirs may be parents too
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
            for name, rowid, *_ in orphans:
                connection.execute(f"DELETE FROM {_name(name)} WHERE rowid = {int(rowid)}")
        connection.commit()
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 0)
        connection.execute("PRAGMA query_only = 1")
        other.longest = max((other._longest(name) for name in other.names), default=0)
        connection.set_authorizer(other._may)
        return other

    def _may(
        self, action: int, first: str | None, second: str | None, base: str | None, by: str | None
    ) -> int:
        """SQLite's question while it compiles: read this column, call this function?"""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            return self._may_read(str(first).lower(), column=second or "")
        if action == sqlite3.SQLITE_FUNCTION and str(second).lower() in FUNCTIONS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    def _may_read(self, table: str, column: str) -> int:
        if table in self._known:
            self._tables.add(table)
            return sqlite3.SQLITE_OK
        # count(*) of a WITH's table is asked for by that name, with no column.
        inside = not column and not table.startswith(("sqlite_", "pragma_", "json_"))
        return sqlite3.SQLITE_OK if inside else sqlite3.SQLITE_DENY


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table; `keys` are the columns of its primary key and its unique indexes."""

    name: str
    columns: tuple[str, ...]
    keys: frozenset[str]
    rows: list[tuple[Any, ...]]


class _Count:
    """The progress handler: counts steps, and stops the query behind the last one allowed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.steps = 0
        self.passed = False

    def __call__(self) -> int:
        self.steps += STEP_GRAIN
        self.passed = self.steps > self.most
        return int(self.passed)


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def _while_building(action: int, *names: str | None) -> int:
    """Schema and rows are the data's, and still reach no file."""
    refused = action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
    return sqlite3.SQLITE_DENY if refused or "load_extension" in names else sqlite3.SQLITE_OK


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _scripts(schema: str | Mapping[str, Any]) -> list[str]:
    """A schema as scripts: its text, or the CREATE and INSERT of tables that are given as JSON."""
    if isinstance(schema, str):
        return [schema]
    return [script for name, table in schema.items() for script in _table_scripts(str(name), table)]


def _table_scripts(name: str, table: Any) -> list[str]:
    """`[{"a": 1}, ...]`, or `{"columns": ["a"], "rows": [[1], ...]}`, as statements."""
    if isinstance(table, Mapping):
        columns, rows = list(table.get("columns", [])), list(table.get("rows", []))
    elif isinstance(table, list) and all(isinstance(row, Mapping) for row in table):
        columns = list(dict.fromkeys(key for row in table for key in row))
        rows = [[row.get(column) for column in columns] for row in table]
    else:
        raise QueryError(f'table "{name}" is {type(table).__name__}, not a list of objects')
    if not columns or any(not isinstance(row, list) or len(row) != len(columns) for row in rows):
        raise QueryError(f'table "{name}" has no columns, or a row of another length')
    typed = (f"{_name(str(c))} {_type(rows, index)}" for index, c in enumerate(columns))
    scripts = [f"CREATE TABLE {_name(name)} ({', '.join(typed)})"]
    lines = (f"({', '.join(map(_literal, row))})" for row in rows)
    return [*scripts, f"INSERT INTO {_name(name)} VALUES {', '.join(lines)}"] if rows else scripts


def _type(rows: list[list[Any]], index: int) -> str:
    kinds = {type(row[index]) for row in rows if row[index] is not None}
    if kinds <= {int, bool}:
        return "INTEGER"
    return "REAL" if kinds <= {int, float, bool} else "TEXT"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return repr(int(value) if isinstance(value, bool) else value)
    return "'" + str(value).replace("'", "''") + "'"
