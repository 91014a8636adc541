"""The page of `rewards doctor`: findings at their steps, components stacked, the ten answers."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rewards.curves.rollouts import Rollout, telling
from tests.curves.runs import rising, run
from tests.workbench.conftest import Run
from tests.workbench.report.conftest import Seen
from tests.workbench.report.made import write
from tests.workbench.report.test_report import text_of


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """A run whose goal stands still while the reward rises, and its sampled answers."""
    curves = {
        "train_reward": rising,
        "component_correct": lambda _: 0.3,
        "component_marker": rising,
        "length": lambda step: 100 + 3 * step,
    }
    samples = [
        {
            **{"step": step, "prompt": f"What is {number}?", "reward": 1.0},
            "completion": "#### 7" if step > 40 else f"It is {number}. #### {number}",
        }
        for step in range(0, 80, 5)
        for number in range(4)
    ]
    return (
        write(tmp_path / "run.jsonl", run(**curves).rows()),
        write(tmp_path / "samples.jsonl", samples),
    )


def test_findings_are_marked_at_their_steps_with_their_numbers(
    rewards: Run, sources: tuple[Path, Path], tmp_path: Path
) -> None:
    """A flag's number is that of the alert; the goal's finding stands on the goal's curve."""
    curves, samples = sources
    done = rewards("doctor", curves, "--rollouts", samples, "--html", "page.html", "--json")
    found = [(one["code"], one["from_step"]) for one in done.json["findings"]]
    page = (tmp_path / "page.html").read_text()
    figures = {
        title: figure
        for title, figure in re.findall(r"<figcaption>(.*?)</figcaption>(.*?)</figure>", page, re.S)
    }

    assert done.code == 1
    assert {"goal_flat", "verbosity", "constant_answers"} <= {code for code, _ in found}
    numbers = re.findall(r"<strong>(\w+), steps ([\d,]+) to", page)
    flags = {title: re.findall(r'class="num">(\d+)<', figure) for title, figure in figures.items()}
    assert numbers[int(flags["correct (the goal)"][0]) - 1][0] == "goal_flat"
    assert numbers[int(flags["Length of a completion"][0]) - 1][0] == "verbosity"
    assert not flags["marker"]
    assert {code for code, _ in numbers} == {code for code, _ in found}
    assert "Components, stacked" in figures


def test_the_ten_answers_are_in_the_page(
    rewards: Run, sources: tuple[Path, Path], tmp_path: Path
) -> None:
    """The constant that every prompt is answered with comes first."""
    curves, samples = sources
    rewards("doctor", curves, "--rollouts", samples, "--html", "page.html")
    text = text_of(tmp_path / "page.html")

    assert "Look at these ten" in text
    assert re.search(r"1 1 75 6 #### 7", text)


def test_its_page_needs_a_browser_only(
    rewards: Run, sources: tuple[Path, Path], tmp_path: Path, look: Callable[..., Seen]
) -> None:
    """No request, no complaint, nothing wider than a telephone."""
    curves, samples = sources
    rewards("doctor", curves, "--rollouts", samples, "--html", "page.html")
    seen = look(tmp_path / "page.html", 400)

    assert seen.trouble == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert seen.page.locator("figure svg").count() == 5


def test_the_answers_to_read_first() -> None:
    """Of the last third, no two of the same words: the most common, the best, two of the worst."""
    early = [Rollout("p", f"early {n}", reward=9.0, step=1) for n in range(20)]
    late = [Rollout(f"p{n}", f"answer {n}", reward=n / 40, step=90) for n in range(40)]
    same = [Rollout(f"p{n}", "always  THIS", reward=0.1, step=90) for n in range(9)]
    chosen = telling([*early, *late, *same])

    assert len(chosen) == 10
    assert " ".join(chosen[0].completion.split()).casefold() == "always this"
    assert [one.reward for one in chosen[1:8]] == [n / 40 for n in range(39, 32, -1)]
    assert [one.reward for one in chosen[8:]] == [0.0, 1 / 40]
    assert telling([]) == []
    assert len(telling(late[:3])) == 3
