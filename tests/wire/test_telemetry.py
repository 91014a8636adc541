"""What an invocation tells of its batch: the figures are bounded, whatever a scorer makes up."""

import json

from rewards import Rubric, Sample, UnscoredError, scorer, use
from rewards.core.score import Fault, Reward
from rewards.wire.answering import answer
from rewards.wire.telemetry import MAX_KINDS, emf_records, metrics_of, summarize


@scorer
def inventive(sample: Sample) -> float:
    """No verdict, and a kind of its own for every sample."""
    error = UnscoredError("no verdict")
    error.kind = f"{sample.completion:x<64}"  # type: ignore[misc]
    raise error


def test_kinds_without_number_are_counted_together() -> None:
    """Attack: thousands of kinds were one line beyond 256 KiB, which CloudWatch drops."""
    event = [
        {"id": n, "messages": [{"role": "assistant", "content": f"k{n}"}]} for n in range(5_000)
    ]
    answered = answer(event, Rubric("r", [use(inventive)]))

    faults = answered.summary["faults"]
    assert (len(faults), sum(faults.values())) == (MAX_KINDS + 1, 5_000)
    assert faults["other"] == 5_000 - MAX_KINDS
    assert len(json.dumps(answered.summary)) < 8 * 1024
    metrics = metrics_of(answered.summary, answered.rewards)
    assert sum(name.startswith("Fault/") for name in metrics) == MAX_KINDS + 1
    assert all(len(json.dumps(record)) < 256 * 1024 for record in emf_records(metrics))


def test_the_most_frequent_kinds_keep_their_names() -> None:
    """Ties go by name; a kind that is called "other" is among the others."""
    kinds = [f"k{n:03}" for n in range(MAX_KINDS + 3) for _ in range(2 if n > 4 else 1)]
    rewards = [Reward(0.0, {}, {"c": Fault(kind)}) for kind in [*kinds, *["other"] * 9]]

    faults = summarize([], rewards, [])["faults"]

    assert [kind for kind, count in faults.items() if count == 1] == ["k000"]
    assert {"k001", "k002", "k003", "k004"}.isdisjoint(faults)
    assert faults["other"] == 9 + 4
    assert list(faults) == sorted(faults)
