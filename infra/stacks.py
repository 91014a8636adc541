"""The stack of one `rft.toml`: which constructs it has, and how they meet."""

from aws_cdk import Annotations, CfnOutput, Duration, Environment, RemovalPolicy, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.job.data import RftData
from infra.job.rft_job import RftJob
from infra.reward.function import RewardFunction
from infra.reward.monitoring import RewardMonitoring
from rewards.job.config import RftConfig
from rewards.job.datasets.whole import check_files, errors_of
from rewards.job.definition import full_marks_of
from rewards.job.errors import ConfigError
from rewards.job.targets import doubts


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
        self.reward = RewardFunction(
            self,
            "Reward",
            settings=config.reward,
            name=config.name,
            root=config.root,
            local_build=local_build,
        )
        self.monitoring = RewardMonitoring(
            self,
            "Monitoring",
            reward=self.reward,
            topic=topic,
            name=config.name,
            judge_cost_per_day=config.reward.judge_cost_per_day,
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

    def _job(self, config: RftConfig, topic: sns.Topic, *, local_build: bool) -> None:
        assert config.data is not None
        assert config.job is not None
        for doubt in doubts(config.target, config.region, config.job.base_model):
            Annotations.of(self).add_warning_v2(f"rft:{doubt.partition(' ')[0]}", doubt)
        self._check_data(config)
        data = RftData(
            self,
            "Data",
            train=_source(config, config.data.train),
            validation=[_source(config, source) for source in config.data.validation],
            output_days=config.data.output_days,
            kms_key=config.data.kms_key,
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

    def _check_data(self, config: RftConfig) -> None:
        """Refuse files on which no job could train; warnings, and errors passed over, are told.

        Raises:
            ConfigError: naming each error, its rows and what to do.
        """
        assert config.data is not None
        reports = check_files(config)
        if (errors := errors_of(reports)) and not config.data.force:
            raise ConfigError(f"{errors}\nTo go on all the same: data.force = true")
        for name, report in reports.items():
            for finding in report.findings:
                id = f"{name}:{finding.code}"
                Annotations.of(self).add_warning_v2(id, f"{name}: {finding}")


def _source(config: RftConfig, source: str) -> str:
    return source if source.startswith("s3://") else str(config.local(source))
