"""HTTP on loopback, for programs only: what both of the local Lambda's APIs stand on.

A page in a browser can reach loopback, too, under this machine's names or, by a DNS answer that
changes, under its own. Neither API is for pages, so both refuse what browsers say of themselves.
"""

import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"

_NAMES = {HOST, "localhost", "[::1]"}


class LoopbackServer(ThreadingHTTPServer):
    """An HTTP server that takes a peer's end for what it is: no error of the server."""

    daemon_threads = True  # a request that hangs never holds up the end

    def __init__(self, port: int, handler: type["LoopbackHandler"]) -> None:
        """Listen on `port`, 0 for any that is free."""
        super().__init__((HOST, port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where the peer has gone, as a killed child does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers in JSON, at once, and never to a browser."""

    protocol_version = "HTTP/1.1"
    # Else the end of an answer waits for the peer's delayed acknowledgement of its beginning:
    # 40 ms for nothing, on each leg (Nagle's algorithm).
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """Refuse what does not come from a program on this machine."""
        if not super().parse_request():
            return False
        hosts = self.headers.get_all("Host") or [""]
        ours = (len(hosts) == 1 and hosts[0].rpartition(":")[0] in _NAMES) or hosts[0] in _NAMES
        site = self.headers.get("Sec-Fetch-Site", "none")
        if ours and "Origin" not in self.headers and site == "none":
            return True
        self.close_connection = True  # the body has not been read
        self.answer(
            403,
            b'{"Message": "for programs on this machine only, not for pages or other hosts"}',
            {"x-amzn-ErrorType": "AccessDeniedException"},
        )
        return False

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Send an answer whole.

        Raises:
            ValueError: a header would end before its line does.
        """
        self.send_response(status)
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"header {name}: {value!r}")
            self.send_header(name, value)
        if status != 204:  # which has no body, and may not say how long it is
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what the function logs is what counts."""
