"""`rewards list` and `rewards show`: what scorers and rubrics there are, and what they say."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from rewards.core.errors import SpecError, did_you_mean
from rewards.core.parameters import (
    REQUIRED,
    is_table,
    keys_of,
    tabled,
    type_name,
    without_arguments,
)
from rewards.core.scorer import Scorer
from rewards.registry import bundled, resolve, scorers_of
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS, RubricSpec, load_spec
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import (
    figure,
    json_text,
    paragraphs,
    print_json,
    print_table,
    printable,
    show,
    toml_line,
)

#: A parameter that is longer (a schema) is told by its beginning; --json has all of it.
MAX_PARAMETER_CHARS = 60


@examples(
    "rewards list",
    "rewards list numeric.match",
    "rewards list my_package.my_module",
    "rewards list judge --json",
)
def list_scorers(
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
    found = _named(name)
    if as_json:
        print_json([_described(scorer) for scorer in found])
    elif not name:
        _print_all(found)
    elif len(found) == 1:
        _print_whole(found[0])
    else:
        for scorer in found:
            show(f"{_heading(scorer)}\n    {scorer.summary}")
            for parameter in _parameters(scorer):
                show(f"      {_signature(parameter)}")


@examples("rewards show", "rewards show gsm8k", "rewards show my_rubric.toml --json")
def show_rubric(
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
        components = [_component(loaded, index) for index in range(len(loaded.components))]
        if as_json:
            print_json(_rubric_document(loaded, components))
        else:
            _print_rubric(loaded, components)
    elif as_json:
        print_json([{"rubric": s.name, "description": s.description} for s in _rubrics()])
    else:
        _print_rubrics()


def _named(name: str) -> list[Scorer[..., Any]]:
    """The scorers that a name is for: all, a family's, one, or those of a module."""
    if ":" in name:
        return [resolve(name)]
    known = list(bundled())
    found = [s for s in known if not name or name in (s.address, s.address.partition(".")[0])]
    if not found:
        families = {scorer.address.partition(".")[0] for scorer in known}
        try:
            found = list(scorers_of(name)) if name not in families else []
        except SpecError as error:
            if error.__cause__ is not None:  # it is there, and broken
                raise
            near = did_you_mean(name, [*sorted(families), *(s.address for s in known)])
            raise SpecError(f"there is no family, scorer or module {name!r}{near}") from error
        if not found:
            raise SpecError(f"the module {name} defines no scorer: a function under @scorer")
    return found


def _print_all(found: list[Scorer[..., Any]]) -> None:
    print_table(
        ["scorer", "range", "what it rewards"],
        [
            [s.address, _span(s.range), " ".join([s.summary, *(f"({n})" for n in _notes(s))])]
            for s in found
        ],
        prose=["what it rewards"],
    )
    print()
    _print_rubrics()
    show("\nMore: rewards list SCORER, rewards show RUBRIC; rewards list MODULE for your own.")


def _print_rubrics() -> None:
    rows = [[spec.name, spec.description] for spec in _rubrics()]
    print_table(["rubric", "what it is for"], rows, prose=["what it is for"])


def _rubrics() -> list[RubricSpec]:
    """The bundled rubrics, by name."""
    return [load_spec(path) for path in sorted(RUBRICS.glob("*.toml"))]


def _print_whole(scorer: Scorer[..., Any]) -> None:
    """One scorer: its documentation, then its parameters."""
    show(f"{_heading(scorer)}\n")
    for paragraph in paragraphs(without_arguments(scorer.__doc__)):
        show("\n".join(f"  {line}" for line in paragraph.split("\n")) + "\n")
    parameters = _parameters(scorer)
    show("Parameters" if parameters else "No parameters")
    for parameter in parameters:
        _print_parameter(parameter, "  ")


def _print_parameter(parameter: dict[str, Any], margin: str) -> None:
    show(f"{margin}{_signature(parameter)}")
    if parameter["meaning"]:
        show(f"{margin}    {parameter['meaning']}")
    for key in parameter.get("keys", ()):
        _print_parameter(key, f"{margin}    ")


def _print_rubric(rubric: Rubric, components: list[dict[str, Any]]) -> None:
    spec = rubric.spec
    show(f"{rubric.name}: {spec.description}" if spec.description else rubric.name)
    show(f"weighted {spec.total} of {_span(rubric.reach)}, reward from {_span(rubric.range)}")
    show(f"rollouts of one prompt share: {spec.group_by}")
    if spec.reference:
        show(f"reference: {' or '.join(spec.reference)}")
    if spec.normalize is not None:
        show(f"normalised per {spec.normalize.by}")
    show(f"digest {rubric.digest}\n")
    rows = []
    for shown, bound in zip(components, rubric.components, strict=True):
        policies = f"{shown['on_error']}, {shown['on_refusal']}"
        declared = bound.scorer.parameters.items()
        given = _changed(
            shown["params"], {name: tabled(p.default, defaults=True) for name, p in declared}
        )
        name, address = shown["name"], shown["scorer"]
        rows.append(
            [name, address, _span(shown["range"]), _counts(shown), policies, _shortly(given)]
        )
    columns = ["component", "scorer", "scores", "counts", "on error, refusal", "parameters"]
    print_table(columns, rows, prose=["counts", "on error, refusal", "parameters"])
    show("\nOther parameters are at their defaults: rewards list SCORER, or --json here.")


def _heading(scorer: Scorer[..., Any]) -> str:
    return f"{scorer.address}  ({', '.join([_span(scorer.range), *_notes(scorer)])})"


def _notes(scorer: Scorer[..., Any]) -> list[str]:
    return ["sees the whole group"] * scorer.is_group + ["calls a model"] * scorer.is_async


def _signature(parameter: dict[str, Any]) -> str:
    default = "required" if parameter["required"] else json_text(parameter["default"])
    kind = "table" if "keys" in parameter else parameter["type"]
    return f"{parameter['name']}: {kind} = {default}"


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


def _described(scorer: Scorer[..., Any]) -> dict[str, Any]:
    return {
        "scorer": scorer.address,
        "summary": scorer.summary,
        "range": list(scorer.range),
        "kind": "group" if scorer.is_group else "sample",
        "async": scorer.is_async,
        "requires": list(scorer.requires),
        "parameters": _parameters(scorer),
    }


def _parameters(scorer: Scorer[..., Any]) -> list[dict[str, Any]]:
    hints, meanings = scorer.hints(), scorer.meanings()
    return [
        _parameter(name, hints[name], meanings.get(name, ""), parameter.default)
        for name, parameter in scorer.parameters.items()
    ]


def _parameter(name: str, hint: Any, meaning: str, default: Any) -> dict[str, Any]:
    """One parameter, or one key of a parameter that is a table."""
    required = default is REQUIRED
    entry = {"name": name, "type": type_name(hint), "required": required, "meaning": meaning}
    if not required:
        entry["default"] = tabled(default)
    if is_table(hint):
        entry["keys"] = [_parameter(*key) for key in keys_of(hint)]
    return entry


def _component(rubric: Rubric, index: int) -> dict[str, Any]:
    """A component with its defaults written out: what the engine runs, not what the file says."""
    spec, bound = rubric.spec.component[index], rubric.components[index]
    return {
        "name": spec.name,
        "scorer": spec.scorer,
        "range": [bound.low, bound.high],
        "weight": bound.weight,
        "gate": bound.gate,
        "threshold": bound.threshold if bound.gate or bound.all_or_nothing else None,
        "pays": None if bound.gate else list(bound.paid),
        "on_error": bound.on_error,
        "on_refusal": bound.on_refusal,
        "params": {name: tabled(value, defaults=True) for name, value in bound.params.items()},
    }


def _rubric_document(rubric: Rubric, components: list[dict[str, Any]]) -> dict[str, Any]:
    normalize = rubric.spec.normalize
    return {
        "name": rubric.name,
        "description": rubric.spec.description,
        "digest": rubric.digest,
        "range": list(rubric.range),
        "reach": list(rubric.reach),
        "total": rubric.spec.total,
        "group_by": rubric.spec.group_by,
        "reference": list(rubric.spec.reference),
        "normalize": normalize and {"by": normalize.by, "clip": normalize.clip},
        "components": components,
    }


def _counts(component: dict[str, Any]) -> str:
    """How a component enters the reward, in words."""
    threshold = component["threshold"]
    if component["gate"]:
        return f"gate, opens at {figure(threshold)}"
    weight = f"weight {figure(component['weight'])}" if component["weight"] else "metric only"
    if component["pays"] != component["range"]:
        weight += f", scaled to {_span(component['pays'])}"
    return weight if threshold is None else f"{weight}, all or nothing at {figure(threshold)}"


def _span(ends: Sequence[float]) -> str:
    return f"{figure(ends[0])} to {figure(ends[1])}"
