"""How a batch shares its time: quick programs first, whatever stands beside them."""

import math
from collections.abc import Sequence

import pytest

from rewards.core.errors import DeadlineError
from rewards.sandbox.code.batches import Steps, ended, shares, together
from rewards.sandbox.code.protocol import Limits, Outcome, Program

LIMITS = Limits(fuel=2_000_000_000)


class Engine:
    """An engine whose programs say what they need; `patience` is what it has time for in all."""

    name = "counted"

    def __init__(self, patience: float = math.inf) -> None:
        self.patience = patience
        self.ran: list[tuple[str, int]] = []

    def run(
        self, programs: Sequence[Program], limits: Limits, deadline: float = math.inf
    ) -> list[Outcome | None]:
        return [self.outcome(program, limits) for program in programs]

    def outcome(self, program: Program, limits: Limits) -> Outcome | None:
        need = float(program.source.partition(" ")[0])
        taken = min(need, limits.fuel)
        self.patience -= taken
        if self.patience < 0:
            return None
        self.ran.append((program.source, limits.fuel))
        return Outcome("done" if need <= limits.fuel else "fuel", fuel=int(taken))

    def close(self) -> None: ...


def judged(program: str, tests: str) -> Steps[str]:
    """Work of two steps, as most is: the program, then its tests."""
    found = yield from ended(Program(program))
    if found.ended == "done":
        found = yield from ended(Program(tests))
    return found.ended


def test_no_program_gets_a_second_share_before_all_have_come_as_far_as_the_first_takes_them() -> (
    None
):
    """Tests of a quick program come before the rest of a slow one."""
    engine = Engine()
    work = [judged(f"inf loop {n}", "0") for n in range(64)] + [judged("1e6 quick", "1e6 tests")]
    found = together(work, engine, LIMITS, math.inf)

    assert found == ["fuel"] * 64 + ["done"]
    first, second, _ = (share.fuel for share in shares(LIMITS))
    quick = [place for place, (source, _) in enumerate(engine.ran) if source.startswith("1e6")]
    larger = [place for place, (_, fuel) in enumerate(engine.ran) if fuel >= second]
    assert max(quick) < min(larger)
    assert [fuel for source, fuel in engine.ran if source.startswith("1e6")] == [first] * 2


def test_what_a_deadline_leaves_is_a_fault_and_no_verdict() -> None:
    """The endless ones that were not ended yet; never what stands beside them."""
    work = [judged(f"inf loop {n}", "0") for n in range(64)] + [judged("1e6 quick", "1e6 tests")]
    found = together(work, Engine(patience=64 * 60e6 + 3e9), LIMITS, math.inf)

    assert found[-1] == "done"
    assert {str(type(one)) for one in found[:-1]} == {str(DeadlineError)}


@pytest.mark.parametrize("need", [1, 60_000_000, 60_000_001, 480_000_001, 2_000_000_000])
def test_a_program_has_all_of_its_fuel_in_the_end(need: int) -> None:
    """Whatever it was given first: its verdict is that of all of it, and so is its count."""
    (found,) = together([ended(Program(f"{need} x"))], Engine(), LIMITS, math.inf)

    assert found == Outcome("done", fuel=need)


def test_identical_programs_run_once_in_a_batch_wherever_they_stand() -> None:
    engine = Engine()
    together([judged("1 a", "1 b"), judged("1 b", "1 a"), judged("1 a", "1 c")], engine, LIMITS, 0)

    assert sorted(source for source, _ in engine.ran) == ["1 a", "1 b", "1 c"]


def test_what_has_run_is_not_run_again_by_the_same_engine() -> None:
    """A gate and a component that pays ask for the same; what ended at a limit is no answer."""
    engine = Engine()
    for _ in range(2):
        together([judged("1 a", "1 b"), judged("inf c", "0")], engine, LIMITS, math.inf)
    together([judged("1 a", "1 b")], engine, Limits(fuel=100), math.inf)

    assert [source for source, _ in engine.ran].count("1 a") == 2
    assert [source for source, _ in engine.ran].count("inf c") == 2 * len(list(shares(LIMITS)))


def test_the_last_share_is_the_whole_and_small_limits_have_one() -> None:
    """Growing, so that all the runs of an endless program cost little more than the last."""
    fuels = [share.fuel for share in shares(LIMITS)]

    assert fuels == sorted(fuels)
    assert fuels[-1] == LIMITS.fuel
    assert sum(fuels[:-1]) < LIMITS.fuel / 3
    assert list(shares(Limits(fuel=100))) == [Limits(fuel=100)]
