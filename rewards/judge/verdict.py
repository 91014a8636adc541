"""Verdicts are checked, not searched for: as asked, complete and in scale, or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any

from rewards.judge.criteria import Criterion


class InvalidVerdictError(ValueError):
    """The reply is no verdict. The message goes back to the judge, and quotes no text of it."""


def check_verdict(verdict: Any, criteria: Sequence[Criterion]) -> dict[str, int | str]:
    """Return the level that the judge gave for each criterion.

    Raises:
        InvalidVerdictError: a criterion is missing or unknown, or its level is not on the scale.
    """
    if not isinstance(verdict, Mapping):
        raise InvalidVerdictError("the verdict is not an object with one member per criterion")
    missing = [criterion.name for criterion in criteria if criterion.name not in verdict]
    if missing:
        raise InvalidVerdictError(f"these criteria are missing: {', '.join(missing)}")
    if len(verdict) > len(criteria):
        raise InvalidVerdictError("there are members that are no criteria")
    return {criterion.name: _level(verdict[criterion.name], criterion) for criterion in criteria}


def _level(entry: Any, criterion: Criterion) -> int | str:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("reason"), str):
        raise InvalidVerdictError(f'"{criterion.name}" must hold a reason and then a score')
    level = entry.get("score")
    # True == 1 and 4.0 == 4 in Python: the first is no level, the second is how JSON says 4.
    if isinstance(level, float) and level.is_integer():
        level = int(level)
    if isinstance(level, bool) or not isinstance(level, int | str) or level not in criterion.levels:
        allowed = ", ".join(map(str, criterion.levels))
        raise InvalidVerdictError(
            f'the score of "{criterion.name}" must be one of {allowed}; got {_shown(entry)}'
        )
    return level


def _shown(entry: Mapping[str, Any]) -> str:
    """A wrong level, for the judge to see. Texts may come from the completion: never shown."""
    level = entry.get("score")
    return str(level) if type(level) is int and abs(level) < 1000 else "something else"


def reasons(verdict: Mapping[str, Any], criteria: Sequence[Criterion]) -> str:
    """The judge's reasons, one criterion a line, for people."""
    return "\n".join(f"{c.name}: {verdict[c.name]['reason']}" for c in criteria)
