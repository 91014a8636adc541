"""What scorers and rubrics there are, and what they say."""

from collections.abc import Sequence
from typing import Any

from rewards.core.errors import SpecError, did_you_mean
from rewards.core.parameters import REQUIRED, is_table, keys_of, tabled, type_name
from rewards.core.scorer import Scorer
from rewards.registry import bundled, resolve, scorers_of
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS, RubricSpec, load_spec
from rewards.workbench.output import figure, print_table


def named(name: str) -> list[Scorer[..., Any]]:
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


def described(scorer: Scorer[..., Any]) -> dict[str, Any]:
    """A scorer as `rewards list --json` prints it."""
    return {
        "scorer": scorer.address,
        "summary": scorer.summary,
        "range": list(scorer.range),
        "kind": "group" if scorer.is_group else "sample",
        "async": scorer.is_async,
        "requires": list(scorer.requires),
        "parameters": parameters_of(scorer),
    }


def parameters_of(scorer: Scorer[..., Any]) -> list[dict[str, Any]]:
    """A scorer's parameters: types, defaults, meanings, and the keys of those that are tables."""
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


def rubrics() -> list[RubricSpec]:
    """The bundled rubrics, by name."""
    return [load_spec(path) for path in sorted(RUBRICS.glob("*.toml"))]


def rubric_document(rubric: Rubric, components: list[dict[str, Any]]) -> dict[str, Any]:
    """A rubric as `rewards show --json` prints it."""
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


def component_of(rubric: Rubric, index: int) -> dict[str, Any]:
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


def span(ends: Sequence[float]) -> str:
    """A range in words: "0 to 1"."""
    return f"{figure(ends[0])} to {figure(ends[1])}"


def print_rubrics(found: Sequence[RubricSpec]) -> None:
    """A line a rubric: its name, what it is for."""
    rows = [[spec.name, spec.description] for spec in found]
    print_table(["rubric", "what it is for"], rows, prose=["what it is for"])
