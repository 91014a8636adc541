"""An attack: a way to answer every row wrongly, in one or several variants."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.forms import Completion


class Known(Protocol):
    """What an attack may know of the whole data set, and of the rubric."""

    constants: tuple[str, ...]
    majority: str
    labels: tuple[str, ...]
    words: tuple[str, ...]
    tags: tuple[str, ...]
    by_state: bool

    def state(self, case: Case, stated: str) -> Completion:
        """A bare answer in the form that the rubric reads best."""
        ...

    def wrong(self, case: Case) -> str:
        """A bare answer that is wrong, and looks like a right one."""
        ...

    def other(self, case: Case) -> str | None:
        """The right answer of another row."""
        ...


#: Variants by a name each: the same strategy on every row, as a policy would learn one.
Variants = Iterator[tuple[str, Completion | str]]
Make = Callable[[Case, Known], Variants]


@dataclass(frozen=True, slots=True)
class Attack:
    """What is tried, by which rule, and what to change where it pays."""

    name: str
    rule: str
    remedy: str
    make: Make
    blind: bool = False
    averaged: bool = False

    def variants(self, case: Case, known: Known) -> Mapping[str, Completion]:
        """The answers to one row; nothing where the attack does not fit its kind of answer."""
        made = {
            name: Completion(answer) if isinstance(answer, str) else answer
            for name, answer in self.make(case, known)
        }
        if not self.blind:
            return made
        # What does not look at the row may say its answer by chance.
        return {n: one for n, one in made.items() if not case.gold.is_mentioned_in(one.text)}


def attack(remedy: str, *, blind: bool = False, averaged: bool = False) -> Callable[[Make], Attack]:
    """Make an attack of a function: its name, its docstring's first line the rule.

    One that is `blind` knows nothing of the row's answer, and is no attack where it names it.
    One that is `averaged` is one answer for all rows: it has to pay on the mean of them.
    """

    def decorate(make: Make) -> Attack:
        rule = (make.__doc__ or "").strip().partition("\n")[0]
        return Attack(make.__name__, rule, remedy, make, blind, averaged)

    return decorate
