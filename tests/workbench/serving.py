"""A server of `rewards serve` in a process of its own, and how to talk to it."""

import http.client
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import boto3  # noqa: TID251 - the client under test; no cold start is paid here
from botocore.config import Config

from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import COMMAND, ROOT, wire_row

SCORER = """
import os, time
from rewards import Sample, scorer

@scorer
def acts(sample: Sample) -> bool:
    if sample.completion == "sleep":
        time.sleep(900)
    while sample.completion == "hang":
        try:
            time.sleep(900)
        except BaseException:
            pass
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
    rubric = () if "--rubric" in options else ("--rubric", "acts.toml")
    command = [*COMMAND, "serve", "--port", "0", "--json", *rubric, *options]
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
            yield announced(server.stdout)["url"], server
        finally:
            if server.poll() is None:
                server.kill()
            server.wait(timeout=PATIENCE_SECONDS)
            server.stdout.close()


def announced(stdout: IO[bytes]) -> Any:
    """The one JSON document that says where the server listens."""
    printed = b""
    for line in stdout:
        printed += line
        if line == b"}\n":
            break
    return json.loads(printed)


def client(url: str) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE_SECONDS),
    )


def invoke(function: Any, event: Any, **options: Any) -> Any:
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    return function.invoke(**{"FunctionName": "reward", "Payload": payload, **options})


def raw(function: Any, path: str) -> http.client.HTTPConnection:
    """A POST that has begun, to be given headers that no SDK would send."""
    connection = http.client.HTTPConnection(
        urlsplit(function.meta.endpoint_url).netloc, timeout=PATIENCE_SECONDS
    )
    connection.putrequest("POST", path)
    return connection


def answer(response: Any) -> Any:
    return json.loads(response["Payload"].read())
