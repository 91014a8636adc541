"""Events as a Lambda got them: from the bucket that `reward.log_events` fills, or from logs."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from rewards.core.errors import EventError
from rewards.wire.contract import MAX_PAYLOAD_BYTES, rows_of
from rewards.workbench.events.keeping import Captured
from rewards.workbench.local.recorded import EXPECTED
from rewards.workbench.output import json_text

#: How a source is written on the command line, besides the path of a file.
BUCKET, LOG_GROUP = "s3://", "log-group:"

#: A log file that is read whole: as much as a day of events, and no more than fits into memory.
MAX_FILE_BYTES = 512 * 1024 * 1024

#: Objects that are looked at for the newest ones.
MAX_LISTED = 100_000

#: Where loggers put a whole event: Powertools' `log_event`, and most others.
_EVENT_KEYS = ("event", "message")


def pulled(source: str, *, limit: int, region: str | None = None) -> Iterator[Captured]:
    """The newest `limit` events of a bucket, or the first of a log group or file, none twice.

    Raises:
        EventError: there is none, or the source cannot be read.
        JobError: the service refused.
    """
    if source.startswith(BUCKET):
        found = _of_bucket(source.removeprefix(BUCKET), limit, region)
    elif source.startswith(LOG_GROUP):
        found = _of_lines(_log_lines(source.removeprefix(LOG_GROUP), region))
    else:
        found = _of_file(Path(source))
    count = 0
    for event in islice(found, limit):
        count += 1
        yield event
    if not count:
        raise EventError(f"{source} holds no event; set reward.log_events, deploy, and run a job")


def _of_bucket(address: str, limit: int, region: str | None) -> Iterator[Captured]:
    """Objects NAME.json, each with the answer that was kept as NAME.expected.json."""
    from rewards.job.aws import aws_client, calling

    bucket, _, prefix = address.partition("/")
    client = aws_client("s3", region=region)
    times: dict[str, datetime] = {}
    sizes: dict[str, int] = {}
    with calling(f"the objects of {BUCKET}{address}"):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        objects = (one for page in pages for one in page.get("Contents", ()))
        for one in islice(objects, MAX_LISTED):
            times[one["Key"]], sizes[one["Key"]] = one["LastModified"], one["Size"]
    events = [key for key in times if key.endswith(".json") and not key.endswith(EXPECTED)]
    for key in sorted(events, key=lambda key: (times[key], key), reverse=True)[:limit]:
        answer = key.removesuffix(".json") + EXPECTED
        parts = [key, *([answer] if answer in times else [])]
        for part in parts:
            if sizes[part] > MAX_PAYLOAD_BYTES:
                raise EventError(f"{BUCKET}{bucket}/{part} is larger than Lambda's events are")
        with calling(f"the event {BUCKET}{bucket}/{key}"):
            bodies = [client.get_object(Bucket=bucket, Key=part)["Body"].read() for part in parts]
        yield Captured(PurePosixPath(key).stem, *bodies)


def _log_lines(group: str, region: str | None) -> Iterator[str]:
    from rewards.job.aws import aws_client, calling

    client = aws_client("logs", region=region)
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern="messages"
    )
    with calling(f"the log group {group}"):
        for page in pages:
            for event in page.get("events", ()):
                yield str(event.get("message", ""))


def _of_file(path: Path) -> Iterator[Captured]:
    """One event, the answer of `aws logs filter-log-events`, or lines of a log, gzip or not."""
    with path.open("rb") as file:
        packed = file.peek(2)[:2] == b"\x1f\x8b"
        try:
            with gzip.open(file) if packed else file as plain:
                data = plain.read(MAX_FILE_BYTES + 1)
        except (EOFError, gzip.BadGzipFile) as error:
            raise EventError(f"{path}: the gzip data is damaged: {error}") from None
    if len(data) > MAX_FILE_BYTES:
        raise EventError(f"{path}: more than {MAX_FILE_BYTES:,} bytes; export fewer hours")
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return _of_lines(iter(data.decode("utf-8", "replace").splitlines()))
    if _is_event(whole):
        return iter([Captured(path.name.removesuffix(".gz").removesuffix(".json"), data)])
    logged = whole.get("events") if isinstance(whole, dict) else None
    lines = [one.get("message") for one in logged or () if isinstance(one, dict)]
    return _of_lines(iter([*map(str, lines)] or [json_text(whole)]))


def _of_lines(lines: Iterator[str]) -> Iterator[Captured]:
    """The events that stand in lines of a log, called by their digest: none twice."""
    seen: set[str] = set()
    for line in lines:
        found = event_in(line)
        if found is None:
            continue
        digest = hashlib.sha256(found).hexdigest()[:16]
        if digest not in seen:
            seen.add(digest)
            yield Captured(f"event-{digest}", found)


def event_in(line: str) -> bytes | None:
    """The event that a line of a log is or holds, None where it holds none.

    An export puts a time before the line, loggers put the event under "event" or "message".

    >>> event_in('2026-01-01T00:00:00Z [{"messages": []}]')
    b'[{"messages": []}]'
    >>> event_in('{"level": "INFO", "event": [{"messages": []}]}')
    b'[{"messages":[]}]'
    """
    start = min((at for at in (line.find("{"), line.find("[")) if at >= 0), default=-1)
    if start < 0 or '"messages' not in line.replace("\\", ""):
        return None
    text = line[start:].strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if _is_event(value):
        return text.encode("utf-8", "surrogatepass")
    for key in _EVENT_KEYS if isinstance(value, dict) else ():
        inner = value.get(key)
        if isinstance(inner, str) and len(inner) < len(line):
            found = event_in(inner)
            if found is not None:
                return found
        elif _is_event(inner):
            return json_text(inner).encode()
    return None


def _is_event(value: Any) -> bool:
    """Whether it is in a known shape and has a row with messages: a log has other objects."""
    try:
        rows = rows_of(value).rows
    except EventError:
        return False
    return any(isinstance(row, dict) and "messages" in row for row in rows)
