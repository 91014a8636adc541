"""Verdicts are checked, not searched for: as asked, complete and in scale, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.judge.criteria import Criterion

Levels = dict[str, int | str]

#: Sixty words were asked for; of a longer reason only this much is kept.
MAX_REASON_CHARS = 2_000


class InvalidVerdictError(ValueError):
    """The reply is no verdict. The message goes back to the judge, and quotes no text of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of each criterion: its reason, and the level it gave."""

    said: Mapping[str, Mapping[str, Any]]

    @property
    def levels(self) -> Levels:
        """The level of each criterion."""
        return {name: entry["score"] for name, entry in self.said.items()}

    @property
    def reasons(self) -> str:
        """The judge's reasons, one criterion a line, for people."""
        return "\n".join(f"{name}: {entry['reason']}" for name, entry in self.said.items())


def read_verdict(given: Any, criteria: Sequence[Criterion]) -> Verdict:
    """Return the verdict that `given`, any JSON value, holds on `criteria`.

    Raises:
        InvalidVerdictError: a criterion is missing or unknown, or its level is not on the scale.
    """
    if not isinstance(given, Mapping):
        raise InvalidVerdictError("the verdict is not an object with one member per criterion")
    missing = [criterion.name for criterion in criteria if criterion.name not in given]
    if missing:
        raise InvalidVerdictError(f"these criteria are missing: {', '.join(missing)}")
    if len(given) > len(criteria):
        raise InvalidVerdictError("there are members that are no criteria")
    return Verdict(
        {criterion.name: _entry(given[criterion.name], criterion) for criterion in criteria}
    )


def _entry(entry: Any, criterion: Criterion) -> dict[str, Any]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("reason"), str):
        raise InvalidVerdictError(f'"{criterion.name}" must hold a reason and then a score')
    level = entry.get("score")
    # True == 1 and 4.0 == 4 in Python: the first is no level, the second is how JSON says 4.
    if isinstance(level, float) and level.is_integer():
        level = int(level)
    if isinstance(level, bool) or not isinstance(level, int | str) or level not in criterion.levels:
        allowed = ", ".join(map(str, criterion.levels))
        raise InvalidVerdictError(
            f'the score of "{criterion.name}" must be one of {allowed}; got {_shown(level)}'
        )
    return {"reason": entry["reason"][:MAX_REASON_CHARS], "score": level}


def _shown(level: Any) -> str:
    """A wrong level, for the judge to see. Texts may come from the completion: never shown."""
    return str(level) if type(level) is int and abs(level) < 1000 else "something else"
