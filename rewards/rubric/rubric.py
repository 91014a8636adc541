"""A rubric: loaded from TOML or built in Python, checked, and ready to score batches."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec

from rewards.core.errors import (
    SpecError,
)
from rewards.core.parameters import tabled
from rewards.core.sample import Sample, as_samples
from rewards.core.score import Reward
from rewards.core.scorer import GroupScorer, Scorer, Service
from rewards.registry import resolve
from rewards.rubric.batch import Batch
from rewards.rubric.component import BoundComponent
from rewards.rubric.reach import check_reach, reach
from rewards.rubric.spec import (
    DEFAULT_CONCURRENCY,
    ComponentSpec,
    NormalizeSpec,
    RubricSpec,
    component_name,
    load_spec,
    parse_spec,
)
from rewards.rubric.totals import group_indices

if TYPE_CHECKING:
    from rewards.rubric.bugs import Tell

P = ParamSpec("P")


class Component(NamedTuple):
    """A scorer placed in a rubric: see `rewards.rubric.spec.ComponentSpec` for the fields."""

    scorer: Scorer[..., Any]
    params: Mapping[str, Any] = MappingProxyType({})
    name: str = ""
    weight: float = 1.0
    gate: bool = False
    threshold: float | None = None
    scale: bool | tuple[float, float] | None = None
    on_error: str | None = None
    on_refusal: str = "floor"

    def placed(
        self,
        *,
        name: str | None = None,
        weight: float | None = None,
        threshold: float | None = None,
        scale: bool | tuple[float, float] | None = None,
        on_error: str | None = None,
        on_refusal: str | None = None,
    ) -> "Component":
        """The same component with what is given changed: its place in the rubric.

        >>> from rewards.scorers import exact
        >>> use(exact.match).placed(weight=0.9, name="correct").weight
        0.9
        """
        given: dict[str, Any] = {
            "name": name,
            "weight": weight,
            "threshold": threshold,
            "scale": scale,
            "on_error": on_error,
            "on_refusal": on_refusal,
        }
        return self._replace(**{key: value for key, value in given.items() if value is not None})

    def to_spec(self) -> ComponentSpec:
        """The component as data, its scorer by address."""
        scale: Any = self.scale
        return ComponentSpec(
            scorer=self.scorer.address,
            name=self.name or component_name(self.scorer.address),
            weight=0.0 if self.gate else self.weight,
            gate=self.gate,
            threshold=self.threshold,
            scale=(0.0, 1.0) if scale is True else scale,
            on_error=self.on_error,
            on_refusal=self.on_refusal,
            params={name: tabled(value) for name, value in self.params.items()},
        )


def use(
    scorer: Scorer[Concatenate[Sample, P], Any]
    | GroupScorer[Concatenate[Sequence[Sample], P], Any],
    /,
    *args: P.args,
    **params: P.kwargs,
) -> Component:
    """Place a scorer in a rubric, with parameters that type checkers check, and `use` itself.

    Weight, name, threshold and error policy follow with `.placed(...)`.

    >>> from rewards.scorers import exact
    >>> Rubric("taste", [use(exact.match).placed(weight=2.0)]).name
    'taste'

    Raises:
        SpecError: a parameter that the scorer has not, or a value that it does not take.
    """
    return Component(_placeable(scorer, args, params), params)


def gate(
    scorer: Scorer[Concatenate[Sample, P], Any],
    /,
    *args: P.args,
    **params: P.kwargs,
) -> Component:
    """Place a scorer as a gate: below its threshold the reward is the floor, nothing else runs."""
    return Component(_placeable(scorer, args, params), params, weight=0.0, gate=True)


def _placeable(
    scorer: object, args: Sequence[object], params: Mapping[str, Any]
) -> Scorer[..., Any]:
    """The scorer, unless it is none, or is given parameters that it does not take."""
    if not isinstance(scorer, Scorer):
        raise SpecError(f"{scorer!r} is no scorer: decorate it with @scorer or @group_scorer")
    if args:
        raise SpecError(
            f"{scorer.address} was given {', '.join(map(repr, args))} without a name: parameters "
            f"are keywords; there are: {', '.join(scorer.parameters) or 'none'}"
        )
    scorer.bind(params)  # a misspelt one fails where it is written
    return scorer


class Rubric:
    """The weighted, gated set of components that makes one reward.

    Build it in Python or load it from TOML; the two round-trip through `to_spec` and
    `from_spec`. Everything is checked here, so that scoring meets no bad parameter.
    """

    def __init__(
        self,
        name: str,
        components: Sequence[Component],
        *,
        description: str = "",
        total: str = "mean",
        range: tuple[float, float] = (0.0, 1.0),
        group_by: str = "prompt",
        reference: str | Sequence[str] = (),
        concurrency: int = DEFAULT_CONCURRENCY,
        goal: str = "",
        normalize: NormalizeSpec | None = None,
    ) -> None:
        """Check and keep the rubric; see `rewards.rubric.spec.RubricSpec` for the arguments.

        Raises:
            SpecError: naming the component, the key, the value and the nearest spelling.
        """
        for component in components:
            if not isinstance(component, Component):
                raise SpecError(
                    f"rubric {name!r}: its components are a list of use(scorer, ...) and "
                    f"gate(scorer, ...), got {component!r}"
                )
        tables = {
            "name": name,
            "component": [component.to_spec().to_dict() for component in components],
            "description": description,
            "total": total,
            "range": range,
            "group_by": group_by,
            "reference": reference,
            "concurrency": concurrency,
            "goal": goal,
        }
        if normalize is not None:
            tables["normalize"] = normalize._asdict() if isinstance(normalize, tuple) else normalize
        where = f"rubric {name!r}"
        self._build(parse_spec(tables, where=where), [c.scorer for c in components], where)

    @classmethod
    def load(cls, name_or_path: str | Path) -> "Rubric":
        """Load a bundled rubric by name (`gsm8k`), or any rubric by the path of its .toml file.

        Raises:
            SpecError: naming the file, the component, the key, the value and the remedy.
        """
        return cls._from_checked(load_spec(name_or_path), where=Path(name_or_path).name)

    @classmethod
    def from_spec(cls, tables: Mapping[str, Any]) -> "Rubric":
        """Build a rubric from the tables of its TOML file: the inverse of `to_spec`."""
        return cls._from_checked(parse_spec(tables), where="rubric")

    @classmethod
    def _from_checked(cls, spec: RubricSpec, where: str) -> "Rubric":
        rubric = cls.__new__(cls)
        scorers = []
        for component in spec.component:
            with _explained(where, component):
                scorers.append(resolve(component.scorer))
        rubric._build(spec, scorers, where)
        return rubric

    def _build(self, spec: RubricSpec, scorers: Sequence[Scorer[..., Any]], where: str) -> None:
        self.spec = spec
        self.components: list[BoundComponent] = []
        for component, scorer in zip(spec.component, scorers, strict=True):
            with _explained(where, component):
                self.components.append(BoundComponent(component, scorer))
        with _explained(where):
            check_reach(spec, self.components)

    def to_spec(self) -> dict[str, Any]:
        """The rubric as the tables of its TOML file, defaults left out."""
        return self.spec.to_dict()

    @property
    def name(self) -> str:
        """The rubric's own name."""
        return self.spec.name

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest reward that can be returned, in that order."""
        if self.spec.normalize is not None:
            return -self.spec.normalize.clip, self.spec.normalize.clip
        return self.spec.range

    @property
    def reach(self) -> tuple[float, float]:
        """The lowest and the highest total, before it is clamped and normalised."""
        return reach(self.spec.total, self.components)

    @property
    def is_async(self) -> bool:
        """Whether any component calls a model or another service."""
        return any(component.scorer.is_async for component in self.components)

    def services(self) -> list[tuple[Service, list[Mapping[str, Any]]]]:
        """What its scorers share, each with the parameters of the components that use it."""
        found: dict[int, tuple[Service, list[Mapping[str, Any]]]] = {}
        for component in self.components:
            if (service := component.scorer.service) is not None:
                found.setdefault(id(service), (service, []))[1].append(component.params)
        return list(found.values())

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over the rubric and the source of its scorers: what gave a reward, exactly."""
        from rewards.rubric.digest import rubric_digest

        modules = [component.scorer.__module__ for component in self.components]
        return rubric_digest(self.spec.written(), modules, self._files_by_component())

    @property
    def files(self) -> list[Path]:
        """The files that its scorers read (a judge's prompt): they must be deployed with it."""
        return [path for paths in self._files_by_component() for path in paths]

    def _files_by_component(self) -> list[list[Path]]:
        placed = zip(self.spec.component, self.components, strict=True)
        return [bound.scorer.files(spec.params) for spec, bound in placed]

    def score(self, sample: Sample) -> Reward:
        """Score one sample, a batch of its own; `TypeError` where it is none."""
        return self._scored(as_samples([sample], "score"), math.inf, None)[0]

    def score_batch(
        self,
        samples: Sequence[Sample],
        *,
        deadline: float | None = None,
        tell: "Tell | None" = None,
    ) -> list[Reward]:
        """Score samples together: one reward for each, in order.

        `deadline` is a `time.monotonic()` value; what is not scored by then is unscored. `tell`
        hears of the first bug of each kind that a scorer shows in this process, by default stderr.

        Raises:
            BatchFailedError: a component with `on_error = "fail"` could not be scored.
            TypeError: something else than samples; the message shows the right call.
        """
        limit = math.inf if deadline is None else deadline
        return self._scored(as_samples(samples, "score_batch"), limit, tell)

    def _scored(self, samples: Sequence[Sample], limit: float, tell: "Tell | None") -> list[Reward]:
        return Batch(self.spec, self.components, samples, limit, tell).rewards()

    def groups(self, samples: Sequence[Sample]) -> list[list[int]]:
        """The indices of the samples of each group, in order of first appearance."""
        return group_indices(samples, self.spec.group_by)

    def __eq__(self, other: object) -> bool:
        """Rubrics are equal where they say the same: what `to_spec` returns, order included."""
        return isinstance(other, Rubric) and self.spec.written() == other.spec.written()

    def __hash__(self) -> int:
        """Equal rubrics have equal names."""
        return hash(self.spec.name)

    def __repr__(self) -> str:
        """Show the name and the components."""
        return f"<Rubric {self.name}: {', '.join(c.name for c in self.components)}>"


class _explained:
    """Put the rubric, and the component, before the message of an error about a scorer."""

    def __init__(self, where: str, component: ComponentSpec | None = None) -> None:
        self.where = where if component is None else f'{where}: component "{component.name}"'

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SpecError):
            raise type(error)(f"{self.where}: {error}") from error.__cause__
