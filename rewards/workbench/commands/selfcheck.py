"""`rewards selfcheck`: does a data set's own reference earn full marks, in every form?"""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rewards.workbench import options
from rewards.workbench.help import examples
from rewards.workbench.output import (
    check_free,
    counted,
    figure,
    print_json,
    print_table,
    printable,
    show,
)
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.progress import progress_bar
from rewards.workbench.rollouts.rows import Keys

if TYPE_CHECKING:
    from rewards.workbench.auditing.selfcheck import Selfcheck

#: Failures that are printed; --json has all.
MAX_SHOWN = 20

DataArgument = Annotated[
    str, typer.Argument(metavar="DATA", help="A data set as JSON lines, gzip or not.")
]


@examples(
    "rewards selfcheck train.jsonl --rubric gsm8k",
    "rewards selfcheck train.jsonl --rubric my.toml --form 'Sentiment: {reference}' --json",
)
@options.takes_keys
def selfcheck(  # long: half of it are options
    data: DataArgument,
    rubric: options.RubricOption,
    keys: Keys,
    form: Annotated[
        list[str] | None,
        typer.Option(help="A further form of a right answer, with {reference} in it; repeatable."),
    ] = None,
    rows: Annotated[
        int, typer.Option(min=0, help="At most so many rows, evenly spread; 0 is all of them.")
    ] = 0,
    fail_on: Annotated[
        Literal["error", "warning", "never"],
        typer.Option(help="Exit with 1 from this severity on."),
    ] = "warning",
    cassette: options.CassetteOption = None,
    ask: options.AskOption = False,
    html: options.HtmlOption = None,
    as_json: options.JsonOption = False,
) -> None:
    r"""Check that a data set's own references earn full marks, and wrong answers do not.

    For every row answers are built from its reference in each form that the rubric reads (it reads
    a form that it pays in full on most of a sample of rows): bare, "#### x", "\boxed{x}", "The
    answer is x.", "<answer>x</answer>", JSON, fenced code, tool calls, the worked solution, each
    also behind some thinking. All of them must earn full marks.

    Wrong answers made of it (off by one, times ten, another row's reference, ...) must earn less
    than half of that: severity error, both. White space at the end, line ends and thousands
    separators must make no difference: severity warning. Three runs must give the same bytes.

    Judges are answered by a stand-in that knows which answers are right, by --cassette, or with
    --ask by their model.

    With --json, {"verdict": "pass" | "fail", "rows", "failures": [{"row", "form", "reward",
    "why"}]}; "row" is a line of the file, from 1. Exit code 1 for failures from --fail-on on, 2
    where nothing can be scored.
    """
    from rewards.workbench.auditing.cases import read_cases
    from rewards.workbench.auditing.paying import Payer, judged
    from rewards.workbench.auditing.selfcheck import selfcheck as checked
    from rewards.workbench.rollouts.scoring import Scoring

    if html is not None:
        check_free(html)
    loaded = Scoring.of(rubric, keys).rubric
    with opened(data) as source, progress_bar(source) as advance:
        dataset = read_cases(source, loaded, keys, advance).spread(rows)
        with judged(loaded, cassette, ask=ask) as judge:
            payer = Payer(loaded, judge)
            found = checked(dataset, payer, _templates(form), lambda done: advance(done, None))
    if html is not None:
        from rewards.workbench.report.documents import write_section

        write_section(html, found.to_dict(), data)
    if as_json:
        print_json(found.to_dict())
    else:
        _tell(found)
    counting = {"error": ("error",), "warning": ("error", "warning"), "never": ()}[fail_on]
    if any(one.severity in counting for one in found.failures):
        raise typer.Exit(1)


def _templates(form: list[str] | None) -> tuple[str, ...]:
    from rewards.workbench.auditing.forms import PLACEHOLDER

    for text in form or ():
        if PLACEHOLDER not in text:
            raise typer.BadParameter(f"has no {PLACEHOLDER} in it", param_hint="--form")
    return tuple(form or ())


def _tell(found: "Selfcheck") -> None:
    show(found.verdict, "good" if found.verdict == "pass" else "bad")
    show(f"{counted(found.rows, 'row')}, {counted(found.scored, 'answer')} scored")
    for kind, names in found.forms.items():
        show(f"{kind}: reads {'; '.join(names) or 'no form at all'}")
        if found.unread[kind]:
            show(f"  does not read {'; '.join(found.unread[kind])}")
    if found.corruptions:
        show(f"wrong answers tried: {'; '.join(found.corruptions)}")
    if (margin := found.margin) is not None:
        show(
            f"right and wrong are {margin.typical:.2f} of the range apart (median), at least"
            f" {margin.least:.2f} (row {margin.row})"
        )
    if found.failures:
        rows = [
            [str(one.row), one.severity, one.form, figure(one.reward), printable(one.why, 200)]
            for one in found.failures[:MAX_SHOWN]
        ]
        print_table(["row", "", "form", "reward", "why"], rows, prose=["why"])
    if len(found.failures) > MAX_SHOWN:
        show(f"and {len(found.failures) - MAX_SHOWN} more; --json has all")
