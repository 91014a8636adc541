"""The rows of a dataset as numbered lines: JSON lines, gzip or not, pipes, tables, folders.

Parquet, Arrow and the folders that Hugging Face's `datasets` writes need the extra `data`. Several
files are one dataset: the numbers go on from one to the next.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from rewards.core.errors import EventError
from rewards.job.datasets.check import LONGEST_ROW_BYTES
from rewards.workbench.rollouts.files.filetype import recognised
from rewards.workbench.rollouts.files.source import Source, opened
from rewards.workbench.rollouts.progress import progress_bar

#: Rows of a table that are in memory at once.
_BATCH = 256

_TABLES = frozenset({".parquet", ".arrow"})
_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

#: How often a bar moves, in rows.
_ROWS_A_STEP = 500

#: So many lines are looked at to tell a file of another kind.
_HEAD = 5


class Rows:
    """A dataset of one or several files; its lines can be read as often as one likes."""

    def __init__(self, sources: Sequence[Source | Path]) -> None:
        """`sources` are open files of JSON lines, and paths of tables."""
        self._sources = sources
        self._starts: list[tuple[int, str]] = []

    def lines(self) -> Iterator[bytes]:
        """Every line, in order; a line that is too long for the service as one that is too long."""
        self._starts = []
        number = 0
        for source in self._sources:
            name = source.name if isinstance(source, Source) else str(source)
            self._starts.append((number, name))
            for line in _of_file(source) if isinstance(source, Source) else _of_table(source):
                number += 1
                yield line

    def place(self, row: int) -> str:
        """Where a row is, for people: its number, with its file where there are several."""
        if len(self._starts) < 2:
            return str(row)
        start, name = next(found for found in reversed(self._starts) if found[0] < row)
        return f"{name}:{row - start}"

    def unended(self) -> list[str]:
        """The files whose last line does not end in a line break."""
        return [source.name for source in self._sources if _is_unended(source)]


@contextmanager
def opened_rows(paths: Sequence[str]) -> Iterator[Rows]:
    """The rows of files, of folders, and of stdin ("-").

    Raises:
        EventError: a file is of a kind that holds no rows, with the command that makes some.
        ModuleNotFoundError: a table, and what reads it is not installed.
    """
    if list(paths).count("-") > 1:
        raise EventError("stdin can be read once: give - once")
    with ExitStack() as stack:
        sources: list[Source | Path] = []
        for path in (file for given in paths for file in _files(given)):
            if Path(path).suffix in _TABLES and path != "-":
                sources.append(Path(path))
                continue
            source = stack.enter_context(opened(path))
            if source.beginning.startswith(b"PAR1") and path != "-":
                sources.append(Path(path))
                continue
            _refuse_other_kinds(source)
            sources.append(source)
        yield Rows(sources)


def _files(path: str) -> list[str]:
    """A file as it is; of a folder its tables, or its files of JSON lines."""
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        return [path]
    if (folder / "dataset_dict.json").is_file():
        splits = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
        raise EventError(f"{path} holds several sets ({', '.join(splits)}): give one of them")
    state = folder / "state.json"
    if state.is_file():
        named = json.loads(state.read_text(encoding="utf-8"))["_data_files"]
        return [str(folder / entry["filename"]) for entry in named]
    there = sorted(entry for entry in folder.rglob("*") if entry.is_file())
    for endings in (tuple(_TABLES), _LINES):
        if found := [str(entry) for entry in there if entry.name.endswith(endings)]:
            splits = sorted({Path(file).name.partition("-")[0].partition(".")[0] for file in found})
            if len(splits) > 1 and set(splits) & {"train", "test", "validation"}:
                raise EventError(
                    f"{path} holds several sets ({', '.join(splits)}): give the files of one"
                )
            return found
    raise EventError(f"{path} holds no .parquet, .arrow or .jsonl file")


def _refuse_other_kinds(source: Source) -> None:
    """A file of which no line is a row, and whose first bytes say what it is instead."""
    head = source.head()[:_HEAD]
    if any(_is_object(line.data or b"{}") for line in head):
        return
    if what := recognised(source.beginning, source.name):
        raise EventError(f"{source.name}: {what.partition('; rewards replay')[0]}")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _of_file(source: Source) -> Iterator[bytes]:
    """The lines of a file, blank ones between others too: their numbers are an editor's."""
    source.rewind()
    number = 0
    with progress_bar(source) as advance:
        for line in source.lines():
            while number + 1 < line.number:
                number += 1
                yield b""
            number = line.number
            if number % _ROWS_A_STEP == 0:
                advance(number, None)
            yield bytes(LONGEST_ROW_BYTES + 1) if line.data is None else line.data.rstrip(b"\r\n")


def _of_table(path: Path) -> Iterator[bytes]:
    """The rows of a table, each as the line of JSON that it stands for."""
    for batch in _batches(path):
        for row in batch.to_pylist():
            given = {name: value for name, value in row.items() if value is not None}
            yield json.dumps(given, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _batches(path: Path) -> Iterator[Any]:
    # By name: where the extra is not installed, no checker of types can read them.
    arrow = import_module("pyarrow")
    ipc, parquet = import_module("pyarrow.ipc"), import_module("pyarrow.parquet")
    try:
        if path.suffix == ".arrow":
            with arrow.memory_map(str(path)) as file:
                yield from _arrow(ipc, file)
            return
        with parquet.ParquetFile(path) as table:
            yield from table.iter_batches(_BATCH)
    except arrow.ArrowException as error:
        raise EventError(f"{path}: no table can be read: {error}") from None


def _arrow(ipc: Any, file: Any) -> Iterator[Any]:
    """Hugging Face writes streams; Feather is a file."""
    if file.read(6) == b"ARROW1":
        reader = ipc.open_file(file)
        yield from (reader.get_batch(place) for place in range(reader.num_record_batches))
        return
    file.seek(0)
    yield from ipc.open_stream(file)


def _is_unended(source: Source | Path) -> bool:
    if not isinstance(source, Source) or source.size is None or not source.size:
        return False
    try:
        with Path(source.name).open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(-1, 2)
            return not packed and file.read(1) != b"\n"
    except OSError:  # stdin, led from a file
        return False
