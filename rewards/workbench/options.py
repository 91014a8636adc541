"""The options and arguments that several commands share, each told in one place."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

RubricOption = Annotated[str, typer.Option(help="A bundled rubric's name, or a .toml file.")]

RolloutsArgument = Annotated[
    str, typer.Argument(metavar="FILE", help='JSON lines, gzip or not; "-" reads stdin.')
]
