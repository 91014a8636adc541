"""A data set's own references earn full marks in every form, and what is made of them does not."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from rewards import Sample, scorer
from rewards.core.errors import SpecError, UnscoredError
from rewards.rubric import Rubric
from rewards.workbench.auditing.audit import AttackedRubric, audit
from rewards.workbench.auditing.paying import Payer
from rewards.workbench.auditing.selfcheck import ALL_FORMS, Selfcheck, selfcheck
from tests.workbench.auditing.rows import (
    KINDS,
    TOTALS,
    conforms,
    labels,
    loaded,
    read,
    row,
    sums,
    tables,
    written,
)
from tests.workbench.conftest import Run

HERE = "tests.workbench.auditing.test_selfcheck"
calls = itertools.count()


@scorer
def counting(sample: Sample) -> float:
    """Another number at each call."""
    return next(calls) % 7 / 7


@scorer
def never(sample: Sample) -> float:
    """Nothing, whatever is answered."""
    return 0.0


@scorer
def broken(sample: Sample) -> float:
    """No verdict, as its tool is missing."""
    raise UnscoredError("no engine")


def checked(tmp_path: Path, rows: list[dict[str, Any]], rubric: Rubric) -> Selfcheck:
    return selfcheck(read(tmp_path / "data.jsonl", rows, rubric), Payer(rubric))


def test_a_sound_rubric_passes_in_every_form_and_says_how_far_apart(tmp_path: Path) -> None:
    """gsm8k reads eight forms, each behind thinking too; right and wrong are the range apart."""
    found = checked(tmp_path, sums(), Rubric.load("gsm8k"))

    assert (found.verdict, found.failures) == ("pass", ())
    assert len(found.forms["number"]) == 16
    assert len(found.corruptions) >= 4
    assert found.margin is not None
    assert found.margin.least == 1.0


@pytest.mark.parametrize("rubric", ["classification", "extraction", "tools", "sql"])
def test_the_bundled_rubrics_pass_on_rows_of_their_kind(tmp_path: Path, rubric: str) -> None:
    """Labels, documents, calls and queries: every form full, every corruption under half."""
    assert checked(tmp_path, KINDS[rubric], Rubric.load(rubric)).failures == ()


def test_a_string_comparison_names_the_rows_that_it_fails(tmp_path: Path) -> None:
    """A gold with a thousands separator beside a plain one is missed by a comparison of strings."""
    rows = [
        {**one, "reference_answer": str(total), "solution": one["reference_answer"]}
        for one, total in zip(sums(), TOTALS, strict=True)
    ]
    compared = Rubric.from_spec(tables("exact.match", params={"after": "####"}))

    found = checked(tmp_path, rows, compared)

    assert [(one.row, one.form) for one in found.failures] == [(3, ALL_FORMS), (9, ALL_FORMS)]


def test_digits_that_should_make_no_difference_are_a_warning(tmp_path: Path) -> None:
    """A model that writes 36000 for a gold of 36,000 earns nothing by a comparison of strings."""
    rows = [row(f"How many? {n}", f"{n:,}") for n in (72, 15, 36_000, 8, 1_250)]

    found = checked(tmp_path, rows, Rubric.from_spec(tables("exact.match")))

    assert [(one.row, one.form, one.severity) for one in found.failures] == [
        (3, "bare, digits only", "warning"),
        (5, "bare, digits only", "warning"),
    ]


def test_a_row_that_cannot_be_checked_is_named(tmp_path: Path) -> None:
    """No reference, no prompt, no JSON: each is a failure of its line, and the others are tried."""
    rows: list[Any] = [*labels(), row("Which?", None), {"reference_answer": "positive"}]
    path = written(tmp_path / "data.jsonl", rows)
    path.write_text(f"{path.read_text()}{{\n")
    rubric = Rubric.load("classification")

    found = selfcheck(loaded(path, rubric), Payer(rubric))

    assert [(one.row, one.form) for one in found.failures] == [
        (13, "row"),
        (14, "row"),
        (15, "row"),
    ]


def test_a_wrong_answer_that_is_paid_is_a_failure(tmp_path: Path) -> None:
    """A reward for any answer of the right form pays off by one as much as the right number."""
    tried = Rubric.from_spec(tables("format.marker", params={"marker": "####"}))
    found = checked(tmp_path, sums(), tried)

    assert "off by one" in {one.form for one in found.failures}
    assert "a wrong answer earns 100% of the right one" in found.failures[0].why


def test_a_scorer_with_a_memory_is_found(tmp_path: Path) -> None:
    """The same answer scored again must give the same bytes."""
    found = checked(tmp_path, sums(), Rubric.from_spec(tables(f"{HERE}:counting")))

    unsteady = [one for one in found.failures if one.form.endswith("again")]
    assert {one.row for one in unsteady} == set(range(1, 13))


def test_a_rubric_that_pays_no_form_says_so_for_every_row(tmp_path: Path) -> None:
    """The best form is named with what it earned, and why."""
    found = checked(tmp_path, sums(), Rubric.from_spec(tables(f"{HERE}:never")))

    assert len(found.failures) == len(sums())
    assert "no form earns full marks (1)" in found.failures[0].why


def test_a_tool_that_fails_is_no_wrong_answer(tmp_path: Path) -> None:
    """Where nothing could be scored there is no verdict, but an error that says why."""
    with pytest.raises(SpecError, match="cannot score these rows: no engine"):
        checked(tmp_path, sums(), Rubric.from_spec(tables(f"{HERE}:broken")))


def test_a_judge_is_stood_in_for_by_one_that_knows(rewards: Run, tmp_path: Path) -> None:
    """Right answers get its best verdict, wrong ones its worst; no model is asked."""
    data = written(tmp_path / "data.jsonl", sums())

    found = rewards("selfcheck", data, "--rubric", "rlvr_rlaif_math")

    assert found.code == 0, found.stdout


def test_the_command_prints_the_document_of_its_schema(rewards: Run, tmp_path: Path) -> None:
    """The keys, and no others, as the page shows them; exit code 1 from --fail-on on."""
    data = written(tmp_path / "data.jsonl", [*sums(), row("How many?", "")])

    found = rewards("selfcheck", data, "--rubric", "gsm8k", "--json")

    assert found.code == 1
    assert found.json["rows"] == 13
    (failure,) = found.json["failures"]
    assert (failure["row"], failure["form"], failure["reward"]) == (13, "row", 0.0)
    conforms(found.json, "selfcheck")
    assert rewards("selfcheck", data, "--rubric", "gsm8k", "--fail-on", "never").code == 0


def test_the_command_says_what_cannot_be_used(rewards: Run, tmp_path: Path) -> None:
    """No row with a reference: exit code 2, and the options that name the fields."""
    data = written(tmp_path / "data.jsonl", [row("How many?", None)])

    found = rewards("selfcheck", data, "--rubric", "gsm8k")

    assert found.code == 2
    assert "name their fields with --prompt-key and --reference-key" in found.stderr


#: References as no data set should have them, and some has.
ODD: list[Any] = [
    *(True, 0, -0.0, float("nan"), 10**400, [], {}, [[1, [2]]], {"a": {"b": [1, None]}}),
    *("x" * 5_000, "\ud800", "####", "\\boxed{", "\\boxed{{}}", "<answer></answer>", "1,2,3", "½"),
    *("[1,2", '{"a":1}', "SELECT 1", "\x00", "9" * 500, "1e999999", {"name": "f"}),
    *([{"name": "f"}], [{"f": {"a": [1]}}], {"name": "f", "arguments": "{bad"}, {"text": "5"}),
]


@pytest.mark.parametrize("name", ["gsm8k", "classification", "extraction", "tools", "sql"])
def test_no_reference_breaks_the_check_or_the_audit(tmp_path: Path, name: str) -> None:
    """Whatever stands in a reference, each row is paid or named, and finite."""
    rubric = Rubric.load(name)
    rows = [row(f"Row {n}", odd, metadata={"schema": n}) for n, odd in enumerate(ODD)]
    cases = read(tmp_path / "data.jsonl", rows, rubric)

    found = selfcheck(cases, Payer(rubric))
    tried = audit(AttackedRubric(Payer(rubric), cases))

    assert found.rows == len(ODD)
    assert all(0 <= one.share_of_gold < 1e6 for one in tried.attacks)


def test_a_row_without_an_answer_in_the_forms_that_are_read_is_named(tmp_path: Path) -> None:
    """Where worked solutions are read and a row has none, it is asked bare, and misses."""
    steps = Rubric.from_spec(tables("numeric.steps"))

    found = checked(tmp_path, [*sums(), row("How many?", "12")], steps)

    assert [one.row for one in found.failures if one.form == "bare"] == [13]
