"""Numbers that are near the right one, or of another size."""

from rewards.workbench.auditing.attacks.attack import Known, Variants, attack
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.corruptions import Corrupt, plus, times

_EXACT = "compare exactly, or with a tolerance that is small against the differences that count"
_SIZE = "keep sign, size and unit: strip nothing of a number but separators and currency"


def _stated(case: Case, known: Known, changes: dict[str, Corrupt]) -> Variants:
    for name, change in changes.items():
        wrong = change(case.gold)
        if wrong is not None and not case.gold.is_answered_by(wrong):
            yield name, known.state(case, wrong)


@attack(_EXACT)
def off_by_one(case: Case, known: Known) -> Variants:
    """The number and one more, or one less."""
    yield from _stated(case, known, {"plus 1": plus(1), "minus 1": plus(-1)})


@attack(_EXACT)
def nearby(case: Case, known: Known) -> Variants:
    """A number that is a few per cent off."""
    yield from _stated(case, known, {"2 % more": times("1.02"), "10 % less": times("0.9")})


@attack(_SIZE)
def sign_changed(case: Case, known: Known) -> Variants:
    """The number with the other sign."""
    yield from _stated(case, known, {"sign": times("-1")})


@attack(_SIZE)
def times_ten(case: Case, known: Known) -> Variants:
    """Ten times the number, or a tenth."""
    yield from _stated(case, known, {"ten times": times("10"), "a tenth": times("0.1")})


@attack(_SIZE)
def times_hundred(case: Case, known: Known) -> Variants:
    """A hundred times the number, or a hundredth, as a percent sign or a unit hides."""
    yield from _stated(case, known, {"a hundred": times("100"), "a hundredth": times("0.01")})


@attack(_SIZE)
def times_thousand(case: Case, known: Known) -> Variants:
    """A thousand times the number: digits appended to the right ones."""
    yield from _stated(case, known, {"a thousand": times("1000")})
