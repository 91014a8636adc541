"""The options and arguments that several commands share, each told in one place."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from rewards.workbench.rollouts.rows import Keys

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="PAGE", help="Write a page of it here: one HTML file."),
]

RubricOption = Annotated[str, typer.Option(help="A bundled rubric's name, or a .toml file.")]

CassetteOption = Annotated[
    Path | None, typer.Option(help="Recorded replies that answer in place of the model.")
]

AskOption = Annotated[
    bool, typer.Option("--ask", help="Let the judges' own model answer, which costs money.")
]

RolloutsArgument = Annotated[
    str, typer.Argument(metavar="FILE", help='JSON lines, gzip or not; "-" reads stdin.')
]

_FIELDS = {
    "prompt": "Field of the prompt.",
    "completion": "Field of the completion.",
    "reference": "Field of the reference.",
    "id": "Field of the id.",
    "group": "Field that the rollouts of one prompt share.",
}


def takes_keys(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name the fields of a row; it gets them as `keys`."""

    @wraps(command)
    def with_keys(**given: Any) -> None:
        named = {field: given.pop(f"{field}_key") for field in _FIELDS}
        command(keys=Keys.of(**named), **given)

    parameters = dict(inspect.signature(command).parameters)
    del parameters["keys"]
    for field, text in _FIELDS.items():
        parameters[f"{field}_key"] = inspect.Parameter(
            f"{field}_key",
            inspect.Parameter.KEYWORD_ONLY,
            default="",
            annotation=Annotated[str, typer.Option(help=text)],
        )
    # What typer reads: the options as if they were written in the command's own signature.
    vars(with_keys)["__signature__"] = inspect.Signature(
        [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters.values()]
    )
    with_keys.__annotations__ = {name: p.annotation for name, p in parameters.items()}
    return with_keys
