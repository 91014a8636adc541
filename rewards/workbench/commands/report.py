"""`rewards report`: one self-contained HTML page of what another command found."""

from pathlib import Path
from typing import Annotated

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.options import takes_keys
from rewards.workbench.output import check_free, say
from rewards.workbench.rollouts.rows import Keys


@examples(
    "rewards report scored.jsonl rollouts.jsonl -o page.html",
    "rewards report rehearsal.json audit.json dataset.json",
    "rewards report --card --rubric gsm8k dataset.json audit.json job.json -o card.html",
)
@takes_keys
def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Results of `rewards score` and their rollouts; --json documents.",
        ),
    ],
    keys: Keys,
    card: Annotated[
        bool, typer.Option("--card", help="Make the page that goes with a trained model.")
    ] = False,
    rubric: Annotated[str, typer.Option(help="The card's rubric: a name, or a .toml file.")] = "",
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="PAGE", help="The page to write.")
    ] = Path("report.html"),
) -> None:
    """Make one HTML page of scored rollouts, or of what other commands print with --json.

    FILE is the output of `rewards score` (with --explain it says why), beside it the rollouts that
    were scored; rows that carry their reward; or the --json document of dataset check, selfcheck,
    audit, rehearse, compare, doctor, job status or job evaluate. Several become one page; with
    --card it begins with the rubric, its digest, what was checked, and what nobody has looked at.

    The page is one file without a request: it opens from a disk, prints, and is safe to hand on as
    far as its texts are. A thousand rollouts are shown at most; the figures count all. A page is
    replaced, another file is not.
    """
    if card and not rubric:
        raise SpecError("a card is of a rubric: give --rubric")
    from rewards.rubric import Rubric
    from rewards.workbench.report.documents import page_of
    from rewards.workbench.report.page import write_page

    check_free(out)
    write_page(out, page_of(files, keys, Rubric.load(rubric) if card else None))
    say(f"{out} is written")
