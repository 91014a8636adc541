"""The dashboard of one reward: whether the model learns, cheats, or has nothing left to learn."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cw

from rewards.core import errors
from rewards.wire.telemetry import NAMESPACE, fault_metric
from rewards_cdk.reward.metrics import PERIOD, RewardMetrics

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


def rows(metrics: RewardMetrics) -> list[list[cw.IWidget]]:
    """The widgets, row by row."""
    judge = [_of_the_judge(metrics)] if metrics.reward.rubric.is_async else []
    scored: list[cw.IWidget] = [_graph("Rollouts scored", metrics.sums(["BatchSize"]))]
    doctor: list[cw.IWidget] = [_doctor(metrics)]
    return [doctor, _of_the_reward(metrics), _of_the_function(metrics), scored, *judge]


def _doctor(metrics: RewardMetrics) -> cw.TextWidget:
    """Where to ask what these curves say."""
    reward = metrics.reward
    source = f"cloudwatch:{NAMESPACE}?rubric={reward.rubric.name}&service={reward.service}"
    return cw.TextWidget(
        markdown=f"Does it learn, or cheat? `rewards doctor '{source}' --html page.html` says, and"
        " marks it in these curves. A running job is asked at every look of its watch, which tells"
        " the topic of the alarms.",
        width=24,
        height=2,
    )


def _of_the_reward(metrics: RewardMetrics) -> list[cw.IWidget]:
    shares = [
        metrics.share("ZeroVarianceGroups", "ComparedGroups", "groups, all equal"),
        metrics.share("Unscored", "BatchSize", "rollouts, unscored"),
    ]
    return [
        _graph("Reward", metrics.spread()),
        _graph("Components (mean of what each scored)", metrics.components()),
        _graph("Groups without spread, rollouts unscored", shares),
    ]


def _of_the_function(metrics: RewardMetrics) -> list[cw.IWidget]:
    function, most = metrics.reward.function, cw.Stats.MAXIMUM
    timeout = cw.HorizontalAnnotation(
        value=metrics.reward.timeout.to_milliseconds(), label="timeout"
    )
    faults = [metrics.own(fault_metric(kind), cw.Stats.SUM, kind) for kind in FAULT_KINDS]
    durations = [
        function.metric_duration(period=PERIOD, statistic=s, label=s) for s in ("p50", "p99")
    ]
    calls = [
        function.metric_invocations(period=PERIOD),
        function.metric_errors(period=PERIOD),
        function.metric_throttles(period=PERIOD),
        function.metric("ConcurrentExecutions", period=PERIOD, statistic=most),
        metrics.own("ColdStart", cw.Stats.SUM),
    ]
    return [
        _graph("Faults by kind", [*faults, metrics.own("Failed", cw.Stats.SUM)]),
        _graph("Duration and timeout (ms)", durations, [timeout]),
        _graph("Invocations, errors, throttles, concurrency", calls),
    ]


def _of_the_judge(metrics: RewardMetrics) -> list[cw.IWidget]:
    latency = [metrics.own("JudgeLatency", s, s) for s in _PERCENTILES]
    return [
        _graph("Judge tokens", metrics.sums(JUDGE_TOKENS)),
        _graph("Judge cost (by the rubric's price table)", metrics.sums(["JudgeCost"])),
        _graph("Judge requests", metrics.sums(JUDGE_REQUESTS)),
        _graph("Verdicts remembered", metrics.sums(JUDGE_CACHE)),
        _graph("Judge latency (ms)", latency),
    ]


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
