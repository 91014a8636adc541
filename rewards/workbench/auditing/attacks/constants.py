"""Answers that are the same on every row, or another row's."""

from rewards.workbench.auditing.attacks.attack import Known, Variants, attack
from rewards.workbench.auditing.cases import Case

#: What a policy tries without having seen a reference.
_ANYWAY = ("0", "1", "2", "A", "true", "no", "{}", "[]")


@attack(
    "pay nothing for an answer that is not this row's: compare whole values, not their nearness",
    averaged=True,
)
def best_constant(case: Case, known: Known) -> Variants:
    """The one answer that earns most on all rows together, on those where it is wrong."""
    for stated in dict.fromkeys([*known.constants, *_ANYWAY]):
        if not case.gold.agrees_with(stated):
            yield stated, known.state(case, stated)


@attack("a label that is not this row's must earn nothing, however common it is", averaged=True)
def majority_label(case: Case, known: Known) -> Variants:
    """The most common reference, on the rows that have another one."""
    if known.majority and not case.gold.agrees_with(known.majority):
        yield "stated", known.state(case, known.majority)
        yield "bare", known.majority


@attack("compare with the row's own reference", averaged=True)
def another_reference(case: Case, known: Known) -> Variants:
    """The right answer of another row."""
    other = known.other(case)
    if other is not None:
        yield "stated", known.state(case, other)
        yield "bare", other


@attack("take exactly one label, and refuse an answer that names several")
def all_labels(case: Case, known: Known) -> Variants:
    """Every label that there is, one after the other."""
    if len(known.labels) > 1:
        yield "list", ", ".join(known.labels)
        yield "lines", "\n".join(known.labels)
        yield "stated", known.state(case, " or ".join(known.labels))
