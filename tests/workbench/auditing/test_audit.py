"""Every hole of a weak reward is found by its cheapest answer, and sound rewards have none."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rewards.rubric import Rubric
from rewards.workbench.auditing.attacks.attack import Known, Variants
from rewards.workbench.auditing.attacks.listed import ATTACKS
from rewards.workbench.auditing.audit import AttackedRubric, Audit, audit
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.paying import Payer, judged
from rewards.workbench.auditing.selfcheck import selfcheck
from tests.workbench.auditing.rows import KINDS, conforms, read, row, sums, tables, written
from tests.workbench.auditing.weak import WEAK
from tests.workbench.conftest import ROOT, Run

#: A process for each answer.
SLOW = pytest.param("exit code 0", marks=pytest.mark.proof)


def audited(tmp_path: Path, rows: list[dict[str, Any]], rubric: Rubric, **more: Any) -> Audit:
    with judged(rubric, None) as judge:
        cases = read(tmp_path / "data.jsonl", rows, rubric)
        return audit(AttackedRubric(Payer(rubric, judge), cases), **more)


@pytest.mark.parametrize("name", [SLOW if name == "exit code 0" else name for name in WEAK])
def test_each_hole_is_found_by_its_cheapest_answer(tmp_path: Path, name: str) -> None:
    """The first attack that pays, in the order of their cost, is the one that a policy finds."""
    spec, kind, cheapest = WEAK[name]
    cheaper = ATTACKS[: [one.name for one in ATTACKS].index(cheapest) + 1]

    found = audited(tmp_path, KINDS[kind], Rubric.from_spec(spec), attacks=cheaper)

    assert found.verdict == "fail"
    assert [one.name for one in found.holes] == [cheapest]
    assert found.holes[0].component


@pytest.mark.parametrize(
    "name",
    ["gsm8k", "classification", "extraction", "sql", "tools", "rlvr_rlaif_math", "summarisation"],
)
def test_the_bundled_rubrics_raise_no_alarm(tmp_path: Path, name: str) -> None:
    """Sound rewards pay no listed attack half of the right answer's reward."""
    rows = KINDS.get(name, sums())

    assert [one.name for one in audited(tmp_path, rows, Rubric.load(name)).holes] == []


def test_an_answer_that_is_right_by_chance_is_no_hole(tmp_path: Path) -> None:
    """Nine of ten reviews are positive: a constant is right there, and wrong pays nothing."""
    rows = [row(f"Review {n}", "negative" if n == 4 else "positive") for n in range(10)]

    found = audited(tmp_path, rows, Rubric.load("classification"))

    assert found.verdict == "pass"


@pytest.mark.proof
def test_the_bundled_rubric_for_programs_raises_no_alarm(tmp_path: Path) -> None:
    """Programs that exit, equal everything, patch or claim are paid nothing, solutions in full."""
    if find_spec("eryx") is None:
        pytest.skip("pyeryx has no wheel for this Python")
    rubric = Rubric.load("code")
    cases = read(tmp_path / "data.jsonl", KINDS["code"], rubric)

    assert selfcheck(cases, Payer(rubric)).failures == ()
    assert audit(AttackedRubric(Payer(rubric), cases)).holes == ()


def _counting(case: Case, known: Known) -> Variants:
    yield "0 to 200", " ".join(map(str, range(201)))


def test_one_row_of_many_is_no_hole_and_a_tenth_is(tmp_path: Path) -> None:
    """A hole is what a policy could live on: paid on average, or on a tenth of the rows."""
    weak = Rubric.from_spec(WEAK["substring"][0])
    guessing = [one for one in ATTACKS if one.name == "guesses"]

    def guessed(small: int) -> float:
        """What counting to 200 earns where so many of 20 answers are that small."""
        rows = [row(f"Guess {n}", str((20 if n < small else 5_000) + n)) for n in range(20)]
        counting = replace(guessing[0], make=_counting)
        return audited(tmp_path, rows, weak, attacks=[counting]).attacks[0].share_of_gold

    assert guessed(1) == 1 / 20
    assert guessed(2) == 1.0


def test_an_attack_that_fits_one_row_of_many_is_no_strategy(tmp_path: Path) -> None:
    """A query among numbers is one row: what is paid there is told as a share of a tenth of all."""
    weak = Rubric.from_spec(WEAK["empty query"][0])
    rows = [*KINDS["sql"][:1], *(row(f"How many? {n}", str(n)) for n in range(3, 42))]
    queries = [one for one in ATTACKS if one.name == "empty_query"]

    (found,) = audited(tmp_path, rows, weak, attacks=queries).attacks

    assert found.share_of_gold == 0.25
    assert found.rows == ()


def test_the_component_that_paid_is_named(tmp_path: Path) -> None:
    """Of several components the one that gave the wrong answer most."""
    spec = WEAK["partial credit above half"][0]

    found = audited(tmp_path, sums(), Rubric.from_spec(spec))

    (hole,) = [one for one in found.holes if one.name == "right_steps_wrong_end"]
    assert hole.component == "steps"
    assert hole.rows == tuple(range(1, len(sums()) + 1))
    assert 0.7 < hole.share_of_gold < 0.9


def test_a_penalty_below_nothing_is_no_reward(tmp_path: Path) -> None:
    """Where malformed JSON earns -1, an empty object that earns 0 has no share of the gold."""
    found = audited(tmp_path, KINDS["extraction"], Rubric.load("extraction"))
    by_name = {one.name: one for one in found.attacks}

    assert by_name["empty"].share_of_gold == 0.0
    assert by_name["default_object"].share_of_gold < 0.2


def test_there_are_many_attacks_and_each_says_what_to_change() -> None:
    """At least 25, each with a name of its own, a rule, and a remedy."""
    assert len(ATTACKS) == len({one.name for one in ATTACKS}) >= 25
    assert all(one.rule.endswith(".") and len(one.remedy) > 20 for one in ATTACKS)


def test_the_page_lists_every_attack_as_the_code_does() -> None:
    """Name, rule and remedy, in the order in which they are tried."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `")]

    assert listed == [f"| `{one.name}` | {one.rule} | {one.remedy} |" for one in ATTACKS]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    """Two runs of one audit are the same document."""
    rubric = Rubric.load("gsm8k")
    first, second = (audited(tmp_path, sums()[:4], rubric).to_dict() for _ in range(2))

    assert json.dumps(first) == json.dumps(second)


def test_the_command_prints_the_document_of_its_schema(rewards: Run, tmp_path: Path) -> None:
    """The keys, and no others, as the page shows them; exit code 1 for a hole."""
    data = written(tmp_path / "data.jsonl", sums())
    rubric = tmp_path / "weak.toml"
    rubric.write_text('name = "weak"\n[[component]]\nscorer = "format.marker"\n')

    found = rewards("audit", data, "--rubric", rubric, "--json")

    assert found.code == 1
    assert found.json["verdict"] == "fail"
    conforms(found.json, "audit")
    told = rewards("audit", data, "--rubric", rubric, "--rows", "3", "--fail-on", "never")
    assert told.code == 0
    assert "tag_stuffing" in told.stdout


def test_a_rubric_that_pays_everything_is_found_by_the_empty_answer(tmp_path: Path) -> None:
    """The cheapest of all."""
    always = Rubric.from_spec(tables("length.within", params={"at_most": 1_000_000}))

    assert audited(tmp_path, sums(), always).holes[0].name == "empty"
