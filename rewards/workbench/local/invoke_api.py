"""The Lambda Invoke API over HTTP: what boto3 speaks, handed to execution environments."""

import base64
import json
import re
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rewards.workbench.local.runtime import Answer, Environment, LoopbackServer

#: Lambda's limit for the payload of a synchronous invocation.
MAX_REQUEST_BYTES = 6 * 1024 * 1024

#: The log tail that an invocation with LogType=Tail gets.
MAX_TAIL_BYTES = 4096

_PATH = re.compile(r"/2015-03-31/functions/([^/]{1,400})/invocations/?")


class InvokeServer(LoopbackServer):
    """Hands each invocation to an environment that is free."""

    def __init__(self, port: int, environments: Sequence[Environment]) -> None:
        """Listen on `port` of loopback, 0 for any that is free."""
        super().__init__(("127.0.0.1", port), _InvokeApi)
        self._free: Queue[Environment] = Queue()
        for environment in environments:
            self._free.put(environment)

    def invoke(self, request_id: str, arn: str, event: bytes) -> Answer:
        """Wait for a free environment and run the invocation there."""
        environment = self._free.get()
        try:
            answer = environment.invoke(request_id, arn, event)
        finally:
            self._free.put(environment)
        sys.stderr.write(answer.log.decode("utf-8", "backslashreplace"))
        return answer


class _RefusedError(Exception):
    """A request that Lambda answers with an error of the service, not of the function."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


class _InvokeApi(BaseHTTPRequestHandler):
    """POST /2015-03-31/functions/<name or ARN>/invocations."""

    protocol_version = "HTTP/1.1"
    # One packet an answer: head and body apart would wait 40 ms for each other (Nagle's algorithm).
    wbufsize = -1

    @property
    def _functions(self) -> InvokeServer:
        assert isinstance(self.server, InvokeServer)
        return self.server

    def do_POST(self) -> None:
        """Invoke the function."""
        request_id = str(uuid.uuid4())
        try:
            event = self._payload()
            arn, version = self._function()
            self._invoke(request_id, arn, version, event)
        except _RefusedError as error:
            body = json.dumps({"Type": "User", "Message": str(error)}).encode()
            self._answer(error.status, body, request_id, {"x-amzn-ErrorType": error.kind})

    def do_GET(self) -> None:
        """Only invocations are served."""
        body = json.dumps({"Message": "this server invokes functions, it has no other API"})
        self._answer(
            404, body.encode(), str(uuid.uuid4()), {"x-amzn-ErrorType": "UnknownOperationException"}
        )

    def _invoke(self, request_id: str, arn: str, version: str, event: bytes) -> None:
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        headers = {"X-Amz-Executed-Version": version}
        if kind == "DryRun":
            self._answer(204, b"", request_id, headers)
        elif kind == "Event":
            work = (request_id, arn, event)
            threading.Thread(target=self._functions.invoke, args=work, daemon=True).start()
            self._answer(202, b"", request_id, {})
        elif kind == "RequestResponse":
            answer = self._functions.invoke(request_id, arn, event)
            if answer.failed:
                headers["X-Amz-Function-Error"] = "Unhandled"
            if self.headers.get("X-Amz-Log-Type") == "Tail":
                tail = answer.log[-MAX_TAIL_BYTES:]
                headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
            self._answer(200, answer.payload, request_id, headers)
        else:
            raise _RefusedError(
                400,
                "InvalidParameterValueException",
                f"InvocationType {kind!r}: RequestResponse, Event or DryRun is wanted",
            )

    def _payload(self) -> bytes:
        """The event. It is read whole even where it is refused, so that the answer is."""
        given = self.headers.get("Content-Length") or "0"
        if not given.isdecimal() or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # where the next request starts, nobody can tell
            raise _RefusedError(411, "LengthRequiredException", "Content-Length is missing")
        length = int(given)
        if length > MAX_REQUEST_BYTES:
            while length > 0 and (data := self.rfile.read(min(length, MAX_REQUEST_BYTES))):
                length -= len(data)
            raise _RefusedError(
                413,
                "RequestTooLargeException",
                f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction "
                "operation",
            )
        payload = self.rfile.read(length) or b"{}"
        try:
            json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise _RefusedError(
                400,
                "InvalidRequestContentException",
                f"Could not parse request body into json: {error}",
            ) from None
        return payload

    def _function(self) -> tuple[str, str]:
        """ARN and version of the function that is asked for: any name is this one."""
        url = urlsplit(self.path)
        match = _PATH.fullmatch(url.path)
        if match is None:
            raise _RefusedError(404, "UnknownOperationException", f"no such API: {url.path}")
        name = unquote(match[1])
        qualifier = parse_qs(url.query).get("Qualifier", [""])[0]
        # [arn:partition:lambda:region:account:function:]name[:qualifier]
        parts = name.split(":function:", 1)
        plain, _, suffix = parts[-1].partition(":")
        prefix = parts[0] if len(parts) == 2 else "arn:aws:lambda:us-east-1:123456789012"
        qualifier = qualifier or suffix
        arn = f"{prefix}:function:{plain}" + (f":{qualifier}" if qualifier else "")
        # What an alias points to is nobody's knowledge here; a version is what it says.
        return arn, qualifier if qualifier.isdecimal() else "$LATEST"

    def _answer(
        self, status: int, body: bytes, request_id: str, headers: Mapping[str, str]
    ) -> None:
        self.send_response(status)
        for name, value in {"x-amzn-RequestId": request_id, **headers}.items():
            self.send_header(name, value)
        if status != 204:  # which has no body, and may not say how long it is
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the function's log and its REPORT line are there."""
