"""Which hyperparameters a job should start with: each with its reason, and with who says otherwise.

Published values contradict each other by a factor of a thousand, so that every setting carries the
sources that agree with it and those that do not. What no source tells (the service's speed, its
price for your model) is not made up.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from rewards.core.errors import SpecError
from rewards.rubric import Rubric
from rewards.workbench.datasets.contents import Spread, spread
from rewards.workbench.trials.signal import PromptRewards, dead_share, graded_dead_share

#: Ours: updates that are aimed at, as the validation reward of AWS's run on GSM8K had its plateau
#: after about 40; and the fewest of an epoch, so that there is something to look at.
STEPS_AIMED_AT, LEAST_STEPS_AN_EPOCH = 60, 4

#: Ours: what a "small" data set is, of which the post speaks without a figure.
SMALL_ROWS = 1_000

#: A prompt this much longer than 99 of a hundred is an outlier.
_OUTLIER = 4

_GROUP_SIZES = (4, 8, 16)
_MOST_DEAD = 0.5

#: Families whose answers are long: programs.
_LONG_FORM = frozenset({"code"})

POST = "AWS post on best practices (April 2026)"
DEFAULT = "default of AWS's Nova Forge SDK"
GUIDE = "example in the user guide"
NOTEBOOK = "AWS sample notebooks"


@dataclass(frozen=True, slots=True)
class Setting:
    """One hyperparameter: its value, why, who says the same and who does not, what is allowed."""

    name: str
    value: float | int | str
    why: str
    agree: tuple[str, ...]
    differ: tuple[str, ...]
    bounds: str


class Cost(NamedTuple):
    """What a call of the grader costs and takes; None where nobody said."""

    money_a_call: float | None = None
    seconds_a_call: float | None = None
    concurrency: int = 32


@dataclass(frozen=True, slots=True)
class CostPlan:
    """What the job does with these settings; None where it cannot be told from what was given."""

    rows: int
    dropped: int
    steps_an_epoch: int
    steps: int
    training_calls: int
    validation_calls: int
    useful_groups_a_step: float | None
    grader_money: float | None
    grader_hours: float | None


@dataclass(frozen=True, slots=True)
class HyperparameterAdvice:
    """What `rewards advise` says; `--json` prints it."""

    settings: tuple[Setting, ...]
    plan: CostPlan
    dead_share: Mapping[int, float]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; group sizes as text."""
        shares = {str(size): share for size, share in self.dead_share.items()}
        return {**asdict(self), "dead_share": shares}


@dataclass(frozen=True, slots=True)
class Basis:
    """What is known of the job: its rows, and of the base model's answers what was sampled.

    `prompts` are the tokens of each; `is_exact` where a tokenizer counted them, else the high end
    of an estimate.
    """

    prompts: Sequence[int]
    validation_rows: int
    references: Spread | None
    rubric: Rubric
    is_exact: bool = False
    answers: Sequence[PromptRewards] = ()
    completions: Spread | None = None


def advised(basis: Basis, cost: Cost) -> HyperparameterAdvice:
    """The settings that a first job should have.

    Raises:
        SpecError: there are no rows.
    """
    prompts = spread(list(basis.prompts))
    if prompts is None:
        raise SpecError("no row has a prompt: rewards dataset check says why")
    shares = _dead_shares(basis.answers)
    longest = _prompt_length(prompts, is_exact=basis.is_exact)
    dropped = sum(length > int(longest.value) for length in basis.prompts)
    rows = len(basis.prompts) - dropped
    group = _group_size(shares)
    batch = _batch(rows, shares.get(int(group.value)))
    steps_an_epoch = math.ceil(rows / int(batch.value))
    epochs = _epochs(rows, steps_an_epoch)
    every = _eval_interval(rows, int(batch.value))
    settings = (
        *(epochs, batch, group, _learning_rate(), longest, _answer_length(basis), every),
        _early_stopping(basis),
    )
    plan = _plan(basis, cost, rows, dropped, [int(s.value) for s in (epochs, batch, group, every)])
    dead = shares.get(int(group.value))
    useful = None if dead is None else round(int(batch.value) * (1 - dead), 2)
    plan = CostPlan(**{**asdict(plan), "useful_groups_a_step": useful})
    return HyperparameterAdvice(settings, plan, shares, tuple(_notes(basis, plan, shares)))


def _dead_shares(answers: Sequence[PromptRewards]) -> dict[int, float]:
    """The share of groups without gradient at each size that can be told."""
    prompts = [prompt for prompt in answers if len(prompt.rewards) > 1]
    values = {reward for prompt in prompts for reward in prompt.rewards}
    found: dict[int, float] = {}
    for size in _GROUP_SIZES if prompts else ():
        if len(values) <= 2:
            right = max(values)
            counts = [(prompt.rewards.count(right), len(prompt.rewards)) for prompt in prompts]
            share: float | None = dead_share(counts, size)
        else:
            share = graded_dead_share(prompts, size)
        if share is not None:
            found[size] = round(share, 4)
    return found


def _prompt_length(prompts: Spread, *, is_exact: bool) -> Setting:
    has_outliers = prompts.most > _OUTLIER * prompts.p99
    wanted = prompts.p99 if has_outliers else prompts.most
    value = -(-wanted // 64) * 64
    known = "counted by your tokenizer" if is_exact else "the high end of an estimate"
    which = (
        "all but one prompt in a hundred; the others are over"
        f" {_OUTLIER} times as long and would be dropped"
        if has_outliers
        else "the longest prompt"
    )
    return Setting(
        "maxPromptLength",
        value,
        f"{which}: {wanted:,} tokens, {known}; longer prompts are dropped without a word",
        (f"{POST}: the longest prompt, or all but outliers",),
        (f"{DEFAULT}: 8192",),
        "1 and more",
    )


def _answer_length(basis: Basis) -> Setting:
    families = {c.scorer.address.partition(".")[0] for c in basis.rubric.components if c.counts}
    is_long = not families.isdisjoint(_LONG_FORM)
    if basis.completions is not None:
        wanted = max(1024, 3 * basis.completions.p99 // 2)
        why = (
            f"1.5 times the 99th percentile of the answers given, {basis.completions.p99:,} tokens"
        )
    elif is_long:
        wanted, why = 4096, "the rubric reads programs"
    elif basis.references is not None:
        wanted = max(1024, 3 * basis.references.p99)
        why = f"3 times the 99th percentile of the references, {basis.references.p99:,} tokens"
    else:
        wanted, why = 2048, "there is neither an answer nor a reference to go by: the default"
    value = -(-wanted // 256) * 256
    posts = (
        f"{POST}: {'over 4,096 for code and long form' if is_long else '1,024 for simple tasks'}"
    )
    agree = value > 4096 if is_long else value == 1024
    notebook = f"{NOTEBOOK}: 3 times the 99th percentile of the references"
    others = (f"{DEFAULT}: 2048", f"{GUIDE}: 8192", notebook)
    same = [o for o in others if o.endswith(f": {value}")]
    if basis.references is not None and value - 256 < 3 * basis.references.p99 <= value:
        same.append(notebook)
    return Setting(
        "inferenceMaxTokens",
        value,
        f"{why}, at least 1,024; a cut answer earns nothing, and a large bound costs time",
        (*([posts] if agree else []), *same),
        (*([] if agree else [posts]), *(o for o in others if o not in same)),
        "1 and more",
    )


def _group_size(shares: Mapping[int, float]) -> Setting:
    fit = [size for size, share in shares.items() if share <= _MOST_DEAD / (1 + (size == 4))]
    if not shares:
        value, why = 8, "no answers were given (--rollouts): the default"
    elif fit:
        value = min(fit)
        why = f"{shares[value]:.0%} of the groups give no gradient: half, or of 4 a quarter, may"
    else:
        value = max(shares)
        why = f"{shares[value]:.0%} of the groups give no gradient even so: drop prompts first"
    said = {8: (DEFAULT,), 4: (GUIDE,), 16: (f"{POST}, its sweep",)}
    return Setting(
        "trainingSamplePerPrompt",
        value,
        why,
        said[value],
        tuple(f"{who}: {size}" for size, names in said.items() for who in names if size != value),
        "2 to 16",
    )


def _batch(rows: int, dead: float | None) -> Setting:
    value = 128
    while value > 16 and rows < LEAST_STEPS_AN_EPOCH * value:
        value //= 2
    why = (
        "suits most"
        if value == 128
        else f"the largest that leaves {LEAST_STEPS_AN_EPOCH} steps in an epoch of {rows:,} rows"
    )
    if dead is not None:
        why += f"; {value * (1 - dead):.0f} of its groups give a gradient"
    said = (f"{POST}: 128 for most", f"{DEFAULT}: 128")
    agree, differ = (said, ()) if value == 128 else ((), said)
    return Setting("batchSize", value, why, agree, differ, "16 to 512")


def _epochs(rows: int, steps: int) -> Setting:
    low, high = (6, 12) if rows < SMALL_ROWS else (3, 6)
    value = min(high, max(low, math.ceil(STEPS_AIMED_AT / steps)))
    size = "small" if rows < SMALL_ROWS else "large"
    return Setting(
        "epochCount",
        value,
        f"{value * steps:,} updates; in the post's run the validation reward rose for about 40",
        (f"{POST}: {low} to {high} for {size} sets",),
        (f"{DEFAULT}: 1",),
        "1 to 50",
    )


def _learning_rate() -> Setting:
    return Setting(
        "learningRate",
        1e-4,
        "LoRA of rank 32 is what the service trains; lower it where the reward swings or collapses",
        (f"{POST}: 1e-4 to 1e-3 was best in its sweep",),
        (
            f"{NOTEBOOK}: 5e-5",
            "public runs of rank 32 (Cog): 4e-5 to 8e-5",
            f"{DEFAULT}: 1e-5",
            f"{GUIDE}: 1e-5",
            "SageMaker pages: 1e-7",
            "full fine-tuning, not LoRA: 1e-4 collapsed within 11 steps, 1e-5 to 3e-5 was good",
        ),
        "1e-7 to 1e-3",
    )


def _eval_interval(rows: int, batch: int) -> Setting:
    value = max(1, min(10, rows // batch))
    agree = [f"{POST}: the lesser of 10 and rows / batchSize"]
    default = f"{DEFAULT}: 10"
    return Setting(
        "evalInterval",
        value,
        "at least one look at the validation set an epoch",
        tuple([*agree, default] if value == 10 else agree),
        () if value == 10 else (default,),
        "1 to 100",
    )


def _early_stopping(basis: Basis) -> Setting:
    why = "the service's own, which no request sets; it watches the validation set"
    if not basis.validation_rows:
        why += ", and you gave none: rewards dataset split"
    return Setting("early stopping", "on", why, (f"{POST}: on by default",), (), "not to be set")


def _plan(basis: Basis, cost: Cost, rows: int, dropped: int, given: Sequence[int]) -> CostPlan:
    epochs, batch, group, every = given
    an_epoch = math.ceil(rows / batch)
    steps = an_epoch * epochs
    training, validation = rows * epochs * group, basis.validation_rows * (steps // every)
    calls = training + validation
    money = None if cost.money_a_call is None else round(calls * cost.money_a_call, 2)
    seconds = cost.seconds_a_call
    hours = None if seconds is None else round(calls * seconds / cost.concurrency / 3600, 2)
    return CostPlan(rows, dropped, an_epoch, steps, training, validation, None, money, hours)


def _notes(basis: Basis, plan: CostPlan, shares: Mapping[int, float]) -> list[str]:
    notes = []
    if len(basis.prompts) < 200:
        notes.append(f"{POST}: 100 to 200 rows try prompts and reward out, 200 to 5,000 train")
    if not shares:
        notes.append(
            "four answers of the base model to each of 100 prompts (--rollouts) would tell how many"
            " groups give a gradient"
        )
    if plan.grader_money is None and basis.rubric.is_async:
        notes.append("what the judge costs is told with --call-cost and --call-seconds")
    notes.append("how long the service trains, and for what price, no source says: not told here")
    return notes
