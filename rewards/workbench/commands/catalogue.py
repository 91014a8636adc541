"""`rewards list` and `rewards show`: what scorers there are, and what a rubric says."""

import inspect
from typing import Annotated, Any

import typer

from rewards.registry import bundled
from rewards.rubric import Rubric
from rewards.scorer import Scorer, tabled, type_name
from rewards.workbench.options import JsonOption
from rewards.workbench.output import figure, json_text, print_json, print_table, toml_line


def list_scorers(
    family: Annotated[str, typer.Argument(help="Only this family, or this one scorer.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the scorers: what each one rewards, its parameters, its range.

    With --json, a list of {"scorer", "summary", "range", "kind", "requires", "parameters"}, where
    "kind" is "sample" or "group", "async" is true for scorers that call a model, and "parameters"
    is a list of {"name", "type", "required", "default"} ("default" only where there is one).
    """
    found = [s for s in bundled() if _belongs(s, family)]
    if not found:
        families = sorted({scorer.address.partition(".")[0] for scorer in bundled()})
        raise typer.BadParameter(
            f"there is no family {family!r}; there are: {', '.join(families)}", param_hint="FAMILY"
        )
    if as_json:
        print_json([_described(scorer) for scorer in found])
        return
    for scorer in found:
        low, high = scorer.range
        notes = [f"{figure(low)} to {figure(high)}"]
        notes += ["sees the whole group"] * scorer.is_group + ["calls a model"] * scorer.is_async
        print(f"{scorer.address}  ({', '.join(notes)})\n    {scorer.summary}")
        for parameter in _parameters(scorer):
            default = "required" if parameter["required"] else json_text(parameter["default"])
            print(f"      {parameter['name']}: {parameter['type']} = {default}")


def show_rubric(
    rubric: Annotated[str, typer.Argument(help="A bundled rubric's name, or a .toml file.")],
    as_json: JsonOption = False,
) -> None:
    """Show a rubric: its components, weights, gates and error policies, its digest and range.

    With --json, {"name", "description", "digest", "range", "total", "group_by", "reference",
    "normalize", "components"}; a component is {"name", "scorer", "weight", "gate", "threshold",
    "on_error", "on_refusal", "params"}, with every default written out.
    """
    loaded = Rubric.load(rubric)
    components = [_component(loaded, index) for index in range(len(loaded.components))]
    if as_json:
        print_json(_rubric_document(loaded, components))
        return
    low, high = loaded.range
    print(f"{loaded.name}: {loaded.spec.description}" if loaded.spec.description else loaded.name)
    print(f"weighted {loaded.spec.total}, reward from {figure(low)} to {figure(high)}")
    print(f"rollouts of one prompt share: {loaded.spec.group_by}")
    if loaded.spec.reference:
        print(f"reference: {' or '.join(loaded.spec.reference)}")
    if loaded.spec.normalize is not None:
        print(f"normalised per {loaded.spec.normalize.by}")
    print(f"digest {loaded.digest}\n")
    print_table(
        ["component", "scorer", "counts", "on error", "on refusal", "parameters"],
        [
            [
                c["name"],
                c["scorer"],
                _counts(c),
                c["on_error"],
                c["on_refusal"],
                toml_line(c["params"]),
            ]
            for c in components
        ],
    )


def _belongs(scorer: Scorer[..., Any], family: str) -> bool:
    return not family or family in (scorer.address, scorer.address.partition(".")[0])


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
    hints = scorer.hints()
    described = []
    for name, parameter in scorer.parameters.items():
        required = parameter.default is inspect.Parameter.empty
        entry = {"name": name, "type": type_name(hints[name]), "required": required}
        described.append(entry if required else {**entry, "default": tabled(parameter.default)})
    return described


def _component(rubric: Rubric, index: int) -> dict[str, Any]:
    """A component with its defaults written out: what the engine runs, not what the file says."""
    spec, bound = rubric.spec.component[index], rubric.components[index]
    return {
        "name": spec.name,
        "scorer": spec.scorer,
        "weight": bound.weight,
        "gate": bound.gate,
        "threshold": bound.threshold if bound.gate or bound.all_or_nothing else None,
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
    return weight if threshold is None else f"{weight}, all or nothing at {figure(threshold)}"
