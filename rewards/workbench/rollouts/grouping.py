"""Which rollouts belong together, wherever they stand in a file of any length.

The rows' groups are noted in a temporary database on disk, which sorts in little memory.
"""

import sqlite3
import struct
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from itertools import zip_longest
from typing import IO, Any

from rewards.core.errors import EventError
from rewards.core.sample import Sample
from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.rubric.totals import group_key
from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.rollouts.batches import MAX_BATCH_ROWS
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.files.temporary import temporary_space
from rewards.workbench.rollouts.rows import Keys, Line, read_row

#: One rollout in a file of group rewards: the number of its group, and its reward.
_RECORD = struct.Struct("<qd")

_READ_RECORDS = 65_536
_COPY_BYTES = 512 * 1024


def group_number(sample: Sample, group_by: str) -> int | None:
    """64 bits of a hash of what a group has in common; None for a sample in no group.

    Two of a million groups share a number once in 40 million files. It then costs nothing but a
    longer batch, since a rubric compares what groups have in common, not numbers.
    """
    key = group_key(sample, group_by)
    return None if key is None else _number(key)


def _number(key: Hashable) -> int:
    text = repr(key).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)


def compares(rubric: Rubric) -> list[str]:
    """What of a rubric needs the rollouts of one prompt beside each other, in its own words."""
    return [
        *(f'component "{c.name}"' for c in rubric.components if c.scorer.is_group),
        *(["[normalize]"] if rubric.spec.normalize and rubric.spec.normalize.by == "group" else []),
    ]


def shares(rubric: Rubric) -> list[str]:
    """The components whose unscored samples get the mean of their group."""
    return [c.name for c in rubric.spec.component if "neutral" in (c.on_error, c.on_refusal)]


@dataclass(frozen=True)
class Groups:
    """How many groups of rollouts there are, how many have two or more, and what became of these.

    `zero_variance` counts compared groups whose rewards are all equal: they give no gradient.
    """

    count: int
    compared: int
    zero_variance: int


class Index:
    """The group of every line, and the lines in the order of their groups.

    Groups come in the order of their first rows, the rows of a group in the order of the file.
    """

    def __init__(self, source: Source, keys: Keys, group_by: str, seen: Callable[[int], None]):
        """Read the source to its end; `seen` is called with the rows so far."""
        self._source = source
        self._database = _database()
        self.rows = self.grouped = self.runs = 0
        self.groups = self.compared = self.cut = 0
        try:
            with temporary_space():
                self._fill(self._entries(keys, group_by, seen))
            if self.scattered:
                source.by_place()
        except BaseException:
            self.close()
            raise

    @property
    def scattered(self) -> bool:
        """Whether the rows of some group do not stand beside each other."""
        return self.runs > self.groups

    def lines(self) -> Iterator[Line]:
        """The lines in the order of their groups, each with the number of its group."""
        if not self.scattered:
            self._source.rewind()
            groups = self._rows("SELECT grp FROM line ORDER BY place")
            for line, found in zip_longest(self._source.lines(), groups):
                if line is None or found is None:
                    raise EventError(f"{self._source.name}: the file changed while it was read")
                yield line._replace(group=found[0])
            return
        for number, place, start, length, group in self._ordered():
            data = None if length is None else self._source.read(start, length)
            yield Line(number, place, start, data, group)

    def in_file_order(self, results: IO[bytes]) -> Iterator[bytes]:
        """Lines of results, one for each of `lines`, in the order of the file; some at a time."""
        self._database.execute("CREATE TABLE result (place, start, length)")
        results.seek(0)
        with temporary_space():
            self._database.executemany("INSERT INTO result VALUES (?, ?, ?)", self._spans(results))
        piece: list[bytes] = []
        size = 0
        for start, length in self._rows("SELECT start, length FROM result ORDER BY place"):
            results.seek(start)
            piece.append(results.read(length))
            size += length
            if size >= _COPY_BYTES:
                yield b"".join(piece)
                piece, size = [], 0
        yield b"".join(piece)

    def close(self) -> None:
        """Drop the database."""
        self._database.close()

    def _fill(self, entries: Iterator[tuple[int, int, int, int | None, int | None]]) -> None:
        execute = self._database.execute
        execute("CREATE TABLE line (place INTEGER PRIMARY KEY, number, start, length, grp)")
        self._database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?)", entries)
        found = execute(
            "SELECT COUNT(*), TOTAL(members > 1), TOTAL(members > ? OR bytes > ?) FROM "
            "(SELECT COUNT(*) AS members, SUM(length) AS bytes FROM line "
            "WHERE grp IS NOT NULL GROUP BY grp)",
            (MAX_BATCH_ROWS, MAX_PAYLOAD_BYTES),
        ).fetchone()
        self.groups, self.compared, self.cut = map(int, found)

    def _entries(
        self, keys: Keys, group_by: str, seen: Callable[[int], None]
    ) -> Iterator[tuple[int, int, int, int | None, int | None]]:
        before = None
        for line in self._source.lines():
            group = _group_of(line, keys, group_by)
            self.rows += 1
            if group is not None:
                self.grouped += 1
                self.runs += group != before
            before = group
            if self.rows % 1000 == 0:
                seen(self.rows)
            length = None if line.data is None else len(line.data)
            yield line.place, line.number, line.start, length, group

    def _ordered(self) -> Iterator[tuple[int, int, int, int | None, int | None]]:
        return self._rows(
            "SELECT number, line.place, start, length, line.grp FROM line LEFT JOIN "
            "(SELECT grp, MIN(place) AS earliest FROM line WHERE grp IS NOT NULL GROUP BY grp) "
            "AS whole ON line.grp = whole.grp ORDER BY COALESCE(earliest, line.place), line.place"
        )

    def _spans(self, results: IO[bytes]) -> Iterator[tuple[int, int, int]]:
        start = 0
        for (_, place, *_), data in zip(self._ordered(), results, strict=True):
            yield place, start, len(data)
            start += len(data)

    def _rows(self, query: str) -> Iterator[Any]:
        with temporary_space():
            found = self._database.execute(query)
            while some := found.fetchmany(1000):
                yield from some


def group_records(samples: Sequence[Sample], rewards: Sequence[Reward], group_by: str) -> bytes:
    """The rewards of the samples that are in a group, for `figures`."""
    numbers: dict[Hashable, int] = {}
    records = []
    for sample, reward in zip(samples, rewards, strict=True):
        key = group_key(sample, group_by)
        if key is not None:
            if key not in numbers:  # the rollouts of a prompt often stand together
                numbers[key] = _number(key)
            records.append(_RECORD.pack(numbers[key], reward.value))
    return b"".join(records)


def figures(records: IO[bytes]) -> Groups:
    """Count the groups in a file of `group_records`, however their rows are scattered."""
    with temporary_space(), closing(_database()) as database:
        database.execute("CREATE TABLE reward (grp, value)")
        database.executemany("INSERT INTO reward VALUES (?, ?)", _unpacked(records))
        found = database.execute(
            "SELECT COUNT(*), TOTAL(members > 1), TOTAL(members > 1 AND low = high) FROM "
            "(SELECT COUNT(*) AS members, MIN(value) AS low, MAX(value) AS high "
            "FROM reward GROUP BY grp)"
        ).fetchone()
    return Groups(*map(int, found))


def _unpacked(records: IO[bytes]) -> Iterable[tuple[int, float]]:
    records.seek(0)
    while data := records.read(_READ_RECORDS * _RECORD.size):
        yield from _RECORD.iter_unpack(data)


def _group_of(line: Line, keys: Keys, group_by: str) -> int | None:
    try:
        sample = read_row(line, keys).sample
    except EventError:
        return None
    return None if sample is None else group_number(sample, group_by)


def _database() -> sqlite3.Connection:
    """A private database: in memory while it is small, then in a file that nobody else sees."""
    database = sqlite3.connect("", isolation_level=None)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
        database.execute(f"PRAGMA {setting}")
    database.execute("BEGIN")  # one transaction for all of it: nothing here outlives the run
    return database
