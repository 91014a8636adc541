"""What do the pages of `rewards dataset check`, `selfcheck` and `audit` say?"""

from collections.abc import Mapping
from typing import Any

from rewards.workbench.output import counted
from rewards.workbench.report.charts import bars
from rewards.workbench.report.model import RANK, Alert, Listing, Mood, Section, Severity
from rewards.workbench.report.results import figure
from rewards.workbench.report.trials import MAX_ROWS, listed, plain, share, table

#: Words of other tools and of ours for how bad a finding is.
_SEVERITY: dict[str, Severity] = {"error": "error", "warning": "warning", "warn": "warning"}
#: Share of the gold reward from which an attack is a hole, where the document does not say.
HOLE = 0.5


def _rows(value: object) -> list[int]:
    return [row for row in listed(value) if isinstance(row, int) and not isinstance(row, bool)]


def dataset_section(document: Mapping[str, Any], title: str) -> Section:
    """The section of `rewards dataset check --json`."""
    alerts = []
    for finding in listed(document.get("findings")):
        one = table(finding)
        rows = _rows(one.get("rows"))
        severity = _SEVERITY.get(str(one.get("severity")), "note")
        count = int(figure(one.get("count")) or len(rows))
        text, advice = str(one.get("message", "")), str(one.get("remedy", ""))
        alerts.append(Alert(severity, str(one.get("code", "")), text, rows, count, advice))
    worst = min((RANK[alert.severity] for alert in alerts), default=3)
    words: list[tuple[str, Mood, str]] = [
        ("mend it first", "bad", "The service would refuse it, or the job would learn the wrong."),
        ("look closer", "odd", "It can be trained on; what is below costs, or hides something."),
        ("good", "good", "Nothing stands in the way; what is below is to know."),
        ("good", "good", "Nothing was found."),
    ]
    word, mood, sentence = words[worst]
    values = [(alert.name, float(alert.count), alert.text) for alert in alerts if alert.count]
    figures = [bars("Rows by finding", values, "Rows that a finding names")] if values else []
    facts = [("rows", plain(document.get("rows"))), ("findings", f"{len(alerts)}")]
    return Section(title, word, mood, sentence, facts, alerts, figures)


def selfcheck_section(document: Mapping[str, Any], title: str) -> Section:
    """The section of `rewards selfcheck --json`."""
    failures = [table(failure) for failure in listed(document.get("failures"))]
    good = document.get("verdict") == "pass"
    by_form: dict[str, list[Mapping[str, Any]]] = {}
    for failure in failures:
        by_form.setdefault(str(failure.get("form", "")), []).append(failure)
    alerts = [
        Alert(
            "error",
            form,
            str(found[0].get("why", "")),
            _rows([failure.get("row") for failure in found]),
            len(found),
        )
        for form, found in by_form.items()
    ]
    rows = [
        (
            plain(failure.get("row")),
            str(failure.get("form", ""))[:80],
            plain(failure.get("reward")),
            str(failure.get("why", ""))[:400],
        )
        for failure in failures[:MAX_ROWS]
    ]
    columns = ("row", "form", "reward", "why")
    left = len(failures) - len(rows)
    tables = [Listing("Failures", columns, rows, left, frozenset({"why"}))] if rows else []
    sentence = (
        "References earn full marks, corrupted ones do not."
        if good
        else f"{counted(len(failures), 'response')} did not earn what it should."
    )
    facts = [("rows", plain(document.get("rows"))), ("failures", f"{len(failures):,}")]
    if (margin := figure(document.get("margin"))) is not None:
        facts.append(("margin", plain(margin)))
    word, mood = ("pass", "good") if good else ("fail", "bad")
    return Section(title, word, mood, sentence, facts, alerts, (), tables)  # type: ignore[arg-type]


def audit_section(document: Mapping[str, Any], title: str) -> Section:
    """The section of `rewards audit --json`."""
    attacks = [table(attack) for attack in listed(document.get("attacks"))]
    good = document.get("verdict") == "pass"
    limit = figure(document.get("threshold"))
    limit = HOLE if limit is None else limit
    paid = sorted(attacks, key=lambda one: -(figure(one.get("share_of_gold")) or 0.0))
    alerts = [
        Alert(
            "error",
            str(attack.get("name", "")),
            f"It earns {share(attack.get('share_of_gold'))} of what the reference earns; paid by"
            f" {attack.get('component') or 'no one component'}. {attack.get('rule') or ''}".strip(),
            _rows(attack.get("rows")),
            0,
            str(attack.get("remedy") or ""),
        )
        for attack in paid
        if (figure(attack.get("share_of_gold")) or 0.0) >= limit
    ]
    values = [
        (
            str(attack.get("name", "")),
            figure(attack.get("share_of_gold")) or 0.0,
            str(attack.get("component") or ""),
        )
        for attack in paid
    ]
    note = "The best wrong answer's share of the reference's reward"
    figures = [bars("Attacks", values, note, limit, "hole")] if values else []
    sentence = (
        f"None of {counted(len(attacks), 'attack')} is paid like a right answer."
        if good
        else f"{len(alerts)} of {counted(len(attacks), 'attack')} are paid like a right answer."
    )
    best = figure(paid[0].get("share_of_gold")) if paid else None
    facts = [("attacks", f"{len(attacks)}"), ("best wrong answer", share(best))]
    word, mood = ("pass", "good") if good else ("fail", "bad")
    return Section(title, word, mood, sentence, facts, alerts, figures)  # type: ignore[arg-type]
