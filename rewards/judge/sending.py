"""One request through to a reply: a place, the breaker, the budget, the time, another try."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from time import perf_counter

from rewards.core.concurrency import FanOut
from rewards.core.errors import BudgetError, DeadlineError, RefusalError, ServiceError
from rewards.judge import usage
from rewards.judge.client import (
    JudgeReply,
    JudgeRequest,
    TooManyRequestsError,
    UnavailableError,
)
from rewards.judge.installed import Installed, installed
from rewards.judge.retry import Spending
from rewards.judge.terms import Asking, Price

#: With less time than this left no request is started: hardly any model answers faster.
MIN_CALL_SECONDS = 0.25

#: A client that does not keep to its timeout may hold this many times `concurrency` threads.
MAX_HANGING = 2


async def sent(request: JudgeRequest, asking: Asking, run: FanOut) -> JudgeReply:
    """A reply of the model, asked again while the service throttles or fails.

    Raises:
        ServiceError: no reply, and the sample is not to blame.
        RefusalError: no reply, and the sample is.
    """
    judge = installed(run.limit)
    budget = asking.price, asking.max_calls, asking.max_cost
    spending: Spending = run.shared.setdefault(
        budget, Spending(judge.policy, asking.max_calls, asking.max_cost)
    )
    return await _Sending(judge, spending, asking, run).reply(request)


@dataclass(frozen=True, slots=True)
class _Sending:
    """Who is asked, and what may be spent on it: in time, in calls, in money."""

    judge: Installed
    spending: Spending
    asking: Asking
    run: FanOut

    async def reply(self, request: JudgeRequest) -> JudgeReply:
        """Attempts, with pauses between them, until there is a reply or no further try."""
        self.spending.first()
        for attempt in count():
            try:
                return await self._attempt(request)
            except (TooManyRequestsError, UnavailableError) as error:
                pause = self._pause(request.digest, attempt, error)
            await asyncio.sleep(pause)
        raise AssertionError("only a reply or an error ends the attempts")

    async def _attempt(self, request: JudgeRequest) -> JudgeReply:
        """One request to the model, once there is a place for it."""
        breaker, pace = self.judge.breaker, self.run.pace
        async with self.run.place() as ticket, self._admitted():
            seconds = min(self.asking.timeout, self._time_left())
            usage.count("JudgeRequests")
            started = perf_counter()
            try:
                reply = await self._in_time(request, seconds)
            except UnavailableError:
                breaker.failed()
                raise
            except TooManyRequestsError:
                breaker.succeeded()  # a service that throttles works
                usage.count("JudgeThrottles")
                pace.throttled(ticket)
                raise
            except RefusalError:
                breaker.succeeded()
                raise
            breaker.succeeded()
        pace.succeeded()
        cost = _cost(reply, self.asking.price)
        self.spending.cost += cost
        usage.replied(reply, cost=cost, seconds=perf_counter() - started)
        return reply

    @asynccontextmanager
    async def _admitted(self) -> AsyncIterator[None]:
        """Pass the breaker. Where it is open, the first request finds out if the service is back.

        The other requests of this invocation wait for what becomes of that one: a container that
        is asked again after an outage must not fail without having tried.
        """
        probe: asyncio.Future[None] | None = self.run.local.get("probe")
        if not self.judge.breaker.is_open:
            yield
        elif probe is None:
            self.run.local["probe"] = probe = asyncio.get_running_loop().create_future()
            try:
                yield
            finally:
                if not probe.done():
                    probe.set_result(None)
        else:
            await asyncio.wait([probe])
            if not self.judge.breaker.admits():
                raise ServiceError("the judge's service failed every time of late: not asked")
            yield

    async def _in_time(self, request: JudgeRequest, seconds: float) -> JudgeReply:
        """The client's reply, if it comes in time: a client may wait longer than it was told."""
        ask = partial(self.judge.client.ask, request, timeout=seconds)
        try:
            return await asyncio.wait_for(
                self.run.in_thread(self.judge.calls.counted(ask)), seconds
            )
        except TimeoutError:
            raise UnavailableError(f"no answer within {seconds:.3g} s") from None

    def _time_left(self) -> float:
        """Seconds that are left for a request that starts now; an error where none may start."""
        if (hanging := self.judge.calls.under_way) >= MAX_HANGING * self.run.limit:
            raise ServiceError(
                f"{hanging} calls of the judge's client hang: no further one is made"
            )
        if why := self.spending.exhausted():
            raise BudgetError(f"the judge's budget: {why}")
        left = self.run.remaining()
        if left < MIN_CALL_SECONDS:
            raise DeadlineError("no time left to ask the judge")
        self.spending.calls += 1
        return left

    def _pause(self, digest: str, attempt: int, error: ServiceError) -> float:
        """Seconds to wait before asking again; an error where that is over."""
        policy = self.judge.policy
        if attempt + 1 >= policy.attempts:
            raise ServiceError(f"given up after {policy.attempts} attempts: {error}") from error
        pause = policy.pause(digest, attempt)
        if self.run.remaining() < pause + MIN_CALL_SECONDS:
            raise DeadlineError(f"no time left to ask the judge again: {error}") from error
        if not self.spending.may_retry():
            raise ServiceError(f"the invocation's retries are used up: {error}") from error
        usage.count("JudgeRetries")
        return pause


def _cost(reply: JudgeReply, price: Price) -> float:
    """The cost of one reply. No figure of a reply makes it less than nothing."""
    used = (
        (reply.input_tokens, price.input),
        (reply.output_tokens, price.output),
        (reply.cache_read_tokens, price.cache_read),
        (reply.cache_write_tokens, price.cache_write),
    )
    return sum(max(0, tokens) * rate for tokens, rate in used) / 1e6
