"""Every recorded event through AWS's own Runtime Interface Emulator: the same bytes."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rewards.wire.contract import HANDLER
from rewards.workbench.local.runtime import Environment, Settings
from tests.processes import PATIENCE_SECONDS, free_port

ROOT = Path(__file__).parent.parent
EMULATOR = ROOT / ".cache" / "rie" / "aws-lambda-rie"
FOLDERS = sorted(path for path in (ROOT / "events").iterdir() if path.is_dir())

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(platform.system() != "Linux", reason="AWS builds the emulator for Linux"),
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_emulator_answers_what_serve_answers_and_what_is_on_record(folder: Path) -> None:
    """AWS's emulator, our server and the expected files agree, byte for byte.

    An error carries a request id and a stack trace besides its type and message: of these only
    type and message are on record.
    """
    own = folder / "rubric.toml"
    rubric = str(own) if own.is_file() else folder.name
    ours = Environment(Settings("reward", rubric, timeout=60, memory=512))
    try:
        with emulator(rubric) as url:
            for path in sorted(folder.glob("*.json")):
                if path.name.endswith(".expected.json"):
                    continue
                event = path.read_bytes()
                expected = json.loads(path.with_suffix(".expected.json").read_bytes())

                emulated = post(url, event)
                answer = ours.invoke("request", "arn:aws:lambda:::function:reward", event)

                found = json.loads(emulated)
                if "errorType" in expected:
                    found = {key: found[key] for key in ("errorType", "errorMessage")}
                    assert answer.failed
                else:
                    assert emulated == answer.payload, path.name
                assert found == expected, path.name
    finally:
        ours.stop()


@contextmanager
def emulator(rubric: str) -> Iterator[str]:
    """The emulator on free ports, with AWS's runtime client as its child; both always ended."""
    if not EMULATOR.is_file():
        pytest.fail("the emulator is not there: run `make emulator`")
    port, api_port = free_port(), free_port()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    process = subprocess.Popen(
        [
            EMULATOR,
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{port}",
            "--runtime-api-address",
            f"127.0.0.1:{api_port}",
            sys.executable,
            "-m",
            "awslambdaric",
            HANDLER,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
            "PYTHONPATH": str(ROOT),
            "REWARD_RUBRIC": rubric,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that the emulator's child ends with it
    )
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE_SECONDS)


def post(url: str, event: bytes) -> bytes:
    with urllib.request.urlopen(url, data=event, timeout=PATIENCE_SECONDS) as response:
        body: bytes = response.read()
        return body


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until somebody listens, the process ends, or patience does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the emulator ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"the emulator did not listen within {PATIENCE_SECONDS:g} seconds")
