"""The state machine of a run: check, create, then look until the job has ended, and tell.

    Load the definition > Check the reward > Create the job > Has it ended? < Look at the job < Wait
                                                                  |
                                                 Tell of the success, or of the failure

A look that finds a running job not well tells of it, once, and the looks go on.

What a step cannot do is told by the class of its error (`rewards.job.errors`). What stays is told
to the topic, and ends the run; all else may pass, and is tried again. A job that cannot be seen
for an hour is told of and looked for again: a watcher that gave up would leave it unwatched.
"""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from rewards.job.definition import STATE_MACHINE
from rewards.job.errors import ConfigError, JobError, MissingError, PreflightError, QuotaError
from rewards_cdk.findings import accept_resources
from rewards_cdk.lambda_step import LambdaStep

#: The error of an execution whose run did not end in a model; the cause says why.
RUN_FAILED = "RunFailed"

#: What no other attempt will change.
STAYS = [error.__name__ for error in (ConfigError, PreflightError, MissingError, JobError)]

#: A quota is free again when another job has ended: twelve attempts in an hour.
_QUOTA_ATTEMPTS, _QUOTA_PAUSE = 12, Duration.minutes(5)

#: Seven attempts in about an hour, the first after half a minute.
_ATTEMPTS, _PAUSE, _RATE = 7, Duration.seconds(30), 2.0

#: The check takes up to a quarter of an hour, and nothing is lost yet.
_CHECK_ATTEMPTS = 4

#: A refusal to look may be a slip of the service's, and giving up leaves a job unwatched.
_LOST_ATTEMPTS = 4

#: A message is sent for a few minutes; a run does not fail for want of it.
_TELL_ATTEMPTS, _TELL_PAUSE = 5, Duration.seconds(10)


class RunMachine(Construct):
    """The state machine `rft-NAME` over the steps `check`, `create` and `watch`.

    It calls the versions of the steps that were the newest when an execution began, to its end.
    """

    machine: sfn.StateMachine

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        parameter: ssm.IStringParameter,
        steps: Mapping[str, LambdaStep],
        topic: sns.ITopic,
        timeout: Duration,
    ) -> None:
        """Run the definition in `parameter`; `name` is the deployment's."""
        super().__init__(scope, id)
        self._name, self._topic, self._steps = name, topic, steps
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=STATE_MACHINE.format(name=name),
            definition_body=sfn.DefinitionBody.from_chainable(self._states(parameter)),
            timeout=timeout,
            tracing_enabled=True,
            logs=self._logs(),
        )
        self._allow()

    def _states(self, parameter: ssm.IStringParameter) -> sfn.Chain:
        """All states, from the first on."""
        # The error's own name cannot be passed on: one that starts with "States." is reserved.
        failed = sfn.Fail(self, "Failed", error=RUN_FAILED, cause_path="$.failure.Cause")
        tell_failure = self._tell("Tell of the failure", "failed", "$.failure", failed)
        load = self._load(parameter)
        check = self._step("Check the reward", "check", "$.check", attempts=_CHECK_ATTEMPTS)
        create = self._step("Create the job", "create", "$.job")
        look = self._step("Look at the job", "watch", "$.job", job="$.job")
        for state in (load, check, create):
            state.add_catch(tell_failure, result_path="$.failure")
        wait = sfn.Wait(self, "Wait", time=sfn.WaitTime.seconds_path("$.job.poll_seconds"))
        self._keep_looking(look, wait, tell_failure)
        ended = self._has_ended(wait, tell_failure)
        wait.next(look).next(ended)
        return load.next(check).next(create).next(ended)

    def _load(self, parameter: ssm.IStringParameter) -> tasks.CallAwsService:
        value = sfn.JsonPath.string_at("$.Parameter.Value")
        load = tasks.CallAwsService(
            self,
            "Load the definition",
            service="ssm",
            action="getParameter",
            parameters={"Name": parameter.parameter_name},
            iam_resources=[parameter.parameter_arn],
            iam_action="ssm:GetParameter",
            result_selector={"definition": sfn.JsonPath.string_to_json(value)},
        )
        _retry(load, _CHECK_ATTEMPTS)
        return load

    def _step(
        self, id: str, step: str, result_path: str, *, attempts: int = _ATTEMPTS, **payload: str
    ) -> tasks.LambdaInvoke:
        """A step, given the definition as loaded, the run's name and its input, and `payload`."""
        invoke = tasks.LambdaInvoke(
            self,
            id,
            lambda_function=self._steps[step].version,
            payload=sfn.TaskInput.from_object(
                {
                    "definition": sfn.JsonPath.object_at("$.definition"),
                    "run": sfn.JsonPath.execution_name,
                    "input": sfn.JsonPath.object_at("$$.Execution.Input"),
                    **{key: sfn.JsonPath.object_at(path) for key, path in payload.items()},
                }
            ),
            payload_response_only=True,
            retry_on_service_exceptions=False,  # `_retry` covers those, and those that it forgets
            result_path=result_path,
        )
        _retry(invoke, attempts, of_what_stays=_LOST_ATTEMPTS if step == "watch" else 0)
        return invoke

    def _keep_looking(
        self, look: tasks.LambdaInvoke, wait: sfn.Wait, tell_failure: sfn.IChainable
    ) -> None:
        """After an hour without a look somebody is told, and the looks go on."""
        lost = sfn.Pass(
            self,
            "Say that nobody watches",
            parameters={
                "Cause": sfn.JsonPath.format(
                    "{} cannot be watched any more, and may go on: see `rewards job status`, end "
                    "it with `rewards job stop`, or watch it with `rewards job watch --attach`. {}",
                    sfn.JsonPath.string_at("$.job.name"),
                    sfn.JsonPath.string_at("$.failure.Cause"),
                )
            },
            result_path="$.failure",
        )
        lost.next(tell_failure)
        unseen = self._tell("Tell that it is out of sight", "is out of sight", "$.unseen", wait)
        look.add_catch(lost, errors=STAYS, result_path="$.failure")
        look.add_catch(unseen, result_path="$.unseen")

    def _has_ended(self, wait: sfn.Wait, tell_failure: sfn.IChainable) -> sfn.Choice:
        completed = sfn.Succeed(self, "Completed")
        tell_success = self._tell("Tell of the success", "completed", "$.job", completed)
        why = sfn.Pass(
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
        )
        why.next(tell_failure)
        # Only a job that goes on has a health: what is told once goes on, too.
        tell_health = self._tell("Tell that it is not well", "is not well", "$.job.health", wait)
        is_news = sfn.Condition.and_(
            sfn.Condition.is_present("$.job.health"),
            sfn.Condition.boolean_equals("$.job.health.tell", True),
        )

        def is_(status: str) -> sfn.Condition:
            return sfn.Condition.string_equals("$.job.status", status)

        return (
            sfn.Choice(self, "Has it ended?")
            .when(is_news, tell_health)
            .when(is_("Completed"), tell_success)
            .when(sfn.Condition.or_(is_("Failed"), is_("Stopped")), why)
            .otherwise(wait)
        )

    def _tell(self, id: str, how: str, what: str, following: sfn.IChainable) -> tasks.SnsPublish:
        """Tell the topic, then go on, even where that fails: an alarm watches the topic."""
        tell = tasks.SnsPublish(
            self,
            id,
            topic=self._topic,
            subject=f"RFT job {self._name} {how}",
            message=sfn.TaskInput.from_object(
                {"run": sfn.JsonPath.execution_name, how: sfn.JsonPath.object_at(what)}
            ),
            result_path=sfn.JsonPath.DISCARD,
        )
        tell.add_retry(interval=_TELL_PAUSE, max_attempts=_TELL_ATTEMPTS, backoff_rate=_RATE)
        tell.add_catch(following, result_path="$.untold")
        tell.next(following)
        return tell

    def _logs(self) -> sfn.LogOptions:
        name = STATE_MACHINE.format(name=self._name)
        group = logs.LogGroup(
            self,
            "Logs",
            # Step Functions can only be given groups of this prefix without outgrowing the
            # account's one resource policy for log delivery.
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        return sfn.LogOptions(
            destination=group, level=sfn.LogLevel.ALL, include_execution_data=True
        )

    def _allow(self) -> None:
        """What CDK does not see: the topic's key, and the versions of earlier executions."""
        if self._topic.master_key:
            self._topic.master_key.grant(self.machine, "kms:Decrypt", "kms:GenerateDataKey")
        versions = [f"{step.function.function_arn}:*" for step in self._steps.values()]
        self.machine.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=versions)
        )
        accept_resources(
            self.machine.role,
            versions,
            "Every version of the steps: an execution goes on with those that were the newest "
            "when it began. The functions are this deployment's own, and each does one thing.",
        )
        accept_resources(
            self.machine.role,
            ["*"],
            "Log delivery and X-Ray are granted to a state machine on * only: their actions have "
            "no resources (Step Functions developer guide).",
        )


def _retry(state: sfn.TaskStateBase, attempts: int, *, of_what_stays: int = 0) -> None:
    """Try again what may pass; what is known to stay `of_what_stays` times."""
    state.add_retry(errors=STAYS, interval=_PAUSE, max_attempts=of_what_stays, backoff_rate=_RATE)
    state.add_retry(
        errors=[QuotaError.__name__],
        interval=_QUOTA_PAUSE,
        max_attempts=_QUOTA_ATTEMPTS,
        backoff_rate=1.0,
    )
    state.add_retry(interval=_PAUSE, max_attempts=attempts, backoff_rate=_RATE)
