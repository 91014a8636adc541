"""A rubric as data: what a TOML file may say, checked key by key, with nothing resolved yet.

The engine (`rewards.rubric`) turns a `RubricSpec` into something that scores; `infra` reads it
to derive timeout, memory, permissions and the contents of the Lambda bundle.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from rewards.core.errors import SpecError, did_you_mean
from rewards.core.score import MAX_MAGNITUDE
from rewards.core.tables import (
    MAX_FILE_BYTES,
    TableError,
    Wrong,
    checked,
    choice,
    each,
    flag,
    interval,
    load_toml,
    number,
    read_table,
    table,
    table_of,
    text,
    whole,
)

RUBRICS = Path(__file__).parent.parent / "rubrics"

TOTALS = ("mean", "sum")
ON_ERROR = ("floor", "skip", "neutral", "fail")
NORMALIZE_BY = ("batch", "group")

#: A name that is longer is a description.
MAX_NAME_CHARS = 64

#: Families whose scorers look at the form of an answer, not at whether it is right.
_FORMS = frozenset({"format", "length", "diversity"})

#: Judge calls in flight at once; above this a new account's Bedrock quota throttles at once.
DEFAULT_CONCURRENCY = 16


def _label(value: Any) -> str:
    # Names become metrics and dimensions of CloudWatch, which takes no other characters than these
    # in a dimension, and none that begins with a colon.
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME_CHARS or not value.strip():
        raise Wrong(f"must be a string of 1 to {MAX_NAME_CHARS} characters")
    if "/" in value:
        raise Wrong('must not contain "/", which separates a component from its metrics')
    if not value.isascii() or not value.isprintable() or value.startswith(":"):
        raise Wrong(
            "must be printable ASCII and not start with a colon, since CloudWatch takes no other "
            "name of a metric",
            f'; write "{_plain_name(value)}"',
        )
    return value


def _plain_name(name: str) -> str:
    """The nearest name that is allowed."""
    import unicodedata

    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join(letter if letter.isprintable() else " " for letter in letters).strip(" :/")
    return plain.replace("/", "_") or "reward_1"


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Wrong("must be a string that is not empty")
    return value


def _above_0(value: Any) -> float:
    found = _FIGURE(value)
    if found <= 0:
        raise Wrong("must be above 0")
    return float(found)


def _scale(value: Any) -> Any:
    if value is True:
        return (0.0, 1.0)
    try:
        return _INTERVAL(value)
    except Wrong:
        raise Wrong("must be true (0 to 1) or two numbers, the lowest first") from None


def _paths(value: Any) -> tuple[str, ...]:
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list | tuple) or not all(isinstance(p, str) and p for p in paths):
        raise Wrong("must be a dotted path or a list of them")
    return tuple(paths)


_FIGURE = number(-MAX_MAGNITUDE, MAX_MAGNITUDE)
_INTERVAL = interval(_FIGURE, of="numbers")


class ComponentSpec(NamedTuple):
    """A scorer placed in a rubric.

    `weight` is its share of the reward (0: a metric, recorded and not summed; gates have none).
    A `gate` below its `threshold` makes the reward the floor. A `threshold` on any other
    component makes it all or nothing. `scale` maps the scorer's range to another: (0, 1) makes
    1.0 of the most that it gives; the threshold stays in the scorer's own terms. `on_error` and
    `on_refusal` say what becomes of a sample that the scorer could not decide; None takes the
    default: "floor", but "fail" where an async scorer's service fails, since an outage must not
    train the model.
    """

    scorer: Annotated[str, text(form="a scorer's address"), 'scorer = "numeric.match"']
    name: Annotated[str, _label] = ""
    weight: Annotated[float, _FIGURE] = 1.0
    gate: Annotated[bool, flag] = False
    threshold: Annotated[float | None, _FIGURE] = None
    scale: Annotated[tuple[float, float] | None, _scale] = None
    on_error: Annotated[str | None, choice(*ON_ERROR)] = None
    on_refusal: Annotated[str, choice(*ON_ERROR)] = "floor"
    params: Annotated[Mapping[str, Any], table] = MappingProxyType({})

    def to_dict(self) -> dict[str, Any]:
        """The component's table, defaults left out."""
        return _without_defaults(self)


class NormalizeSpec(NamedTuple):
    """Z-scores in place of totals, taken over the `batch` or each `group`, clipped to +-`clip`.

    Off by default: GRPO trainers normalise within each group themselves. For a trainer that uses
    rewards as they are, and that sends whole groups (or large batches) in one invocation.
    """

    by: Annotated[str, choice(*NORMALIZE_BY)] = "group"
    clip: Annotated[float, _above_0] = 3.0


def _component(given: Any) -> ComponentSpec:
    """One [[component]], with what its keys say together."""
    spec = read_table(ComponentSpec, given)
    if spec.gate and given.get("weight"):
        raise TableError("", 'is a gate, which has no weight; remove "weight" or "gate"')
    if spec.gate and spec.scale:
        raise TableError("", 'is a gate, which pays nothing to scale; remove "scale" or "gate"')
    return spec._replace(
        name=spec.name or _own_name(spec.scorer), weight=0.0 if spec.gate else spec.weight
    )


class RubricSpec(NamedTuple):
    """The weighted, gated set of components that makes one reward.

    `total` is the weighted "mean" of the components or their weighted "sum". It must not be able
    to leave the `range`, but for what penalties take below it, which is its low end.
    `group_by` is "prompt" or the metadata key that rollouts of one prompt share (a sample without
    it is compared with none). `reference` holds the dotted paths into `reference_answer`, tried
    in order (none: all of it). `concurrency` bounds the calls that async scorers have in flight.
    `goal` names the component that says whether the task was solved; `rewards doctor` asks whether
    it rises with the reward.
    """

    name: Annotated[str, _label, 'name = "maths"']
    component: Annotated[
        tuple[ComponentSpec, ...],
        each(_component, name="component", called_by=("name", "scorer")),
        "at least one [[component]] table",
    ]
    description: Annotated[str, text(shortest=0, longest=MAX_FILE_BYTES, form="text")] = ""
    total: Annotated[str, choice(*TOTALS)] = "mean"
    range: Annotated[tuple[float, float], _INTERVAL] = (0.0, 1.0)
    group_by: Annotated[str, _word] = "prompt"
    reference: Annotated[tuple[str, ...], _paths] = ()
    concurrency: Annotated[int, whole(1)] = DEFAULT_CONCURRENCY
    goal: Annotated[str, text(shortest=0, longest=MAX_NAME_CHARS, form="a component's name")] = ""
    normalize: Annotated[NormalizeSpec | None, table_of(NormalizeSpec)] = None

    def to_dict(self) -> dict[str, Any]:
        """The same tables as the TOML file, defaults left out: `parse_spec` reads it back."""
        tables = _without_defaults(self)
        tables["component"] = [component.to_dict() for component in self.component]
        if self.normalize is not None:
            tables["normalize"] = self.normalize._asdict()
        return tables

    def aim(self) -> str:
        """The goal; by default the component of the highest weight that judges no form."""
        weighted = [one for one in self.component if one.weight > 0 and not one.gate]
        aimed = [one for one in weighted if one.scorer.partition(".")[0] not in _FORMS] or weighted
        return self.goal or max(aimed, key=lambda one: one.weight, default=self.component[0]).name

    def written(self) -> str:
        """The rubric as one line of text: the same for all rubrics that say the same.

        The order of parameters says nothing, the order inside of one may: labels, worst first.
        """
        import json

        tables = self.to_dict()
        for component in tables["component"]:
            if "params" in component:
                component["params"] = dict(sorted(component["params"].items()))
        return json.dumps(tables, default=str)


def located(name_or_path: str | Path, beside: Path = Path()) -> str | Path:
    """A bundled rubric's name as it is; the path of a rubric's file as a path, from `beside` on.

    >>> located("gsm8k"), located("mine.toml", Path("job")).as_posix()
    ('gsm8k', 'job/mine.toml')
    """
    given = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or given.endswith(".toml") or "/" in given
    return beside / given if is_path else given


def find_rubric(name_or_path: str | Path) -> Path:
    """The file of a rubric: a bundled name such as `gsm8k`, or the path of a .toml file.

    Raises:
        SpecError: there is no such rubric; the message lists those there are.
    """
    given = located(name_or_path)
    path = given if isinstance(given, Path) else RUBRICS / f"{given}.toml"
    if path.is_file():
        return path
    known = sorted(rubric.stem for rubric in RUBRICS.glob("*.toml"))
    if isinstance(given, Path):
        raise SpecError(f"there is no rubric file {given}; bundled ones: {', '.join(known)}")
    raise SpecError(f"there is no rubric {given!r}{did_you_mean(given, known)}")


def load_spec(name_or_path: str | Path) -> RubricSpec:
    """Read and check a rubric file.

    Raises:
        SpecError: naming the file, the component, the key, the value and the nearest spelling.
    """
    path = find_rubric(name_or_path)
    try:
        tables = load_toml(path)
    except TableError as error:
        raise SpecError(f"{path}: {error}") from None
    return parse_spec(tables, where=path.name)


def parse_spec(tables: Mapping[str, Any], *, where: str = "rubric") -> RubricSpec:
    """Check the tables of a rubric. `where` (a file's name) starts every message.

    Raises:
        SpecError: naming the component, the key, the value and the nearest valid spelling.
    """
    try:
        spec: RubricSpec = checked(table_of(RubricSpec), tables, "")
        _check_together(spec)
    except TableError as error:
        raise SpecError(f"{where}: {error}") from None
    return spec


def component_name(scorer: str) -> str:
    """The name of a component that is given none: its scorer's, without the module's path."""
    return scorer.rpartition(":")[2]


def _own_name(scorer: str) -> str:
    try:
        return _label(component_name(scorer))
    except Wrong as error:
        problem = f"is missing, and the scorer's own will not do: it {error.expected}"
        raise TableError("name", f"{problem}{error.nearest}") from None


def _check_together(spec: RubricSpec) -> None:
    """What no key can check alone."""
    names = [component.name for component in spec.component]
    for name in names:
        if names.count(name) > 1:
            raise TableError(
                "",
                f'two components are called "{name}"; give each its own "name" (metrics are '
                "reported under it)",
            )
    if spec.goal and spec.goal not in names:
        near = did_you_mean(spec.goal, names)
        raise TableError("goal", f'there is no component "{spec.goal}"{near}')
    weighted = [component for component in spec.component if component.weight]
    if not weighted:
        raise TableError("", "no component has a weight, so nothing makes a reward")
    for component in weighted if spec.total == "mean" else ():
        if component.weight < 0:
            raise TableError(
                f'component "{component.name}": weight',
                f'{component.weight} is negative; a mean has no negative shares, use total = "sum"',
            )


def _without_defaults(spec: RubricSpec | ComponentSpec) -> dict[str, Any]:
    tables = {
        key: _as_toml(value)
        for key, value in spec._asdict().items()
        if key not in spec._field_defaults or value != spec._field_defaults[key]
    }
    if tables.get("gate"):
        tables.pop("weight", None)  # a gate has none, and a table that gives it one is refused
    return tables


def _as_toml(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
