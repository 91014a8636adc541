"""A local Bedrock: speaks Converse over HTTP, as botocore's own service model defines it.

Every request is checked against the model's input shape (members, types, enums, patterns, bounds)
and every reply against its output shape, so that the server cannot drift from the API. What it
answers is scripted: a function from the request to a `Fault`, or to a verdict.
"""

import hashlib
import json
import re
import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import botocore.session

from tests.service_shapes import problems_of, shape_problems

#: No test waits longer than this for a socket that hangs.
HANG_SECONDS = 20.0


@cache
def service() -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime")


@dataclass(frozen=True)
class Asked:
    """One request, as the server saw it."""

    model: str
    body: Mapping[str, Any]
    #: When it came, by `time.monotonic()`: benchmarks hold it against their deadline.
    at: float = 0.0

    @property
    def user(self) -> str:
        """The text of the user turn: data and instructions."""
        return str(self.body["messages"][0]["content"][0]["text"])

    @property
    def system(self) -> str:
        return str(self.body["system"][0]["text"])

    @property
    def is_repair(self) -> bool:
        return len(self.body["messages"][0]["content"]) > 1

    @property
    def criteria(self) -> dict[str, list[Any]]:
        """The levels of each criterion, from the schema."""
        if "toolConfig" in self.body:
            schema = self.body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
        else:
            structure = self.body["outputConfig"]["textFormat"]["structure"]
            schema = json.loads(structure["jsonSchema"]["schema"])
        return {
            name: part["properties"]["score"]["enum"] for name, part in schema["properties"].items()
        }

    def fenced(self, name: str = "completion") -> str:
        """What stands between the tags of `name`, by the code that the instructions give."""
        # The last mention: the instructions stand after the data, which may hold a mention, too.
        codes = re.findall(r"tags that end in -([0-9a-f]+) is data", self.user)
        assert codes, "the instructions name no code"
        fence = rf"<{name}-{codes[-1]}>\n(.*?)\n</{name}-{codes[-1]}>"
        found = re.search(fence, self.user, re.DOTALL)
        return found[1] if found else ""

    def level(self, name: str) -> Any:
        """An honest judge's level: it depends on the fenced completion alone."""
        levels = self.criteria[name]
        digest = hashlib.sha256(f"{name}\0{self.fenced()}".encode()).digest()
        return levels[digest[0] % len(levels)]

    def verdict(self) -> dict[str, Any]:
        return {name: {"reason": "as read", "score": self.level(name)} for name in self.criteria}


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one request; `seconds` is how late, where that is it.

    "raw" answers with `body` as it is, "drip" with one byte of it at a time, every `seconds`;
    "invalid" is a ValidationException, whose message is `body` where there is one.
    """

    kind: str
    seconds: float = 0.0
    body: bytes = b""
    encoding: str = ""


#: How late a "slow" reply comes: a good one, in the end.
SLOW_SECONDS = 0.2

#: Kinds of `Fault`: the service's, which are worth another try.
SERVICE_FAULTS = ("throttle", "unavailable", "internal", "drop", "cut_body")
#: The model's, of which a repair may make a verdict.
REPLY_FAULTS = (
    *("cut_json", "nan", "out_of_scale", "missing", "prose", "wrong_tool", "empty", "stringly"),
    *("extra", "two_calls", "malformed"),
)
#: The sample's: nothing helps.
REFUSALS = ("content_filtered", "guardrail_intervened", "too_long", "window")

Script = Callable[[Asked], Fault | None]


@dataclass
class Converse:
    """A running server: what it was asked, and how many at once."""

    url: str = ""
    script: Script = lambda asked: None
    delay: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    last_end: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def faulty(self, share: float, seed: int, kinds: tuple[str, ...]) -> None:
        """Let a share of the requests fail, chosen by the request and how often it came."""
        seen: Counter[str] = Counter()

        def script(asked: Asked) -> Fault | None:
            body = json.dumps(asked.body, sort_keys=True)
            with self.lock:
                seen[body] += 1
                turn = seen[body]
            drawn = hashlib.sha256(f"{seed}/{turn}/{body}".encode()).digest()
            if int.from_bytes(drawn[:4], "big") / 2**32 >= share:
                return None
            kind = kinds[drawn[4] % len(kinds)]
            return Fault(kind, seconds=SLOW_SECONDS if kind == "slow" else 0.0)

        self.script = script


@contextmanager
def converse() -> Iterator[Converse]:
    """Serve on a free port of 127.0.0.1 while the block runs."""
    state = Converse()
    server = _Server(state)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
        assert not state.problems, state.problems[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, state: Converse) -> None:
        self.state = state
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is part of the tests; a bug of this server is not."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.state.problems.append(f"the server failed: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Answers leave at once: with Nagle's algorithm each would wait 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        state = self.server.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = unquote(self.path.removeprefix("/model/").removesuffix("/converse"))
        asked = Asked(model, body, time.monotonic())
        with state.lock:
            state.asked.append(asked)
            state.problems += problems_of(service(), {"modelId": model, **body})
            state.under_way += 1
            state.most_under_way = max(state.most_under_way, state.under_way)
        try:
            fault = state.script(asked)
            late = fault.seconds if fault and fault.kind != "drip" else 0.0
            state.stopping.wait(state.delay + late)
            if fault and fault.kind == "hang":
                self._hang()
                self.close_connection = True
                return
        finally:
            with state.lock:
                state.under_way -= 1
                state.last_end = time.monotonic()
        # Counted out before: who has an answer may ask again before this thread goes on.
        self._answer(asked, fault)

    def _answer(self, asked: Asked, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if kind == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif fault and kind in ("raw", "drip"):
            self._send_raw(fault)
        elif fault and kind in _ERRORS:
            self._send(*_error(kind, fault.body.decode()))
        else:
            reply = reply_to(asked, kind)
            self.server.state.problems += shape_problems(
                service().operation_model("Converse").output_shape, reply, finite=False
            )
            payload = json.dumps(reply)
            if kind == "cut_body":
                payload = payload[: len(payload) // 2]
            self._send(200, payload)

    def _hang(self) -> None:
        """Say nothing until the client gives up: it is under way for as long as it waits."""
        end = time.monotonic() + HANG_SECONDS
        while time.monotonic() < end and not self.server.state.stopping.is_set():
            if select.select([self.connection], [], [], 0.05)[0]:
                return

    def _send_raw(self, fault: Fault) -> None:
        """Bytes that the API would not send, at once or one by one."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(fault.body)))
        if fault.encoding:
            self.send_header("Content-Encoding", fault.encoding)
        self.end_headers()
        if fault.kind == "raw":
            self.wfile.write(fault.body)
            return
        for byte in fault.body:
            if self.server.state.stopping.wait(fault.seconds):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def _send(self, status: int, payload: str, error: str = "") -> None:
        data = payload.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(data)


_ERRORS = {
    "throttle": ("ThrottlingException", "Too many requests, please wait before trying again."),
    "not_ready": ("ModelNotReadyException", "The model is not ready."),
    "unavailable": ("ServiceUnavailableException", "Service is unavailable."),
    "internal": ("InternalServerException", "The server failed."),
    "model_timeout": ("ModelTimeoutException", "The model took too long."),
    "model_error": ("ModelErrorException", "The model failed."),
    "denied": ("AccessDeniedException", "You don't have access to the model."),
    "not_found": ("ResourceNotFoundException", "There is no such model."),
    "invalid": ("ValidationException", "The provided model identifier is invalid."),
    "too_long": ("ValidationException", "Input is too long for requested model."),
}


def _error(kind: str, said: str = "") -> tuple[int, str, str]:
    """Status, body and type of an error, its status as the service model has it."""
    name, message = _ERRORS[kind]
    message = said or message
    shape = service().shape_for(name)
    known = {error.name for error in service().operation_model("Converse").error_shapes}
    assert shape.name in known
    return shape.metadata["error"]["httpStatusCode"], json.dumps({"message": message}), name


def reply_to(asked: Asked, kind: str = "") -> dict[str, Any]:
    """The body of a reply: an honest verdict, or the way of failing that `kind` names."""
    as_tool = "toolConfig" in asked.body
    verdict: Any = asked.verdict()
    stop = "tool_use" if as_tool else "end_turn"
    first = next(iter(verdict))
    if kind == "nan":
        verdict[first]["score"] = float("nan")
    elif kind == "out_of_scale":
        verdict[first]["score"] = 10
    elif kind == "stringly":
        verdict[first]["score"] = f"{verdict[first]['score']} out of 5"
    elif kind == "missing":
        del verdict[first]
    elif kind == "extra":
        verdict["overall"] = {"reason": "I add them up.", "score": 1.0}
    elif kind in ("content_filtered", "guardrail_intervened"):
        stop = kind
    elif kind == "window":
        stop = "model_context_window_exceeded"
    elif kind == "malformed":
        stop = "malformed_tool_use" if as_tool else "malformed_model_output"
    elif kind == "cut_json":
        stop = "max_tokens"
    content = _tool_content(verdict, kind) if as_tool else _text_content(verdict, kind)
    if stop in ("content_filtered", "guardrail_intervened"):
        content = [{"text": "Sorry, I cannot help with that. Score: 5 out of 5."}]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {
            "inputTokens": len(asked.user) // 4,
            "outputTokens": 50,
            "totalTokens": len(asked.user) // 4 + 50,
            "cacheReadInputTokens": 7,
        },
        "metrics": {"latencyMs": 1},
    }


def _tool_content(verdict: Any, kind: str) -> list[dict[str, Any]]:
    thought = {"reasoningContent": {"reasoningText": {"text": "Score 5, says the completion."}}}
    text = {"text": "Here is my verdict: 5 out of 5."}
    call = {"toolUse": {"toolUseId": "t1", "name": "verdict", "input": verdict}}
    if kind == "empty":
        return []
    if kind == "prose":
        return [thought, {"text": f"I give {json.dumps(verdict)} as you asked."}]
    if kind == "wrong_tool":
        return [{"toolUse": {"toolUseId": "t1", "name": "final_score", "input": verdict}}]
    if kind == "two_calls":
        return [call, call]
    if kind == "cut_json":
        return [thought, text]
    return [thought, text, call]


def _text_content(verdict: Any, kind: str) -> list[dict[str, Any]]:
    thought = {"reasoningContent": {"reasoningText": {"text": '{"score": 5}'}}}
    text = json.dumps(verdict)
    if kind == "empty":
        return []
    if kind in ("prose", "wrong_tool"):
        text = f"Here is the verdict you wanted:\n```json\n{text}\n```"
    elif kind == "cut_json":
        text = text[: len(text) // 2]
    elif kind == "two_calls":
        text = text + text
    return [thought, {"text": text}]
