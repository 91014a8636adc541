"""Whether parameters and replies are what botocore's service model says: enums and bounds, too."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.validate import ParamValidator


def problems_of(model: Any, params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the parameters of a Converse call, by botocore's service model."""
    shape = model.operation_model("Converse").input_shape
    report = ParamValidator().validate(dict(params), shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + shape_problems(shape, params)


def shape_problems(shape: Any, value: Any, where: str = "", finite: bool = True) -> list[str]:
    """Enums, patterns, bounds and unions, which botocore's own validator does not look at."""
    kind, rules = shape.type_name, shape.metadata
    problems = []
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        unknown = set(value) - set(shape.members)
        problems += [f"{where}: unknown members {sorted(unknown)}"] if unknown else []
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            problems.append(f"{where}: must have exactly one member")
        for name in shape.required_members:
            if name not in value:
                problems.append(f"{where}: {name} is missing")
        for name in value.keys() & shape.members.keys():
            problems += shape_problems(shape.members[name], value[name], f"{where}.{name}", finite)
    elif kind == "list":
        problems += _bounds(len(value), rules, where)
        for item in value:
            problems += shape_problems(shape.member, item, f"{where}[]", finite)
    elif kind == "map":
        problems += _bounds(len(value), rules, where)
        for key, item in value.items():
            problems += shape_problems(shape.key, key, f"{where} key", finite)
            problems += shape_problems(shape.value, item, f"{where}.{key}", finite)
    elif kind == "string":
        problems += _bounds(len(value), rules, where)
        if getattr(shape, "enum", None) and value not in shape.enum:
            problems.append(f"{where}: {value!r} is not one of {shape.enum}")
        if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
            problems.append(f"{where}: {value!r} does not match {rules['pattern']}")
    elif kind in ("integer", "long", "float", "double"):
        problems += _bounds(value, rules, where)
    return problems


def _bounds(value: float, rules: Mapping[str, Any], where: str) -> list[str]:
    if not rules.get("min", value) <= value <= rules.get("max", value):
        return [f"{where}: {value} is outside {rules.get('min')} to {rules.get('max')}"]
    return []
