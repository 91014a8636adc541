"""The Lambda Invoke API over HTTP: what boto3 speaks, handed to execution environments."""

import base64
import json
import re
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.local.loopback import LoopbackHandler, LoopbackServer
from rewards.workbench.local.runtime import LOOK_SECONDS, Environment, Reply
from rewards.workbench.output import harmless

#: The log tail that an invocation with LogType=Tail gets.
MAX_TAIL_BYTES = 4096

_PATH = re.compile(r"/2015-03-31/functions/([^/]{1,400})/invocations/?")

#: A function's name, partial ARN or ARN, with or without a qualifier, as the API has it.
_FUNCTION = re.compile(
    r"(?:arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]{1,32}):)?"
    r"(?:(?P<account>[0-9]{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
_QUALIFIER = re.compile(r"\$LATEST|[A-Za-z0-9_-]{1,128}")


class Function:
    """A function by its name: the environments that run it, one invocation each at a time."""

    def __init__(self, name: str, environments: Sequence[Environment]) -> None:
        """Take what runs it."""
        self.name = name
        self._free: Queue[Environment] = Queue()
        for environment in environments:
            self._free.put(environment)

    def invoke(
        self, request_id: str, arn: str, event: bytes, gone: Callable[[], bool] = lambda: False
    ) -> Reply | None:
        """Wait for a free environment and run the invocation there; None if the caller leaves."""
        while True:
            with suppress(Empty):
                environment = self._free.get(timeout=LOOK_SECONDS)
                break
            if gone():
                return None
        try:
            reply = environment.invoke(request_id, arn, event, gone)
        finally:
            self._free.put(environment)
        sys.stderr.write(harmless(reply.log))
        return reply


class InvokeServer(LoopbackServer):
    """Hands each invocation to the function that it names."""

    def __init__(self, port: int, functions: Sequence[Function], *, any_name: bool) -> None:
        """Listen on `port` of loopback, 0 for any; `any_name` is taken for the only function."""
        super().__init__(port, _InvokeApi)
        self._functions = {function.name: function for function in functions}
        self._default = functions[0] if any_name else None

    def function(self, name: str) -> Function:
        """The function of that name.

        Raises:
            _RefusedError: there is none.
        """
        found = self._functions.get(name, self._default)
        if found is None:
            known = ", ".join(self._functions)
            raise _RefusedError(
                404, "ResourceNotFoundException", f"Function not found: {name}; there are: {known}"
            )
        return found


class _RefusedError(Exception):
    """A request that Lambda answers with an error of the service, not of the function."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


@dataclass(frozen=True)
class _Asked:
    """Which function a request asks for: its name, its ARN, and the version that will run."""

    name: str
    arn: str
    version: str


def _asked(path: str) -> _Asked:
    """What the path of a request names.

    Raises:
        _RefusedError: the path is of no API served here, or the name is none.
    """
    qualifiers: list[str] = []
    try:
        url = urlsplit(path)
        match = _PATH.fullmatch(url.path)
        qualifiers = parse_qs(url.query).get("Qualifier", [])
    except ValueError:
        match = None
    if match is None:
        raise _RefusedError(404, "UnknownOperationException", "no such API")
    found = _FUNCTION.fullmatch(unquote(match[1]))
    if found is None or not all(_QUALIFIER.fullmatch(text) for text in qualifiers):
        raise _RefusedError(
            400,
            "ValidationException",
            "FunctionName must be a function's name or ARN, and Qualifier a version or an alias, "
            "of letters, digits, - and _",
        )
    partition, region = found["partition"] or "aws", found["region"] or "us-east-1"
    arn = f"arn:{partition}:lambda:{region}:{found['account'] or '123456789012'}:function:"
    qualifier = qualifiers[0] if qualifiers else found["qualifier"] or ""
    return _Asked(
        found["name"],
        arn + found["name"] + (f":{qualifier}" if qualifier else ""),
        # What an alias points to is nobody's knowledge here; a version is what it says.
        qualifier if qualifier.isdecimal() else "$LATEST",
    )


class _InvokeApi(LoopbackHandler):
    """POST /2015-03-31/functions/<name or ARN>/invocations."""

    def do_POST(self) -> None:
        """Invoke the function."""
        request_id = str(uuid.uuid4())
        assert isinstance(self.server, InvokeServer)
        try:
            event = self._payload()
            asked = _asked(self.path)
            self._invoke(self.server.function(asked.name), asked, request_id, event)
        except _RefusedError as error:
            body = json.dumps({"Type": "User", "Message": str(error)}).encode()
            self._answer(error.status, body, request_id, {"x-amzn-ErrorType": error.kind})

    def do_GET(self) -> None:
        """Only invocations are served."""
        body = b'{"Message": "this server invokes functions, it has no other API"}'
        error = {"x-amzn-ErrorType": "UnknownOperationException"}
        self._answer(404, body, str(uuid.uuid4()), error)

    def _invoke(self, function: Function, asked: _Asked, request_id: str, event: bytes) -> None:
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        headers = {"X-Amz-Executed-Version": asked.version}
        work = (request_id, asked.arn, event)
        if kind == "DryRun":
            self._answer(204, b"", request_id, headers)
        elif kind == "Event":
            threading.Thread(target=function.invoke, args=work, daemon=True).start()
            self._answer(202, b"", request_id, {})
        elif kind == "RequestResponse":
            reply = function.invoke(*work, self._gone)
            if reply is None:
                self.close_connection = True
                return
            if reply.failed:
                headers["X-Amz-Function-Error"] = "Unhandled"
            if self.headers.get("X-Amz-Log-Type") == "Tail":
                tail = reply.log[-MAX_TAIL_BYTES:]
                headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
            self._answer(200, reply.payload, request_id, headers)
        else:
            raise _RefusedError(
                400,
                "InvalidParameterValueException",
                f"InvocationType {kind!r}: RequestResponse, Event or DryRun is wanted",
            )

    def _payload(self) -> bytes:
        """The event. It is read whole even where it is refused, so that the answer is."""
        given = self.headers.get("Content-Length") or "0"
        if len(self.headers.get_all("Content-Length") or [""]) > 1:
            given = "more than one"
        if not given.isdecimal() or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # where the next request starts, nobody can tell
            raise _RefusedError(411, "LengthRequiredException", "Content-Length is missing")
        length = int(given)
        if length > MAX_PAYLOAD_BYTES:
            while length > 0 and (data := self.rfile.read(min(length, MAX_PAYLOAD_BYTES))):
                length -= len(data)
            raise _RefusedError(
                413,
                "RequestTooLargeException",
                f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction "
                "operation",
            )
        payload = self.rfile.read(length) or b"{}"
        try:
            # The values are the function's business: digits stay digits, however many.
            json.loads(payload.decode(), parse_int=str, parse_float=str, parse_constant=_no_json)
        except (ValueError, RecursionError) as error:
            raise _RefusedError(
                400,
                "InvalidRequestContentException",
                f"Could not parse request body into json: {error}",
            ) from None
        return payload

    def _gone(self) -> bool:
        """Whether the caller has hung up, so that nobody is there to answer."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:  # nothing more is said, and the line is open
            return False
        except OSError:
            return True

    def _answer(
        self, status: int, body: bytes, request_id: str, headers: Mapping[str, str]
    ) -> None:
        self.answer(status, body, {"x-amzn-RequestId": request_id, **headers})


def _no_json(constant: str) -> NoReturn:
    """Python would read NaN and Infinity; JSON has neither, and Lambda refuses them."""
    raise ValueError(f"{constant} is no JSON")
