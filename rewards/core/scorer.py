"""`@scorer` and `@group_scorer`: a function becomes a scorer, its signature the schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar, overload

from rewards.core.errors import RequirementError, SpecError, did_you_mean
from rewards.core.parameters import (
    REQUIRED,
    declared,
    documented,
    fitting,
    hints_of,
    is_table,
    type_name,
)
from rewards.core.sample import Sample
from rewards.core.score import MAX_MAGNITUDE
from rewards.core.tables import TableError, checked

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class Service(NamedTuple):
    """What scorers share as long as a container lives: the clients of a model, say.

    `warm_up` makes it ready during init; it gets the parameters of each component that uses the
    service, and how many calls are made at once. `figures` returns the metrics since it was last
    asked, as lists of values, and starts again from nothing.
    """

    warm_up: Callable[[Sequence[Mapping[str, Any]], int], None]
    figures: Callable[[], Mapping[str, Sequence[float]]]


class Scorer(Generic[P, R]):
    """A named scoring function with checked parameters; calling it calls the function.

    `range` is the lowest and the highest value it may give. `requires` names the distributions
    that it imports when it runs (the Lambda bundle ships them only where they are needed).
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        range: tuple[float, float],
        requires: Sequence[str],
        grouped: bool,
    ) -> None:
        """Refuse a function whose signature could not be written in a rubric."""
        self.function = function
        self.range = _checked_range(function, range)
        self.requires = tuple(requires)
        self.is_group = grouped
        self.is_async = inspect.iscoroutinefunction(function)
        self.parameters = declared(function)
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self.__wrapped__ = function
        self._check: Callable[..., None] | None = None
        self._files: Callable[[Mapping[str, Any]], Iterable[Path]] = lambda params: ()
        self._needs: Callable[[Mapping[str, Any]], Iterable[str]] = lambda params: ()
        self._reach: Callable[[Mapping[str, Any]], tuple[float, float]] = lambda params: self.range
        self.service: Service | None = None
        self.for_batch: Callable[..., Sequence[Any]] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Score directly, without a rubric: for tests, notebooks and other scorers."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        """Show the address, which is also the name in a rubric."""
        return f"<scorer {self.address}>"

    @property
    def address(self) -> str:
        """`family.function` inside `rewards.scorers`, `package.module:function` outside."""
        package, _, family = self.__module__.rpartition(".")
        if package == "rewards.scorers":
            return f"{family}.{self.__name__}"
        return f"{self.__module__}:{self.__name__}"

    @property
    def summary(self) -> str:
        """The first line of the docstring: the rule in one sentence."""
        return (self.__doc__ or "").strip().partition("\n")[0]

    def check(self, function: Callable[..., None]) -> Callable[..., None]:
        """Register a check of parameter values, run once when a rubric loads.

        It receives every parameter, defaults included, and raises `ValueError` with the remedy.
        """
        self._check = function
        return function

    def reads(self, files: Callable[[Mapping[str, Any]], Iterable[Path]]) -> None:
        """Register what files the scorer reads, given all of its parameters."""
        self._files = files

    def reaches(self, ends: Callable[[Mapping[str, Any]], tuple[float, float]]) -> None:
        """Register what part of `range` the scorer can give, given all of its parameters."""
        self._reach = ends

    def reach(self, bound: Mapping[str, Any]) -> tuple[float, float]:
        """The lowest and the highest value that it may give with these parameters, all bound."""
        low, high = self._reach(bound)
        if not self.range[0] <= low < high <= self.range[1]:
            raise SpecError(
                f"{self.address}: it reaches {low} to {high}, which is no part of its range, "
                f"{self.range[0]} to {self.range[1]}"
            )
        return low, high

    def batches(self, function: Callable[..., Sequence[Any]]) -> Callable[..., Sequence[Any]]:
        """Register how a whole batch is scored at once: where workers or processes are shared.

        It receives the samples, the deadline (a `time.monotonic()` value) and every parameter, and
        returns for each sample, in order, what the scorer would have given, or an exception. It
        ends before the deadline: what has no verdict by then is a `DeadlineError` in its place.
        """
        self.for_batch = function
        return function

    def uses(self, service: Service) -> None:
        """Register what the scorer shares with others, and a container with all its batches."""
        self.service = service

    def needs(self, distributions: Callable[[Mapping[str, Any]], Iterable[str]]) -> None:
        """Register what is imported for some parameters only, given all of them."""
        self._needs = distributions

    def requirements(self, params: Mapping[str, Any]) -> list[str]:
        """The distributions that it imports with these parameters: what must be deployed."""
        return [*self.requires, *self._needs(self.bind(params))]

    def files(self, params: Mapping[str, Any]) -> list[Path]:
        """The files behind these parameters: part of the rule, and of what must be deployed."""
        return list(self._files(self.bind(params)))

    def bind(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return `params` checked and completed with the defaults.

        Raises:
            SpecError: an unknown, missing, mistyped or refused parameter, with the closest name.
        """
        for name in params:
            if name not in self.parameters:
                raise SpecError(f'{self.address} has no parameter "{name}"{self._nearest(name)}')
        bound: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if name in params:
                bound[name] = _checked_value(self, name, params[name])
            elif parameter.default is REQUIRED:
                raise SpecError(
                    f"{self.address} needs the parameter {name!r} "
                    f"({type_name(self.hints()[name])}) and the rubric does not give it"
                )
            else:
                bound[name] = parameter.default
        if self._check is not None:
            try:
                self._check(**bound)
            except ValueError as error:
                kind = RequirementError if isinstance(error, RequirementError) else SpecError
                raise kind(f"{self.address}: {error}") from error
        return bound

    def _nearest(self, name: str) -> str:
        """Where a parameter that there is not may be meant to go: into a table, or a near name."""
        for table, hint in self.hints().items():
            if is_table(hint) and name in {field.name for field in fields(hint)}:
                return f'; it is a key of the table "{table}": {table} = {{ {name} = ... }}'
        return did_you_mean(name, self.parameters)

    def hints(self) -> dict[str, Any]:
        """Types of the parameters, resolved when first asked for: decoration stays cheap."""
        return hints_of(self.function, self.address)

    def meanings(self) -> dict[str, str]:
        """What each parameter means, as the section "Args:" of the docstring says."""
        documentation = documented(self.__doc__)
        return {name: documentation[name] for name in self.parameters if name in documentation}


class GroupScorer(Scorer[P, R]):
    """A scorer that sees the rollouts of one prompt together and gives one verdict for each."""


@overload
def scorer(
    function: Callable[Concatenate[Sample, P], R], /
) -> Scorer[Concatenate[Sample, P], R]: ...
@overload
def scorer(
    *, range: tuple[float, float] = ..., requires: Sequence[str] = ...
) -> Callable[[Callable[Concatenate[Sample, P], R]], Scorer[Concatenate[Sample, P], R]]: ...
def scorer(
    function: Callable[..., Any] | None = None,
    /,
    *,
    range: tuple[float, float] = (0.0, 1.0),
    requires: Sequence[str] = (),
) -> Any:
    """Make a function of one sample a scorer.

    The first parameter is the sample; the others are keyword-only and typed, and become the
    parameters that a rubric may set. The function returns a float, a bool or a `Score` within
    `range`, or raises `UnscoredError` where it cannot decide. It may be `async`.

    >>> @scorer
    ... def shorter(sample: Sample, *, limit: int = 10) -> bool:
    ...     "1.0 where the completion has at most `limit` characters."
    ...     return len(sample.completion) <= limit
    >>> shorter(Sample(id="1", completion="72"), limit=1)
    False
    """

    def decorate(function: Callable[..., Any]) -> Scorer[..., Any]:
        return Scorer(function, range=range, requires=requires, grouped=False)

    return decorate if function is None else decorate(function)


@overload
def group_scorer(
    function: Callable[Concatenate[Sequence[Sample], P], R], /
) -> GroupScorer[Concatenate[Sequence[Sample], P], R]: ...
@overload
def group_scorer(
    *, range: tuple[float, float] = ..., requires: Sequence[str] = ...
) -> Callable[
    [Callable[Concatenate[Sequence[Sample], P], R]],
    GroupScorer[Concatenate[Sequence[Sample], P], R],
]: ...
def group_scorer(
    function: Callable[..., Any] | None = None,
    /,
    *,
    range: tuple[float, float] = (0.0, 1.0),
    requires: Sequence[str] = (),
) -> Any:
    """Make a function of a group of samples a scorer: the rollouts of one prompt, together.

    As `scorer`, but the first parameter is the sequence of samples, and the function returns one
    verdict for each of them, in the same order.
    """

    def decorate(function: Callable[..., Any]) -> GroupScorer[..., Any]:
        return GroupScorer(function, range=range, requires=requires, grouped=True)

    return decorate if function is None else decorate(function)


def _checked_range(function: Callable[..., Any], range: tuple[float, float]) -> tuple[float, float]:
    low, high = range
    if not -MAX_MAGNITUDE <= low < high <= MAX_MAGNITUDE:
        raise SpecError(
            f"{function.__module__}:{function.__qualname__}: range {range!r} must be two finite "
            f"numbers, the lowest value first, at most {MAX_MAGNITUDE:g} in size"
        )
    return float(low), float(high)


def _checked_value(scorer: Scorer[..., Any], name: str, value: Any) -> Any:
    try:
        return checked(fitting(scorer.hints()[name]), value, name)
    except TableError as error:
        message = f"{scorer.address}: parameter {error.path!r} {error.problem}"
        raise SpecError(message) from None
