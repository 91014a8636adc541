"""What does the page of a running job say? Findings at their steps, ten answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rewards.curves.curves import COMPONENT, Curve, Run
from rewards.curves.rollouts import Rollout, telling
from rewards.workbench.report.lines import curve_figure, stack_figure
from rewards.workbench.report.model import (
    Alert,
    Figure,
    Mood,
    Page,
    Remark,
    RolloutTable,
    Section,
    Severity,
)
from rewards.workbench.report.page import write_page
from rewards.workbench.report.results import figure
from rewards.workbench.report.table import Entry, rollout_table
from rewards.workbench.report.trials import listed, plain, share, table

_SAYS: dict[str, tuple[str, Mood, str]] = {
    "learning": ("it learns", "good", "The reward rises, and the goal with it."),
    "too_early": ("too early to tell", "odd", "The reward has too few points yet."),
    "no_learning": ("it does not learn", "bad", "The reward does not rise, or not for the goal."),
    "collapse": ("it has collapsed", "bad", "What was learned is lost, or the policy is."),
    "hacked": ("it cheats", "bad", "The reward is earned by something that is not the goal."),
}
#: Findings that decide a verdict; the others are told beside it.
_DECIDES = frozenset(
    {"goal_flat", "goal_falls", "constant_answers", "copies", "entropy_collapse", "length_crash"}
    | {"gradient_growth", "reward_fell", "crash_at_end", "reward_flat"}
)
#: Where a finding shows: the curves by name; what is not here shows in the reward.
_WHERE = {
    "dead_groups": ("zero_std_frac",),
    "entropy_collapse": ("entropy",),
    **dict.fromkeys(("length_crash", "length_growth", "verbosity"), ("length",)),
    **dict.fromkeys(("gradient_growth", "gradient_zero"), ("grad_norm",)),
    "overfitting": ("train_reward", "val_reward"),
    "outage": ("train_reward", "faults"),
    "judge_drift": (f"{COMPONENT}anchor",),
    **dict.fromkeys(("constant_answers", "copies"), ()),
}
_TITLES = {
    "train_reward": "Training reward",
    "val_reward": "Validation reward",
    "length": "Length of a completion",
    "entropy": "Entropy",
    "grad_norm": "Gradient norm",
    "kl": "KL divergence",
    "zero_std_frac": "Share of groups without gradient",
    "faults": "Share that could not be scored",
}
#: Components that are drawn one by one.
MAX_CURVES = 8


def doctor_section(
    document: Mapping[str, Any],
    title: str,
    run: Run | None = None,
    rollouts: Sequence[Rollout] = (),
    weights: Mapping[str, float] | None = None,
) -> Section:
    """The section of `rewards doctor`: with its curves and ten answers, where they are given."""
    verdict = str(document.get("verdict"))
    word, mood, sentence = _SAYS.get(verdict, (verdict, "odd", ""))
    findings = [table(one) for one in listed(document.get("findings"))]
    goal = document.get("goal")
    facts = [
        ("looks that agree", share(document.get("confidence"))),
        ("goal", str(goal or "none is known")),
    ]
    if document.get("goal_is"):
        facts.append(("the goal is", str(document["goal_is"])))
    if run is not None:
        facts.append(("last step", plain(run.last_step())))
    alerts = [_alert(one) for one in _ranked(findings)]
    figures = list(_figures(run, findings, goal, weights or {})) if run is not None else []
    return Section(
        title,
        word,
        mood,
        sentence,
        facts,
        alerts,
        figures,
        (),
        _ten(rollouts) if rollouts else None,
    )


def write_diagnosis(
    page: Path,
    document: Mapping[str, Any],
    run: Run,
    rollouts: Sequence[Rollout],
    weights: Mapping[str, float],
) -> None:
    """Write the page of a run: its curves, and the ten of its sampled answers to read first."""
    section = doctor_section(document, "Does it learn?", run, telling(rollouts), weights)
    write_page(page, Page(section.title, [section]))


def _ranked(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Findings in the order in which the page numbers them."""
    return sorted(findings, key=lambda one: _severity(one) != "error")


def _severity(finding: Mapping[str, Any]) -> Severity:
    return "error" if finding.get("code") in _DECIDES else "warning"


def _alert(finding: Mapping[str, Any]) -> Alert:
    start, end = plain(finding.get("from_step")), plain(finding.get("to_step"))
    name = f"{finding.get('code')}, steps {start} to {end}"
    text, advice = str(finding.get("evidence", "")), str(finding.get("advice", ""))
    return Alert(_severity(finding), name, text, advice=advice)


def _figures(
    run: Run, findings: Sequence[Mapping[str, Any]], goal: object, weights: Mapping[str, float]
) -> list[Figure]:
    every = [step for curve in run.curves.values() for step in curve.steps]
    if not every:
        return []
    ends = (min(every), max(every))
    reward = "train_reward" if len(run["train_reward"]) else "val_reward"
    marks: dict[str, list[tuple[int, float, float]]] = {}
    for index, finding in enumerate(_ranked(findings), 1):
        start, end = figure(finding.get("from_step")), figure(finding.get("to_step"))
        code = str(finding.get("code"))
        where = (f"{COMPONENT}{goal}",) if code.startswith("goal_") else _WHERE.get(code, (reward,))
        for name in where:
            marks.setdefault(name, []).append((index, start or 0.0, end or 0.0))
    found = [
        curve_figure(title, run[name], ends, marks.get(name, ()))
        for name, title in _TITLES.items()
        if len(run[name])
    ]
    components = [run[f"{COMPONENT}{name}"] for name in run.components()]
    if len(components) > 1:
        named = [Curve(c.name.removeprefix(COMPONENT), c.steps, c.values) for c in components]
        weighted = [curve for curve in named if not weights or curve.name in weights]
        if weighted:
            found.insert(1, stack_figure("Components, stacked", weighted, ends, weights))
    for curve in components[:MAX_CURVES]:
        bare = curve.name.removeprefix(COMPONENT)
        title = f"{bare} (the goal)" if bare == goal else bare
        found.append(curve_figure(title, curve, ends, marks.get(curve.name, ())))
    return found


def _ten(rollouts: Sequence[Rollout]) -> RolloutTable:
    """The answers that tell most, as a table."""
    entries = [
        Entry(
            place,
            "",
            one.reward,
            one.reward or 0.0,
            [Remark("step", one.step, "")] if one.step is not None else [],
            one.completion,
            one.prompt,
            one.reference,
        )
        for place, one in enumerate(rollouts, 1)
    ]
    note = (
        "Of the last third of the run: the most common answers first, then what pays most, then"
        " what pays least. Read them before you trust a curve"
    )
    components = ["step"] if any(one.step is not None for one in rollouts) else []
    return rollout_table("Look at these ten", entries, components, [note])
