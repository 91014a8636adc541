"""`rewards serve`: the Lambda Invoke API, as boto3 sees it."""

import base64
import os
import signal
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rewards.workbench.local import runtime
from rewards.workbench.local.handler import LocalHandler
from tests.patience import in_some_time
from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import COMMAND, EXACT, ROOT, Run, wire_row
from tests.workbench.serving import EVENT, RUBRIC, answer, client, invoke, serving


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


def test_the_timeout_is_enforced_and_the_next_invocation_works(tmp_path: Path) -> None:
    """The child is killed at the timeout and replaced, where nothing in it can be interrupted."""

    def check(seconds: float) -> None:
        with serving(tmp_path, "--timeout", f"{seconds:g}") as (url, _):
            function = client(url)
            response = invoke(function, [wire_row("hang")])

            assert response["FunctionError"] == "Unhandled"
            error = answer(response)
            assert error["errorType"] == "Sandbox.Timedout"
            assert error["errorMessage"].endswith(f"Task timed out after {seconds:.2f} seconds")
            assert "FunctionError" not in invoke(function, EVENT)

    in_some_time(check, first=1)


def test_a_scorer_that_sleeps_costs_its_sample_and_not_the_invocation(tmp_path: Path) -> None:
    """The batch is answered before the timeout: the sleeper at the floor, its neighbour scored."""

    def check(seconds: float) -> None:
        with serving(tmp_path, "--timeout", f"{seconds:g}") as (url, _):
            rows = [wire_row("72", id="quick"), wire_row("sleep", id="slow")]
            response = invoke(client(url), rows)
            answered = answer(response)  # its body may come after its head

        assert "FunctionError" not in response
        quick, slow = answered
        assert (quick["aggregate_reward_score"], slow["aggregate_reward_score"]) == (1.0, 0.0)
        assert "acts/error/deadline" in {metric["name"] for metric in slow["metrics_list"]}

    in_some_time(check, first=2)


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


def test_several_rubrics_are_functions_by_their_names(tmp_path: Path) -> None:
    """FunctionName chooses; a name that nobody serves is ResourceNotFoundException."""
    (tmp_path / "exact.toml").write_text(EXACT)
    rubrics = ("--rubric", "acts.toml", "--rubric", "prod=exact.toml", "--rubric", "gsm8k")
    with serving(tmp_path, *rubrics) as (url, _):
        function = client(url)

        def components(name: str) -> set[str]:
            (result,) = answer(invoke(function, [wire_row("72")], FunctionName=name))
            return {metric["name"] for metric in result["metrics_list"]}

        assert components("acts") == {"acts"}
        assert components("arn:aws:lambda:us-east-1:111122223333:function:prod:7") == {"correct"}
        assert {"correct", "marker"} <= components("gsm8k")
        with pytest.raises(ClientError) as refused:
            invoke(function, EVENT, FunctionName="exact")

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert "acts, prod, gsm8k" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("rubrics", "said"),
    [
        (["gsm8"], 'did you mean "gsm8k"?'),
        (["a=gsm8"], 'did you mean "gsm8k"?'),
        (["missing.toml"], "missing.toml"),
        (["gsm8k", "gsm8k"], "a function 'gsm8k' already"),
        (["gsm8k", "my rubric.toml"], "write NAME=my rubric.toml"),
        (["a b=gsm8k"], "no function's name"),
    ],
)
def test_a_rubric_that_cannot_be_served_is_one_line(
    rewards: Run, rubrics: list[str], said: str
) -> None:
    """Exit code 2 before anything listens, as in every command."""
    result = rewards("serve", *(word for rubric in rubrics for word in ("--rubric", rubric)))

    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_system_without_the_runtime_client_is_told_in_a_sentence(
    rewards: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """awslambdaric has wheels for Linux only; elsewhere everything but serve works."""
    monkeypatch.setattr(runtime, "RUNTIME_MODULES", ("awslambdaric", "no_such_module"))

    result = rewards("serve")

    assert result.code == 2
    assert "no_such_module" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_child_that_dies_at_its_start_says_why(tmp_path: Path) -> None:
    """What it printed holds the reason; its exit status alone would tell nobody anything."""
    (tmp_path / "awslambdaric").mkdir()
    (tmp_path / "awslambdaric" / "__init__.py").touch()
    (tmp_path / "awslambdaric" / "__main__.py").write_text(
        "raise SystemExit('\\x1b[2Jthe native module\\ris missing')"
    )
    with serving(tmp_path):
        pass

    log = (tmp_path / "serve.log").read_text()
    assert "\\x1b[2Jthe native module\nis missing" in log
    assert "exit status 1" in log


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
        assert server.wait(timeout=PATIENCE_SECONDS) == 0

    log = (tmp_path / "serve.log").read_text()
    assert log.rstrip().endswith("stopped")
    assert "Traceback" not in log
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=PATIENCE_SECONDS)


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    """Exit code 2 and the reason."""
    with serving(tmp_path) as (url, _):
        port = url.rpartition(":")[2]
        second = subprocess.run(
            [*COMMAND, "serve", "--rubric", "acts.toml", "--port", port],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    assert second.returncode == 2
    assert b"in use" in second.stderr
    assert len(second.stderr.splitlines()) == 1
