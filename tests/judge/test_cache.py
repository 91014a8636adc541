"""Verdicts kept: in the container's memory, in a table for a whole job, on a cassette."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - the table is made by hand, as the CDK stack would make it
import pytest
from moto import mock_aws

from rewards.core.errors import BatchFailedError, SpecError
from rewards.judge import FakeJudge, RecordingJudge, ReplayJudge, install, installed, usage
from rewards.judge.clients import dynamo
from rewards.judge.installed import Memory
from rewards.rubric import Rubric
from tests.judge import docs_data
from tests.judge.conftest import CLARITY, QUICK, graded, sample, samples

DAY = 86_400


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A DynamoDB table with the key that the cache expects."""
    monkeypatch.setattr(dynamo, "_tables", {})
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="verdicts",
            KeySchema=[{"AttributeName": "digest", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "digest", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def item(client: Any) -> dict[str, Any]:
    [found] = client.scan(TableName="verdicts")["Items"]
    return dict(found)


def test_a_verdict_is_shared_by_the_containers_of_a_job(table: Any) -> None:
    """The second container reads what the first one wrote, and asks nobody."""
    rubric = graded(CLARITY, cache_table="verdicts")
    with install(FakeJudge({"clarity": 4}), tables=True):
        first = rubric.score(sample("72"))
    with install(FakeJudge([]), tables=True):
        second = rubric.score(sample("72"))

    assert first.value == second.value == 0.75
    assert usage.drain()["JudgeTableHits"] == [1]


def test_a_deployment_may_provide_the_table(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """REWARD_JUDGE_TABLE turns the cache on for a rubric that names none."""
    monkeypatch.setenv("REWARD_JUDGE_TABLE", "verdicts")
    rubric = graded(CLARITY, model="another-model")
    with install(FakeJudge({"clarity": 4}), tables=True):
        rubric.score(sample("72"))

    assert json.loads(item(table)["verdict"]["S"])["clarity"]["score"] == 4


def test_the_table_holds_no_prompt_and_no_completion(table: Any) -> None:
    """A digest, the verdict, and when it expires."""
    with install(FakeJudge({"clarity": 4}), tables=True):
        graded(CLARITY, cache_table="verdicts", cache_days=2.0).score(sample("SECRET 72"))

    found = item(table)
    assert set(found) == {"digest", "verdict", "expires"}
    assert "SECRET" not in json.dumps(found)
    assert json.loads(found["verdict"]["S"]) == {"clarity": {"reason": "as told", "score": 4}}


def test_the_first_verdict_of_a_job_holds(table: Any) -> None:
    """Where two containers ask at once, both end up with what was written first."""
    rubric = graded(CLARITY, cache_table="verdicts")
    with install(FakeJudge({"clarity": 4}), tables=True):
        rubric.score(sample("72"))
    written = item(table)

    def slower(request: Any) -> dict[str, int]:
        table.put_item(TableName="verdicts", Item=written)
        return {"clarity": 1}

    table.delete_item(TableName="verdicts", Key={"digest": written["digest"]})
    with install(FakeJudge(slower), tables=True):
        assert rubric.score(sample("72")).value == 0.75


def test_what_has_expired_is_asked_again(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB deletes late; an expired verdict counts as gone and is written over."""
    rubric = graded(CLARITY, cache_table="verdicts", cache_days=1.0)
    with install(FakeJudge({"clarity": 4}), tables=True):
        rubric.score(sample("72"))
    real = dynamo.time
    monkeypatch.setattr(dynamo, "time", lambda: real() + 2 * DAY)
    with install(FakeJudge({"clarity": 1}), tables=True):
        assert rubric.score(sample("72")).value == 0.0

    assert json.loads(item(table)["verdict"]["S"])["clarity"]["score"] == 1


@pytest.mark.parametrize(
    "verdict", ["", "null", "5", '{"clarity": {"reason": "", "score": 99}}', "{"]
)
def test_what_the_table_holds_is_checked_like_a_reply(table: Any, verdict: str) -> None:
    """A table that somebody wrote to gives no score that a judge could not give."""
    rubric = graded(CLARITY, cache_table="verdicts")
    with install(FakeJudge({"clarity": 4}), tables=True):
        rubric.score(sample("72"))
    table.put_item(TableName="verdicts", Item={**item(table), "verdict": {"S": verdict}})
    with install(FakeJudge({"clarity": 2}), tables=True):
        assert rubric.score(sample("72")).value == 0.25


def test_a_table_that_fails_costs_no_verdict(table: Any) -> None:
    """Without the cache the judge is asked; the failures are counted."""
    table.delete_table(TableName="verdicts")
    with install(FakeJudge({"clarity": 4}), tables=True):
        assert graded(CLARITY, cache_table="verdicts").score(sample("72")).value == 0.75

    assert usage.drain()["JudgeTableErrors"] == [2]


def test_a_rubric_of_more_calls_gets_more_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is made anew for a larger bound, and what it was told is still remembered."""
    monkeypatch.setattr(installed, "_default", None)
    monkeypatch.setattr(installed, "_default_bound", 0)
    small = installed.installed(4)
    assert installed.installed(2) is installed.installed(4) is small
    large = installed.installed(8)

    assert [small.client.bound, large.client.bound] == [4, 8]  # type: ignore[attr-defined]
    assert large.memory is small.memory
    assert large.breaker is small.breaker
    assert installed.installed(4) is large


def test_a_container_forgets_what_it_has_not_used_for_longest() -> None:
    """Its memory is bounded."""
    memory = Memory(size=2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)

    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


@pytest.mark.parametrize("client", ["fake", "recorder", "cassette"])
def test_who_stands_in_for_the_judge_leaves_its_table_alone(
    table: Any, tmp_path: Path, client: str
) -> None:
    """A cassette would miss what the table knew, a fake would fill the table with its answers."""
    rubric = graded(CLARITY, cache_table="verdicts")
    with install(FakeJudge({"clarity": 4}), tables=True):
        rubric.score(sample("72"))
    told = FakeJudge({"clarity": 1})
    recorder = RecordingJudge(told)
    with install(recorder if client == "recorder" else told):
        assert [rubric.score(sample(text)).value for text in ("72", "another")] == [0.0, 0.0]
    if client == "cassette":
        with install(recorder):
            rubric.score(sample("72"))
        recorder.save(tmp_path / "replies.jsonl")
        with install(ReplayJudge(tmp_path / "replies.jsonl")):
            assert rubric.score(sample("72")).value == 0.0

    assert json.loads(item(table)["verdict"]["S"])["clarity"]["score"] == 4


def test_the_first_of_several_verdicts_is_the_one_that_one_alone_would_be() -> None:
    """A rubric that asks three times reuses what it was told once: two further questions."""
    fake = FakeJudge({"clarity": 4})
    with install(fake):
        graded(CLARITY).score(sample("72"))
        graded(CLARITY, samples=3).score(sample("72"))

    assert len(fake.requests) == 3
    assert len({request.digest for request in fake.requests}) == 3


def test_another_rubric_another_verdict() -> None:
    """Model, criteria, prompt and reference are all part of what is remembered."""
    fake = FakeJudge({"clarity": 4})
    with install(fake):
        for rubric in (
            graded(CLARITY),
            graded(CLARITY, model="another"),
            graded({**CLARITY, "description": "Plain."}),
            graded(CLARITY, prompt="reasoning"),
            graded(CLARITY, temperature=1.0),
        ):
            rubric.score(sample("72"))
        graded(CLARITY).score(sample("72", reference_answer="72"))
        graded(CLARITY, metadata={"team": "maths"}, service_tier="flex").score(sample("72"))

    assert len(fake.requests) == 6  # the bill's address and the queue change no verdict


def test_a_refusal_is_not_remembered() -> None:
    """A filter may let the same text pass tomorrow."""
    from rewards.judge import JudgeReply

    with install(FakeJudge([JudgeReply(refused="a filter"), {"clarity": 5}])):
        rubric = graded(CLARITY)
        assert rubric.score(sample("72")).value == 0.0
        assert rubric.score(sample("72")).value == 1.0


def test_a_cassette_replays_what_was_recorded(tmp_path: Path) -> None:
    """Recorded once against a model, a rubric is tested offline ever after."""
    rubric, path = graded(), tmp_path / "replies.jsonl"
    recorder = RecordingJudge(FakeJudge({"clarity": 4, "truth": "partly"}))
    with install(recorder):
        recorded = rubric.score_batch(samples(5))
    assert recorder.save(path) == 5
    with install(ReplayJudge(path)):
        assert rubric.score_batch(samples(5)) == recorded


def test_the_cassette_of_the_documentation_answers_the_rubric_as_it_is() -> None:
    """A change of prompt, criteria or fence has it written anew (tests.judge.docs_data)."""
    with install(ReplayJudge(docs_data.REPLIES)):
        rewards = Rubric.load("summarisation").score_batch(docs_data.samples())

    assert len(rewards) == 12
    assert all(reward.scores for reward in rewards)


def test_what_is_not_on_the_cassette_is_no_score(tmp_path: Path) -> None:
    """A changed rubric needs a new recording: nothing is made up for it."""
    path = tmp_path / "replies.jsonl"
    path.write_text("", encoding="utf-8")
    with install(ReplayJudge(path), QUICK), pytest.raises(BatchFailedError):
        graded().score(sample("72"))


def test_a_broken_cassette_is_named_with_its_line(tmp_path: Path) -> None:
    """The path and the line, not a traceback."""
    path = tmp_path / "replies.jsonl"
    path.write_text('{"request": "a"}\n', encoding="utf-8")
    with pytest.raises(SpecError, match=r"line 1: not a recorded reply"):
        ReplayJudge(path)
