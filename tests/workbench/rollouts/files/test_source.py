"""Where lines come from: files, gzip and pipes, read once or again."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import EventError
from rewards.workbench.rollouts.files.source import Source, opened
from tests.workbench.conftest import MIXED, Run, printed, wire_row, write_lines


def test_gzip_and_stdin_are_read_alike(process: Run, tmp_path: Path, exact: Path) -> None:
    """A compressed file, text on stdin, compressed bytes on stdin: the same results."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    text = path.read_bytes()
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(text))

    results = [
        process("score", path, "--rubric", exact),
        process("score", tmp_path / "rows.jsonl.gz", "--rubric", exact),
        process("score", "-", "--rubric", exact, stdin=text),
        process("score", "-", "--rubric", exact, stdin=gzip.compress(text)),
    ]

    assert len({result.stdout for result in results}) == 1
    assert len(printed(results[0].stdout)) == len(MIXED)


@pytest.mark.parametrize("cut", [20, -4])
def test_damaged_gzip_is_unusable_input(
    rewards: Run, tmp_path: Path, exact: Path, cut: int
) -> None:
    """A download that was cut short is never taken for the whole file."""
    packed = gzip.compress(write_lines(tmp_path / "rows.jsonl", MIXED).read_bytes())
    (tmp_path / "rows.jsonl.gz").write_bytes(packed[:cut])

    result = rewards("score", "rows.jsonl.gz", "--rubric", exact, "--out", "out.jsonl")

    assert result.code == 2
    assert "cut short" in result.stderr
    assert not list(tmp_path.glob("out*"))


def test_a_line_longer_than_an_event_is_passed_over_in_pieces(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Attack: a line of 20 MB costs neither memory nor its neighbours."""
    giant = '"' + "x" * 20_000_000 + '"'
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", id="a"), giant, wire_row("72")])

    document = rewards("score", path, "--rubric", exact, "--json").json

    assert (document["scored"], document["malformed"]) == (2, 1)
    assert document["malformed_lines"][0]["line"] == 2


@contextmanager
def pipe(data: bytes) -> Iterator[BufferedReader]:
    """A pipe that somebody writes these bytes into."""
    read, write = os.pipe()

    def fill() -> None:
        with os.fdopen(write, "wb") as file:
            file.write(data)

    thread = Thread(target=fill)
    thread.start()
    with os.fdopen(read, "rb") as file:
        yield file
    thread.join()


texts = st.lists(
    st.sampled_from([b"", b" ", b"{}", b'{"a": 1}\r', b"\xff\xfe", b"\xef\xbb\xbf", b"x" * 70_000]),
    max_size=90,
).map(b"\n".join)


@given(text=texts, packed=st.booleans(), piped=st.booleans(), looked=st.booleans())
def test_lines_are_the_same_from_anywhere_and_again(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, packed: bool, piped: bool, looked: bool
) -> None:
    """Law: looked at or not, rewound or not, by place or in turn, from a file, gzip or a pipe."""
    path = tmp_path_factory.mktemp("source") / "rows"
    data = gzip.compress(text) if packed else text
    path.write_bytes(data)
    with pipe(data) if piped else path.open("rb") as file:
        source = Source(file, "rows")
        head = list(source.head()) if looked else []
        source.rewind()
        lines = list(source.lines())
        source.by_place()
        by_place = [source.read(line.start, line.size) for line in lines]
        source.rewind()
        again = list(source.lines())
        source.close()

    shown = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    numbered = [(n, line) for n, line in enumerate(shown, 1) if line.strip()]
    assert [(line.number, (line.data or b"").rstrip(b"\n")) for line in lines] == numbered
    assert [line.place for line in lines] == list(range(len(numbered)))
    assert lines[: len(head)] == head
    assert by_place == [line.data for line in lines]
    assert again == lines


def test_a_pipe_that_is_read_once_is_not_kept() -> None:
    """Nothing is put on disk for it, and the first rows are scored before the last are written."""
    rows = b"".join(b'{"completion": "72", "reference_answer": "72"}\n' for _ in range(20_000))
    with pipe(rows) as file:
        source = Source(file, "stdin")
        source.head()
        lines = source.lines()
        next(lines)
        for _ in range(100):
            next(lines)

        assert source._kept is None
        assert source._copy is None
        assert len(list(lines)) == 20_000 - 101
        source.close()


def test_a_file_that_shrinks_while_it_is_read_is_said(tmp_path: Path) -> None:
    """A line is never read from what was written over it."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    with opened(str(path)) as source:
        *_, last = source.lines()
        source.by_place()
        path.write_bytes(b"")

        with pytest.raises(EventError, match="changed while it was read"):
            source.read(last.start, last.size)
