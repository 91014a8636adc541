"""AWS's Runtime Interface Emulator around an unpacked asset: Lambda's own runtime, no Docker."""

import importlib.metadata
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.processes import free_port

ROOT = Path(__file__).parent.parent.parent
BINARY = ROOT / ".cache" / "rie" / "aws-lambda-rie"
INVOKE = "2015-03-31/functions/function/invocations"

#: The runtime interface client and what it imports: what Lambda has besides the asset.
RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")

START_SECONDS = 300.0
ANSWER_SECONDS = 300.0


def runtime_folder(folder: Path) -> Path:
    """A folder with nothing but the runtime client, so that the asset has to bring the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME:
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]
            source = Path(str(file.locate())).parents[len(file.parts) - 1] / top
            if top != ".." and not (folder / top).exists():
                (folder / top).symlink_to(source)
    return folder


@contextmanager
def emulated(
    asset: Path, handler: str, runtime: Path, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run a handler under the emulator; gives the URL to post events to."""
    port, api_port = free_port(), free_port()
    command = [
        str(BINARY),
        f"--runtime-interface-emulator-address=127.0.0.1:{port}",
        f"--runtime-api-address=127.0.0.1:{api_port}",
        "--log-level=error",
        *(sys.executable, "-S", "-P", "-m", "awslambdaric", handler),
    ]
    process = subprocess.Popen(
        command,
        cwd=asset,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{asset}:{runtime}",
            "LAMBDA_TASK_ROOT": str(asset),
            "AWS_LAMBDA_FUNCTION_NAME": "reward",
            "AWS_REGION": "us-east-1",
            # Lambda's runtimes from 3.12 on keep non-ASCII text as it is.
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            **environment,
        },
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/{INVOKE}"
    finally:
        process.terminate()
        process.wait()


def post(url: str, body: bytes) -> bytes:
    """Send an event, and return the answer's bytes."""
    request = urllib.request.Request(url, data=body, method="POST")
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
        content: bytes = answer.read()
    return content


def seconds_to_first_answer(
    asset: Path, handler: str, runtime: Path, environment: Mapping[str, str], event: bytes
) -> float:
    """From the start of the emulator to the first answer: its start, init, and one call."""
    started = time.perf_counter()
    with emulated(asset, handler, runtime, environment) as url:
        post(url, event)
        return time.perf_counter() - started


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the emulator ended at once (exit code {process.returncode})")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError("the emulator did not start")
