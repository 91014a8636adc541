"""When to ask again: pauses with full jitter, a budget of retries, a breaker for outages."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How failed requests are repeated.

    A request is sent at most `attempts` times. Before the n-th repeat there is a pause, drawn
    from 0 to `base_seconds` doubled n times and at most `cap_seconds` (full jitter: AWS
    Architecture Blog, "Exponential Backoff And Jitter"). All requests of an invocation together
    are repeated at most `reserve` times, and once more for every `1 / ratio` first requests.
    """

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 8.0
    reserve: int = 20
    ratio: float = 0.5
    seed: int = 0

    def pause(self, request: str, attempt: int) -> float:
        """Seconds to wait after the failed attempt number `attempt` (from 0) of a request.

        Drawn from a hash, so that the same seed gives the same pauses whatever the order in
        which threads come in, and two containers that serve other samples pause differently.

        >>> RetryPolicy().pause("digest", 2) == RetryPolicy().pause("digest", 2) <= 2.0
        True
        """
        key = f"{self.seed}/{request}/{attempt}".encode()
        share = int.from_bytes(hashlib.sha256(key).digest()[:8], "big") / 2**64
        return share * min(self.cap_seconds, self.base_seconds * 2.0**attempt)


class Spending:
    """What one invocation may still do: repeats by the retry policy, calls and cost by a budget.

    `max_calls` and `max_cost` are 0 where there is no such budget.
    """

    def __init__(self, policy: RetryPolicy, max_calls: int = 0, max_cost: float = 0.0) -> None:
        self.policy = policy
        self.max_calls = max_calls
        self.max_cost = max_cost
        self.calls = 0
        self.retries = 0
        self.cost = 0.0
        self._firsts = 0

    def first(self) -> None:
        """A request is to be sent for the first time."""
        self._firsts += 1

    def exhausted(self) -> str:
        """Why no further request may be sent; empty where one may."""
        if self.max_calls and self.calls >= self.max_calls:
            return f"max_calls = {self.max_calls} requests are used up in this invocation"
        if self.max_cost and self.cost >= self.max_cost:
            return f"max_cost = {self.max_cost:g} is spent in this invocation"
        return ""

    def may_retry(self) -> bool:
        """Take one repeat out of the budget, if there is one left."""
        if self.retries >= self.policy.reserve + int(self.policy.ratio * self._firsts):
            return False
        self.retries += 1
        return True


class Breaker:
    """Stops asking a service that fails every time, and lets one request through to probe it.

    Opens after `failures` failures in a row (throttling is none: a service that throttles works).
    While open, every `probe_every`-th request goes out; one success closes it. Counting requests
    instead of seconds keeps it free of a clock, so that a run is repeatable.
    """

    def __init__(self, failures: int = 24, probe_every: int = 8) -> None:
        self.failures = failures
        self.probe_every = probe_every
        self._in_a_row = 0
        self._held_back = 0

    @property
    def is_open(self) -> bool:
        """Whether the service has failed too often to be asked by everybody."""
        return self._in_a_row >= self.failures

    def admits(self) -> bool:
        """Whether a request may go out now."""
        if not self.is_open:
            return True
        self._held_back += 1
        return self._held_back % self.probe_every == 0

    def failed(self) -> None:
        """A request failed: the service was at fault."""
        self._in_a_row += 1

    def succeeded(self) -> None:
        """A request was answered."""
        self._in_a_row = 0
        self._held_back = 0
