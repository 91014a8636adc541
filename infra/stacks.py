"""The stack of one `rft.toml`: which constructs it has, and how they meet."""

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.job.data import RftData
from infra.job.rft_job import RftJob
from infra.reward.function import RewardFunction
from infra.reward.monitoring import RewardMonitoring
from rewards.job.config import RftConfig
from rewards.job.definition import full_marks_of

#: HyperPod calls only functions with this in their name; Bedrock does not mind it.
SAGEMAKER_PREFIX = "SageMaker-"


class RftStack(Stack):
    """The reward function with its monitoring and, where `rft.toml` has a `[job]`, the job."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: RftConfig,
        account: str | None = None,
        local_build: bool = False,
    ) -> None:
        """Put together what `config` asks for; `account` None leaves it to the deployment."""
        super().__init__(
            scope,
            id,
            env=Environment(account=account, region=config.region),
            description=f"RFT reward function {config.name}",
        )
        for tag, value in config.tags.items():
            Tags.of(self).add(tag, value)
        topic = self._topic(config.email)
        self.reward = self._reward(config, local_build=local_build)
        self.monitoring = RewardMonitoring(
            self,
            "Monitoring",
            reward=self.reward,
            topic=topic,
            name=config.name,
        )
        CfnOutput(self, "RewardVersionArn", value=self.reward.version.function_arn)
        CfnOutput(self, "RewardAliasArn", value=self.reward.alias.function_arn)
        if config.job is not None:
            self._job(config, topic, local_build=local_build)

    def _topic(self, email: str | None) -> sns.Topic:
        """Where alarms and job changes go. Its key is its own: AWS's does not let services in."""
        key = kms.Key(
            self,
            "TopicKey",
            description="Encrypts the notifications of an RFT deployment",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
            pending_window=Duration.days(7),
        )
        topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # With a policy of its own a topic loses the one that lets the account's alarms publish.
        alarms = iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": self.account}},
        )
        topic.add_to_resource_policy(alarms)
        # Conditions are not for EventBridge's use of a key; what may publish, the topic says.
        for service in ("cloudwatch", "events"):
            principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
            key.grant(principal, "kms:Decrypt", "kms:GenerateDataKey")
        if email:
            topic.add_subscription(subscriptions.EmailSubscription(email))
        return topic

    def _reward(self, config: RftConfig, *, local_build: bool) -> RewardFunction:
        given = config.reward
        return RewardFunction(
            self,
            "Reward",
            rubric=config.rubric,
            name=f"{SAGEMAKER_PREFIX if given.sagemaker else 'rft-'}{config.name}",
            architecture=given.architecture,
            timeout=Duration.seconds(given.timeout) if given.timeout else None,
            memory=given.memory,
            reserved_concurrency=given.reserved_concurrency,
            provisioned_concurrency=given.provisioned_concurrency,
            snap_start=given.snap_start,
            vpc=given.vpc,
            log_retention=_RETENTIONS[given.log_retention_days],
            log_samples=given.log_samples,
            lock=config.local(given.requirements),
            include=given.include,
            judge_cache=given.judge_cache,
            local_build=local_build,
        )

    def _job(self, config: RftConfig, topic: sns.Topic, *, local_build: bool) -> None:
        assert config.data is not None
        data = RftData(
            self,
            "Data",
            train=_source(config, config.data.train),
            validation=[_source(config, source) for source in config.data.validation],
            output_days=config.data.output_days,
        )
        job = RftJob(
            self,
            "Job",
            config=config,
            data=data,
            function=self.reward.version,
            full_marks=full_marks_of(self.reward.rubric.spec),
            topic=topic,
            local_build=local_build,
        )
        CfnOutput(self, "StateMachineArn", value=job.state_machine.state_machine_arn)
        CfnOutput(self, "DataBucketName", value=data.bucket.bucket_name)


def _source(config: RftConfig, source: str) -> str:
    return source if source.startswith("s3://") else str(config.local(source))


_RETENTIONS = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
