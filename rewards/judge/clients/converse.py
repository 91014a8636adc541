"""Amazon Bedrock's Converse as data: what a request says, what an answer or an error means.

Request and response: Amazon Bedrock API Reference, "Converse". No client is needed to read this:
`bedrock` makes the calls. What an answer should hold and does not is the service's fault, never
the sample's: somebody else wrote it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rewards.core.errors import InputRefusedError, RefusalError, ServiceError, unquoted
from rewards.judge.client import (
    JudgeReply,
    JudgeRequest,
    TooManyRequestsError,
    UnavailableError,
)

TOOL = "verdict"

#: A service's own words in an error; what they need to say is at their beginning.
MAX_MESSAGE_CHARS = 300

#: Failures of the model's server that the API gives a 4xx number: worth another try like a 5xx.
_MODEL_FAILURES = frozenset({"ModelTimeoutException", "ModelErrorException"})

# A ValidationException is the sample's fault only where it says that this text is too long for
# the model, or that a filter stopped it. Too many tools, or tokens a day, are nobody's text.
_TOO_LONG = re.compile(
    r"\b(?:input|prompt|text|message|document)s?\b(?: \w+){0,4}? (?:is|are|was) too (?:long|large)"
    r"|\b(?:input|prompt|context)[ -](?:length|size|window|tokens?)\b[^.]{0,80}?\bexceed"
    r"|\bexceed[^.]{0,80}?\b(?:input|prompt|context)[ -](?:length|size|window|limit|tokens?)\b"
    r"|\bmaximum (?:context|input|prompt) (?:length|size|tokens?)\b"
    r"|\btoo many input tokens\b(?! per)"
)
_FILTERED = re.compile(r"\bblocked by [^.]{0,40}\b(?:filter|guardrail|content)|\bcontent filter")

_VERDICT_GIVEN = frozenset({"tool_use", "end_turn", "stop_sequence"})
_REFUSED = {
    "content_filtered": "a content filter stopped it",
    "guardrail_intervened": "a guardrail stopped it",
    "model_context_window_exceeded": "the text does not fit the model's context window",
    # Not in the API yet, but what Anthropic's models say where they decline.
    "refusal": "the model declined",
}
_BROKEN = {
    "max_tokens": "the reply was cut off; give shorter reasons",
    "malformed_model_output": "the reply was malformed",
    "malformed_tool_use": "the tool call was malformed",
}
TWICE = "a member of the reply is named twice"


def converse_input(request: JudgeRequest) -> dict[str, Any]:
    """The parameters of `converse` for a request."""
    system: list[dict[str, Any]] = [{"text": request.system}]
    if request.prompt_cache:
        # Everything up to here (the tool's schema too) is the same for every sample.
        system.append({"cachePoint": {"type": "default"}})
    content = [{"text": request.user}]
    if request.complaint:
        content.append(
            {"text": f"Your last reply was rejected: {request.complaint}. Reply again as asked."}
        )
    asked: dict[str, Any] = {
        "modelId": request.model,
        "system": system,
        "messages": [{"role": "user", "content": content}],
        "inferenceConfig": {"maxTokens": request.max_tokens, "temperature": request.temperature},
    }
    if request.structured == "json_schema":
        schema = json.dumps(request.schema)
        structure = {"jsonSchema": {"name": TOOL, "schema": schema}}
        asked["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
    else:
        asked["toolConfig"] = _tool_config(request)
    if request.metadata:
        asked["requestMetadata"] = dict(request.metadata)
    if request.service_tier:
        asked["serviceTier"] = {"type": request.service_tier}
    if request.model_fields:
        asked["additionalModelRequestFields"] = dict(request.model_fields)
    return asked


def _tool_config(request: JudgeRequest) -> dict[str, Any]:
    specification: dict[str, Any] = {
        "name": TOOL,
        "description": "Give the verdict: for every member the reason first, then the score.",
        "inputSchema": {"json": dict(request.schema)},
    }
    if request.strict:
        specification["strict"] = True
    choice = {"name": TOOL} if request.tool_choice == "tool" else {}
    return {
        "tools": [{"toolSpec": specification}],
        "toolChoice": {request.tool_choice: choice},
    }


def read_response(response: Any, structured: str) -> JudgeReply:
    """A reply of Converse: the verdict if there is exactly one, else why there is none.

    Raises:
        UnavailableError: it is not what Converse answers; the message names the member.
    """
    used = _member(response, "usage", Mapping)
    tokens: dict[str, Any] = {
        "input_tokens": _tokens(used, "inputTokens"),
        "output_tokens": _tokens(used, "outputTokens"),
        "cache_read_tokens": _tokens(used, "cacheReadInputTokens", 0),
        "cache_write_tokens": _tokens(used, "cacheWriteInputTokens", 0),
    }
    stop = _member(response, "stopReason", str)
    if stop in _REFUSED:
        return JudgeReply(refused=_REFUSED[stop], **tokens)
    if stop in _BROKEN:
        return JudgeReply(problem=_BROKEN[stop], truncated=stop == "max_tokens", **tokens)
    if stop not in _VERDICT_GIVEN:
        raise _misshapen("stopReason")
    message = _member(_member(response, "output", Mapping), "message", Mapping)
    content = [_checked(block, "content", Mapping) for block in _member(message, "content", list)]
    verdict, problem = (_text_verdict if structured == "json_schema" else _tool_verdict)(content)
    return JudgeReply(verdict=verdict, problem=problem, **tokens)


def _tool_verdict(content: Sequence[Mapping[str, Any]]) -> tuple[Any, str]:
    """The input of the one tool call; text and reasoning beside it are the judge's own affair."""
    calls = [_member(block, "toolUse", Mapping) for block in content if "toolUse" in block]
    if len(calls) != 1 or calls[0].get("name") != TOOL:
        return None, f"the verdict must be one call of the tool {TOOL!r}"
    return calls[0].get("input"), ""


def _text_verdict(content: Sequence[Mapping[str, Any]]) -> tuple[Any, str]:
    """The text as a whole, as JSON; reasoning blocks are skipped, prose is not searched."""
    text = "".join(_member(block, "text", str) for block in content if "text" in block)
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_distinct), ""
    except (ValueError, RecursionError):
        return None, "the reply must be one JSON object and nothing else"


def names_twice(body: bytes) -> bool:
    """Whether an object of a JSON text names a member twice, so that it can be read in two ways."""
    try:
        json.loads(body, object_pairs_hook=_distinct)
    except _TwiceError:
        return True
    except (ValueError, RecursionError):
        return False  # no JSON at all: whoever reads it says so
    return False


class _TwiceError(ValueError):
    pass


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise _TwiceError(TWICE)
    return found


def _member(table: Any, name: str, kind: Any) -> Any:
    return _checked(_checked(table, name, Mapping).get(name), name, kind)


def _checked(value: Any, name: str, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise _misshapen(name)
    return value


def _tokens(used: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = used.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _misshapen(name)
    return value


def _misshapen(name: str) -> UnavailableError:
    return UnavailableError(f"the answer from Bedrock has no {name} that Converse could give")


def service_error(
    code: str, status: int, message: str, request: JudgeRequest
) -> ServiceError | RefusalError:
    """What an error of the API means for the sample.

    A service may quote what it refuses, and errors reach people and logs: what `message` and the
    request's data have in common is left out.
    """
    if status == 429 or code == "ThrottlingException":
        return TooManyRequestsError(f"Bedrock throttles ({code})")
    if status >= 500 or code in _MODEL_FAILURES:
        return UnavailableError(f"Bedrock failed ({code})")
    if code == "ValidationException":
        said = message.casefold()
        if _TOO_LONG.search(said):
            return InputRefusedError("the text is too long for the judge's model")
        if _FILTERED.search(said):
            return InputRefusedError("a content filter stopped it")
    words = unquoted(message[:MAX_MESSAGE_CHARS], request.user)
    return ServiceError(f"Bedrock refuses the request ({code}): {words}")
