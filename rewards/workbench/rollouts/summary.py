"""The figures of a finished run: one document, the sentences for people, and what went wrong."""

from collections.abc import Sequence
from typing import Any

from rewards.rubric import Rubric
from rewards.workbench.output import counted, figure, print_json, print_table, printable, say
from rewards.workbench.rollouts.files.resume import Progress
from rewards.workbench.rollouts.grouping import Groups
from rewards.workbench.rollouts.tally import Tally

#: Characters of the longest bar of the histogram.
BAR_WIDTH = 40

#: Characters of why a reference or another field was no use.
MAX_DETAIL_CHARS = 160

#: What people call the field of a reference.
_REFERENCE_NAMES = (
    *("reference_answer", "reference", "ground_truth", "gold", "answer", "gold_answer", "target"),
    *("label", "solution", "expected", "expected_answer", "correct_answer", "final_answer"),
)


def document(
    progress: Progress, groups: Groups, rubric: Rubric, seconds: float, workers: int
) -> dict[str, Any]:
    """The summary as `--json` shows it."""
    found = progress.tally.document(rubric, groups)
    return {
        **found,
        "malformed_lines": progress.malformed,
        "seconds": round(seconds, 3),
        "rows_per_second": round(found["rows"] / seconds, 1),
        "workers": workers,
    }


def failures(tally: Tally, rubric: Rubric, names: Sequence[str]) -> list[str]:
    """One sentence for each thing that makes the rewards what nobody meant; none if all is well.

    `names` are the fields of the first rows.
    """
    counts = tally.counts
    if not counts["scored"]:
        return ["nothing was scored: no line holds a row with a completion"]
    found = []
    for component in rubric.components:
        faults = tally.faults(component.name)
        if (component.weight or component.gate) and faults and not tally.scored(component.name):
            why = ", ".join(f"{count:,} {kind}" for kind, count in faults.items())
            where = f'component "{component.name}" could score no sample ({why})'
            if set(faults) == {"missing_reference"}:
                where += f": {_no_reference(rubric, names)}"
            found.append(where)
    for name, count in tally.bugs.items():
        found.append(f'the scorer of component "{name}" failed on {counted(count, "sample")}')
    return found


def is_fine(document: dict[str, Any], failures: Sequence[str], *, as_json: bool) -> bool:
    """Print the summary, then what went wrong; whether the rewards are what was meant."""
    if as_json:
        print_json(document)
    else:
        print_summary(document)
    for sentence in failures:
        say(f"rewards: {sentence}")
    return not (failures or document["malformed"] or document["broken"])


def print_summary(document: dict[str, Any]) -> None:
    """The summary for people, on stderr: results may be on stdout."""
    reward = document["reward"]
    say(
        f"\n{document['rubric']} ({document['digest'][:12]}): {counted(document['rows'], 'row')}, "
        f"{counted(document['malformed'], 'malformed line')}{_counts(document['broken'])}, "
        f"{document['rows_per_second']:,.0f} rows/s"
    )
    if reward is None:
        return
    quantiles = ", ".join(f"{name} {figure(value)}" for name, value in reward["quantiles"].items())
    say(
        f"reward: mean {figure(reward['mean'])}, {figure(reward['min'])} to "
        f"{figure(reward['max'])}; {quantiles}"
    )
    _print_histogram(reward["histogram"])
    _print_components(document["components"])
    for name, component in document["components"].items():
        for detail in component["data_faults"]:
            say(f"  {name}: {printable(detail, MAX_DETAIL_CHARS)}")
    if document["closed_by"]:
        say(f"stopped by a gate: {_counts(document['closed_by']).removeprefix(', ')}")
    groups = document["groups"]
    share = groups["zero_variance_share"]
    say(
        f"groups: {groups['count']:,}, {groups['compared']:,} of two or more rollouts"
        + ("" if share is None else f", {share:.1%} of these without variance: no gradient")
    )


def _no_reference(rubric: Rubric, names: Sequence[str]) -> str:
    """Why no row has a reference: the name of its field, most likely."""
    if rubric.spec.reference:
        return f"the reference of no row has {' or '.join(rubric.spec.reference)}"
    likely = [name for name in _REFERENCE_NAMES if name in names]
    guess = f"is it {likely[0]!r}? " if likely else ""
    return (
        f"no row has a reference; name its field with --reference-key ({guess}the rows have: "
        f"{', '.join(names) or 'no fields'})"
    )


def _print_histogram(bars: Sequence[dict[str, Any]]) -> None:
    most = max(bar["count"] for bar in bars)
    for bar in bars:
        length = -(-bar["count"] * BAR_WIDTH // most)  # rounded up: one rollout is seen
        span = f"{figure(bar['from'])} to {figure(bar['to'])}"
        say(f"  {span:>12}  {'#' * length:<{BAR_WIDTH}}  {bar['count']:,}")


def _print_components(components: dict[str, Any]) -> None:
    print_table(
        ["component", "mean", "scored", "not scored"],
        [
            [
                name,
                "-" if c["mean"] is None else figure(c["mean"]),
                f"{c['scored']:,}",
                _counts(c["faults"]).removeprefix(", "),
            ]
            for name, c in components.items()
        ],
        to_stderr=True,
    )


def _counts(counts: dict[str, int]) -> str:
    return "".join(f", {count:,} {name}" for name, count in counts.items())
