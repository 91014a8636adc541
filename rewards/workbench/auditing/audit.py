"""What the best wrong answers earn: every attack on every row, by the composed reward."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Literal, NamedTuple

from rewards.core.score import Reward
from rewards.workbench.auditing.attacks.attack import Attack
from rewards.workbench.auditing.attacks.listed import ATTACKS
from rewards.workbench.auditing.attacks.material import Material
from rewards.workbench.auditing.cases import Case, Cases
from rewards.workbench.auditing.forms import Completion
from rewards.workbench.auditing.golds import Kind
from rewards.workbench.auditing.paying import Payer
from rewards.workbench.auditing.reading import FormsRead, readings

#: A wrong answer that earns this share of the right one is a hole.
THRESHOLD = 0.5

#: Rows that an attack has to be paid on, as a share of those it was tried on, and at least.
LEAST_SHARE, LEAST_ROWS = 0.1, 2

#: Rows that are tried by default; of rubrics that run programs or queries fewer.
ROWS, ROWS_OF = 300, {"code": 16, "sql": 100}

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class AttackOutcome:
    """What an attack earned.

    `share_of_gold` is what its best variant earns of what the right answer does: the mean of the
    rows that pay it at least the threshold, where these are a tenth of all (`rows`, as lines of the
    file); else the mean of all rows that it was tried on. `component` is the one that paid most.
    """

    name: str
    share_of_gold: float
    component: str
    rows: tuple[int, ...]
    variant: str = ""
    tried: int = 0
    rule: str = ""
    remedy: str = ""
    example: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The attack as `--json` has it."""
        return {
            "name": self.name,
            "share_of_gold": self.share_of_gold,
            "component": self.component,
            "rows": list(self.rows),
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """What `rewards audit` says: the attacks in the order of their cost."""

    verdict: Literal["pass", "fail"]
    attacks: tuple[AttackOutcome, ...]
    threshold: float
    rows: int
    unusable: int
    scored: int

    @property
    def holes(self) -> tuple[AttackOutcome, ...]:
        """The attacks that are paid."""
        return tuple(one for one in self.attacks if one.share_of_gold >= self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {"verdict": self.verdict, "attacks": [one.to_dict() for one in self.attacks]}

    def with_outcome(self, outcome: AttackOutcome, scored: int) -> "Audit":
        """The same with one more attack."""
        attacks = (*self.attacks, outcome)
        fails = any(one.share_of_gold >= self.threshold for one in attacks)
        return replace(
            self, verdict="fail" if fails else "pass", attacks=attacks, scored=self.scored + scored
        )


class Tried(NamedTuple):
    """A wrong answer to a row, what it earned, and as a share of what the right one does."""

    case: Case
    completion: Completion
    reward: Reward
    share: float


class AttackedRubric:
    """A rubric and the rows on which it is attacked."""

    def __init__(self, payer: Payer, cases: Cases) -> None:
        """Find out which forms the rubric reads, and what the right answer of each row earns."""
        self.payer = payer
        self.cases = cases.cases
        self.read: Mapping[Kind, FormsRead] = readings(payer, cases.cases)
        self.known = Material(payer.rubric, cases.cases, self.read)
        self.gold = self._golds()

    def _golds(self) -> dict[int, float]:
        asked = [
            (case, completion)
            for case in self.cases
            for form in (self.read[case.gold.kind].forms[:3] or (self.read[case.gold.kind].best,))
            if (completion := form.right(case.gold)) is not None
        ]
        gold: dict[int, float] = {}
        for (case, _), reward in zip(asked, self.payer.pay(asked, right=True), strict=True):
            gold[case.line] = max(gold.get(case.line, reward.value), reward.value)
        return gold

    def share(self, case: Case, reward: Reward) -> float:
        """What a wrong answer earns of what the row's right one does."""
        return self.payer.share(reward.value, self.gold.get(case.line, self.payer.full))


def default_rows(payer: Payer) -> int:
    """How many rows are tried where nobody says."""
    families = [one.scorer.address.partition(".")[0] for one in payer.rubric.components]
    return min(ROWS_OF.get(family, ROWS) for family in families)


def audit(
    target: AttackedRubric,
    threshold: float = THRESHOLD,
    attacks: Sequence[Attack] = ATTACKS,
    progress: Progress = lambda scored: None,
) -> Audit:
    """Try every attack on every row; `progress` is told how many answers have been scored.

    Raises:
        SpecError: the rubric could not score.
    """
    outcomes = []
    for one in attacks:
        outcomes.append(_tried(one, target, threshold))
        progress(target.payer.scored)
    fails = any(one.share_of_gold >= threshold for one in outcomes)
    return Audit(
        "fail" if fails else "pass",
        tuple(outcomes),
        threshold,
        len(target.cases),
        0,
        target.payer.scored,
    )


def _tried(one: Attack, target: AttackedRubric, threshold: float) -> AttackOutcome:
    asked = [
        (variant, case, completion)
        for case in target.cases
        if not is_free(case)
        for variant, completion in one.variants(case, target.known).items()
    ]
    rewards = target.payer.pay([(case, completion) for _, case, completion in asked])
    by_variant: dict[str, list[Tried]] = {}
    for (variant, case, completion), reward in zip(asked, rewards, strict=True):
        tried = Tried(case, completion, reward, target.share(case, reward))
        by_variant.setdefault(variant, []).append(tried)
    best = AttackOutcome(one.name, 0.0, "", (), rule=one.rule, remedy=one.remedy)
    for variant, tried_ in by_variant.items():
        found = outcome_of(one, variant, tried_, target, threshold)
        if found.share_of_gold > best.share_of_gold or not best.tried:
            best = found
    return best


def is_free(case: Case) -> bool:
    """Whether the right answer is to do nothing, so that hardly any attack is wrong."""
    return case.gold.kind == "calls" and not case.gold.value


def outcome_of(
    attack: Attack,
    variant: str,
    tried: Sequence[Tried],
    target: AttackedRubric,
    threshold: float,
) -> AttackOutcome:
    """What one variant earned over its rows; one that fits a row in a hundred is no strategy."""
    if not tried:
        return AttackOutcome(attack.name, 0.0, "", (), rule=attack.rule, remedy=attack.remedy)
    paid = [one for one in tried if one.share >= threshold]
    fits = max(len(tried), round(LEAST_SHARE * len(target.cases)))
    mean = sum(one.share for one in tried) / fits
    least = min(LEAST_ROWS, len(target.cases))
    counts = len(paid) >= max(least, LEAST_SHARE * fits)
    if attack.averaged:
        counts = mean >= threshold
    shown = paid if paid and counts and not attack.averaged else tried
    share = fmean(one.share for one in shown) if shown is paid else mean
    best = max(shown, key=lambda one: one.share)
    return AttackOutcome(
        attack.name,
        share,
        _paid_by(target.payer, shown) if share > 0 else "",
        tuple(one.case.line for one in paid) if counts else (),
        variant,
        len(tried),
        attack.rule,
        attack.remedy,
        best.completion.text,
    )


def _paid_by(payer: Payer, tried: Sequence[Tried]) -> str:
    """The component that paid most; empty where none paid."""
    totals: dict[str, float] = {}
    for one in tried:
        for component, part in payer.parts(one.reward).items():
            totals[component] = totals.get(component, 0.0) + part
    most = max(totals, key=lambda component: totals[component], default="")
    return most if totals.get(most, 0.0) > 0 else ""
