"""When somebody has to look at a reward: thresholds, and what to do about each."""

from collections.abc import Iterator
from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cw
from constructs import Construct

from infra.reward.metrics import PERIOD, RewardMetrics

#: Periods of five minutes in a row, of which so many have to be bad.
PERIODS = 3

#: Shares and thresholds.
UNSCORED_SHARE = 0.05
EQUAL_SHARE = 0.9
NEAR_TIMEOUT = 0.8
SATURATION = 0.98


class Rule(NamedTuple):
    """An alarm: its name, what is above which threshold, and what that means."""

    name: str
    metric: cw.Metric | cw.MathExpression
    threshold: float
    description: str


def add_alarms(scope: Construct, metrics: RewardMetrics) -> list[cw.Alarm]:
    """An alarm for each rule."""
    return [
        cw.Alarm(
            scope,
            rule.name,
            metric=rule.metric,
            threshold=rule.threshold,
            comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=PERIODS,
            datapoints_to_alarm=1 if rule.threshold == 0 else PERIODS,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description=rule.description,
        )
        for rule in (*_of_the_function(metrics), *_of_the_reward(metrics))
    ]


def _of_the_function(metrics: RewardMetrics) -> Iterator[Rule]:
    function = metrics.reward.function
    yield Rule(
        "Errors",
        function.metric_errors(period=PERIOD, statistic=cw.Stats.SUM),
        0,
        "The reward function fails; Bedrock retries a call a few times, then the job fails. See "
        "the saved query `errors`.",
    )
    yield Rule(
        "Throttles",
        function.metric_throttles(period=PERIOD, statistic=cw.Stats.SUM),
        0,
        "Calls of the reward are turned away: raise its reserved concurrency, or the account's "
        "quota.",
    )
    yield Rule(
        "NearTimeout",
        function.metric_duration(period=PERIOD, statistic="p99"),
        NEAR_TIMEOUT * metrics.reward.timeout.to_milliseconds(),
        f"The slowest invocations take over {NEAR_TIMEOUT:.0%} of the timeout: raise "
        "`reward.timeout` or `reward.memory`.",
    )


def _of_the_reward(metrics: RewardMetrics) -> Iterator[Rule]:
    low, high = metrics.reward.rubric.range
    yield Rule(
        "Unscored",
        metrics.share("Unscored", "BatchSize", "unscored share"),
        UNSCORED_SHARE,
        f"More than {UNSCORED_SHARE:.0%} of the rollouts could not be scored by some component; "
        "the dashboard shows the kinds of fault.",
    )
    yield Rule(
        "Saturated",
        metrics.own("Reward", cw.Stats.AVERAGE),
        low + SATURATION * (high - low),
        "Nearly every rollout earns full marks: nothing is left to learn, or the model has found "
        "a way round. Read some rollouts.",
    )
    yield Rule(
        "AllEqual",
        metrics.share("ZeroVarianceGroups", "ComparedGroups", "groups without spread"),
        EQUAL_SHARE,
        f"In over {EQUAL_SHARE:.0%} of the groups all rewards are equal: there is no gradient. "
        "The task is too hard or too easy, or the reward is too coarse.",
    )
