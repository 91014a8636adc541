"""The figures of a run in constant memory: counts and sums that add up, and a histogram."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from rewards.contract import Row
from rewards.rubric import Rubric
from rewards.score import Reward
from rewards.telemetry import summarize

#: Rewards are counted on a grid of this many steps over the rubric's range, so quantiles are
#: right to within half a step, 0.0005 for rewards from 0 to 1, however many rollouts there are.
GRID_STEPS = 1000

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
HISTOGRAM_BARS = 10


@dataclass
class Tally:
    """What has been counted. Tallies of consecutive tasks, added in order, give the run's.

    Keys of `counts`: rows, malformed, scored, broken/KIND, component/NAME, fault/NAME/KIND,
    closed/GATE, groups, compared_groups, zero_variance_groups. Of `sums`: reward, component/NAME.
    `grid` counts rewards by their step between the rubric's lowest and highest reward.
    """

    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=dict)
    grid: Counter[int] = field(default_factory=Counter)
    lowest: float = math.inf
    highest: float = -math.inf

    def add_batch(self, rubric: Rubric, rows: Sequence[Row], rewards: Sequence[Reward]) -> None:
        """Count a scored batch. Groups are the rollouts of one prompt within it."""
        samples = [row.sample for row in rows if row.sample is not None]
        summary = summarize(rows, rewards, rubric.groups(samples))
        self.counts.update(rows=len(rows), scored=len(rewards))
        for name in ("groups", "compared_groups", "zero_variance_groups"):
            self.counts[name] += summary[name]
        self.counts.update(f"broken/{row.fault.kind}" for row in rows if row.fault is not None)
        low, high = rubric.range
        for reward in rewards:
            self.grid[round((reward.value - low) / (high - low) * GRID_STEPS)] += 1
            self._add_components(reward)
        values = [reward.value for reward in rewards]
        self._add_to("reward", math.fsum(values))
        self.lowest = min(self.lowest, *values, math.inf)
        self.highest = max(self.highest, *values, -math.inf)

    def add_malformed(self) -> None:
        """Count a line that holds no row."""
        self.counts.update(rows=1, malformed=1)

    def add(self, other: "Tally") -> None:
        """Add the tally of the task that follows."""
        self.counts.update(other.counts)
        for name, value in other.sums.items():
            self._add_to(name, value)
        self.grid.update(other.grid)
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)

    def _add_components(self, reward: Reward) -> None:
        for name, score in reward.scores.items():
            self.counts[f"component/{name}"] += 1
            self._add_to(f"component/{name}", score.value)
        for name, fault in reward.faults.items():
            self.counts[f"fault/{name}/{fault.kind}"] += 1
        if reward.closed is not None:
            self.counts[f"closed/{reward.closed}"] += 1

    def _add_to(self, name: str, value: float) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + value

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON, for a run that is resumed."""
        return {
            "counts": dict(self.counts),
            "sums": self.sums,
            "grid": {str(step): count for step, count in self.grid.items()},
            "extremes": [self.lowest, self.highest] if self.counts["scored"] else [],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Tally":
        """The tally that `to_dict` wrote."""
        lowest, highest = data["extremes"] or (math.inf, -math.inf)
        grid = Counter({int(step): count for step, count in data["grid"].items()})
        return cls(Counter(data["counts"]), dict(data["sums"]), grid, lowest, highest)

    def document(self, rubric: Rubric) -> dict[str, Any]:
        """The summary as `--json` shows it. Means are None where nothing was scored."""
        counts = self.counts
        compared = counts["compared_groups"]
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
                "count": counts["groups"],
                "compared": compared,
                "zero_variance": counts["zero_variance_groups"],
                "zero_variance_share": counts["zero_variance_groups"] / compared
                if compared
                else None,
            },
        }

    def _component(self, name: str) -> dict[str, Any]:
        count = self.counts[f"component/{name}"]
        return {
            "scored": count,
            "mean": self.sums[f"component/{name}"] / count if count else None,
            "faults": _under(f"fault/{name}/", self.counts),
        }

    def _distribution(self, rubric: Rubric) -> dict[str, Any]:
        low, high = rubric.range
        return {
            "mean": self.sums["reward"] / self.counts["scored"],
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


def _under(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count
        for name, count in sorted(counts.items())
        if name.startswith(prefix)
    }
