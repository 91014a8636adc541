"""The OpenAI-compatible API of Bedrock on loopback, as far as RFT jobs use it."""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = b"<html><body>Bad Gateway</body></html>"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a method to a path, and whether it was heard.

    drop: closed without an answer; reset: by force; cut: half an answer; page, page-502: what a
    gateway says; empty: nothing, with status 200; list: JSON, but no object.
    """

    kind: str
    method: str = "GET"
    path: str = ""
    heard: bool = True


FAULTS = ("drop", "reset", "cut", "page", "page-502", "empty", "list")


class FakeMantle:
    """Files and fine-tuning jobs in memory; what was sent is kept for the test to look at."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.events: list[dict[str, Any]] = []
        self.throttles = 0
        self.statuses: list[str] = []
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.keep_contents = True
        self.url = ""

    @contextmanager
    def running(self) -> Iterator["FakeMantle"]:
        """Serve on a free port of loopback until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def fault_of(self, method: str, path: str) -> Fault | None:
        """What goes wrong with this request: the first fault that fits, once."""
        path = path.removeprefix("/v1/")
        self.requests.append(f"{method} {path.partition('?')[0]}")
        for place, fault in enumerate(self.faults):
            if fault.method == method and path.startswith(fault.path):
                return self.faults.pop(place)
        return None

    def answer(self, method: str, path: str, kind: str, body: bytes) -> tuple[int, Any]:
        """The status and the document for one request."""
        path, _, _ = path.removeprefix("/v1/").partition("?")
        job_id, _, verb = path.removeprefix("fine_tuning/jobs/").partition("/")
        if (method, path) == ("POST", "files"):
            return 200, self._upload(kind, body)
        if (method, path) == ("GET", "files"):
            return 200, _page(self.files.values())
        if (method, path) == ("POST", "fine_tuning/jobs"):
            return self._create(json.loads(body))
        if (method, path) == ("GET", "fine_tuning/jobs"):
            return 200, _page(self.jobs.values())
        if job_id not in self.jobs:
            return 404, {"error": {"message": f"no job {job_id}", "code": "not_found"}}
        job = self.jobs[job_id]
        if verb == "events":
            return 200, _page(self.events)
        if verb == "cancel":
            job["status"] = "cancelled"
        elif self.statuses and job["status"] == "running":
            job["status"] = self.statuses.pop(0)
        return 200, job

    def _upload(self, kind: str, body: bytes) -> dict[str, Any]:
        if not self.keep_contents:
            return {"id": "file-0", "filename": "", "object": "file"}
        boundary = kind.partition("boundary=")[2].encode()
        _, purpose, file, _ = body.split(b"--" + boundary)
        assert purpose.split(b"\r\n\r\n")[1].strip() == b"fine-tune"
        head, _, content = file.partition(b"\r\n\r\n")
        match = re.search(rb'filename="([^"]+)"', head)
        assert match
        file_id = f"file-{len(self.files) + 1}"
        self.contents[file_id] = content.removesuffix(b"\r\n")
        self.files[file_id] = {"id": file_id, "filename": match[1].decode(), "object": "file"}
        return self.files[file_id]

    def _create(self, request: dict[str, Any]) -> tuple[int, Any]:
        if self.throttles:
            self.throttles -= 1
            return 429, {"error": {"message": "too many requests", "code": "throttled"}}
        self.created.append(request)
        job_id = f"ftjob-{len(self.jobs) + 1}"
        self.jobs[job_id] = {
            "id": job_id,
            "object": "fine_tuning.job",
            "status": "running",
            "created_at": int(time.time()) + len(self.jobs),
            "training_file": request["training_file"],
            "model": request["model"],
            "fine_tuned_model": f"ft:{request['model']}",
        }
        return 200, self.jobs[job_id]


def _page(entries: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(entries), "has_more": False}


def _handler(fake: FakeMantle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            fake.tokens.add(self.headers["Authorization"].removeprefix("Bearer "))
            body = self._body()
            kind = self.headers.get("Content-Type") or ""
            fault = fake.fault_of(self.command, self.path)
            if fault and not fault.heard:
                self._fail(fault.kind, b"{}")
                return
            status, document = fake.answer(self.command, self.path, kind, body)
            if fault:
                self._fail(fault.kind, json.dumps(document).encode())
            else:
                self._answer(status, json.dumps(document).encode())

        def _body(self) -> bytes:
            """What was sent; of a large upload that nobody looks at, nothing is kept."""
            left, pieces = int(self.headers.get("Content-Length") or 0), []
            while left:
                piece = self.rfile.read(min(left, 1 << 16))
                left -= len(piece)
                if fake.keep_contents or not pieces:
                    pieces.append(piece)
            return b"".join(pieces)

        def _answer(
            self, status: int, content: bytes, *, kind: str = "application/json", more: int = 0
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content) + more))
            self.end_headers()
            self.wfile.write(content)

        def _fail(self, kind: str, content: bytes) -> None:
            if kind == "cut":
                self._answer(200, content[: len(content) // 2], more=len(content))
            elif kind.startswith("page"):
                self._answer(502 if kind.endswith("502") else 200, PAGE, kind="text/html")
            elif kind in ("empty", "list"):
                self._answer(200, b"[]" if kind == "list" else b"")
            elif kind == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the output is the proof's."""

    return Handler
