"""`rewards dataset check`: what is wrong with training rows, before a job is paid for."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.workbench.help import examples
from rewards.workbench.options import HtmlOption, JsonOption
from rewards.workbench.output import Mood, check_free, counted, print_json, printable, say, show

if TYPE_CHECKING:
    from rewards.job.datasets.findings import DatasetReport
    from rewards.workbench.datasets.reading import Rows

#: Rows that are named of a finding; --json has all.
MAX_NAMED = 10

_MOODS: dict[str, Mood] = {"error": "bad", "warning": "odd", "info": ""}


class Severity(StrEnum):
    """From which severity on a finding fails the command."""

    error = "error"
    warning = "warning"
    info = "info"


DataArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA...",
        help='Rows as JSON lines, gzip or not; "-" reads stdin; Parquet, Arrow, or a folder.',
    ),
]


@examples(
    "rewards dataset check train.jsonl",
    "rewards dataset check train.jsonl --rubric gsm8k --validation val.jsonl --json",
)
def check(  # long: half of it are options
    data: DataArgument,
    rubric: Annotated[
        str, typer.Option(help="The rubric that the rows are for: its name, or a .toml file.")
    ] = "",
    validation: Annotated[
        list[str] | None,
        typer.Option(help="The validation set, which must hold none of the prompts."),
    ] = None,
    max_prompt_length: Annotated[
        int | None, typer.Option(min=1, help="The job's maxPromptLength, in tokens; else 8192.")
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json that counts tokens exactly.")
    ] = None,
    completion: Annotated[
        str, typer.Option(help="How a completion that earns full marks is made of a row.")
    ] = "{reference}",
    html: HtmlOption = None,
    as_json: JsonOption = False,
    fail_on: Annotated[
        Severity, typer.Option(help="Exit with 1 from this severity on.")
    ] = Severity.error,
) -> None:
    """Find what is wrong with training rows: each flaw with its rows and one remedy.

    Several files are one dataset, whose numbers go on from file to file. With --rubric it is also
    checked that every reference can be read and earns full marks as a completion (2,000 rows,
    evenly spread; not with a judge), and that prompts ask for what the rubric reads. Parquet and
    folders of Hugging Face need the extra "data".

    With --json, {"rows", "findings": [{"code", "severity", "rows", "count", "message", "remedy"}]};
    rows are counted from 1, and those of "leak" are rows of the validation set. Exit code 1 where a
    finding is at least as bad as --fail-on says.
    """
    from rewards.rubric import Rubric
    from rewards.workbench.datasets.checking import Beside, checked, counter
    from rewards.workbench.datasets.reading import opened_rows

    if html is not None:
        check_free(html)
    loaded = Rubric.load(rubric) if rubric else None
    if loaded is not None and loaded.is_async:
        say("the rubric asks a judge: whether references earn full marks is not checked")
    count = counter(tokenizer) if tokenizer is not None else None
    with opened_rows(data) as rows:
        beside = Beside(loaded, max_prompt_length, count, completion)
        report = checked(rows, beside, validation or [])
        for name in rows.unended():
            say(f"{name}: the last line does not end in a line break; what is appended breaks it")
        if html is not None:
            from rewards.workbench.report.documents import write_section

            write_section(html, report.to_dict(), data[0])
        if as_json:
            print_json(report.to_dict())
        else:
            _tell(report, rows)
    if report.at_least(fail_on):
        raise typer.Exit(1)


def _tell(report: "DatasetReport", rows: "Rows") -> None:
    found = len(report.findings)
    mood: Mood = "bad" if report.errors else "odd" if found else "good"
    named = counted(found, "finding") if found else "nothing was found"
    show(f"{counted(report.rows, 'row')}: {named}", mood)
    for flaw in report.findings:
        show(f"\n{flaw.severity} {flaw.code}", _MOODS[flaw.severity])
        show(f"  {printable(flaw.message, 400)}")
        if flaw.rows:
            is_there = flaw.code != "leak"
            places = [rows.place(row) if is_there else str(row) for row in flaw.rows[:MAX_NAMED]]
            more = len(flaw.rows) - MAX_NAMED
            named = ", ".join(printable(place, 200) for place in places)
            show(f"  row {named}" + (f" and {more:,} more" if more > 0 else ""))
        show(f"  {flaw.remedy}")
