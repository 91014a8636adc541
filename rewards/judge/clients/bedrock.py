"""`JudgeClient` over Amazon Bedrock: any model id, ARN or inference profile.

Importing this module imports boto3; nothing but a rubric with a judge does.
"""

import threading
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import boto3  # noqa: TID251 - this module is the judge's client
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from rewards.core.errors import RefusalError, ServiceError, unquoted
from rewards.judge.client import JudgeReply, JudgeRequest, UnavailableError
from rewards.judge.clients.converse import (
    TWICE,
    converse_input,
    names_twice,
    read_response,
    service_error,
)

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

#: A connection inside of a region takes milliseconds; seconds mean that none will come.
CONNECT_SECONDS = 3.0

#: Far more than sixteen criteria with long reasons need; what is larger is no verdict.
MAX_REPLY_BYTES = 4_000_000

_CHUNK_BYTES = 65_536


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
        events = client.meta.events
        events.register("before-call.bedrock-runtime.Converse", self._limit_time)
        # botocore reads an answer for as long as some of it comes, and all of it, whatever its
        # size. A handler that answers is taken at its word: this one sends, and reads itself.
        inner: Any = client
        send: Any = partial(self._sent, inner._endpoint.http_session)
        events.register("before-send.bedrock-runtime.Converse", send)
        return client

    def _limit_time(self, context: dict[str, Any], **_: Any) -> None:
        """Let this one request wait no longer than its caller does."""
        left = self._call.end - monotonic()
        if left <= 0:
            raise UnavailableError("the request could not be sent in time")
        context["read_timeout"] = left

    def _sent(self, session: Any, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send a request, and read its answer within the time and the size that are left to it."""
        request.stream_output = True
        response = session.send(request)
        body = self._call.body = _body(response.raw, self._call.end)
        return AWSResponse(response.url, response.status_code, response.headers, _Read(body))

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        """Send one Converse request; see `JudgeClient.ask`."""
        client = self.connect(request.region)
        self._call.end = monotonic() + timeout
        asked = converse_input(request)
        try:
            response = client.converse(**asked)
        except (ServiceError, RefusalError):
            raise
        except ClientError as error:
            details = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code, message = str(details.get("Code", "")), str(details.get("Message", ""))
            # Not `from error`, here and below: its text may quote the sample.
            raise service_error(code, status, message, request) from None
        except (HTTPClientError, NoConnectionError) as error:
            raise UnavailableError(f"no answer from Bedrock: {type(error).__name__}") from error
        except BotoCoreError as error:
            words = unquoted(str(error), request.user)
            raise ServiceError(f"the request could not be made: {words}") from None
        except Exception as error:  # noqa: BLE001 - botocore's parsers, on a body of any shape
            kind = type(error).__name__
            raise UnavailableError(f"the answer from Bedrock cannot be read: {kind}") from None
        reply = read_response(response, request.structured)
        if reply.verdict is not None and names_twice(self._call.body):
            return replace(reply, verdict=None, problem=TWICE)
        return reply


class _Read:
    """What has been read of an answer, for botocore to take it from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


def _body(raw: Any, end: float) -> bytes:
    """The body of an answer (urllib3's), whole, by `end` and within `MAX_REPLY_BYTES`.

    It is taken as it comes: what is compressed, and nobody asked for that, is no JSON.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        left = end - monotonic()
        socket = getattr(raw.connection, "sock", None)
        if socket is not None and left > 0:
            socket.settimeout(left)
        if left <= 0:
            raw.close()  # and the connection with it: the rest would be taken for the next answer
            raise UnavailableError("the answer from Bedrock did not end in time")
        chunk = raw.read1(_CHUNK_BYTES)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raw.close()
            raise UnavailableError(f"the answer from Bedrock is larger than {MAX_REPLY_BYTES:,} B")
