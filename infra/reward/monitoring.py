"""What a training's rewards look like from outside: dashboard, alarms and saved queries.

All figures are the handler's own EMF metrics (`rewards.wire.telemetry` lists them) and Lambda's;
Bedrock publishes no documented metrics of RFT jobs.
"""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.reward.function import RewardFunction
from rewards.core import errors
from rewards.wire.telemetry import NAMESPACE, component_metric, fault_metric

#: An alarm that fires on one bad minute of a day-long job is switched off after a week.
PERIOD = Duration.minutes(5)
PERIODS = 3

#: Kinds of fault that the package itself counts: what the engine finds wrong with a verdict and
#: the contract with a row, then every error that a scorer can raise. Scorers may add their own.
FAULT_KINDS = (
    *("exception", "invalid_value", "out_of_range"),
    *("malformed_row", "no_messages", "no_completion"),
    *sorted(
        error.kind
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.UnscoredError)
    ),
)

#: What a judge counts (`rewards.judge.usage` lists all).
JUDGE_TOKENS = (
    "JudgeInputTokens",
    "JudgeOutputTokens",
    "JudgeCacheReadTokens",
    "JudgeCacheWriteTokens",
)
JUDGE_REQUESTS = (
    "JudgeRequests",
    "JudgeRetries",
    "JudgeRepairs",
    "JudgeThrottles",
    "JudgeServiceErrors",
    "JudgeRefusals",
)
JUDGE_CACHE = ("JudgeCacheHits", "JudgeTableHits", "JudgeTableErrors")
_PERCENTILES = ("p50", "p90", "p99")

#: Shares and thresholds of the alarms; each says in its description what to do.
UNSCORED_SHARE = 0.05
EQUAL_SHARE = 0.9
NEAR_TIMEOUT = 0.8
SATURATION = 0.98


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
    ) -> None:
        """Watch `reward`; dashboard and queries are called after `name`."""
        super().__init__(scope, id)
        self.reward = reward
        self.alarms = self._alarms()
        for alarm in self.alarms:
            alarm.add_alarm_action(actions.SnsAction(topic))
        self.dashboard = cw.Dashboard(self, "Dashboard", dashboard_name=f"rft-{name}")
        for row in self._rows():
            self.dashboard.add_widgets(*row)
        self._queries(name)

    def _metric(self, name: str, statistic: str, label: str | None = None) -> cw.Metric:
        """One of the handler's own metrics."""
        return cw.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self.reward.service, "rubric": self.reward.rubric.name},
            statistic=statistic,
            label=label or name,
            period=PERIOD,
        )

    def _share(self, part: str, whole: str, label: str) -> cw.MathExpression:
        """How much of `whole` is `part`; nothing where there was nothing."""
        # The ids of metrics in an expression start in lower case, and are unique in a graph.
        part_id, whole_id = f"m{part}", f"m{whole}"
        return cw.MathExpression(
            expression=f"IF({whole_id} > 0, {part_id} / {whole_id})",
            using_metrics={
                part_id: self._metric(part, cw.Stats.SUM),
                whole_id: self._metric(whole, cw.Stats.SUM),
            },
            label=label,
            period=PERIOD,
        )

    def _alarms(self) -> list[cw.Alarm]:
        function = self.reward.function
        low, high = self.reward.rubric.range
        saturated = low + SATURATION * (high - low)
        timeout = self.reward.timeout.to_milliseconds()
        return [
            self._alarm(
                "Errors",
                function.metric_errors(period=PERIOD, statistic=cw.Stats.SUM),
                0,
                "The reward function fails; Bedrock retries a call a few times, then the job "
                "fails. See the saved query `errors`.",
            ),
            self._alarm(
                "Throttles",
                function.metric_throttles(period=PERIOD, statistic=cw.Stats.SUM),
                0,
                "Calls of the reward are turned away: raise its reserved concurrency, or the "
                "account's quota.",
            ),
            self._alarm(
                "NearTimeout",
                function.metric_duration(period=PERIOD, statistic="p99"),
                NEAR_TIMEOUT * timeout,
                f"The slowest invocations take over {NEAR_TIMEOUT:.0%} of the timeout: raise "
                "`reward.timeout` or `reward.memory`.",
            ),
            self._alarm(
                "Unscored",
                self._share("Unscored", "BatchSize", "unscored share"),
                UNSCORED_SHARE,
                f"More than {UNSCORED_SHARE:.0%} of the rollouts could not be scored by some "
                "component; the dashboard shows the kinds of fault.",
            ),
            self._alarm(
                "Saturated",
                self._metric("Reward", cw.Stats.AVERAGE),
                saturated,
                "Nearly every rollout earns full marks: nothing is left to learn, or the model "
                "has found a way round. Read some rollouts.",
            ),
            self._alarm(
                "AllEqual",
                self._share("ZeroVarianceGroups", "ComparedGroups", "groups without spread"),
                EQUAL_SHARE,
                f"In over {EQUAL_SHARE:.0%} of the groups all rewards are equal: there is no "
                "gradient. The task is too hard or too easy, or the reward is too coarse.",
            ),
        ]

    def _alarm(
        self, id: str, metric: cw.Metric | cw.MathExpression, threshold: float, description: str
    ) -> cw.Alarm:
        return cw.Alarm(
            self,
            id,
            metric=metric,
            threshold=threshold,
            comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=PERIODS,
            datapoints_to_alarm=1 if threshold == 0 else PERIODS,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )

    def _rows(self) -> list[list[cw.IWidget]]:
        function = self.reward.function
        reward = [self._metric("Reward", s, s) for s in ("p10", "p50", "p90", "Average")]
        parts = [
            self._metric(component_metric(c.name), cw.Stats.AVERAGE, c.name)
            for c in self.reward.rubric.components
        ]
        faults = [self._metric(fault_metric(k), cw.Stats.SUM, k) for k in FAULT_KINDS]
        timeout = cw.HorizontalAnnotation(
            value=self.reward.timeout.to_milliseconds(), label="timeout"
        )
        judge: list[cw.IWidget] = [
            _graph("Judge tokens", [self._metric(n, cw.Stats.SUM) for n in JUDGE_TOKENS]),
            _graph(
                "Judge cost (by the rubric's price table)",
                [self._metric("JudgeCost", cw.Stats.SUM)],
            ),
            _graph("Judge requests", [self._metric(n, cw.Stats.SUM) for n in JUDGE_REQUESTS]),
            _graph("Verdicts remembered", [self._metric(n, cw.Stats.SUM) for n in JUDGE_CACHE]),
            _graph(
                "Judge latency (ms)", [self._metric("JudgeLatency", s, s) for s in _PERCENTILES]
            ),
        ]
        return [
            [
                _graph("Reward", reward),
                _graph("Components (mean of what each scored)", parts),
                _graph(
                    "Groups without spread, rollouts unscored",
                    [
                        self._share("ZeroVarianceGroups", "ComparedGroups", "groups, all equal"),
                        self._share("Unscored", "BatchSize", "rollouts, unscored"),
                    ],
                ),
            ],
            [
                _graph("Faults by kind", [*faults, self._metric("Failed", cw.Stats.SUM)]),
                _graph(
                    "Duration and timeout (ms)",
                    [
                        function.metric_duration(period=PERIOD, statistic="p50", label="p50"),
                        function.metric_duration(period=PERIOD, statistic="p99", label="p99"),
                    ],
                    [timeout],
                ),
                _graph(
                    "Invocations, errors, throttles, concurrency",
                    [
                        function.metric_invocations(period=PERIOD),
                        function.metric_errors(period=PERIOD),
                        function.metric_throttles(period=PERIOD),
                        function.metric(
                            "ConcurrentExecutions", period=PERIOD, statistic=cw.Stats.MAXIMUM
                        ),
                        self._metric("ColdStart", cw.Stats.SUM),
                    ],
                ),
            ],
            [_graph("Rollouts scored", [self._metric("BatchSize", cw.Stats.SUM)])],
            *([judge] if self.reward.rubric.is_async else []),
        ]

    def _queries(self, name: str) -> None:
        """Queries over the function's log, as the CloudWatch console offers them."""
        for query, lines in QUERIES.items():
            logs.QueryDefinition(
                self,
                f"Query{query.title().replace(' ', '')}",
                query_definition_name=f"rft/{name}/{query}",
                query_string=logs.QueryString(
                    fields=lines.get("fields"),
                    filter_statements=lines.get("filter"),
                    stats_statements=lines.get("stats"),
                    sort=lines["sort"][0] if "sort" in lines else None,
                    limit=50 if "sort" in lines else None,
                ),
                log_groups=[self.reward.function.log_group],
            )


#: Over the summary lines that the handler logs (`rewards.wire.telemetry.summarize`).
QUERIES: dict[str, dict[str, list[str]]] = {
    "errors": {
        "fields": ["@timestamp", "error", "function_request_id", "@message"],
        "filter": ["level = 'ERROR' or @message like /Task timed out|errorType/"],
        "sort": ["@timestamp desc"],
    },
    "slow batches": {
        "fields": ["@timestamp", "duration_ms", "batch_size", "function_request_id"],
        "filter": ["message = 'batch scored' and duration_ms > 5000"],
        "sort": ["duration_ms desc"],
    },
    "zero rewards": {
        "fields": ["@timestamp", "batch_size", "reward_mean", "reward_max"],
        "filter": ["message = 'batch scored' and reward_max = 0"],
        "sort": ["@timestamp desc"],
    },
    "reward histogram": {
        "filter": ["message = 'batch scored'"],
        "stats": ["count(*) by floor(reward_mean * 10) / 10 as bin"],
    },
    "reward by rubric": {
        "filter": ["message = 'batch scored'"],
        "stats": ["avg(reward_mean), sum(unscored), sum(batch_size) by rubric, digest, bin(5m)"],
    },
    "rollouts": {
        "fields": ["@timestamp", "rollout.id", "rollout.reward", "rollout.completion"],
        "filter": ["message = 'rollout'"],
        "sort": ["@timestamp desc"],
    },
}


def _graph(
    title: str,
    metrics: Sequence[cw.IMetric],
    annotations: Sequence[cw.HorizontalAnnotation] = (),
) -> cw.GraphWidget:
    return cw.GraphWidget(
        title=title,
        left=list(metrics),
        left_annotations=list(annotations),
        width=8,
        height=6,
        period=PERIOD,
    )
