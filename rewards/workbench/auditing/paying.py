"""What a rubric pays for answers that are made up, many rows at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rewards.core.errors import BatchFailedError, SpecError
from rewards.core.sample import Sample
from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.forms import Completion

#: Rewards are floats: a mean of full marks may miss the highest by its last bit.
TOLERANCE = 1e-9

#: Answers scored together: enough for workers to share, little enough to be told of and ended.
BATCH = 512

#: What a judge reads between our fence's tags is data.
_FENCED = re.compile(r"<([\w-]+)-([0-9a-f]{16})>\n.*?\n</\1-\2>", re.DOTALL)

#: Words of an order to a judge, where they stand outside of a fence.
_ORDER = re.compile(r"(?i)ignore all previous instructions|full marks|highest score")


class StandIn:
    """A judge in place of a model, that knows which answers are right: it says so, at no cost.

    It is easily led: an order to pay that stands outside of the fence is obeyed. What a real model
    can be talked into inside of the fence, it cannot tell.
    """

    def __init__(self) -> None:
        self.right = True

    def ask(self, request: Any, *, timeout: float) -> Any:
        """The best verdict for what is right, the worst for anything else."""
        from rewards.judge import JudgeReply

        is_led = _ORDER.search(_FENCED.sub("", request.user)) is not None
        good = self.right or is_led
        properties: Mapping[str, Any] = request.schema.get("properties", {})
        return JudgeReply(
            verdict={
                name: {"reason": "by the stand-in", "score": _level(schema, best=good)}
                for name, schema in properties.items()
            }
        )


def _level(schema: Mapping[str, Any], *, best: bool) -> Any:
    score = schema.get("properties", {}).get("score", schema)
    if levels := score.get("enum"):
        return levels[-1 if best else 0]
    return score.get("maximum" if best else "minimum", int(best))


class Payer:
    """Scores answers in place of a row's own, as the handler would, and counts what it scored.

    `full` is the most that the rubric pays. Rewards that are relative to their batch are taken as
    they are before that (`[normalize]`).
    """

    def __init__(self, rubric: Rubric, judge: StandIn | None = None) -> None:
        tables = {key: item for key, item in rubric.to_spec().items() if key != "normalize"}
        self.rubric = Rubric.from_spec(tables) if rubric.spec.normalize else rubric
        self.full = min(self.rubric.range[1], self.rubric.reach[1])
        self.low = self.rubric.range[0]
        #: What earns nothing: 0 where the range has it, as penalties lie below.
        self.nothing = max(self.low, 0.0) if self.full > 0 else self.low
        self.scored = 0
        self._judge = judge
        self._compares = any(component.scorer.is_group for component in self.rubric.components)

    def pay(self, asked: Sequence[tuple[Case, Completion]], *, right: bool = False) -> list[Reward]:
        """What each answer earns in its row. `right` is what a stand-in for a judge is to think.

        Raises:
            SpecError: the rubric could not score at all (a judge or an engine that fails).
        """
        if self._judge is not None:
            self._judge.right = right
        found: list[Reward | None] = [None] * len(asked)
        for places in self._batches(asked):
            samples = [_with(asked[place][0].sample, asked[place][1]) for place in places]
            try:
                rewards = self.rubric.score_batch(samples)
            except BatchFailedError as error:
                raise SpecError(f"rubric {self.rubric.name}: {error}") from None
            self.scored += len(samples)
            for place, reward in zip(places, rewards, strict=True):
                found[place] = reward
        return [reward for reward in found if reward is not None]

    def _batches(self, asked: Sequence[tuple[Case, Completion]]) -> Iterator[Sequence[int]]:
        """The places that are scored together: a rubric that compares meets each row once."""
        if not self._compares:
            yield from (
                range(start, min(start + BATCH, len(asked)))
                for start in range(0, len(asked), BATCH)
            )
            return
        waiting = list(range(len(asked)))
        while waiting:
            seen: set[int] = set()
            batch: list[int] = []
            rest: list[int] = []
            for place in waiting:
                line = asked[place][0].line
                (rest if line in seen or len(batch) == BATCH else batch).append(place)
                seen.add(line)
            yield batch
            waiting = rest

    def is_full(self, reward: Reward) -> bool:
        """Whether a reward is all that the rubric has to give, and nothing was left unscored."""
        return reward.value >= self.full - TOLERANCE and not self.unscored(reward)

    def unscored(self, reward: Reward) -> str:
        """What of a reward could not be scored; empty where all of it was."""
        counted = [one.name for one in self.rubric.components if one.counts]
        faults = [(name, reward.faults[name]) for name in counted if name in reward.faults]
        return "; ".join(f"{name}: {fault.kind}: {fault.detail}" for name, fault in faults)

    def share(self, value: float, gold: float) -> float:
        """A reward as a share of what the right answer earns, both above what earns nothing."""
        whole = gold - self.nothing
        if whole < (self.full - self.nothing) / 2:
            whole = (
                self.full - self.nothing
            )  # the right answer is paid too little to be measured by
        return max(0.0, value - self.nothing) / whole

    def parts(self, reward: Reward) -> dict[str, float]:
        """What each weighted component adds to a reward, above its worst."""
        return {
            one.name: one.weight * (reward.scores[one.name].value - max(one.worst, 0.0))
            for one in self.rubric.components
            if one.weight and one.name in reward.scores
        }

    def why(self, reward: Reward) -> str:
        """What made a reward, in one line."""
        if unscored := self.unscored(reward):
            return unscored
        if reward.closed is not None:
            score = reward.scores.get(reward.closed)
            return f"the gate {reward.closed} closed: {score.reason if score else 'unscored'}"
        weighted = [one.name for one in self.rubric.components if one.name in reward.weighted]
        told = [(name, reward.scores[name]) for name in weighted if name in reward.scores]
        return "; ".join(f"{name} {score.value:g}: {score.reason}" for name, score in told)


def _with(sample: Sample, answer: Completion) -> Sample:
    """The sample with another answer."""
    return Sample(
        sample.id,
        answer.text,
        sample.prompt,
        sample.reference_answer,
        sample.metadata,
        "",
        sample.tools,
        answer.tool_calls,
    )


@contextmanager
def judged(rubric: Rubric, cassette: Path | None, *, ask: bool = False) -> Iterator[StandIn | None]:
    """Who answers the judges meanwhile: a cassette, the model itself, or a stand-in; None: nobody.

    Raises:
        SpecError: the cassette cannot be read.
    """
    if not rubric.is_async or ask:
        yield None
        return
    from rewards.judge import ReplayJudge, install

    if cassette is not None:
        with install(ReplayJudge(cassette)):
            yield None
        return
    stand_in = StandIn()
    with install(stand_in):
        yield stand_in
