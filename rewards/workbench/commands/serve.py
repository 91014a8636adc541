"""`rewards serve`: the Lambda Invoke API on loopback, backed by AWS's own runtime client."""

import json
import signal
import sys
from typing import Annotated

import typer

from rewards.errors import RewardsError
from rewards.workbench.options import JsonOption
from rewards.workbench.output import print_json, say


def serve(
    rubric: Annotated[
        str, typer.Option(help="A bundled rubric's name, or a .toml file.")
    ] = "gsm8k",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 9000,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=900, help="Seconds that an invocation may take.")
    ] = 60.0,
    memory: Annotated[
        int, typer.Option(min=128, max=10240, help="MB, told to the function; not enforced.")
    ] = 512,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Invocations at a time; others wait.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Serve the reward function as Lambda would: any AWS SDK can invoke it.

    boto3.client("lambda", endpoint_url="http://127.0.0.1:9000") invokes it under any function
    name or ARN: RequestResponse, Event and DryRun, log tail, function errors, timeout, 6 MB limits.
    The function runs in AWS's runtime client, in a process of its own, that is killed and
    restarted when it times out. Listens on 127.0.0.1 only. Ctrl-C ends it, with exit code 0.

    With --json, {"url", "port", "rubric"} is printed once the server listens.
    """
    from rewards.workbench.local.invoke_api import InvokeServer
    from rewards.workbench.local.runtime import Environment, Settings

    environments = [Environment(Settings(rubric, timeout, memory)) for _ in range(concurrency)]
    try:
        server = InvokeServer(port, environments)
    except OSError as error:
        raise RewardsError(
            f"cannot listen on 127.0.0.1:{port}: {error.strerror}; take another --port (0: any)"
        ) from error
    url = f"http://127.0.0.1:{server.server_port}"
    # A supervisor's SIGTERM ends the server the way Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        init_error = environments[0].start()
        if init_error is not None:
            reason = _text(init_error.payload)
            say(f"the function does not start, as every invocation will say:\n{reason}")
        say(f"serving {rubric} on {url}, Ctrl-C ends it")
        if as_json:
            print_json({"url": url, "port": server.server_port, "rubric": rubric})
            sys.stdout.flush()
        server.serve_forever()
    except KeyboardInterrupt:
        say("stopped")
    finally:
        server.server_close()
        for environment in environments:
            environment.stop()


def _text(error: bytes) -> str:
    """An error as the function reported it, for people: its type and its message."""
    try:
        found = json.loads(error)
        return f"{found['errorType']}: {found['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return error.decode("utf-8", "backslashreplace")
