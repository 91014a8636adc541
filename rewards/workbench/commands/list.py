"""`rewards list`: what scorers and rubrics there are, and what a scorer takes."""

from typing import Annotated, Any

import typer

from rewards.core.parameters import without_arguments
from rewards.core.scorer import Scorer
from rewards.workbench.catalogue import (
    described,
    named,
    parameters_of,
    print_rubrics,
    rubrics,
    span,
)
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import json_text, paragraphs, print_json, print_table, show


@examples(
    "rewards list",
    "rewards list numeric.match",
    "rewards list my_package.my_module",
    "rewards list judge --json",
)
def list_(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A family, a scorer, or a module of your own: package.module or "
            "package.module:scorer.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the scorers and the bundled rubrics, or tell all of what NAME names.

    Of one scorer the whole documentation is shown, with its parameters; of a family or a module
    each scorer with its parameters; without a name every bundled scorer in a line.

    With --json, a list of {"scorer", "summary", "range", "kind", "async", "requires",
    "parameters"}, where "kind" is "sample" or "group", "async" is true for scorers that call a
    model, and "parameters" is a list of {"name", "type", "required", "meaning", "default", "keys"}
    ("default" only where there is one, "keys" where it is a table, described in the same way).
    `rewards show --json` lists the rubrics.
    """
    found = named(name)
    if as_json:
        print_json([described(scorer) for scorer in found])
    elif not name:
        _print_all(found)
    elif len(found) == 1:
        _print_whole(found[0])
    else:
        for scorer in found:
            show(f"{_heading(scorer)}\n    {scorer.summary}")
            for parameter in parameters_of(scorer):
                show(f"      {_signature(parameter)}")


def _print_all(found: list[Scorer[..., Any]]) -> None:
    print_table(
        ["scorer", "range", "what it rewards"],
        [
            [s.address, span(s.range), " ".join([s.summary, *(f"({n})" for n in _notes(s))])]
            for s in found
        ],
        prose=["what it rewards"],
    )
    print()
    print_rubrics(rubrics())
    show("\nMore: rewards list SCORER, rewards show RUBRIC; rewards list MODULE for your own.")


def _print_whole(scorer: Scorer[..., Any]) -> None:
    """One scorer: its documentation, then its parameters."""
    show(f"{_heading(scorer)}\n")
    for paragraph in paragraphs(without_arguments(scorer.__doc__)):
        show("\n".join(f"  {line}" for line in paragraph.split("\n")) + "\n")
    parameters = parameters_of(scorer)
    show("Parameters" if parameters else "No parameters")
    for parameter in parameters:
        _print_parameter(parameter, "  ")


def _print_parameter(parameter: dict[str, Any], margin: str) -> None:
    show(f"{margin}{_signature(parameter)}")
    if parameter["meaning"]:
        show(f"{margin}    {parameter['meaning']}")
    for key in parameter.get("keys", ()):
        _print_parameter(key, f"{margin}    ")


def _heading(scorer: Scorer[..., Any]) -> str:
    return f"{scorer.address}  ({', '.join([span(scorer.range), *_notes(scorer)])})"


def _notes(scorer: Scorer[..., Any]) -> list[str]:
    return ["sees the whole group"] * scorer.is_group + ["calls a model"] * scorer.is_async


def _signature(parameter: dict[str, Any]) -> str:
    default = "required" if parameter["required"] else json_text(parameter["default"])
    kind = "table" if "keys" in parameter else parameter["type"]
    return f"{parameter['name']}: {kind} = {default}"
