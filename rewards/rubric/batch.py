"""One rubric over one batch: what runs when, and what becomes of what comes back.

How a batch runs: gates first, in the order of the rubric, sync before async; then sync scorers,
here on the main thread (a scorer may rely on that); then every (component, sample) pair that is
async, together, under one bound and one deadline; then group scorers; then the totals.

A scorer is somebody's code on hostile text: whatever it raises costs one component of one sample
(or of one group), and is counted. Where the deadline ends it, everybody keeps the verdicts that
are there, and the rest are faults of kind "deadline".
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any

from rewards.core.deadline import Alarm, in_time
from rewards.core.errors import (
    PASSES,
    BatchFailedError,
    DeadlineError,
    unless_all_refused,
    unquoted,
)
from rewards.core.sample import Sample
from rewards.core.score import Fault, Reward, Score, asked
from rewards.rubric.component import BoundComponent, no_verdict
from rewards.rubric.printing import prints_to_stderr
from rewards.rubric.reference import with_reference
from rewards.rubric.spec import RubricSpec
from rewards.rubric.totals import group_indices, neutralised, normalized, total

if TYPE_CHECKING:  # imported with the first bug: most batches have none
    from rewards.rubric.bugs import Tell

_LATE = Fault.of(DeadlineError("no time left"))

#: An error names its sample; an id is somebody's data, of any length.
MAX_ID_CHARS = 100

#: So much of a service's own words is told; a completion is known in them from so many characters.
MAX_WORDS_CHARS, MIN_QUOTED_CHARS = 300, 3


class Batch:
    """The run of one rubric over one batch: the scores and faults as they come in."""

    def __init__(
        self,
        spec: RubricSpec,
        components: Sequence[BoundComponent],
        samples: Sequence[Sample],
        deadline: float,
        tell: Tell | None,
    ) -> None:
        self.spec = spec
        self.components = components
        self.weighted = [component for component in components if component.weight]
        self.deadline = deadline
        self.tell = tell
        self.shared: dict[Any, Any] = {}  # what async scorers keep for the batch: a budget
        paths = spec.reference
        self.samples = [with_reference(s, paths) for s in samples] if paths else list(samples)
        self.scores: list[dict[str, Score]] = [{} for _ in samples]
        self.faults: list[dict[str, Fault]] = [{} for _ in samples]
        self.closed: list[str | None] = [None] * len(self.samples)
        self.open = list(range(len(self.samples)))

    def rewards(self) -> list[Reward]:
        """Run everything, in the order that the module's docstring gives."""
        with prints_to_stderr:
            if not in_time(self.run, self.deadline):
                late = self.out_of_time()
                late.run(Alarm())
                return late.settle()
        return self.settle()

    def out_of_time(self) -> Batch:
        """The same batch with the verdicts so far; what goes on with this one changes it no more.

        Run again, it gives all that is open the fault of the deadline.
        """
        late = copy.copy(self)
        late.deadline = -math.inf
        late.scores = [dict(found) for found in self.scores]
        late.faults = [dict(found) for found in self.faults]
        late.closed, late.open = list(self.closed), list(self.open)
        return late

    def run(self, alarm: Alarm) -> None:
        """Get a verdict, or a fault, for all that has none yet and that no gate has stopped."""
        components = self.components
        gates = [component for component in components if component.gate]
        others = [c for c in components if not c.gate and not c.scorer.is_group]
        for component in gates:
            if not component.scorer.is_async:
                self.run_sync(component, alarm)
                self.close(component)
        self.run_async([component for component in gates if component.scorer.is_async], alarm)
        for component in gates:
            if component.scorer.is_async:
                self.close(component)
        for component in others:
            if not component.scorer.is_async:
                self.run_sync(component, alarm)
        self.run_async([component for component in others if component.scorer.is_async], alarm)
        for component in components:
            if component.scorer.is_group:
                self.run_groups(component, alarm)

    def run_sync(self, component: BoundComponent, alarm: Alarm) -> None:
        """Run one component over every sample that is still open."""
        call, verdict, samples = component.call, component.verdict, self.samples
        alarm.set(self.deadline)
        if component.scorer.for_batch is not None:
            open_ = self.undecided(component)
            at_once = partial(component.scorer.for_batch, [samples[index] for index in open_])
            call = partial(at_once, self.deadline, **component.params)
            self.take_group(component, open_, self.outcome(call) if open_ else [])
            return
        for index in self.undecided(component):
            if monotonic() > self.deadline:
                self.record(component, index, _LATE)
                continue
            try:
                found = verdict(call(samples[index]))
            except PASSES:
                raise
            except BaseException as error:  # noqa: BLE001 - see the module's docstring
                self.record(component, index, Fault.of(error), error)
            else:
                self.record(component, index, found)

    def run_async(self, components: Sequence[BoundComponent], alarm: Alarm) -> None:
        """Run every (component, sample) pair at once, under one bound and one deadline."""
        todo = [(component, self.undecided(component)) for component in components]
        calls = [partial(c.call, self.samples[index]) for c, indices in todo for index in indices]
        found = iter(self.fan_out(calls, alarm))
        for component, indices in todo:
            outcomes = unless_all_refused(list(islice(found, len(indices))))
            for index, raw in zip(indices, outcomes, strict=True):
                self.take(component, index, raw)

    def run_groups(self, component: BoundComponent, alarm: Alarm) -> None:
        """Run a group scorer over the open samples of each group."""
        open_ = self.undecided(component)
        groups = self.groups([self.samples[index] for index in open_])
        members = [[open_[position] for position in group] for group in groups]
        calls = [partial(component.call, [self.samples[i] for i in group]) for group in members]
        if component.scorer.is_async:
            for group, raw in zip(members, self.fan_out(calls, alarm), strict=True):
                self.take_group(component, group, raw)
            return
        alarm.set(self.deadline)
        for group, call in zip(members, calls, strict=True):
            self.take_group(component, group, self.outcome(call))

    def outcome(self, call: Callable[[], Any]) -> Any:
        """What a call on this thread gives, or the exception in its place; none without time."""
        if monotonic() > self.deadline:
            return DeadlineError("no time left")
        try:
            return call()
        except PASSES:
            raise
        except BaseException as error:  # noqa: BLE001 - see the module's docstring
            return error

    def fan_out(self, calls: Sequence[Callable[[], Any]], alarm: Alarm) -> list[Any]:
        """What async calls give, or the exceptions in their place; none is made without time."""
        if not calls or monotonic() > self.deadline:
            return [DeadlineError("no time left")] * len(calls)
        from rewards.core.concurrency import fan_out

        return fan_out(
            calls,
            limit=self.spec.concurrency,
            deadline=self.deadline,
            shared=self.shared,
            alarm=alarm,
        )

    def undecided(self, component: BoundComponent) -> list[int]:
        """The open samples for which the component has neither a verdict nor a fault."""
        name, scores, faults = component.name, self.scores, self.faults
        return [i for i in self.open if name not in scores[i] and name not in faults[i]]

    def take(self, component: BoundComponent, index: int, raw: Any) -> None:
        """Record what a scorer gave for a sample: a verdict, or an exception in its place."""
        error: BaseException | None = None
        found: Score | Fault
        try:
            if isinstance(raw, BaseException):
                error, found = raw, Fault.of(raw)
            else:
                found = component.verdict(raw)
        except PASSES:
            raise
        except BaseException as broken:  # noqa: BLE001 - see the module's docstring
            error, found = broken, Fault.of(broken)
        self.record(component, index, found, error)

    def take_group(self, component: BoundComponent, group: Sequence[int], raw: Any) -> None:
        """Record what a group scorer gave for a group; a rollout may be at fault alone."""
        values = asked(lambda: list(raw) if isinstance(raw, list | tuple) else [], [])
        if isinstance(raw, BaseException):
            values = [raw] * len(group)
        if len(values) == len(group):
            for index, value in zip(group, values, strict=True):
                self.take(component, index, value)
            return
        detail = f"returned {len(values) or 'no'} verdicts for a group of {len(group)}"
        for index in group:
            self.record(component, index, no_verdict(detail))

    def groups(self, samples: Sequence[Sample]) -> list[list[int]]:
        """The indices of the samples of each group, as the rubric groups them."""
        return group_indices(samples, self.spec.group_by)

    def record(
        self,
        component: BoundComponent,
        index: int,
        verdict: Score | Fault,
        error: BaseException | None = None,
    ) -> None:
        """Keep a verdict; a fault under `on_error = "fail"` ends the batch here and now."""
        if type(verdict) is Score:
            self.scores[index][component.name] = verdict
            return
        assert isinstance(verdict, Fault)
        why = verdict.kind
        if verdict.blame == "scorer":
            from rewards.rubric.bugs import bug_of, is_new, to_stderr

            bug = bug_of(component.name, component.scorer, verdict, error)
            why = f"{why}: {bug.place}"
            if is_new(bug):
                asked(partial(self.tell or to_stderr, bug), None)
        if component.policy(verdict) == "fail":
            raise self.failed(component, index, verdict, why)
        self.faults[index][component.name] = verdict

    def failed(
        self, component: BoundComponent, index: int, fault: Fault, why: str
    ) -> BatchFailedError:
        """The error that ends the batch. It may stand in any log, so it quotes no sample."""
        sample = self.samples[index]
        if fault.blame == "service":  # whose own words explain an outage
            why = f"{why}: {without(fault.detail[:MAX_WORDS_CHARS], sample)}"
        return BatchFailedError(
            f"component {component.name!r} could not score sample "
            f"{sample.id[:MAX_ID_CHARS]!r} ({why}) and its error policy is "
            '"fail": the whole invocation fails, so that the caller retries'
        )

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
        spec = self.spec
        totals = [self.total(index) for index in range(len(self.samples))]
        if spec.normalize is not None:
            whole = [list(range(len(totals)))]
            pools = whole if spec.normalize.by == "batch" else self.groups(self.samples)
            values = normalized(totals, pools, clip=spec.normalize.clip)
        else:
            groups = self.groups(self.samples) if None in totals else []
            values = neutralised(totals, groups, floor=spec.range[0])
        weighted = frozenset([component.name for component in self.weighted])
        return [
            Reward(value + 0.0, scores, faults, weighted, closed)  # + 0.0: no negative zero
            for value, scores, faults, closed in zip(
                values, self.scores, self.faults, self.closed, strict=True
            )
        ]

    def total(self, index: int) -> float | None:
        """The reward of one sample; None where its siblings decide."""
        if self.closed[index] is not None:
            return self.spec.range[0]
        faults = self.faults[index]
        policies = {
            component.name: component.policy(faults[component.name])
            for component in (self.components if faults else ())
            if component.counts and component.name in faults
        }
        return total(
            self.scores[index],
            policies,
            self.weighted,
            kind=self.spec.total,
            span=self.spec.range,
        )


def without(text: str, sample: Sample) -> str:
    """A text without what it quotes of a sample: all of the completion, or a run of its words.

    >>> without("Paris is no JSON", Sample(id="1", completion="Paris"))
    '… is no JSON'
    """
    completion = sample.completion.strip()
    if len(completion) >= MIN_QUOTED_CHARS:
        text = text.replace(completion, "…")
    prompt = [turn.content for turn in sample.prompt]
    return unquoted(text, "\n".join([completion, sample.reasoning, *prompt]))
