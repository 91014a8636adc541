"""Services are asked for a running job's curves, in their own words, at the one seam of boto3."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - the services' own client, stubbed
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from rewards.core.errors import SpecError
from rewards.job.errors import TransientError
from rewards.workbench import following, sources
from tests.curves.test_timing import line
from tests.workbench.conftest import Run

NOW = datetime.now(UTC).replace(second=0, microsecond=0)


class Services:
    """Clients whose answers are known beforehand, by the name of their service."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            client = boto3.client(  # type: ignore[call-overload]
                service, "us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
            )
            self.clients[service] = client
            self.stubs[service] = Stubber(client)
            self.stubs[service].activate()
        return self.stubs[service]

    def client(self, service: str, *, region: str | None, **_: Any) -> Any:
        return self.clients[service]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    found = Services()
    monkeypatch.setattr("rewards.job.aws.aws_client", found.client)
    monkeypatch.setattr("rewards.job.health.metrics.aws_client", found.client)
    return found


def metric(name: str, service: str = "reward") -> dict[str, Any]:
    dimensions = [{"Name": "service", "Value": service}]
    return {"Namespace": "BedrockRFT", "MetricName": name, "Dimensions": dimensions}


def test_cloudwatch_is_asked_for_each_metric_by_its_statistic(services: Services) -> None:
    """Counts as sums, means as averages, a minute each; pages of one series are joined."""
    stub = services.stub("cloudwatch")
    listed = [metric("Reward"), metric("BatchSize"), metric("Unscored"), metric("Component/ok")]
    wanted = {
        "Namespace": "BedrockRFT",
        "Dimensions": [{"Name": "service", "Value": "reward"}],
    }
    stub.add_response("list_metrics", {"Metrics": listed}, wanted)
    asked = [
        {
            "Id": f"m{index}",
            "Label": one["MetricName"],
            "MetricStat": {"Metric": one, "Period": 60, "Stat": statistic},
        }
        for index, (one, statistic) in enumerate(
            zip(listed, ("Average", "Sum", "Sum", "Average"), strict=True)
        )
    ]
    times = [NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)]
    values = {"m0": [0.5, 0.6], "m1": [64, 64], "m2": [0, 32], "m3": [0.4, 0.45]}
    expected = {"MetricDataQueries": asked, "StartTime": ANY, "EndTime": ANY}
    for place, token in ((0, {"NextToken": "t"}), (1, {})):
        results = [
            {
                **{"Id": id_, "Label": asked[int(id_[1])]["Label"]},
                **{"Timestamps": [times[place]], "Values": [known[place]]},
            }
            for id_, known in values.items()
        ]
        stub.add_response(
            "get_metric_data",
            {"MetricDataResults": results, **token},
            {**expected, "NextToken": "t"} if place else expected,
        )
    run = sources.run_of("cloudwatch:BedrockRFT?service=reward", 1)

    assert run["train_reward"].values == (0.5, 0.6)
    assert run["component/ok"].values == (0.4, 0.45)
    assert run["faults"].values == (0.0, 0.5)
    stub.assert_no_pending_responses()


def test_metrics_of_two_functions_are_not_mixed(services: Services) -> None:
    """Which there are is said, as it would be typed."""
    listed = [metric("Reward"), metric("Reward", "other")]
    services.stub("cloudwatch").add_response("list_metrics", {"Metrics": listed})

    with pytest.raises(SpecError, match=r"metrics of 2: .*BedrockRFT\?service=other"):
        sources.run_of("cloudwatch:BedrockRFT", 1)


def test_a_log_is_asked_by_a_query_that_is_waited_for(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines that sum up batches, oldest first."""
    waited: list[float] = []
    monkeypatch.setattr(sources.time, "sleep", waited.append)
    monkeypatch.setattr(sources._log, "__defaults__", (waited.append,))
    stub = services.stub("logs")
    asked = {"logGroupName": "/aws/lambda/r", "startTime": ANY, "endTime": ANY, "limit": 10_000}
    stub.add_response("start_query", {"queryId": "q"}, {**asked, "queryString": ANY})
    stub.add_response("get_query_results", {"status": "Running", "results": []}, {"queryId": "q"})
    results = [
        [{"field": "@message", "value": json.dumps(line(second, 0.5))}] for second in (0, 60, 120)
    ]
    stub.add_response("get_query_results", {"status": "Complete", "results": results})
    run = sources.run_of("log-group:/aws/lambda/r", 1)

    assert run["train_reward"].values == (0.5, 0.5, 0.5)
    assert waited == [1.0]


def test_a_query_that_fails_is_said(services: Services) -> None:
    """Not taken for a log without batches."""
    stub = services.stub("logs")
    stub.add_response("start_query", {"queryId": "q"})
    stub.add_response("get_query_results", {"status": "Failed", "results": []})

    with pytest.raises(SpecError, match="the query is Failed"):
        sources.run_of("log-group:r", 1)


def test_a_jobs_artefacts_are_its_tables(services: Services) -> None:
    """All below the prefix that hold curves; a manifest holds none."""
    stub = services.stub("s3")
    tables = {
        "out/manifest.json": b'{"files": []}',
        "out/training_artifacts/step_wise_training_metrics.csv": (
            b"step_number,training_reward\n1,0.4\n2,0.5\n"
        ),
        "out/validation_artifacts/validation_metrics.csv": (
            b"step_number,validation_reward\n2,0.3\n"
        ),
    }
    contents = [
        *({"Key": key, "Size": len(data)} for key, data in tables.items()),
        {"Key": "out/model.bin", "Size": 9},
    ]
    stub.add_response("list_objects_v2", {"Contents": contents}, {"Bucket": "b", "Prefix": "out"})
    for key, data in sorted(tables.items()):
        body = StreamingBody(io.BytesIO(data), len(data))
        stub.add_response("get_object", {"Body": body}, {"Bucket": "b", "Key": key})
    run = sources.run_of("s3://b/out", 1)

    assert run.rows() == [
        {"step": 1, "train_reward": 0.4},
        {"step": 2, "train_reward": 0.5, "val_reward": 0.3},
    ]


def test_what_a_service_refuses_is_one_clear_line(rewards: Run, services: Services) -> None:
    """With the service's own words."""
    services.stub("cloudwatch").add_client_error("list_metrics", "AccessDenied", "not yours")
    done = rewards("doctor", "cloudwatch:BedrockRFT")

    assert done.code == 2
    assert "the metrics of BedrockRFT: AccessDenied: not yours" in done.stderr


def looks(monkeypatch: pytest.MonkeyPatch, *between: Any) -> list[float]:
    """A clock for `--watch`: what happens between two looks, and Ctrl-C after the last."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > len(between):
            raise KeyboardInterrupt
        between[len(waited) - 1]()

    defaults = (wait,)
    monkeypatch.setattr(following.follow, "__defaults__", defaults)
    return waited


def rows(count: int) -> str:
    return "".join(
        f'{{"step": {step}, "train_reward": {0.2 + step / 100}, "component/correct": 0.2}}\n'
        for step in range(count)
    )


def test_a_watch_tells_what_changes_and_ends_cleanly(
    rewards: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not there yet, grows, stands still, and turns: then Ctrl-C."""
    file = tmp_path / "run.jsonl"
    waited = looks(
        monkeypatch,
        lambda: file.write_text(rows(10)),
        lambda: file.write_text(rows(12)),
        lambda: None,
        lambda: file.write_text(rows(40)),
    )
    done = rewards(
        *("doctor", "run.jsonl", "--watch", "--every", "7", "--html", "p.html", "--goal", "correct")
    )

    assert done.code == 130
    assert waited == [7.0] * 5
    assert "No such file" in done.stderr
    assert "interrupted" in done.stderr
    told = [text for text in done.stdout.splitlines() if text.startswith("step")]
    assert told == ["step 9", "step 11: too_early", "step 39"]
    assert "goal_flat" in done.stdout
    assert "it cheats" in (tmp_path / "p.html").read_text()


def test_a_watch_survives_what_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A throttled service is said once, and asked again; any other error ends the watch."""
    answers = iter([TransientError("throttled"), TransientError("throttled"), 1, 1, 2, ValueError])
    told: list[int] = []

    def look() -> int:
        answer = next(answers)
        if isinstance(answer, int):
            return answer
        raise answer

    with pytest.raises(ValueError):  # noqa: PT011
        following.follow(look, told.append, 1, lambda _: None)
    assert told == [1, 2]


def test_stdin_cannot_be_watched(rewards: Run) -> None:
    """It is read once."""
    assert "cannot be watched" in rewards("doctor", "-", "--watch").stderr
