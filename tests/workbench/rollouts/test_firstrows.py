"""A file that is not what was meant, and a name that no row has, are told before any scoring."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.conftest import MIXED, Run, printed, wire_row, write_lines

ROWS = [{"prompt": "q", "completion": f"{n}", "reference_answer": "72"} for n in range(70, 80)]
JSON = json.dumps(ROWS)
CSV = "id,prompt,completion\n" + "".join(f"{n},What is it?,{n}\n" for n in range(10))

#: What people have in place of JSON lines: the bytes, what they are told it is, and the remedy.
OTHER_FILES: dict[str, tuple[bytes, str, str]] = {
    "csv": (CSV.encode(), "looks like CSV", "pandas.read_csv("),
    "tsv": (CSV.replace(",", "\t").encode(), "tab-separated", "sep="),
    "csv of Excel": (CSV.replace(",", ";").encode("cp1252"), "CSV with semicolons", "sep="),
    "csv with quotes": (b'"id","completion"\n"1","72"\n', "looks like CSV", "pandas.read_csv("),
    "parquet": (b"PAR1\x15\x04\x15\x10\n\xff\x00" * 9, "Parquet", "pandas.read_parquet("),
    "arrow": (b"ARROW1\x00\x00\xff\n" * 9, "Arrow", "pandas.read_feather("),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00\n\xff" * 9, "zstd", "zstd -dc"),
    "zip": (b"PK\x03\x04\x14\x00\n\xff" * 9, "zip archive", ""),
    "array": (JSON.encode(), "a JSON array", "jq -c '.[]'"),
    "long array": (JSON.replace(" ", " " * 20_000).encode() * 4, "a JSON array", "jq -c '.[]'"),
    "array, a row a line": (
        ("[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]").encode(),
        "a JSON array",
        "jq -c '.[]'",
    ),
    "pretty array": (json.dumps(ROWS, indent=2).encode(), "a JSON array", "jq -c '.[]'"),
    "pretty rows": (
        "\n".join(json.dumps(row, indent=2) for row in ROWS).encode(),
        "JSON over several lines",
        "jq -c .",
    ),
    "pretty messages": (
        json.dumps(wire_row(["72", "71"]), indent=1).encode(),
        "JSON over several lines",
        "jq -c .",
    ),
    "utf-16": ("\n".join(map(json.dumps, ROWS)).encode("utf-16"), "UTF-16", "iconv -f UTF-16"),
    "utf-16 without a mark": (
        "\n".join(map(json.dumps, ROWS)).encode("utf-16-le"),
        "UTF-16",
        "iconv -f UTF-16",
    ),
    "windows": (
        "\n".join(f'{{"completion": "caf\xe9 {n}"}}' for n in range(9)).encode("cp1252"),
        "Windows-1252",
        "iconv -f WINDOWS-1252",
    ),
    "binary": (bytes(range(256)) * 40, "binary", ""),
    "a row cut off": (b'{"completion": "72"\n', "not JSON", ""),
    "prose": (b"Once upon a time\nthere was a model.\n", "not JSON", ""),
    "events": (b"[]\n" * 9, "rewards replay takes whole events", "jq"),
    "other fields": (b'{"response": "72", "gold": "72"}\n' * 99, "--completion-key", "response"),
    "prompts only": (
        b'{"messages": [{"role": "user", "content": "8 x 9?"}]}\n' * 99,
        "the last message is not the assistant's",
        "",
    ),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("name", OTHER_FILES)
def test_another_kind_of_file_is_told_once_and_left(
    rewards: Run, tmp_path: Path, exact: Path, name: str, packed: bool
) -> None:
    """One line on stderr that says what it is and the remedy; nothing is written; exit code 1."""
    data, said, remedy = OTHER_FILES[name]
    path = tmp_path / "rows.data"
    path.write_bytes(gzip.compress(data) if packed else data)

    result = rewards("score", path, "--rubric", exact, "--out", "out.jsonl")

    assert (result.code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr
    assert remedy in result.stderr
    assert sorted(tmp_path.iterdir()) == sorted([exact, path])


def test_the_remedy_makes_rows_of_a_csv(process: Run, rewards: Run, tmp_path: Path) -> None:
    """What is said is a command that runs: the file's name is quoted as it has to be."""
    path = tmp_path / "it's a file.csv"
    path.write_text(CSV)
    said = rewards("score", path, "--rubric", "gsm8k").stderr

    import shlex

    words = shlex.split(said.partition("CSV: ")[2].rpartition(";")[0])

    assert words[:2] == ["python", "-c"]
    compile(words[2], "remedy", "exec")
    assert repr(str(path)) in words[2]


def test_reading_stops_where_the_first_rows_all_fail(process: Run, exact: Path) -> None:
    """A pipe that never ends is not read to its end."""
    endless = b'{"response": "72"}\n' * 500_000

    result = process("score", "-", "--rubric", exact, stdin=endless)

    assert result.code == 1
    assert "its first 64 rows fail alike" in result.stderr


@pytest.mark.parametrize("data", [b"", b"\n\n \n", gzip.compress(b"", mtime=0)])
def test_no_rows_are_no_success(rewards: Run, tmp_path: Path, exact: Path, data: bytes) -> None:
    """An empty file is a mistake upstream: exit code 1, and it is said."""
    (tmp_path / "rows.jsonl").write_bytes(data)

    result = rewards("score", "rows.jsonl", "--rubric", exact, "--json")

    assert (result.code, result.stdout) == (1, "")
    assert result.stderr == "rewards: rows.jsonl holds no rows: nothing was scored\n"


def test_one_bad_row_among_good_ones_is_no_other_file(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """A first line that is no JSON, even one with commas, costs that line."""
    path = write_lines(tmp_path / "rows.jsonl", ["id, prompt, completion", *MIXED])

    document = rewards("score", path, "--rubric", exact, "--json").json

    assert (document["malformed"], document["rows"]) == (1, len(MIXED) + 1)


# Names on the command line

ALL_KEYS = ("--prompt-key", "--completion-key", "--reference-key", "--id-key", "--group-key")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("option", ALL_KEYS)
def test_a_named_field_that_no_row_has_is_an_error(
    rewards: Run, tmp_path: Path, exact: Path, option: str, packed: bool
) -> None:
    """The same for every key: exit code 1, one sentence with the near name, no reward."""
    data = [{"prompt": "q", "completion": "72", "golden": "72"}] * 100
    text = write_lines(tmp_path / "rows.jsonl", data).read_bytes()
    (tmp_path / "rows").write_bytes(gzip.compress(text) if packed else text)

    result = rewards("score", "rows", "--rubric", exact, option, "gold", "--out", "o")

    assert (result.code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert f"has 'gold' ({option}); did you mean \"golden\"?" in result.stderr
    assert not list(tmp_path.glob("o*"))


@pytest.mark.parametrize("option", ["--prompt-key", "--reference-key", "--id-key"])
@pytest.mark.parametrize("way", ["file", "gz", "pipe"])
def test_a_named_field_may_come_late(
    process: Run, tmp_path: Path, exact: Path, option: str, way: str
) -> None:
    """A field that only the last of many rows has is there: the whole file is looked through."""
    rows: list[Any] = [{"completion": "72", "reference_answer": "72"}] * 200
    rows.append({"completion": "72", "reference_answer": "72", "late": "72"})
    text = write_lines(tmp_path / "rows.jsonl", rows).read_bytes()
    (tmp_path / "rows").write_bytes(gzip.compress(text) if way == "gz" else text)
    file, stdin = ("-", text) if way == "pipe" else ("rows", b"")

    result = process("score", file, "--rubric", exact, option, "late", stdin=stdin)

    assert result.code == 0, result.stderr
    assert len(printed(result.stdout)) == 201


def test_a_misspelt_key_never_steers_the_terminal(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Attack: the fields that are named in their place are escape sequences, or megabytes long."""
    path = write_lines(
        tmp_path / "rows.jsonl", [{"completion": "1", "\x1b[2J": 1, "x" * 1_000_000: 1}]
    )

    result = rewards("score", path, "--rubric", exact, "--reference-key", "\x1b[2Ky")

    assert "\x1b" not in result.stderr
    assert len(result.stderr) < 500
