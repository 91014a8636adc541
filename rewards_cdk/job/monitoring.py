"""Alarms of the runs: what is told a second way, because the first may be lost.

Step Functions delivers events of its executions at best effort, and an execution that outgrows its
history runs no state that could tell of it. Its metrics count every end.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

PERIOD = Duration.minutes(5)


class RunMonitoring(Construct):
    """Alarms to `topic` for runs that ended badly, jobs that may go on, and messages not sent."""

    def __init__(  # long: one alarm after another, each with what to do about it
        self,
        scope: Construct,
        id: str,
        machine: sfn.StateMachine,
        stop: lambda_.Function,
        stopping: events.Rule,
        topic: sns.ITopic,
    ) -> None:
        """Watch `machine`, its `stop` step, and the rule `stopping` that calls it."""
        super().__init__(scope, id)
        ends = {
            "failed": machine.metric_failed(period=PERIOD),
            "timed_out": machine.metric_timed_out(period=PERIOD),
            "aborted": machine.metric_aborted(period=PERIOD),
        }
        rule = {"RuleName": stopping.rule_name}
        alarms: dict[str, tuple[cw.Metric | cw.MathExpression, str]] = {
            "RunEnded": (
                cw.MathExpression(expression=" + ".join(ends), using_metrics=ends, period=PERIOD),
                "A run did not end in a model: `rewards job list` says which, and why. One that "
                "was aborted, timed out or lost sight of its job may have left it under way.",
            ),
            "StopFailed": (
                stop.metric_errors(period=PERIOD),
                "The job of an aborted run could not be stopped, and goes on: see the log of the "
                "step `stop`, then end it with `rewards job stop`.",
            ),
            "StopNotCalled": (
                cw.Metric(
                    namespace="AWS/Events",
                    metric_name="FailedInvocations",
                    dimensions_map=rule,
                    statistic=cw.Stats.SUM,
                    period=PERIOD,
                ),
                "The step `stop` could not be called for an aborted run, whose job goes on: end "
                "it with `rewards job stop`.",
            ),
            "Untold": (
                topic.metric_number_of_notifications_failed(period=PERIOD, statistic=cw.Stats.SUM),
                "A message of a run or an alarm did not reach a subscriber: look at the topic's "
                "subscriptions.",
            ),
        }
        for name, (metric, description) in alarms.items():
            self._alarm(name, metric, description).add_alarm_action(actions.SnsAction(topic))

    def _alarm(self, id: str, metric: cw.Metric | cw.MathExpression, description: str) -> cw.Alarm:
        return cw.Alarm(
            self,
            id,
            metric=metric,
            threshold=0,
            comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
