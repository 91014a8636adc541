"""The reward Lambda: bundled for its rubric, versioned, allowed only what it uses."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.assets.bundle import LOCK, build_reward
from infra.assets.platform import RUNTIME_REASON, Platform
from infra.findings import accept, accept_resources
from infra.reward.judge_access import ROUTED_REASON, judge_statements, routed
from rewards.core.errors import SpecError
from rewards.job.config import Vpc
from rewards.judge.terms import TABLE_VARIABLE
from rewards.rubric import Rubric
from rewards.rubric.spec import located
from rewards.wire.contract import HANDLER
from rewards.wire.telemetry import NAMESPACE

#: Pure scorers answer in milliseconds; a minute covers the largest batch (AWS's own advice).
PURE_TIMEOUT, PURE_MEMORY = 60, 512

#: A judge may be throttled and asked again; its client needs more memory, which is also CPU.
JUDGE_TIMEOUT, JUDGE_MEMORY = 300, 1024

#: Judge calls in flight over all containers: beyond this, a new account's quotas only throttle.
JUDGE_CALLS_IN_FLIGHT = 160

#: What Lambda needs in a VPC. EC2 has no resources to narrow the Describe calls to.
_VPC_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


class RewardFunction(Construct):
    """A rubric as a Lambda function, with a version and the alias `live` for each deployment.

    Give Bedrock `version.function_arn`: a version never changes, and superseded versions are
    kept, so that no deployment changes or removes the reward under a running job.
    """

    function: lambda_.Function
    version: lambda_.Version
    alias: lambda_.Alias
    rubric: Rubric
    timeout: Duration
    service: str
    judge_cache: dynamodb.Table | None

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        rubric: str | Path,
        name: str | None = None,
        architecture: str = "arm64",
        timeout: Duration | None = None,
        memory: int | None = None,
        reserved_concurrency: int | None = None,
        provisioned_concurrency: int | None = None,
        snap_start: bool = False,
        vpc: Vpc | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        log_samples: float = 0.0,
        lock: Path = LOCK,
        include: Sequence[str] = (),
        judge_cache: bool = False,
        local_build: bool = False,
    ) -> None:
        """Bundle `rubric` (a bundled one's name or a file) and define its function.

        Timeout, memory (MB) and reserved concurrency follow from the rubric unless given: a
        judge needs more of the first two, and a bound on how many containers call it at once.
        A function of pure scorers reserves nothing, since a new account has little to reserve.

        `name` is the function's name (SageMaker wants one that starts with `SageMaker-`).
        `provisioned_concurrency` serves callers of the alias; the job calls the version, whose
        cold starts `snap_start` shortens. `log_samples` is the share of rollouts logged in full.
        `lock` pins third-party code, `include` names further packages of yours to ship.
        `judge_cache` makes a table in which all containers keep the verdicts of judges that name
        no `cache_table` of their own.
        `local_build` builds for this machine's Python, for a run under an emulator.

        Raises:
            SpecError, BundleError: the rubric cannot be used, or its asset not be built.
        """
        super().__init__(scope, id)
        self.rubric = Rubric.load(rubric)
        has_judge = self.rubric.is_async
        if judge_cache and not has_judge:
            raise SpecError(
                f"judge_cache is for verdicts, and the rubric {self.rubric.name} has no judge; "
                "leave it out"
            )
        self.timeout = timeout or Duration.seconds(JUDGE_TIMEOUT if has_judge else PURE_TIMEOUT)
        if reserved_concurrency is None and has_judge:
            reserved_concurrency = max(1, JUDGE_CALLS_IN_FLIGHT // self.rubric.spec.concurrency)
        self.service = name or SERVICE
        platform = Platform.local() if local_build else Platform(architecture)
        asset = build_reward(rubric, lock=lock, platform=platform, include=include)
        log_group = logs.LogGroup(
            self, "Logs", retention=log_retention, removal_policy=RemovalPolicy.DESTROY
        )
        role = self._role(log_group, vpc)
        self.judge_cache = self._verdicts(role) if judge_cache else None
        placed = located(rubric)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=f"RFT reward: rubric {self.rubric.name}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=_ARCHITECTURES[architecture],
            handler=HANDLER,
            code=lambda_.Code.from_asset(str(asset.path), asset_hash=asset.digest),
            role=role,
            timeout=self.timeout,
            memory_size=memory or (JUDGE_MEMORY if has_judge else PURE_MEMORY),
            reserved_concurrent_executions=reserved_concurrency,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            log_group=log_group,
            environment={
                "REWARD_RUBRIC": placed.stem if isinstance(placed, Path) else placed,
                "REWARD_LOG_SAMPLES": f"{log_samples:g}",
                "POWERTOOLS_SERVICE_NAME": self.service,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            },
            current_version_options=lambda_.VersionOptions(
                removal_policy=RemovalPolicy.RETAIN,
                description=f"digest {self.rubric.digest[:16]}",
            ),
        )
        accept(self.function, "L1", RUNTIME_REASON)
        if self.judge_cache is not None:
            self.function.add_environment(TABLE_VARIABLE, self.judge_cache.table_name)
        if vpc is not None:
            self._place_in(vpc)
        self.version = self.function.current_version
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=self.version,
            provisioned_concurrent_executions=provisioned_concurrency,
        )

    def _role(self, log_group: logs.LogGroup, vpc: Vpc | None) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="What the reward function may do: write its log, and ask its judges",
        )
        log_group.grant_write(role)
        for statement in judge_statements(self, self.rubric):
            role.add_to_policy(statement)
            accept_resources(role, routed(statement), ROUTED_REASON)
        if vpc is not None:
            role.add_to_policy(iam.PolicyStatement(actions=_VPC_ACTIONS, resources=["*"]))
            accept_resources(
                role,
                ["*"],
                "Lambda manages network interfaces that have no name before they exist, and EC2 "
                "offers no resources to narrow its Describe calls to.",
            )
        return role

    def _verdicts(self, role: iam.Role) -> dynamodb.Table:
        """The table of the judge's cache: its key, its TTL, and single items for the role."""
        table = dynamodb.Table(
            self,
            "Verdicts",
            partition_key=dynamodb.Attribute(name="digest", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(table, "DDB3", "A cache: what is lost is asked of the judge again.")
        # Not `grant`, which adds what it thinks a reader needs (indexes, DescribeTable).
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem"], resources=[table.table_arn]
            )
        )
        return table

    def _place_in(self, vpc: Vpc) -> None:
        """Existing subnets by id: the L2 would look them up in the account at synth."""
        resource = self.function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(vpc.subnet_ids), security_group_ids=list(vpc.security_group_ids)
        )


_ARCHITECTURES = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}

#: Dimension `service` of a function without a name (with one it is the name, so that two
#: deployments of one rubric do not set off each other's alarms).
SERVICE = "reward"
