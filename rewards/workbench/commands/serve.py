"""`rewards serve`: the Lambda Invoke API on loopback, backed by AWS's own runtime client."""

import json
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.core.errors import RewardsError, SpecError
from rewards.rubric import Rubric
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import harmless, print_json, say

if TYPE_CHECKING:
    from rewards.workbench.local.invoke_api import Function, InvokeServer
    from rewards.workbench.local.runtime import Environment

# The servers are imported by the command: `rewards --help` waits for none of them.

_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

#: A lone function answers to any name; this is what it is told about itself.
_ANY = "reward"


@examples(
    "rewards serve",
    "rewards serve --rubric my_rubric.toml --port 9001 --timeout 10",
    "rewards serve --rubric gsm8k --rubric prod=my_rubric.toml",
)
def serve(  # long: half of it are options
    rubric: Annotated[
        list[str] | None,
        typer.Option(
            help="A bundled rubric's name or a .toml file, or NAME=RUBRIC; give it again for "
            "further functions. [default: gsm8k]",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 9000,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=900, help="Seconds that an invocation may take.")
    ] = 60.0,
    memory: Annotated[
        int, typer.Option(min=128, max=10240, help="MB, told to the function; not enforced.")
    ] = 512,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Invocations of a function at a time; others wait.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Serve the reward function as Lambda would: any AWS SDK can invoke it.

    boto3.client("lambda", endpoint_url="http://127.0.0.1:9000") invokes it under any function
    name or ARN: RequestResponse, Event and DryRun, log tail, function errors, timeout, 6 MB limits.
    With several rubrics each is a function of its own: called NAME, or as the rubric is called.
    The function runs in AWS's runtime client, in a process of its own, that is killed and
    restarted when it times out, or when its caller hangs up. Listens on 127.0.0.1 only, and
    answers no browser. Ctrl-C ends it, with exit code 0.

    With --json, {"url", "port", "rubric", "functions": {NAME: RUBRIC}} is printed once the server
    listens; "rubric" is the first one.
    """
    given = rubric or ["gsm8k"]
    rubrics = _named(given)
    for wanted in rubrics.values():
        Rubric.load(wanted)  # a mistake in it is one line, as in every command
    _need_the_runtime_client()
    from rewards.workbench.local.invoke_api import Function
    from rewards.workbench.local.runtime import Environment, Settings

    environments = {
        name: [Environment(Settings(name, path, timeout, memory)) for _ in range(concurrency)]
        for name, path in rubrics.items()
    }
    functions = [Function(name, found) for name, found in environments.items()]
    server = _listening(port, functions, any_name=given == [rubrics.get(_ANY)])
    # A supervisor's SIGTERM ends the server the way Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for name, (first, *_) in environments.items():
            _start(name, first)
        _say_ready(server, rubrics, as_json)
        server.serve_forever()
    except KeyboardInterrupt:
        say("stopped")
    finally:
        server.server_close()
        for found in environments.values():
            for environment in found:
                environment.stop()


def _named(given: Sequence[str]) -> dict[str, str]:
    """The rubrics by the names of their functions; one alone, without a name, has any."""
    rubrics: dict[str, str] = {}
    for text in given:
        name, equals, rubric = text.partition("=")
        if not equals or Path(text).is_file():
            name, rubric = (_ANY if len(given) == 1 else Path(text).stem), text
        if not _FUNCTION_NAME.fullmatch(name):
            raise SpecError(
                f"--rubric {text}: {name!r} is no function's name (letters, digits, - and _, at "
                f"most 64); write NAME={rubric}"
            )
        if name in rubrics:
            raise SpecError(f"--rubric {text}: there is a function {name!r} already")
        rubrics[name] = rubric
    return rubrics


def _need_the_runtime_client() -> None:
    """Say what is missing before a child dies of it; the client has wheels for Linux only."""
    from rewards.workbench.local.runtime import RUNTIME_MODULES

    missing = [module for module in RUNTIME_MODULES if find_spec(module) is None]
    if missing:
        raise RewardsError(
            f"rewards serve runs the function in AWS's runtime client, and there is no "
            f"{missing[0]}: awslambdaric is made for Linux only; on another system run serve in a "
            "container (replay and score need none)"
        )


def _listening(port: int, functions: "Sequence[Function]", *, any_name: bool) -> "InvokeServer":
    from rewards.workbench.local.invoke_api import InvokeServer

    try:
        return InvokeServer(port, functions, any_name=any_name)
    except OSError as error:
        raise RewardsError(
            f"cannot listen on 127.0.0.1:{port}: {error.strerror}; take another --port (0: any)"
        ) from error


def _start(name: str, environment: "Environment") -> None:
    """Run the init phase, and say what its error is where it has one."""
    init_error = environment.start()
    if init_error is not None:
        log = harmless(init_error.log)
        say(f"{log}{name} does not start, as every invocation will say:")
        say(_reason(init_error.payload))


def _say_ready(server: "InvokeServer", rubrics: Mapping[str, str], as_json: bool) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    named = ", ".join(n if n in (r, _ANY) else f"{n} ({r})" for n, r in rubrics.items())
    first = next(iter(rubrics.values()))
    say(f"serving {first if list(rubrics) == [_ANY] else named} on {url}, Ctrl-C ends it")
    if as_json:
        functions = dict(rubrics)
        print_json(
            {"url": url, "port": server.server_port, "rubric": first, "functions": functions}
        )
        sys.stdout.flush()


def _reason(error: bytes) -> str:
    """An error as the function reported it, for people: its type and its message."""
    try:
        found = json.loads(error)
        return harmless(f"{found['errorType']}: {found['errorMessage']}".encode())
    except (ValueError, KeyError, TypeError):
        return harmless(error)
