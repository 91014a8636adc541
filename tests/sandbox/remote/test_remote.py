"""The engine "lambda": a batch in one invocation, whatever its size, and failures that say so."""

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rewards.sandbox.code.confinement import missing
from rewards.sandbox.code.protocol import (
    EngineError,
    FunctionCall,
    Limits,
    Outcome,
    Program,
    Returned,
)
from rewards.sandbox.remote import function, messages
from rewards.sandbox.remote.client import LambdaRunner

ADD = Program("def f(x):\n    return x + 1\n", (FunctionCall.of("f", 41),), keep_arguments=True)
PRINTS = Program("print(input())", stdin="abc\n")


class Lambda:
    """A stand-in for Lambda's client: `handler` is the function behind it, over real JSON."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler
        self.payloads: list[bytes] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == "sandbox"
        self.payloads.append(Payload)
        answer = self.handler(json.loads(Payload))
        failed = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}


def echo(event: dict[str, Any]) -> dict[str, Any]:
    """Each program's end tells its source."""
    programs, _, _ = messages.requested(event)
    ends = [Outcome("done", "", (Returned("1"),), program.source[:10]) for program in programs]
    return messages.response(ends)


def test_programs_and_limits_arrive_as_they_were() -> None:
    """Everything that the seam has, over JSON."""
    limits = Limits(fuel=7, memory=8, output=9, seconds=1.5)
    event = json.loads(json.dumps(messages.request([ADD, PRINTS], limits, 30)))

    assert messages.requested(event) == ([ADD, PRINTS], limits, 30.0)


def test_outcomes_arrive_as_they_were() -> None:
    outcomes = [
        Outcome("done", "", (Returned("1", "", "[1]"), Returned(None, "KeyError")), "out", 5),
        None,
    ]

    assert messages.responded(json.loads(json.dumps(messages.response(outcomes)))) == outcomes


def test_a_batch_is_one_invocation_and_identical_programs_run_once() -> None:
    client = Lambda(echo)
    found = LambdaRunner("sandbox", client).run([ADD, PRINTS, ADD], Limits())

    assert len(client.payloads) == 1
    assert len(json.loads(client.payloads[0])["programs"]) == 2
    assert [outcome and outcome.output for outcome in found] == [
        "def f(x):\n"[:10],
        "print(inpu",
        "def f(x):\n"[:10],
    ]


@pytest.mark.parametrize("side", ["programs", "outcomes"])
def test_what_does_not_fit_into_one_invocation_takes_several(side: str) -> None:
    """6 MB is what Lambda takes and gives; each program still has its own outcome."""
    large = 400_000
    programs = [Program(f"{i:06}" + ("#" * large if side == "programs" else "")) for i in range(30)]

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        given, _, _ = messages.requested(event)
        filler = "x" * (large if side == "outcomes" else 0)
        return messages.response([Outcome("done", output=p.source[:6] + filler) for p in given])

    client = Lambda(handler)
    found = LambdaRunner("sandbox", client).run(programs, Limits())

    assert [outcome.output[:6] for outcome in found if outcome] == [f"{i:06}" for i in range(30)]
    assert 2 < len(client.payloads) < 10
    assert all(len(payload) < 6_000_000 for payload in client.payloads)


def throttled(event: dict[str, Any]) -> dict[str, Any]:
    raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (throttled, "gave no outcome: .*TooManyRequests"),
        (lambda event: {"errorType": "Sandbox.Timedout"}, r"failed: Sandbox\.Timedout"),
        (lambda event: {"outcomes": []}, "answered 0 of 1"),
        (lambda event: {"outcomes": [{"ended": "passed"}]}, "gave no outcome"),
        (lambda event: {"outcomes": [3]}, "gave no outcome"),
        (lambda event: {}, "gave no outcome"),
    ],
)
def test_what_cannot_be_had_is_an_error_of_the_engine(handler: Any, said: str) -> None:
    """Never an outcome: no program is at fault for its function."""
    with pytest.raises(EngineError, match=said):
        LambdaRunner("sandbox", Lambda(handler)).run([ADD], Limits())


def test_without_time_nothing_is_invoked() -> None:
    client = Lambda(echo)

    assert LambdaRunner("sandbox", client).run([ADD], Limits(), deadline=0.0) == [None]
    assert client.payloads == []


def test_without_a_function_the_error_says_who_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REWARD_SANDBOX_FUNCTION", raising=False)

    with pytest.raises(EngineError, match="in REWARD_SANDBOX_FUNCTION; the stack sets it"):
        LambdaRunner().run([ADD], Limits())


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(missing()), reason="no seccomp or no Landlock"
)
def test_the_function_runs_a_batch_and_leaves_none_of_its_own_behind() -> None:
    """Client, JSON, handler and engine together."""
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    client = Lambda(lambda event: function.lambda_handler(event, context))
    attack = Program("import os; os.kill(os.getppid(), 9)", stdin="")
    try:
        found = LambdaRunner("sandbox", client).run([ADD, PRINTS, attack], Limits())
    finally:
        function._runner().close()

    assert [outcome and outcome.ended for outcome in found] == ["done", "done", "exception"]
    assert found[0] is not None
    assert found[0].returned == (Returned("42", "", '[["l",[41]],["d",[]]]'),)
    assert found[1] is not None
    assert found[1].output == "abc\n"
