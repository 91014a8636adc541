"""Events kept as they came, each with its answer, in a bucket: what a job really sends.

Loaded only where `reward.log_events` asks for it. Whatever goes wrong here is told and costs an
event, never an answer: what is kept goes out after the answer is there, in a thread that is waited
for no longer than `MOST_SECONDS`, and after `MOST_FAULTS` faults in a row not at all.

`rewards events pull` reads the objects: `events/RUBRIC/REQUEST.json` is the event, and
`REQUEST.expected.json` beside it what the function answered, or how it refused.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any

#: Where objects stand in the bucket, which the function may write to and nowhere else.
PREFIX = "events/"

#: How long an invocation waits for its event to be kept, and leaves to Lambda's timeout.
MOST_SECONDS, SPARE_SECONDS = 3.0, 0.5

#: Faults in a row after which a container keeps nothing more: the bucket will not come back.
MOST_FAULTS = 3

_CONNECT_SECONDS, _READ_SECONDS = 1, 2

#: Puts one object: key, bytes.
Put = Callable[[str, bytes], object]


@dataclass(frozen=True, slots=True)
class Caught:
    """An event that will be kept: its key without its ending, and its bytes before any scoring."""

    key: str
    data: bytes


class Capture:
    """Which events a container keeps, and how."""

    def __init__(self, wanted: float, rubric: str, put: Put, tell: Callable[[str], None]) -> None:
        """Keep a share of the invocations (below 1), or the container's first `wanted`.

        `tell` is told of every fault, in words that hold nothing of the event.
        """
        self._wanted, self._put, self._tell = wanted, put, tell
        self._folder = f"{PREFIX}{rubric}/"
        self._seen = self._faults = 0

    def catch(self, event: object, request_id: str) -> Caught | None:
        """The event as it came, before a scorer can touch it; None where it is not to be kept."""
        self._seen += 1
        if self._faults >= MOST_FAULTS or not self._is_wanted(request_id):
            return None
        try:
            data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            return Caught(f"{self._folder}{request_id}", _encoded(data, event))
        except (ValueError, TypeError, RecursionError) as error:
            self._fault(f"no JSON: {type(error).__name__}")
            return None

    def keep(self, caught: Caught, answer: object, seconds: float) -> None:
        """Put the event and its answer away, within the `seconds` that the invocation has left.

        `answer` is the response, or `{"errorType", "errorMessage"}`. Never raises.
        """
        patience = min(MOST_SECONDS, seconds - SPARE_SECONDS)
        if patience <= 0:
            self._fault("no time left")
            return
        faults: list[str] = []
        try:
            thread = Thread(target=self._put_both, args=(caught, answer, faults), daemon=True)
            thread.start()
            thread.join(patience)
        except RuntimeError as error:  # no thread to be had
            faults.append(type(error).__name__)
        else:
            if thread.is_alive():
                faults.append(f"not within {patience:.1f} s")
        if faults:
            self._fault(faults[0])
        else:
            self._faults = 0

    def _put_both(self, caught: Caught, answer: object, faults: list[str]) -> None:
        try:
            said = json.dumps(answer, separators=(",", ":")).encode()
            self._put(f"{caught.key}.expected.json", said)
            self._put(f"{caught.key}.json", caught.data)  # last: an event never lacks its answer
        except Exception as error:  # noqa: BLE001 - whatever S3 raises, the answer stands
            faults.append(type(error).__name__)

    def _is_wanted(self, request_id: str) -> bool:
        if self._wanted >= 1:
            return self._seen <= self._wanted
        return zlib.crc32(request_id.encode()) / 2**32 < self._wanted

    def _fault(self, what: str) -> None:
        self._faults += 1
        last = "; this container keeps no more" if self._faults == MOST_FAULTS else ""
        self._tell(f"{what}{last}")


def _encoded(data: str, event: object) -> bytes:
    """UTF-8; half a surrogate pair, which UTF-8 cannot hold, escaped as it came."""
    try:
        return data.encode()
    except UnicodeEncodeError:
        return json.dumps(event, separators=(",", ":")).encode()


def put_into(bucket: str) -> Put:
    """A client of S3 that gives up soon: Lambda's own boto3, made during init."""
    import boto3  # noqa: TID251 - only where the deployment keeps events
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 1},
    )
    client: Any = boto3.client("s3", config=config)

    def put(key: str, data: bytes) -> None:
        client.put_object(Bucket=bucket, Key=key, Body=data, ContentType="application/json")

    return put
