"""The Lambda: an event of rollouts in, one reward for each out.

Settings, read once during init:

=============================  ===========  =================================================
environment variable           default      meaning
=============================  ===========  =================================================
REWARD_RUBRIC                  gsm8k        bundled rubric, or path of a .toml file
REWARD_LOG_SAMPLES             0            share of rollouts to log in full, chosen by id
REWARD_LOG_EVENTS              0            share of events to keep whole; from 1 the first N of
                                            a container
REWARD_EVENTS_BUCKET                        where they are kept
REWARD_DEADLINE_MARGIN_MS      1000         time kept back to answer before Lambda's timeout
POWERTOOLS_SERVICE_NAME        reward       dimension `service` of every metric
POWERTOOLS_METRICS_NAMESPACE   BedrockRFT   namespace of the metrics
POWERTOOLS_LOG_LEVEL           INFO         level of the log
=============================  ===========  =================================================

A rubric that cannot be used fails the init with the reason, so that no job starts on it.
Prompts and completions are logged for the rollouts that REWARD_LOG_SAMPLES picks, else never.
"""

import math
import os
import zlib
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from rewards.core.errors import SpecError
from rewards.rubric import Rubric
from rewards.wire.answering import Answered, answer
from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.wire.telemetry import NAMESPACE, emf_records, metrics_of, rollout_line

if TYPE_CHECKING:
    from rewards.rubric.bugs import Bug
    from rewards.wire.capture import Capture, Caught

DEFAULT_RUBRIC = "gsm8k"

#: The margin never takes more than this share of the time that an invocation has left.
MAX_MARGIN_SHARE = 0.25


def _setting(name: str, default: float, low: float, high: float) -> float:
    """A number from the environment, or an error that says what it must be."""
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise SpecError(f"{name} must be a number from {low:g} to {high:g}, got {text!r}")
    return value


RUBRIC = Rubric.load(os.environ.get("REWARD_RUBRIC") or DEFAULT_RUBRIC)
LOG_SAMPLES = _setting("REWARD_LOG_SAMPLES", 0.0, 0.0, 1.0)
LOG_EVENTS = _setting("REWARD_LOG_EVENTS", 0.0, 0.0, 1_000_000.0)
MARGIN_SECONDS = _setting("REWARD_DEADLINE_MARGIN_MS", 1000.0, 0.0, 900_000.0) / 1000

_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME") or "reward"
_LOGGER = Logger(service=_SERVICE)
_METRICS = Metrics(
    service=_SERVICE,
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE,
)
_METRICS.set_default_dimensions(rubric=RUBRIC.name)
_LOGGER.append_keys(rubric=RUBRIC.name)

_cold_start = True

_SERVICES = RUBRIC.services()
for _service, _params in _SERVICES:  # a judge's client is made during init
    _service.warm_up(_params, RUBRIC.spec.concurrency)


def _capture() -> "Capture | None":
    """What keeps events, where some are to be kept; a fault of it never fails the init."""
    if not LOG_EVENTS:
        return None
    try:
        from rewards.wire.capture import Capture, put_into

        put = put_into(os.environ["REWARD_EVENTS_BUCKET"])
    except Exception as error:  # noqa: BLE001 - the reward works without
        _not_kept(type(error).__name__)
        return None
    return Capture(LOG_EVENTS, RUBRIC.name, put, _not_kept)


def _not_kept(why: str) -> None:
    _LOGGER.warning("event not kept", extra={"why": why})


_CAPTURE = _capture()


def lambda_handler(event: Any, context: Any) -> list[dict[str, Any]]:
    """Score an event: one result for each row, same order, same ids, finite and in range.

    Raises:
        EventError: the event as a whole is in no known shape.
        BatchFailedError: a component with `on_error = "fail"` could not be scored.
    """
    started = perf_counter()
    caught = _catch(event, context) if _CAPTURE else None
    try:
        answered = answer(event, RUBRIC, _deadline(context), _log_bug)
    except Exception as error:
        _report_failure(error, context, started)
        refusal = {"errorType": type(error).__name__, "errorMessage": str(error)}
        _keep(caught, refusal, context)
        raise
    _log_rollouts(answered, context)
    _report(answered, context, started)
    _keep(caught, answered.response, context)
    return answered.response


def _catch(event: object, context: Any) -> "Caught | None":
    """The event as it came, where it is to be kept and the request has an id to call it by."""
    request_id = getattr(context, "aws_request_id", None)
    return _CAPTURE.catch(event, str(request_id)) if _CAPTURE and request_id else None


def _keep(caught: "Caught | None", answer: object, context: Any) -> None:
    if _CAPTURE and caught is not None:
        _CAPTURE.keep(caught, answer, _seconds_left(context))


def _deadline(context: Any) -> float:
    """When scoring must end, as `time.monotonic()` has it; never without a Lambda context."""
    seconds = _seconds_left(context)
    return monotonic() + seconds - min(MARGIN_SECONDS, seconds * MAX_MARGIN_SHARE)


def _seconds_left(context: Any) -> float:
    """Until Lambda's timeout; infinite without a Lambda context."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return math.inf if remaining is None else float(remaining()) / 1000


def _report(answered: Answered, context: Any, started: float) -> None:
    """One summary line, and the same figures as metrics."""
    duration = (perf_counter() - started) * 1000
    _emit({**metrics_of(answered.summary, answered.rewards), "Duration": [duration]})
    figures = {**answered.summary, "duration_ms": round(duration, 3)}
    if answered.too_large:
        _LOGGER.warning(
            "response without metrics_list: with it, Lambda would refuse all of it",
            extra={"bytes": answered.too_large, "limit": MAX_PAYLOAD_BYTES, **_origin(context)},
        )
    _LOGGER.info("batch scored", extra={**figures, **_origin(context)})


def _log_bug(bug: "Bug") -> None:
    """The first of its kind, with file and line; its message may quote a completion."""
    _LOGGER.error("a scorer has a bug", extra={"bug": bug.without_text(), "digest": RUBRIC.digest})


def _report_failure(error: Exception, context: Any, started: float) -> None:
    """The kind of the failure; its message goes to the caller with the exception."""
    _emit({"Failed": [1], "Duration": [(perf_counter() - started) * 1000]})
    _LOGGER.error("batch failed", extra={"error": type(error).__name__, **_origin(context)})


def _emit(metrics: dict[str, list[float]]) -> None:
    """Print EMF records: CloudWatch makes metrics of them, no call is made."""
    global _cold_start
    if _cold_start:
        _cold_start = False
        metrics["ColdStart"] = [1]
    for service, _ in _SERVICES:  # requests, tokens, cost of this invocation
        metrics.update({name: list(values) for name, values in service.figures().items()})
    for record in emf_records(metrics):
        _METRICS.metric_set.update(record)
        _METRICS.flush_metrics()


def _log_rollouts(answered: Answered, context: Any) -> None:
    """Log the sampled rollouts in full. The choice hangs on the id alone: the same every time."""
    if not LOG_SAMPLES:
        return
    for row, reward in answered.explained():
        if row.sample is None or reward is None:
            continue
        if zlib.crc32(row.sample.id.encode("utf-8", "replace")) / 2**32 < LOG_SAMPLES:
            line = rollout_line(row.sample, row.id, reward)
            _LOGGER.info("rollout", extra={"rollout": line, **_origin(context)})


def _origin(context: Any) -> dict[str, Any]:
    """What gave a line: the exact rubric, and the request.

    The digest reads the scorers' source: it waits for the first line, instead of every start.
    """
    origin = {"digest": RUBRIC.digest}
    request_id = getattr(context, "aws_request_id", None)
    return {**origin, "function_request_id": request_id} if request_id else origin
