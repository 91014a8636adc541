"""What a run has left behind: its end, its artefacts and curves in S3, our own metrics of it."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rewards.job.aws import aws_client, calling
from rewards.job.definition import JobDefinition
from rewards.job.runs import RunView
from rewards.wire.telemetry import NAMESPACE
from rewards.workbench.watching import document

#: More of a bucket's objects than a job leaves, and the longest table of metrics that is read.
MOST_OBJECTS, LONGEST_TABLE = 1000, 1_000_000

#: CloudWatch gives so many values at most; a period is a multiple of a minute.
_POINTS, _MINUTE = 1440, 60

#: Our own metrics of a run, and how each is put together from a period's values.
METRICS = {"Reward": "Average", "Unscored": "Sum", "BatchSize": "Sum", "ZeroVarianceGroups": "Sum"}


def outcome(
    run: RunView, definition: JobDefinition, *, endpoint_url: str | None = None
) -> dict[str, Any]:
    """A run as `rewards job status --json` has it, with what else is known of it.

    `artefacts` are the objects below the job's output that name the job; `training` the rows of
    the tables of metrics among them, numbers as numbers; `metrics` our own between the run's start
    and its end, a list of [time, value] each. What is not there is empty.
    """
    found = document(run)
    found["artefacts"] = list(_artefacts(run, definition, endpoint_url))
    found["training"] = [
        row
        for artefact in found["artefacts"]
        if artefact["uri"].endswith(".csv") and artefact["bytes"] <= LONGEST_TABLE
        for row in _table(artefact["uri"], definition, endpoint_url)
    ]
    found["metrics"] = _metrics(run, definition, endpoint_url)
    return found


def _artefacts(
    run: RunView, definition: JobDefinition, endpoint_url: str | None
) -> Iterator[dict[str, Any]]:
    """Objects below the output that have the job's name or id in their keys."""
    place = definition["request"].get("outputDataConfig", {}).get("s3Uri", "")
    if run.job is None or not place:
        return
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    names = {run.job.name, run.job.id.rpartition("/")[2]}
    s3 = aws_client("s3", region=definition["region"], endpoint_url=endpoint_url)
    page: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": MOST_OBJECTS}
    while True:
        with calling(f"listing {place}"):
            answer = s3.list_objects_v2(**page)
        for entry in answer.get("Contents", ()):
            if any(name in entry["Key"] for name in names):
                yield {"uri": f"s3://{bucket}/{entry['Key']}", "bytes": entry["Size"]}
        if not (token := answer.get("NextContinuationToken")):
            return
        page["ContinuationToken"] = token


def _table(
    uri: str, definition: JobDefinition, endpoint_url: str | None
) -> Iterator[dict[str, float | str]]:
    """The rows of a table of metrics."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3 = aws_client("s3", region=definition["region"], endpoint_url=endpoint_url)
    with calling(f"reading {uri}"):
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8", "replace")
    for row in csv.DictReader(io.StringIO(text)):
        yield {str(name): _number(value) for name, value in row.items() if value is not None}


def _number(text: str) -> float | str:
    """A number where a cell holds a finite one; else the cell as it is."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return text
    return value if math.isfinite(value) else text


def _metrics(
    run: RunView, definition: JobDefinition, endpoint_url: str | None
) -> dict[str, list[list[Any]]]:
    """Our own metrics of the deployment between start and end of the run."""
    started = run.started or (run.job.created if run.job else "")
    if not started:
        return {}
    begin = datetime.fromisoformat(started)
    ended = run.ended or (run.job.ended if run.job else "")
    end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    end += timedelta(minutes=1)
    step = math.ceil((end - begin).total_seconds() / _POINTS / _MINUTE) * _MINUTE
    cloudwatch = aws_client("cloudwatch", region=definition["region"], endpoint_url=endpoint_url)
    service = definition["function"].split(":function:")[-1].partition(":")[0]
    with calling("reading metrics"):
        listed = cloudwatch.list_metrics(
            Namespace=NAMESPACE,
            MetricName="Reward",
            Dimensions=[{"Name": "service", "Value": service}],
        )["Metrics"]
    found: dict[str, list[list[Any]]] = {}
    for metric in listed[:1]:
        for name, statistic in METRICS.items():
            with calling(f"reading the metric {name}"):
                answer = cloudwatch.get_metric_statistics(
                    Namespace=NAMESPACE,
                    MetricName=name,
                    Dimensions=metric["Dimensions"],
                    StartTime=begin,
                    EndTime=end,
                    Period=step,
                    Statistics=[statistic],
                )
            points = [_point(point, statistic) for point in answer["Datapoints"]]
            if points:
                found[name] = sorted(points)
    return found


def _point(point: Mapping[str, Any], statistic: str) -> list[Any]:
    time = point["Timestamp"].astimezone(UTC).isoformat(timespec="seconds")
    return [time, float(point[statistic])]
