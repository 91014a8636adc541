"""One rubric over one batch: gates, scorers, groups, error policies, and the totals.

How a batch runs: gates first, in the order of the rubric, sync before async; then sync scorers,
here on the main thread (a scorer may rely on that); then every (component, sample) pair that is
async, together, under one bound and one deadline; then group scorers; then the total.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any

from rewards.errors import (
    BatchFailedError,
    DeadlineError,
    UnscoredError,
    unless_all_refused,
)
from rewards.rubric.component import RANGE_NOISE, BoundComponent
from rewards.rubric.reference import with_reference
from rewards.rubric.spec import RubricSpec
from rewards.sample import Sample
from rewards.score import Fault, Reward, Score


def group_key(sample: Sample, group_by: str) -> Hashable:
    """What the rollouts of a group have in common; None for a sample that is compared with none.

    `group_by` is "prompt", or a metadata key whose values may be of any type. A sample that lacks
    it, or whose prompt or value is blank, is in no group: rows whose prompts were never given, or
    a misspelt key, must not make one group of all.
    """
    if group_by == "prompt":
        turns = tuple([(turn.role, turn.content) for turn in sample.prompt])
        return turns if any(content.strip() for _, content in turns) else None
    value = sample.metadata.get(group_by)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return repr(value)


def group_indices(samples: Sequence[Sample], group_by: str) -> list[list[int]]:
    """The indices of the samples of each group, in order of first appearance.

    A sample without a `group_key` is a group of its own.
    """
    by_key: dict[Hashable, list[int]] = {}
    for index, sample in enumerate(samples):
        key = group_key(sample, group_by)
        by_key.setdefault(index if key is None else key, []).append(index)
    return list(by_key.values())


class Batch:
    """The run of one rubric over one batch: the scores and faults as they come in."""

    def __init__(
        self,
        spec: RubricSpec,
        components: Sequence[BoundComponent],
        samples: Sequence[Sample],
        deadline: float,
    ) -> None:
        self.spec = spec
        self.components = components
        self.weighted = [component for component in components if component.weight]
        self.deadline = deadline
        self.shared: dict[Any, Any] = {}  # what async scorers keep for the batch: a budget
        paths = spec.reference
        self.samples = [with_reference(s, paths) for s in samples] if paths else list(samples)
        self.scores: list[dict[str, Score]] = [{} for _ in samples]
        self.faults: list[dict[str, Fault]] = [{} for _ in samples]
        self.closed: list[str | None] = [None] * len(self.samples)
        self.open = list(range(len(self.samples)))

    def rewards(self) -> list[Reward]:
        """Run everything, in the order that the module's docstring gives."""
        components = self.components
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

    def run_sync(self, component: BoundComponent) -> None:
        """Run one component over every sample that is still open."""
        call, deadline, samples = component.call, self.deadline, self.samples
        for index in self.open:
            if monotonic() > deadline:
                self.record(component, index, Fault.of(DeadlineError("no time left")))
                continue
            try:
                raw = call(samples[index])
            # A scorer is somebody's code on hostile text: whatever it raises costs one component
            # of one sample, and is counted. SystemExit passes: a SIGTERM raises it, wherever.
            except Exception as error:  # noqa: BLE001
                self.record(component, index, Fault.of(error))
            else:
                self.record(component, index, component.verdict(raw))

    def run_async(self, components: Sequence[BoundComponent]) -> None:
        """Run every (component, sample) pair at once, under one bound and one deadline."""
        if not components or not self.open:
            return
        from rewards.concurrency import fan_out

        pairs = [(component, index) for component in components for index in self.open]
        outcomes = fan_out(
            [partial(component.call, self.samples[index]) for component, index in pairs],
            limit=self.spec.concurrency,
            deadline=self.deadline,
            shared=self.shared,
        )
        found = iter(outcomes)
        for component in components:
            of_all = unless_all_refused(list(islice(found, len(self.open))))
            for index, outcome in zip(self.open, of_all, strict=True):
                failed = isinstance(outcome, Exception)
                verdict = Fault.of(outcome) if failed else component.verdict(outcome)
                self.record(component, index, verdict)

    def run_groups(self, components: Sequence[BoundComponent]) -> None:
        """Run group scorers over the open samples of each group."""
        if not components or not self.open:
            return
        groups = self.groups([self.samples[index] for index in self.open])
        members = [[self.open[position] for position in group] for group in groups]
        for component in components:
            calls = [partial(component.call, [self.samples[i] for i in group]) for group in members]
            for group, raw in zip(members, self._group_verdicts(component, calls), strict=True):
                self._record_group(component, group, raw)

    def _group_verdicts(
        self, component: BoundComponent, calls: Sequence[Callable[[], Any]]
    ) -> list[Any]:
        """What the scorer gave for each group, or the exception it raised."""
        if component.scorer.is_async:
            from rewards.concurrency import fan_out

            return fan_out(
                calls,
                limit=self.spec.concurrency,
                deadline=self.deadline,
                shared=self.shared,
            )
        verdicts: list[Any] = []
        for call in calls:
            try:
                if monotonic() > self.deadline:
                    raise DeadlineError("no time left")
                verdicts.append(call())
            except Exception as error:  # noqa: BLE001 - as in run_sync: it costs one group
                verdicts.append(error)
        return verdicts

    def _record_group(self, component: BoundComponent, group: Sequence[int], raw: Any) -> None:
        if isinstance(raw, Exception):
            found: list[Score | Fault] = [Fault.of(raw)] * len(group)
        elif not isinstance(raw, list | tuple) or len(raw) != len(group):
            count = len(raw) if isinstance(raw, list | tuple) else "no"
            detail = f"returned {count} verdicts for a group of {len(group)}"
            found = [Fault("invalid_value", detail, "scorer")] * len(group)
        else:
            found = [
                # One rollout may be at fault alone: a judge refuses it and not its siblings.
                Fault.of(value) if isinstance(value, UnscoredError) else component.verdict(value)
                for value in raw
            ]
        for index, verdict in zip(group, found, strict=True):
            self.record(component, index, verdict)

    def groups(self, samples: Sequence[Sample]) -> list[list[int]]:
        """The indices of the samples of each group, as the rubric groups them."""
        return group_indices(samples, self.spec.group_by)

    def record(self, component: BoundComponent, index: int, verdict: Score | Fault) -> None:
        """Keep a verdict; a fault under `on_error = "fail"` ends the batch here and now."""
        if type(verdict) is Score:
            self.scores[index][component.name] = verdict
            return
        assert isinstance(verdict, Fault)
        if component.policy(verdict) == "fail":
            # A service's words explain an outage; others may quote the completion.
            reason = f": {verdict.detail}" if verdict.blame == "service" else ""
            raise BatchFailedError(
                f"component {component.name!r} could not score sample "
                f"{self.samples[index].id!r} ({verdict.kind}{reason}) and its error policy is "
                '"fail": the whole invocation fails, so that the caller retries'
            )
        self.faults[index][component.name] = verdict

    def close(self, component: BoundComponent) -> None:
        """Stop the samples that the gate did not let through."""
        still_open = []
        for index in self.open:
            score = self.scores[index].get(component.name)
            if score is None:
                policy = component.policy(self.faults[index][component.name])
                passed, neutral = policy == "skip", policy == "neutral"
            else:
                passed, neutral = score.value >= component.threshold, False
            if passed:
                still_open.append(index)
            elif not neutral:
                self.closed[index] = component.name
        self.open = still_open

    def settle(self) -> list[Reward]:
        """Turn scores and faults into rewards."""
        totals = [self.total(index) for index in range(len(self.samples))]
        values = self.neutralised(totals)
        if self.spec.normalize is not None:
            values = _normalized(values, totals, self._pools(), self.spec.normalize.clip)
        weighted = frozenset(component.name for component in self.weighted)
        return [
            Reward(value + 0.0, scores, faults, weighted, closed)  # + 0.0: no negative zero
            for value, scores, faults, closed in zip(
                values, self.scores, self.faults, self.closed, strict=True
            )
        ]

    def total(self, index: int) -> float | None:
        """The reward of one sample; None where a "neutral" fault leaves it to its siblings."""
        low, high = self.spec.range
        if self.closed[index] is not None:
            return low
        scores, faults = self.scores[index], self.faults[index]
        policies = {
            component.name: component.policy(faults[component.name])
            for component in (self.components if faults else ())
            if component.name in faults
        }
        if "neutral" in policies.values():
            return None
        parts: list[float] = []
        ran = whole = 0.0
        for component in self.weighted:
            share = abs(component.weight)
            whole += share
            policy = policies.get(component.name)
            if policy != "skip":
                value = component.worst if policy == "floor" else scores[component.name].value
                ran += share
                parts.append(component.weight * value)
        if not ran:
            return low
        scale = ran if self.spec.total == "mean" else ran / whole
        total = math.fsum(parts) / scale
        return min(max(total, low), high)

    def neutralised(self, totals: Sequence[float | None]) -> list[float]:
        """Give samples without a total the mean of their scored siblings: no gradient.

        Where no sibling has one, all of the group get the floor: again no gradient among them.
        """
        if None not in totals:
            return [total for total in totals if total is not None]
        low = self.spec.range[0]
        values = [low if total is None else total for total in totals]
        for group in self.groups(self.samples):
            settled = [total for i in group if (total := totals[i]) is not None]
            if settled:
                mean = math.fsum(settled) / len(settled)
                for index in group:
                    if totals[index] is None:
                        values[index] = mean
        return values

    def _pools(self) -> list[list[int]]:
        """The sets of samples that are normalised together."""
        assert self.spec.normalize is not None
        if self.spec.normalize.by == "batch":
            return [list(range(len(self.samples)))]
        return self.groups(self.samples)


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
