"""Where do a running job's curves come from? A file, or what a service is asked for.

A source on the command line is a path, "-", or one of

cloudwatch:NAMESPACE[?service=NAME]  the reward function's metrics, or those of another namespace
log-group:NAME                       its log, by a query of Logs Insights
s3://BUCKET/PREFIX                   the artefacts of a job: its CSV and JSON files
job-events:ID                        the events of a job of the OpenAI-compatible API
"""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from rewards.core.errors import SpecError
from rewards.curves.curves import Run
from rewards.curves.formats import MAX_BYTES, merged, read_curves
from rewards.curves.services import BATCH
from rewards.workbench.output import counted

CLOUDWATCH, LOG_GROUP, BUCKET, EVENTS = "cloudwatch:", "log-group:", "s3://", "job-events:"

#: Lines that one query of Logs Insights returns at most.
_MOST_LINES = 10_000
#: How long a query is waited for, and how long between two looks at it.
_QUERY_SECONDS, _LOOK_SECONDS = 120, 1.0
#: Objects of a job's artefacts that are curves, and how many are looked at.
_TABLES, _MOST_OBJECTS = (".csv", ".jsonl", ".json"), 1_000


def is_service(source: str) -> bool:
    """Whether a source is asked for, not read from this machine."""
    return source.startswith((CLOUDWATCH, LOG_GROUP, BUCKET, EVENTS))


def run_of(source: str, days: float, region: str | None = None) -> Run:
    """The curves of a source; of services, those of the last `days`.

    Raises:
        SpecError: nothing of it is a curve.
        JobError: a service refused.
    """
    if source.startswith(CLOUDWATCH):
        return read_curves(_metrics(source.removeprefix(CLOUDWATCH), days, region), source)
    if source.startswith(LOG_GROUP):
        return read_curves(_log(source.removeprefix(LOG_GROUP), days, region), source)
    if source.startswith(EVENTS):
        return read_curves(_events(source.removeprefix(EVENTS), region), source)
    if source.startswith(BUCKET):
        found = list(_artefacts(source.removeprefix(BUCKET), region))
        if not found:
            raise SpecError(f"{source}: none of its CSV and JSON files holds a curve")
        return merged(found)
    return read_curves(text_of(source), source)


def text_of(source: str) -> str:
    """A file's text; what is no UTF-8 in it is replaced, since figures are ASCII."""
    if source == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with Path(source).open("rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            with gzip.open(file) if packed else file as plain:
                data = plain.read(MAX_BYTES + 1)
    return _decoded(data, source)


def _decoded(data: bytes, source: str) -> str:
    if len(data) > MAX_BYTES:
        raise SpecError(f"{source}: more than {MAX_BYTES:,} bytes; export fewer steps")
    return data.decode("utf-8-sig", "replace")


def _since(days: float) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(days=days), now


def _metrics(address: str, days: float, region: str | None) -> str:
    """GetMetricData of all metrics of a namespace that have the dimensions asked for."""
    from rewards.job.aws import aws_client, calling
    from rewards.job.health.metrics import metric_data

    namespace, _, query = address.partition("?")
    wanted = [{"Name": name, "Value": value} for name, value in parse_qsl(query)]
    client = aws_client("cloudwatch", region=region)
    with calling(f"the metrics of {namespace}"):
        pages = client.get_paginator("list_metrics").paginate(
            Namespace=namespace, Dimensions=wanted
        )
        listed = [metric for page in pages for metric in page["Metrics"]]
    return metric_data(region, _of_one(listed, address), *_since(days))


def _of_one(listed: list[Any], address: str) -> list[Any]:
    """The metrics, which have to be of one function or job: others' would be mixed in.

    Raises:
        SpecError: they are of several.
    """
    seen = sorted(
        {"&".join(f"{d['Name']}={d['Value']}" for d in one["Dimensions"]) for one in listed}
    )
    if len(seen) > 1:
        namespace = address.partition("?")[0]
        shown = "; ".join(f"{CLOUDWATCH}{namespace}?{one}" for one in seen[:5])
        raise SpecError(f"{CLOUDWATCH}{address} has metrics of {len(seen)}: say which, as {shown}")
    return listed


def _log(
    group: str,
    days: float,
    region: str | None,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """The lines of a log that sum up batches, by a query of Logs Insights."""
    from rewards.job.aws import aws_client, calling

    client = aws_client("logs", region=region)
    start, end = _since(days)
    with calling(f"a query of the log group {group}"):
        query = client.start_query(
            logGroupName=group,
            startTime=int(start.timestamp()),
            endTime=int(end.timestamp()),
            queryString=f'fields @timestamp, @message | filter @message like "{BATCH}"'
            " | sort @timestamp asc",
            limit=_MOST_LINES,
        )["queryId"]
        answer = client.get_query_results(queryId=query)
        for _ in range(int(_QUERY_SECONDS / _LOOK_SECONDS)):
            if answer["status"] not in ("Scheduled", "Running"):
                break
            wait(_LOOK_SECONDS)
            answer = client.get_query_results(queryId=query)
    if answer["status"] != "Complete":
        raise SpecError(f"{LOG_GROUP}{group}: the query is {answer['status']}; ask for fewer days")
    if len(answer["results"]) >= _MOST_LINES:
        lines = counted(_MOST_LINES, "line")
        raise SpecError(f"{LOG_GROUP}{group}: {lines} and more in {days:g} days; ask for fewer")
    return json.dumps({"results": answer["results"]})


def _events(job: str, region: str | None) -> str:
    """The events of a job of the OpenAI-compatible API, all pages."""
    import os

    from rewards.job.clients import jobs_of
    from rewards.job.mantle import MantleJobs

    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise SpecError(f"{EVENTS}{job}: in which region? give --region, or set AWS_REGION")
    jobs = jobs_of({"region": region, "target": "open-weight"})
    assert isinstance(jobs, MantleJobs)
    return json.dumps({"data": jobs.events(job)})


def _artefacts(address: str, region: str | None) -> Iterator[Run]:
    """Runs of the tables below a prefix, those that hold curves."""
    from contextlib import suppress
    from itertools import islice

    from rewards.job.aws import aws_client, calling

    bucket, _, prefix = address.partition("/")
    client = aws_client("s3", region=region)
    with calling(f"the objects of {BUCKET}{address}"):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        listed = [one for page in pages for one in page.get("Contents", ())]
    tables = [one for one in listed if one["Key"].endswith(_TABLES) and one["Size"] <= MAX_BYTES]
    for one in islice(sorted(tables, key=lambda one: str(one["Key"])), _MOST_OBJECTS):
        name = f"{BUCKET}{bucket}/{one['Key']}"
        with calling(f"the object {name}"):
            data = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        with suppress(SpecError):  # a manifest, a README: no curve is in it
            yield read_curves(_decoded(data, name), name)
