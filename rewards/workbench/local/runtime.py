"""A Lambda execution environment: AWS's runtime client in a child, fed through the Runtime API.

The child runs `python -m awslambdaric rewards.handler.lambda_handler`, what AWS runs in a
container image: it imports the handler, unmarshals the event, marshals the response, and reports
errors. This side starts it, feeds it through `runtime_api`, and ends it at the timeout.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from time import monotonic, time

from rewards.wire.contract import HANDLER
from rewards.workbench.local.runtime_api import (
    MAX_RESPONSE_BYTES,
    ChildReport,
    Invocation,
    RuntimeServer,
)

#: What the child is made of: AWS's runtime client, and its native module. Linux wheels only.
RUNTIME_MODULES = ("awslambdaric", "runtime_client")

#: How often a wait looks whether the caller is still there.
LOOK_SECONDS = 0.1

#: Lambda gives the init phase ten seconds.
INIT_SECONDS = 10.0

_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Settings:
    """What a deployment would configure."""

    name: str
    rubric: str
    timeout: float
    memory: int


@dataclass(frozen=True)
class Reply:
    """What the function answered. `failed` where the payload is an error, as Lambda marks it."""

    payload: bytes
    failed: bool
    log: bytes


class Environment:
    """One execution environment: takes one invocation at a time, restarts after it broke."""

    def __init__(self, settings: Settings) -> None:
        """Configure; the child starts with `start` or the first invocation."""
        self._settings = settings
        self._child: _Child | None = None

    def start(self) -> Reply | None:
        """Run the init phase; return the error it ended with, as the function reported it."""
        child = self._child = self._child or _Child(self._settings)
        report = child.wait_for(("next", "init_error"), monotonic() + INIT_SECONDS)
        if report is not None and report.kind == "next":
            return None
        if report is not None and report.kind == "init_error":
            error = report.body
        else:
            error = _error("Runtime.ExitError", _how_it_ended(child, report, INIT_SECONDS))
        log = child.printed()
        self.stop()
        return Reply(error, True, log)

    def invoke(
        self, request_id: str, arn: str, event: bytes, gone: Callable[[], bool] = lambda: False
    ) -> Reply:
        """Run one invocation to its end: an answer, an error, a crash, or the timeout.

        Where the caller is `gone`, nobody wants the answer and others wait: the child is ended.
        """
        if self._child is not None and self._child.process.poll() is not None:
            self.stop()  # it ended between two invocations
        if self._child is None or not self._child.idle:
            init_error = self.start()
            if init_error is not None:
                return init_error
        child = self._child
        assert child is not None
        started = monotonic()
        child.send(Invocation(request_id, arn, event, time() + self._settings.timeout))
        outcomes = ("response", "error", "too_large")
        report = child.wait_for(outcomes, started + self._settings.timeout, gone)
        milliseconds = (monotonic() - started) * 1000
        broken = self._broken(child, report, request_id)
        log = _log(child, request_id, milliseconds, self._settings.memory, broken)
        if broken is not None:
            self.stop()  # after a refused response the runtime client gives up, too
            return Reply(_error(*broken), True, log)
        assert report is not None
        return Reply(report.body, report.kind == "error", log)

    def stop(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _broken(
        self, child: "_Child", report: ChildReport | None, request_id: str
    ) -> tuple[str, str] | None:
        """Type and message of the error where the platform, not the function, has to answer."""
        if report is not None and report.kind == "too_large":
            return "Function.ResponseSizeTooLarge", (
                "Response payload size exceeded maximum allowed payload size "
                f"({MAX_RESPONSE_BYTES} bytes)."
            )
        if report is not None and report.kind == "gone":
            return "Sandbox.Abandoned", f"RequestId: {request_id} Error: the caller has gone"
        if report is not None and report.kind != "exit":
            return None
        ended = _how_it_ended(child, report, self._settings.timeout)
        kind = "Sandbox.Timedout" if report is None else "Runtime.ExitError"
        return kind, f"RequestId: {request_id} Error: {ended}"


class _Child:
    """One life of the child process, with the Runtime API that it talks to."""

    def __init__(self, settings: Settings) -> None:
        self.idle = False
        self._server = RuntimeServer()
        # A file, not a pipe: what the function printed is all there once it has answered.
        self._log = tempfile.NamedTemporaryFile(prefix="rewards-serve-")  # noqa: SIM115 - kill() closes it
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        with Path(self._log.name).open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", HANDLER],
                env=_environment(settings, self._server.server_port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the server, which ends its child itself
            )
        threading.Thread(target=self._watch, daemon=True).start()

    def send(self, invocation: Invocation) -> None:
        self.idle = False
        self._server.events.put(invocation)

    def wait_for(
        self, kinds: tuple[str, ...], deadline: float, gone: Callable[[], bool] = lambda: False
    ) -> ChildReport | None:
        """The next report of one of `kinds`, the child's exit or "gone"; None at the deadline."""
        if "next" in kinds and self.idle:
            return ChildReport("next")
        while True:
            left = deadline - monotonic()
            try:
                report = self._server.reports.get(timeout=max(0.0, min(left, LOOK_SECONDS)))
            except Empty:
                if gone():
                    return ChildReport("gone")
                if left <= LOOK_SECONDS:
                    return None
                continue
            self.idle = self.idle or report.kind == "next"
            if report.kind in (*kinds, "exit"):
                return report

    def printed(self) -> bytes:
        """What the child has printed since it was last asked."""
        with Path(self._log.name).open("r+b") as log:
            text = log.read()
            log.truncate(0)
        return text

    def peak_memory(self) -> int | None:
        """Most memory that the child has held so far, in MB, where the system tells."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return -(-int(line.split()[1]) // 1024)
        return None

    def kill(self) -> None:
        """End the process and the API, and release whoever waits for an event."""
        self.process.kill()
        self.process.wait()
        self._server.events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._log.close()

    def _watch(self) -> None:
        self.process.wait()
        self._server.reports.put(ChildReport("exit"))


def _environment(settings: Settings, port: int) -> dict[str, str]:
    """The environment variables that Lambda sets, and the deployment's own."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    path = os.pathsep.join([str(Path.cwd()), str(_ROOT), os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
        "LAMBDA_TASK_ROOT": str(Path.cwd()),
        "PYTHONPATH": path.rstrip(os.pathsep),
        "REWARD_RUBRIC": settings.rubric,
    }


def _how_it_ended(child: _Child, report: ChildReport | None, seconds: float) -> str:
    """In Lambda's words."""
    if report is None:
        return f"Task timed out after {seconds:.2f} seconds"
    status = child.process.wait()
    if status < 0:
        return f"Runtime exited with error: signal: {_signal_name(-status)}"
    return f"Runtime exited with error: exit status {status}"


def _signal_name(number: int) -> str:
    return (signal.strsignal(number) or str(number)).lower()


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _log(
    child: _Child,
    request_id: str,
    milliseconds: float,
    memory: int,
    broken: tuple[str, str] | None,
) -> bytes:
    """The log of one invocation, between the lines that Lambda puts around it."""
    peak = child.peak_memory()
    used = "" if peak is None else f"\tMax Memory Used: {peak} MB"
    ended = "" if broken is None else f"{broken[1]}\n"
    start = f"START RequestId: {request_id} Version: $LATEST\n"
    end = (
        f"{ended}END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {memory} MB{used}\n"
    )
    return start.encode() + child.printed() + end.encode()
