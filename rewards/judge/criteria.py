"""What a judge grades by: criteria with weights and scales, and the schema of a verdict."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from rewards.core.tables import (
    TableError,
    Wrong,
    checked,
    each,
    load_toml,
    number,
    read_table,
    shown,
    table,
    table_of,
)

PROMPTS = Path(__file__).parent / "prompts"

#: A name goes into a JSON schema as a property and into metrics_list as `component/name`.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)

#: Names of figures that the scorer reports beside the criteria.
RESERVED = frozenset({"agreement", "addressed", "truncated"})

#: People and models agree badly on finer scales; and each level is spelt out in the schema.
MAX_LEVELS = 11

#: A rubric with more criteria is two rubrics; the verdict would outgrow `maxTokens` too.
MAX_CRITERIA = 16


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
        return list(checked(table_of(_File), load_toml(path), "").criteria)
    except FileNotFoundError:
        raise ValueError(f"there is no criteria file {path}") from None
    except TableError as error:
        raise ValueError(f"{path}: {error}") from None


def parse_criteria(tables: Sequence[Mapping[str, Any]]) -> tuple[Criterion, ...]:
    """Check criteria as a rubric gives them.

    >>> tables = [{"name": "clear", "description": "Easy to follow.", "levels": ["no", "yes"]}]
    >>> parse_criteria(tables)[0].levels
    {'no': 0.0, 'yes': 1.0}

    Raises:
        ValueError: naming the criterion, the key, the value and what to do.
    """
    criteria: tuple[Criterion, ...] = checked(each(_criterion, name="criteria"), tables, "criteria")
    if len(criteria) > MAX_CRITERIA:
        given = f"got {len(criteria)}; use two components"
        raise TableError("criteria", f"must be at most {MAX_CRITERIA}, {given}")
    names = [criterion.name for criterion in criteria]
    for name in names:
        if names.count(name) > 1:
            raise TableError("criteria", f'must have names of their own: "{name}" is named twice')
    if not math.fsum(criterion.weight for criterion in criteria) > 0:
        raise TableError("criteria", "must have some weight: the weights are all 0")
    return criteria


def _criterion(given: Any) -> Criterion:
    """One criterion, with what its keys say together."""
    if isinstance(given, Mapping) and "scale" in given and "levels" in given:
        raise TableError("", "has scale (numbers) and levels (labels): give one, not both")
    table = read_table(_Table, given)
    labels: list[int | str] = [*(table.levels or table.scale)]
    meanings: dict[int | str, str] = {}
    if isinstance(table.levels, Mapping):
        meanings.update(table.levels)
    values = table.values or tuple(place / (len(labels) - 1) for place in range(len(labels)))
    if len(values) != len(labels):
        problem = f"must be {len(labels)} numbers, one for each level, got {shown(table.values)}"
        raise TableError("values", problem)
    worth: dict[int | str, float] = dict(zip(labels, values, strict=True))
    return Criterion(table.name, table.description, table.weight, worth, meanings)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value in RESERVED:
        raise Wrong(
            "must be lower case letters, digits and _, at most 32, and none of "
            f"{', '.join(sorted(RESERVED))}"
        )
    return value


def _description(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Wrong("must say what the judge should look at")
    return " ".join(value.split())


def _weight(value: Any) -> float:
    found: float = number()(value)
    if found < 0:
        other = "; to reward less of something, order its levels the other way"
        raise Wrong("must be 0 or more", other)
    return found


def _scale(value: Any) -> range:
    if (
        not isinstance(value, list | tuple)
        or [type(end) for end in value] != [int, int]
        or value[0] >= value[1]
    ):
        raise Wrong("must be two whole numbers, worst first, such as [1, 5]")
    low, high = value
    if high - low >= MAX_LEVELS:
        raise Wrong(
            f"must have at most {MAX_LEVELS} levels, since nobody, no model either, can tell more "
            "apart",
            f": {high - low + 1} levels",
        )
    return range(low, high + 1)


def _levels(value: Any) -> list[str] | dict[str, str]:
    """Labels, and what each means where that is said; their order is kept."""
    labels = list(value) if isinstance(value, Mapping | list | tuple) else []
    if not all(isinstance(label, str) and label.strip() == label != "" for label in labels):
        raise Wrong("must be labels, worst first")
    if not 2 <= len(set(labels)) == len(labels) <= MAX_LEVELS:
        raise Wrong(f"must be 2 to {MAX_LEVELS} distinct labels, worst first")
    if isinstance(value, Mapping):
        return {label: " ".join(str(meaning).split()) for label, meaning in value.items()}
    return labels


def _values(value: Any) -> tuple[float, ...]:
    """What the levels are worth: from worst to best, so they never fall."""
    share = number(0.0, 1.0)
    try:
        values = tuple([share(item) for item in value])
    except (Wrong, TypeError):
        raise Wrong("must be numbers from 0 to 1, one for each level") from None
    if not values or list(values) != sorted(values):
        raise Wrong("must be numbers that do not fall: levels go from worst to best")
    return values


class _Table(NamedTuple):
    """A criterion as a file or a rubric writes it."""

    name: Annotated[str, _name, 'name = "clarity"']
    description: Annotated[str, _description, "what the judge should look at"]
    weight: Annotated[float, _weight] = 1.0
    scale: Annotated[range, _scale] = range(1, 6)
    levels: Annotated[Sequence[str] | Mapping[str, str], _levels] = ()
    values: Annotated[tuple[float, ...], _values] = ()


class _File(NamedTuple):
    """A file of criteria."""

    criteria: Annotated[tuple[dict[str, Any], ...], each(table, name="criteria")]
