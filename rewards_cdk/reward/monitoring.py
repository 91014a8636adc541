"""What a training's rewards look like from outside: dashboard, alarms and saved queries.

All figures are the handler's own EMF metrics and Lambda's; Bedrock publishes no documented metrics
of RFT jobs.
"""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from rewards_cdk.reward import dashboard, queries
from rewards_cdk.reward.alarms import add_alarms
from rewards_cdk.reward.function import RewardFunction
from rewards_cdk.reward.metrics import RewardMetrics


class RewardMonitoring(Construct):
    """A dashboard, alarms to `topic` and saved Logs Insights queries for one reward function."""

    dashboard: cw.Dashboard
    alarms: Sequence[cw.Alarm]

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        reward: RewardFunction,
        topic: sns.ITopic,
        name: str,
        judge_cost_per_day: float | None = None,
    ) -> None:
        """Watch `reward`; dashboard and queries are called after `name`.

        A judge that costs more than `judge_cost_per_day` sets off an alarm.
        """
        super().__init__(scope, id)
        metrics = RewardMetrics(reward)
        self.alarms = add_alarms(self, metrics, judge_cost_per_day)
        for alarm in self.alarms:
            alarm.add_alarm_action(actions.SnsAction(topic))
        self.dashboard = cw.Dashboard(self, "Dashboard", dashboard_name=f"rft-{name}")
        for row in dashboard.rows(metrics):
            self.dashboard.add_widgets(*row)
        queries.save(self, name, reward.function.log_group)
