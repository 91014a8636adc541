"""What do the pages of `rewards rehearse` and `rewards compare` say?"""

from collections.abc import Mapping, Sequence
from typing import Any

from rewards.core.sample import Sample
from rewards.workbench.output import counted
from rewards.workbench.report.charts import against, bars, interval
from rewards.workbench.report.drawing import number
from rewards.workbench.report.model import (
    Alert,
    Figure,
    Listing,
    Mood,
    Remark,
    RolloutTable,
    Section,
)
from rewards.workbench.report.results import figure, reference_text
from rewards.workbench.report.table import MAX_ROWS as MOST
from rewards.workbench.report.table import Entry, rollout_table

_GO: dict[str, tuple[str, Mood, str]] = {
    "go": ("go", "good", "The job would learn from these prompts."),
    "filter": ("filter first", "odd", "The job would learn, and waste much of what is paid for."),
    "no_go": ("no go", "bad", "The job would not learn from these prompts as they are."),
}
#: Rows of a table on the page; what is left out is said.
MAX_ROWS = 200


def share(value: object) -> str:
    """A share as people read it; what is no number is a dash."""
    found = figure(value)
    return "–" if found is None else f"{found:.1%}"


def plain(value: object) -> str:
    """A figure as people read it; what is no number is a dash."""
    found = figure(value)
    return "–" if found is None else number(found)


def table(value: object) -> Mapping[str, Any]:
    """A table of a document; an empty one where it has none."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> Sequence[Any]:
    """A list of a document; an empty one where it has none."""
    return value if isinstance(value, list | tuple) else ()


def rehearsal_section(document: Mapping[str, Any], title: str) -> Section:
    """The section of `rewards rehearse --json`."""
    verdict = str(document.get("verdict"))
    word, mood, sentence = _GO.get(verdict, (verdict, "odd", ""))
    severity: Any = {"good": "note", "odd": "warning", "bad": "error"}[mood]
    alerts = [Alert(severity, f"why {word}", str(why)) for why in listed(document.get("reasons"))]
    drop = [str(key) for key in listed(document.get("drop"))]
    if unscored := int(figure(document.get("unscored")) or 0):
        text = f"{counted(unscored, 'answer')} could not be scored and count for nothing."
        alerts.append(Alert("warning", "not scored", text))
    tables = []
    if drop:
        rows = [(key,) for key in drop[:MAX_ROWS]]
        name = f"Always solved: the first to drop ({len(drop):,})"
        tables.append(
            Listing(name, ("prompt",), rows, len(drop) - len(rows), frozenset({"prompt"}))
        )
    return Section(
        title,
        word,
        mood,
        sentence,
        _rehearsal_facts(document),
        alerts,
        _rehearsal_figures(document),
        tables,
    )


def _rehearsal_facts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    plan, noise = table(document.get("plan")), table(document.get("noise"))
    facts = [
        ("prompts", plain(document.get("groups"))),
        ("answers", plain(document.get("answers"))),
        ("mean reward", plain(document.get("mean_reward"))),
        ("steps", plain(plan.get("steps"))),
        ("useful groups a step", plain(plan.get("useful_groups_a_step"))),
        ("grader calls", plain(plan.get("calls"))),
    ]
    return [*facts, ("reward noise (ICC)", plain(noise.get("icc")))] if noise else facts


def _rehearsal_figures(document: Mapping[str, Any]) -> list[Figure]:
    figures = []
    dead = table(document.get("dead_share"))
    found = [figure(dead.get(key)) for key in ("estimate", "low", "high")]
    estimate, low, high = found
    if estimate is not None and low is not None and high is not None:
        title = f"Groups of {plain(dead.get('at'))} without gradient"
        bands = [(0.5, "go"), (0.75, "filter"), (1.0, "no go")]
        figures.append(interval(title, estimate, low, high, bands))
    rate = table(document.get("pass_rate"))
    if rate:
        values = [
            (f"solved {name}", figure(rate.get(name)) or 0.0, share(rate.get(name)))
            for name in ("never", "mixed", "always")
        ]
        note = "Shares of the prompts, as far as was seen; mixed ones are learned from"
        figures.append(bars("Prompts", values, note))
    parts = table(document.get("components"))
    if parts:
        values = [(str(name), figure(value) or 0.0, share(value)) for name, value in parts.items()]
        note = "Each component's share of what the answers of a prompt differ by"
        figures.append(bars("What the advantage is made of", values, note))
    return figures


def comparison_section(
    document: Mapping[str, Any], title: str, samples: Mapping[int, Sample] | None = None
) -> Section:
    """The section of `rewards compare --json`; with `samples`, by line, what flips is shown."""
    flips = [flip for flip in listed(document.get("flips")) if isinstance(flip, dict)]
    labels = document.get("against") == "labels"
    b = "the labels" if labels else "B"
    rows = int(figure(document.get("rows")) or 0)
    mood: Mood = "odd" if flips else "good"
    word = counted(len(flips), "flip") if flips else "no flip"
    positives, negatives = (
        plain(document.get("false_positives")),
        plain(document.get("false_negatives")),
    )
    sentence = (
        f"Of {counted(rows, 'row')} {len(flips):,} pass by A or by {b} alone:"
        f" {positives} by A alone, {negatives} by {b} alone."
    )
    pairs = [
        (a, b_)
        for flip in flips
        if (a := figure(flip.get("a"))) is not None and (b_ := figure(flip.get("b"))) is not None
    ]
    figures = [against("Rewards of the rows that flip", pairs, "by A", f"by {b}")] if pairs else []
    parts = table(document.get("components"))
    if parts:
        changes = [(str(name), figure(value) or 0.0, plain(value)) for name, value in parts.items()]
        figures.append(bars("Components: mean by B minus mean by A", changes, "0 is no change"))
    return Section(
        title,
        word,
        mood,
        sentence,
        _comparison_facts(document, positives, negatives, labels),
        list(_comparison_alerts(document)),
        figures,
        [] if samples else _flip_tables(flips),
        _flips(flips, samples) if samples else None,
    )


def _comparison_facts(
    document: Mapping[str, Any], positives: str, negatives: str, labels: bool
) -> list[tuple[str, str]]:
    groups = table(document.get("groups"))
    compared = plain(groups.get("compared"))
    return [
        ("rows", plain(document.get("rows"))),
        ("mean by A", plain(document.get("mean_a"))),
        ("mean by labels" if labels else "mean by B", plain(document.get("mean_b"))),
        ("false positives" if labels else "pass by A alone", positives),
        ("false negatives" if labels else "pass by B alone", negatives),
        ("rewards changed", plain(document.get("changed"))),
        ("gradient by A", f"{plain(groups.get('with_gradient_a'))} of {compared} groups"),
        ("gradient by B", f"{plain(groups.get('with_gradient_b'))} of {compared} groups"),
    ]


def _comparison_alerts(document: Mapping[str, Any]) -> list[Alert]:
    found = []
    groups = table(document.get("groups"))
    if (lost := figure(groups.get("lost")) or 0) > 0:
        text = f"{counted(int(lost), 'group')} would have a gradient by A and none by B."
        found.append(Alert("warning", "groups lose their gradient", text))
    if (order := figure(groups.get("reordered")) or 0) > 0:
        text = f"{order:.1%} of the pairs within groups change their order."
        found.append(Alert("note", "order within groups", text))
    if (unscored := figure(document.get("unscored")) or 0) > 0:
        text = f"{counted(int(unscored), 'row')} that A or B could not score are left out."
        found.append(Alert("warning", "left out", text))
    return found


def _flips(flips: Sequence[Mapping[str, Any]], samples: Mapping[int, Sample]) -> RolloutTable:
    """What flips, with its completion: the reward is A's, both have their reasons."""
    entries = []
    for flip in flips[:MOST]:
        a, b, line = (figure(flip.get(key)) for key in ("a", "b", "line"))
        sample = samples.get(int(line or 0))
        entries.append(
            Entry(
                int(line or 0),
                str(flip.get("id", "")),
                a,
                a or 0.0,
                [
                    Remark("A", a, str(flip.get("why_a", ""))),
                    Remark("B", b, str(flip.get("why_b", ""))),
                ],
                None if sample is None else sample.completion,
                "" if sample is None else sample.prompt_text,
                "" if sample is None else reference_text(sample),
                missing="its row was not found",
            )
        )
    notes = [f"{MOST:,} of {len(flips):,} flips"] if len(flips) > MOST else []
    return rollout_table("Rows that flip", entries, ["A", "B"], notes)


def _flip_tables(flips: Sequence[Mapping[str, Any]]) -> list[Listing]:
    if not flips:
        return []
    columns = ("row", "line", "A", "B", "why A", "why B")
    rows = [
        (
            str(flip.get("id", ""))[:80],
            plain(flip.get("line")),
            plain(flip.get("a")),
            plain(flip.get("b")),
            str(flip.get("why_a", ""))[:400],
            str(flip.get("why_b", ""))[:400],
        )
        for flip in flips[:MAX_ROWS]
    ]
    left = len(flips) - len(rows)
    return [Listing("Rows that flip", columns, rows, left, frozenset({"why A", "why B"}))]
