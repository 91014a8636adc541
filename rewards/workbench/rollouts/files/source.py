"""A file of rollouts as numbered lines: plain text, gzip or a pipe, read once or again."""

import gzip
import os
import shutil
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO, TextIO

from rewards.core.errors import EventError
from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.rollouts.files.temporary import temporary_space
from rewards.workbench.rollouts.rows import Line

#: Rows that are looked at before anything is scored: as many as a training job sends at once.
HEAD_ROWS = 64

#: Bytes from which the type of a file is told.
BEGINNING_BYTES = 64 * 1024

#: A pipe's first bytes are kept in memory up to this size, and on disk beyond it.
_KEPT_IN_MEMORY = 8 * 1024 * 1024

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class Source:
    """The lines of a file, once as a stream; after `rewind` again, and each by its place.

    Reading a file twice costs a pipe a copy on disk, and gzip one where lines are read by place.
    Neither is made unless it is asked for.
    """

    def __init__(self, raw: BufferedReader, name: str) -> None:
        """Look at the first bytes of an open file: gzip is known by them, wherever it is from."""
        self.name = name
        self._raw = raw
        self._copy: IO[bytes] | None = None
        self._origin = raw.tell() if raw.seekable() else None
        #: What was read of a pipe so far, as long as nobody knows whether it is read again.
        self._kept: IO[bytes] | None = (
            None if raw.seekable() else SpooledTemporaryFile(_KEPT_IN_MEMORY)  # noqa: SIM115
        )
        self._file = self._unpacked()
        self.beginning: bytes = self._file.peek(BEGINNING_BYTES)[:BEGINNING_BYTES]
        self._first: list[Line] = []
        self._rest = self._numbered()

    @property
    def size(self) -> int | None:
        """Bytes of the file as it is on disk; None for a pipe."""
        return None if self._origin is None else os.fstat(self._raw.fileno()).st_size

    def is_file(self, path: Path) -> bool:
        """Whether a path leads to this very file."""
        return os.path.samestat(os.fstat(self._raw.fileno()), path.stat())

    def is_open_as(self, stream: TextIO) -> bool:
        """Whether what is written to a stream goes into this very file on disk."""
        try:
            written = os.fstat(stream.fileno())
        except OSError:  # a stream in memory
            return False
        read = os.fstat(self._raw.fileno())
        return stat.S_ISREG(read.st_mode) and os.path.samestat(read, written)

    def position(self) -> int:
        """How far into the file one has read, of its `size`."""
        return 0 if self._origin is None else self._raw.tell()

    def head(self) -> list[Line]:
        """The first rows. `lines` gives them again."""
        size = sum(line.size for line in self._first)
        while len(self._first) < HEAD_ROWS and size < MAX_PAYLOAD_BYTES:
            line = next(self._rest, None)
            if line is None:
                break
            self._first.append(line)
            size += line.size
        return self._first

    def lines(self) -> Iterator[Line]:
        """Every line that holds something, from the first: once, and once after each `rewind`."""
        first, self._first = self._first, []
        yield from first
        if self._kept is not None:  # a pipe that is read once: what is read now is not kept
            self._kept.close()
            self._kept = None
        yield from self._rest

    def rewind(self) -> None:
        """Go back to the first line. A pipe is read to its end and put on disk for it."""
        if self._kept is not None:
            with temporary_space():
                shutil.copyfileobj(self._file, self._kept)
            self._copy, self._kept = self._kept, None
        if self._copy is not None:
            self._copy.seek(0)
        else:
            assert self._origin is not None, "a pipe is rewound before its lines are read"
            self._raw.seek(self._origin)
            self._file = self._unpacked()
        self._first = []
        self._rest = self._numbered()

    def by_place(self) -> None:
        """Make every line readable by `read`: gzip is unpacked on disk for it."""
        self.rewind()
        if self._copy is None and isinstance(self._file, gzip.GzipFile):
            self._copy = TemporaryFile()  # noqa: SIM115 - `close` ends it
            with temporary_space():
                shutil.copyfileobj(self._file, self._copy)
        if self._copy is not None:
            with temporary_space():
                self._copy.fileno()  # what was still kept in memory goes to disk
                self._copy.flush()

    def read(self, start: int, length: int) -> bytes:
        """The bytes at a place of the unpacked text, as `Line.start` has it."""
        file: IO[bytes] = self._raw if self._copy is None else self._copy
        offset = start + (self._origin or 0 if self._copy is None else 0)
        data = os.pread(file.fileno(), length, offset)
        if len(data) != length:
            raise EventError(f"{self.name}: the file changed while it was read")
        return data

    def close(self) -> None:
        """Let go of the copies; the file itself is its opener's."""
        for file in (self._copy, self._kept):
            if file is not None:
                file.close()

    def _unpacked(self) -> BufferedReader | gzip.GzipFile:
        packed = self._raw.peek(2)[:2] == _GZIP_MAGIC
        return gzip.GzipFile(fileobj=self._raw) if packed else self._raw

    def _numbered(self) -> Iterator[Line]:
        """The lines from where the file stands, at its beginning."""
        file = self._file if self._copy is None else self._copy
        number = place = start = 0
        while data := self._readline(file, MAX_PAYLOAD_BYTES + 1):
            number += 1
            read = len(data)
            bom = len(_BOM) if number == 1 and data.startswith(_BOM) else 0
            too_long = read > MAX_PAYLOAD_BYTES
            rest = data
            while too_long and rest and not rest.endswith(b"\n"):
                # Passed over in pieces: a line of any length fills no memory.
                rest = self._readline(file, MAX_PAYLOAD_BYTES)
                read += len(rest)
            data = data[bom:]
            if too_long or data.strip():
                yield Line(number, place, start + bom, None if too_long else data)
                place += 1
            start += read

    def _readline(self, file: IO[bytes] | gzip.GzipFile, limit: int) -> bytes:
        data = file.readline(limit)
        if self._kept is not None:
            self._kept.write(data)
        return data


@contextmanager
def opened(path: str) -> Iterator[Source]:
    """A file of rollouts; "-" is stdin.

    Raises:
        EventError: the gzip data is damaged or cut short.
    """
    given = sys.stdin.fileno() if path == "-" else path
    with open(given, "rb", closefd=path != "-") as file:
        source = None
        try:
            source = Source(file, "stdin" if path == "-" else path)
            yield source
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise EventError(f"{path}: the gzip data is damaged or cut short: {error}") from None
        finally:
            if source is not None:
                source.close()
