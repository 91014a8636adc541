"""The RFT job as a definition that can be started, watched and repeated; nothing starts here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from rewards.job.definition import (
    PARAMETER,
    STATE_MACHINE,
    Deployed,
    JobDefinition,
    define,
    full_marks_of,
    watched,
)
from rewards.job.settings import JobSettings, PreflightSettings, RftConfig
from rewards.job.steps import CREATE_SECONDS, REWARD_SECONDS
from rewards.job.targets import NOVA
from rewards_cdk.assets.bundle import build_job
from rewards_cdk.assets.platform import LAMBDA, Platform
from rewards_cdk.job.data import RftData
from rewards_cdk.job.monitoring import RunMonitoring
from rewards_cdk.job.roles import (
    Places,
    check_statements,
    nova_statements,
    open_weight_statements,
    service_role,
)
from rewards_cdk.job.run_machine import RunMachine
from rewards_cdk.lambda_step import LambdaStep
from rewards_cdk.permissions import Allowed, allow, roles_of
from rewards_cdk.reward.function import RewardFunction

#: The module of the steps' Lambdas.
HANDLERS = Path(__file__).parent / "runtime" / "handlers.py"

#: How long each step may take. A look has a few requests, each repeated where no answer comes.
#: Stopping may have to wait for a creation that is under way, then talk to Bedrock.
SECONDS = {
    "check": REWARD_SECONDS,
    "create": CREATE_SECONDS,
    "watch": 240,
    "stop": CREATE_SECONDS + 60,
}

#: Ends of an execution that leave its job as it was.
LEAVING_A_JOB = ["ABORTED", "TIMED_OUT"]


class RftJob(Construct):
    """One RFT job: the request as deployed, and the state machine that runs it.

    Deploying it starts nothing. An execution checks the reward on the dataset's own references,
    creates the job, watches it to its end and notifies `topic`; its name is the token that keeps
    a repeated creation from making a second job. Its input may hold `hyperparameters`,
    `job_name`, `model_name`, `poll_seconds`, `preflight` (false goes without the check) and
    `attach` (the id of a job to watch in place of a new one). An execution that is aborted, or
    runs out of time, stops its job.
    """

    state_machine: sfn.StateMachine
    parameter: ssm.StringParameter
    service_role: iam.Role | None

    def __init__(  # long: a third of it are parameters
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        job: JobSettings,
        data: RftData,
        reward: RewardFunction,
        topic: sns.ITopic,
        target: str = NOVA,
        preflight: PreflightSettings | None = None,
        tags: Mapping[str, str] | None = None,
        local_build: bool = False,
    ) -> None:
        """Define the job of the deployment `name`, which calls the newest version of `reward`.

        `target` is the API that runs it. `local_build` builds the steps for this machine's Python.
        """
        super().__init__(scope, id)
        self._name = name
        self._asset = build_job(HANDLERS, platform=Platform.local() if local_build else LAMBDA)
        places = Places(Stack.of(self), name, data, reward.function.function_arn)
        self.service_role = None
        if target == NOVA:
            self.service_role = service_role(self, "ServiceRole", places=places, job=job)
            allowed = dict(nova_statements(places, job.base_model))
        else:
            allowed = dict(open_weight_statements(places))
        allowed["check"] = check_statements(places)
        # Metrics have no resources. A look stops a job only where the configuration says so.
        allowed["watch"] = [*allowed["watch"], _read_metrics()]
        if job.stop_on:
            allowed["watch"] = [*allowed["stop"], _read_metrics()]
        allowed["stop"] = [*allowed["stop"], self._read_histories(), *_publish(topic)]
        steps = {step: self._step(step, allowed[step]) for step in SECONDS}
        config = RftConfig(
            name=name,
            target=target,
            region=Stack.of(self).region,
            reward=reward.settings,
            data=data.settings,
            job=job,
            preflight=preflight or PreflightSettings(),
            tags=tags or {},
        )
        full_marks = full_marks_of(reward.rubric.spec)
        definition = define(config, self._deployed(data, reward.version), full_marks=full_marks)
        definition["watch"] = watched(reward.rubric.spec, reward.service, job)
        self.parameter = self._parameter(definition)
        stop = steps.pop("stop")
        self.state_machine = RunMachine(
            self,
            "Run",
            name=name,
            parameter=self.parameter,
            steps=steps,
            topic=topic,
            timeout=Duration.hours(job.timeout_hours),
        ).machine
        rule = self._stop_when_aborted(stop, topic)
        if self.service_role:
            self._notify_of_jobs(topic)
        RunMonitoring(self, "Monitoring", self.state_machine, stop.function, rule, topic)

    def _arn(self, resource: str, name: str) -> str:
        """An ARN of Step Functions by its name: the machine's own would make a circle."""
        return Stack.of(self).format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _deployed(self, data: RftData, function: lambda_.IVersion) -> Deployed:
        """What the definition says of this deployment."""
        return Deployed(
            state_machine_arn=self._arn("stateMachine", STATE_MACHINE.format(name=self._name)),
            role_arn=self.service_role.role_arn if self.service_role else "",
            function_arn=function.function_arn,
            train=data.train.place,
            output_uri=data.output_uri,
            validation=tuple(source.place for source in data.validation),
        )

    def _parameter(self, definition: JobDefinition) -> ssm.StringParameter:
        return ssm.StringParameter(
            self,
            "Definition",
            parameter_name=PARAMETER.format(name=self._name),
            description="The RFT job's definition; `rewards job start` runs it",
            string_value=Stack.of(self).to_json_string(definition),
            tier=ssm.ParameterTier.INTELLIGENT_TIERING,
        )

    def _step(self, step: str, allowed: Sequence[Allowed]) -> LambdaStep:
        return LambdaStep(
            self,
            step.title(),
            owner=self._name,
            asset=self._asset,
            handler=f"{HANDLERS.stem}.{step}",
            does=f"the step `{step}` of an RFT run",
            allowed=allowed,
            timeout=Duration.seconds(SECONDS[step]),
            description=f"RFT job {self._name}: {step}",
        )

    def _read_histories(self) -> Allowed:
        """The job of an execution stands in its history."""
        executions = self._arn("execution", f"{STATE_MACHINE.format(name=self._name)}:*")
        because = "Executions are named when they are started; all are of this one state machine."
        return allow(["states:GetExecutionHistory"], [executions], because=because)

    def _stop_when_aborted(self, stop: LambdaStep, topic: sns.ITopic) -> events.Rule:
        """No state runs once an execution is aborted: EventBridge has to call the step.

        What it cannot do, after two more attempts of Lambda's, is told to the topic.
        """
        # Not `on_failure`, which gives the role a policy of its own.
        lambda_.CfnEventInvokeConfig(
            self,
            "StopFailed",
            function_name=stop.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=topic.topic_arn
                )
            ),
        )
        return events.Rule(
            self,
            "Aborted",
            description="Stop the RFT job of an execution that was aborted or timed out",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                    "status": LEAVING_A_JOB,
                },
            ),
            targets=[targets.LambdaFunction(stop.function)],
        )

    def _notify_of_jobs(self, topic: sns.ITopic) -> None:
        """Bedrock's own events of the jobs under any role of this deployment's."""
        roles = roles_of(Stack.of(self), self._name).removesuffix("*")
        events.Rule(
            self,
            "JobStateChange",
            description="Tell of every state change of the RFT job",
            event_pattern=events.EventPattern(
                source=["aws.bedrock"],
                detail_type=["Model Customization Job State Change"],
                detail={"roleArn": events.Match.prefix(roles)},
            ),
            targets=[targets.SnsTopic(topic)],
        )


def _read_metrics() -> Allowed:
    because = "CloudWatch grants reading metrics on * only: GetMetricData has no resources."
    return allow(["cloudwatch:GetMetricData"], ["*"], because=because)


def _publish(topic: sns.ITopic) -> list[Allowed]:
    """To tell a topic something, and to use the key that encrypts it."""
    allowed = [allow(["sns:Publish"], [topic.topic_arn])]
    if topic.master_key:
        key = [topic.master_key.key_arn]
        allowed.append(allow(["kms:Decrypt", "kms:GenerateDataKey"], key))
    return allowed
