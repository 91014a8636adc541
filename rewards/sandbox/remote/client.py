"""The engine "lambda": a batch of programs in one invocation of a function that may do nothing."""

import json
import math
import os
from collections.abc import Sequence
from time import monotonic
from typing import Any

from rewards.sandbox.code.protocol import EngineError, Limits, Outcome, Program
from rewards.sandbox.remote.messages import request, responded

#: The environment variable that names the function; the stack sets it.
FUNCTION_VARIABLE = "REWARD_SANDBOX_FUNCTION"

#: Kept back before a deadline for the way there and back, in seconds.
MARGIN_SECONDS = 1.0

#: The longest that one invocation is waited for.
MAX_SECONDS = 120.0


class LambdaRunner:
    """The engine "lambda". What cannot be invoked is an `EngineError`: no program is at fault."""

    name = "lambda"

    def __init__(self, function: str | None = None, client: Any = None) -> None:
        """By default the function that the environment names; the client is made when needed."""
        self.function = function or os.environ.get(FUNCTION_VARIABLE, "")
        self._client = client

    def run(
        self, programs: Sequence[Program], limits: Limits, deadline: float = math.inf
    ) -> list[Outcome | None]:
        """See `CodeRunner.run`: one invocation, or more where a batch does not fit into one."""
        check_installed(self.function)
        found: dict[Program, Outcome | None] = {}
        todo = list(dict.fromkeys(programs))
        while todo:
            seconds = min(deadline - monotonic() - MARGIN_SECONDS, MAX_SECONDS)
            if seconds <= 0:
                break
            answered = self._invoke(request(todo, limits, seconds))
            if not 0 < len(answered) <= len(todo):
                raise EngineError(f"{self.function} answered {len(answered)} of {len(todo)}")
            found.update(zip(todo, answered, strict=False))
            todo = todo[len(answered) :]
        return [found.get(program) for program in programs]

    def _invoke(self, payload: dict[str, Any]) -> list[Outcome | None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            done = self._made().invoke(
                FunctionName=self.function, Payload=json.dumps(payload).encode()
            )
            answer = json.loads(done["Payload"].read())
            if "FunctionError" in done:
                kind = answer.get("errorType", "error") if isinstance(answer, dict) else "error"
                raise EngineError(f"{self.function} failed: {str(kind)[:100]}; see its log")
            return responded(answer)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise EngineError(f"{self.function} gave no outcome: {str(error)[:300]}") from None

    def _made(self) -> Any:
        if self._client is None:
            import boto3  # noqa: TID251 - made when the first batch of programs comes
            from botocore.config import Config

            # Programs may run for as long as the batch has; a retry of a timeout would run twice.
            config = Config(
                connect_timeout=5,
                read_timeout=MAX_SECONDS + 5,
                retries={"mode": "standard", "total_max_attempts": 2},
            )
            self._client = boto3.client("lambda", config=config)
        return self._client

    def close(self) -> None:
        """Forget the client; the next `run` makes a new one."""
        self._client = None


def check_installed(function: str | None = None) -> None:
    """`EngineError`, with what to do, where this engine cannot run."""
    if find_missing():
        raise EngineError('engine = "lambda" needs boto3: pip install "bedrock-rft-rewards[judge]"')
    if function == "":
        raise EngineError(
            f'engine = "lambda" needs the name of its function in {FUNCTION_VARIABLE}; the stack '
            'sets it. Here, use engine = "process" or "wasm"'
        )


def find_missing() -> bool:
    """Whether boto3 is not installed."""
    from importlib.util import find_spec

    return find_spec("boto3") is None
