"""Signs of sickness in a run's curves, each by a stated rule with the figures that triggered it.

The thresholds come from 85 public runs with their authors' verdicts: what accused a healthy one is
not here (rolling z-scores, change points, absolute bands of entropy). docs/doctor.md has each rule
in words.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from rewards.curves.curves import Curve, Run
from rewards.curves.statistics import change, fall, noise, onset, smoothed, swing

#: Fewer points of a curve tell nothing.
MIN_POINTS = 20
#: A rise counts above so many errors, and above this share of the reward's range.
ERRORS, RISE = 2.0, 0.03
#: An accusation needs more: it is made at every look at a running job.
SURE_ERRORS, EFFECT = 3.0, 0.05
#: How seldom noise has to show a wave as strong: a run is looked at twenty times.
WAVE_CHANCE = 1e-4
#: Where the goal moved less than this share of the reward's rise, something else was paid.
GOAL_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Finding:
    """A sign: its code, where in the run it shows, the figures, and what to do."""

    code: str
    from_step: float
    to_step: float
    evidence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules look at: a run, its goal, the range of its reward."""

    run: Run
    goal: str | None
    span: float

    @property
    def reward(self) -> Curve:
        """The training reward, without the steps of an outage; the validation's where it is all."""
        curve = self.run["train_reward"]
        return without_outages(curve if len(curve) else self.run["val_reward"], self.span)

    @property
    def progress(self) -> Curve:
        """What says whether the model learns: the validation reward, where it has points enough."""
        validation = self.run["val_reward"]
        return validation if len(validation) >= MIN_POINTS else self.reward

    @property
    def goal_curve(self) -> Curve:
        """The goal's curve; one without points where no goal is known."""
        return self.run[f"component/{self.goal}"]

    def rises(self, curve: Curve, errors: float = ERRORS) -> bool:
        """Whether a curve in the reward's units rises from its first to its last fifth."""
        found = len(curve) >= 4
        return found and change(curve.values).rises(errors, RISE * self.span)

    def learned(self) -> bool:
        """Whether training or validation reward rises."""
        return self.rises(self.progress) or self.rises(self.reward)


def _found(code: str, curve: Curve, start: int, evidence: str, advice: str) -> Finding:
    return Finding(code, curve.steps[start], curve.steps[-1], evidence, advice)


def _moved(curve: Curve) -> str:
    """The figures of a curve that a reader can check in the plot."""
    moved = change(curve.values)
    return f"{curve.name} from {moved.first:.4g} (first fifth) to {moved.last:.4g} (last fifth)"


def outages(curve: Curve, span: float) -> list[tuple[int, int]]:
    """Runs of points that drop out of the curve and come back: the grader's, not the model's.

    A point drops out where it lies under the median of the seven points before it, and of the seven
    behind it, by more than six spreads and a fifth of the range; at most a tenth of the run.
    """
    values = curve.values
    least = max(6 * noise_without_dips(values), 0.2 * span)
    dips = []
    for index, value in enumerate(values[:-2]):
        before, after = values[max(0, index - 7) : index], values[index + 1 : index + 8]
        if len(before) > 1 and min(median(before), median(after)) - value > least:
            dips.append(index)
    runs: list[tuple[int, int]] = []
    for index in dips:
        if runs and index == runs[-1][1]:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    most = max(2, len(values) // 10)
    return [(a, b) for a, b in runs if b - a <= most and b < len(values)]


def noise_without_dips(values: Sequence[float]) -> float:
    """The robust spread of neighbours' differences: a few wild points do not widen it."""
    differences = [abs(after - before) for before, after in pairwise(values)]
    return 1.4826 * median(differences) / math.sqrt(2) if differences else math.inf


def without_outages(curve: Curve, span: float) -> Curve:
    """The curve without the points at which the grader was out."""
    gone = {index for start, end in outages(curve, span) for index in range(start, end)}
    if not gone:
        return curve
    kept = [index for index in range(len(curve)) if index not in gone]
    return Curve(
        curve.name,
        tuple(curve.steps[index] for index in kept),
        tuple(curve.values[index] for index in kept),
    )


def outage(looked: Looked) -> Iterator[Finding]:
    """The reward drops out and comes back, or rollouts could not be scored."""
    advice = "Look at the grader's faults, throttling and latency there; the model is not to blame."
    curve = looked.run["train_reward"]
    for start, end in outages(curve, looked.span):
        low = min(curve.values[start:end])
        before = median(curve.values[max(0, start - 5) : start] or curve.values[end : end + 5])
        evidence = f"train_reward {low:.4g} against {before:.4g} around it"
        yield Finding("outage", curve.steps[start], curve.steps[end - 1], evidence, advice)
    faults = looked.run["faults"]
    bad = [index for index, share in enumerate(faults.values) if share > 0.1]
    if bad:
        evidence = f"{faults.values[bad[0]]:.0%} of the rollouts could not be scored"
        yield Finding("outage", faults.steps[bad[0]], faults.steps[bad[-1]], evidence, advice)


def flat(looked: Looked) -> Iterator[Finding]:
    """Neither training nor validation reward rises, or only what is not the goal does."""
    if not looked.learned() or (_goal_stands(looked) and not any(goal(looked))):
        yield _found(
            "reward_flat",
            looked.progress,
            0,
            _moved(looked.progress) + _beside(looked),
            "Check the learning rate, and that the base model solves some of the prompts at all.",
        )


def _goal_stands(looked: Looked) -> bool:
    """Whether the goal moved by less than a tenth of what the reward did."""
    curve, reward = looked.goal_curve, looked.run["train_reward"]
    if len(curve) < MIN_POINTS or len(reward) < MIN_POINTS:
        return False
    return change(curve.values).difference < GOAL_SHARE * change(reward.values).difference


def _beside(looked: Looked) -> str:
    if not looked.learned():
        return f", within {ERRORS:g} errors of no change"
    return f"; {_moved(looked.goal_curve)}"


def dead_groups(looked: Looked) -> Iterator[Finding]:
    """More than half of the groups have equal rewards and give no gradient."""
    curve = looked.run["zero_std_frac"]
    if len(curve) >= 5 and (share := fmean(curve.values)) > 0.5:
        yield _found(
            "dead_groups",
            curve,
            0,
            f"{share:.0%} of the groups have equal rewards, on average",
            "Take prompts that are solved sometimes; raise the samples per prompt.",
        )


def entropy(looked: Looked) -> Iterator[Finding]:
    """Entropy under 0.05 at the end, with no rise of the reward."""
    curve = looked.run["entropy"]
    if len(curve) >= 10 and (end := _end(curve)) < 0.05 and not looked.learned():
        yield _found(
            "entropy_collapse",
            curve,
            onset(curve.values),
            f"entropy ends at {end:.3g}, from {curve.values[0]:.3g}, and the reward does not rise",
            "Lower the learning rate, or raise the weight of the KL penalty.",
        )


def _end(curve: Curve) -> float:
    return smoothed(curve.values, max(3, len(curve) // 10))[-1]


def length(looked: Looked) -> Iterator[Finding]:
    """Completions that shrink to nothing, or grow with the reward."""
    curve = looked.run["length"]
    if len(curve) < 10:
        return
    line = smoothed(curve.values, max(3, len(curve) // 10))
    start, end, most = line[0], line[-1], max(line)
    evidence = f"length from {start:.4g} to {end:.4g}"
    if end < 0.4 * most and end < 0.5 * start:
        advice = "Look at the answers: a very short one is paid, or the policy has collapsed."
        yield _found("length_crash", curve, line.index(most), evidence, advice)
    elif end > 1.5 * start:
        grown = f"{evidence}, {end / start:.1f} times"
        corner = onset(curve.values)
        if looked.rises(looked.reward):
            advice = "Look whether longer answers are better; weigh length, or cap it."
            yield _found("verbosity", curve, corner, f"{grown}, while the reward rises", advice)
        else:
            advice = "Look for loops and repetition at the end of the answers."
            yield _found("length_growth", curve, corner, grown, advice)


def gradient(looked: Looked) -> Iterator[Finding]:
    """A gradient that grows threefold with no rise of the reward, or vanishes."""
    curve = looked.run["grad_norm"]
    if len(curve) < 10:
        return
    positive = [max(value, 1e-12) for value in curve.values]
    logs = [math.log(value) for value in positive]
    moved = change(tuple(logs))
    if moved.rises(SURE_ERRORS, math.log(3)) and not looked.learned():
        advice = "Lower the learning rate; clip the gradient."
        yield _found("gradient_growth", curve, onset(logs), _moved(curve), advice)
    part = max(3, len(curve) // 5)
    if (last := median(curve.values[-part:])) < 0.001:
        start = next(
            i for i in range(len(curve)) if max(curve.values[i:]) < 0.01 or i == len(curve) - 1
        )
        evidence = f"grad_norm {last:.2g} over the last fifth"
        advice = "Nothing is learned any more: look at dead groups and saturation."
        yield _found("gradient_zero", curve, start, evidence, advice)


def fell(looked: Looked) -> Iterator[Finding]:
    """The reward ends under its peak by more than noise and a quarter of its climb."""
    curve = looked.progress
    if len(curve) < MIN_POINTS:
        return
    found = fall(curve.values)
    late = max(3, len(curve) // 10)
    # A crash widens the spread that it is measured by: that of the run before it counts.
    spread = min(noise(curve.values), noise(curve.values[:-late]))
    error = spread * math.sqrt(2 / late)
    climb = found.peak - found.start
    if found.depth <= max(EFFECT * looked.span, 5 * error, climb / 4):
        return
    before = curve.values[-2 * late : -late]
    sudden = bool(before) and fmean(before) - fmean(curve.values[-late:]) > 0.6 * found.depth
    evidence = f"{curve.name} from {found.peak:.4g} at its peak to {found.trough:.4g} at the end"
    advice = "Take the checkpoint at the peak; lower the learning rate."
    code = "crash_at_end" if sudden else "reward_fell"
    yield _found(code, curve, len(curve) - late if sudden else found.peak_at, evidence, advice)


def goal(looked: Looked) -> Iterator[Finding]:
    """The reward rises and the component that is the goal does not, or falls."""
    curve, reward = looked.goal_curve, looked.run["train_reward"]
    if len(curve) < MIN_POINTS or len(reward) < MIN_POINTS:
        return
    moved, paid = change(curve.values), change(reward.values)
    evidence = f"{_moved(curve)}, while {_moved(reward)}"
    advice = (
        "The reward pays for something else: look at the rollouts, and at the other components."
    )
    if moved.falls(SURE_ERRORS, EFFECT * looked.span):
        yield _found("goal_falls", curve, onset(curve.values), evidence, advice)
    elif paid.rises(SURE_ERRORS, EFFECT * looked.span):
        if _goal_stands(looked):
            yield _found("goal_flat", curve, onset(reward.values), evidence, advice)


def saturation(looked: Looked) -> Iterator[Finding]:
    """The reward stands at its most, or at one value, and nothing is left to learn."""
    curve = looked.reward
    part = max(5, len(curve) // 5)
    if len(curve) < MIN_POINTS:
        return
    tail = curve.values[-part:]
    top = max(tail)
    stuck = max(tail) - min(tail) <= 1e-9 * max(1.0, abs(top))
    if not stuck and (looked.span != 1.0 or fmean(tail) < 0.97 or min(tail) < 0.9):
        return
    near = (1e-9 if stuck else 0.05) * max(1.0, abs(top))
    start = len(curve) - part
    while start and curve.values[start - 1] >= top - near:
        start -= 1
    evidence = f"train_reward between {min(tail):.4g} and {top:.4g} over the last {part} points"
    advice = "Stop here, or give it harder prompts: groups whose rewards are equal teach nothing."
    yield _found("saturation", curve, start, evidence, advice)


def oscillation(looked: Looked) -> Iterator[Finding]:
    """One wave carries most of the reward's movement about its trend."""
    curve = looked.reward
    if len(curve) < MIN_POINTS:
        return
    wave = swing(curve.values)
    if wave.chance < WAVE_CHANCE and wave.amplitude > EFFECT * looked.span:
        evidence = (
            f"a wave of {wave.amplitude:.3g} about the trend, {wave.period:.3g} points long,"
            f" {wave.share:.0%} of what moves there"
        )
        advice = "Lower the learning rate; look at whether batches differ in difficulty by turns."
        yield _found("oscillation", curve, wave.start, evidence, advice)


def overfitting(looked: Looked) -> Iterator[Finding]:
    """Training reward leaves validation reward behind."""
    train, validation = looked.reward, looked.run["val_reward"]
    at = dict(zip(train.steps, train.values, strict=True))
    shared = [(s, v) for s, v in zip(validation.steps, validation.values, strict=True) if s in at]
    if len(shared) < 10 or train.name != "train_reward":
        return
    gap = Curve("gap", tuple(s for s, _ in shared), tuple(at[s] - v for s, v in shared))
    moved = change(gap.values)
    if moved.rises(SURE_ERRORS, 0.1 * looked.span):
        evidence = f"train minus validation from {moved.first:.3g} to {moved.last:.3g}"
        advice = "Stop at the step where they part; take more, or more varied, prompts."
        yield _found("overfitting", gap, onset(gap.values), evidence, advice)


def judge_drift(looked: Looked) -> Iterator[Finding]:
    """The judge scores the same anchor answers otherwise than at the start."""
    curve = looked.run["component/anchor"]
    if len(curve) >= 10:
        moved = change(curve.values)
        if abs(moved.difference) > max(SURE_ERRORS * moved.error, EFFECT * looked.span):
            advice = "The judge has changed: pin its version, and calibrate it again."
            yield _found("judge_drift", curve, onset(curve.values), _moved(curve), advice)


Rule = Callable[[Looked], Iterator[Finding]]

#: The rules that a verdict rests on, in the order of their weight in a report.
WEIGHTY: tuple[Rule, ...] = (goal, fell, entropy, length, gradient, flat)
#: What else is worth knowing.
WORTH_KNOWING: tuple[Rule, ...] = (
    *(outage, overfitting, judge_drift, saturation, oscillation, dead_groups),
)


def findings(looked: Looked, rules: tuple[Rule, ...] = WEIGHTY + WORTH_KNOWING) -> list[Finding]:
    """What the rules find, in the order of their weight."""
    return [found for rule in rules for found in rule(looked)]
