"""A reference query over several sets of rows, and how far another query returns the same."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from rewards.sandbox.database import (
    MAX_QUERY_CHARS,
    MAX_ROWS,
    MAX_STEPS,
    MAX_VALUE_CHARS,
    MIN_STEPS,
    Database,
    QueryError,
    Result,
)
from rewards.sandbox.seedings import derived
from rewards.sandbox.sql_results import Order, Row, column_order, f1, plain, same
from rewards.sandbox.sql_text import OuterSelect, is_select, outline

#: Sets of rows that a query is tried on: those of the sample, and derived ones up to this number.
SEEDINGS = 5

#: A query may take this many times the steps of the reference: another plan, not another task.
STEPS_OF_REFERENCE = 20


class ReferenceFault(Exception):
    """The data's fault: tables that cannot be built, a reference that returns nothing."""


class QueryVerdict(NamedTuple):
    """How a query compares: right on every set, its number of columns, the F1 of its rows, why."""

    right: bool
    columns: float
    rows: float
    why: str


@dataclass(frozen=True, slots=True)
class Tables:
    """A schema (CREATE statements, or tables as JSON) and its alternative sets of rows."""

    schema: str | Mapping[str, Any]
    seeds: tuple[str, ...]

    def __hash__(self) -> int:
        """By content; JSON has no hash of its own."""
        return hash((repr(self.schema), self.seeds))


class Opened:
    """A database that one thread at a time may ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()

    def run(self, query: str) -> Result:
        """What one SELECT returns; `QueryError` where it is none, fails, or passes a bound."""
        with self._lock:
            return _run(self._database, query, MIN_STEPS, _chars(self._database, ()))

    def plan(self, query: str) -> list[str]:
        """SQLite's plan of a query that `run` has accepted."""
        with self._lock:
            return self._database.plan(query)


@lru_cache(maxsize=64)
def opened(tables: Tables) -> Opened | ReferenceFault:
    """The first set of rows, ready to be asked, or what is wrong with the tables.

    An error is returned, so that it is kept too: the rollouts of a prompt share it.
    """
    try:
        return Opened(Database(tables.schema, tables.seeds[:1]))
    except QueryError as error:
        return ReferenceFault(f"the tables cannot be built: {error}")


@dataclass(frozen=True, slots=True)
class _Seeding:
    """One set of rows, and what the reference returns on it: as it came, and made comparable."""

    database: Database
    returned: list[Row]
    rows: list[Row]
    width: int
    order: Order | None
    max_steps: int
    max_chars: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference query over its sets of rows."""

    seedings: list[_Seeding]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def compare(self, query: str, *, any_columns: bool, every_set: bool) -> QueryVerdict:
        """Run a query on one set after the other, behind the first that differs where asked.

        Raises:
            QueryError: it is no SELECT, fails, or passes a bound.
        """
        shares: list[float] = []
        why = ""
        columns: tuple[int, ...] | None = None
        with self.lock:
            for number, seeding in enumerate(self.seedings, 1):
                result = _run(seeding.database, query, seeding.max_steps, seeding.max_chars)
                if len(result.columns) != seeding.width:
                    found = f"{len(result.columns)} columns, not {seeding.width}"
                    return QueryVerdict(False, 0.0, 0.0, found)
                rows = [plain(row) for row in result.rows]
                if any_columns:
                    columns = columns or column_order(rows, seeding.rows)
                    rows = [tuple([row[i] for i in columns]) for row in rows] if columns else rows
                shares.append(f1(rows, seeding.rows))
                if not same(rows, seeding.rows, seeding.order):
                    why = why or f"set {number}: {_difference(rows, seeding.rows, shares[-1])}"
                    if not every_set:
                        break
        mean = sum(shares) / len(shares)
        return QueryVerdict(not why, 1.0, mean, why or f"the same rows on {len(shares)} sets")


@lru_cache(maxsize=64)
def reference(tables: Tables, query: str) -> Reference | ReferenceFault:
    """The reference on every set of rows, or what makes it none; kept, whichever it is."""
    if not is_select(query):
        return ReferenceFault("the reference is no SELECT")
    try:
        given = [Database(tables.schema, [script]) for script in tables.seeds]
        given = given or [Database(tables.schema)]
    except QueryError as error:
        return ReferenceFault(f"the tables cannot be built: {error}")
    try:
        seedings = [_seeding(database, query) for database in given]
    except QueryError as error:
        return ReferenceFault(f"the reference fails: {error}")
    for number in range(SEEDINGS - len(given)):
        try:
            seen = [seeding.returned for seeding in seedings]
            other = derived(given[0], tables.schema, query, number, seen)
            seedings.append(_seeding(other, query))
        except QueryError:
            continue  # rows that the reference itself cannot be asked about prove nothing
    if not any(seeding.rows for seeding in seedings):
        return ReferenceFault("the reference returns no row, on the rows given or derived ones")
    return Reference(seedings)


def _seeding(database: Database, query: str) -> _Seeding:
    result = database.run(query)
    if len(result.rows) > MAX_ROWS:
        raise QueryError(f"more than {MAX_ROWS:,} rows")
    rows = [plain(row) for row in result.rows]
    chars = _chars(database, rows)
    steps = max(MIN_STEPS * MAX_VALUE_CHARS // chars, STEPS_OF_REFERENCE * result.steps)
    return _Seeding(
        database=database,
        returned=result.rows,
        rows=rows,
        width=len(result.columns),
        order=_order(database, query, rows, result.columns),
        max_steps=min(steps, MAX_STEPS),
        max_chars=chars,
    )


def _chars(database: Database, rows: Sequence[Row]) -> int:
    """How long a value may grow: twice what the database or the reference's result holds."""
    lengths = (len(cell) for row in rows for cell in row if isinstance(cell, str | bytes))
    return max(MAX_VALUE_CHARS, 2 * database.longest, 2 * max(lengths, default=0))


def _run(database: Database, query: str, max_steps: int, max_chars: int) -> Result:
    if len(query) > MAX_QUERY_CHARS:
        raise QueryError(f"a query of {len(query):,} characters")
    if not is_select(query):
        raise QueryError("no SELECT")
    return database.run(query, max_steps=max_steps, max_chars=max_chars)


def _order(database: Database, query: str, rows: list[Row], columns: Sequence[str]) -> Order | None:
    """Which orders of the rows are as good as the reference's.

    The keys of its ORDER BY are columns of the result, or are asked for beside them; without the
    LIMIT, so that rows are seen that a limit cuts off and the order does not tell apart.
    """
    found = outline(query)
    if found.order is None and found.limit_at is None:
        return None
    whole = query if found.limit_at is None else query[: found.limit_at]
    keyed = _keyed(database, whole, found, columns)
    count = len(rows)
    if keyed is None or found.has_offset:
        return Order((1,) * count)
    keys = [key for _, key in keyed]
    runs: list[int] = []
    for index in range(min(count, len(keys))):
        if index and keys[index] == keys[index - 1]:
            runs[-1] += 1
        else:
            runs.append(1)
    if not 0 < count < len(keys) or keys[count] != keys[count - 1]:
        return Order(tuple(runs))
    return Order(tuple(runs), Counter(row for row, key in keyed if key == keys[count]))


def _keyed(
    database: Database, whole: str, found: OuterSelect, columns: Sequence[str]
) -> list[tuple[Row, Row]] | None:
    """The rows of the whole result, each with the key of its order; None where it cannot be told.

    Of an unordered result every row has the same key.
    """
    names = [name.lower() for name in columns]
    places: list[int] = []
    extra: list[str] = []
    for term in found.order or ():
        name = term.lower().strip('"`[]')
        if term.isdigit() and 0 < int(term) <= len(columns):
            places.append(int(term) - 1)
        elif name in names:
            places.append(names.index(name))
        else:
            places.append(len(columns) + len(extra))
            extra.append(term)
    if extra:
        if found.insert_at is None:
            return None
        whole = f"{whole[: found.insert_at]}, {', '.join(extra)} {whole[found.insert_at :]}"
    try:
        rows = [plain(row) for row in database.run(whole).rows]
    except QueryError:
        return None
    return [(row[: len(columns)], tuple([row[index] for index in places])) for row in rows]


def _difference(rows: list[Row], wanted: list[Row], share: float) -> str:
    """What differs, in numbers: the rows are hidden from whoever reads a reason."""
    if len(rows) != len(wanted):
        return f"{len(rows):,} rows, not {len(wanted):,}"
    if share == 1.0:
        return "the rows stand in another order"
    return f"other rows, {share:.0%} of them the same"
