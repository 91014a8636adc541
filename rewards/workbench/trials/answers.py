"""Which rewards the answers of a file earn, prompt by prompt: by a rubric, or as the file says."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

from rewards.core.errors import EventError, SpecError
from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.rubric.totals import group_key
from rewards.wire.answering import answer_rows
from rewards.wire.contract import Row
from rewards.workbench.rollouts.batches import batches
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.rows import Keys, Line, read_json, read_row
from rewards.workbench.rollouts.run import Advance, looked_at, silent
from rewards.workbench.rollouts.scoring import Scoring
from rewards.workbench.trials.signal import PromptRewards

#: Of a prompt that is named, its end: where the question is.
MAX_NAME_CHARS = 200

#: Fields that say which prompt a row answers, where nobody named one.
_GROUP_FIELDS = ("prompt", "prompt_id", "messages")


@dataclass
class Answers:
    """The rewards of a file's answers by prompt, and what else was seen on the way.

    `judged` holds, by prompt and answer, the judgements of answers that were judged several times;
    `shares` the share of each component in what rewards differ by within their groups.
    """

    prompts: list[PromptRewards] = field(default_factory=list)
    judged: list[list[tuple[float, ...]]] = field(default_factory=list)
    shares: dict[str, float] = field(default_factory=dict)
    unscored: int = 0
    why: str = ""


class _Answer(NamedTuple):
    key: str
    name: str
    text: str
    rewards: tuple[float, ...]
    parts: Mapping[str, float]


class Rewarded(NamedTuple):
    """A line of a file with its row, its reward, and why it is not scored ("" if it is)."""

    line: int
    row: Row | None
    reward: Reward | None
    unscored: str


def rewarded(source: Source, scoring: Scoring, advance: Advance = silent) -> Iterator[Rewarded]:
    """Every line of a source with what a rubric pays it, the rollouts of a group together.

    Raises:
        RewardsError: the rubric or the file cannot be used.
    """
    done = 0
    with closing(looked_at(source, scoring)) as rollouts:
        for batch in batches(rollouts.lines):
            rows = [_row(line, scoring.keys) for line in batch]
            answered = answer_rows([row for row in rows if row is not None], scoring.rubric)
            explained = answered.explained()
            for line, row in zip(batch, rows, strict=True):
                reward = None if row is None else next(explained)[1]
                yield Rewarded(line.number, row, reward, _unscored(scoring.rubric, row, reward))
            done += len(batch)
            advance(done, None)


def _row(line: Line, keys: Keys) -> Row | None:
    try:
        return read_row(line, keys)
    except EventError:
        return None


def _unscored(rubric: Rubric, row: Row | None, reward: Reward | None) -> str:
    """Why a reward is not what the rubric meant: what of its components could not be scored."""
    if row is None or reward is None:
        return "no row" if row is None else "broken row"
    counted = [one.name for one in rubric.spec.component if one.weight or one.gate]
    return next((reward.faults[name].kind for name in counted if name in reward.faults), "")


def scored(source: Source, scoring: Scoring, advance: Advance = silent) -> Answers:
    """What a rubric pays the answers of a file.

    Raises:
        RewardsError: the rubric or the file cannot be used.
    """
    found: list[_Answer] = []
    unscored: Counter[str] = Counter()
    for _, row, reward, why in rewarded(source, scoring, advance):
        if why or row is None or row.sample is None or reward is None:
            unscored[why] += 1
            continue
        key = group_key(row.sample, scoring.rubric.spec.group_by)
        name = key if isinstance(key, str) else row.sample.prompt_text[-MAX_NAME_CHARS:]
        parts = _parts(scoring.rubric, reward)
        found.append(_Answer(repr(key), name, row.sample.completion, (reward.value,), parts))
    return _grouped(found, unscored)


def _parts(rubric: Rubric, reward: Reward) -> dict[str, float]:
    """What each weighted component adds to a reward, but for a factor that all have in common."""
    return {
        component.name: component.weight * reward.scores[component.name].value
        for component in rubric.spec.component
        if component.weight and not component.gate and component.name in reward.scores
    }


def given(source: Source, reward_key: str, keys: Keys) -> Answers:
    """What the file itself says that its answers earned: a number, or a list of judgements.

    Raises:
        SpecError: no row has the field.
    """
    found: list[_Answer] = []
    unscored: Counter[str] = Counter()
    for line in source.lines():
        try:
            row = read_json(line)
        except EventError:
            row = None
        answer = _as_given(row, reward_key, keys) if isinstance(row, dict) else None
        if answer is None:
            unscored["no reward or no prompt"] += 1
        else:
            found.append(answer)
    if not found:
        raise SpecError(
            f'{source.name}: no row has a number in "{reward_key}" and says which prompt it '
            'answers ("prompt", "prompt_id", or the field that --group-key names)'
        )
    return _grouped(found, unscored)


def _as_given(row: dict[str, Any], reward_key: str, keys: Keys) -> _Answer | None:
    value = row.get(reward_key)
    judged: list[Any] = value if isinstance(value, list) else [value]
    named = [keys.group] if keys.group else [keys.prompt or "", *_GROUP_FIELDS]
    key = next((row[name] for name in named if name in row), None)
    rewards = tuple(float(one) for one in judged if _is_figure(one))
    if key is None or not rewards or len(rewards) < len(judged):
        return None
    name = key if isinstance(key, str) else json.dumps(key)
    return _Answer(
        repr(key),
        name[-MAX_NAME_CHARS:],
        str(row.get(keys.completion or "completion", "")),
        rewards,
        {},
    )


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _grouped(found: Sequence[_Answer], unscored: Counter[str]) -> Answers:
    groups: dict[str, list[_Answer]] = {}
    for answer in found:
        groups.setdefault(answer.key, []).append(answer)
    return Answers(
        [
            PromptRewards(group[0].name, tuple(fmean(a.rewards) for a in group))
            for group in groups.values()
        ],
        [list(_judgements(group)) for group in groups.values()],
        _shares(list(groups.values())),
        unscored.total(),
        ", ".join(f"{count} {kind}" for kind, count in unscored.most_common() if count),
    )


def _judgements(group: Sequence[_Answer]) -> Iterator[tuple[float, ...]]:
    """The judgements of each answer of a group; rows of the same text judge the same answer."""
    texts: dict[str, list[float]] = {}
    for index, answer in enumerate(group):
        texts.setdefault(answer.text or str(index), []).extend(answer.rewards)
    yield from (tuple(values) for values in texts.values())


def _shares(groups: Sequence[Sequence[_Answer]]) -> dict[str, float]:
    """cov(component, reward) / var(reward) within groups: the shares of the advantage, sum 1."""
    total, parts = 0.0, dict.fromkeys((n for g in groups for a in g for n in a.parts), 0.0)
    for group in groups:
        rewards = [sum(answer.parts.values()) for answer in group]
        mean = fmean(rewards)
        total += sum((reward - mean) ** 2 for reward in rewards)
        for name in parts:
            values = [answer.parts.get(name, 0.0) for answer in group]
            middle = fmean(values)
            parts[name] += sum(
                (value - middle) * (reward - mean)
                for value, reward in zip(values, rewards, strict=True)
            )
    return {name: part / total for name, part in parts.items()} if total > 1e-12 else {}
