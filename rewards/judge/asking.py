"""One question through to its verdict: memory, table, attempts, repair. Service and sample apart.

ServiceError   throttled out, unreachable, out of time or of budget: follows `on_error`
RefusalError   refused, filtered, no valid verdict after one repair: follows `on_refusal`
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from rewards.concurrency import Run
from rewards.errors import BudgetError, DeadlineError, RefusalError, ServiceError
from rewards.judge import usage
from rewards.judge.client import (
    JudgeReply,
    JudgeRequest,
    ThrottledError,
    UnavailableError,
)
from rewards.judge.installed import Installed, installed
from rewards.judge.retry import RetryPolicy, Spending
from rewards.judge.verdict import InvalidVerdictError

if TYPE_CHECKING:
    from rewards.judge.dynamo import VerdictTable

T = TypeVar("T")

#: With less time than this left no request is started: hardly any model answers faster.
MIN_CALL_SECONDS = 0.25

#: Output tokens that a repair gets on top of twice what was too little.
REPAIR_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens cost, per million, in whatever currency the rubric thinks in."""

    input: float = 0.0
    output: float = 0.0
    cache_read: float = 0.0
    cache_write: float = 0.0

    def of(self, reply: JudgeReply) -> float:
        """The cost of one reply."""
        return (
            reply.input_tokens * self.input
            + reply.output_tokens * self.output
            + reply.cache_read_tokens * self.cache_read
            + reply.cache_write_tokens * self.cache_write
        ) / 1e6


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a component asks: how long a request may take, what it costs, its cache."""

    seconds: float = 60.0
    price: Price = Price()
    max_calls: int = 0
    max_cost: float = 0.0
    table: str = ""
    table_days: float = 0.0


async def verdict(
    request: JudgeRequest, read: Callable[[Any], T], terms: Terms, run: Run
) -> tuple[Any, T]:
    """Ask, and return the verdict as it was given and as `read` made it out.

    `read` raises `InvalidVerdictError` where it is none. Equal requests are asked once in a
    container, and once in a job where there is a table.

    Raises:
        ServiceError: no verdict, and the sample is not to blame.
        RefusalError: no verdict, and the sample is.
    """
    memory = installed(run.limit).memory
    key = request.digest
    pending: dict[str, asyncio.Future[Any]] = run.local.setdefault("verdicts", {})
    if key in pending:
        usage.count("JudgeCacheHits")
        given = await asyncio.shield(pending[key])
    elif (given := memory.get(key)) is not None:
        usage.count("JudgeCacheHits")
    else:
        pending[key] = asyncio.ensure_future(_new_verdict(request, read, terms, run))
        given = await pending[key]
        memory.put(key, given)
    return given, read(given)


async def _new_verdict(
    request: JudgeRequest, read: Callable[[Any], T], terms: Terms, run: Run
) -> Any:
    """A verdict that is not in memory: from the table where there is one, else from the model."""
    if not terms.table or not installed(run.limit).tables:
        return await _asked(request, read, terms, run)
    given = await _tabled(terms, lambda table: table.get(request.digest), run)
    if given is not None and _valid(given, read):
        usage.count("JudgeTableHits")
        return given
    given = await _asked(request, read, terms, run)
    # Where another container was faster, its verdict holds for the whole job.
    first = await _tabled(
        terms, lambda table: table.put(request.digest, given, terms.table_days), run
    )
    return first if first is not None and _valid(first, read) else given


async def _tabled(terms: Terms, access: "Callable[[VerdictTable], Any]", run: Run) -> Any:
    """A read or a write of the cache table: it saves money, so it never costs a verdict."""
    from rewards.judge.dynamo import open_table  # boto3 stands behind it

    if run.remaining() < MIN_CALL_SECONDS:
        return None
    try:
        return await run.in_thread(lambda: access(open_table(terms.table, run.limit)))
    except ServiceError:
        usage.count("JudgeTableErrors")
        return None


def _valid(given: Any, read: Callable[[Any], Any]) -> bool:
    try:
        read(given)
    except InvalidVerdictError:
        return False
    return True


async def _asked(request: JudgeRequest, read: Callable[[Any], T], terms: Terms, run: Run) -> Any:
    """The model's verdict, after one repair turn where the first is none."""
    try:
        reply = await _sent(request, terms, run)
        problem = _problem(reply, read)
        if problem:
            usage.count("JudgeRepairs")
            tokens = 2 * request.max_tokens + REPAIR_TOKENS
            reply = await _sent(
                request.repaired(problem, tokens if reply.truncated else request.max_tokens),
                terms,
                run,
            )
            problem = _problem(reply, read)
    except RefusalError:
        usage.count("JudgeRefusals")
        raise
    except ServiceError:
        usage.count("JudgeServiceErrors")
        raise
    if problem:
        usage.count("JudgeRefusals")
        raise RefusalError(f"no valid verdict, one repair included: {problem}")
    return reply.verdict


def _problem(reply: JudgeReply, read: Callable[[Any], Any]) -> str:
    """What is wrong with a reply; empty where it holds a verdict."""
    if reply.refused:
        raise RefusalError(f"the judge gave no verdict: {reply.refused}")
    if reply.problem:
        return reply.problem
    try:
        read(reply.verdict)
    except InvalidVerdictError as error:
        return str(error)
    return ""


async def _sent(request: JudgeRequest, terms: Terms, run: Run) -> JudgeReply:
    """A reply of the model, asked again while the service throttles or fails."""
    judge = installed(run.limit)
    spending: Spending = run.shared.setdefault(
        terms, Spending(judge.policy, terms.max_calls, terms.max_cost)
    )
    spending.first()
    for attempt in count():
        try:
            return await _attempt(request, judge, spending, terms, run)
        except (ThrottledError, UnavailableError) as error:
            pause = _pause(request.digest, attempt, judge.policy, spending, run, error)
        await asyncio.sleep(pause)
    raise AssertionError("only a reply or an error ends the attempts")


async def _attempt(
    request: JudgeRequest, judge: Installed, spending: Spending, terms: Terms, run: Run
) -> JudgeReply:
    """One request to the model, once there is a place for it."""
    async with run.place() as ticket:
        seconds = min(terms.seconds, _time_left(judge, spending, run))
        usage.count("JudgeRequests")
        started = perf_counter()
        try:
            reply = await run.in_thread(partial(judge.client.ask, request, timeout=seconds))
        except ThrottledError:
            usage.count("JudgeThrottles")
            run.pace.throttled(ticket)
            raise
        except UnavailableError:
            judge.breaker.failed()
            raise
    judge.breaker.succeeded()
    run.pace.succeeded()
    cost = terms.price.of(reply)
    spending.cost += cost
    usage.replied(reply, cost=cost, seconds=perf_counter() - started)
    return reply


def _time_left(judge: Installed, spending: Spending, run: Run) -> float:
    """Seconds that are left for a request that starts now; an error where none may start."""
    if not judge.breaker.admits():
        raise ServiceError("the judge's service failed every time of late: not asked")
    if why := spending.exhausted():
        raise BudgetError(f"the judge's budget: {why}")
    left = run.remaining()
    if left < MIN_CALL_SECONDS:
        raise DeadlineError("no time left to ask the judge")
    spending.calls += 1
    return left


def _pause(
    digest: str,
    attempt: int,
    policy: RetryPolicy,
    spending: Spending,
    run: Run,
    error: ServiceError,
) -> float:
    """Seconds to wait before asking again; an error where that is over."""
    if attempt + 1 >= policy.attempts:
        raise ServiceError(f"given up after {policy.attempts} attempts: {error}") from error
    pause = policy.pause(digest, attempt)
    if run.remaining() < pause + MIN_CALL_SECONDS:
        raise DeadlineError(f"no time left to ask the judge again: {error}") from error
    if not spending.may_retry():
        raise ServiceError(f"the invocation's retries are used up: {error}") from error
    usage.count("JudgeRetries")
    return pause
