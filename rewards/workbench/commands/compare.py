"""`rewards compare`: where two rubrics, or a rubric and people's labels, part."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewards.core.errors import EventError, SpecError
from rewards.workbench.help import examples
from rewards.workbench.options import HtmlOption, JsonOption, takes_keys
from rewards.workbench.output import check_free, counted, print_json, print_table, printable, show
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.progress import progress_bar
from rewards.workbench.rollouts.rows import Keys, read_json
from rewards.workbench.rollouts.scoring import Scoring

if TYPE_CHECKING:
    from rewards.workbench.trials.comparison import Comparison, Paid

#: Flips that are printed; --json has all.
MAX_SHOWN = 20
_YES = frozenset({"true", "yes", "correct", "right", "pass", "1", "good"})
_NO = frozenset({"false", "no", "wrong", "incorrect", "fail", "0", "bad"})


@examples(
    "rewards compare gsm8k mine.toml rollouts.jsonl",
    "rewards compare gsm8k rollouts.jsonl --label-key correct --json",
)
@takes_keys
def compare(  # long: half of it are options
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="A [B] FILE", help="One rubric or two, then a file of rollouts as JSON lines."
        ),
    ],
    keys: Keys,
    label_key: Annotated[
        str, typer.Option(help="Field of people's labels, in place of B: a number, true, yes, ...")
    ] = "",
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the range from which a row passes.")
    ] = 0.5,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which rollouts two rubrics, or a rubric and labels, judge differently, and why.

    A row flips that passes for one and not for the other: its reward is at least --threshold of the
    way through the rubric's range. With --label-key, B is what people said; a row that A passes and
    they do not is a false positive.

    Groups tell what a trainer sees: how many have a gradient by A and by B, and the share of pairs
    of a group of which A and B prefer different ones. Rows that either could not score are counted
    and left out.

    With --json, {"against", "rows", "unscored", "mean_a", "mean_b", "changed", "flips": [{"id",
    "line", "a", "b", "why_a", "why_b"}], "groups": {"compared", "with_gradient_a",
    "with_gradient_b", "gained", "lost", "reordered"}, "false_positives", "false_negatives",
    "components"}. Exit code 1 where a row flips.
    """
    from rewards.workbench.trials.comparison import compared, paid

    *rubrics, file = given
    wanted = 1 if label_key else 2
    if len(rubrics) != wanted:
        form = "A FILE with --label-key" if label_key else "A B FILE, or A FILE with --label-key"
        raise SpecError(f"{counted(len(rubrics), 'rubric')} before the file; give {form}")
    if file == "-":
        raise SpecError("the file is read twice: it cannot be stdin")
    if html is not None:
        check_free(html)
    found = []
    for rubric in rubrics:
        with opened(file) as source, progress_bar(source) as advance:
            found.append(paid(source, Scoring.of(rubric, keys), threshold, advance))
    if label_key:
        found.append(_labels(file, label_key, {line: one for line, (one, _) in found[0].items()}))
    result = compared(found[0], found[1], "labels" if label_key else "rubric")
    if html is not None:
        from rewards.workbench.report.documents import write_section

        write_section(html, asdict(result), file, (file, keys))
    if as_json:
        print_json(asdict(result))
    else:
        _tell(result)
    if result.flips:
        raise typer.Exit(1)


def _labels(
    file: str, key: str, seen: dict[int, "Paid"]
) -> dict[int, tuple["Paid", dict[str, float]]]:
    """What people said of each row, as if a rubric had."""
    found: dict[int, tuple[Paid, dict[str, float]]] = {}
    with opened(file) as source:
        for line in source.lines():
            try:
                row = read_json(line)
            except EventError:
                continue
            value = _label(row.get(key)) if isinstance(row, dict) else None
            if value is not None and line.number in seen:
                one = seen[line.number]._replace(value=value, passed=value >= 0.5, why=f"{key}")
                found[line.number] = (one, {})
    if not found:
        raise SpecError(f'{file}: no row has a label (a number, true, "yes", ...) in "{key}"')
    return found


def _label(value: Any) -> float | None:
    if isinstance(value, str):
        word = value.strip().casefold()
        return 1.0 if word in _YES else 0.0 if word in _NO else None
    return float(value) if isinstance(value, int | float) and value == value else None


def _tell(found: "Comparison") -> None:
    left = f", {found.unscored} left out" if found.unscored else ""
    show(f"{counted(found.rows, 'row')}{left}: {counted(len(found.flips), 'flip')}, of which")
    show(f"  {found.false_positives} pass by A alone and {found.false_negatives} by B alone")
    show(f"mean {found.mean_a:.4g} by A, {found.mean_b:.4g} by B; {found.changed} rewards changed")
    groups = found.groups
    if groups.compared:
        show(
            f"groups with a gradient: {groups.with_gradient_a} by A, {groups.with_gradient_b} by B"
            f" of {groups.compared}; {groups.gained} gained, {groups.lost} lost;"
            f" {groups.reordered:.1%} of the pairs within groups change their order"
        )
    for name, change in found.components.items():
        show(f"{name}: {change:+.4g} on average")
    if found.flips:
        rows = [
            [
                printable(flip.id),
                f"{flip.a:g}",
                f"{flip.b:g}",
                printable(flip.why_a, 200),
                printable(flip.why_b, 200),
            ]
            for flip in found.flips[:MAX_SHOWN]
        ]
        print_table(["row", "A", "B", "why A", "why B"], rows, prose=["why A", "why B"])
    if len(found.flips) > MAX_SHOWN:
        show(f"and {len(found.flips) - MAX_SHOWN} more; --json has all")
