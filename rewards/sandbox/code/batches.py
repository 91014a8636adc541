"""How the programs of a batch share the time that there is, and the engine.

Whoever needs programs run is a generator: it yields some and is sent what became of each. Those of
a batch go side by side, and what is identical is run once.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from rewards.core.errors import PASSES, DeadlineError
from rewards.sandbox.code.protocol import CodeRunner, Limits, Outcome, Program

T = TypeVar("T")

#: Work under way: programs out, outcomes in, and what it comes to.
Steps = Generator[list[Program], list[Outcome | None], T]


def of_time(outcome: Outcome | None) -> Outcome:
    """An outcome that there is; `DeadlineError` where there was no time for it."""
    if outcome is None:
        raise DeadlineError("no time left to run the program")
    return outcome


def ended(program: Program) -> Steps[Outcome]:
    """What became of one program; `DeadlineError` where there was no time for it."""
    (outcome,) = yield [program]
    return of_time(outcome)


#: What each program of a batch first gets of its fuel, and how much more each time after that.
FIRST_FUEL, GROWTH = 60_000_000, 8


def shares(limits: Limits) -> Iterator[Limits]:
    """Limits that grow up to these: what runs out of one is run again with the next.

    >>> [share.fuel for share in shares(Limits(fuel=2_000_000_000))]
    [60000000, 480000000, 2000000000]
    """
    fuel = FIRST_FUEL
    while fuel < limits.fuel:
        seconds = min(limits.seconds, max(1.0, limits.seconds * fuel / limits.fuel))
        yield replace(limits, fuel=fuel, seconds=seconds)
        fuel *= GROWTH
    yield limits


def together(
    steps: Sequence[Steps[T]], runner: CodeRunner, limits: Limits, deadline: float
) -> list[T | BaseException]:
    """Go through judgements side by side: what each comes to, or raises, in order.

    All of them come as far as they can with a small share of their fuel before any program gets a
    larger one: endless loops take no time from what stands beside them.
    """
    recent = _recent(runner, limits)
    batch = _Batch(steps, recent)
    for share in shares(limits):
        todo = list(batch.wanted)
        while todo:
            programs = list(dict.fromkeys(p for index in todo for p in batch.missing(index)))
            outcomes = runner.run(programs, share, deadline) if programs else []
            for program, outcome in zip(programs, outcomes, strict=True):
                if share is limits or outcome is None or outcome.ended not in ("fuel", "time"):
                    batch.known[program] = outcome
                if outcome is not None and _is_kept(program, outcome):
                    recent[program] = outcome
            todo = [index for index in todo if batch.went_on(index)]
    return [batch.found[index] for index in range(len(steps))]


#: What became of the last programs, by engine and limits: a gate and a component that pays ask for
#: the same, and so do rollouts of one prompt.
_RECENT: WeakKeyDictionary[CodeRunner, dict[Limits, dict[Program, Outcome]]] = WeakKeyDictionary()
MAX_RECENT, MAX_RECENT_CHARS = 512, 20_000


def _recent(runner: CodeRunner, limits: Limits) -> dict[Program, Outcome]:
    kept = _RECENT.setdefault(runner, {}).setdefault(limits, {})
    if len(kept) > MAX_RECENT:
        kept.clear()
    return kept


def _is_kept(program: Program, outcome: Outcome) -> bool:
    """Whether it ended by itself, and is small enough to be kept with hundreds of others."""
    told = sum(len(r.value or "") + len(r.arguments or "") for r in outcome.returned)
    size = len(program.source) + len(program.stdin or "") + len(outcome.output) + told
    return outcome.ended in ("done", "exception", "syntax") and size <= MAX_RECENT_CHARS


class _Batch(Generic[T]):
    """Where each judgement stands: the programs that it waits for, or what it came to."""

    def __init__(self, steps: Sequence[Steps[T]], known: Mapping[Program, Outcome]) -> None:
        self.steps = steps
        self.wanted: dict[int, list[Program]] = {}
        self.found: dict[int, T | BaseException] = {}
        self.known: dict[Program, Outcome | None] = dict(known)
        for index in range(len(steps)):
            self._go_on(index, None)

    def missing(self, index: int) -> list[Program]:
        """The programs of which nothing is known yet."""
        return [program for program in self.wanted[index] if program not in self.known]

    def went_on(self, index: int) -> bool:
        """Send a judgement what it waits for, if all is known; whether it wants more now."""
        if self.missing(index):
            return False
        self._go_on(index, [self.known[program] for program in self.wanted.pop(index)])
        return index in self.wanted

    def _go_on(self, index: int, outcomes: list[Outcome | None] | None) -> None:
        try:
            step = self.steps[index]
            self.wanted[index] = next(step) if outcomes is None else step.send(outcomes)
        except StopIteration as done:
            self.found[index] = done.value
        except PASSES:
            raise
        except Exception as error:  # noqa: BLE001 - one judgement's, and nobody else's
            self.found[index] = error
