"""The figures of a run in constant memory: counts and sums that add up, and a histogram."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import Any

from rewards.core.errors import MissingReferenceError, UnusableDataError
from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.wire.answering import Answered
from rewards.workbench.rollouts.grouping import Groups

#: Rewards are counted on a grid of this many steps over the rubric's range, so quantiles are
#: right to within half a step, 0.0005 for rewards from 0 to 1, however many rollouts there are.
GRID_STEPS = 1000

#: Every finite float is a whole number of these parts, so that sums of them are exact.
_PARTS_BITS = 1074

#: Faults of the data that are shown of each component, such as references that are no number.
MAX_REFUSED = 3
#: The kinds of fault that a row's data are to blame for, its reference most of all.
REFUSED = (MissingReferenceError.kind, UnusableDataError.kind)

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
HISTOGRAM_BARS = 10


@dataclass
class Tally:
    """What has been counted. The tallies of a run's tasks, added in any order, give the run's.

    Keys of `counts`: rows, malformed, scored, broken/KIND, component/NAME, fault/NAME/KIND,
    bug/NAME, closed/GATE. Of `sums`: reward, component/NAME, exact, in parts of 2 to the power
    of -1074. `grid` counts rewards by their step between the rubric's lowest and highest reward.
    `refused` has why a row's data were no use, by component: the first of the reasons by the
    alphabet, which are the same in whatever order tallies are added.
    """

    counts: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    grid: Counter[int] = field(default_factory=Counter)
    lowest: float = math.inf
    highest: float = -math.inf
    refused: dict[str, list[str]] = field(default_factory=dict)

    def add_batch(self, rubric: Rubric, answered: Answered) -> None:
        """Count a scored batch."""
        rows, rewards = answered.rows, answered.rewards
        self.counts.update(rows=len(rows), scored=len(rewards))
        self.counts.update({f"bug/{name}": n for name, n in answered.summary["bugs"].items()})
        self.counts.update(f"broken/{row.fault.kind}" for row in rows if row.fault is not None)
        low, high = rubric.range
        for reward in rewards:
            self.grid[round((reward.value - low) / (high - low) * GRID_STEPS)] += 1
            self.sums["reward"] += _parts(reward.value)
            self._add_components(reward)
        values = [reward.value for reward in rewards]
        self.lowest = min(self.lowest, *values, math.inf)
        self.highest = max(self.highest, *values, -math.inf)

    def add_malformed(self) -> None:
        """Count a line that holds no row."""
        self.counts.update(rows=1, malformed=1)

    def add(self, other: "Tally") -> None:
        """Add the tally of another task."""
        self.counts.update(other.counts)
        self.sums.update(other.sums)
        self.grid.update(other.grid)
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)
        for name, details in other.refused.items():
            self._refuse(name, details)

    def _add_components(self, reward: Reward) -> None:
        for name, score in reward.scores.items():
            self.counts[f"component/{name}"] += 1
            self.sums[f"component/{name}"] += _parts(score.value)
        for name, fault in reward.faults.items():
            self.counts[f"fault/{name}/{fault.kind}"] += 1
            if fault.kind in REFUSED:
                self._refuse(name, [fault.detail])
        if reward.closed is not None:
            self.counts[f"closed/{reward.closed}"] += 1

    def _refuse(self, component: str, details: Iterable[str]) -> None:
        shown = {*self.refused.get(component, ()), *details}
        self.refused[component] = sorted(shown)[:MAX_REFUSED]

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON, for a run that is resumed."""
        return {
            "counts": dict(self.counts),
            "sums": {name: hex(parts) for name, parts in self.sums.items()},
            "grid": {str(step): count for step, count in self.grid.items()},
            "extremes": [self.lowest, self.highest] if self.counts["scored"] else [],
            "refused": self.refused,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Tally":
        """The tally that `to_dict` wrote."""
        lowest, highest = data["extremes"] or (math.inf, -math.inf)
        grid = Counter({int(step): count for step, count in data["grid"].items()})
        sums = Counter({name: int(parts, 16) for name, parts in data["sums"].items()})
        return cls(Counter(data["counts"]), sums, grid, lowest, highest, dict(data["refused"]))

    @property
    def bugs(self) -> dict[str, int]:
        """By component, the samples that its scorer is to blame for."""
        return _under("bug/", self.counts)

    def scored(self, component: str) -> int:
        """The samples that a component scored."""
        return self.counts[f"component/{component}"]

    def faults(self, component: str) -> dict[str, int]:
        """By kind, the samples that a component could not score."""
        return _under(f"fault/{component}/", self.counts)

    def document(self, rubric: Rubric, groups: Groups) -> dict[str, Any]:
        """The summary as `--json` shows it. Means are None where nothing was scored."""
        counts = self.counts
        return {
            "rubric": rubric.name,
            "digest": rubric.digest,
            "rows": counts["rows"],
            "scored": counts["scored"],
            "malformed": counts["malformed"],
            "broken": _under("broken/", counts),
            "reward": self._distribution(rubric) if counts["scored"] else None,
            "components": {c.name: self._component(c.name) for c in rubric.components},
            "closed_by": _under("closed/", counts),
            "groups": {
                "count": groups.count,
                "compared": groups.compared,
                "zero_variance": groups.zero_variance,
                "zero_variance_share": groups.zero_variance / groups.compared
                if groups.compared
                else None,
            },
        }

    def _component(self, name: str) -> dict[str, Any]:
        count = self.scored(name)
        return {
            "scored": count,
            "mean": self._mean(f"component/{name}", count) if count else None,
            "faults": self.faults(name),
            "data_faults": self.refused.get(name, []),
        }

    def _distribution(self, rubric: Rubric) -> dict[str, Any]:
        low, high = rubric.range
        return {
            "mean": self._mean("reward", self.counts["scored"]),
            "min": self.lowest,
            "max": self.highest,
            "quantiles": {
                f"p{share * 100:g}": self._quantile(share, rubric) for share in QUANTILES
            },
            "histogram": [
                {
                    "from": low + (high - low) * bar / HISTOGRAM_BARS,
                    "to": low + (high - low) * (bar + 1) / HISTOGRAM_BARS,
                    "count": count,
                }
                for bar, count in enumerate(self._bars())
            ],
        }

    def _mean(self, name: str, count: int) -> float:
        """The mean of a sum that was never rounded: the same in any order."""
        return float(Fraction(self.sums[name], count << _PARTS_BITS))

    def _quantile(self, share: float, rubric: Rubric) -> float:
        """The smallest reward that at least `share` of the rollouts do not exceed."""
        low, high = rubric.range
        steps = sorted(self.grid)
        below = accumulate(self.grid[step] for step in steps)
        wanted = share * self.counts["scored"]
        step = next(step for step, count in zip(steps, below, strict=True) if count >= wanted)
        return low + (high - low) * step / GRID_STEPS

    def _bars(self) -> list[int]:
        """Rewards by tenth of the range; the highest reward belongs to the last tenth."""
        bars = [0] * HISTOGRAM_BARS
        for step, count in self.grid.items():
            bars[min(step * HISTOGRAM_BARS // GRID_STEPS, HISTOGRAM_BARS - 1)] += count
        return bars


@lru_cache(maxsize=1024)  # most rewards are 0 or 1
def _parts(value: float) -> int:
    """A float as a whole number of parts.

    >>> _parts(0.1) + _parts(0.2) + _parts(0.3) == _parts(0.3) + _parts(0.2) + _parts(0.1)
    True
    """
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_PARTS_BITS - denominator.bit_length() + 1)


def _under(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count
        for name, count in sorted(counts.items())
        if name.startswith(prefix)
    }
