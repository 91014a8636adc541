"""What goes with a trained model: the rubric, what was checked, what came of it, what is not known.

The card is a section before those of the documents it is made of. It says of each part whether it
was given: what nobody has checked is a known limit, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rewards.rubric import Rubric
from rewards.workbench.output import figure as shown
from rewards.workbench.report.charts import bars
from rewards.workbench.report.model import Alert, Listing, Mood, Section
from rewards.workbench.report.results import figure
from rewards.workbench.report.trials import listed, plain, table

#: What a card asks for, by the title of the section that answers; and the command that makes it.
PARTS = (
    ("Data set", "rewards dataset check"),
    ("Self-check", "rewards selfcheck"),
    ("Audit", "rewards audit"),
    ("Rehearsal", "rewards rehearse"),
    ("Job", "rewards job status"),
    ("Diagnosis", "rewards doctor"),
    ("Outcome", "rewards job evaluate"),
)
_MOODS: Mapping[str, Mood] = {"better": "good", "worse": "bad", "Completed": "good"}
_ENDED = frozenset({"Completed", "InProgress"})


def card_section(rubric: Rubric, sections: Sequence[Section]) -> Section:
    """The card of a rubric and the sections of what was found about it."""
    by_part = {part: _of(part, sections) for part, _ in PARTS}
    rows = [
        (part, section.word if section else "not given", section.sentence if section else command)
        for (part, command), section in zip(PARTS, by_part.values(), strict=True)
    ]
    missing = [(part, command) for part, command in PARTS if by_part[part] is None]
    bad = [section for section in by_part.values() if section and section.mood == "bad"]
    odd = [section for section in by_part.values() if section and section.mood == "odd"]
    mood: Mood = "bad" if bad else "odd" if odd or missing else "good"
    word = f"{len(PARTS) - len(missing)} of {len(PARTS)} parts"
    components = [
        (one.name, one.scorer, shown(one.weight), "yes" if one.gate else "")
        for one in rubric.spec.component
    ]
    return Section(
        f"Card: {rubric.name}",
        word,
        mood,
        _sentence(bad, odd, missing),
        [
            ("rubric", rubric.name),
            ("digest", rubric.digest[:12]),
            ("range", f"{shown(rubric.range[0])} to {shown(rubric.range[1])}"),
            ("goal", rubric.spec.aim()),
        ],
        [*_limits([*bad, *odd]), *_not_given(missing)],
        (),
        [
            Listing("What was checked, and what came of it", ("part", "says", ""), rows),
            Listing("What is paid for", ("component", "scorer", "weight", "gate"), components),
        ],
        heading="Known limits",
    )


def _of(part: str, sections: Sequence[Section]) -> Section | None:
    return next((one for one in sections if one.title.partition(":")[0] == part), None)


def _sentence(
    bad: Sequence[Section], odd: Sequence[Section], missing: Sequence[tuple[str, str]]
) -> str:
    said = [
        f"{word}: {names}"
        for word, parts in (("failed", bad), ("worth a look", odd))
        if (names := ", ".join(section.title.partition(":")[0] for section in parts))
    ]
    if missing:
        said.append(f"not known: {', '.join(part for part, _ in missing)}")
    text = "; ".join(said) or "every part was given, and none calls for a look"
    return f"{text[:1].upper()}{text[1:]}."


def _limits(sections: Sequence[Section]) -> list[Alert]:
    """Known limits: what the parts themselves call for a look at."""
    return [
        Alert(alert.severity, f"{section.title.partition(':')[0]}: {alert.name}", alert.text)
        for section in sections
        for alert in section.ranked
        if alert.severity != "note"
    ]


def _not_given(missing: Sequence[tuple[str, str]]) -> list[Alert]:
    return [
        Alert(
            "note",
            f"{part}: not given",
            "Nobody has looked, as far as this card knows.",
            (),
            0,
            f"`{command} --json`",
        )
        for part, command in missing
    ]


def job_section(document: Mapping[str, Any], title: str) -> Section:
    """The section of `rewards job status --json`."""
    job = table(document.get("job"))
    status = str(document.get("status") or "unknown")
    mood: Mood = _MOODS.get(status, "odd" if status in _ENDED else "bad")
    reason = str(document.get("reason") or "")
    facts = [
        (name, str(value))
        for name, value in (
            ("run", document.get("run")),
            ("job", job.get("name")),
            ("started", document.get("started")),
            ("ended", document.get("ended")),
            ("model", job.get("model")),
        )
        if value
    ]
    metrics = [(str(name), plain(value)) for name, value in table(job.get("metrics")).items()]
    sentence = f"The job is {status}." + (f" {reason}" if reason else "")
    return Section(title, status, mood, sentence, [*facts, *metrics])


def outcome_section(document: Mapping[str, Any], title: str) -> Section:
    """The section of `rewards job evaluate --json`."""
    verdict = str(document.get("verdict"))
    difference = table(document.get("difference"))
    low, high = plain(difference.get("low")), plain(difference.get("high"))
    sentence = (
        f"On {plain(document.get('prompts'))} held-out prompts the tuned model earns"
        f" {plain(document.get('tuned'))}, its base {plain(document.get('base'))}: a difference of"
        f" {plain(difference.get('estimate'))} (95 % interval {low} to {high})."
    )
    facts = [
        ("prompts", plain(document.get("prompts"))),
        ("base", plain(document.get("base"))),
        ("tuned", plain(document.get("tuned"))),
        ("difference", plain(difference.get("estimate"))),
    ]
    changes = [
        (str(name), after - before, f"{shown(before)} to {shown(after)}")
        for name, pair in table(document.get("components")).items()
        if len(listed(pair)) == 2
        and (before := figure(pair[0])) is not None
        and (after := figure(pair[1])) is not None
    ]
    note = "Mean by the tuned model minus mean by its base"
    figures = [bars("Components", changes, note)] if changes else []
    return Section(
        title, verdict.replace("_", " "), _MOODS.get(verdict, "odd"), sentence, facts, (), figures
    )
