"""One reward, watched, and the job that trains with it: what `rft.toml` deploys, as a construct."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aws_cdk import Annotations, CfnOutput, Stack, Tags, Token
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from rewards.job.config import checked_config
from rewards.job.datasets.whole import check_files, errors_of
from rewards.job.errors import ConfigError
from rewards.job.settings import (
    DataSettings,
    JobSettings,
    PreflightSettings,
    RewardSettings,
    RftConfig,
)
from rewards.job.targets import NOVA, doubts
from rewards_cdk.job.data import RftData
from rewards_cdk.job.rft_job import RftJob
from rewards_cdk.notifications import notifications
from rewards_cdk.reward.function import RewardFunction
from rewards_cdk.reward.monitoring import RewardMonitoring


class RftDeployment(Construct):
    """A reward function with its monitoring and, where there are `data` and a `job`, the job.

    A stack, and an account, holds as many as there are names. Deploying one starts no job;
    `rewards job start` does, or an execution of `job.state_machine`.
    """

    reward: RewardFunction
    monitoring: RewardMonitoring
    topic: sns.Topic
    data: RftData | None
    job: RftJob | None

    def __init__(  # long: half of it are parameters
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        reward: str | RewardSettings,
        data: str | DataSettings | None = None,
        job: str | JobSettings | None = None,
        target: str = NOVA,
        preflight: PreflightSettings | None = None,
        email: str | None = None,
        log_kms_key: str | None = None,
        topic: sns.Topic | None = None,
        tags: Mapping[str, str] | None = None,
        root: str | Path = "",
        local_build: bool = False,
    ) -> None:
        """Put together what `rft.toml` would, by the same rules; `name` is in all names.

        Text stands for settings of which nothing else is set: `reward` a rubric's name or file,
        `data` the training set's file or S3 URI, `job` the base model. Files are below `root`.
        Alarms and job changes go to `topic`, or to one that is made, to which `email` subscribes.
        `log_kms_key`, the ARN of a key, encrypts the logs.
        `local_build` builds the functions for this machine's Python.

        Raises:
            ConfigError: a setting cannot be used, or a dataset has errors.
            SpecError, BundleError: the rubric cannot be used, or its asset not be built.
        """
        super().__init__(scope, id)
        config = RftConfig(
            name=name,
            target=target,
            reward=RewardSettings(reward) if isinstance(reward, str) else reward,
            data=DataSettings(data) if isinstance(data, str) else data,
            job=JobSettings(job) if isinstance(job, str) else job,
            preflight=preflight or PreflightSettings(),
            tags=tags or {},
            email=email,
            log_kms_key=log_kms_key,
            root=Path(root),
        )
        config = self._checked(config)
        for tag, value in config.tags.items():
            Tags.of(self).add(tag, value)
        self.topic = topic or notifications(self, config.email)
        self.reward = RewardFunction(
            self,
            "Reward",
            settings=config.reward,
            name=name,
            root=config.root,
            local_build=local_build,
        )
        self.monitoring = RewardMonitoring(
            self,
            "Monitoring",
            reward=self.reward,
            topic=self.topic,
            name=name,
            judge_cost_per_day=config.reward.judge_cost_per_day,
        )
        CfnOutput(self, "RewardVersionArn", value=self.reward.version.function_arn)
        CfnOutput(self, "RewardAliasArn", value=self.reward.alias.function_arn)
        self.data = self.job = None
        if config.job is not None and config.data is not None:
            self._add_job(config, config.data, config.job, local_build=local_build)
        if config.log_kms_key:
            for construct in self.node.find_all():
                if isinstance(construct, logs.CfnLogGroup):
                    construct.kms_key_id = config.log_kms_key

    def _checked(self, config: RftConfig) -> RftConfig:
        """The configuration for the stack's own region, which a stack for any does not know."""
        region = Stack.of(self).region
        known = "" if Token.is_unresolved(region) else region
        checked = checked_config(replace(config, region=known), where=self.node.path)
        if checked.job is not None:
            for doubt in doubts(checked.target, checked.region, checked.job.base_model):
                Annotations.of(self).add_warning_v2(f"rft:{doubt.partition(' ')[0]}", doubt)
            self._check_data(checked)
        return checked

    def _add_job(
        self, config: RftConfig, data: DataSettings, job: JobSettings, *, local_build: bool
    ) -> None:
        self.data = RftData(self, "Data", settings=data, root=config.root)
        self.job = RftJob(
            self,
            "Job",
            name=config.name,
            job=job,
            data=self.data,
            reward=self.reward,
            topic=self.topic,
            target=config.target,
            preflight=config.preflight,
            tags=config.tags,
            local_build=local_build,
        )
        CfnOutput(self, "StateMachineArn", value=self.job.state_machine.state_machine_arn)
        CfnOutput(self, "DataBucketName", value=self.data.bucket.bucket_name)

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
