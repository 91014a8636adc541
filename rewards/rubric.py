"""The engine: a rubric's gates, scorers and groups over a batch of samples, and the total.

How a batch runs: gates first, in the order of the rubric, sync before async; then sync scorers,
here on the main thread (a scorer may rely on that); then every (component, sample) pair that is
async, together, under one bound and one deadline; then group scorers; then the total.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import Any, Concatenate, ParamSpec

from rewards.errors import (
    BatchFailedError,
    DeadlineError,
    RefusalError,
    SpecError,
    UnscoredError,
)
from rewards.registry import resolve
from rewards.sample import Sample
from rewards.score import Fault, Reward, Score
from rewards.scorer import GroupScorer, Scorer
from rewards.spec import (
    DEFAULT_CONCURRENCY,
    ComponentSpec,
    NormalizeSpec,
    RubricSpec,
    component_name,
    load_spec,
    parse_spec,
)

P = ParamSpec("P")

#: A verdict may leave its scorer's range by this much: float noise, not a scorer's bug.
RANGE_NOISE = 1e-9

#: A JSON-string reference longer than this is not parsed to follow a path: no reference is.
MAX_REFERENCE_CHARS = 1_000_000


@dataclass(frozen=True)
class Component:
    """A scorer placed in a rubric: see `rewards.spec.ComponentSpec` for the fields."""

    scorer: Scorer[..., Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    weight: float = 1.0
    gate: bool = False
    threshold: float | None = None
    on_error: str | None = None
    on_refusal: str = "floor"

    def placed(
        self,
        *,
        name: str | None = None,
        weight: float | None = None,
        threshold: float | None = None,
        on_error: str | None = None,
        on_refusal: str | None = None,
    ) -> "Component":
        """The same component with what is given changed: its place in the rubric.

        >>> from rewards.scorers import exact
        >>> use(exact.match).placed(weight=0.9, name="correct").weight
        0.9
        """
        given: dict[str, Any] = {
            "name": name,
            "weight": weight,
            "threshold": threshold,
            "on_error": on_error,
            "on_refusal": on_refusal,
        }
        return replace(self, **{key: value for key, value in given.items() if value is not None})

    def to_spec(self) -> ComponentSpec:
        """The component as data, its scorer by address."""
        return ComponentSpec(
            scorer=self.scorer.address,
            name=self.name or component_name(self.scorer.address),
            weight=0.0 if self.gate else self.weight,
            gate=self.gate,
            threshold=self.threshold,
            on_error=self.on_error,
            on_refusal=self.on_refusal,
            params=dict(self.params),
        )


def use(
    scorer: Scorer[Concatenate[Sample, P], Any]
    | GroupScorer[Concatenate[Sequence[Sample], P], Any],
    /,
    *args: P.args,
    **params: P.kwargs,
) -> Component:
    """Place a scorer in a rubric, with parameters that type checkers check.

    Weight, name, threshold and error policy follow with `.placed(...)`.

    >>> from rewards.scorers import exact
    >>> Rubric("taste", [use(exact.match).placed(weight=2.0)]).name
    'taste'
    """
    return Component(scorer, params)


def gate(
    scorer: Scorer[Concatenate[Sample, P], Any],
    /,
    *args: P.args,
    **params: P.kwargs,
) -> Component:
    """Place a scorer as a gate: below its threshold the reward is the floor, nothing else runs."""
    return Component(scorer, params, weight=0.0, gate=True)


class Rubric:
    """The weighted, gated set of components that makes one reward.

    Build it in Python or load it from TOML; the two round-trip through `to_spec` and
    `from_spec`. Everything is checked here, so that scoring meets no bad parameter.
    """

    def __init__(
        self,
        name: str,
        components: Sequence[Component],
        *,
        description: str = "",
        total: str = "mean",
        range: tuple[float, float] = (0.0, 1.0),
        group_by: str = "prompt",
        reference: str | Sequence[str] = (),
        concurrency: int = DEFAULT_CONCURRENCY,
        normalize: NormalizeSpec | None = None,
    ) -> None:
        """Check and keep the rubric; see `rewards.spec.RubricSpec` for the arguments.

        Raises:
            SpecError: naming the component, the key, the value and the nearest spelling.
        """
        spec = RubricSpec(
            name=name,
            component=tuple(component.to_spec() for component in components),
            description=description,
            total=total,
            range=range,
            group_by=group_by,
            reference=(reference,) if isinstance(reference, str) else tuple(reference),
            concurrency=concurrency,
            normalize=normalize,
        )
        where = f"rubric {name!r}"
        self._build(parse_spec(spec.to_dict(), where=where), [c.scorer for c in components], where)

    @classmethod
    def load(cls, name_or_path: str | Path) -> "Rubric":
        """Load a bundled rubric by name (`gsm8k`), or any rubric by the path of its .toml file.

        Raises:
            SpecError: naming the file, the component, the key, the value and the remedy.
        """
        return cls._from_checked(load_spec(name_or_path), where=Path(name_or_path).name)

    @classmethod
    def from_spec(cls, tables: Mapping[str, Any]) -> "Rubric":
        """Build a rubric from the tables of its TOML file: the inverse of `to_spec`."""
        return cls._from_checked(parse_spec(tables), where="rubric")

    @classmethod
    def _from_checked(cls, spec: RubricSpec, where: str) -> "Rubric":
        rubric = cls.__new__(cls)
        scorers = []
        for component in spec.component:
            with _explained(where, component):
                scorers.append(resolve(component.scorer))
        rubric._build(spec, scorers, where)
        return rubric

    def _build(self, spec: RubricSpec, scorers: Sequence[Scorer[..., Any]], where: str) -> None:
        self.spec = spec
        self.components: list[_Bound] = []
        for component, scorer in zip(spec.component, scorers, strict=True):
            with _explained(where, component):
                self.components.append(_Bound.of(component, scorer))

    def to_spec(self) -> dict[str, Any]:
        """The rubric as the tables of its TOML file, defaults left out."""
        return self.spec.to_dict()

    @property
    def name(self) -> str:
        """The rubric's own name."""
        return self.spec.name

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest reward that can be returned, in that order."""
        if self.spec.normalize is not None:
            return -self.spec.normalize.clip, self.spec.normalize.clip
        return self.spec.range

    @property
    def is_async(self) -> bool:
        """Whether any component calls a model or another service."""
        return any(component.scorer.is_async for component in self.components)

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over the rubric and the source of its scorers: what gave a reward, exactly."""
        from rewards.digest import rubric_digest

        return rubric_digest(self.to_spec(), [c.scorer.__module__ for c in self.components])

    def score(self, sample: Sample) -> Reward:
        """Score one sample, a batch of its own."""
        return self.score_batch([sample])[0]

    def score_batch(
        self, samples: Sequence[Sample], *, deadline: float | None = None
    ) -> list[Reward]:
        """Score samples together: one reward for each, in order.

        `deadline` is a `time.monotonic()` value; what is not scored by then is unscored.

        Raises:
            BatchFailedError: a component with `on_error = "fail"` could not be scored.
        """
        return _Batch(self, samples, math.inf if deadline is None else deadline).rewards()

    def groups(self, samples: Sequence[Sample]) -> list[list[int]]:
        """The indices of the samples of each group, in order of first appearance."""
        by_key: dict[Any, list[int]] = {}
        for index, sample in enumerate(samples):
            by_key.setdefault(self._group_key(sample), []).append(index)
        return list(by_key.values())

    def _group_key(self, sample: Sample) -> Any:
        if self.spec.group_by == "prompt":
            return tuple([(turn.role, turn.content) for turn in sample.prompt])
        return repr(sample.metadata.get(self.spec.group_by))

    def __eq__(self, other: object) -> bool:
        """Rubrics are equal where they say the same: what `to_spec` returns."""
        return isinstance(other, Rubric) and self.spec == other.spec

    def __hash__(self) -> int:
        """Equal rubrics have equal names."""
        return hash(self.spec.name)

    def __repr__(self) -> str:
        """Show the name and the components."""
        return f"<Rubric {self.name}: {', '.join(c.name for c in self.components)}>"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A component made ready to run: scorer resolved, parameters bound and checked."""

    name: str
    scorer: Scorer[..., Any]
    call: Callable[..., Any]
    weight: float
    gate: bool
    threshold: float | None
    on_error: str
    on_refusal: str
    low: float
    high: float

    @classmethod
    def of(cls, spec: ComponentSpec, scorer: Scorer[..., Any]) -> "_Bound":
        low, high = scorer.range
        threshold = high if spec.gate and spec.threshold is None else spec.threshold
        if spec.gate and scorer.is_group:
            raise SpecError("a group scorer cannot be a gate: gates look at one sample")
        if threshold is not None and not low <= threshold <= high:
            raise SpecError(
                f'key "threshold": must lie between {low} and {high}, the range of '
                f"{scorer.address}, got {threshold}"
            )
        return cls(
            name=spec.name,
            scorer=scorer,
            call=partial(scorer.function, **scorer.bind(spec.params)),
            weight=spec.weight,
            gate=spec.gate,
            threshold=threshold,
            on_error=spec.on_error or ("fail" if scorer.is_async else "floor"),
            on_refusal=spec.on_refusal,
            low=low,
            high=high,
        )

    def verdict(self, raw: Any) -> Score | Fault:
        """What the scorer returned, checked: a finite value in range, or a fault of the scorer."""
        value = raw.value if isinstance(raw, Score) else raw
        if type(value) is not float:
            if not hasattr(value, "__float__"):  # numbers of any library have it; text has not
                return Fault("invalid_value", f"returned {type(value).__name__}, not a number")
            try:
                value = float(value)
            except OverflowError:
                return Fault("invalid_value", "returned an integer too large for a float")
        if not math.isfinite(value):
            return Fault("invalid_value", f"returned {value}, which is no finite number")
        if not self.low <= value <= self.high:
            if not self.low - RANGE_NOISE <= value <= self.high + RANGE_NOISE:
                return Fault("out_of_range", f"returned {value}, outside {self.low} to {self.high}")
            value = min(max(value, self.low), self.high)
        if self.threshold is not None and not self.gate:
            value = self.high if value >= self.threshold else self.low
        if not isinstance(raw, Score):
            return Score(value)
        return raw if raw.value is value else replace(raw, value=value)

    def policy(self, fault: Fault) -> str:
        """What becomes of a sample with this fault: floor, skip, neutral or fail."""
        return self.on_refusal if fault.kind == RefusalError.kind else self.on_error


class _Batch:
    """The run of one rubric over one batch: the scores and faults as they come in."""

    def __init__(self, rubric: Rubric, samples: Sequence[Sample], deadline: float) -> None:
        self.rubric = rubric
        self.deadline = deadline
        paths = rubric.spec.reference
        self.samples = [_with_reference(s, paths) for s in samples] if paths else list(samples)
        self.scores: list[dict[str, Score]] = [{} for _ in samples]
        self.faults: list[dict[str, Fault]] = [{} for _ in samples]
        self.closed: list[str | None] = [None] * len(self.samples)
        self.open = list(range(len(self.samples)))

    def rewards(self) -> list[Reward]:
        """Run everything, in the order that the module's docstring gives."""
        components = self.rubric.components
        gates = [component for component in components if component.gate]
        others = [c for c in components if not c.gate and not c.scorer.is_group]
        for component in gates:
            if not component.scorer.is_async:
                self.run_sync(component)
                self.close(component)
        self.run_async([component for component in gates if component.scorer.is_async])
        for component in gates:
            if component.scorer.is_async:
                self.close(component)
        for component in others:
            if not component.scorer.is_async:
                self.run_sync(component)
        self.run_async([component for component in others if component.scorer.is_async])
        self.run_groups([component for component in components if component.scorer.is_group])
        return self.settle()

    def run_sync(self, component: _Bound) -> None:
        """Run one component over every sample that is still open."""
        call, deadline, samples = component.call, self.deadline, self.samples
        for index in self.open:
            if monotonic() > deadline:
                self.record(component, index, _fault(DeadlineError("no time left")))
                continue
            try:
                raw = call(samples[index])
            # A scorer is somebody's code on hostile text: whatever it raises costs one component
            # of one sample, and is counted.
            except Exception as error:  # noqa: BLE001
                self.record(component, index, _fault(error))
            else:
                self.record(component, index, component.verdict(raw))

    def run_async(self, components: Sequence[_Bound]) -> None:
        """Run every (component, sample) pair at once, under one bound and one deadline."""
        if not components or not self.open:
            return
        from rewards.concurrency import fan_out

        pairs = [(component, index) for component in components for index in self.open]
        outcomes = fan_out(
            [partial(component.call, self.samples[index]) for component, index in pairs],
            limit=self.rubric.spec.concurrency,
            deadline=self.deadline,
        )
        for (component, index), outcome in zip(pairs, outcomes, strict=True):
            found = (
                _fault(outcome) if isinstance(outcome, Exception) else component.verdict(outcome)
            )
            self.record(component, index, found)

    def run_groups(self, components: Sequence[_Bound]) -> None:
        """Run group scorers over the open samples of each group."""
        if not components or not self.open:
            return
        groups = self.rubric.groups([self.samples[index] for index in self.open])
        members = [[self.open[position] for position in group] for group in groups]
        for component in components:
            calls = [partial(component.call, [self.samples[i] for i in group]) for group in members]
            for group, raw in zip(members, self._group_verdicts(component, calls), strict=True):
                self._record_group(component, group, raw)

    def _group_verdicts(self, component: _Bound, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """What the scorer gave for each group, or the exception it raised."""
        if component.scorer.is_async:
            from rewards.concurrency import fan_out

            return fan_out(calls, limit=self.rubric.spec.concurrency, deadline=self.deadline)
        verdicts: list[Any] = []
        for call in calls:
            try:
                if monotonic() > self.deadline:
                    raise DeadlineError("no time left")
                verdicts.append(call())
            except Exception as error:  # noqa: BLE001 - as in run_sync: it costs one group
                verdicts.append(error)
        return verdicts

    def _record_group(self, component: _Bound, group: Sequence[int], raw: Any) -> None:
        if isinstance(raw, Exception):
            found: list[Score | Fault] = [_fault(raw)] * len(group)
        elif not isinstance(raw, list | tuple) or len(raw) != len(group):
            count = len(raw) if isinstance(raw, list | tuple) else "no"
            detail = f"returned {count} verdicts for a group of {len(group)}"
            found = [Fault("invalid_value", detail)] * len(group)
        else:
            found = [component.verdict(value) for value in raw]
        for index, verdict in zip(group, found, strict=True):
            self.record(component, index, verdict)

    def record(self, component: _Bound, index: int, verdict: Score | Fault) -> None:
        """Keep a verdict; a fault under `on_error = "fail"` ends the batch here and now."""
        if isinstance(verdict, Score):
            self.scores[index][component.name] = verdict
            return
        if component.policy(verdict) == "fail":
            raise BatchFailedError(
                f"component {component.name!r} could not score sample "
                f"{self.samples[index].id!r} ({verdict.kind}) and its error policy is "
                '"fail": the whole invocation fails, so that the caller retries'
            )
        self.faults[index][component.name] = verdict

    def close(self, component: _Bound) -> None:
        """Stop the samples that the gate did not let through."""
        still_open = []
        for index in self.open:
            score = self.scores[index].get(component.name)
            if score is None:
                policy = component.policy(self.faults[index][component.name])
                passed, neutral = policy == "skip", policy == "neutral"
            else:
                assert component.threshold is not None
                passed, neutral = score.value >= component.threshold, False
            if passed:
                still_open.append(index)
            elif not neutral:
                self.closed[index] = component.name
        self.open = still_open

    def settle(self) -> list[Reward]:
        """Turn scores and faults into rewards."""
        rubric = self.rubric
        totals = [self.total(index) for index in range(len(self.samples))]
        values = self.neutralised(totals)
        if rubric.spec.normalize is not None:
            values = _normalized(values, totals, self._pools(), rubric.spec.normalize.clip)
        weighted = frozenset(c.name for c in rubric.components if c.weight and not c.gate)
        return [
            Reward(value + 0.0, scores, faults, weighted, closed)  # + 0.0: no negative zero
            for value, scores, faults, closed in zip(
                values, self.scores, self.faults, self.closed, strict=True
            )
        ]

    def total(self, index: int) -> float | None:
        """The reward of one sample; None where a "neutral" fault leaves it to its siblings."""
        low, high = self.rubric.spec.range
        if self.closed[index] is not None:
            return low
        scores, faults = self.scores[index], self.faults[index]
        policies = {
            component.name: component.policy(faults[component.name])
            for component in self.rubric.components
            if component.name in faults
        }
        if "neutral" in policies.values():
            return None
        parts: list[float] = []
        ran = whole = 0.0
        for component in self.rubric.components:
            weight = component.weight
            if not weight:
                continue
            whole += abs(weight)
            policy = policies.get(component.name)
            if policy != "skip":
                value = component.low if policy == "floor" else scores[component.name].value
                ran += abs(weight)
                parts.append(weight * value)
        if not ran:
            return low
        scale = ran if self.rubric.spec.total == "mean" else ran / whole
        total = math.fsum(parts) / scale
        return min(max(total, low), high)

    def neutralised(self, totals: Sequence[float | None]) -> list[float]:
        """Give samples without a total the mean of their scored siblings: no gradient.

        Where no sibling has one, all of the group get the floor: again no gradient among them.
        """
        if None not in totals:
            return [total for total in totals if total is not None]
        low = self.rubric.spec.range[0]
        values = [low if total is None else total for total in totals]
        for group in self.rubric.groups(self.samples):
            settled = [total for i in group if (total := totals[i]) is not None]
            if settled:
                mean = math.fsum(settled) / len(settled)
                for index in group:
                    if totals[index] is None:
                        values[index] = mean
        return values

    def _pools(self) -> list[list[int]]:
        """The sets of samples that are normalised together."""
        assert self.rubric.spec.normalize is not None
        if self.rubric.spec.normalize.by == "batch":
            return [list(range(len(self.samples)))]
        return self.rubric.groups(self.samples)


def _normalized(
    values: Sequence[float],
    totals: Sequence[float | None],
    pools: Sequence[Sequence[int]],
    clip: float,
) -> list[float]:
    """Z-scores within each pool, clipped; a pool without spread, and what is neutral, get 0."""
    z_scores = [0.0] * len(values)
    for pool in pools:
        scored = [index for index in pool if totals[index] is not None]
        if not scored:
            continue
        mean = math.fsum(values[i] for i in scored) / len(scored)
        variance = math.fsum((values[i] - mean) ** 2 for i in scored) / len(scored)
        deviation = math.sqrt(variance)
        if deviation <= RANGE_NOISE:
            continue
        for index in scored:
            z_scores[index] = min(max((values[index] - mean) / deviation, -clip), clip)
    return z_scores


def _fault(error: BaseException) -> Fault:
    """Classify what a scorer raised."""
    if isinstance(error, UnscoredError):
        return Fault(error.kind, str(error))
    return Fault("exception", f"{type(error).__name__}: {error}")


def _with_reference(sample: Sample, paths: Sequence[str]) -> Sample:
    """The sample with its reference narrowed to the first path that leads somewhere."""
    value = _parsed(sample.reference_answer)
    for path in paths:
        found = _follow(value, path)
        if found is not None:
            return replace(sample, reference_answer=found)
    return replace(sample, reference_answer=None)


def _parsed(reference: object) -> object:
    """A reference that is JSON in a string, as the object it holds."""
    if isinstance(reference, str) and len(reference) <= MAX_REFERENCE_CHARS:
        text = reference.strip()
        if text[:1] in ("{", "["):
            import json

            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return reference
    return reference


def _follow(value: object, path: str) -> object:
    """The value at a dotted path of keys and list indices, or None where it leads nowhere."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


class _explained:
    """Put the rubric and the component before the message of an error about a scorer."""

    def __init__(self, where: str, component: ComponentSpec) -> None:
        self.where = f'{where}: component "{component.name}"'

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SpecError):
            raise SpecError(f"{self.where}: {error}") from error.__cause__
