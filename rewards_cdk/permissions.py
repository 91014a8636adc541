"""What a role may do, and roles that keep what they were made for.

A published version of a function, a job that trains and an execution that runs go on with the role
that they were given, for days. So no deployment takes a permission from a role: other permissions
make another role, and the one before stays in the account with its own policy.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import CfnDeletionPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from rewards_cdk.findings import accept_resources

#: Roles stand below this path, each deployment's below its name.
PATH = "/rft/"

_DIGEST_CHARS = 12


@dataclass(frozen=True, slots=True)
class Allowed:
    """A statement of a policy, and why its resources hold a wildcard where they do."""

    statement: iam.PolicyStatement
    because: str = ""


def allow(
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, object] | None = None,
    because: str = "",
) -> Allowed:
    """Allow actions on resources; a wildcard without a reason fails the synth."""
    statement = iam.PolicyStatement(
        actions=list(actions), resources=list(resources), conditions=conditions
    )
    return Allowed(statement, because)


def pinned_role(
    scope: Construct,
    id: str,
    *,
    owner: str,
    principal: iam.IPrincipal,
    description: str,
    allowed: Sequence[Allowed],
) -> iam.Role:
    """A role whose permissions never change: with others it is another role, and this one stays.

    Its path ends in the digest of its policy. A role of another path replaces the one before,
    which the stack keeps (`UpdateReplacePolicy`), policy and all, until somebody deletes it.
    """
    policy = iam.PolicyDocument(statements=[entry.statement for entry in allowed])
    digest = _digest(Stack.of(scope), policy)
    role = iam.Role(
        scope,
        id,
        assumed_by=principal,
        description=description,
        path=f"{PATH}{owner}/{digest}/",
        # In the role itself: a policy beside it would be moved to its successor.
        inline_policies={"Allowed": policy},
    )
    resource = role.node.default_child
    assert isinstance(resource, iam.CfnRole)
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.DELETE
    for entry in allowed:
        if entry.because:
            wild = [resource for resource in entry.statement.resources if "*" in resource]
            accept_resources(role, wild, entry.because)
    return role


def path_of(role: iam.Role) -> str:
    """The path of a pinned role: the same as long as its permissions are."""
    resource = role.node.default_child
    assert isinstance(resource, iam.CfnRole)
    assert resource.path
    return resource.path


def _digest(stack: Stack, policy: iam.PolicyDocument) -> str:
    text = json.dumps(stack.resolve(policy), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]


def roles_of(stack: Stack, owner: str) -> str:
    """The ARN of every role of a deployment, the former ones too."""
    return f"arn:{stack.partition}:iam::{stack.account}:role{PATH}{owner}/*"
