"""What a scorer says about one sample, and what a rubric makes of it.

`Score` is a frozen dataclass, made by authors; `Fault` and `Reward` are made by the engine, in
named tuples, which cost a seventh to define (every cold start pays) and a third to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's verdict on one sample.

    `value` is finite and lies in the scorer's declared range (0 to 1 unless it says otherwise).
    The rest explains it: `reason` for people, `answer` as read from the completion, `span` the
    characters of `sample.completion` it was read from, `metrics` further figures, reported as
    `component/name` and never summed into the reward.

    >>> Score(1.0, reason="72 = 72", answer="72").value
    1.0
    """

    value: float
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    answer: str | None = None
    span: tuple[int, int] | None = None


class Fault(NamedTuple):
    """Why a scorer could not decide: `kind` is counted and logged, `detail` is for people.

    `detail` may quote the completion, so it is shown in replay and never logged by default.
    """

    kind: str
    detail: str = ""


class Reward(NamedTuple):
    """What one sample earned and why.

    `value` is finite and inside the rubric's range. `scores` holds the components that ran,
    `faults` those that could not decide, `weighted` the names that count towards the value (the
    others are metrics), `closed` the gate that stopped the rest, if one did.
    """

    value: float
    scores: Mapping[str, Score] = MappingProxyType({})
    faults: Mapping[str, Fault] = MappingProxyType({})
    weighted: frozenset[str] = frozenset()
    closed: str | None = None
