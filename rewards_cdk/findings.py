"""Findings of cdk-nag that are accepted, with the reasons: for apps that are checked by it."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def accept(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding on a construct and what is below it; `reason` has to convince.

    `finding` is a rule's name, and in brackets what exactly it found, such as
    `IAM5[Resource::*]`.
    """
    rule = Acknowledgment(id=f"AwsSolutions::AwsSolutions-{finding}", reason=reason)
    Validations.of(construct).acknowledge(rule)


def accept_resources(construct: IConstruct, resources: Iterable[str], reason: str) -> None:
    """Accept that policies of `construct` name these resources, which hold a wildcard."""
    stack = Stack.of(construct)
    for resource in resources:
        accept(construct, f"IAM5[Resource::{_as_reported(stack.resolve(resource))}]", reason)


def _as_reported(resource: Any) -> str:
    """A resolved ARN as cdk-nag writes it: `<LogicalId.Attribute>` for what is not known yet."""
    if isinstance(resource, str):
        return resource
    ((function, argument),) = resource.items()
    if function == "Fn::Join":
        return str(argument[0]).join(_as_reported(part) for part in argument[1])
    return f"<{argument if function == 'Ref' else '.'.join(argument)}>"
