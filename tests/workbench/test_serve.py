"""`rewards serve`: the Lambda Invoke API, as boto3 sees it."""

import base64
import http.client
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3  # noqa: TID251 - the client under test; no cold start is paid here
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rewards.workbench.local.handler import LocalHandler
from rewards.workbench.local.invoke_api import MAX_REQUEST_BYTES
from rewards.workbench.local.runtime import MAX_RESPONSE_BYTES
from tests.workbench.conftest import COMMAND, ROOT, wire_row

SCORER = """
import os, time
from rewards import Sample, scorer

@scorer
def acts(sample: Sample) -> bool:
    if sample.completion == "sleep":
        time.sleep(60)
    if sample.completion == "exit":
        os._exit(3)
    if sample.completion.startswith("print"):
        print(sample.completion)
    return sample.completion == sample.reference_text
"""
RUBRIC = 'name = "acts"\n[[component]]\nname = "acts"\nscorer = "acting:acts"\n'
EVENT = [wire_row("72", id="é"), wire_row("71", id=3), 7]


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[tuple[str, Any]]:
    """A server in a process of its own, on a free port, and its URL; always ended."""
    (folder / "acting.py").write_text(SCORER)
    (folder / "acts.toml").write_text(RUBRIC)
    command = [*COMMAND, "serve", "--port", "0", "--json", "--rubric", "acts.toml", *options]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert server.stdout is not None
        try:
            # Four lines of JSON; readline returns nothing where the server ends before.
            printed = b"".join(server.stdout.readline() for _ in range(5))
            yield json.loads(printed)["url"], server
        finally:
            if server.poll() is None:
                server.kill()
            server.wait(timeout=20)
            server.stdout.close()


def client(url: str) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A boto3 client of a server whose invocations may take 2 seconds."""
    with serving(tmp_path_factory.mktemp("serve"), "--timeout", "2") as (url, _):
        yield client(url)


def invoke(function: Any, event: Any, **options: Any) -> Any:
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    return function.invoke(**{"FunctionName": "reward", "Payload": payload, **options})


def answer(response: Any) -> Any:
    return json.loads(response["Payload"].read())


def test_answers_what_the_handler_answers(function: Any, exact: Path) -> None:
    """A plain boto3 client gets the handler's response, marshalled by AWS's runtime client."""
    exact.write_text(exact.read_text().replace("correct", "acts"))

    response = invoke(function, EVENT)

    assert response["StatusCode"] == 200
    assert "FunctionError" not in response
    assert answer(response) == LocalHandler(exact).invoke(EVENT).response


@pytest.mark.parametrize(
    ("name", "options", "version"),
    [
        ("any-name", {}, "$LATEST"),
        ("any-name:7", {}, "7"),
        ("any-name", {"Qualifier": "live"}, "$LATEST"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:SageMaker-reward", {}, "$LATEST"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:reward:12", {}, "12"),
        ("111122223333:function:reward", {}, "$LATEST"),
    ],
)
def test_any_function_name_or_arn_is_the_function(
    function: Any, name: str, options: dict[str, str], version: str
) -> None:
    """Names, partial ARNs, ARNs and qualifiers all lead to it; a version is echoed."""
    response = invoke(function, EVENT, FunctionName=name, **options)

    assert response["ExecutedVersion"] == version
    assert len(answer(response)) == 3


def test_an_error_of_the_handler_is_a_function_error(function: Any) -> None:
    """As Lambda does it: status 200, FunctionError, errorType and errorMessage as payload."""
    response = invoke(function, {"body": "[]"})

    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    error = answer(response)
    assert error["errorType"] == "EventError"
    assert "'body'" in error["errorMessage"]


def test_the_timeout_is_enforced_and_the_next_invocation_works(function: Any) -> None:
    """The child is killed at the timeout and replaced, whatever it was doing."""
    response = invoke(function, [wire_row("sleep")])

    assert response["FunctionError"] == "Unhandled"
    error = answer(response)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert "FunctionError" not in invoke(function, EVENT)


def test_a_crash_is_a_function_error_and_the_next_invocation_works(function: Any) -> None:
    """A process that ends without an answer is reported with its exit status, and replaced."""
    error = answer(invoke(function, [wire_row("exit")]))

    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert "FunctionError" not in invoke(function, EVENT)


def test_the_log_tail_is_that_of_the_invocation(function: Any) -> None:
    """LogType=Tail: the last 4 KB between START and REPORT, none of it from a neighbour."""
    invoke(function, [wire_row("print neighbour")])

    response = invoke(function, [wire_row("print me ✓")], LogType="Tail")
    log = base64.b64decode(response["LogResult"]).decode()
    flood = invoke(function, [wire_row("print" + "x" * 10_000)] * 2, LogType="Tail")

    request_id = response["ResponseMetadata"]["RequestId"]
    assert log.startswith(f"START RequestId: {request_id}")
    assert "print me ✓" in log
    assert "neighbour" not in log
    assert f"REPORT RequestId: {request_id}\tDuration: " in log
    assert len(base64.b64decode(flood["LogResult"])) == 4096
    assert "LogResult" not in invoke(function, EVENT)


def test_event_and_dry_run(function: Any) -> None:
    """Event is accepted and runs on its own; DryRun runs nothing."""
    assert invoke(function, EVENT, InvocationType="Event")["StatusCode"] == 202
    assert invoke(function, [wire_row("exit")], InvocationType="DryRun")["StatusCode"] == 204
    assert "FunctionError" not in invoke(function, EVENT)


def test_no_payload_is_an_empty_object(function: Any) -> None:
    """As Lambda does it; the handler then says that this is no event."""
    response = function.invoke(FunctionName="reward")

    assert "an empty object" in answer(response)["errorMessage"]


def test_a_request_over_6_mb_is_refused_by_the_service(function: Any) -> None:
    """413 RequestTooLargeException, and the connection is good for the next request."""
    with pytest.raises(ClientError) as refused:
        invoke(function, b'"' + b"x" * MAX_REQUEST_BYTES + b'"')

    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert "FunctionError" not in invoke(function, EVENT)


def test_a_response_over_6_mb_is_a_function_error(tmp_path: Path) -> None:
    """A small event can have a response that Lambda would not carry."""
    with serving(tmp_path, "--timeout", "30") as (url, _):
        function = client(url)
        response = invoke(function, [{"messages": 0}] * 100_000)

        error = answer(response)
        assert response["FunctionError"] == "Unhandled"
        assert error["errorType"] == "Function.ResponseSizeTooLarge"
        assert f"{MAX_RESPONSE_BYTES} bytes" in error["errorMessage"]
        assert "FunctionError" not in invoke(function, EVENT)


@pytest.mark.parametrize("payload", [b"{", b"\xff", b"[" * 100_000])
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
    connection = http.client.HTTPConnection(urlsplit(function.meta.endpoint_url).netloc, timeout=20)
    connection.putrequest("POST", "/2015-03-31/functions/f/invocations")
    connection.putheader(*header)
    connection.endheaders()

    assert connection.getresponse().status == 411
    connection.close()


def test_other_apis_are_refused(function: Any) -> None:
    """Nothing but invocations is served."""
    with pytest.raises(ClientError):
        function.list_functions()
    url = function.meta.endpoint_url + "/2015-03-31/functions/a/b/invocations"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, data=b"{}", timeout=10)
    with refused.value:
        assert refused.value.code == 404


def test_an_error_of_the_init_phase_answers_every_invocation(tmp_path: Path) -> None:
    """A setting that the handler refuses is reported as Lambda reports it; mended, it works."""
    with serving(tmp_path) as (url, _):
        function = client(url)
        assert "FunctionError" not in invoke(function, EVENT)
        (tmp_path / "acts.toml").write_text("name = 7")
        invoke(function, [wire_row("exit")])  # the next invocation needs a new process

        broken = invoke(function, EVENT)
        (tmp_path / "acts.toml").write_text(RUBRIC)

        assert broken["FunctionError"] == "Unhandled"
        assert answer(broken)["errorType"] == "SpecError"
        assert "FunctionError" not in invoke(function, EVENT)


def test_an_init_that_fails_at_once_is_said_and_served(tmp_path: Path) -> None:
    """The person who starts it reads why; whoever invokes it gets the same."""
    with serving(tmp_path, REWARD_LOG_SAMPLES="seven") as (url, _):
        error = answer(invoke(client(url), EVENT))

    assert "REWARD_LOG_SAMPLES" in error["errorMessage"]
    assert "REWARD_LOG_SAMPLES" in (tmp_path / "serve.log").read_text()


def test_invocations_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    """Two environments and more callers than that: nobody gets somebody else's response."""
    with serving(tmp_path, "--concurrency", "2") as (url, _), ThreadPoolExecutor(6) as callers:
        function = client(url)

        def call(number: int) -> list[str]:
            return [row["id"] for row in answer(invoke(function, [wire_row("72", id=str(number))]))]

        assert list(callers.map(call, range(30))) == [[str(number)] for number in range(30)]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_child(tmp_path: Path, how: signal.Signals) -> None:
    """Exit code 0, no traceback, no process left behind: the port and the child are gone."""
    with serving(tmp_path) as (url, server):
        assert "FunctionError" not in invoke(client(url), EVENT)
        server.send_signal(how)
        assert server.wait(timeout=20) == 0

    log = (tmp_path / "serve.log").read_text()
    assert log.rstrip().endswith("stopped")
    assert "Traceback" not in log
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    """Exit code 2 and the reason."""
    with serving(tmp_path) as (url, _):
        port = url.rpartition(":")[2]
        second = subprocess.run(
            [*COMMAND, "serve", "--rubric", "acts.toml", "--port", port],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=30,
            check=False,
        )

    assert second.returncode == 2
    assert b"in use" in second.stderr
    assert len(second.stderr.splitlines()) == 1
