"""The RFT job as a definition that can be started, watched and repeated; nothing starts here."""

from pathlib import Path
from typing import Any

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.assets.bundle import build_job
from infra.assets.platform import LAMBDA, RUNTIME_REASON, Platform
from infra.findings import accept, accept_resources
from infra.job.data import RftData
from infra.job.roles import (
    Statements,
    bedrock_statements,
    check_statements,
    mantle_statements,
    service_role,
)
from rewards.job.config import NOVA, JobSettings, RftConfig
from rewards.job.definition import PARAMETER, STATE_MACHINE, Deployed, define
from rewards.job.errors import TransientError
from rewards.job.steps import CREATE_SECONDS, REWARD_SECONDS

#: The module of the steps' Lambdas.
HANDLERS = Path(__file__).parent / "runtime" / "steps.py"

#: The stopping Lambda may have to wait for a creation that is under way, then talk to Bedrock.
STOP_SECONDS = CREATE_SECONDS + 60
WATCH_SECONDS = 60

#: The error of an execution whose run did not end in a model; the cause says why.
RUN_FAILED = "RunFailed"

#: Seven attempts over about an hour: what throttles the creation of a job is a quota.
_THROTTLED_ATTEMPTS, _THROTTLED_SECONDS = 7, 30


class RftJob(Construct):
    """One RFT job: the request as deployed, and the state machine that runs it.

    Deploying it starts nothing. An execution checks the reward on the dataset's own references,
    creates the job, watches it to its end and notifies `topic`; its name is the token that keeps
    a repeated creation from making a second job. Its input may hold `hyperparameters`,
    `job_name`, `model_name`, `poll_seconds` and `preflight` (false goes without the check). An
    execution that is aborted, or runs out of time, stops its job.
    """

    state_machine: sfn.StateMachine
    parameter: ssm.StringParameter
    service_role: iam.Role | None

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: RftConfig,
        data: RftData,
        function: lambda_.IVersion,
        full_marks: float | None,
        topic: sns.ITopic,
        local_build: bool = False,
    ) -> None:
        """Define the job of `config`, which calls exactly `function`, a version of the reward.

        `full_marks` is what a reference must earn in the check before a job: the highest reward
        of the rubric; None leaves the check out. `local_build` builds the steps for this
        machine's Python.
        """
        super().__init__(scope, id)
        assert config.job is not None
        platform = Platform.local() if local_build else LAMBDA
        self._name = config.name
        self._asset = build_job(HANDLERS, platform=platform)
        self.service_role = None
        if config.target == NOVA:
            self.service_role = self._service_role(data, function, config.job)
            base_model = config.job.base_model
            allowed = bedrock_statements(Stack.of(self), base_model, self.service_role)
        else:
            allowed = mantle_statements(Stack.of(self), data.train, function.function_arn)
        allowed["check"] = check_statements(data.train, function.function_arn)
        deployed = self._deployed(data, function)
        definition = define(config, deployed, full_marks=full_marks)
        self.parameter = self._parameter(definition)
        steps = {
            "check": self._step("check", REWARD_SECONDS, allowed["check"]),
            "create": self._step("create", CREATE_SECONDS, allowed["create"]),
            "watch": self._step("watch", WATCH_SECONDS, allowed["watch"]),
        }
        self.state_machine = self._state_machine(steps, topic, config.job)
        self._stop_when_aborted(allowed["stop"])
        if self.service_role:
            self._notify_of_jobs(self.service_role, topic)

    def _deployed(self, data: RftData, function: lambda_.IVersion) -> Deployed:
        """What the definition says of this deployment; the machine's ARN by its name."""
        return Deployed(
            state_machine_arn=Stack.of(self).format_arn(
                service="states",
                resource="stateMachine",
                resource_name=STATE_MACHINE.format(name=self._name),
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            role_arn=self.service_role.role_arn if self.service_role else "",
            function_arn=function.function_arn,
            train_uri=data.train.uri,
            output_uri=data.output_uri,
            validation_uris=tuple(source.uri for source in data.validation),
        )

    def _parameter(self, definition: dict[str, Any]) -> ssm.StringParameter:
        return ssm.StringParameter(
            self,
            "Definition",
            parameter_name=PARAMETER.format(name=self._name),
            description="The RFT job's definition; `rewards job start` runs it",
            string_value=Stack.of(self).to_json_string(definition),
            tier=ssm.ParameterTier.INTELLIGENT_TIERING,
        )

    def _service_role(
        self, data: RftData, function: lambda_.IVersion, job: JobSettings
    ) -> iam.Role:
        role = service_role(
            self, "ServiceRole", data=data, function_arn=function.function_arn, job=job
        )
        # The role's own policy names the newest version only. This one stays with its version,
        # so that a job that is under way when the next is deployed can go on calling its own.
        permission = lambda_.CfnPermission(
            self,
            "VersionPermission",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal=role.role_arn,
        )
        permission.apply_removal_policy(RemovalPolicy.RETAIN)
        return role

    def _step(self, step: str, seconds: int, statements: Statements) -> lambda_.Function:
        """One Lambda of the state machine, with a role of its own."""
        log_group = logs.LogGroup(
            self,
            f"{step.title()}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            f"{step.title()}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What the step `{step}` of an RFT run may do",
        )
        log_group.grant_write(role)
        for statement in statements:
            role.add_to_policy(statement)
            accept_resources(
                role,
                [resource for resource in statement.resources if "*" in resource],
                "Jobs, models and projects get their ids from Bedrock when a run creates them, "
                "and a bearer token is no resource that a policy could name; the actions are "
                "listed one by one.",
            )
        function = lambda_.Function(
            self,
            step.title(),
            description=f"RFT job {self._name}: {step}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"steps.{step}",
            code=lambda_.Code.from_asset(str(self._asset.path), asset_hash=self._asset.digest),
            role=role,
            timeout=Duration.seconds(seconds),
            memory_size=512,
            log_group=log_group,
        )
        accept(function, "L1", RUNTIME_REASON)
        return function

    def _state_machine(
        self, steps: dict[str, lambda_.Function], topic: sns.ITopic, job: JobSettings
    ) -> sfn.StateMachine:
        load = tasks.CallAwsService(
            self,
            "Load the definition",
            service="ssm",
            action="getParameter",
            parameters={"Name": self.parameter.parameter_name},
            iam_resources=[self.parameter.parameter_arn],
            iam_action="ssm:GetParameter",
            result_selector={
                "definition": sfn.JsonPath.string_to_json(
                    sfn.JsonPath.string_at("$.Parameter.Value")
                )
            },
        )
        # The error's own name cannot be passed on: one that starts with "States." is reserved.
        failed = sfn.Fail(self, "Failed", error=RUN_FAILED, cause_path="$.failure.Cause")
        tell_failure = self._tell("Tell of the failure", topic, "failed", "$.failure").next(failed)
        check = self._invoke("Check the reward", steps["check"], "$.check")
        create = self._invoke("Create the job", steps["create"], "$.job")
        watch = self._invoke("Look at the job", steps["watch"], "$.job", job="$.job")
        for patient in (create, watch):
            patient.add_retry(
                errors=[TransientError.__name__],
                interval=Duration.seconds(_THROTTLED_SECONDS),
                max_attempts=_THROTTLED_ATTEMPTS,
                backoff_rate=2.0,
            )
        load.add_catch(tell_failure, result_path="$.failure")
        for step in (check, create, watch):
            step.add_catch(tell_failure, result_path="$.failure")
        wait = sfn.Wait(self, "Wait", time=sfn.WaitTime.seconds_path("$.job.poll_seconds"))
        completed = self._tell("Tell of the success", topic, "completed", "$.job").next(
            sfn.Succeed(self, "Completed")
        )
        unsuccessful = sfn.Pass(
            self,
            "Say why",
            parameters={
                "Cause": sfn.JsonPath.format(
                    "{} {}: {}",
                    sfn.JsonPath.string_at("$.job.name"),
                    sfn.JsonPath.string_at("$.job.status"),
                    sfn.JsonPath.string_at("$.job.message"),
                ),
            },
            result_path="$.failure",
        ).next(tell_failure)
        ended = (
            sfn.Choice(self, "Has it ended?")
            .when(sfn.Condition.string_equals("$.job.status", "Completed"), completed)
            .when(
                sfn.Condition.or_(
                    sfn.Condition.string_equals("$.job.status", "Failed"),
                    sfn.Condition.string_equals("$.job.status", "Stopped"),
                ),
                unsuccessful,
            )
            .otherwise(wait)
        )
        wait.next(watch).next(ended)
        machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=STATE_MACHINE.format(name=self._name),
            definition_body=sfn.DefinitionBody.from_chainable(
                load.next(check).next(create).next(ended)
            ),
            timeout=Duration.hours(job.timeout_hours),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "RunLogs",
                    # Step Functions can only be given groups of this prefix without outgrowing
                    # the account's one resource policy for log delivery.
                    log_group_name=f"/aws/vendedlogs/states/{STATE_MACHINE.format(name=self._name)}",
                    retention=logs.RetentionDays.THREE_MONTHS,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=True,
            ),
        )
        if topic.master_key:
            topic.master_key.grant(machine, "kms:Decrypt", "kms:GenerateDataKey")
        accept_resources(
            machine.role,
            ["*"],
            "Log delivery and X-Ray are granted to a state machine on * only: their actions have "
            "no resources (Step Functions developer guide).",
        )
        accept_resources(
            machine.role,
            [f"{step.function_arn}:*" for step in steps.values()],
            "CDK grants a step together with its versions; the functions are this construct's "
            "own, have no versions, and each does one thing.",
        )
        return machine

    def _invoke(
        self, id: str, step: lambda_.Function, result_path: str, **payload: str
    ) -> tasks.LambdaInvoke:
        """A step, given the definition as loaded, the run's name and its input, and `payload`."""
        return tasks.LambdaInvoke(
            self,
            id,
            lambda_function=step,
            payload=sfn.TaskInput.from_object(
                {
                    "definition": sfn.JsonPath.object_at("$.definition"),
                    "run": sfn.JsonPath.execution_name,
                    "input": sfn.JsonPath.object_at("$$.Execution.Input"),
                    **{key: sfn.JsonPath.object_at(path) for key, path in payload.items()},
                }
            ),
            payload_response_only=True,
            result_path=result_path,
        )

    def _tell(self, id: str, topic: sns.ITopic, how: str, what: str) -> tasks.SnsPublish:
        return tasks.SnsPublish(
            self,
            id,
            topic=topic,
            subject=f"RFT job {self._name} {how}",
            message=sfn.TaskInput.from_object(
                {"run": sfn.JsonPath.execution_name, how: sfn.JsonPath.object_at(what)}
            ),
            result_path=sfn.JsonPath.DISCARD,
        )

    def _stop_when_aborted(self, allowed: Statements) -> None:
        """No state runs once an execution is aborted: EventBridge has to call the step."""
        read = iam.PolicyStatement(
            actions=["ssm:GetParameter"], resources=[self.parameter.parameter_arn]
        )
        stop = self._step("stop", STOP_SECONDS, [*allowed, read])
        stop.add_environment("RFT_NAME", self._name)
        events.Rule(
            self,
            "Aborted",
            description="Stop the RFT job of an execution that was aborted or timed out",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                    "status": ["ABORTED", "TIMED_OUT"],
                },
            ),
            targets=[targets.LambdaFunction(stop)],
        )

    def _notify_of_jobs(self, role: iam.Role, topic: sns.ITopic) -> None:
        """Bedrock's own events of the jobs under this role, however they were started."""
        events.Rule(
            self,
            "JobStateChange",
            description="Tell of every state change of the RFT job",
            event_pattern=events.EventPattern(
                source=["aws.bedrock"],
                detail_type=["Model Customization Job State Change"],
                detail={"roleArn": [role.role_arn]},
            ),
            targets=[targets.SnsTopic(topic)],
        )
