"""Scorers that misbehave in every way that a scorer can, beside some that do not.

What a scorer does on a sample hangs on its seed and the completion alone, so that `figure` says
what a component must have given wherever it behaved. `laws_hold` puts an event through the real
handler and holds its response to that.
"""

import asyncio
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NoReturn
from unittest.mock import patch
from zlib import crc32

from awslambdaric.lambda_runtime_marshaller import to_json

from rewards.core.errors import RefusalError, UnscoredError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import Scorer, group_scorer, scorer
from rewards.rubric import Component, Rubric, use
from rewards.wire.contract import parse_event, rows_of

#: One sample of so many meets a misbehaving scorer's worse side.
SELDOM = 4


class PanicException(BaseException):
    """As libraries in Rust raise it."""


class Unprintable(Exception):
    """Breaks whoever prints it."""

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class NoText(Exception):
    """Is printed as what is no text."""

    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class Leaves(Exception):
    """Ends the process of whoever prints it."""

    def __str__(self) -> str:
        raise SystemExit(3)


class OfNoClass(Exception):
    """Breaks whoever asks what it is."""

    @property
    def __class__(self) -> NoReturn:  # type: ignore[override]
        raise GeneratorExit


class NoFloat:
    """A number that ends the process instead of being one."""

    def __float__(self) -> float:
        raise SystemExit(4)


class Figures(Mapping[str, float]):
    """Metrics that break when they are read."""

    def __getitem__(self, key: str) -> float:
        raise PanicException

    def __iter__(self) -> Iterator[str]:
        raise asyncio.CancelledError

    def __len__(self) -> int:
        return 1


class Verdicts(list[Any]):
    """A list that breaks when it is read."""

    def __iter__(self) -> Iterator[Any]:
        raise PanicException


def _raises(make: Callable[[], BaseException]) -> Callable[[], Any]:
    def behaviour() -> Any:
        raise make()

    return behaviour


def _kind(kind: object, family: type[UnscoredError] = UnscoredError) -> Callable[[], BaseException]:
    def make() -> BaseException:
        error = family("of an odd kind")
        error.kind = kind  # type: ignore[misc, assignment]
        return error

    return make


def _changed_later() -> Score:
    score = Score(1.0)
    object.__setattr__(score, "metrics", {"n": "7"})
    return score


RAISED: dict[str, Callable[[], BaseException]] = {
    "an ordinary error": lambda: KeyError("\ud800"),
    "an error that breaks str()": Unprintable,
    "an error whose str() is none": NoText,
    "an error whose str() exits": Leaves,
    "an error of no class": OfNoClass,
    "a panic": lambda: PanicException("called unwrap() on None"),
    "CancelledError": asyncio.CancelledError,
    "SystemExit": lambda: SystemExit("bye"),
    "GeneratorExit": GeneratorExit,
    "StopIteration": StopIteration,
    "StopAsyncIteration": StopAsyncIteration,
    "MemoryError": MemoryError,
    "a group of errors": lambda: BaseExceptionGroup("two", [PanicException(), SystemExit()]),
    "a class with a hostile name": lambda: type('"},{\n\U0001f34e' * 50, (Exception,), {})("x"),
    "a refusal": lambda: RefusalError("declined"),
    **{f"kind {kind!r:.20}": _kind(kind) for kind in (5, None, {}, "\ud800", "", "a/b", "x" * 999)},
    "a refusal of no kind": _kind([], RefusalError),
}

GIVEN: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "text": lambda: "1.0",
    "bytes": lambda: b"1",
    "NaN": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "more than the range": lambda: 1.5,
    "more than a float": lambda: 10**400,
    "a complex number": lambda: 1j,
    "a decimal NaN": lambda: Decimal("NaN"),
    "a number that exits": NoFloat,
    "a class": lambda: Score,
    "an exception": lambda: PanicException("given"),
    "a list": lambda: [1.0],
    "a list that breaks": lambda: Verdicts([1.0]),
    "a score of text": lambda: Score("1.0"),  # type: ignore[arg-type]
    "textual metrics": lambda: Score(1.0, metrics={"n": "7"}),  # type: ignore[dict-item]
    "metrics that break": lambda: Score(1.0, metrics=Figures()),
    "a metric named by a surrogate": lambda: Score(1.0, metrics={"\ud800": 1.0}),
    "a metric of another's name": lambda: Score(1.0, metrics={"error/exception": 1.0}),
    "a metric that is no float": lambda: Score(1.0, metrics={"n": 10**400}),
    "metrics put there later": _changed_later,
    "a reason that is none": lambda: Score(1.0, reason=b"x"),  # type: ignore[arg-type]
    "an answer that is none": lambda: Score(1.0, answer=5),  # type: ignore[arg-type]
}

#: In any scorer.
BEHAVIOURS = {**{name: _raises(make) for name, make in RAISED.items()}, **GIVEN}


async def _cancels_itself() -> Any:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _cancels_everybody() -> Any:
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(0)


async def _leaves_tasks() -> Any:
    async def fails() -> None:
        raise PanicException

    loop = asyncio.get_running_loop()
    loop.kept = [  # type: ignore[attr-defined]
        loop.create_task(asyncio.Event().wait()),
        loop.create_task(fails()),
    ]
    raise KeyError


async def _stops_the_loop() -> Any:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)


async def _waits_for_a_task_that_exits() -> Any:
    async def exits() -> None:
        raise SystemExit(5)

    return await asyncio.create_task(exits())


#: In async scorers only. None of them has a verdict to give.
OF_LOOPS = {
    "cancels itself": _cancels_itself,
    "cancels everybody": _cancels_everybody,
    "leaves tasks": _leaves_tasks,
    "stops the loop": _stops_the_loop,
    "waits for a task that exits": _waits_for_a_task_that_exits,
}


def _drawn(seed: int, sample: Sample) -> int:
    return crc32(f"{seed}:{sample.completion}".encode("utf-8", "surrogatepass"))


def figure(seed: int, sample: Sample) -> float:
    """What the scorer of this seed pays for a sample, wherever it behaves."""
    return _drawn(seed, sample) % 101 / 100


def is_met(seed: int, sample: Sample) -> bool:
    """Whether the misbehaving scorer of this seed misbehaves on a sample."""
    return _drawn(seed, sample) // 101 % SELDOM == 0


def _behaviour(seed: int, sample: Sample, names: list[str], only: str) -> str:
    return only or names[_drawn(seed, sample) // 101 // SELDOM % len(names)]


@scorer
def sound(sample: Sample, *, seed: int = 0) -> float:
    """The figure."""
    return figure(seed, sample)


@scorer
async def sound_async(sample: Sample, *, seed: int = 0) -> float:
    """The figure, after a turn of the loop."""
    await asyncio.sleep(0)
    return figure(seed, sample)


@group_scorer
def sound_group(samples: list[Sample], *, seed: int = 0) -> list[float]:
    """The figures."""
    return [figure(seed, sample) for sample in samples]


@group_scorer
async def sound_group_async(samples: list[Sample], *, seed: int = 0) -> list[float]:
    """The figures, after a turn of the loop."""
    await asyncio.sleep(0)
    return [figure(seed, sample) for sample in samples]


@scorer
def bad(sample: Sample, *, seed: int = 0, only: str = "") -> Any:
    """The figure, or what `only` (anything, where it is empty) does in its place."""
    if not is_met(seed, sample):
        return figure(seed, sample)
    return BEHAVIOURS[_behaviour(seed, sample, list(BEHAVIOURS), only)]()


@scorer
async def bad_async(sample: Sample, *, seed: int = 0, only: str = "") -> Any:
    """As `bad`, in a loop, with what is there to misuse."""
    if not is_met(seed, sample):
        await asyncio.sleep(0)
        return figure(seed, sample)
    name = _behaviour(seed, sample, [*BEHAVIOURS, *OF_LOOPS], only)
    return await OF_LOOPS[name]() if name in OF_LOOPS else BEHAVIOURS[name]()


@group_scorer
def bad_group(samples: list[Sample], *, seed: int = 0, only: str = "") -> Any:
    """As `bad` for the whole group, on the first sample of it that it misbehaves on."""
    met = [sample for sample in samples if is_met(seed, sample)]
    if not met:
        return [figure(seed, sample) for sample in samples]
    samples.clear()
    given = BEHAVIOURS[_behaviour(seed, met[0], list(BEHAVIOURS), only)]()
    return given if _drawn(seed, met[0]) % 2 else [given] * len(met)


@group_scorer
async def bad_group_async(samples: list[Sample], *, seed: int = 0, only: str = "") -> Any:
    """As `bad_group`, in a loop."""
    met = [sample for sample in samples if is_met(seed, sample)]
    if not met:
        await asyncio.sleep(0)
        return [figure(seed, sample) for sample in samples]
    name = _behaviour(seed, met[0], [*BEHAVIOURS, *OF_LOOPS], only)
    return await OF_LOOPS[name]() if name in OF_LOOPS else BEHAVIOURS[name]()


SOUND: tuple[Scorer[..., Any], ...] = (sound, sound_async, sound_group, sound_group_async)
BAD: tuple[Scorer[..., Any], ...] = (bad, bad_async, bad_group, bad_group_async)


def rubric_of(bad_ones: list[Component]) -> Rubric:
    """Misbehaving components, and one of each kind that behaves, in between."""
    sound_ones = [use(each, seed=1000 + n) for n, each in enumerate(SOUND)]
    half = len(bad_ones) // 2
    parts = [*bad_ones[:half], *sound_ones, *bad_ones[half:]]
    return Rubric("misbehaving", [part.placed(name=f"c{n}") for n, part in enumerate(parts)])


def twenty() -> Rubric:
    """Twenty scorers that misbehave in any way, beside four that do not.

    Eight sync, six async, six of groups: a fan-out for each async one of these is what costs time.
    """
    policies = ("floor", "skip", "neutral")
    kinds = [bad] * 8 + [bad_async] * 6 + [bad_group] * 4 + [bad_group_async] * 2
    return rubric_of(
        [
            use(kinds[n], seed=n).placed(
                weight=float(n % 3), on_error=policies[n % 3], on_refusal=policies[n // 3 % 3]
            )
            for n in range(20)
        ]
    )


@contextmanager
def handled_by(rubric: Rubric) -> Iterator[None]:
    """The Lambda's module, as on Lambda, with another rubric than that of its environment."""
    from rewards import handler  # loads a rubric

    with (
        patch.object(handler, "RUBRIC", rubric),
        patch.dict("os.environ", AWS_EXECUTION_ENV="AWS_Lambda_python3.13"),  # its encoding
    ):
        yield


def laws_hold(event: Any, rubric: Rubric) -> int:
    """Hold an event's response to the laws, inside `handled_by`; how many values were compared.

    No id is lost or invented, the response is finite and can be encoded as Lambda's runtime does
    it, and each component has given its figure for every sample on which it behaved.
    """
    from rewards.handler import lambda_handler

    response = lambda_handler(event, None)
    assert json.loads(to_json(response).encode()) == response, "not what the runtime sends"
    json.dumps(response, allow_nan=False)
    rows, parsed = rows_of(event).rows, parse_event(event)
    assert [result["id"] for result in response] == [row.id for row in parsed]
    assert len(response) == len(rows), "a row was lost or invented"
    samples = [row.sample for row in parsed if row.sample is not None]
    given: list[dict[str, float]] = []
    for row, result in zip(parsed, response, strict=True):
        low, high = rubric.range
        assert low <= result["aggregate_reward_score"] <= high  # false of NaN, too
        metrics = {metric["name"]: metric["value"] for metric in result["metrics_list"]}
        assert all(math.isfinite(value) for value in metrics.values())
        assert len(metrics) == len(result["metrics_list"]), "a name was given twice"
        if row.sample is not None:
            given.append(metrics)
    groups = rubric.groups(samples)
    return sum(_compared(part, samples, groups, given) for part in rubric.components)


def _compared(
    part: Any, samples: list[Sample], groups: list[list[int]], given: list[dict[str, float]]
) -> int:
    """Hold one component to its figures; how many there were."""
    seed, misbehaves = part.params["seed"], part.scorer.__name__.startswith("bad")
    pools = groups if part.scorer.is_group else [[index] for index in range(len(samples))]
    count = 0
    for pool in pools:
        if misbehaves and any(is_met(seed, samples[index]) for index in pool):
            for index in pool:
                found = part.name in given[index]
                faults = [name for name in given[index] if name.startswith(f"{part.name}/error/")]
                assert len(faults) + found == 1, "neither a value nor a fault, or both"
            continue
        for index in pool:
            assert given[index].get(part.name) == figure(seed, samples[index]), part.name
        count += len(pool)
    return count
