"""What services log by the time of day gets the steps of a source that says when they were."""

import json
from typing import Any

import pytest

from rewards.core.errors import SpecError
from rewards.curves.formats import merged, read_curves

#: 2026-11-25 10:00:00 UTC.
START = 1795600800


def line(second: int, reward: float, size: int = 64, **figures: Any) -> dict[str, Any]:
    """A line that sums up a batch, as the reward function logs it."""
    stamp = f"2026-11-25 10:{second // 60:02}:{second % 60:02},000+0000"
    return {
        **{"level": "INFO", "message": "batch scored", "timestamp": stamp, "batch_size": size},
        **{"reward_mean": reward, "components": {"correct": reward / 2}, "unscored": 16},
        **{"compared_groups": 8, "zero_variance_groups": 2, **figures},
    }


def event(second: int, step: int, reward: float) -> dict[str, Any]:
    """An event of a job of the OpenAI-compatible API."""
    data = {"step": step, "critic_rewards_mean": reward, "critic_advantages_mean": 0.0}
    data |= {"total_steps": 67, "actor_pg_loss": 0.1, "actor_entropy": 0.7}
    return {
        **{"id": f"e{step}", "object": "fine_tuning.job.event", "level": "info", "message": "m"},
        **{"created_at": START + second, "type": "metrics", "data": data},
    }


LINES = [line(5, 0.2), line(10, 0.4, size=192), line(70, 0.6)]
MINUTES = [
    {"step": 0, "train_reward": 0.35, "component/correct": 0.175},
    {"step": 1, "train_reward": 0.6, "component/correct": 0.3},
]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, LINES)),
        "\n".join(f"2026-11-25T10:00:00Z {json.dumps(one)}" for one in LINES),
        json.dumps(
            {"events": [{"timestamp": START, "message": f"{json.dumps(one)}\n"} for one in LINES]}
        ),
        json.dumps(
            {
                "results": [
                    [
                        {"field": "@timestamp", "value": "2026-11-25 10:00:00.000"},
                        {"field": "@message", "value": json.dumps(one)},
                    ]
                    for one in [*LINES, {"message": "rollout"}]
                ]
            }
        ),
    ],
    ids=["lines", "tailed", "filter-log-events", "a query's results"],
)
def test_the_functions_log_is_read_however_it_was_exported(text: str) -> None:
    """The batches of a minute as one, weighted by their samples."""
    rows = read_curves(text, "log").rows()

    assert [{key: row[key] for key in MINUTES[0]} for row in rows] == [
        pytest.approx(minute) for minute in MINUTES
    ]
    assert rows[1]["zero_std_frac"] == 0.25
    assert rows[1]["faults"] == 0.25


def test_the_functions_metrics_are_read_in_their_own_words() -> None:
    """Reward and Component/NAME are means; shares are made of counts."""
    times = ["2026-11-25T10:00:00Z", "2026-11-25T10:01:00Z"]
    series = {
        **{"Reward": [0.5, 0.6], "Component/correct": [0.4, 0.5], "BatchSize": [64, 64]},
        **{"ComparedGroups": [8, 8], "ZeroVarianceGroups": [2, 4], "Unscored": [0, 32]},
    }
    results = [{"Label": k, "Timestamps": times, "Values": v} for k, v in series.items()]
    rows = read_curves(json.dumps({"MetricDataResults": results}), "m").rows()

    assert rows == [
        {
            **{"step": 0, "train_reward": 0.5, "component/correct": 0.4},
            **{"zero_std_frac": 0.25, "faults": 0.0},
        },
        {
            **{"step": 1, "train_reward": 0.6, "component/correct": 0.5},
            **{"zero_std_frac": 0.5, "faults": 0.5},
        },
    ]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: json.dumps({"object": "list", "data": rows}),
        lambda rows: "\n".join(map(json.dumps, rows)),
    ],
)
def test_events_of_a_job_are_curves_and_nothing_of_them_is_a_component(wrap: Any) -> None:
    """Whatever their order; messages between them are none."""
    said = {**event(90, 0, 0), "type": "message", "data": None}
    found = read_curves(wrap([event(120, 2, 0.5), said, event(60, 1, 0.4)]), "events")

    assert found.rows() == [
        {"step": 1, "train_reward": 0.4, "entropy": 0.7},
        {"step": 2, "train_reward": 0.5, "entropy": 0.7},
    ]


def test_artefacts_have_steps_of_their_own() -> None:
    """The CSV that a job leaves; its loss and its epochs are no components."""
    text = "step_number,epoch_number,training_loss,training_reward,perplexity\n1,0,2.1,0.4,8\n"

    assert read_curves(text, "step_wise_training_metrics.csv").rows() == [
        {"step": 1, "train_reward": 0.4}
    ]


def test_the_log_gets_the_steps_of_the_events() -> None:
    """What was logged since the step before is the step's; what came after the last is of none."""
    events = [event(60, 10, 0.1), event(120, 20, 0.2)]
    lines = [line(50, 0.3), line(110, 0.5), line(200, 0.9)]
    run = merged(
        read_curves("\n".join(map(json.dumps, rows)), "source") for rows in (events, lines)
    )

    assert run["train_reward"].values == (0.1, 0.2)
    assert run["component/correct"].steps == (10, 20)
    assert run["component/correct"].values == (0.15, 0.25)


def test_sources_without_steps_share_the_order_of_their_times() -> None:
    """Two services that count nothing, one of them late."""
    late = [line(70, 0.5), line(190, 0.7)]
    metrics = [{"Label": "Entropy", "Timestamps": [START + 5, START + 190], "Values": [0.9, 0.8]}]
    run = merged(
        [
            read_curves("\n".join(map(json.dumps, late)), "log"),
            read_curves(json.dumps({"MetricDataResults": metrics}), "metrics"),
        ]
    )

    assert run["train_reward"].steps == (1, 2)
    assert run["entropy"].steps == (0, 2)


def test_what_cannot_be_put_side_by_side_is_refused() -> None:
    """Steps that nobody dates beside times that nobody counts: with the remedy."""
    steps = read_curves('{"step": 1, "train_reward": 0.5}', "steps")
    times = read_curves(json.dumps(line(70, 0.5)), "log")

    with pytest.raises(SpecError, match='give the first a "time" beside each step'):
        merged([steps, times])
    dated = read_curves('{"step": 1, "train_reward": 0.5, "time": "2026-11-25T10:02:00Z"}', "s")
    assert merged([dated, times])["component/correct"].steps == (1,)
