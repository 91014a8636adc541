"""The figures of one reward function, as CloudWatch has them: the handler's own, and Lambda's."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw

from rewards.wire.telemetry import NAMESPACE, component_metric
from rewards_cdk.reward.function import RewardFunction

#: An alarm that fires on one bad minute of a day-long job is switched off after a week.
PERIOD = Duration.minutes(5)


class RewardMetrics:
    """Metrics of the handler (see `rewards.wire.telemetry`) under this function's dimensions."""

    def __init__(self, reward: RewardFunction) -> None:
        """Of `reward`."""
        self.reward = reward

    def own(
        self, name: str, statistic: str, label: str | None = None, *, period: Duration = PERIOD
    ) -> cw.Metric:
        """One of the handler's own metrics."""
        return cw.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self.reward.service, "rubric": self.reward.rubric.name},
            statistic=statistic,
            label=label or name,
            period=period,
        )

    def of_calls(self, what: str) -> cw.MathExpression:
        """The share of calls that are `errors` or `throttles`; a throttled one is no invocation."""
        function = self.reward.function
        metrics = {
            "invocations": function.metric_invocations(period=PERIOD),
            "errors": function.metric_errors(period=PERIOD),
            "throttles": function.metric_throttles(period=PERIOD),
        }
        calls = "invocations" if what == "errors" else "invocations + throttles"
        used = {name: m for name, m in metrics.items() if name in (what, *calls.split(" + "))}
        return cw.MathExpression(
            expression=f"IF({calls} > 0, {what} / ({calls}))",
            using_metrics=used,
            label=f"share of calls: {what}",
            period=PERIOD,
        )

    def sums(self, names: Sequence[str]) -> list[cw.Metric]:
        """Several of them, each summed."""
        return [self.own(name, cw.Stats.SUM) for name in names]

    def share(self, part: str, whole: str, label: str) -> cw.MathExpression:
        """How much of `whole` is `part`; nothing where there was nothing."""
        # The ids of metrics in an expression start in lower case, and are unique in a graph.
        part_id, whole_id = f"m{part}", f"m{whole}"
        return cw.MathExpression(
            expression=f"IF({whole_id} > 0, {part_id} / {whole_id})",
            using_metrics={
                part_id: self.own(part, cw.Stats.SUM),
                whole_id: self.own(whole, cw.Stats.SUM),
            },
            label=label,
            period=PERIOD,
        )

    def spread(self) -> list[cw.Metric]:
        """The reward's distribution: CloudWatch has no percentiles of what can be negative."""
        low, _ = self.reward.rubric.range
        statistics = ("p10", "p50", "p90") if low >= 0 else (cw.Stats.MINIMUM, cw.Stats.MAXIMUM)
        return [self.own("Reward", s, s) for s in (*statistics, cw.Stats.AVERAGE)]

    def components(self) -> list[cw.Metric]:
        """The mean of each component, over the samples that it scored."""
        return [
            self.own(component_metric(c.name), cw.Stats.AVERAGE, c.name)
            for c in self.reward.rubric.components
        ]
