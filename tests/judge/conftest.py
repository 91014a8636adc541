"""Judges to drive: a local Converse server behind real boto3, and no waiting between tries."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any

import pytest

from rewards.core import concurrency
from rewards.core.sample import Message, Sample
from rewards.judge import Asking, RetryPolicy, install, usage
from rewards.judge.clients.bedrock import BedrockJudge
from rewards.rubric import Rubric, use
from rewards.scorers import judge
from tests.converse_server import Converse, converse

#: Retries as in production, without the pauses.
QUICK = RetryPolicy(base_seconds=0.0)

CLARITY = {"name": "clarity", "description": "Easy to follow.", "scale": [1, 5]}
TRUTH = {
    "name": "truth",
    "description": "What it states is true.",
    "weight": 3.0,
    "levels": ["false", "partly", "true"],
}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Each test starts at full pace with empty counters."""
    concurrency._paces.clear()
    usage.drain()
    yield
    usage.drain()


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Converse]:
    with converse() as state:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", state.url)
        yield state


@pytest.fixture
def over_the_wire(server: Converse) -> Callable[..., AbstractContextManager[None]]:
    """Install real boto3, pointed at the server: `with over_the_wire(): ...`."""

    def installed(policy: RetryPolicy = QUICK, *, bound: int = 16) -> AbstractContextManager[None]:
        return install(BedrockJudge(bound), policy)

    return installed


def graded(*criteria: dict[str, Any], **params: Any) -> Rubric:
    """A rubric of one judge, and of what a test says about it, wherever that belongs."""
    terms = {field.name for field in fields(Asking)}
    asking = {name: params.pop(name) for name in list(params) if name in terms}
    placed = {
        name: params.pop(name) for name in ("on_error", "on_refusal", "name") if name in params
    }
    concurrency_ = params.pop("concurrency", 16)
    given = {"model": "us.amazon.nova-pro-v1:0", "criteria": list(criteria or [CLARITY, TRUTH])}
    given |= {"asking": asking} if asking else {}
    component = use(judge.grade, **{**given, **params}).placed(**{"name": "judge", **placed})
    return Rubric("test", [component], concurrency=concurrency_)


def sample(completion: str, **fields: Any) -> Sample:
    turn = (Message("user", "What is 8 times 9?"),)
    return Sample(**{"id": "1", "completion": completion, "prompt": turn, **fields})


def samples(count: int) -> Sequence[Sample]:
    return [sample(f"The answer to question {i} is {i * 9}.", id=str(i)) for i in range(count)]
