"""What the judge has used since the figures were last taken: for the log and for metrics.

The names are EMF metrics, beside those of `rewards.wire.telemetry`:

=========================  ============  ===================================================
name                       unit          meaning
=========================  ============  ===================================================
JudgeRequests              Count         requests sent to a model, retries and repairs included
JudgeRetries               Count         requests sent again: throttled or failed before
JudgeRepairs               Count         requests sent again: the verdict was invalid
JudgeThrottles             Count         requests that the service throttled
JudgeServiceErrors         Count         verdicts given up: the service's fault
JudgeRefusals              Count         verdicts given up: the sample's fault
JudgeCacheHits             Count         verdicts taken from the container's memory
JudgeTableHits             Count         verdicts taken from the cache table
JudgeTableErrors           Count         failed reads and writes of the cache table
JudgeInputTokens           Count         tokens read by the model, cached ones not included
JudgeOutputTokens          Count         tokens written by the model
JudgeCacheReadTokens       Count         tokens of the prompt that the service had cached
JudgeCacheWriteTokens      Count         tokens of the prompt that the service cached
JudgeCost                  None          by the rubric's price table, in its currency
JudgeLatency               Milliseconds  time to an answer, one value a request
=========================  ============  ===================================================

The counters are changed on one thread only: the one that runs the event loop.
"""

from rewards.judge.client import JudgeReply

_counts: dict[str, float] = {}
_latencies: list[float] = []


def count(name: str, amount: float = 1) -> None:
    """Add to a figure."""
    _counts[name] = _counts.get(name, 0) + amount


def replied(reply: JudgeReply, *, cost: float, seconds: float) -> None:
    """Count what one reply used."""
    count("JudgeInputTokens", reply.input_tokens)
    count("JudgeOutputTokens", reply.output_tokens)
    count("JudgeCacheReadTokens", reply.cache_read_tokens)
    count("JudgeCacheWriteTokens", reply.cache_write_tokens)
    count("JudgeCost", cost)
    _latencies.append(seconds * 1000)


def drain() -> dict[str, list[float]]:
    """The figures since the last call, as lists of values, and start again from nothing.

    Empty where no judge was asked.
    """
    figures = {name: [value] for name, value in sorted(_counts.items()) if value}
    if _latencies:
        figures["JudgeLatency"] = list(_latencies)
    _counts.clear()
    _latencies.clear()
    return figures
