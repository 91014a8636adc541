"""Whether a rubric pays a data set's own references in full, in every form, and nothing like them.

Every row is asked in every form that the rubric reads, in forms that should make no difference, and
with wrong answers made of the right one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from rewards.core.score import Reward
from rewards.workbench.auditing.cases import Case, Cases
from rewards.workbench.auditing.corruptions import CORRUPTIONS, others
from rewards.workbench.auditing.forms import Completion, Form, neutral
from rewards.workbench.auditing.golds import Kind
from rewards.workbench.auditing.paying import Payer
from rewards.workbench.auditing.reading import FormsRead, readings

#: How often the same answers are scored; each time has to give the same bytes.
RUNS = 3

#: A wrong answer earns less than this share of what the right one earns.
HALF = 0.5

#: In place of a form, where a row misses full marks in every form that is read.
ALL_FORMS = "all forms"

#: Answers between two words of progress.
_TOLD_OF = 512

#: A right answer that is not paid, or a wrong one that is; how it was written made a difference.
Severity = Literal["error", "warning"]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that does not earn what it should, in one form: `row` is its line in the file."""

    row: int
    form: str
    reward: float
    why: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Margin:
    """How far right and wrong answers are apart, as shares of the range.

    `least` is the smallest distance of any row, in `row`: its worst-paid right answer less its
    best-paid wrong one. `typical` is the median of the rows.
    """

    least: float
    row: int
    typical: float


@dataclass(frozen=True, slots=True)
class Selfcheck:
    """What `rewards selfcheck` says. `forms` are those that the rubric reads, by kind of answer."""

    verdict: Literal["pass", "fail"]
    rows: int
    failures: tuple[Failure, ...]
    forms: Mapping[Kind, tuple[str, ...]]
    unread: Mapping[Kind, tuple[str, ...]]
    corruptions: tuple[str, ...]
    margin: Margin | None
    scored: int

    def to_dict(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "verdict": self.verdict,
            "rows": self.rows,
            "failures": [
                {"row": one.row, "form": one.form, "reward": one.reward, "why": one.why}
                for one in self.failures
            ],
        }


class _Asked(NamedTuple):
    """One answer to one row, and what is expected of it."""

    case: Case
    form: str
    answer: Completion


class _Paid(NamedTuple):
    asked: _Asked
    reward: Reward


def selfcheck(
    dataset: Cases,
    payer: Payer,
    templates: tuple[str, ...] = (),
    progress: Progress = lambda scored: None,
) -> Selfcheck:
    """Try a rubric on its rows' own references.

    `templates` are further forms, with `{reference}` in the place of the answer. `progress` is told
    how many answers have been scored.

    Raises:
        SpecError: nothing could be scored.
    """
    cases = dataset.cases
    read = readings(payer, cases, templates)
    right = _paid(payer, _right(cases, read), True, progress)
    varied = _paid(payer, _varied(cases, read), True, progress)
    wrong = _paid(payer, _wrong(cases, read), False, progress)
    failures = [
        *(Failure(row, "row", payer.low, why) for row, why in dataset.unusable),
        *_unread(payer, right, read),
        *(missed := list(_not_full(payer, right, read))),
        *_differing(payer, varied, {one.row for one in missed if one.form == ALL_FORMS}),
        *_paid_wrong(payer, right, wrong),
        *_unsteady(payer, right, read, progress),
    ]
    failures.sort(key=lambda one: one.row)
    return Selfcheck(
        "fail" if failures else "pass",
        dataset.rows,
        tuple(failures),
        {kind: tuple(form.name for form in one.forms) for kind, one in read.items()},
        {kind: one.unread for kind, one in read.items()},
        tuple(dict.fromkeys(one.asked.form for one in wrong)),
        _margin(payer, right, wrong),
        payer.scored,
    )


def _paid(payer: Payer, asked: Sequence[_Asked], right: bool, progress: Progress) -> list[_Paid]:
    found: list[_Paid] = []
    for start in range(0, len(asked), _TOLD_OF):
        part = asked[start : start + _TOLD_OF]
        rewards = payer.pay([(one.case, one.answer) for one in part], right=right)
        found += map(_Paid, part, rewards)
        progress(payer.scored)
    return found


def _in(form: Form, cases: Sequence[Case]) -> Iterator[_Asked]:
    for case in cases:
        if (answer := form.right(case.gold)) is not None:
            yield _Asked(case, form.name, answer)


def _right(cases: Sequence[Case], read: Mapping[Kind, FormsRead]) -> list[_Asked]:
    """Right answers in every form that is read; where none is, in the one that earns most.

    A row that has no answer in any of these forms is asked bare.
    """
    found = []
    for kind, reading in read.items():
        rows = [case for case in cases if case.gold.kind == kind]
        asked = [one for form in reading.forms or (reading.best,) for one in _in(form, rows)]
        there = {one.case.line for one in asked}
        bare = [case for case in rows if case.line not in there]
        found += [*asked, *(_Asked(case, "bare", Completion(case.gold.final)) for case in bare)]
    return found


def _varied(cases: Sequence[Case], read: Mapping[Kind, FormsRead]) -> list[_Asked]:
    """Right answers that are written a little differently."""
    return [
        asked
        for kind, reading in read.items()
        if reading.forms
        for form in neutral(reading.best, kind)
        for asked in _in(form, [case for case in cases if case.gold.kind == kind])
    ]


def _wrong(cases: Sequence[Case], read: Mapping[Kind, FormsRead]) -> list[_Asked]:
    """Wrong answers in the form that is read best."""
    prompts = [case.sample.prompt_text for case in cases]
    swapped = others([case.gold for case in cases], prompts)
    found = []
    for case, other in zip(cases, swapped, strict=True):
        stated = {name: corrupt(case.gold) for name, corrupt in CORRUPTIONS.items()}
        stated["another row's reference"] = other
        for name, wrong in stated.items():
            if wrong is not None and not case.gold.is_answered_by(wrong):
                answer = read[case.gold.kind].state(case.gold, wrong)
                found.append(_Asked(case, name, answer))
    return found


def _unread(
    payer: Payer, right: Sequence[_Paid], read: Mapping[Kind, FormsRead]
) -> Iterator[Failure]:
    """Rows of a kind of answer of which the rubric reads no form at all."""
    for (case, form, _), reward in right:
        if not read[case.gold.kind].forms:
            why = f"no form earns full marks ({payer.full:g}); the best: {payer.why(reward)}"
            yield Failure(case.line, form, reward.value, why)


def _not_full(
    payer: Payer, right: Sequence[_Paid], read: Mapping[Kind, FormsRead]
) -> Iterator[Failure]:
    """Rows that miss full marks in a form that is read; a row that misses all is said once."""
    by_row: dict[int, list[_Paid]] = {}
    for one in right:
        if read[one.asked.case.gold.kind].forms:
            by_row.setdefault(one.asked.case.line, []).append(one)
    for line, paid in by_row.items():
        missed = [one for one in paid if not payer.is_full(one.reward)]
        if len(missed) == len(paid) > 1:
            best = max(paid, key=lambda one: one.reward.value)
            yield Failure(line, ALL_FORMS, best.reward.value, payer.why(best.reward))
            continue
        for one in missed:
            yield Failure(line, one.asked.form, one.reward.value, payer.why(one.reward))


def _differing(
    payer: Payer, varied: Sequence[_Paid], missed_anyway: Collection[int]
) -> Iterator[Failure]:
    """Rows that a small difference costs; one that costs most rows is what the rubric wants."""
    by_form: dict[str, list[_Paid]] = {}
    for one in varied:
        by_form.setdefault(one.asked.form, []).append(one)
    for form, paid in by_form.items():
        missed = [one for one in paid if not payer.is_full(one.reward)]
        if 2 * len(missed) < len(paid):
            for (case, _, _), reward in missed:
                if case.line in missed_anyway:
                    continue
                yield Failure(case.line, form, reward.value, payer.why(reward), "warning")


def _best_right(right: Sequence[_Paid]) -> dict[int, float]:
    best: dict[int, float] = {}
    for one in right:
        line = one.asked.case.line
        best[line] = max(best.get(line, one.reward.value), one.reward.value)
    return best


def _paid_wrong(payer: Payer, right: Sequence[_Paid], wrong: Sequence[_Paid]) -> Iterator[Failure]:
    """Wrong answers that earn half of what the right one does, and more."""
    best = _best_right(right)
    for (case, form, _), reward in wrong:
        share = payer.share(reward.value, best[case.line])
        if share >= HALF:
            why = f"a wrong answer earns {share:.0%} of the right one: {payer.why(reward)}"
            yield Failure(case.line, form, reward.value, why)


def _unsteady(
    payer: Payer, right: Sequence[_Paid], read: Mapping[Kind, FormsRead], progress: Progress
) -> Iterator[Failure]:
    """Rows whose reward, verdicts or reasons change when the same answer is scored again."""
    first = [one for one in right if one.asked.form == read[one.asked.case.gold.kind].best.name]
    told: set[int] = set()
    for _ in range(RUNS - 1):
        again = _paid(payer, [one.asked for one in first], True, progress)
        for before, after in zip(first, again, strict=True):
            line = before.asked.case.line
            if line not in told and _bytes(before.reward) != _bytes(after.reward):
                told.add(line)
                change = f"{before.reward.value:g}, then {after.reward.value:g}"
                why = f"the same answer is scored differently again ({change})"
                yield Failure(line, f"{before.asked.form}, again", after.reward.value, why)


def _bytes(reward: Reward) -> str:
    return repr((reward.value, sorted(reward.scores.items()), sorted(reward.faults.items())))


def _margin(payer: Payer, right: Sequence[_Paid], wrong: Sequence[_Paid]) -> Margin | None:
    """How far right and wrong are apart, over the rows that have both."""
    worst_right: dict[int, float] = {}
    best_wrong: dict[int, float] = {}
    for one in right:
        line = one.asked.case.line
        worst_right[line] = min(worst_right.get(line, one.reward.value), one.reward.value)
    for one in wrong:
        line = one.asked.case.line
        best_wrong[line] = max(best_wrong.get(line, one.reward.value), one.reward.value)
    whole = payer.full - payer.low
    apart = sorted(
        ((worst_right[line] - best_wrong[line]) / whole, line)
        for line in worst_right.keys() & best_wrong.keys()
    )
    if not apart:
        return None
    least, row = apart[0]
    return Margin(least, row, apart[len(apart) // 2][0])
