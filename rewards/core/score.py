"""What a scorer says about one sample, and what a rubric makes of it.

`Score` is a frozen dataclass, made by authors; `Fault` and `Reward` are made by the engine, in
named tuples, which cost a seventh to define (every cold start pays) and a third to make.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, SupportsFloat, TypeVar

from rewards.core.errors import (
    PASSES,
    MissingReferenceError,
    RefusalError,
    ServiceError,
    UnscoredError,
    UnusableDataError,
    is_kind,
)

T = TypeVar("T")

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

#: Ranges and weights stay below this, so that no sum, square or spread of them overflows a float.
MAX_MAGNITUDE = 1e100

#: A detail is for people; what is longer is somebody's data.
MAX_DETAIL_CHARS = 2_000

#: Room for a component's name of 64 before it, in the 255 characters of a CloudWatch metric.
MAX_METRIC_NAME_CHARS = 128


def _pairs(given: Any) -> Iterable[tuple[Any, Any]]:
    if type(given) is not dict and not isinstance(given, Mapping):
        try:
            given = dict(given)  # pairs, as `dataclasses.asdict` hands them on
        except (TypeError, ValueError):
            kind = type(given).__name__
            raise TypeError(f"metrics are a table of names and numbers, got {kind}") from None
    pairs: Iterable[tuple[Any, Any]] = given.items()
    return pairs


def _metric_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"metric name {name!r} is {type(name).__name__}, not a string")
    name = "".join([name])  # an enumeration's member and a numpy string are strings no more
    if not 0 < len(name) <= MAX_METRIC_NAME_CHARS or not name.isprintable() or "/" in name:
        raise ValueError(
            f"metric name {name!r}: must be printable, 1 to {MAX_METRIC_NAME_CHARS} characters, "
            'without "/", which separates a component from its metrics'
        )
    return str(name)


def number_of(value: Any) -> float:
    """A number of any library as a float; text is none, whatever it spells.

    Raises:
        TypeError: it is no number.
        ValueError: it is one that no float can be.
    """
    if type(value) is float:
        return value
    kind = type(value).__name__
    if not hasattr(value, "__float__"):
        raise TypeError(f"{kind}, not a number")
    try:
        return float(value)
    except Exception as error:
        raise ValueError(f"{kind}, which is no float: {error}") from error


def _metric_value(name: str, value: Any) -> float:
    try:
        return number_of(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"metric {name!r} is {error}") from None


class Metrics(dict[str, float]):
    """The figures of one score: names that the response can carry, finite floats, read only.

    Built from a table whose values are numbers of any library. What is no finite number (NaN: no
    figure) is left out.

    Raises:
        TypeError: a name is no string, or a value no number; text is none, whatever it spells.
        ValueError: a name is empty, long, not printable or has a "/"; a number that is no float.

    >>> Metrics({"words": 12, "share": float("nan")})
    {'words': 12.0}
    """

    __slots__ = ()

    def __init__(
        self, given: Mapping[str, SupportsFloat] | Iterable[tuple[str, SupportsFloat]]
    ) -> None:
        """Check and take over the figures."""
        values = [(_metric_name(name), _metric_value(name, value)) for name, value in _pairs(given)]
        super().__init__([pair for pair in values if math.isfinite(pair[1])])

    def __reduce__(self) -> tuple[type["Metrics"], tuple[dict[str, float]]]:
        """Copies and pickles are built anew."""
        return Metrics, (dict(self),)

    if not TYPE_CHECKING:  # which knows a mapping here, and refuses to change it before it runs

        def __hash__(self) -> int:
            return hash(frozenset(self.items()))

        def __setitem__(self, *_: object, **__: object) -> NoReturn:
            raise TypeError("the metrics of a Score are read only: give them all to Score(...)")

        __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = __setitem__


_NO_METRICS = Metrics({})


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's verdict on one sample.

    `value` is finite and lies in the scorer's declared range (0 to 1 unless it says otherwise).
    The rest explains it: `reason` for people, `answer` as read from the completion, `span` the
    characters of `sample.completion` it was read from, `metrics` further figures, reported as
    `component/name` and never summed into the reward: see `Metrics` for what is refused here.

    >>> Score(1.0, reason="72 = 72", answer="72").value
    1.0
    """

    value: float
    reason: str = ""
    metrics: Mapping[str, float] = _NO_METRICS
    answer: str | None = None
    span: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Check the metrics where the author's own line is on the stack."""
        if type(self.metrics) is not Metrics:
            object.__setattr__(self, "metrics", Metrics(self.metrics))


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
        unshown = cls("exception", "raised an error that cannot be shown", "scorer")
        return asked(lambda: cls._of(error), unshown)

    @classmethod
    def _of(cls, error: BaseException) -> "Fault":
        detail = "".join([str(error)])[:MAX_DETAIL_CHARS]  # a subclass of str is text no longer
        for family, blame in _BLAMED:
            if isinstance(error, family):
                kind = error.kind
                if is_kind(kind):
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


def asked(question: Callable[[], T], otherwise: T) -> T:
    """What a scorer's own objects answer; `otherwise` where they break, as only objects can."""
    try:
        return question()
    except PASSES:
        raise
    except BaseException:  # noqa: BLE001 - a __str__, a property, a metaclass: whatever they like
        return otherwise
