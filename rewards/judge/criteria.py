"""What a judge grades by: criteria with weights and scales, and the schema of a verdict."""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.errors import did_you_mean

PROMPTS = Path(__file__).parent.parent / "prompts"

#: A name goes into a JSON schema as a property and into metrics_list as `component/name`.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)

#: Names of figures that the scorer reports beside the criteria.
RESERVED = frozenset({"agreement", "addressed", "truncated"})

#: People and models agree badly on finer scales; and each level is spelt out in the schema.
MAX_LEVELS = 11

#: A rubric with more criteria is two rubrics; the verdict would outgrow `maxTokens` too.
MAX_CRITERIA = 16

_KEYS = ("name", "description", "weight", "scale", "levels", "values")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a judge looks at.

    `levels` maps what the judge may answer (a whole number, or a label) to its worth, 0 to 1.
    """

    name: str
    description: str
    weight: float
    levels: Mapping[int | str, float]
    meanings: Mapping[int | str, str]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the verdict on this criterion: the reason first, then the level.

        Levels are spelt out one by one: structured output knows no minimum and maximum.
        """
        labelled = isinstance(next(iter(self.levels)), str)
        return {
            "type": "object",
            "additionalProperties": False,
            "required": ["reason", "score"],
            "properties": {
                "reason": {"type": "string"},
                "score": {
                    "type": "string" if labelled else "integer",
                    "enum": list(self.levels),
                },
            },
        }

    @property
    def text(self) -> str:
        """The criterion as the judge reads it."""
        lines = [f"- {self.name}: {self.description}"]
        lines += [f"    {level}: {meaning}" for level, meaning in self.meanings.items()]
        lines.append(f"    score: one of {', '.join(map(str, self.levels))} (worst to best)")
        return "\n".join(lines)


def verdict_schema(criteria: Sequence[Criterion]) -> dict[str, Any]:
    """JSON schema of a verdict on all `criteria`: one object, one member for each."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [criterion.name for criterion in criteria],
        "properties": {criterion.name: criterion.schema for criterion in criteria},
    }


def load_criteria(path: Path) -> list[dict[str, Any]]:
    """The `[[criteria]]` tables of a TOML file, unchecked.

    Raises:
        ValueError: there is no such file, or it holds no criteria.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"there is no criteria file {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a criteria file: {error}") from None
    unknown = [key for key in tables if key != "criteria"]
    if unknown:
        raise ValueError(f'{path}: unknown key "{unknown[0]}"; criteria are [[criteria]] tables')
    found = tables.get("criteria")
    if not isinstance(found, list):
        raise ValueError(f"{path}: holds no [[criteria]] table")
    return found


def parse_criteria(tables: Sequence[Mapping[str, Any]]) -> tuple[Criterion, ...]:
    """Check criteria as a rubric gives them.

    >>> tables = [{"name": "clear", "description": "Easy to follow.", "levels": ["no", "yes"]}]
    >>> parse_criteria(tables)[0].levels
    {'no': 0.0, 'yes': 1.0}

    Raises:
        ValueError: naming the criterion, the key, the value and what to do.
    """
    if not tables:
        raise ValueError("criteria must name at least one criterion")
    if len(tables) > MAX_CRITERIA:
        raise ValueError(f"criteria: at most {MAX_CRITERIA}, got {len(tables)}; use two components")
    criteria = tuple(_criterion(table, i) for i, table in enumerate(tables, start=1))
    names = [criterion.name for criterion in criteria]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'criteria: "{name}" is named twice')
    if not math.fsum(criterion.weight for criterion in criteria) > 0:
        raise ValueError("criteria: the weights are all 0, so nothing makes a score")
    return criteria


def _criterion(table: Any, position: int) -> Criterion:
    if not isinstance(table, Mapping):
        raise ValueError(f"criterion {position} must be a table, got {table!r}")
    where = f'criterion {position} "{table.get("name", "")}"'
    for key in table:
        if key not in _KEYS:
            raise ValueError(f'{where}: unknown key "{key}"{did_you_mean(key, _KEYS)}')
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
        raise ValueError(
            f"{where}: name must be lower case letters, digits and _, at most 32, and none of "
            f"{', '.join(sorted(RESERVED))}"
        )
    description = table.get("description")
    if not isinstance(description, str) or not description.strip():
        raise ValueError(f"{where}: description must say what the judge should look at")
    levels, meanings = _levels(table, where)
    weight = _number(table.get("weight", 1.0), f"{where}: weight")
    if weight < 0:
        raise ValueError(
            f"{where}: weight must be 0 or more, got {weight:g}; to reward less of something, "
            "order its levels the other way"
        )
    return Criterion(name, " ".join(description.split()), weight, levels, meanings)


def _levels(
    table: Mapping[str, Any], where: str
) -> tuple[dict[int | str, float], dict[int | str, str]]:
    """What may be answered and its worth; and what each level means, where that is said."""
    if "scale" in table and "levels" in table:
        raise ValueError(f"{where}: give scale (numbers) or levels (labels), not both")
    labels: list[int | str]
    meanings: dict[int | str, str] = {}
    if "levels" in table:
        given = table["levels"]
        labels = list(given) if isinstance(given, Mapping | list) else []
        if not all(isinstance(label, str) and label.strip() == label != "" for label in labels):
            raise ValueError(f"{where}: levels must be labels, worst first, got {given!r}")
        if isinstance(given, Mapping):
            meanings = {label: " ".join(str(text).split()) for label, text in given.items()}
    else:
        labels = list(_scale(table.get("scale", [1, 5]), where))
    if not 2 <= len(set(labels)) == len(labels) <= MAX_LEVELS:
        raise ValueError(f"{where}: needs 2 to {MAX_LEVELS} distinct levels, got {len(labels)}")
    return dict(zip(labels, _worth(table, len(labels), where), strict=True)), meanings


def _scale(given: Any, where: str) -> range:
    whole = isinstance(given, list | tuple) and len(given) == 2
    if not whole or not all(type(end) is int for end in given) or given[0] >= given[1]:
        raise ValueError(
            f"{where}: scale must be two whole numbers, worst first, such as [1, 5], got {given!r}"
        )
    low, high = given
    if high - low >= MAX_LEVELS:
        raise ValueError(
            f"{where}: scale {given!r} has {high - low + 1} levels; nobody, no model either, can "
            f"tell more than {MAX_LEVELS} apart"
        )
    return range(low, high + 1)


def _worth(table: Mapping[str, Any], count: int, where: str) -> list[float]:
    """What the levels are worth: evenly spaced from 0 to 1, or as `values` says."""
    if "values" not in table:
        return [index / (count - 1) for index in range(count)]
    given = table["values"]
    if not isinstance(given, list | tuple) or len(given) != count:
        raise ValueError(f"{where}: values must be {count} numbers, one for each level")
    values = [_number(value, f"{where}: values") for value in given]
    if not all(0 <= value <= 1 for value in values):
        raise ValueError(f"{where}: values must lie between 0 and 1, got {given!r}")
    if values != sorted(values):
        raise ValueError(f"{where}: values must not fall: levels go from worst to best")
    return values


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{what} must be a finite number, got {value!r}")
    return float(value)
