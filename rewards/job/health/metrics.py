"""What CloudWatch has counted, asked for as the doctor reads it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rewards.curves.services import OWN_COMPONENT, OWN_METRICS
from rewards.job.aws import aws_client, calling

#: Seconds of one value: CloudWatch keeps minutes for fifteen days.
MINUTE, FIVE_MINUTES = 60, 300
FINE = timedelta(days=15)
#: Series that one call of GetMetricData takes.
_MOST_SERIES = 500


def metric_data(
    region: str | None, metrics: list[dict[str, Any]], start: datetime, end: datetime
) -> str:
    """GetMetricData's answer for metrics, as `rewards.curves.formats` reads it; pages joined.

    Raises:
        TransientError, JobError: as `aws.calling`.
    """
    period = MINUTE if end - start <= FINE else FIVE_MINUTES
    queries = [_query(index, metric, period) for index, metric in enumerate(metrics)]
    client = aws_client("cloudwatch", region=region)
    found: dict[str, dict[str, Any]] = {}
    with calling("the metrics of CloudWatch"):
        for at in range(0, len(queries), _MOST_SERIES):
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries[at : at + _MOST_SERIES], StartTime=start, EndTime=end
            )
            for one in (result for page in pages for result in page["MetricDataResults"]):
                series = found.setdefault(
                    one["Id"], {"Label": one["Label"], "Timestamps": [], "Values": []}
                )
                series["Timestamps"] += [time.isoformat() for time in one["Timestamps"]]
                series["Values"] += one["Values"]
    return json.dumps({"MetricDataResults": list(found.values())})


def _query(index: int, metric: Mapping[str, Any], period: int) -> dict[str, Any]:
    name = metric["MetricName"]
    statistic = "Average" if name.startswith(OWN_COMPONENT) else OWN_METRICS.get(name, "Average")
    return {
        "Id": f"m{index}",
        "Label": name,
        "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic},
    }
