"""The reward Lambda: bundled for its rubric, versioned, allowed only what it uses."""

from collections.abc import Iterator
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from rewards.core.errors import SpecError
from rewards.job.settings import NO_RESERVATION, RewardSettings, Vpc
from rewards.judge.terms import TABLE_VARIABLE
from rewards.rubric import Rubric
from rewards.rubric.spec import located
from rewards.sandbox.remote.client import FUNCTION_VARIABLE
from rewards.wire.contract import HANDLER
from rewards.wire.telemetry import NAMESPACE
from rewards_cdk.assets.bundle import build_reward
from rewards_cdk.assets.places import LOCK
from rewards_cdk.assets.platform import Platform
from rewards_cdk.findings import accept
from rewards_cdk.lambda_step import LambdaStep
from rewards_cdk.permissions import Allowed, allow
from rewards_cdk.reward.captured import CapturedEvents
from rewards_cdk.reward.judge_access import ROUTED_REASON, judge_statements, routed
from rewards_cdk.sandbox.function import SandboxFunction, wanted

#: Pure scorers answer in milliseconds; a minute covers the largest batch (AWS's own advice).
PURE_TIMEOUT, PURE_MEMORY = 60, 512

#: A judge may be throttled and asked again; its client needs more memory, which is also CPU.
JUDGE_TIMEOUT, JUDGE_MEMORY = 300, 1024

#: Judge calls in flight over all containers: beyond this, a new account's quotas only throttle.
JUDGE_CALLS_IN_FLIGHT = 160

#: HyperPod calls only functions with this in their name; Bedrock does not mind it.
SAGEMAKER_PREFIX, PREFIX = "SageMaker-", "rft-"

#: Dimension `service` of a function without a name (with one it is the name, so that two
#: deployments of one rubric do not set off each other's alarms).
SERVICE = "reward"

#: What Lambda needs in a VPC.
_VPC_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
_VPC_REASON = (
    "Lambda manages network interfaces that have no name before they exist, and EC2 offers no "
    "resources to narrow its Describe calls to."
)


class RewardFunction(Construct):
    """A rubric as a Lambda function, with a version and the alias `live` for each deployment.

    Give Bedrock `version.function_arn`: a version keeps its code, settings and permissions, and
    superseded versions are kept, so that no deployment changes or removes the reward under a
    running job.
    """

    function: lambda_.Function
    version: lambda_.Version
    alias: lambda_.Alias
    rubric: Rubric
    settings: RewardSettings
    timeout: Duration
    service: str
    judge_cache: dynamodb.Table | None
    captured: CapturedEvents | None
    sandbox: SandboxFunction | None

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: RewardSettings,
        name: str | None = None,
        root: Path = Path(),
        local_build: bool = False,
    ) -> None:
        """Bundle the rubric of `settings` and define its function.

        Timeout, memory (MB) and reserved concurrency follow from the rubric unless given: a
        judge needs more of the first two, and a bound on how many containers call it at once.
        A function of pure scorers reserves nothing, since a new account has little to reserve.

        `name` is the deployment's: with it the function is called `rft-NAME`, or `SageMaker-NAME`
        where the settings say so. Files of the settings are below `root`. `local_build` builds
        for this machine's Python, for a run under an emulator.

        Raises:
            SpecError, BundleError: the rubric cannot be used, or its asset not be built.
        """
        super().__init__(scope, id)
        self.settings = settings
        self.rubric = Rubric.load(located(settings.rubric, root))
        default = JUDGE_TIMEOUT if self.rubric.is_async else PURE_TIMEOUT
        self.timeout = Duration.seconds(settings.timeout or default)
        prefix = SAGEMAKER_PREFIX if settings.sagemaker else PREFIX
        self.service = f"{prefix}{name}" if name else SERVICE
        self.judge_cache = self._verdicts() if settings.judge_cache else None
        self.captured = CapturedEvents(self, "Events") if settings.log_events else None
        platform = Platform.local() if local_build else Platform(settings.architecture)
        self.sandbox = self._sandbox(settings, name, platform) if wanted(self.rubric) else None
        step = self._lambda(settings, name, root, platform)
        self.function, self.version = step.function, step.version
        if settings.vpc is not None:
            self._place_in(settings.vpc)
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=self.version,
            provisioned_concurrent_executions=settings.provisioned_concurrency,
        )

    def _lambda(
        self, settings: RewardSettings, name: str | None, root: Path, platform: Platform
    ) -> LambdaStep:
        source = located(settings.rubric, root)
        snap_start = lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if settings.snap_start else None
        return LambdaStep(
            self,
            "Lambda",
            owner=name or SERVICE,
            asset=build_reward(
                source,
                lock=root / settings.requirements if settings.requirements else LOCK,
                platform=platform,
                include=settings.include,
            ),
            handler=HANDLER,
            does="the reward function",
            allowed=list(self._allowed(settings.vpc)),
            timeout=self.timeout,
            memory=settings.memory or (JUDGE_MEMORY if self.rubric.is_async else PURE_MEMORY),
            architecture=settings.architecture,
            log_days=settings.log_retention_days,
            version_says=f"digest {self.rubric.digest[:16]}",
            function_name=self.service if name else None,
            description=f"RFT reward: rubric {self.rubric.name}",
            reserved_concurrent_executions=self._reserved(settings.reserved_concurrency),
            snap_start=snap_start,
            environment=self._environment(source, settings),
        )

    def _sandbox(
        self, settings: RewardSettings, name: str | None, platform: Platform
    ) -> SandboxFunction:
        return SandboxFunction(
            self,
            "Sandbox",
            owner=name or SERVICE,
            platform=platform,
            log_days=settings.log_retention_days,
        )

    def _reserved(self, given: int | str | None) -> int | None:
        """How many containers may run at once, where that is bounded."""
        if isinstance(given, int):
            return given
        if given == NO_RESERVATION or not self.rubric.is_async:
            return None
        return max(1, JUDGE_CALLS_IN_FLIGHT // self.rubric.spec.concurrency)

    def _environment(self, source: str | Path, settings: RewardSettings) -> dict[str, str]:
        """The handler's settings."""
        environment = {
            "REWARD_RUBRIC": source.stem if isinstance(source, Path) else source,
            "REWARD_LOG_SAMPLES": f"{settings.log_samples:g}",
            "POWERTOOLS_SERVICE_NAME": self.service,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        }
        if self.judge_cache is not None:
            environment[TABLE_VARIABLE] = self.judge_cache.table_name
        if self.captured is not None:
            environment["REWARD_LOG_EVENTS"] = f"{settings.log_events:g}"
            environment["REWARD_EVENTS_BUCKET"] = self.captured.bucket.bucket_name
        if self.sandbox is not None:
            environment[FUNCTION_VARIABLE] = self.sandbox.version.function_arn
        return environment

    def _allowed(self, vpc: Vpc | None) -> Iterator[Allowed]:
        """What judges and programs call, where verdicts are kept, and what a VPC takes."""
        for statement in judge_statements(self, self.rubric):
            yield Allowed(statement, ROUTED_REASON if routed(statement) else "")
        if self.judge_cache is not None:
            # Not `grant`, which adds what it thinks a reader needs (indexes, DescribeTable).
            yield allow(["dynamodb:GetItem", "dynamodb:PutItem"], [self.judge_cache.table_arn])
        if self.captured is not None:
            yield self.captured.allowed()
        if self.sandbox is not None:
            yield allow(["lambda:InvokeFunction"], [self.sandbox.version.function_arn])
        if vpc is not None:
            yield allow(_VPC_ACTIONS, ["*"], because=_VPC_REASON)

    def _verdicts(self) -> dynamodb.Table:
        """The table of the judge's cache: its key and its TTL.

        Raises:
            SpecError: the rubric has no judge.
        """
        if not self.rubric.is_async:
            raise SpecError(
                f"judge_cache is for verdicts, and the rubric {self.rubric.name} has no judge; "
                "leave it out"
            )
        table = dynamodb.Table(
            self,
            "Verdicts",
            partition_key=dynamodb.Attribute(name="digest", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            # A job under way goes on with the version that uses it. Its verdicts expire.
            removal_policy=RemovalPolicy.RETAIN,
        )
        accept(table, "DDB3", "A cache: what is lost is asked of the judge again.")
        return table

    def _place_in(self, vpc: Vpc) -> None:
        """Existing subnets by id: the L2 would look them up in the account at synth."""
        resource = self.function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(vpc.subnet_ids), security_group_ids=list(vpc.security_group_ids)
        )
