"""`JudgeClient` over Amazon Bedrock's Converse API: any model id, ARN or inference profile.

Request and response: Amazon Bedrock API Reference, "Converse". Importing this module imports
boto3; nothing but a rubric with a judge does.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import boto3  # noqa: TID251 - this module is the judge's client
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from rewards.errors import RefusalError, ServiceError
from rewards.judge.client import JudgeReply, JudgeRequest, ThrottledError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

TOOL = "verdict"

#: A service's own words in an error; what they need to say is at their beginning.
MAX_MESSAGE_CHARS = 300

#: A connection inside of a region takes milliseconds; seconds mean that none will come.
CONNECT_SECONDS = 3.0

#: Failures of the model's server that the API gives a 4xx number: worth another try like a 5xx.
_MODEL_FAILURES = frozenset({"ModelTimeoutException", "ModelErrorException"})

#: The sample's text does not fit the model: no retry, no repair, and no outage either.
_TOO_LONG = ("too long", "too many", "context window", "maximum context", "context length")

#: Members that every response of Converse has.
_REQUIRED = frozenset({"output", "stopReason", "usage"})

_REFUSED = {
    "content_filtered": "a content filter stopped it",
    "guardrail_intervened": "a guardrail stopped it",
    "model_context_window_exceeded": "the text does not fit the model's context window",
}
_BROKEN = {
    "max_tokens": "the reply was cut off; give shorter reasons",
    "malformed_model_output": "the reply was malformed",
    "malformed_tool_use": "the tool call was malformed",
}


class BedrockJudge:
    """Asks models on Amazon Bedrock, with one connection for each of `bound` calls at once."""

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self._clients: dict[str, BedrockRuntimeClient] = {}
        self._making = threading.Lock()
        self._call = threading.local()

    def connect(self, region: str = "") -> "BedrockRuntimeClient":
        """The region's client, made when first asked for; "" is the environment's region.

        Raises:
            ServiceError: no client can be made; the message says what is missing.
        """
        with self._making:
            if region not in self._clients:
                self._clients[region] = self._made(region)
        return self._clients[region]

    def _made(self, region: str) -> "BedrockRuntimeClient":
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=60.0,
            max_pool_connections=self.bound,
            # Retries are ours: they know the deadline, the budget and the other calls.
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
            user_agent_extra="bedrock-rft-rewards",
        )
        try:
            client = boto3.client("bedrock-runtime", region_name=region or None, config=config)
        except BotoCoreError as error:
            raise ServiceError(f"no client for Bedrock: {error}") from error
        client.meta.events.register("before-call.bedrock-runtime.Converse", self._limit_time)
        return client

    def _limit_time(self, context: dict[str, Any], **_: Any) -> None:
        """Let this one request wait no longer than its caller does."""
        context["read_timeout"] = self._call.timeout

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        """Send one Converse request; see `JudgeClient.ask`."""
        client = self.connect(request.region)
        self._call.timeout = timeout
        try:
            response = client.converse(**converse_input(request))
        except ClientError as error:
            raise _from_service(error) from error
        except (HTTPClientError, ResponseParserError) as error:
            raise UnavailableError(f"no answer from Bedrock: {type(error).__name__}") from error
        except BotoCoreError as error:
            raise ServiceError(f"the request could not be made: {error}") from error
        if not response.keys() >= _REQUIRED:
            # botocore makes an empty response of a body that was cut off on its way.
            raise UnavailableError("the answer from Bedrock is incomplete")
        return read_response(cast(Mapping[str, Any], response), request.structured)


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


def read_response(response: Mapping[str, Any], structured: str) -> JudgeReply:
    """A reply of Converse: the verdict if there is exactly one, else why there is none."""
    used = response["usage"]
    tokens = {
        "input_tokens": used["inputTokens"],
        "output_tokens": used["outputTokens"],
        "cache_read_tokens": used.get("cacheReadInputTokens", 0),
        "cache_write_tokens": used.get("cacheWriteInputTokens", 0),
    }
    stop = response["stopReason"]
    if stop in _REFUSED:
        return JudgeReply(refused=_REFUSED[stop], **tokens)
    if stop in _BROKEN:
        return JudgeReply(problem=_BROKEN[stop], truncated=stop == "max_tokens", **tokens)
    content = response.get("output", {}).get("message", {}).get("content", [])
    verdict, problem = (_text_verdict if structured == "json_schema" else _tool_verdict)(content)
    return JudgeReply(verdict=verdict, problem=problem, **tokens)


def _tool_verdict(content: Sequence[Mapping[str, Any]]) -> tuple[Any, str]:
    """The input of the one tool call; text and reasoning beside it are the judge's own affair."""
    calls = [block["toolUse"] for block in content if "toolUse" in block]
    if len(calls) != 1 or calls[0].get("name") != TOOL:
        return None, f"the verdict must be one call of the tool {TOOL!r}"
    return calls[0].get("input"), ""


def _text_verdict(content: Sequence[Mapping[str, Any]]) -> tuple[Any, str]:
    """The text as a whole, as JSON; reasoning blocks are skipped, prose is not searched."""
    text = "".join(block["text"] for block in content if "text" in block)
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_distinct), ""
    except (ValueError, RecursionError):
        return None, "the reply must be one JSON object and nothing else"


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one that names a member twice could be read in two ways."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a member is named twice")
    return found


def _from_service(error: ClientError) -> ServiceError | RefusalError:
    """What an error of the API means for the sample."""
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == 429 or code == "ThrottlingException":
        return ThrottledError(f"Bedrock throttles ({code})")
    if status >= 500 or code in _MODEL_FAILURES:
        return UnavailableError(f"Bedrock failed ({code})")
    if code == "ValidationException" and any(sign in message.lower() for sign in _TOO_LONG):
        return RefusalError("the text is too long for the judge's model")
    return ServiceError(f"Bedrock refuses the request ({code}): {message[:MAX_MESSAGE_CHARS]}")
