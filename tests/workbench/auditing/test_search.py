"""The search goes beyond the list, repeats itself by its seed, and takes no right for wrong."""

from pathlib import Path
from typing import Any

import pytest

from rewards.core.errors import SpecError
from rewards.rubric import Rubric
from rewards.workbench.auditing.audit import AttackedRubric, audit
from rewards.workbench.auditing.paying import Payer
from rewards.workbench.auditing.search import SearchResult, search
from tests.workbench.auditing.planted import PLANTED
from tests.workbench.auditing.rows import KINDS, read, row, sums, written
from tests.workbench.conftest import Run


def searched(tmp_path: Path, rubric: Rubric, budget: int, **more: Any) -> SearchResult:
    cases = read(tmp_path / "data.jsonl", more.pop("rows", sums()), rubric)
    return search(AttackedRubric(Payer(rubric), cases), budget, **more)


@pytest.mark.parametrize(
    "name", ["steps, equation, confidence, mark", "object with reasoning and confidence"]
)
def test_what_has_to_come_together_is_found(tmp_path: Path, name: str) -> None:
    """Two of the six rewards of planted.py; the proof below tries all of them."""
    found = searched(tmp_path, Rubric.from_spec(PLANTED[name]), 2_000)

    assert found.outcome.share_of_gold == 1.0
    assert found.lineage[0].startswith("seed: ")
    assert found.evaluations <= 2_000 + len(sums())


@pytest.mark.proof
def test_at_least_four_of_six_planted_rewards_are_opened(tmp_path: Path) -> None:
    """No attack of the list opens any of them, and 10,000 answers are enough for the search."""
    opened = []
    for name, spec in PLANTED.items():
        rubric = Rubric.from_spec(spec)
        target = AttackedRubric(Payer(rubric), read(tmp_path / "data.jsonl", sums(), rubric))
        assert audit(target).holes == (), name
        if search(target, 10_000).outcome.share_of_gold >= 0.5:
            opened.append(name)

    assert len(opened) >= 4, opened


def test_the_same_seed_finds_the_same_and_keeps_to_its_budget(tmp_path: Path) -> None:
    """Recipe, lineage and count are the same; another seed draws otherwise."""
    rubric = Rubric.from_spec(PLANTED["three small components"])
    first, second = (searched(tmp_path, rubric, 1_500, seed=3) for _ in range(2))

    assert (first.recipe, first.lineage, first.evaluations) == (
        second.recipe,
        second.lineage,
        second.evaluations,
    )
    assert first.evaluations <= 1_500 + len(sums())


@pytest.mark.parametrize("name", ["gsm8k", "classification", "tools"])
def test_what_is_found_is_wrong(tmp_path: Path, name: str) -> None:
    """Splices of references and of the rubric's own words earn nothing much of a sound reward."""
    found = searched(tmp_path, Rubric.load(name), 1_200, rows=KINDS[name])

    assert found.outcome.share_of_gold < 0.5


def test_rows_of_which_nothing_is_wrong_are_an_error(tmp_path: Path) -> None:
    """Where no call is ever expected, there is no wrong answer to look for."""
    with pytest.raises(SpecError, match="nothing to search on"):
        searched(tmp_path, Rubric.load("tools"), 100, rows=[row("Say hello.", [])])


def test_the_command_tells_what_it_found_and_how(rewards: Run, tmp_path: Path) -> None:
    """The attack "search" is the last of the document; its lineage is told to people."""
    data = written(tmp_path / "data.jsonl", sums()[:4])
    rubric = tmp_path / "weak.toml"
    rubric.write_text('name = "weak"\n[[component]]\nscorer = "overlap.f1"\n')

    told = rewards("audit", data, "--rubric", rubric, "--search", "600", "--fail-on", "never")
    found = rewards("audit", data, "--rubric", rubric, "--search", "600", "--json")

    assert found.json["attacks"][-1]["name"] == "search"
    assert "search: " in told.stdout
    assert "seed: " in told.stdout
