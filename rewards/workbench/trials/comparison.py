"""Where two rubrics, or a rubric and people's labels, part: rows that flip, groups that change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

from rewards.core.errors import SpecError
from rewards.rubric import Rubric
from rewards.rubric.totals import group_key
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.run import Advance, silent
from rewards.workbench.rollouts.scoring import Scoring
from rewards.workbench.trials.answers import rewarded

#: Rewards that differ by less are the same: float noise of weighted means.
SAME = 1e-9
#: Rollouts of a group whose pairs are ordered: more are compared up to this many.
MAX_GROUP = 64


class Paid(NamedTuple):
    """What a row earned, by whom, and why; `value` is None where it was not scored."""

    id: str
    group: str
    value: float | None
    passed: bool | None
    why: str


@dataclass(frozen=True)
class Flip:
    """A row that passes for one and not for the other, with both reasons."""

    id: str
    line: int
    a: float
    b: float
    why_a: str
    why_b: str


@dataclass(frozen=True)
class GroupChanges:
    """What changes for a trainer, which compares the rollouts of a group.

    `gained` and `lost` count groups that have a gradient only by B, only by A; `reordered` is the
    share of pairs within groups of which A and B prefer different ones.
    """

    compared: int
    with_gradient_a: int
    with_gradient_b: int
    gained: int
    lost: int
    reordered: float


@dataclass(frozen=True)
class Comparison:
    """What `rewards compare` says; `against` is "rubric" or "labels" (then B is the truth)."""

    against: str
    rows: int
    unscored: int
    mean_a: float
    mean_b: float
    changed: int
    flips: tuple[Flip, ...]
    groups: GroupChanges
    false_positives: int
    false_negatives: int
    components: dict[str, float]


def paid(
    source: Source, scoring: Scoring, threshold: float, advance: Advance = silent
) -> dict[int, tuple[Paid, dict[str, float]]]:
    """What a rubric pays every line of a source, and what each of its components says.

    A row passes that earns at least `threshold` of the way through the rubric's range.
    """
    low, high = scoring.rubric.range
    least = low + threshold * (high - low) - SAME
    found = {}
    for line, row, reward, unscored in rewarded(source, scoring, advance):
        if row is None or row.sample is None or reward is None:
            continue
        value = None if unscored else reward.value
        group = repr(group_key(row.sample, scoring.rubric.spec.group_by))
        parts = {name: score.value for name, score in reward.scores.items()}
        passed = None if value is None else value >= least
        why = unscored or _why(scoring.rubric, reward.closed, parts, _reasons(reward.scores))
        found[line] = (Paid(str(row.id), group, value, passed, why), parts)
    return found


def _reasons(scores: Mapping[str, object]) -> dict[str, str]:
    return {name: str(getattr(score, "reason", "") or "") for name, score in scores.items()}


def _why(
    rubric: Rubric, closed: str | None, parts: Mapping[str, float], reasons: Mapping[str, str]
) -> str:
    """The verdicts that made a reward, in the order of the rubric."""
    if closed is not None:
        return f"the gate {closed} closed: {reasons.get(closed, '')}"
    weighted = [one.name for one in rubric.spec.component if one.weight and one.name in parts]
    told = [f"{name} {parts[name]:g} ({reasons[name]})" for name in weighted]
    return "; ".join(told)


def compared(
    a: Mapping[int, tuple[Paid, dict[str, float]]],
    b: Mapping[int, tuple[Paid, dict[str, float]]],
    against: str = "rubric",
) -> Comparison:
    """Where A and B part, row by row and group by group.

    Raises:
        SpecError: no row was scored by both.
    """
    shared = sorted(
        line
        for line in a.keys() & b.keys()
        if a[line][0].value is not None and b[line][0].value is not None
    )
    if not shared:
        raise SpecError("no row was scored by both: see `rewards score` for why")
    pairs = [(line, a[line][0], b[line][0]) for line in shared]
    flips = tuple(
        Flip(one.id, line, one.value or 0.0, other.value or 0.0, one.why, other.why)
        for line, one, other in pairs
        if one.passed != other.passed
    )
    return Comparison(
        against,
        len(shared),
        len(a.keys() | b.keys()) - len(shared),
        fmean(one.value or 0.0 for _, one, _ in pairs),
        fmean(other.value or 0.0 for _, _, other in pairs),
        sum(abs((one.value or 0.0) - (other.value or 0.0)) > SAME for _, one, other in pairs),
        flips,
        _groups(pairs),
        sum(bool(one.passed) and not other.passed for _, one, other in pairs),
        sum(bool(other.passed) and not one.passed for _, one, other in pairs),
        _components(shared, a, b),
    )


def _groups(pairs: Sequence[tuple[int, Paid, Paid]]) -> GroupChanges:
    by_group: dict[str, list[tuple[float, float]]] = {}
    for _, one, other in pairs:
        by_group.setdefault(one.group, []).append((one.value or 0.0, other.value or 0.0))
    many = [group for group in by_group.values() if len(group) > 1]
    live = [(_spreads(v for v, _ in group), _spreads(v for _, v in group)) for group in many]
    turned = told = 0
    for group in many:
        for (a1, b1), (a2, b2) in combinations(group[:MAX_GROUP], 2):
            told += 1
            turned += _order(a1, a2) != _order(b1, b2)
    return GroupChanges(
        len(many),
        sum(before for before, _ in live),
        sum(after for _, after in live),
        sum(after and not before for before, after in live),
        sum(before and not after for before, after in live),
        turned / told if told else 0.0,
    )


def _spreads(values: Iterator[float]) -> bool:
    found = list(values)
    return max(found) - min(found) > SAME


def _order(one: float, other: float) -> int:
    return 0 if abs(one - other) <= SAME else 1 if one > other else -1


def _components(
    lines: Sequence[int],
    a: Mapping[int, tuple[Paid, dict[str, float]]],
    b: Mapping[int, tuple[Paid, dict[str, float]]],
) -> dict[str, float]:
    """The mean change from A to B of each component that both have."""
    changes: dict[str, list[float]] = {}
    for line in lines:
        for name in a[line][1].keys() & b[line][1].keys():
            changes.setdefault(name, []).append(b[line][1][name] - a[line][1][name])
    return {name: fmean(values) for name, values in sorted(changes.items())}
