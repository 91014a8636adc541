"""Answers that Converse would not give: the service's fault, retried and named, never a score."""

import json
import math
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from gzip import compress
from time import monotonic
from typing import Any

import pytest

from rewards.core.errors import BatchFailedError, InputRefusedError, RefusalError, ServiceError
from rewards.judge import JudgeRequest, RetryPolicy, UnavailableError, usage
from rewards.judge.client import TooManyRequestsError
from rewards.judge.clients import bedrock
from rewards.judge.clients.converse import read_response, service_error, unquoted
from tests.converse_server import Asked, Converse, Fault, reply_to
from tests.judge.conftest import CLARITY, QUICK, graded, sample, samples

OverTheWire = Callable[..., AbstractContextManager[None]]

USAGE = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
CALL = {"toolUse": {"toolUseId": "t", "name": "verdict", "input": {}}}


def answer(**change: Any) -> dict[str, Any]:
    """A good answer, but for what is said."""
    return {
        "output": {"message": {"role": "assistant", "content": [CALL]}},
        "stopReason": "tool_use",
        "usage": USAGE,
        "metrics": {"latencyMs": 1},
        **change,
    }


def content(blocks: Any) -> bytes:
    return json.dumps(answer(output={"message": {"role": "assistant", "content": blocks}})).encode()


#: Body by what is wrong with it.
SHAPES: dict[str, bytes] = {
    "usage of nothing": json.dumps(answer(usage={})).encode(),
    "usage that is text": json.dumps(answer(usage="x")).encode(),
    "tokens that are null": json.dumps(answer(usage={**USAGE, "outputTokens": None})).encode(),
    "tokens in words": json.dumps(answer(usage={**USAGE, "inputTokens": "one"})).encode(),
    "tokens below zero": json.dumps(answer(usage={**USAGE, "inputTokens": -5})).encode(),
    "cached tokens below zero": json.dumps(
        answer(usage={**USAGE, "cacheReadInputTokens": -5})
    ).encode(),
    "null": b"null",
    "a list": b"[]",
    "a string": b'"x"',
    "a number": b"5",
    "nothing": b"",
    "an empty object": b"{}",
    "no JSON": b"<html>504</html>",
    "not UTF-8": b'{"output": "\xff\xfe"}',
    "UTF-16": json.dumps(answer()).encode("utf-16"),
    "deep": b"[" * 100_000,
    "deep input": content("DEEP").replace(b'"DEEP"', b'[{"toolUse": {"input": ' + b"[" * 100_000),
    "content of null": content([None]),
    "content that is text": content("x"),
    "content that is null": content(None),
    "a block that is text": content(["x"]),
    "output that is text": json.dumps(answer(output="x")).encode(),
    "output of null": json.dumps(answer(output=None)).encode(),
    "a message that is a list": json.dumps(answer(output={"message": []})).encode(),
    "a tool call that is text": content([{"toolUse": "x"}]),
    "a tool call that is null": content([{"toolUse": None}]),
    "a stop reason that is a list": json.dumps(answer(stopReason=["tool_use"])).encode(),
    "a stop reason that is null": json.dumps(answer(stopReason=None)).encode(),
    "an unknown stop reason": json.dumps(answer(stopReason="weird")).encode(),
    "a pause": json.dumps(answer(stopReason="pause_turn")).encode(),
    "gzip that nobody asked for": compress(json.dumps(answer()).encode()),
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES.keys())
def test_an_answer_of_a_wrong_shape_is_asked_for_again(
    server: Converse, over_the_wire: OverTheWire, body: bytes
) -> None:
    """One more attempt makes it good: the sample is scored, and nobody is refused."""
    script = iter([Fault("raw", body=body)])
    server.script = lambda asked: next(script, None)
    with over_the_wire():
        reward = graded().score(sample("72"))

    assert "judge" in reward.scores
    figures = usage.drain()
    assert figures["JudgeRetries"] == [1]
    assert "JudgeRepairs" not in figures


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES.keys())
def test_answers_that_stay_misshapen_fail_the_invocation_by_name(
    server: Converse, over_the_wire: OverTheWire, body: bytes
) -> None:
    """The operator reads whose fault it is; "(exception)" would say nothing."""
    server.script = lambda asked: Fault("raw", body=body)
    with over_the_wire(), pytest.raises(BatchFailedError, match=r"\(service: .*Bedrock"):
        graded().score(sample("72"))

    assert len(server.asked) == QUICK.attempts


@pytest.mark.parametrize("tokens", ["1", True, 1.5, None, -1, [1]])
def test_tokens_are_whole_numbers_from_zero_up(tokens: Any) -> None:
    """A figure that is none would count against the budget, or for it."""
    with pytest.raises(UnavailableError, match="has no inputTokens"):
        read_response(answer(usage={**USAGE, "inputTokens": tokens}), "tool")


@pytest.mark.parametrize("kind", ["text", "text of a number"])
def test_a_json_schema_answer_of_a_wrong_shape_is_the_services_fault_too(kind: str) -> None:
    """The text of a text block is text."""
    block = {"text": None} if kind == "text" else {"text": 5}
    broken = answer(output={"message": {"content": [block]}}, stopReason="end_turn")
    with pytest.raises(UnavailableError, match="has no text"):
        read_response(broken, "json_schema")


def test_a_model_that_declines_is_the_samples_fault() -> None:
    """A stop reason "refusal" carries no verdict, whatever stands beside it."""
    assert read_response(answer(stopReason="refusal"), "tool").refused == "the model declined"


@pytest.mark.parametrize("structured", ["tool", "json_schema"])
@pytest.mark.parametrize("twice", ["score", "criterion"])
def test_a_verdict_that_names_something_twice_is_none(
    server: Converse, over_the_wire: OverTheWire, structured: str, twice: str
) -> None:
    """`"score": 1, "score": 5` could be read in two ways: the judge is asked to repair it."""
    first = json.dumps({"reason": "", "score": 1})
    doubled = {
        "score": '{"clarity": {"reason": "", "score": 1, "score": 5}}',
        "criterion": f'{{"clarity": {first}, "clarity": {first}}}',
    }[twice]

    def body(asked: Asked) -> bytes:
        if structured == "json_schema":
            whole = reply_to(asked)
            whole["output"]["message"]["content"] = [{"text": doubled}]
            return json.dumps(whole).encode()
        whole = reply_to(asked)
        whole["output"]["message"]["content"] = [
            {"toolUse": {"toolUseId": "t", "name": "verdict", "input": "HERE"}}
        ]
        return json.dumps(whole).replace('"HERE"', doubled).encode()

    def script(asked: Asked) -> Fault | None:
        return None if asked.is_repair else Fault("raw", body=body(asked))

    server.script = script
    with over_the_wire():
        reward = graded(CLARITY, structured=structured).score(sample("72"))

    assert "judge" in reward.scores
    assert len(server.asked) == 2
    assert server.asked[1].is_repair


def test_a_slow_body_costs_no_more_than_the_time_limit(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """One byte after the other, for minutes: the call ends in time, and so does its thread.

    Invocations one after the other leave none behind, with a deadline or without one: `rewards
    score` has none.
    """
    server.script = lambda asked: Fault("drip", seconds=0.05, body=b" " * 10_000)
    rubric = graded(timeout=0.3, on_error="skip")
    with over_the_wire(RetryPolicy(attempts=1)):
        for seconds in (30.0, math.inf):
            [reward] = rubric.score_batch([sample("72")], deadline=monotonic() + seconds)
            assert reward.faults["judge"].kind == "service"

    threads = [t for t in threading.enumerate() if t.name.startswith("rewards")]
    for thread in threads:
        thread.join(10.0)  # 500 s, if it read the answer to its end
    assert not [thread for thread in threads if thread.is_alive()]


def test_a_huge_answer_is_not_read_to_its_end(
    server: Converse, over_the_wire: OverTheWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is larger than any verdict is a service's fault, at the cost of the bound."""
    monkeypatch.setattr(bedrock, "MAX_REPLY_BYTES", 100_000)
    server.script = lambda asked: Fault("raw", body=b" " * 5_000_000)
    with over_the_wire(), pytest.raises(BatchFailedError, match="larger than 100,000 B"):
        graded().score(sample("72"))


class Raw:
    """An answer as it comes off a connection, piece by piece; it knows whether it was closed."""

    connection = None
    closed = False

    def read1(self, amount: int) -> bytes:
        return b" " * 1000

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_an_answer_that_is_given_up_takes_its_connection_along(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late or too large: what is left of it must not be read as the answer to the next request."""
    monkeypatch.setattr(bedrock, "MAX_REPLY_BYTES", 10_000)
    raw = Raw()
    with pytest.raises(UnavailableError):
        bedrock._body(raw, monotonic() + seconds)

    assert raw.closed


def test_a_compressed_answer_is_not_unpacked(server: Converse, over_the_wire: OverTheWire) -> None:
    """Nobody asked for compression: a bomb stays packed, and is no JSON."""
    bomb = compress(b" " * 20_000_000)
    server.script = lambda asked: Fault("raw", body=bomb, encoding="gzip")
    with over_the_wire(), pytest.raises(BatchFailedError, match="cannot be read"):
        graded().score(sample("72"))


#: What a ValidationException may say: of the sample's text, and of something else.
TOO_LONG = [
    "Input is too long for requested model.",
    "The model returned the following errors: prompt is too long: 208310 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 199000 + 2000 > 200000",
    "This model's maximum context length is 128000 tokens. Please reduce the prompt.",
    "Input Tokens Exceeded: number of input tokens exceeds maximum length",
    "The input tokens exceed the configured limit of 8192",
    "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
    "The text you provided is too long.",
]
FILTERED = [
    "The model returned the following errors: Output blocked by content filtering policy",
    "Request blocked by guardrail.",
]
OTHERS = [
    "too many tools defined",
    "Too many tokens per day, please wait before trying again.",
    "Too many input tokens per minute",
    "The provided model identifier is invalid.",
    "Too many requests, please wait before trying again.",
    "requestMetadata has too many entries",
    "The tool name is too long",
    "The number of tools exceeds the maximum",
    "toolConfig: context window management is not supported by this model",
    "1 validation error detected: Value at 'inferenceConfig.maxTokens' failed to satisfy "
    "constraint: Member must have value greater than or equal to 1",
]


@pytest.mark.parametrize("message", TOO_LONG + FILTERED)
def test_a_refused_text_is_the_samples_fault(message: str) -> None:
    """Where the service says that this text is too long for the model, or filtered."""
    error = service_error("ValidationException", 400, message, request("72"))
    assert isinstance(error, InputRefusedError)


@pytest.mark.parametrize("message", OTHERS)
def test_a_wrong_request_is_nobodys_text(message: str) -> None:
    """Tools, quotas and parameters are the rubric's or the account's: no sample pays for them."""
    error = service_error("ValidationException", 400, message, request("72"))
    assert type(error) is ServiceError


@pytest.mark.parametrize("message", TOO_LONG)
def test_too_much_of_anything_under_another_code_is_throttling(message: str) -> None:
    """A status of 429 is the quota's, whatever it says."""
    assert isinstance(
        service_error("ThrottlingException", 429, message, request("72")), TooManyRequestsError
    )


def request(completion: str) -> JudgeRequest:
    return JudgeRequest("m", "", f"Grade this:\n{completion}\nGrade it now.", {}, 100)


SECRET = "the launch code is 7421 and nobody knows"


@pytest.mark.parametrize(
    "message",
    [
        f"Malformed input request: {SECRET!r} is not allowed",
        f"messages.0.content.0.text: [{SECRET}]",
        f"unexpected: {SECRET.upper()}".replace(SECRET.upper(), SECRET),
        f"{SECRET[:30]}... is not valid",
        "x" * 200 + SECRET,
    ],
)
def test_a_services_words_are_passed_on_without_what_they_quote(
    server: Converse, over_the_wire: OverTheWire, message: str
) -> None:
    """An error may hold the text that it refuses; neither caller nor log is to read it there."""
    server.script = lambda asked: Fault("invalid", body=message.encode())
    with over_the_wire(), pytest.raises(BatchFailedError) as raised:
        graded().score(sample(SECRET))

    error: BaseException | None = raised.value
    while error is not None:
        assert not re.search("launch code|is 7421|nobody knows", str(error))
        error = error.__cause__


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("x the answer is 72", "x …"),
        ("not 'the answer is 72' and not 'answer is'", "not '…' and not 'answer is'"),
        ("the answer", "the answer"),
        ("", ""),
    ],
)
def test_what_is_left_out_is_the_quotation_and_no_more(message: str, shown: str) -> None:
    """From its first word to its last; two words in a row are no quotation yet."""
    assert unquoted(message, "Grade this: the answer is 72.") == shown


def test_a_services_own_words_reach_the_operator(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """What is wrong with the model's name is said, though its first words are in the data too."""
    server.script = lambda asked: Fault("invalid")
    with over_the_wire(), pytest.raises(BatchFailedError, match="identifier is invalid"):
        graded().score(sample("The provided answer is a model of clarity."))


def test_nobody_is_refused_for_what_the_rubric_did(
    server: Converse, over_the_wire: OverTheWire
) -> None:
    """Too many tools: the floor for every sample would train the model on nothing."""
    server.script = lambda asked: Fault("invalid", body=b"too many tools defined")
    with over_the_wire(), pytest.raises(BatchFailedError, match="too many tools"):
        graded().score_batch(samples(3))
    assert not issubclass(ServiceError, RefusalError)
