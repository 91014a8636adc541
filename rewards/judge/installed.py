"""Which client answers: the one that was installed, else Bedrock's, made once in a container."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from rewards.core.errors import ServiceError
from rewards.judge.client import JudgeClient
from rewards.judge.retry import Breaker, RetryPolicy
from rewards.judge.shown import markers
from rewards.judge.terms import Asking
from rewards.judge.verdict import Verdict

T = TypeVar("T")

#: Verdicts that a container remembers: at two kilobytes each, some ten megabytes.
MAX_REMEMBERED = 5_000


class Memory:
    """Verdicts by the digest of their request; the one not used for longest goes first."""

    def __init__(self, size: int = MAX_REMEMBERED) -> None:
        self._size = size
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()

    def get(self, digest: str) -> Verdict | None:
        """The verdict, or None."""
        if digest not in self._verdicts:
            return None
        self._verdicts.move_to_end(digest)
        return self._verdicts[digest]

    def put(self, digest: str, verdict: Verdict) -> None:
        """Remember a verdict."""
        self._verdicts[digest] = verdict
        if len(self._verdicts) > self._size:
            self._verdicts.popitem(last=False)


class CallsUnderWay:
    """How many threads are inside of a client's call, those of earlier invocations included."""

    def __init__(self) -> None:
        self.under_way = 0
        self._changing = threading.Lock()

    def counted(self, call: Callable[[], T]) -> Callable[[], T]:
        """The same call, counted for as long as it lasts, whoever still waits for it."""

        def counting() -> T:
            with self._changing:
                self.under_way += 1
            try:
                return call()
            finally:
                with self._changing:
                    self.under_way -= 1

        return counting


@dataclass(frozen=True, slots=True)
class Installed:
    """A client and what belongs to it: how to retry, whether it works, what it has said.

    `tables`: whether its verdicts go through the cache table that a rubric or deployment names.
    """

    client: JudgeClient
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: Breaker = field(default_factory=Breaker)
    memory: Memory = field(default_factory=Memory)
    calls: CallsUnderWay = field(default_factory=CallsUnderWay)
    tables: bool = True


_installed: Installed | None = None
_default: Installed | None = None
_default_bound = 0


@contextmanager
def install(
    client: JudgeClient, policy: RetryPolicy | None = None, *, tables: bool = False
) -> Iterator[None]:
    """Let `client` answer every judge while the block runs: a fake, a cassette, another service.

    A cache table is left alone unless `tables`: it holds what the judge in production has said,
    which is not `client`'s, and is not to hold what a fake says.

    >>> from rewards.judge import FakeJudge, install
    >>> with install(FakeJudge({"clarity": 4})):
    ...     pass
    """
    global _installed
    before, _installed = _installed, Installed(client, policy or RetryPolicy(), tables=tables)
    try:
        yield
    finally:
        _installed = before


def installed(bound: int) -> Installed:
    """The client in use. Bedrock's is made here, with connections for `bound` calls at once."""
    global _default, _default_bound
    if _installed is not None:
        return _installed
    if _default is None or _default_bound < bound:
        client = on_bedrock(bound)
        _default = Installed(client) if _default is None else replace(_default, client=client)
        _default_bound = bound
    return _default


def on_bedrock(bound: int) -> JudgeClient:
    """A judge on Amazon Bedrock. Half a second, for boto3, when first called.

    Raises:
        ServiceError: boto3 is not installed.
    """
    try:
        from rewards.judge.clients.bedrock import BedrockJudge
    except ModuleNotFoundError as error:
        raise ServiceError(
            f"a judge on Bedrock needs {error.name}: pip install 'bedrock-rft-rewards[judge]'"
        ) from error
    return BedrockJudge(bound)


def warm_up(judges: Iterable[Mapping[str, Any]], bound: int) -> None:
    """Make clients, of judges and of their cache table, during init: no invocation pays for it.

    `judges` holds the bound parameters of each judge of a rubric, `bound` is how many calls it
    makes at once. What is wrong (no region, say) is said when a judge is asked, not here: nobody
    may ever be.
    """
    markers.warm_up()
    with suppress(ServiceError):
        for params in judges:
            asking: Asking = params["asking"]
            connect = getattr(installed(bound).client, "connect", None)
            if connect is not None:
                connect(asking.region)
            if asking.table:
                from rewards.judge.clients.dynamo import open_table  # boto3 stands behind it

                open_table(asking.table, bound)
