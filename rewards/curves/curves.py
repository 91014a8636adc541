"""A training run as curves, in one normal form that every format turns into.

Normal form, as JSON lines: `step`, `train_reward`, `val_reward`, `length` (mean tokens or
characters of a completion), `entropy`, `grad_norm`, `kl`, `zero_std_frac` (share of groups whose
rewards are all equal), `faults` (share of rollouts that could not be scored), `component/NAME` (a
component's mean). A component called `anchor` is the judge's mean score of answers that never
change.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: The names of the normal form; beside them stand `component/NAME`.
NAMES = (
    *("train_reward", "val_reward", "length", "entropy", "grad_norm", "kl", "zero_std_frac"),
    "faults",
)
COMPONENT = "component/"

#: What a component is usually called that says whether the task was solved.
_GOALS = ("correct", "accura", "pass_at", "pass@", "solved", "success", "match", "exact", "equal")
_GUARDS = (
    *("format", "length", "long", "marker", "tag", "style", "repetition", "penalty"),
    *("lint", "proxy", "step"),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of a run: its values and the steps at which they were logged, in order."""

    name: str
    steps: tuple[float, ...]
    values: tuple[float, ...]

    def __len__(self) -> int:
        """The number of points."""
        return len(self.values)

    def until(self, step: float) -> "Curve":
        """The curve as it was known at a step."""
        kept = sum(1 for at in self.steps if at <= step)
        return Curve(self.name, self.steps[:kept], self.values[:kept])


@dataclass(frozen=True)
class Run:
    """The curves of one training run, by their names in the normal form."""

    curves: Mapping[str, Curve] = field(default_factory=dict)
    #: When a step was done, in seconds since 1970, where the source says so.
    times: Mapping[float, float] = field(default_factory=dict, compare=False)
    #: Whether the source counts no steps, so that they are the order of its times.
    by_time: bool = field(default=False, compare=False)

    @staticmethod
    def of(rows: Iterable[Mapping[str, object]]) -> "Run":
        """A run from rows in the normal form; what is no finite number is left out.

        >>> Run.of([{"step": 1, "train_reward": 0.5}])["train_reward"].values
        (0.5,)
        """
        points: dict[str, dict[float, float]] = {}
        times: dict[float, float] = {}
        for index, row in enumerate(rows):
            step = _number(row.get("step"))
            time = _number(row.get("_time"))
            if time is not None:
                times[index if step is None else step] = time
            for name, value in row.items():
                figure = _number(value)
                if figure is not None and (name in NAMES or name.startswith(COMPONENT)):
                    points.setdefault(name, {})[index if step is None else step] = figure
        return Run({name: _curve(name, found) for name, found in points.items()}, times)

    def __getitem__(self, name: str) -> Curve:
        """A curve by its name; one without points where the run has none."""
        return self.curves.get(name) or Curve(name, (), ())

    def until(self, step: float) -> "Run":
        """The run as it was known at a step."""
        return Run({name: curve.until(step) for name, curve in self.curves.items()})

    def components(self) -> tuple[str, ...]:
        """The names of the components that have a curve."""
        return tuple(n.removeprefix(COMPONENT) for n in self.curves if n.startswith(COMPONENT))

    def rows(self) -> list[dict[str, float]]:
        """The run in the normal form, a row a step."""
        steps: dict[float, dict[str, float]] = {}
        for name, curve in self.curves.items():
            for step, value in zip(curve.steps, curve.values, strict=True):
                steps.setdefault(step, {"step": step})[name] = value
        return [steps[step] for step in sorted(steps)]

    def last_step(self) -> float:
        """The last step that anything was logged at; 0 for an empty run."""
        return max((curve.steps[-1] for curve in self.curves.values() if curve.steps), default=0.0)


def guessed_goal(components: Sequence[str]) -> str | None:
    """The component that sounds like solving the task; None where none does.

    Only for a run of which nobody named the goal and no rubric is at hand.

    >>> guessed_goal(["marker", "correct", "long"])
    'correct'
    """
    names = [name for name in components if not any(word in name.lower() for word in _GUARDS)]
    return next((n for word in _GOALS for n in names if word in n.lower()), None)


def _curve(name: str, points: Mapping[float, float]) -> Curve:
    steps = tuple(sorted(points))
    return Curve(name, steps, tuple(points[step] for step in steps))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
