"""The order of a judge's levels decides which answer is paid: it stays as it is written."""

import json
import re
import tomllib
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from rewards.judge import FakeJudge, install
from rewards.judge.plan import grade_plan, planned, replanned
from rewards.rubric import Rubric
from tests.judge.conftest import graded, sample

DOCS = Path(__file__).parents[2] / "docs" / "judge.md"

#: No order of these but one is alphabetical, and none of the tests below uses that one alone.
LABELS = ("unhelpful", "partly", "helpful", "brilliant")


def as_toml(levels: str) -> dict[str, Any]:
    return tomllib.loads(
        f"""
        name = "support"
        [[component]]
        scorer = "judge.grade"
        [component.params]
        model = "m"
        [[component.params.criteria]]
        name = "help"
        description = "Helps."
        {levels}
        """
    )


def worth(rubric: Rubric, label: str) -> float:
    """What the rubric pays where the judge gives this label."""
    with install(FakeJudge({"help": label})):
        return rubric.score(sample("72")).value


def written(order: tuple[str, ...], how: str, folder: Path) -> Rubric:
    """The same levels, in each way in which they may be written."""
    table = {label: f"It is {label}." for label in order}
    criterion = {"name": "help", "description": "Helps."}
    if how == "table":
        lines = "\n".join(f'{label} = "It is {label}."' for label in order)
        return Rubric.from_spec(as_toml(f"[component.params.criteria.levels]\n{lines}"))
    if how == "inline":
        pairs = ", ".join(f'{label} = "It is {label}."' for label in order)
        return Rubric.from_spec(as_toml(f"levels = {{ {pairs} }}"))
    if how == "list":
        return Rubric.from_spec(as_toml(f"levels = {json.dumps(order)}"))
    if how == "python":
        return graded({**criterion, "levels": table})
    if how == "round trip":
        return Rubric.from_spec(graded({**criterion, "levels": table}).to_spec())
    file = folder / "criteria.toml"
    lines = "\n".join(f'{label} = "It is {label}."' for label in order)
    file.write_text(
        f'[[criteria]]\nname = "help"\ndescription = "Helps."\n[criteria.levels]\n{lines}\n'
    )
    return graded(criteria=None, criteria_file=str(file))


@pytest.mark.parametrize("how", ["table", "inline", "list", "python", "round trip", "file"])
@pytest.mark.parametrize("order", list(permutations(LABELS)), ids="-".join)
def test_the_last_label_that_is_written_pays_the_most(
    order: tuple[str, ...], how: str, tmp_path: Path
) -> None:
    """Worst first, in whatever way and order the labels are written; the alphabet has no say."""
    rubric = written(order, how, tmp_path)

    assert [worth(rubric, label) for label in order] == [0.0, 1 / 3, 2 / 3, 1.0]


def test_the_judge_reads_the_labels_in_their_order() -> None:
    """What stands before "(worst to best)", and the enum of the schema, are as written."""
    fake = FakeJudge({"help": "helpful"})
    with install(fake):
        written(LABELS, "table", Path()).score(sample("72"))

    [request] = fake.requests
    assert [line.strip() for line in request.system.splitlines() if "It is" in line] == [
        f"{label}: It is {label}." for label in LABELS
    ]
    assert f"score: one of {', '.join(LABELS)} (worst to best)" in request.system
    assert request.schema["properties"]["help"]["properties"]["score"]["enum"] == list(LABELS)


def test_two_rubrics_of_opposite_orders_share_nothing() -> None:
    """Neither a plan, nor a remembered verdict, nor a digest; they are not even equal."""
    there, back = (written(order, "table", Path()) for order in (LABELS, LABELS[::-1]))
    fake = FakeJudge({"help": "helpful"})
    with install(fake):
        assert there.score(sample("72")).value == pytest.approx(2 / 3)
        assert back.score(sample("72")).value == pytest.approx(1 / 3)
        assert there.score(sample("72")).value == pytest.approx(2 / 3)

    assert len(fake.requests) == 2
    assert len({request.digest for request in fake.requests}) == 2
    assert there.digest != back.digest
    assert there != back


def test_a_rubric_that_loads_reads_its_prompt_anew(tmp_path: Path) -> None:
    """A prompt that was changed since is what the judge is told: no plan outlives its files."""
    own = tmp_path / "own.txt"
    own.write_text("Judge.", encoding="utf-8")
    params = {**graded(prompt=str(own)).components[0].params}
    own.write_text("Judge strictly.", encoding="utf-8")

    assert planned(grade_plan, **params).prompt.fixed == "Judge."
    assert replanned(grade_plan, **params).prompt.fixed == "Judge strictly."
    assert planned(grade_plan, **params).prompt.fixed == "Judge strictly."


def test_the_rubrics_of_the_documentation_load_bind_and_pay_as_they_say() -> None:
    """Each TOML block of docs/judge.md is a rubric; the labels of one pay in their order."""
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    rubrics = [Rubric.from_spec(tomllib.loads(block)) for block in blocks]

    assert len(rubrics) == 3
    [support] = [rubric for rubric in rubrics if rubric.name == "support_answers"]
    paid = []
    for label in ("none", "part", "whole"):
        with install(FakeJudge({"politeness": 1, "solution": label})):
            paid.append(support.score(sample("72")).value)
    assert paid == [0.0, 0.375, 0.75]
