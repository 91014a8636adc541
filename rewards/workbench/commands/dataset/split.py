"""`rewards dataset split`: a training and a validation set without leaks."""

from pathlib import Path
from typing import Annotated

import typer

from rewards.workbench.commands.dataset.check import DataArgument
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import counted, print_json, say, show

#: Rows that are named.
MAX_NAMED = 10


@examples(
    "rewards dataset split rows.jsonl --out sets", "rewards dataset split rows.jsonl --share 0.2"
)
def split(
    data: DataArgument,
    out: Annotated[
        Path, typer.Option(help="The folder of train.jsonl and validation.jsonl.")
    ] = Path(),
    share: Annotated[
        float, typer.Option(min=0.001, max=0.999, help="The validation set's share of the rows.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, max=2**63, help="Another one draws others.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Divide rows into train.jsonl and validation.jsonl, what is nearly the same on one side.

    The same rows, share and seed give the same files. Lines are written as they are, in their
    order; those without a prompt into neither file. No file is ever overwritten.

    With --json, {"rows", "seed", "groups", "largest_group", "train": {"path", "rows", "share"},
    "validation": {...}, "unreadable": [rows]}. Exit code 1 where a row was left out.
    """
    from rewards.workbench.datasets.dividing import divided
    from rewards.workbench.datasets.reading import opened_rows

    with opened_rows(data) as rows:
        found = divided(rows, share, seed, out)
    if as_json:
        print_json(found.to_dict())
    else:
        for side in (found.train, found.validation):
            show(f"{side.path}: {counted(side.rows, 'row')}, {side.share:.2%}")
        show(
            f"{counted(found.groups, 'group')} of rows that are alike, the largest of"
            f" {found.largest_group:,}; seed {found.seed}"
        )
    if found.unreadable:
        named = ", ".join(map(str, found.unreadable[:MAX_NAMED]))
        say(f"{counted(len(found.unreadable), 'row')} without a prompt left out: row {named}")
        raise typer.Exit(1)
