"""`rewards show`: what a rubric says, with every default written out."""

from typing import Annotated, Any

import typer

from rewards.core.parameters import tabled
from rewards.rubric import Rubric
from rewards.workbench.catalogue import component_of, print_rubrics, rubric_document, rubrics, span
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import figure, print_json, print_table, printable, toml_line
from rewards.workbench.output import show as say_line

#: A parameter that is longer (a schema) is told by its beginning; --json has all of it.
MAX_PARAMETER_CHARS = 60


@examples("rewards show", "rewards show gsm8k", "rewards show my_rubric.toml --json")
def show(
    rubric: Annotated[
        str,
        typer.Argument(
            metavar="RUBRIC", help="A bundled rubric's name, or a .toml file; none lists them."
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Show a rubric: its components, weights, gates and error policies, its digest and range.

    With --json, {"name", "description", "digest", "range", "reach", "total", "group_by",
    "reference", "normalize", "components"}; "reach" is the lowest and the highest total. A
    component is {"name", "scorer", "range", "weight", "gate", "threshold", "pays", "on_error",
    "on_refusal", "params"}, with every default written out; "range" is what its scorer gives,
    "pays" what that is worth (its "scale", if it has one; nothing for a gate). Without a rubric, a
    list of {"rubric", "description"}.
    """
    if rubric:
        loaded = Rubric.load(rubric)
        components = [component_of(loaded, index) for index in range(len(loaded.components))]
        if as_json:
            print_json(rubric_document(loaded, components))
        else:
            _print_rubric(loaded, components)
    elif as_json:
        print_json([{"rubric": s.name, "description": s.description} for s in rubrics()])
    else:
        print_rubrics(rubrics())


def _print_rubric(rubric: Rubric, components: list[dict[str, Any]]) -> None:
    spec = rubric.spec
    say_line(f"{rubric.name}: {spec.description}" if spec.description else rubric.name)
    say_line(f"weighted {spec.total} of {span(rubric.reach)}, reward from {span(rubric.range)}")
    say_line(f"rollouts of one prompt share: {spec.group_by}")
    if spec.reference:
        say_line(f"reference: {' or '.join(spec.reference)}")
    if spec.normalize is not None:
        say_line(f"normalised per {spec.normalize.by}")
    say_line(f"digest {rubric.digest}\n")
    rows = []
    for shown, bound in zip(components, rubric.components, strict=True):
        policies = f"{shown['on_error']}, {shown['on_refusal']}"
        declared = bound.scorer.parameters.items()
        given = _changed(
            shown["params"], {name: tabled(p.default, defaults=True) for name, p in declared}
        )
        name, address = shown["name"], shown["scorer"]
        rows.append(
            [name, address, span(shown["range"]), _counts(shown), policies, _shortly(given)]
        )
    columns = ["component", "scorer", "scores", "counts", "on error, refusal", "parameters"]
    print_table(columns, rows, prose=["counts", "on error, refusal", "parameters"])
    say_line("\nOther parameters are at their defaults: rewards list SCORER, or --json here.")


def _changed(params: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """What is not at its default; of a table that has defaults of its own, its changed keys.

    >>> _changed({"n": 1, "asking": {"a": 1, "b": 2}}, {"n": 1, "asking": {"a": 1, "b": 0}})
    {'asking': {'b': 2}}
    """
    found = {}
    for name, value in params.items():
        default = defaults.get(name)
        if isinstance(value, dict) and isinstance(default, dict) and default:
            value = _changed(value, default)
            default = {}
        if value != default:
            found[name] = value
    return found


def _shortly(params: dict[str, Any]) -> str:
    """Parameters as TOML, each in a line of its own, long ones by their beginning."""
    return "\n".join(
        printable(toml_line({name: value}), MAX_PARAMETER_CHARS) for name, value in params.items()
    )


def _counts(component: dict[str, Any]) -> str:
    """How a component enters the reward, in words."""
    threshold = component["threshold"]
    if component["gate"]:
        return f"gate, opens at {figure(threshold)}"
    weight = f"weight {figure(component['weight'])}" if component["weight"] else "metric only"
    if component["pays"] != component["range"]:
        weight += f", scaled to {span(component['pays'])}"
    return weight if threshold is None else f"{weight}, all or nothing at {figure(threshold)}"
