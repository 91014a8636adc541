"""Which forms of a right answer a rubric pays in full: those that it reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import SpecError
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.forms import SOLUTION, Completion, Form, forms_of
from rewards.workbench.auditing.golds import Gold, Kind
from rewards.workbench.auditing.paying import Payer

#: Rows, of each kind, on which the forms are tried.
SAMPLE = 32

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FormsRead:
    """What a rubric reads of one kind of answer.

    `forms` are paid in full on most of the rows tried, the first of them is the plainest; `best` is
    the form that earns most, whether in full or not; `short` the same of those that are no worked
    solution.
    """

    forms: tuple[Form, ...]
    unread: tuple[str, ...]
    best: Form
    short: Form

    def state(self, gold: Gold, stated: str) -> Completion:
        """An answer to the row, right or wrong, in the form that is read best."""
        return self.best.make(gold, stated) or Completion(stated)


def readings(
    payer: Payer, cases: Sequence[Case], templates: tuple[str, ...] = ()
) -> Mapping[Kind, FormsRead]:
    """What a rubric reads, by the kind of answer.

    Raises:
        SpecError: nothing could be scored, since a tool of the rubric fails.
    """
    found: dict[Kind, FormsRead] = {}
    kinds: dict[Kind, None] = dict.fromkeys(case.gold.kind for case in cases)
    for kind in kinds:
        rows = [case for case in cases if case.gold.kind == kind]
        step = max(1, -(-len(rows) // SAMPLE))
        found[kind] = _reading(payer, rows[::step], forms_of(kind, templates))
    return found


def _reading(payer: Payer, rows: Sequence[Case], forms: Sequence[Form]) -> FormsRead:
    asked = [
        (form, case, answer)
        for form in forms
        for case in rows
        if (answer := form.right(case.gold)) is not None
    ]
    rewards = payer.pay([(case, answer) for _, case, answer in asked], right=True)
    faults = [payer.unscored(reward) for reward in rewards]
    tools = [_failing(payer, reward) for reward in rewards]
    if all(tools) and all(faults):
        raise SpecError(f"rubric {payer.rubric.name} cannot score these rows: {tools[0]}")
    full: dict[str, list[bool]] = {}
    earned: dict[str, list[float]] = {}
    for (form, _, _), reward in zip(asked, rewards, strict=True):
        full.setdefault(form.name, []).append(payer.is_full(reward))
        earned.setdefault(form.name, []).append(reward.value)
    tried = [form for form in forms if form.name in earned]
    read = tuple(form for form in tried if 2 * sum(full[form.name]) > len(full[form.name]))
    short = [form for form in tried if not form.name.endswith(SOLUTION)] or tried

    def best_of(some: Sequence[Form]) -> Form:
        """The first that is read, else the one that earns most."""
        first = next((form for form in some if form in read), None)
        return first or max(some, key=lambda form: _mean(earned[form.name]))

    unread = tuple(form.name for form in tried if form not in read)
    return FormsRead(read, unread, best_of(tried), best_of(short))


def _failing(payer: Payer, reward: Any) -> str:
    """What a service or an engine said that failed; a row's own fault is none of theirs."""
    counted = [one.name for one in payer.rubric.components if one.counts]
    faults = [reward.faults[name] for name in counted if name in reward.faults]
    return next((fault.detail for fault in faults if fault.blame in ("service", "nobody")), "")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
