"""What a scorer says about one sample, and what a rubric makes of it.

`Score` is a frozen dataclass, made by authors; `Fault` and `Reward` are made by the engine, in
named tuples, which cost a seventh to define (every cold start pays) and a third to make.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from rewards.errors import (
    MissingReferenceError,
    RefusalError,
    ServiceError,
    UnscoredError,
    UnusableDataError,
)

#: Whose fault it is that there is no score: the scorer's (a bug), the sample's (its judge refuses
#: it), the data's (no reference), a service's (throttled, no time left), or nobody's.
Blame = Literal["scorer", "sample", "data", "service", "nobody"]

#: The first that an error is one of says whom to blame, and how it is counted without a name.
_BLAMED: tuple[tuple[type[UnscoredError], Blame], ...] = (
    (RefusalError, "sample"),
    (MissingReferenceError, "data"),
    (UnusableDataError, "data"),
    (ServiceError, "service"),
    (UnscoredError, "nobody"),
)

#: Kinds are counted, and become parts of metric names: a short word each.
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

#: Ranges and weights stay below this, so that no sum, square or spread of them overflows a float.
MAX_MAGNITUDE = 1e100

#: A detail is for people; what is longer is somebody's data.
MAX_DETAIL_CHARS = 2_000


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
    `blame` says whose fault it is; the component's error policies follow it.
    """

    kind: str
    detail: str = ""
    blame: Blame = "nobody"

    @classmethod
    def of(cls, error: BaseException) -> "Fault":
        """What a scorer raised, as a fault: an `UnscoredError` under its kind, else a bug.

        Whatever the error is made of, its kind is a short word and its detail is text.
        """
        try:
            return cls._of(error)
        except Exception:  # noqa: BLE001 - its __str__, kind or metaclass is as broken as its scorer
            return cls("exception", "raised an error that cannot be shown", "scorer")

    @classmethod
    def _of(cls, error: BaseException) -> "Fault":
        detail = "".join([str(error)])[:MAX_DETAIL_CHARS]  # a subclass of str is text no longer
        for family, blame in _BLAMED:
            if isinstance(error, family):
                kind = error.kind
                if type(kind) is str and _KIND.fullmatch(kind):
                    return cls(kind, detail, blame)
                named = f"the kind of {type(error).__name__} is no short word"
                return cls(family.kind, f"{named}: {detail}", blame)
        return cls("exception", f"{type(error).__name__}: {detail}", "scorer")


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

    @property
    def bugs(self) -> tuple[str, ...]:
        """The components whose scorer is to blame: it raised, or gave what is no verdict."""
        return tuple([name for name, fault in self.faults.items() if fault.blame == "scorer"])
