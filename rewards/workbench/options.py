"""The options and arguments that several commands share, each told in one place."""

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

RubricOption = Annotated[str, typer.Option(help="A bundled rubric's name, or a .toml file.")]

CassetteOption = Annotated[
    Path | None, typer.Option(help="Recorded replies that answer in place of the model.")
]

PromptKey = Annotated[str, typer.Option(help="Field of the prompt.")]
CompletionKey = Annotated[str, typer.Option(help="Field of the completion.")]
ReferenceKey = Annotated[str, typer.Option(help="Field of the reference.")]
IdKey = Annotated[str, typer.Option(help="Field of the id.")]
GroupKey = Annotated[str, typer.Option(help="Field that the rollouts of one prompt share.")]

RolloutsArgument = Annotated[
    str, typer.Argument(metavar="FILE", help='JSON lines, gzip or not; "-" reads stdin.')
]
