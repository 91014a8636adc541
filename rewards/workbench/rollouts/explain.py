"""What was found in a completion and why it earned what it did, as JSON."""

from typing import Any

from rewards.core.score import Fault, Reward
from rewards.wire.contract import Row


def explanation(row: Row, reward: Reward | None) -> dict[str, Any]:
    """Components, faults and the gate that closed; for a broken row the fault that it is.

    A component is {"value", "answer", "reason", "metrics"}, a fault {"kind", "detail"}.
    """
    if reward is None:
        return {"fault": row.fault and _fault(row.fault)}
    return {
        "closed_by": reward.closed,
        "components": {
            name: {
                "value": score.value,
                "answer": score.answer,
                "reason": score.reason,
                "metrics": dict(score.metrics),
            }
            for name, score in reward.scores.items()
        },
        "faults": {name: _fault(fault) for name, fault in reward.faults.items()},
    }


def _fault(fault: Fault) -> dict[str, str]:
    return {"kind": fault.kind, "detail": fault.detail}
