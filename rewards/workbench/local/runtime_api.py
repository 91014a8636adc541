"""The Runtime API of one execution environment: what AWS's runtime client asks for work.

GET  /2018-06-01/runtime/invocation/next            blocks until there is an event
POST /2018-06-01/runtime/invocation/<id>/response
POST /2018-06-01/runtime/invocation/<id>/error
POST /2018-06-01/runtime/init/error
"""

import re
from dataclasses import dataclass
from queue import Queue

from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.local.loopback import LoopbackHandler, LoopbackServer

#: A response may have so many bytes (100 more than a payload; AWS's own emulator has the same).
MAX_RESPONSE_BYTES = MAX_PAYLOAD_BYTES + 100

_RUNTIME = "/2018-06-01/runtime"
_NEXT = f"{_RUNTIME}/invocation/next"
_INIT_ERROR = f"{_RUNTIME}/init/error"
_ANSWERED = re.compile(rf"{_RUNTIME}/invocation/([^/]+)/(response|error)")


@dataclass(frozen=True)
class Invocation:
    """An event on its way to the function."""

    id: str
    arn: str
    event: bytes
    deadline: float


@dataclass(frozen=True)
class ChildReport:
    """Something that the child did: next, response, error, too_large, init_error or exit."""

    kind: str
    body: bytes = b""


class RuntimeServer(LoopbackServer):
    """Hands out events and takes in reports, on a free port of loopback."""

    def __init__(self) -> None:
        """Listen; an invocation of None ends whoever waits for one."""
        self.events: Queue[Invocation | None] = Queue()
        self.reports: Queue[ChildReport] = Queue()
        self.running = ""
        super().__init__(0, _RuntimeApi)


class _RuntimeApi(LoopbackHandler):
    @property
    def _runtime(self) -> RuntimeServer:
        assert isinstance(self.server, RuntimeServer)
        return self.server

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self.answer(404, b"{}", {})
            return
        self._runtime.reports.put(ChildReport("next"))
        invocation = self._runtime.events.get()
        if invocation is None:
            self.close_connection = True
            return
        self._runtime.running = invocation.id
        headers = {
            # awslambdaric 4.2 crashes without the trace id.
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
        }
        self.answer(200, invocation.event, headers)

    def do_POST(self) -> None:
        body = self._body()
        answered = _ANSWERED.fullmatch(self.path)
        if self.path == _INIT_ERROR:
            kind = "init_error"
        elif answered is not None and answered[1] == self._runtime.running:
            kind = answered[2]
        else:
            self.answer(400, b'{"errorType": "InvalidRequestID"}', {})
            return
        if kind == "response" and len(body) > MAX_RESPONSE_BYTES:
            self.answer(413, b"{}", {})
            self._runtime.reports.put(ChildReport("too_large"))
        else:
            self.answer(202, b"{}", {})
            self._runtime.reports.put(ChildReport(kind, body))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)
