"""`rewards dataset check`, as a person runs it: on what files hold, and on what they are not."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.conftest import ROOT, Run

#: Beside the project, where it is there at all.
DATA = next((p / "shared/data" for p in ROOT.parents if (p / "shared/data").is_dir()), Path("none"))
_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu")
WORDS = [a + b for a in _SYLLABLES for b in ("ra", "ne", "lo", "ti")]
TEMPLATE = "Combine all of the numbers exactly once so that the target comes out. " * 8


def row(prompt: str, reference: Any = "#### 4", **more: Any) -> str:
    turns = [{"role": "user", "content": prompt}]
    return json.dumps({"messages": turns, "reference_answer": reference, **more})


def prompts(count: int, seed: int = 0) -> list[str]:
    """Prompts of forty words each, of which no two are alike."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=40)) for _ in range(count)]


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def sound(folder: Path, name: str = "train.jsonl", seed: int = 0, count: int = 120) -> Path:
    rows = [row(p, f"#### {n}") for n, p in enumerate(prompts(count, seed))]
    return write(folder / name, rows)


def codes(document: Any) -> dict[str, list[int]]:
    return {finding["code"]: finding["rows"] for finding in document["findings"]}


def test_the_document_is_what_the_docs_promise(rewards: Run, tmp_path: Path) -> None:
    """Keys, their order, types and the values of severity: others read it."""
    write(tmp_path / "d.jsonl", [row("a", id=1), "{]", row("a", id=1)])
    result = rewards("dataset", "check", "d.jsonl", "--json")

    assert result.code == 1
    assert list(result.json) == ["rows", "findings"]
    assert result.json["rows"] == 3
    for finding in result.json["findings"]:
        assert list(finding) == ["code", "severity", "rows", "count", "message", "remedy"]
        assert finding["severity"] in {"error", "warning", "info"}
        assert all(isinstance(number, int) for number in finding["rows"])
        assert finding["count"] == (len(finding["rows"]) or 1)
    assert codes(result.json) == {
        "broken_json": [2],
        "too_few_rows": [],
        "duplicate_row": [1, 3],
        "duplicate_id": [1, 3],
    }


def test_a_sound_file_has_no_findings_and_no_exit_code(rewards: Run, tmp_path: Path) -> None:
    """In plain text as in JSON."""
    sound(tmp_path)

    assert rewards("dataset", "check", "train.jsonl", "--json").json == {
        "rows": 120,
        "findings": [],
    }
    result = rewards("dataset", "check", "train.jsonl")
    assert (result.code, result.stdout) == (0, "120 rows: nothing was found\n")


@pytest.mark.parametrize(("bound", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_the_severity_that_fails_is_the_users(
    rewards: Run, tmp_path: Path, bound: str, code: int
) -> None:
    """A warning fails nothing of itself."""
    path = sound(tmp_path)
    path.write_text(path.read_text() + row("and again", id="x") + "\n" + row("once more", id="x"))

    assert rewards("dataset", "check", "train.jsonl", "--fail-on", bound).code == code


def test_several_files_are_one_dataset(rewards: Run, tmp_path: Path) -> None:
    """Gzip or not; numbers go on in JSON, and people are told the file."""
    sound(tmp_path)
    packed = sound(tmp_path, "more.jsonl", seed=1, count=3).read_bytes() + b"{]\n"
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress(packed))

    asked = ("dataset", "check", "train.jsonl", "more.jsonl.gz")
    assert codes(rewards(*asked, "--json").json) == {"broken_json": [124]}
    assert "row more.jsonl.gz:4" in rewards(*asked).stdout


def test_blank_lines_keep_their_numbers(rewards: Run, tmp_path: Path) -> None:
    """As an editor counts; those at the end are none."""
    sound(tmp_path)
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write("\n" + row("the last") + "\n\n\n")

    document = rewards("dataset", "check", "train.jsonl", "--json").json
    assert (document["rows"], codes(document)) == (122, {"broken_json": [121]})


def test_a_leak_is_named_by_the_rows_of_the_validation_set(rewards: Run, tmp_path: Path) -> None:
    """The same prompt, and nearly the same with the same reference."""
    given = prompts(120)
    sound(tmp_path)
    nearly = given[9].replace(given[9].split()[20], "otherwise", 1).upper()
    rows = [row(prompts(1, 7)[0]), row(given[4], "#### 99"), row(nearly, "#### 9"), row("new")]
    write(tmp_path / "val.jsonl", rows)

    asked = ("dataset", "check", "train.jsonl", "--validation", "val.jsonl", "--json")
    assert codes(rewards(*asked).json) == {"leak": [2, 3]}


def test_a_template_makes_no_near_duplicates(rewards: Run, tmp_path: Path) -> None:
    """What all prompts share is no likeness; nor are other numbers with another answer."""
    draw = random.Random(3)
    rows = [
        row(f"{TEMPLATE} Target: {n}. Numbers: {draw.sample(range(99), 4)}", n) for n in range(200)
    ]
    write(tmp_path / "d.jsonl", rows)

    assert rewards("dataset", "check", "d.jsonl", "--json").json["findings"] == []


def test_a_row_that_was_reworded_a_little_is_a_near_duplicate(rewards: Run, tmp_path: Path) -> None:
    """Case, space, one word in forty; the same words with another answer, too."""
    given = prompts(120)
    spaced = "  ".join(given[3].split()).title()
    changed = given[5].replace(given[5].split()[10], "elsewhere", 1)
    rows = [row(p, f"#### {n}") for n, p in enumerate(given)]
    rows += [
        row(spaced, "#### 77"),
        row(changed, "#### 5"),
        row(f"{given[7]} {given[8]}", "#### 7"),
    ]
    write(tmp_path / "d.jsonl", rows)

    found = codes(rewards("dataset", "check", "d.jsonl", "--json").json)
    assert found == {"near_duplicate": [4, 6, 121, 122]}


def test_with_a_rubric_golds_and_formats_are_checked(rewards: Run, tmp_path: Path) -> None:
    """A reference that no number can be read of; JSON that no prompt asks for."""
    path = sound(tmp_path)
    path.write_text(path.read_text() + row("what?", "#### several") + "\n")

    asked = ("dataset", "check", "train.jsonl", "--json", "--rubric")
    assert codes(rewards(*asked, "gsm8k").json) == {"unreadable_reference": [121]}
    found = codes(rewards(*asked, "extraction").json)
    assert found["format_unstated"] == list(range(1, 122))


def test_one_answer_too_common_is_skew(rewards: Run, tmp_path: Path) -> None:
    """A constant earns as much; two that are balanced are none."""
    yes = [row(p, "yes" if n % 5 else "no") for n, p in enumerate(prompts(100))]
    even = [row(p, "yes" if n % 2 else "no") for n, p in enumerate(prompts(100))]
    write(tmp_path / "yes.jsonl", yes)
    write(tmp_path / "even.jsonl", even)

    assert codes(rewards("dataset", "check", "yes.jsonl", "--json").json) == {"skew": []}
    assert codes(rewards("dataset", "check", "even.jsonl", "--json").json) == {}


def test_personal_data_is_counted_and_never_shown(rewards: Run, tmp_path: Path) -> None:
    """Not in the rows' texts, not in the document."""
    path = sound(tmp_path)
    secrets = ["ann.lee@mail.org", "(206) 555-0143", "4111 1111 1111 1111", "12 Elm Street"]
    with path.open("a") as file:
        for place, secret in enumerate(secrets):
            file.write(row(f"{prompts(1, 50 + place)[0]} {secret}.") + "\n")

    result = rewards("dataset", "check", "train.jsonl", "--json")
    assert codes(result.json) == {"personal_data": [121, 122, 123, 124]}
    shown = result.stdout + rewards("dataset", "check", "train.jsonl").stdout
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"prompt,answer\na,b\nc,d\n", "it looks like CSV"),
        ("rows.json", b'[{"messages": []}]', "a JSON array"),
        ("rows.jsonl", b"\x1f\x8b\x08\x00broken", "the gzip data is damaged"),
        ("folder/readme.txt", b"x", "holds no .parquet, .arrow or .jsonl file"),
    ],
)
def test_what_holds_no_rows_is_refused_in_one_line(
    rewards: Run, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """With exit code 2, and what it is."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    result = rewards("dataset", "check", name.partition("/")[0])

    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_table_without_the_extra_is_one_sentence(tmp_path: Path) -> None:
    """Parquet by its first bytes, whatever it is called."""
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 and so on")
    code = (
        "import sys; sys.modules['pyarrow'] = None\nfrom rewards.workbench.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "dataset", "check", "rows.parquet"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert done.stderr == (
        "rewards: pyarrow is not installed: pip install 'bedrock-rft-rewards[data]'\n"
    )


def test_tables_and_folders_are_rows(rewards: Run, tmp_path: Path) -> None:
    """Parquet, and what `datasets.save_to_disk` writes."""
    arrow = pytest.importorskip("pyarrow", reason="the extra `data` is not installed")
    from pyarrow import ipc, parquet

    rows = [json.loads(row(p, f"#### {n}")) for n, p in enumerate(prompts(110))]
    table = arrow.Table.from_pylist([*rows, rows[2]])
    parquet.write_table(table, tmp_path / "rows.parquet")
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "state.json").write_text('{"_data_files": [{"filename": "data-0.arrow"}]}')
    with ipc.new_stream(str(folder / "data-0.arrow"), table.schema) as writer:
        writer.write_table(table)

    for given in ("rows.parquet", "saved"):
        document = rewards("dataset", "check", given, "--json").json
        assert (document["rows"], codes(document)) == (111, {"duplicate_row": [3, 111]})


def test_the_same_file_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    """Sets and hashes of the check are of numbers."""
    given = prompts(120)
    rows = [row(p, f"#### {n}") for n, p in enumerate(given)]
    write(tmp_path / "d.jsonl", [*rows, row(given[0].upper(), "#### 0"), row(given[5], "7")])
    code = "from rewards.workbench.cli import main; main()"
    command = [sys.executable, "-c", code, "dataset", "check", "d.jsonl", "--json"]
    told = {
        subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            check=True,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.skipif(not DATA.is_dir(), reason="the data to measure on is not here")
def test_public_files_have_the_flaws_that_people_found(rewards: Run) -> None:
    """By hand: what each of the six files suffers from, and nothing else."""
    developer, every = list(range(1, 11)), list(range(1, 101))
    expected = {
        "aws_gsm8k_train": {},
        "aws_gsm8k_val": {"mixed_references": [6, 66]},
        "az_countdown_train": {"no_reference": every},
        "az_countdown_valid": {"too_few_rows": [], "no_reference": every[:50]},
        "az_tool_train": {"too_few_rows": [], "bad_role": developer},
        "nova_rft_test": {
            "too_few_rows": [],
            "duplicate_row": developer,
            "duplicate_id": developer,
        },
    }
    for name, flaws in expected.items():
        path = DATA / f"datasets/{name}.jsonl"
        assert codes(rewards("dataset", "check", path, "--json").json) == flaws, name
