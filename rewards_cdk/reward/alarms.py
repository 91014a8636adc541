"""When somebody has to look at a reward: thresholds, and what to do about each."""

from collections.abc import Iterator
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw
from constructs import Construct

from rewards_cdk.reward.metrics import PERIOD, RewardMetrics

#: Periods of five minutes in a row, all of which have to be bad, or so many of a function's: one
#: failed call in a day is Bedrock's to repeat, and a person's to sleep through.
PERIODS, PERIODS_OF_FUNCTION = 3, 2

#: Shares and thresholds.
FAILED_SHARE = 0.05
UNSCORED_SHARE = 0.05
EQUAL_SHARE = 0.9
NEAR_TIMEOUT = 0.8
SATURATION = 0.98
FLOOR = 0.02


_ABOVE = cw.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cw.ComparisonOperator.LESS_THAN_THRESHOLD


class Rule(NamedTuple):
    """An alarm: its name, what is above which threshold (or below it), and what that means.

    Of `periods` in a row so many `bad` ones set it off.
    """

    name: str
    metric: cw.Metric | cw.MathExpression
    threshold: float
    description: str
    is_below: bool = False
    periods: int = PERIODS
    bad: int = PERIODS


def add_alarms(
    scope: Construct, metrics: RewardMetrics, judge_cost_per_day: float | None
) -> list[cw.Alarm]:
    """An alarm for each rule."""
    rules = [*_of_the_function(metrics), *_of_the_reward(metrics)]
    if judge_cost_per_day is not None:
        rules.append(_of_the_judge(metrics, judge_cost_per_day))
    return [
        cw.Alarm(
            scope,
            rule.name,
            metric=rule.metric,
            threshold=rule.threshold,
            comparison_operator=_BELOW if rule.is_below else _ABOVE,
            evaluation_periods=rule.periods,
            datapoints_to_alarm=rule.bad,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description=rule.description,
        )
        for rule in rules
    ]


def _of_the_function(metrics: RewardMetrics) -> Iterator[Rule]:
    function = metrics.reward.function
    yield Rule(
        "Errors",
        metrics.of_calls("errors"),
        FAILED_SHARE,
        f"More than {FAILED_SHARE:.0%} of the calls of the reward fail; Bedrock repeats a call a "
        "few times, then the job fails. See the saved query `errors`.",
        bad=PERIODS_OF_FUNCTION,
    )
    yield Rule(
        "Throttles",
        metrics.of_calls("throttles"),
        FAILED_SHARE,
        f"More than {FAILED_SHARE:.0%} of the calls of the reward are turned away: raise its "
        "reserved concurrency, or the account's quota.",
        bad=PERIODS_OF_FUNCTION,
    )
    yield Rule(
        "NearTimeout",
        function.metric_duration(period=PERIOD, statistic="p99"),
        NEAR_TIMEOUT * metrics.reward.timeout.to_milliseconds(),
        f"The slowest invocations take over {NEAR_TIMEOUT:.0%} of the timeout: raise "
        "`reward.timeout` or `reward.memory`.",
    )


def _of_the_judge(metrics: RewardMetrics, per_day: float) -> Rule:
    return Rule(
        "JudgeCost",
        metrics.own("JudgeCost", cw.Stats.SUM, period=Duration.days(1)),
        per_day,
        f"The judge has cost more than {per_day:g} in a day (reward.judge_cost_per_day, in the "
        "money of the rubric's price table): stop the run, or raise the bound.",
        periods=1,
        bad=1,
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
        "AtTheFloor",
        metrics.own("Reward", cw.Stats.AVERAGE),
        low + FLOOR * (high - low),
        "Nearly every rollout earns the least there is: nothing can be learnt from it. The task "
        "is too hard for the model, its answers are not found, or it has unlearnt the form.",
        is_below=True,
    )
    yield Rule(
        "AllEqual",
        metrics.share("ZeroVarianceGroups", "ComparedGroups", "groups without spread"),
        EQUAL_SHARE,
        f"In over {EQUAL_SHARE:.0%} of the groups all rewards are equal: there is no gradient. "
        "The task is too hard or too easy, or the reward is too coarse.",
    )
