"""The doctor's verdicts: each sickness is found where it was put, and none in its healthy twin."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from rewards.core.errors import SpecError
from rewards.curves.curves import Run, guessed_goal
from rewards.curves.formats import read_curves
from rewards.curves.rollouts import Rollout
from rewards.curves.verdict import diagnose
from tests.curves.runs import rising, run

DATA = Path(__file__).parents[3] / "shared" / "data" / "curves"
Function = Callable[[int], float]

SEEDS = range(20)


def codes(sick: Run, **how: str) -> dict[str, float]:
    return {found.code: found.from_step for found in diagnose(sick, **how).findings}  # type: ignore[arg-type]


def test_a_run_whose_reward_rises_is_learning() -> None:
    """And nothing at all is found in it, whatever the noise."""
    for seed in SEEDS:
        found = diagnose(run(seed, train_reward=rising, component_correct=rising))

        assert (found.verdict, found.findings) == ("learning", ())
        assert found.confidence == 1.0


@pytest.mark.parametrize(
    ("verdict", "code", "curves"),
    [
        ("hacked", "goal_flat", {"component_correct": lambda s: 0.3}),
        ("hacked", "goal_falls", {"component_correct": lambda s: 0.6 - s / 200}),
        ("no_learning", "reward_flat", {"train_reward": lambda s: 0.3}),
        (
            "collapse",
            "entropy_collapse",
            {"train_reward": lambda s: 0.3, "entropy": lambda s: 0.9 * math.exp(-s / 10)},
        ),
        ("collapse", "length_crash", {"length": lambda s: 300 if s < 40 else 60}),
        (
            "collapse",
            "gradient_growth",
            {"train_reward": lambda s: 0.3, "grad_norm": lambda s: math.exp(s / 40)},
        ),
        ("collapse", "reward_fell", {"train_reward": lambda s: 0.7 - abs(s - 20) / 100}),
        ("collapse", "crash_at_end", {"train_reward": lambda s: rising(s) if s < 75 else 0.2}),
        ("learning", "verbosity", {"length": lambda s: 300 + 8 * s}),
        ("learning", "saturation", {"train_reward": lambda s: 1.0 if s > 50 else 0.3 + s / 80}),
        ("learning", "dead_groups", {"zero_std_frac": lambda s: 0.8}),
        ("learning", "gradient_zero", {"grad_norm": lambda s: 1e-5}),
        ("learning", "outage", {"faults": lambda s: 0.6 if 30 <= s < 33 else 0.0}),
        ("learning", "judge_drift", {"component_anchor": lambda s: 0.5 + s / 300}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_sickness_is_found(verdict: str, code: str, curves: dict[str, Function]) -> None:
    """By its rule in docs/doctor.md, in at least nineteen of twenty seeds, with advice."""
    healthy = {"train_reward": rising}
    runs = [diagnose(run(seed, **{**healthy, **curves}), goal=None) for seed in SEEDS]

    seen = [found for found in runs if code in {one.code for one in found.findings}]
    assert len(seen) >= 19
    assert sum(found.verdict == verdict for found in runs) >= 19
    assert all(one.evidence and one.advice for found in seen for one in found.findings)


@pytest.mark.parametrize(
    ("code", "at", "curves"),
    [
        ("outage", 40, {"train_reward": lambda s: 0.0 if 40 <= s < 43 else rising(s)}),
        ("saturation", 50, {"train_reward": lambda s: 1.0 if s >= 50 else 0.3 + s / 100}),
        (
            "oscillation",
            40,
            {"train_reward": lambda s: rising(s) + (s >= 40) * 0.15 * math.sin(s * 0.9)},
        ),
        (
            "overfitting",
            40,
            {"train_reward": rising, "val_reward": lambda s: rising(s) - 0.01 * max(0, s - 40)},
        ),
        (
            "verbosity",
            40,
            {"train_reward": rising, "length": lambda s: 300 + 12 * max(0, s - 40)},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_step_of_a_finding_is_where_it_began(
    code: str, at: int, curves: dict[str, Function]
) -> None:
    """Within three steps, in at least nineteen of twenty seeds."""
    near = [abs(codes(run(seed, **curves)).get(code, 999) - at) <= 3 for seed in SEEDS]

    assert sum(near) >= 19


@pytest.mark.parametrize(("begins", "steps"), [(0, 80), (25, 60), (60, 100)])
@pytest.mark.parametrize("period", [6, 9, 13])
def test_a_wave_is_found_wherever_it_begins(begins: int, steps: int, period: float) -> None:
    """By its own rounds, not by those of the whole run; without it nothing swings."""

    def swinging(step: int) -> float:
        wave = 0.12 * math.sin(2 * math.pi * (step - begins) / period)
        return rising(step) + (step >= begins) * wave

    near, quiet = 0, 0
    for seed in SEEDS:
        start = codes(run(seed, steps, train_reward=swinging)).get("oscillation", 999)
        near += abs(start - begins) <= 3
        quiet += "oscillation" not in codes(run(seed, steps, train_reward=rising))

    assert near >= 19
    assert quiet == len(SEEDS)


def test_few_points_are_too_early_instead_of_a_guess() -> None:
    """Nineteen points of anything: nobody knows, unless the rollouts say it."""
    assert diagnose(run(steps=19, train_reward=lambda s: 0.3)).verdict == "too_early"
    assert diagnose(run(steps=20, train_reward=lambda s: 0.3)).verdict == "no_learning"


def test_an_outage_is_not_the_models_fault() -> None:
    """A dip to zero that comes back is neither a fall nor the absence of a rise."""
    dip = run(train_reward=lambda s: 0.0 if 60 <= s < 64 else rising(s))

    assert diagnose(dip).verdict == "learning"
    assert set(codes(dip)) == {"outage"}


def test_training_that_falls_while_validation_rises_is_learning() -> None:
    """Harder and harder batches: the validation reward says whether it learns."""
    found = diagnose(run(train_reward=lambda s: 0.9 - s / 200, val_reward=rising))

    assert found.verdict == "learning"


def test_a_run_without_a_reward_or_without_the_named_goal_is_refused() -> None:
    """In one sentence that says what there is."""
    with pytest.raises(SpecError, match="there is no reward among the curves"):
        diagnose(run(entropy=rising))
    with pytest.raises(SpecError, match='component "solved"; there are: correct'):
        diagnose(run(train_reward=rising, component_correct=rising), goal="solved")


def test_the_goal_is_named_guessed_or_unknown() -> None:
    """And the diagnosis says which; a format component is never guessed."""
    curves = {"train_reward": rising, "component_correct": rising, "component_marker": rising}

    assert diagnose(run(**curves), goal="marker").goal_is == "named"
    assert diagnose(run(**curves)).goal == "correct"
    assert guessed_goal(["marker", "format_ok", "length"]) is None


def question(n: int) -> str:
    return f"{n} men have {n + 2} hats each; how many hats is that?"


def answers(completion: Callable[[int], str], reward: float = 1.0) -> list[Rollout]:
    return [
        Rollout(
            f"{n} men have {n + 2} hats each; how many hats is that?",
            completion(n),
            "",
            reward,
            float(s),
        )
        for s in range(0, 60, 5)
        for n in range(4)
    ]


@pytest.mark.parametrize(
    ("code", "completion", "reward"),
    [
        ("constant_answers", lambda n: " , ".join(map(str, range(1, 25))), 1.0),
        (
            "copies",
            lambda n: f"{question(n)} #### {n}",
            1.0,
        ),
        (None, lambda n: f"{n} * {n + 2} = {n * (n + 2)}", 1.0),
        (None, lambda n: "I do not know.", 0.0),
    ],
)
def test_rollouts_show_what_no_curve_does(
    code: str | None, completion: Callable[[int], str], reward: float
) -> None:
    """One answer for every prompt that is paid, and copies, under a perfect curve."""
    found = diagnose(run(train_reward=rising), answers(completion, reward))

    assert [one.code for one in found.findings] == ([code] if code else [])
    assert found.verdict == ("hacked" if code else "learning")


def test_the_same_run_gives_the_same_diagnosis() -> None:
    """Nothing in it depends on the order of rows or keys."""
    one = run(train_reward=rising, length=lambda s: 300 + 8 * s, component_correct=rising)
    rows = [dict(reversed(row.items())) for row in reversed(one.rows())]

    assert diagnose(Run.of(rows)) == diagnose(one)


@pytest.mark.skipif(not DATA.is_dir(), reason="the public runs are no part of the repository")
def test_public_runs_are_told_as_their_authors_do() -> None:
    """All with a clear verdict but one, whose rollouts are not there; no healthy one accused."""
    told = {"healthy": "learning", "hacked": "hacked", "no_learning": "no_learning"}
    wrong, accused = [], []
    for entry in json.loads((DATA / "manifest.json").read_text()):
        curves = read_curves((DATA / entry["file"]).read_text(), entry["file"])
        if entry["verdict"] in told and diagnose(curves).verdict != told[entry["verdict"]]:
            wrong.append(entry["run"])
        if entry["verdict"] == "healthy":
            looks = [curves.until(curves.last_step() * look / 20) for look in range(1, 21)]
            verdicts = {diagnose(look).verdict for look in looks}
            accused += [entry["run"]] if verdicts & {"hacked", "collapse"} else []
    assert (wrong, accused) == (["cog_1"], [])
