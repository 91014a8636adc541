"""One question through to its verdict: memory, table, repair. Service and sample apart.

ServiceError   throttled out, unreachable, out of time or of budget: follows `on_error`
RefusalError   refused, filtered, no valid verdict after one repair: follows `on_refusal`
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rewards.core.concurrency import FanOut
from rewards.core.errors import RefusalError, ServiceError
from rewards.judge import usage
from rewards.judge.client import JudgeReply, JudgeRequest
from rewards.judge.criteria import Criterion
from rewards.judge.installed import installed
from rewards.judge.sending import MIN_CALL_SECONDS, sent
from rewards.judge.terms import Asking
from rewards.judge.verdict import InvalidVerdictError, Verdict, read_verdict

if TYPE_CHECKING:
    from rewards.judge.clients.dynamo import VerdictTable

#: Output tokens that a repair gets on top of twice what was too little.
REPAIR_TOKENS = 512


async def verdict(
    request: JudgeRequest, criteria: Sequence[Criterion], asking: Asking, run: FanOut
) -> Verdict:
    """Ask about `criteria`, and return the verdict.

    Equal requests are asked once in a container, and once in a job where there is a table.

    Raises:
        ServiceError: no verdict, and the sample is not to blame.
        RefusalError: no verdict, and the sample is.
    """
    memory = installed(run.limit).memory
    key = request.digest
    pending: dict[str, asyncio.Future[Verdict]] = run.local.setdefault("verdicts", {})
    if key in pending:
        given = await asyncio.shield(pending[key])
        usage.count("JudgeCacheHits")
        return given
    if (known := memory.get(key)) is not None:
        usage.count("JudgeCacheHits")
        return known
    pending[key] = asyncio.ensure_future(_new_verdict(request, criteria, asking, run))
    given = await pending[key]
    memory.put(key, given)
    return given


async def _new_verdict(
    request: JudgeRequest, criteria: Sequence[Criterion], asking: Asking, run: FanOut
) -> Verdict:
    """A verdict that is not in memory: from the table where there is one, else from the model."""
    if not asking.table or not installed(run.limit).tables:
        return await _asked(request, criteria, asking, run)
    kept = await _tabled(asking, lambda table: table.get(request.digest), run)
    if (known := _valid(kept, criteria)) is not None:
        usage.count("JudgeTableHits")
        return known
    given = await _asked(request, criteria, asking, run)
    # Where another container was faster, its verdict holds for the whole job.
    first = await _tabled(
        asking, lambda table: table.put(request.digest, given.said, asking.cache_days), run
    )
    return _valid(first, criteria) or given


async def _tabled(asking: Asking, access: "Callable[[VerdictTable], Any]", run: FanOut) -> Any:
    """A read or a write of the cache table: it saves money, so it never costs a verdict."""
    from rewards.judge.clients.dynamo import open_table  # boto3 stands behind it

    if run.remaining() < MIN_CALL_SECONDS:
        return None
    try:
        return await run.in_thread(lambda: access(open_table(asking.table, run.limit)))
    except ServiceError:
        usage.count("JudgeTableErrors")
        return None


def _valid(kept: Any, criteria: Sequence[Criterion]) -> Verdict | None:
    """What a table gave, if it is a verdict: it is checked like a reply."""
    try:
        return read_verdict(kept, criteria)
    except InvalidVerdictError:
        return None


async def _asked(
    request: JudgeRequest, criteria: Sequence[Criterion], asking: Asking, run: FanOut
) -> Verdict:
    """The model's verdict, after one repair turn where the first is none."""
    try:
        reply = await sent(request, asking, run)
        given, problem = _read(reply, criteria)
        if given is None:
            usage.count("JudgeRepairs")
            tokens = 2 * request.max_tokens + REPAIR_TOKENS
            repaired = request.repaired(problem, tokens if reply.truncated else request.max_tokens)
            given, problem = _read(await sent(repaired, asking, run), criteria)
        if given is None:
            raise RefusalError(f"no valid verdict, one repair included: {problem}")
    except RefusalError:
        usage.count("JudgeRefusals")
        raise
    except ServiceError:
        usage.count("JudgeServiceErrors")
        raise
    return given


def _read(reply: JudgeReply, criteria: Sequence[Criterion]) -> tuple[Verdict | None, str]:
    """The verdict of a reply, or what is wrong with it."""
    if reply.refused:
        raise RefusalError(f"the judge gave no verdict: {reply.refused}")
    if reply.problem:
        return None, reply.problem
    try:
        return read_verdict(reply.verdict, criteria), ""
    except InvalidVerdictError as error:
        return None, str(error)
