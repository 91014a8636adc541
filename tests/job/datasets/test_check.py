"""The check of a dataset: each flaw by its code and its row, and nothing on a sound one."""

import json
import tracemalloc
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.job.config import parse_config
from rewards.job.datasets import check
from rewards.job.datasets.check import (
    LONGEST_ROW_BYTES,
    MOST_ROWS,
    Rules,
    check_dataset,
    lines_of,
)
from rewards.job.datasets.findings import KINDS, ROWS_SHOWN, DatasetReport
from rewards.job.datasets.whole import check_files, errors_of
from tests.job.conftest import SOUND

LINES = SOUND.splitlines()
ROOT = Path(__file__).parent.parent.parent.parent


def row(content: Any = "2 + 2 = ?", reference: Any = "#### 4", **more: Any) -> bytes:
    turns = [{"role": "user", "content": content}]
    return json.dumps({"messages": turns, "reference_answer": reference, **more}).encode()


def turns(*turns: tuple[str, Any]) -> bytes:
    messages = [{"role": role, "content": content} for role, content in turns]
    return json.dumps({"messages": messages, "reference_answer": "#### 4"}).encode()


def found(*lines: bytes, **rules: Any) -> list[tuple[str, tuple[int, ...]]]:
    """Codes and rows of a sound dataset with `lines` after its hundred."""
    report, _ = check_dataset([*LINES, *lines], Rules(**rules))
    return [(finding.code, finding.rows) for finding in report.findings]


#: What follows a hundred sound rows, and the code of the first row that does.
FLAWS = [
    ("broken_json", b"{]"),
    ("broken_json", b""),
    ("broken_json", b"[1]"),
    ("broken_json", b"\xff\xfe"),
    ("broken_json", b"[" * 100_000),
    ("broken_json", b'{"messages": ' + b"9" * 5000 + b"}"),
    ("long_row", b" " * (LONGEST_ROW_BYTES + 1)),
    ("no_messages", b"{}"),
    ("no_messages", b'{"messages": []}'),
    ("no_messages", b'{"messages": "x"}'),
    ("no_messages", turns(("system", "be brief"))),
    ("foreign_format", b'{"prompt": "a", "completion": "b"}'),
    ("foreign_format", b'{"item": {"messages": []}}'),
    ("foreign_format", b'{"schemaVersion": "bedrock-conversation-2024"}'),
    (
        "foreign_format",
        b'{"system": "x", "messages": [{"role": "user", "content": "a"}], "reference_answer": "4"}',
    ),
    (
        "foreign_format",
        b'{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}',
    ),
    ("foreign_format", b'{"instruction": "a", "output": "b"}'),
    ("foreign_format", b'{"prompt": "a", "reward_model": {"ground_truth": "b"}}'),
    ("foreign_format", b'{"question": "a", "answer": "b"}'),
    ("bad_role", turns(("human", "2 + 2 = ?"))),
    ("bad_role", b'{"messages": [7]}'),
    ("bad_role", b'{"messages": [{"role": ["user"], "content": "a"}]}'),
    ("empty_content", turns(("user", " "))),
    ("empty_content", turns(("user", None))),
    ("empty_content", turns(("user", [{"type": "image"}]))),
    ("ends_with_assistant", turns(("user", "2 + 2 = ?"), ("assistant", "4"))),
    ("no_reference", row(reference=None)),
    ("no_reference", row(reference="")),
    ("mixed_references", row(reference={"text": "4"})),
    ("contradicting_references", row("1 + 7?", "#### 9")),
    ("duplicate_row", LINES[3]),
    ("duplicate_prompt", row("1 + 7?", "#### 8", topic="sums")),
    ("near_duplicate", row("  1 +\n7? ", "#### 8")),
    ("unreadable_reference", row(reference="{'donors': 2, 'acceptors': 4}")),
    ("missing_figure", row("What is the area of the triangle shown in the figure below?")),
    ("personal_data", row("Send it to ann.lee@mail.org, please: what is 2 + 2?")),
    ("bad_role", turns(("developer", "be brief"), ("user", "2 + 2 = ?"))),
    ("bad_role", turns(("user", "2 + 2 = ?"), ("system", "be brief"))),
]


@pytest.mark.parametrize(("code", "line"), FLAWS)
def test_each_flaw_is_named_with_its_row(code: str, line: bytes) -> None:
    """The hundred before it are sound, so that nothing else is said."""
    assert [(code, rows[-1]) for code, rows in found(line)] == [(code, 101)]


def test_what_was_there_before_is_named_with_its_first_row() -> None:
    """Whoever keeps one of each has to see all of them; of two references either may be wrong."""
    assert found(LINES[3]) == [("duplicate_row", (4, 101))]
    assert found(row("1 + 7?", "#### 9")) == [("contradicting_references", (8, 101))]
    assert found(row("a", id="x"), row("b", id="x")) == [("duplicate_id", (101, 102))]


def test_a_sound_dataset_has_no_findings() -> None:
    """With every form that the service's guides show, and a byte order mark of Windows."""
    sound = [
        turns(("system", "be brief"), ("user", "2 + 2 = ?")),
        turns(("user", "a"), ("assistant", "b"), ("user", "c")),
        row([{"type": "text", "text": "in blocks"}]),
        row("with ids", id=1),
        row("\ud800 a lone surrogate"),
    ]
    assert found(*sound) == []
    report, _ = check_dataset([b"\xef\xbb\xbf" + LINES[0], *LINES[1:]])
    assert report == DatasetReport(100)


def test_a_reference_under_another_name_is_told_and_compared() -> None:
    """A file whose answers stand elsewhere has contradictions all the same."""
    rows = [
        {"messages": [{"role": "user", "content": f"of {n % 5}"}], "target": n} for n in range(7)
    ]
    report, _ = check_dataset(json.dumps(one).encode() for one in rows)
    flaws = {flaw.code: flaw for flaw in report.findings}
    assert '"target" may be meant' in flaws["no_reference"].message
    assert flaws["no_reference"].count == 7
    assert flaws["contradicting_references"].rows == (1, 2, 6, 7)


def test_references_that_are_never_the_json_that_is_asked_for() -> None:
    """Not one of a whole file; a file in which most are has its own finding."""
    never = [row(f"sum {n}? Respond in JSON.", f"the sum is {n}") for n in range(100)]
    report, _ = check_dataset(never)
    assert [(flaw.code, flaw.count) for flaw in report.findings] == [("unreadable_reference", 100)]
    some = [row(f"sum {n}? Respond in JSON.", json.dumps({"sum": n})) for n in range(100)]
    report, _ = check_dataset([*some, row("sum? Respond in JSON.", '{"sum": ')])
    assert [(flaw.code, flaw.rows) for flaw in report.findings] == [
        ("unreadable_reference", (101,))
    ]


def test_one_number_is_spelt_in_one_way() -> None:
    """With separators beside plain ones; the final number of a solution beside another field."""
    spelt = [row(f"sum {n}?", f"{n + 1_000}") for n in range(100)]
    report, _ = check_dataset([*spelt, row("more?", "12,500")])
    assert [(flaw.code, flaw.rows) for flaw in report.findings] == [("mixed_references", (101,))]
    assert found(row("more?", "so it is\n#### 12,500", final="12500")) == [
        ("mixed_references", (101,))
    ]
    assert found(row("more?", "so it is\n#### 12,500")) == []


def test_a_lone_near_duplicate_of_thousands_is_not_worth_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One pair among fewer rows is."""
    monkeypatch.setattr(check, "ROWS_A_NEAR_DUPLICATE", 60)
    rows = [row(" ".join(f"{n * k} of" for k in range(9, 29)), f"#### {n}") for n in range(130)]
    twin = row(" ".join(f"{7 * k} of" for k in range(9, 28)) + " x", "#### 7")
    for count, told in [(130, []), (110, ["near_duplicate"])]:
        report, _ = check_dataset([*rows[:count], twin])
        assert [flaw.code for flaw in report.findings] == told


def test_the_number_of_rows_is_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 to 20,000; a validation set may be smaller, but not empty."""
    few, _ = check_dataset(LINES[:99])
    assert [str(finding) for finding in few.findings] == [
        "too_few_rows: there are 99 rows, and a job takes 100 or more; add rows"
    ]
    assert check_dataset(LINES[:99], Rules(is_validation=True))[0].findings == ()
    assert check_dataset([], Rules(is_validation=True))[0].errors[0].code == "too_few_rows"
    assert MOST_ROWS == 20_000
    monkeypatch.setattr(check, "MOST_ROWS", 150)
    many = (row(f"{place} = ?") for place in range(151))
    report, _ = check_dataset(many)
    assert [finding.code for finding in report.errors] == ["too_many_rows"]
    assert "151 rows" in report.errors[0].message


def test_a_prompt_of_the_training_set_is_a_leak_in_validation() -> None:
    """Whatever its reference says there."""
    _, prompts = check_dataset(LINES)
    report, _ = check_dataset(
        [row("another"), row("1 + 7?", "#### 1")], Rules(against=prompts, is_validation=True)
    )
    assert [(finding.code, finding.rows) for finding in report.findings] == [("leak", (2,))]


def test_a_prompt_too_long_is_told_with_how_it_is_known() -> None:
    """By any tokenizer, by an estimate, or as the user's own counts; 8,192 is the default."""
    words = "how many clips did she sell in all " * 20
    for longest, known in [(100, "by any tokenizer"), (150, "by an estimate"), (300, "")]:
        report, _ = check_dataset([*LINES, row(words)], Rules(max_prompt_length=longest))
        told = "".join(finding.message for finding in report.findings)
        assert (known in told) if known else not told
    counted = Rules(max_prompt_length=300, count=lambda text: 301 if text.count("clips") else 1)
    report, _ = check_dataset([*LINES, row(words)], counted)
    assert [f.rows for f in report.findings] == [(101,)]
    assert found(row("a novel " * 30_000)) == [("long_prompt", (101,))]


def test_a_dataset_without_any_reference_is_a_warning() -> None:
    """A rubric may need none; the check of the reward says so where it does."""
    rows = [row(str(place), None) for place in range(100)]
    report, _ = check_dataset(rows)
    assert [(f.code, f.count) for f in report.findings] == [("no_reference", 100)]
    assert report.errors == ()


def test_many_rows_are_counted_and_the_first_named() -> None:
    """A finding stays short, whatever the dataset."""
    report, _ = check_dataset([*LINES, *[b"{]"] * 50])
    (finding,) = report.findings
    assert (len(finding.rows), finding.count) == (50, 50)
    assert len(finding.to_dict(ROWS_SHOWN)["rows"]) == ROWS_SHOWN
    assert str(finding).startswith(
        "broken_json: lines that are no JSON objects: 50 (row 101, 102, "
    )
    assert "and 30 more" in str(finding)


def test_every_code_can_be_found() -> None:
    """But for those of a rubric and of two sets, which have tests of their own."""
    elsewhere = {"gold_not_full", "leak", "long_prompt", "format_unstated", "skew"}
    elsewhere |= {"duplicate_id", "too_few_rows", "too_many_rows"}
    assert {code for code, _ in FLAWS} == set(KINDS) - elsewhere


@given(st.lists(st.binary(max_size=30)), st.integers(1, 7))
def test_lines_are_the_same_in_any_pieces(lines: list[bytes], size: int) -> None:
    """As a body from S3 comes."""
    text = b"\n".join(lines)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    expected = text.split(b"\n")
    assert list(lines_of(pieces)) == (expected[:-1] if not expected[-1] else expected)


@given(st.lists(st.binary(max_size=60)))
def test_no_bytes_break_the_check(lines: list[bytes]) -> None:
    """And the report is JSON that says the same."""
    report, _ = check_dataset(lines)
    assert json.loads(json.dumps(report.to_dict()))["rows"] == len(lines)


def test_memory_does_not_grow_with_the_length_of_a_line() -> None:
    """One line of 200 MB is told of, and the row after it read."""

    def pieces() -> Iterator[bytes]:
        yield from (bytes(1 << 20) for _ in range(200))
        yield b"\n{}"

    tracemalloc.start()
    try:
        report, _ = check_dataset(lines_of(chain(pieces())))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(f.code, f.rows) for f in report.findings][:2] == [
        ("long_row", (1,)),
        ("no_messages", (2,)),
    ]
    assert peak < 4 * LONGEST_ROW_BYTES


TABLES: dict[str, Any] = {
    "name": "maths",
    "reward": {"rubric": "gsm8k"},
    "data": {"train": "train.jsonl"},
    "job": {"base_model": "amazon.nova-2-lite-v1:0:256k"},
}


def files(folder: Path, train: bytes, validation: bytes | None = None) -> dict[str, DatasetReport]:
    """The reports of a configuration whose datasets are these."""
    (folder / "train.jsonl").write_bytes(train)
    data: dict[str, Any] = {"train": "train.jsonl"}
    if validation is not None:
        (folder / "validation.jsonl").write_bytes(validation)
        data["validation"] = ["validation.jsonl", "s3://bucket/elsewhere.jsonl"]
    return dict(check_files(parse_config({**TABLES, "data": data}, root=folder)))


def test_every_reference_of_a_file_is_read_by_the_rubric(tmp_path: Path) -> None:
    """All rows, not the first three: one that no number can be read of, one that earns nothing."""
    unread = row("unread", "#### several")
    (report,) = files(tmp_path, b"\n".join([*LINES, unread, row("sound", "#### 7")])).values()
    assert [(f.code, f.rows) for f in report.findings] == [("unreadable_reference", (101,))]


def test_a_reference_that_does_not_earn_full_marks_is_named(tmp_path: Path) -> None:
    """As `[preflight] completion` and `full_marks` say."""
    (tmp_path / "train.jsonl").write_bytes(SOUND)
    tables = {**TABLES, "preflight": {"completion": "{reference}, no: #### 1000000"}}
    (report,) = check_files(parse_config(tables, root=tmp_path)).values()
    (finding,) = report.findings
    assert (finding.code, finding.count, finding.rows[:2]) == ("gold_not_full", 100, (1, 2))


def test_files_are_checked_together(tmp_path: Path) -> None:
    """The validation set against the training set; what is in S3 waits for the run."""
    reports = files(tmp_path, SOUND, LINES[4])
    assert list(reports) == ["data.train", "data.validation[0]"]
    assert errors_of(reports).startswith(
        "data.validation[0]: leak: rows of the validation set whose prompts are in the training"
    )


def test_the_example_has_nothing_to_be_found(tmp_path: Path) -> None:
    """The first job that anybody starts."""
    train = (ROOT / "examples/first-job/train.jsonl").read_bytes()
    assert errors_of(files(tmp_path, train)) == ""
