"""The error tree. Every error says what was wrong, the value, where it stood, and what to do.

    RewardsError
    ├── SpecError              a rubric, a parameter or a scorer definition that cannot be used
    ├── EventError             an event in no known shape, or a row that holds no completion
    ├── BatchFailedError       a component with on_error = "fail" could not be scored
    └── UnscoredError          a scorer could not decide: neither right nor wrong
        ├── MissingReferenceError   the data has no reference for this sample
        ├── UnusableDataError       the data's reference or metadata is not what a scorer reads
        ├── RefusalError            the sample's own fault: a judge refuses it; follows on_refusal
        │   └── InputRefusedError   its data is too long for a service, or filtered
        └── ServiceError            a service's fault: throttled, unreachable; follows on_error
            ├── DeadlineError       not started or not finished in time
            └── BudgetError         the invocation has spent what its rubric allows

A scorer raises `UnscoredError` (or one of its children) where it cannot decide. Any other
exception it raises is taken as a bug in the scorer and handled in the same way, by the
component's `on_error`: a failing tool is not a wrong answer.

Two exceptions pass through every scorer, and are no errors: `Terminated`, which the handler of a
signal raises to end the process, and `OutOfTime`, which ends a batch at its deadline.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar


def is_kind(kind: object) -> bool:
    """Whether metrics could be named after it: 1 to 64 ASCII letters, digits and underscores."""
    # As a name in Python, which no digit may begin; the exact type has no methods of its own.
    return (
        type(kind) is str and 0 < len(kind) <= 64 and kind.isascii() and f"_{kind}".isidentifier()
    )


class RewardsError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(RewardsError, ValueError):
    """A rubric, a parameter or a scorer definition cannot be used as it is written."""


class RequirementError(SpecError):
    """A rubric is as it should be, and this interpreter or machine lacks what it needs."""


class EventError(RewardsError, ValueError):
    """An event, or one row of it, is in no shape that the service is known to send."""

    def __init__(self, message: str, kind: str = "malformed_row") -> None:
        """Keep `kind`, the short name under which a broken row is counted."""
        super().__init__(message)
        self.kind = kind


class BatchFailedError(RewardsError):
    """A component whose `on_error` is "fail" could not be scored, so no reward is returned."""


class UnscoredError(RewardsError):
    """A scorer could not decide; `kind` is the name under which this is counted.

    A subclass may have a kind of its own: at most 64 letters, digits and underscores, since it
    becomes part of the name of a metric.
    """

    kind: ClassVar[str] = "unscored"

    def __init_subclass__(cls) -> None:
        """Refuse a kind that no metric could be named after."""
        super().__init_subclass__()
        kind: object = cls.kind
        if not is_kind(kind):
            raise SpecError(
                f"{cls.__qualname__}: kind must be 1 to 64 letters, digits and underscores, "
                f'such as "no_answer", got {kind!r}'
            )


class MissingReferenceError(UnscoredError):
    """The data holds no reference for this sample: a fault of the data, not of the answer."""

    kind = "missing_reference"


class UnusableDataError(UnscoredError):
    """A reference or a metadata field is there, or should be, and is not what the scorer reads."""

    kind = "unusable_data"


class RefusalError(UnscoredError):
    """The sample made its judge fail (refusal, content filter, verdict that stays invalid)."""

    kind = "refusal"


class InputRefusedError(RefusalError):
    """A service will not take this sample's data: too long for it, or filtered.

    Where it says so of every sample of a batch, alike, no sample is at fault.
    """


class ServiceError(UnscoredError):
    """A service that the scorer needs failed: throttled out, unreachable, broken."""

    kind = "service"


class DeadlineError(ServiceError):
    """There was no time left to score this sample."""

    kind = "deadline"


class BudgetError(ServiceError):
    """The invocation has spent what its rubric allows it to spend on a service."""

    kind = "budget"


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error about a misspelt name: the closest that exists, if one is close.

    >>> nearest("wieght", ["weight", "name"]), nearest("x", ["weight", "name"])
    ('; did you mean "weight"?', '')
    """
    from difflib import get_close_matches  # only once something has gone wrong

    close = get_close_matches(name, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def unless_all_refused(outcomes: Sequence[Any]) -> Sequence[Any]:
    """What came of the samples of a batch, unless a service refuses all of them (2 or more) alike.

    Then it is no sample's fault, but of what they have in common, and each gets a `ServiceError`:
    under the default policy of judges nothing is trained on it.

    >>> unless_all_refused([InputRefusedError("too long"), InputRefusedError("too long")])[0]
    ServiceError('every sample is refused alike: too long')
    """
    said = [o.args[0] for o in outcomes if type(o) is InputRefusedError and o.args]
    if len(said) < max(2, len(outcomes)) or any(type(s) is not str or s != said[0] for s in said):
        return outcomes
    return [ServiceError(f"every sample is refused alike: {said[0]}")] * len(outcomes)


class Terminated(SystemExit):
    """A signal ends this process. To be raised by the handler of a signal, with the exit code.

    A plain SystemExit is what a scorer raises that calls sys.exit(): it costs one sample.
    """


class OutOfTime(SystemExit):
    """The batch is out of time: raised into whatever runs, and caught by who runs the batch.

    A SystemExit, since an event loop ends at once where a task raises one; any other exception
    it would keep until somebody asks the task.
    """


#: What no scorer may stop, and nothing takes for the fault of a scorer.
PASSES = (KeyboardInterrupt, Terminated, OutOfTime)


#: Words of a message in a row, or characters, that are a quotation where the data has them too.
QUOTED_WORDS, QUOTED_CHARS = 3, 20


def unquoted(message: str, data: str) -> str:
    """A message without what it quotes: a run of words, or a long word, that the data has too.

    >>> unquoted("not allowed: 'the answer is 72' (text)", "Grade this: the answer is 72.")
    "not allowed: '…' (text)"
    """
    import re  # only once something has gone wrong

    word = re.compile(r"\w+")
    known = f" {' '.join(word.findall(data))} "
    words = list(word.finditer(message))
    kept, at, copied = [], 0, 0
    while at < len(words):
        end, run = at, ""
        while end < len(words) and f" {(longer := f'{run} {words[end][0]}'.strip())} " in known:
            end, run = end + 1, longer
        if end - at >= QUOTED_WORDS or len(run) >= QUOTED_CHARS:
            kept += [message[copied : words[at].start()], "…"]
            copied = words[end - 1].end()
            at = end
        else:
            at += 1
    return "".join([*kept, message[copied:]])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error about a misspelt name: the closest that exists, or all there are.

    >>> did_you_mean("wieght", ["weight", "name"])
    '; did you mean "weight"?'
    >>> did_you_mean("x", ["weight", "name"])
    '; there are: weight, name'
    """
    names = list(known)
    if close := nearest(name, names):
        return close
    return f"; there are: {', '.join(names)}" if names else "; there are none"
