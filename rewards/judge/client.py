"""The one seam between a judge's scorer and a model: a request, a reply, the ways to fail."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rewards.core.errors import ServiceError

#: What of a request bears on the bill and the way, and not on the verdict.
_ROUTING = frozenset({"metadata", "service_tier", "prompt_cache"})


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One question to a model.

    `system` is the part that all samples of a component share, byte for byte (a service may cache
    it); `user` holds the fenced data and the instructions after it; `schema` is the JSON schema of
    the verdict. `complaint` says what was wrong with the last reply: this is the repair turn.
    The rest is how to ask, and means what the parameters of `judge.grade` mean.
    """

    model: str
    system: str
    user: str
    schema: Mapping[str, Any]
    max_tokens: int
    complaint: str = ""
    temperature: float = 0.0
    structured: str = "tool"
    strict: bool = True
    tool_choice: str = "tool"
    prompt_cache: bool = False
    service_tier: str = ""
    region: str = ""
    model_fields: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def repaired(self, complaint: str, max_tokens: int) -> "JudgeRequest":
        """The same question again, with what was wrong with the reply.

        The reply itself is not shown again: it may quote the completion, and would stand outside
        of the fence.
        """
        return replace(self, complaint=complaint, max_tokens=max_tokens)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that bears on the verdict; billing and routing do not."""
        # Not `asdict`, which copies the schema level by level: every question comes through here.
        asked = {name: getattr(self, name) for name in self.__slots__ if name not in _ROUTING}
        text = json.dumps(asked, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """What a model answered.

    `verdict` is the JSON value that it gave, unchecked; None where it gave none, and `problem`
    then says what came in its place. `refused` is set where a filter, a guardrail or the model's
    context window stopped it: asking again would not help. `truncated`: the output was cut.
    """

    verdict: Any = None
    problem: str = ""
    refused: str = ""
    truncated: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class JudgeClient(Protocol):
    """Something that can put a question to a model.

    `ask` blocks, and is called from several threads at once. It makes one attempt: whoever calls
    it decides about retries.
    """

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        """Put the question, and wait for at most `timeout` seconds.

        Raises:
            TooManyRequestsError: too many requests; worth another try, more slowly.
            UnavailableError: the service failed or did not answer; worth another try.
            ServiceError: anything else that is no fault of the sample; another try is of no use.
            InputRefusedError: this sample's data is what the service will not take.
        """
        ...


class TooManyRequestsError(ServiceError):
    """The service asks for fewer requests."""


class UnavailableError(ServiceError):
    """The service failed, or did not answer in time."""
