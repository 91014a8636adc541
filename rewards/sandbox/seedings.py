"""Other rows that a database could hold, derived from those that it has.

One set of rows pays a query that is right by luck: a constant, a missing condition that excludes
nobody, a join that meets no double. On 996 wrong queries for 257 questions one set of rows pays 61,
one and four derived ones none. The seeds are fixed: the same rows in every process.
"""

import random
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from rewards.sandbox.database import Database, QueryError, Table
from rewards.sandbox.sql_text import literals


class Profile(NamedTuple):
    """How a database is changed: shares of rows kept, chances of a row's double and of a cell.

    A changed cell takes a literal of the query, or another row's value: of all rows, or of the
    first `pool` different ones.
    """

    kept: tuple[float, ...] = (0.4, 0.6, 0.8, 1.0)
    doubled: float = 0.3
    another: float = 0.15
    literal: float = 0.15
    pool: int | None = None


#: Two ordinary ones; a crowded one, in which values meet that a DISTINCT or a missing condition
#: tells apart; a thin one, in which a constant that counts what there is most often is wrong.
PROFILES = (
    Profile(),
    Profile(),
    Profile(kept=(1.0,), another=0.4, literal=0.4, pool=3),
    Profile(kept=(0.1, 0.2, 0.3)),
)

#: How many draws are looked at for one database.
DRAWS = 6

_IDENTIFIER = re.compile(r"(?:^|_)(?:id|uid|uuid|key)$|(?<=[a-z])I[dD]$", re.IGNORECASE)


def derived(
    base: Database,
    schema: str | Mapping[str, Any],
    query: str,
    number: int,
    seen: Sequence[list[tuple[Any, ...]]] = (),
) -> Database:
    """The `number`-th other database of this schema for a query: fewer, doubled and changed rows.

    Keys stay as they are: what is declared PRIMARY KEY or UNIQUE, and columns that are called an
    identifier and are one. Cells take another row's value, or a literal that the query asks for. Of
    a few draws it is the first that empties no table (on empty tables queries differ that are the
    same to whoever asks) and on which the query returns something that is not among the results
    `seen`; else the first of all.

    Raises:
        QueryError: the schema cannot be built again.
    """
    profile = PROFILES[number % len(PROFILES)]
    tables = base.contents()
    draws = (
        base.with_rows(schema, _drawn(tables, profile, query, f"{number}/{draw}"))
        for draw in range(DRAWS)
    )
    first = next(draws)
    return next((one for one in chain([first], draws) if _tells(one, tables, query, seen)), first)


def _tells(
    database: Database,
    tables: Sequence[Table],
    query: str,
    seen: Sequence[list[tuple[Any, ...]]],
) -> bool:
    filled = {table.name for table in database.contents() if table.rows}
    if any(table.rows and table.name not in filled for table in tables):
        return False
    try:
        rows = database.run(query).rows
        return bool(rows) and rows not in seen
    except QueryError:
        return False


def _drawn(tables: Sequence[Table], profile: Profile, query: str, seed: str) -> list[Table]:
    rng = random.Random(f"seeding {seed}")
    texts, numbers = literals(query)
    return [_changed(table, profile, rng, texts, numbers) for table in tables]


def _changed(
    table: Table,
    profile: Profile,
    rng: random.Random,
    texts: Sequence[str],
    numbers: Sequence[float | int],
) -> Table:
    share = rng.choice(profile.kept)
    rows = [row for row in table.rows if rng.random() < share] or table.rows[:1]
    keys = table.keys | _identifiers(table)
    if not keys:
        rows += [row for row in rows if rng.random() < profile.doubled]
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    fitting = [_fitting(column, texts, numbers) for column in columns]
    pools = [list(dict.fromkeys(column))[: profile.pool] for column in columns]
    if profile.pool is None:
        pools = columns

    def cell(value: Any, index: int) -> Any:
        chance = rng.random()
        if chance < profile.another:
            return rng.choice(pools[index])
        if fitting[index] and chance < profile.another + profile.literal:
            return rng.choice(fitting[index])
        return value

    changed = [
        tuple(
            value if name in keys else cell(value, index)
            for index, (name, value) in enumerate(zip(table.columns, row, strict=True))
        )
        for row in rows
    ]
    return Table(table.name, table.columns, table.keys, changed)


def _identifiers(table: Table) -> frozenset[str]:
    """The columns that are called an identifier, and whose values are all there and differ."""
    found = []
    for index, name in enumerate(table.columns):
        values = [row[index] for row in table.rows]
        if _IDENTIFIER.search(name) and None not in values and len(set(values)) == len(values):
            found.append(name)
    return frozenset(found)


def _fitting(
    column: Sequence[Any], texts: Sequence[str], numbers: Sequence[float | int]
) -> list[Any]:
    """The literals of the query that the column could hold; numbers with their neighbours."""
    values = [value for value in column if value is not None]
    if values and all(isinstance(value, str) for value in values):
        return list(texts)
    if values and all(isinstance(value, int) for value in values):
        whole = [number for number in numbers if isinstance(number, int)]
        return [number + step for number in whole for step in (-1, 0, 1)]
    if values and all(isinstance(value, int | float) for value in values):
        return [number + step for number in numbers for step in (-1, 0, 1)]
    return []
