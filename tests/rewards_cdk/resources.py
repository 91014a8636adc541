"""Resources of a template by type and property, never by logical id."""

from typing import Any

from aws_cdk.assertions import Template


def find(template: Template, kind: str, **properties: Any) -> dict[str, dict[str, Any]]:
    """The resources of a type that have these properties, by the names they refer by."""
    found: dict[str, dict[str, Any]] = {}
    for name, resource in template.find_resources(kind).items():
        given = resource.get("Properties", {})
        if all(given.get(key) == value for key, value in properties.items()):
            found[name] = dict(resource)
    return found


def only(template: Template, kind: str, **properties: Any) -> dict[str, Any]:
    """The properties of the one resource that fits."""
    found = list(find(template, kind, **properties).values())
    assert len(found) == 1, f"{len(found)} resources {kind} with {properties}"
    given: dict[str, Any] = found[0]["Properties"]
    return given


def text_of(value: Any) -> str:
    """A joined string of a template, with `<Name>` for what a deployment fills in."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text_of(part) for part in parts)
    if "Fn::Sub" in value:
        return str(value["Fn::Sub"])
    if "Ref" in value:
        return f"<{value['Ref']}>"
    return f"<{'.'.join(value['Fn::GetAtt'])}>"
