"""Which rows of a dataset train, and which validate: likes together, drawn by a seed.

Rows with the same prompt, or with prompts that are nearly the same (`likeness`), stand on one side:
a validation set that holds a training prompt in other words measures memory.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rewards.core.errors import EventError
from rewards.job.datasets.likeness import Likeness, Texts
from rewards.job.datasets.rows import read_row, understood
from rewards.workbench.datasets.reading import Rows

#: How the two files are called.
TRAIN, VALIDATION = "train.jsonl", "validation.jsonl"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two files: so many rows, and their share of all that were divided."""

    path: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class Division:
    """How a dataset was divided; rows in `unreadable`, counted from 1, are in neither file."""

    rows: int
    seed: int
    groups: int
    largest_group: int
    train: Side
    validation: Side
    unreadable: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "unreadable": list(self.unreadable)}


def divided(rows: Rows, share: float, seed: int, folder: Path) -> Division:
    """Write the two files into `folder`, each line as it was, in the order of the rows.

    Groups are drawn in an order that the seed and their texts make, until the validation set has
    its share; one that does not fit is passed over. So other rows change little of the division.

    Raises:
        EventError: no group is small enough for the share, or there is nothing to divide.
        FileExistsError: one of the files is there.
    """
    for name in (TRAIN, VALIDATION):
        if (folder / name).exists():
            raise FileExistsError(17, "is there already; give another --out", str(folder / name))
    found = _Groups()
    for line in rows.lines():
        found.line(line)
    groups = found.groups()
    total = sum(len(group.rows) for group in groups)
    wanted = round(share * total)
    chosen: set[int] = set()
    for group in sorted(groups, key=lambda group: group.drawn(seed)):
        if len(chosen) + len(group.rows) <= wanted:
            chosen.update(group.rows)
    if not chosen or len(chosen) == total:
        raise EventError(
            f"{total} rows in {len(groups)} groups of like ones cannot be divided at "
            f"{share:g}: no group fits; give another --share"
        )
    _write(folder, rows.lines(), chosen, frozenset(found.unreadable))
    left = total - len(chosen)
    return Division(
        rows=found.rows,
        seed=seed,
        groups=len(groups),
        largest_group=max(len(group.rows) for group in groups),
        train=Side(str(folder / TRAIN), left, round(left / total, 4)),
        validation=Side(str(folder / VALIDATION), len(chosen), round(len(chosen) / total, 4)),
        unreadable=tuple(found.unreadable),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that stand on one side, and what their texts come to, whatever their order."""

    rows: list[int]
    digest: bytes

    def drawn(self, seed: int) -> bytes:
        """Where the group comes in the draw of a seed."""
        return blake2b(self.digest + seed.to_bytes(8, "big"), digest_size=16).digest()


class _Groups:
    """The rows of a dataset by what they are like."""

    def __init__(self) -> None:
        self.rows = 0
        self.unreadable: list[int] = []
        self._texts = Texts()

    def line(self, line: bytes) -> None:
        """One more row."""
        self.rows += 1
        found = read_row(line)
        row = understood(found[0]) if found is not None else None
        if row is None or not row.turns:
            self.unreadable.append(self.rows)
        else:
            self._texts.add(self.rows, row.prompt)

    def groups(self) -> list[_Group]:
        """Rows that are like a row which is like another one are of its group, too."""
        likeness = Likeness(self._texts.template())
        leaders: dict[int, int] = {}
        first: dict[bytes, int] = {}
        for text in self._texts.all:
            leaders[text.row] = text.row
            same = first.setdefault(text.normal, text.row)
            for other in {same, *(like.row for like in likeness.like(text))}:
                leaders[_leader(leaders, other)] = _leader(leaders, text.row)
        members: dict[int, list[int]] = {}
        digests: dict[int, bytes] = {}
        for text in self._texts.all:
            leader = _leader(leaders, text.row)
            members.setdefault(leader, []).append(text.row)
            digests[leader] = min(digests.get(leader, text.normal), text.normal)
        return [_Group(rows, digests[leader]) for leader, rows in members.items()]


def _leader(leaders: dict[int, int], row: int) -> int:
    while leaders[row] != row:
        leaders[row] = leaders[leaders[row]]
        row = leaders[row]
    return row


def _write(
    folder: Path, lines: Iterable[bytes], chosen: set[int], unreadable: frozenset[int]
) -> None:
    """Both files or none of them, and never over a file that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary: dict[str, str] = {}
    try:
        with ExitStack() as stack:
            files = {}
            for name in (TRAIN, VALIDATION):
                handle, temporary[name] = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
                files[name] = stack.enter_context(os.fdopen(handle, "wb"))
            for number, line in enumerate(lines, start=1):
                if number not in unreadable:
                    files[VALIDATION if number in chosen else TRAIN].write(line + b"\n")
        for name, written in temporary.items():
            Path(written).chmod(0o644)
            os.link(written, folder / name)
    finally:
        for written in temporary.values():
            Path(written).unlink(missing_ok=True)
