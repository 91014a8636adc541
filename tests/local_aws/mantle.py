"""The OpenAI-compatible API of Bedrock on loopback, as far as RFT jobs use it."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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
            "created_at": 1_795_400_000 + len(self.jobs),
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
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type") or ""
            status, document = fake.answer(self.command, self.path, kind, body)
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the output is the proof's."""

    return Handler
