"""Saved queries over the function's log, as the CloudWatch console offers them."""

from aws_cdk import aws_logs as logs
from constructs import Construct

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


def save(scope: Construct, name: str, log_group: logs.ILogGroup) -> None:
    """Save every query over `log_group`, below `name` in the console."""
    for query, lines in QUERIES.items():
        logs.QueryDefinition(
            scope,
            f"Query{query.title().replace(' ', '')}",
            query_definition_name=f"rft/{name}/{query}",
            query_string=logs.QueryString(
                fields=lines.get("fields"),
                filter_statements=lines.get("filter"),
                stats_statements=lines.get("stats"),
                sort=lines["sort"][0] if "sort" in lines else None,
                limit=50 if "sort" in lines else None,
            ),
            log_groups=[log_group],
        )
