"""One Lambda with a log group and a role of its own, published as a version that stays as it is."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnDeletionPolicy, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from rewards_cdk.assets.archive import Asset
from rewards_cdk.assets.platform import RUNTIME, RUNTIME_REASON
from rewards_cdk.findings import accept
from rewards_cdk.permissions import Allowed, allow, path_of, pinned_role

ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}

PYTHON: lambda_.Runtime = getattr(lambda_.Runtime, f"PYTHON_{RUNTIME.replace('.', '_')}")

#: The retention of logs that nobody has set.
LOG_DAYS = 90


class LambdaStep(Construct):
    """A function and its newest version, which keeps code, settings and permissions.

    Versions are kept when they are superseded: what has begun on one ends on it. With the
    function they all go.
    """

    function: lambda_.Function
    version: lambda_.Version

    def __init__(  # long: half of it are parameters
        self,
        scope: Construct,
        id: str,
        *,
        owner: str,
        asset: Asset,
        handler: str,
        does: str,
        allowed: Sequence[Allowed],
        timeout: Duration,
        memory: int = 512,
        architecture: str = "arm64",
        log_days: int = LOG_DAYS,
        version_says: str | None = None,
        **options: Any,
    ) -> None:
        """Run `handler` of `asset`; it may write its log, and what is `allowed` besides.

        `owner` is the deployment's name, `does` ends the role's "What ... may do". `options` are
        further ones of `lambda_.Function`.
        """
        super().__init__(scope, id)
        log_group = self._log_group(log_days)
        role = self._role(owner, does, log_group, allowed)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=PYTHON,
            architecture=ARCHITECTURES[architecture],
            handler=handler,
            code=lambda_.Code.from_asset(str(asset.path), asset_hash=asset.digest),
            role=role,
            timeout=timeout,
            memory_size=memory,
            log_group=log_group,
            current_version_options=lambda_.VersionOptions(
                removal_policy=RemovalPolicy.RETAIN, description=version_says
            ),
            **options,
        )
        accept(self.function, "L1", RUNTIME_REASON)
        _keep_when_replaced(self.function)
        # A version keeps the role that it was published with: another role, another version.
        self.function.invalidate_version_based_on(path_of(role))
        self.version = self.function.current_version

    def _role(
        self, owner: str, does: str, log_group: logs.LogGroup, allowed: Sequence[Allowed]
    ) -> iam.Role:
        writes = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])
        return pinned_role(
            self,
            "Role",
            owner=owner,
            principal=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {does} may do",
            allowed=[writes, *allowed],
        )

    def _log_group(self, days: int) -> logs.LogGroup:
        group = logs.LogGroup(self, "Logs", removal_policy=RemovalPolicy.DESTROY)
        resource = group.node.default_child
        assert isinstance(resource, logs.CfnLogGroup)
        resource.retention_in_days = days
        return group


def _keep_when_replaced(function: lambda_.Function) -> None:
    """Another name makes another function: the one before stays, with versions that are called."""
    resource = function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.DELETE
