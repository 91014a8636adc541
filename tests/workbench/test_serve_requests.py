"""What `rewards serve` makes of requests that no SDK sends: refused, and nobody else is hurt."""

import http.client
import json
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from rewards.wire.contract import MAX_PAYLOAD_BYTES
from rewards.workbench.local.loopback import HOST
from rewards.workbench.local.runtime_api import MAX_RESPONSE_BYTES, Invocation, RuntimeServer
from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import wire_row
from tests.workbench.serving import EVENT, answer, client, invoke, raw, serving


def test_no_payload_is_an_empty_object(function: Any) -> None:
    """As Lambda does it; the handler then says that this is no event."""
    response = function.invoke(FunctionName="reward")

    assert "an empty object" in answer(response)["errorMessage"]


def test_a_request_over_6_mb_is_refused_by_the_service(function: Any) -> None:
    """413 RequestTooLargeException, and the connection is good for the next request."""
    with pytest.raises(ClientError) as refused:
        invoke(function, b'"' + b"x" * MAX_PAYLOAD_BYTES + b'"')

    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert "FunctionError" not in invoke(function, EVENT)


def test_a_response_over_6_mb_is_a_function_error(tmp_path: Path) -> None:
    """A small event can have a response that Lambda would not carry even without its metrics."""
    with serving(tmp_path, "--timeout", "120") as (url, _):
        function = client(url)
        response = invoke(function, [{"id": f"{n:01010}", "messages": 0} for n in range(6_000)])

        error = answer(response)
        assert response["FunctionError"] == "Unhandled"
        assert error["errorType"] == "Function.ResponseSizeTooLarge"
        assert f"{MAX_RESPONSE_BYTES} bytes" in error["errorMessage"]
        assert "FunctionError" not in invoke(function, EVENT)


@pytest.mark.parametrize(
    "payload",
    [
        *(b"{", b"\xff", b"[" * 100_000, b"[NaN]", b'{"a": -Infinity}', b"Infinity"),
        json.dumps(EVENT).encode("utf-16"),
    ],
)
def test_a_body_that_is_no_json_is_refused_by_the_service(function: Any, payload: bytes) -> None:
    """400 InvalidRequestContentException; the function never sees it."""
    with pytest.raises(ClientError) as refused:
        invoke(function, payload)

    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"


@pytest.mark.parametrize(
    "header", [("Content-Length", "many"), ("Content-Length", "-5"), ("Transfer-Encoding", "x")]
)
def test_a_body_of_unknown_length_is_refused(function: Any, header: tuple[str, str]) -> None:
    """A body that is not read must not pass for an empty event."""
    connection = raw(function, "/2015-03-31/functions/f/invocations")
    connection.putheader(*header)
    connection.endheaders()

    assert connection.getresponse().status == 411
    connection.close()


def test_two_lengths_are_no_length(function: Any) -> None:
    """Attack: where one reader takes the first and another the last, a request hides in a body."""
    connection = raw(function, "/2015-03-31/functions/f/invocations")
    for length in ("2", "0"):
        connection.putheader("Content-Length", length)
    connection.endheaders(b"{}")

    assert connection.getresponse().status == 411
    connection.close()


def test_digits_are_the_functions_business(function: Any) -> None:
    """JSON has numbers of any length, and so does an event; Python's limit is not Lambda's."""
    event = json.dumps([wire_row("7", 7)]).replace(": 7}", f": {'7' * 5_000}}}")

    assert invoke(function, event.encode())["StatusCode"] == 200


def test_a_peer_that_asks_before_it_sends_is_answered(function: Any) -> None:
    """`Expect: 100-continue`: the answer is not kept back, or the peer would wait for a second."""
    address = urlsplit(function.meta.endpoint_url)
    head = (
        "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\n"
        f"Host: {address.netloc}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(
        (address.hostname, address.port), timeout=PATIENCE_SECONDS
    ) as peer:
        peer.sendall(head.encode())
        assert peer.recv(100).startswith(b"HTTP/1.1 100")


INJECTED = "a%0d%0aContent-Length:%202%0d%0a%0d%0a[]"


@pytest.mark.parametrize(
    "path",
    [
        *(f"{name}/invocations" for name in (INJECTED, "%E2%82%AC", "%00", "a%20b", "a" * 200)),
        *("f/invocations?Qualifier=%D9%A3", "f/invocations?Qualifier=1%0d%0aX:%20y"),
        *("arn:aws:s3:::bucket/invocations", "f:%24/invocations", "f%3A/invocations"),
    ],
)
def test_a_name_that_is_none_is_refused_by_the_service(function: Any, path: str) -> None:
    """Attack: a name becomes a header of the Runtime API, and could end it; it never gets there."""
    connection = raw(function, f"/2015-03-31/functions/{path}")
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    answered = connection.getresponse()

    assert (answered.status, answered.getheader("x-amzn-ErrorType")) == (400, "ValidationException")
    connection.close()
    assert len(answer(invoke(function, EVENT))) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rewards.example"},
        {"Host": "127.0.0.1.rewards.example:9000"},
        {"Origin": "https://rewards.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_in_a_browser_cannot_invoke(function: Any, headers: dict[str, str]) -> None:
    """Attack: a page posts to loopback, or its own name is made to lead there: judges cost."""
    request = urllib.request.Request(
        function.meta.endpoint_url + "/2015-03-31/functions/f/invocations",
        data=json.dumps(EVENT).encode(),
        headers=headers,
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    with refused.value:
        assert refused.value.code == 403


def test_the_runtime_api_takes_answers_to_its_own_question_only() -> None:
    """Another request's id, or another path, is refused; nothing of it is reported."""
    server = RuntimeServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.events.put(Invocation("7", "arn", b"{}", 0.0))

    def status(method: str, path: str) -> int:
        connection = http.client.HTTPConnection(HOST, server.server_port, timeout=PATIENCE_SECONDS)
        connection.request(method, f"/2018-06-01/runtime/{path}", body=b"[]")
        answered = connection.getresponse()
        answered.read()
        connection.close()
        return answered.status

    try:
        assert status("GET", "invocation/next") == 200
        assert status("GET", "invocation/last") == 404
        assert status("POST", "invocation/8/response") == 400
        assert status("POST", "invocation/7/escape") == 400
        assert status("POST", "invocation/7/response") == 202
        assert [server.reports.get().kind for _ in range(2)] == ["next", "response"]
        assert server.reports.empty()
    finally:
        server.shutdown()
        server.server_close()


def test_a_caller_that_hangs_up_blocks_nobody(tmp_path: Path) -> None:
    """Its invocation is ended, though it has minutes left; the next one finds a place."""
    with serving(tmp_path, "--timeout", "900") as (url, _):
        function = client(url)
        connection = raw(function, "/2015-03-31/functions/f/invocations")
        event = json.dumps([wire_row("sleep")]).encode()
        connection.putheader("Content-Length", str(len(event)))
        connection.endheaders(event)
        connection.close()

        # The client's own limit is a third of what the sleeper would take.
        assert "FunctionError" not in invoke(function, EVENT)


def test_other_apis_are_refused(function: Any) -> None:
    """Nothing but invocations is served."""
    with pytest.raises(ClientError):
        function.list_functions()
    url = function.meta.endpoint_url + "/2015-03-31/functions/a/b/invocations"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, data=b"{}", timeout=PATIENCE_SECONDS)
    with refused.value:
        assert refused.value.code == 404
