"""What `rewards judge calibrate` finds out: labelled rollouts, a judge's runs, a report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import EventError, SpecError, did_you_mean
from rewards.core.sample import Sample
from rewards.core.score import Reward, Score
from rewards.judge import usage
from rewards.judge.criteria import Criterion
from rewards.judge.plan import grade_plan
from rewards.rubric import Rubric
from rewards.scorers.judge import grade
from rewards.workbench.judging.agreement import Agreement, agreement, alpha, rank_correlation
from rewards.workbench.output import figure
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.firstrows import check_first_rows
from rewards.workbench.rollouts.rows import Keys, read_row

#: What a reply took, whenever it was asked for; the rest is of the asking.
LASTING = (
    *("JudgeInputTokens", "JudgeOutputTokens", "JudgeCacheReadTokens", "JudgeCacheWriteTokens"),
    "JudgeCost",
)

#: Labels of the whole completion on more levels than this are figures, not levels.
MAX_LABELS = 11


def alone(rubric: Rubric, name: str) -> Rubric:
    """The rubric with nothing but its judge, which may fail for one sample."""
    judges = [c for c in rubric.spec.component if c.scorer.startswith("judge.")]
    known = [placed.name for placed in judges]
    if not known:
        raise SpecError(f"{rubric.name} has no judge to calibrate")
    if name and name not in known:
        raise SpecError(f"{rubric.name}: there is no judge {name!r}{did_you_mean(name, known)}")
    if not name and len(known) != 1:
        raise SpecError(f"{rubric.name} has {len(known)} judges: choose one with --component")
    [placed] = [c for c in judges if c.name == (name or known[0])]
    return Rubric.from_spec(
        {
            "name": rubric.name,
            "reference": list(rubric.spec.reference),
            "group_by": rubric.spec.group_by,
            "concurrency": rubric.spec.concurrency,
            "component": [
                {
                    "scorer": placed.scorer,
                    "name": placed.name,
                    "params": dict(placed.params),
                    "on_refusal": "skip",
                }
            ],
        }
    )


def labelled(file: str, key: str, keys: Keys) -> tuple[list[Sample], list[Any]]:
    """The rollouts and their labels, which are in the field `key`.

    Raises:
        UnscorableError: the file holds no rollouts.
        EventError: a line that is no rollout, or has no label, with its number.
    """
    samples, labels = [], []
    with opened(file) as source:
        check_first_rows(source, keys)
        for line in source.lines():
            try:
                row = read_row(line, keys)
            except EventError as error:
                raise EventError(f"{file}, line {line.number}: {error}") from None
            if row.sample is None or key not in row.sample.metadata:
                raise EventError(
                    f'{file}, line {line.number}: needs a completion and a field "{key}" with '
                    "people's label; --label-key names another field"
                )
            samples.append(row.sample)
            labels.append(row.sample.metadata[key])
    if len(samples) < 2:
        raise EventError(f"{file}: {len(samples)} labelled rollouts; agreement needs some more")
    return samples, labels


@dataclass(frozen=True)
class Question:
    """One thing that both people and the judge were asked: a criterion, or the whole."""

    name: str
    agreement: Agreement

    def reaches(self, statistic: str, least: float) -> bool:
        """Whether a statistic was measured and is high enough."""
        value = getattr(self.agreement, statistic)
        return value is not None and value >= least


@dataclass(frozen=True)
class CalibrationReport:
    """What calibration found.

    `used` is what the judge's replies took: tokens, cost, and requests where it was asked, with
    their mean latency. Recorded replies took nothing now: `replayed` counts them, and `used` has
    the tokens and the cost that they took when they were recorded.
    """

    rubric: str
    digest: str
    count: int
    unscored: dict[str, int]
    questions: list[Question]
    length_bias: float | None
    position_bias: float | None
    noise: dict[str, float | None]
    used: dict[str, float]
    replayed: int

    def below(self, statistic: str, least: float) -> list[str]:
        """The questions on which a statistic is lower, or was not measured."""
        return [q.name for q in self.questions if not q.reaches(statistic, least)]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        questions = {q.name: q.agreement.document() for q in self.questions}
        return {**vars(self), "questions": questions}


def report(
    rubric: Rubric,
    samples: Sequence[Sample],
    labels: Sequence[Any],
    runs: Sequence[Sequence[Reward]],
    *,
    recorded: bool,
) -> CalibrationReport:
    """Compare the first run with the labels, and the runs with each other.

    `recorded`: a cassette has answered, and nobody was asked.

    Raises:
        EventError: the labels do not fit the judge's scale, or too little was judged.
    """
    [placed] = rubric.spec.component
    first = runs[0]
    scored = [i for i, reward in enumerate(first) if reward.scores]
    faults = [fault.kind for reward in first for fault in reward.faults.values()]
    if len(scored) < 2:
        raise EventError(f"the judge gave a verdict on {len(scored)} of {len(samples)} rollouts")
    criteria: tuple[Criterion, ...] = ()
    if placed.scorer == grade.address:
        criteria = grade_plan(**grade.bind(placed.params)).criteria
    found = [first[i].scores[placed.name] for i in scored]
    questions, worth = _questions(placed.name, [labels[i] for i in scored], found, criteria)
    errors = [score.value - value for score, value in zip(found, worth, strict=True)]
    positions = [s.metrics["position_bias"] for s in found if "position_bias" in s.metrics]
    used, replayed = _used(recorded)
    return CalibrationReport(
        rubric=rubric.name,
        digest=rubric.digest,
        count=len(scored),
        unscored={kind: faults.count(kind) for kind in sorted(set(faults))},
        questions=questions,
        length_bias=rank_correlation(errors, [len(samples[i].completion) for i in scored]),
        position_bias=math.fsum(positions) / len(positions) if positions else None,
        noise=_noise(runs),
        used=used,
        replayed=replayed,
    )


def _questions(
    name: str, labels: Sequence[Any], found: Sequence[Score], criteria: Sequence[Criterion]
) -> tuple[list[Question], list[float]]:
    """What people and the judge were both asked, and what each rollout is worth to people."""
    if not all(isinstance(label, Mapping) for label in labels):
        worth = [_figure(label) for label in labels]
        return [_whole(name, worth, [score.value for score in found])], worth
    people = [_levels(label, criteria) for label in labels]
    common = [c for c in criteria if all(c.name in levels for levels in people)]
    if not common:
        asked = ", ".join(c.name for c in criteria) or "a figure from 0 to 1 for the whole"
        raise EventError(f"no criterion is labelled in every row; the judge is asked: {asked}")
    questions = [_criterion(c, people, found) for c in common]
    return questions, [_worth(levels, common) for levels in people]


def _used(recorded: bool) -> tuple[dict[str, float], int]:
    """What the judge's replies took, and how many of them were replayed."""
    figures = usage.drain()
    latencies = figures.pop("JudgeLatency", [])
    used = {name: math.fsum(values) for name, values in figures.items()}
    if recorded:
        lasting = {name: value for name, value in used.items() if name in LASTING}
        return lasting, int(used.get("JudgeRequests", 0))
    if latencies:
        used["JudgeLatency"] = math.fsum(latencies) / len(latencies)
    return used, 0


def _levels(label: Mapping[str, Any], criteria: Sequence[Criterion]) -> dict[str, int | str]:
    """A row's labels by criterion, checked against their scales."""
    known = {criterion.name: criterion for criterion in criteria}
    for name, level in label.items():
        if name not in known:
            raise EventError(
                f'label "{name}" is no criterion of the judge{did_you_mean(name, known)}'
            )
        levels = known[name].levels
        if isinstance(level, bool) or not isinstance(level, int | str) or level not in levels:
            allowed = ", ".join(map(str, levels))
            raise EventError(f'label {level!r} is no level of "{name}"; these are: {allowed}')
    return dict(label)


def _criterion(
    criterion: Criterion, people: Sequence[Mapping[str, int | str]], found: Sequence[Score]
) -> Question:
    """People's levels and the judge's on one criterion."""
    levels = list(criterion.levels)
    worths = list(criterion.levels.values())
    return Question(
        criterion.name,
        agreement(
            [levels.index(given[criterion.name]) for given in people],
            [_nearest(score.metrics[criterion.name], worths) for score in found],
            [str(level) for level in levels],
        ),
    )


def _whole(name: str, people: Sequence[float], judged: Sequence[float]) -> Question:
    """People's figures and the judge's totals, on the levels that people used."""
    levels = sorted(set(people))
    if not 2 <= len(levels) <= MAX_LABELS:
        raise EventError(
            f"labels take {len(levels)} different values; agreement needs 2 to {MAX_LABELS} levels"
        )
    return Question(
        name,
        agreement(
            [levels.index(value) for value in people],
            [_nearest(value, levels) for value in judged],
            [figure(level) for level in levels],
        ),
    )


def _nearest(value: float, levels: Sequence[float]) -> int:
    """The position of the level nearest to a figure, the lower one of two."""
    return min(range(len(levels)), key=lambda i: (abs(levels[i] - value), i))


def _figure(label: Any) -> float:
    if isinstance(label, bool) or not isinstance(label, int | float) or not 0 <= label <= 1:
        raise EventError(
            f"label {label!r} is neither a table of criterion and level nor a figure from 0 to 1"
        )
    return float(label)


def _worth(given: Mapping[str, int | str], criteria: Sequence[Criterion]) -> float:
    """What people's levels are worth together, by the weights of the rubric."""
    weight = math.fsum(c.weight for c in criteria) or 1.0
    return math.fsum(c.weight * c.levels[given[c.name]] for c in criteria) / weight


def _noise(runs: Sequence[Sequence[Reward]]) -> dict[str, float | None]:
    """How much the judge contradicts itself when it is asked the same again."""
    if len(runs) < 2:
        return {}
    values = [
        [next(iter(r.scores.values())).value if r.scores else None for r in run] for run in runs
    ]
    spreads = []
    for several in zip(*values, strict=True):
        given = [value for value in several if value is not None]
        if len(given) > 1:
            spreads.append(max(given) - min(given))
    return {
        "changed": sum(spread > 0 for spread in spreads) / len(spreads) if spreads else None,
        "mean_spread": math.fsum(spreads) / len(spreads) if spreads else None,
        "alpha": alpha(values),
    }
