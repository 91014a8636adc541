"""Which command's result is this file? Told by its keys, so that any of them makes a page."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from rewards.core.errors import EventError, SpecError
from rewards.core.sample import Sample
from rewards.rubric import Rubric
from rewards.workbench.report.card import card_section, job_section, outcome_section
from rewards.workbench.report.checks import audit_section, dataset_section, selfcheck_section
from rewards.workbench.report.doctor import doctor_section
from rewards.workbench.report.model import Page, Section
from rewards.workbench.report.page import write_page
from rewards.workbench.report.results import Earned, figure, read_results
from rewards.workbench.report.scored import scored_section
from rewards.workbench.report.trials import comparison_section, listed, rehearsal_section
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.rows import Keys, read_json, read_row

#: Bytes of one JSON document.
MAX_DOCUMENT = 50_000_000

#: What a command's document has and no other, its title, and what makes a section of it.
_KINDS: tuple[tuple[frozenset[str], str, Callable[[Mapping[str, Any], str], Section]], ...] = (
    (frozenset({"dead_share", "pass_rate"}), "Rehearsal", rehearsal_section),
    (frozenset({"flips", "groups"}), "Comparison", comparison_section),
    (frozenset({"goal", "confidence"}), "Diagnosis", doctor_section),
    (frozenset({"attacks"}), "Audit", audit_section),
    (frozenset({"base", "tuned", "difference"}), "Outcome", outcome_section),
    (frozenset({"run", "status", "job"}), "Job", job_section),
    (frozenset({"failures", "rows"}), "Self-check", selfcheck_section),
    (frozenset({"findings", "rows"}), "Data set", dataset_section),
)


def page_of(files: Sequence[str], keys: Keys, card: Rubric | None = None) -> Page:
    """A page of files: documents of commands, results of `rewards score` with their rollouts.

    With the rubric of a `card` it is the page that goes with a trained model.

    Raises:
        SpecError: a file is none of these, or it is not told which rollouts are whose.
    """
    documents, scored, rollouts = [], [], []
    for file in files:
        document = _document(file)
        if document is not None:
            documents.append((document, file))
        elif (kind := _lines(file, keys)) == "rollouts":
            rollouts.append(file)
        else:
            scored.append((file, kind == "both"))
    owners = len(scored) + sum("flips" in document for document, _ in documents)
    if len(rollouts) > 1 or (rollouts and owners != 1):
        raise SpecError(
            f"{rollouts[0]} holds rollouts without rewards: give it beside the results of"
            " `rewards score`, or the comparison, that is of its rows: one of each"
        )
    of = (rollouts[0], keys) if rollouts else None
    sections = [section_of(document, file, of) for document, file in documents]
    for file, has_rows in scored:
        rows = None if has_rows or not rollouts else rollouts[0]
        sections.append(_scored(file, rows, keys))
    if not sections:
        raise SpecError("nothing to show: give results of `rewards score`, or a --json document")
    if card is not None:
        return Page(f"Card: {card.name}", [card_section(card, sections), *sections])
    title = sections[0].title if len(sections) == 1 else "Will this job learn?"
    return Page(title, sections)


def section_of(
    document: Mapping[str, Any], file: str, rollouts: tuple[str, Keys] | None = None
) -> Section:
    """The section of a command's document; a comparison shows the rollouts that it is of.

    Raises:
        SpecError: no command makes such a document.
    """
    for keys, name, make in _KINDS:
        if keys <= document.keys():
            title = f"{name}: {Path(file).name}"
            if make is comparison_section and rollouts is not None:
                return comparison_section(document, title, _samples(document, *rollouts))
            return make(document, title)
    known = ", ".join(" and ".join(sorted(keys)) for keys, _, _ in _KINDS)
    raise SpecError(f"{file}: no document of a command that has a page (they have {known})")


def write_section(
    page: Path,
    document: Mapping[str, Any],
    file: str,
    rollouts: tuple[str, Keys] | None = None,
) -> None:
    """Write the page of one command's document, made from a file."""
    section = section_of(document, file, rollouts)
    write_page(page, Page(section.title, [section]))


def _samples(document: Mapping[str, Any], file: str, keys: Keys) -> dict[int, Sample]:
    """The rows that a comparison names, by their lines; what holds no row is left out."""
    wanted = {flip.get("line") for flip in listed(document.get("flips")) if isinstance(flip, dict)}
    found: dict[int, Sample] = {}
    with opened(file) as source:
        for line in source.lines():
            if line.number in wanted:
                with suppress(EventError):
                    sample = read_row(line, keys).sample
                    if sample is not None:
                        found[line.number] = sample
    return found


def write_scored(page: Path, results: str, rollouts: str, keys: Keys, rubric: Rubric) -> None:
    """Write the page of scored rollouts: a file of results and the file that they are of."""
    section = _scored(results, rollouts, keys, rubric)
    write_page(page, Page(section.title, [section]))


def _scored(file: str, rows: str | None, keys: Keys, rubric: Rubric | None = None) -> Section:
    results: Callable[[], Iterator[Earned]] = partial(read_results, file, rows, keys)
    sources = [Path(one).name for one in (file, rows) if one]
    title = f"Rollouts: {Path(rows or file).name}"
    group_by = rubric.spec.group_by if rubric is not None else keys.group_by or "prompt"
    ends = rubric.range if rubric is not None else None
    return scored_section(title, results, group_by, ends, sources)


def _document(file: str) -> dict[str, Any] | None:
    """The one JSON document that a file is; None for JSON lines."""
    if file == "-":
        raise SpecError("a page's files are read twice: none can be stdin")
    if file.endswith(".gz"):
        return None
    with Path(file).open("rb") as source:
        data = source.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        return None
    try:
        found = json.loads(data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or figure(found.get("aggregate_reward_score")) is not None:
        return None
    return None if {"messages", "completion", "metrics_list"} & found.keys() else found


def _lines(file: str, keys: Keys) -> str:
    """Whether JSON lines are results, rollouts, or both.

    Raises:
        SpecError: they are neither.
    """
    with opened(file) as source:
        for line in source.head():
            try:
                row = read_json(line)
            except EventError:
                continue
            if not isinstance(row, dict):
                continue
            has_row = "messages" in row or keys.completion in row
            paid = "aggregate_reward_score" in row or figure(row.get("reward")) is not None
            if paid or has_row:
                return "both" if paid and has_row else "rollouts" if has_row else "results"
    raise SpecError(
        f"{file}: neither results of `rewards score` nor rollouts nor a --json document"
    )
