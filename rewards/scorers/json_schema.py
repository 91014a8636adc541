"""Whether a completion holds the JSON that was asked for: its schema, its fields.

Both scorers read the last JSON document of the answer (`rewards.reading.documents`): an object
where the schema or the reference is one, a list where it is that. What several documents say counts
only by the last, and the metric `documents` tells how many there were.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, NamedTuple

from rewards.errors import UnscoredError, UnusableDataError
from rewards.reading.documents import MAX_DEPTH, read
from rewards.reading.text import quoted
from rewards.sample import Sample
from rewards.score import Score
from rewards.scorer import scorer

#: Levels of a schema over which an invalid document earns shares; each costs one validation of
#: the document. Below that a part is all or nothing.
MAX_GRADED_DEPTH = 8

#: Faults named in a reason, and characters of a property's name in it.
MAX_FAULTS = 3
MAX_NAME_CHARS = 40

#: Per-field metrics: one CloudWatch metric and one `metrics_list` entry each.
MAX_FIELD_METRICS = 20

#: List items, on each side, that are paired by likeness where order does not matter; every item
#: is compared with every other, and equal ones need no pairing.
MAX_PAIRED_ITEMS = 32

DRAFTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
}

Draft = Literal["auto", "2020-12", "7"]
Schema = dict[str, Any]

_SPACE = re.compile(r"\s+")


@scorer(range=(-1.0, 1.0), requires=("jsonschema-rs",))
def valid(
    sample: Sample,
    *,
    schema: Schema | str | None = None,
    schema_key: str = "",
    draft: Draft = "auto",
    formats: bool = True,
    alone: bool = False,
    partial: float = 0.5,
    malformed: float = -1.0,
) -> Score:
    r"""1.0 where the JSON obeys the schema, up to `partial` where not, `malformed` without JSON.

    The constraints of an invalid object are its required properties and the object as a whole;
    of an invalid list, its items and the list as a whole. What is valid satisfies its constraint,
    what is missing does not, and an invalid part counts by its own share, so that the share of k
    parts is (s1 + ... + sk) / (k + 1); anything else that is invalid has share 0. The value is
    `partial` times that share, so an empty object earns 0.0 and padding adds nothing. A branch
    (anyOf, oneOf, if) and an optional property are all or nothing. `malformed` is what a
    completion without a well-formed document earns; 0.0 takes the penalty away.

    `schema` is a table, or a string that holds JSON. `schema_key` takes it from each sample
    instead: from this metadata field, or from the reference if it is "reference_answer". `draft`
    "auto" goes by `$schema`, 2020-12 if there is none. `formats`: check `format`. `alone`: text
    around the document (but a code fence) makes it malformed. A `$ref` to another document is an
    error when the rubric loads: nothing is fetched. Patterns run in linear time and so have no
    look-around.

    Metrics: `well_formed`, `valid`, `satisfied` (the share), `documents`.

    >>> person = {"type": "object", "required": ["name", "age"],
    ...           "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
    >>> valid(Sample(id="1", completion='{"name": "Ada", "age": 36}'), schema=person).value
    1.0
    >>> half = valid(Sample(id="1", completion='{"name": "Ada", "age": "36"}'), schema=person)
    >>> round(half.value, 3), half.reason
    (0.167, "satisfies 1 in 3 constraints: /age breaks 'type'")
    >>> valid(Sample(id="1", completion='{"name": "Ada", '), schema=person).value
    -1.0
    """
    compiled = _schema_of(sample, schema, schema_key, draft, formats)
    found = read(sample.completion, compiled.opener, alone=alone)
    metrics = {
        "well_formed": float(not found.flaw),
        "valid": 0.0,
        "satisfied": 0.0,
        "documents": float(found.documents),
    }
    if found.flaw:
        return Score(malformed, found.flaw, metrics, found.shown, found.span)
    faults: list[str] = []
    share, constraints = _graded(compiled, found.value, faults, sample)
    metrics["satisfied"] = share
    if share == 1.0:
        metrics["valid"] = 1.0
        return Score(1.0, "obeys the schema", metrics, found.shown, found.span)
    reason = (
        f"satisfies {share * constraints:.3g} in {constraints} constraints: "
        f"{'; '.join(faults[:MAX_FAULTS])}"
    )
    return Score(partial * share, reason, metrics, found.shown, found.span)


@valid.check
def _(
    *,
    schema: Schema | str | None,
    schema_key: str,
    draft: Draft,
    formats: bool,
    alone: bool,
    partial: float,
    malformed: float,
) -> None:
    if (schema is None) == (not schema_key):
        raise ValueError("give schema or schema_key, and not both")
    if not 0.0 <= partial < 1.0:
        raise ValueError(f"partial must be from 0 to below 1, what valid earns; got {partial}")
    if not -1.0 <= malformed <= 0.0:
        raise ValueError(f"malformed must be from -1 to 0, got {malformed}")
    if schema is not None:
        _compiled(_schema_text(schema), draft, formats)


@scorer
def fields(
    sample: Sample,
    *,
    lists: Literal["ordered", "unordered"] = "ordered",
    ignore_case: bool = False,
    ignore_space: bool = False,
    null_is_absent: bool = False,
) -> Score:
    """The F1 of the document's leaves against the reference's: right values in the right places.

    A leaf is a value that holds no others (empty objects and lists are leaves), together with
    its path. With m leaves in both, precision is m / leaves of the document, recall m / leaves
    of the reference; a field that is invented costs precision, one left out costs recall. Numbers
    compare by value (1 is 1.0, and is neither true nor "1"), strings exactly unless case or white
    space are ignored. `null_is_absent` drops properties that are null on both sides first.

    "ordered" lists compare item by item. Of "unordered" ones equal items are paired first, then
    the most alike. A completion without a well-formed document earns 0.0. The reference is an
    object, a list or a scalar, or a string that holds one as JSON; any other string is
    `UnusableDataError`.

    Metrics: `precision`, `recall`, `documents`, and `field.NAME`, the F1 of each of the
    reference's first 20 properties.

    >>> invoice = {"total": 12.5, "lines": ["tea", "milk"]}
    >>> read = '{"total": 12.50, "lines": ["tea"], "paid": true}'
    >>> score = fields(Sample(id="1", completion=read, reference_answer=invoice))
    >>> round(score.value, 3), score.metrics["field.lines"]
    (0.667, 0.6666666666666666)
    >>> score.reason
    '2 leaves right; document 3, reference 3'
    """
    reference = _reference(sample)
    found = read(sample.completion, _opener_of(reference))
    if found.flaw:
        metrics = {"precision": 0.0, "recall": 0.0, "documents": float(found.documents)}
        return Score(0.0, found.flaw, metrics, found.shown, found.span)
    answer = found.value
    if null_is_absent:
        answer, reference = _without_nulls(answer), _without_nulls(reference)
    if lists == "unordered":
        answer = _aligned(answer, reference)
    normal = _Normal(ignore_case, ignore_space)
    wanted, given = _leaves(reference, normal), _leaves(answer, normal)
    right = wanted & given
    metrics = {
        "precision": len(right) / len(given),
        "recall": len(right) / len(wanted),
        "documents": float(found.documents),
        **_field_metrics(reference, wanted, given, right),
    }
    return Score(
        _f1(len(right), len(given), len(wanted)),
        f"{len(right):,} leaves right; document {len(given):,}, reference {len(wanted):,}",
        metrics,
        found.shown,
        found.span,
    )


# The schema --------------------------------------------------------------------------------


class _Compiled:
    """A schema with a validator for each of its parts, by JSON pointer."""

    def __init__(self, root: Schema, validators: Any) -> None:
        self.root = root
        self.validators = validators
        self.parts: dict[str, _Parts] = {}
        types = [part.get("type") for _, part in self._same_value("#", root)]
        self.opener = "{" if "object" in types else "[" if "array" in types else ""
        # The error of a branch holds the errors of its branches: with recursion that is
        # exponential in the document's depth, so there the reason names no keyword.
        text = json.dumps(root)
        self.explains = not (
            re.search(r'"\$\w*[rR]ef"', text) and re.search(r'"(any|one)Of"', text)
        )

    def of(self, pointer: str) -> "_Parts":
        """The graded parts of the schema at a pointer, found once."""
        if pointer not in self.parts:
            schema = _at(self.root, pointer)
            same = list(self._same_value(pointer, schema)) if isinstance(schema, dict) else []
            self.parts[pointer] = _Parts.of(same)
        return self.parts[pointer]

    def _same_value(self, pointer: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """The schema and those that hold of the same value: its `$ref` and its `allOf`."""
        waiting = [(pointer, schema)]
        seen: set[str] = set()
        while waiting:
            pointer, schema = waiting.pop(0)
            # An embedded $id starts a document of its own, and moves what "#" means.
            if pointer in seen or not isinstance(schema, dict) or (seen and "$id" in schema):
                continue
            seen.add(pointer)
            yield pointer, schema
            target = schema.get("$ref")
            if isinstance(target, str) and (target == "#" or target.startswith("#/")):
                waiting.append((target, _at(self.root, target)))
            branches = schema.get("allOf")
            if isinstance(branches, list):
                waiting += [(f"{pointer}/allOf/{i}", part) for i, part in enumerate(branches)]


class _Parts(NamedTuple):
    """What a value must have: required properties and a list's items, by pointer of their schema.

    A pointer of None: the schema says nothing of that property.
    """

    required: Mapping[str, str | None]
    items: str | None

    @classmethod
    def of(cls, schemas: Sequence[tuple[str, Schema]]) -> "_Parts":
        pointers: dict[str, str] = {}
        names: dict[str, None] = {}
        items = None
        for pointer, schema in schemas:
            properties = schema.get("properties")
            for name in properties if isinstance(properties, dict) else ():
                pointers.setdefault(name, f"{pointer}/properties/{_escaped(name)}")
            required = schema.get("required")
            names |= dict.fromkeys(required if isinstance(required, list) else ())
            if items is None and isinstance(schema.get("items"), dict):
                items = f"{pointer}/items"
        return cls({name: pointers.get(name) for name in names}, items)


def _graded(schema: _Compiled, value: Any, faults: list[str], sample: Sample) -> tuple[float, int]:
    """The share of constraints that a document satisfies, and how many its top level has."""
    try:
        share = _share(schema, "#", value, "", faults, MAX_GRADED_DEPTH)
    # pyo3 turns a crash of the validator into a BaseException of its own, which would end the
    # whole batch; Ctrl-C and the like pass through.
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnscoredError(f"sample {sample.id!r}: jsonschema-rs broke down: {error}") from error
    if isinstance(value, dict):
        return share, len(schema.of("#").required) + 1
    return share, (len(value) if isinstance(value, list) and schema.of("#").items else 0) + 1


def _share(
    schema: _Compiled, pointer: str, value: Any, path: str, faults: list[str], levels: int
) -> float:
    validator = schema.validators.get(pointer)
    if validator is None:
        faults.append(f"{path} cannot be graded on its own")
        return 0.0
    if validator.is_valid(value):
        return 1.0
    parts: list[float] = []
    known = len(faults)
    if levels and isinstance(value, dict):
        for name, part in schema.of(pointer).required.items():
            place = f"{path}/{name[:MAX_NAME_CHARS]}"
            if name not in value:
                faults.append(f"{place} is missing")
                parts.append(0.0)
            elif part is None:
                parts.append(1.0)
            else:
                parts.append(_share(schema, part, value[name], place, faults, levels - 1))
    elif levels and isinstance(value, list):
        items = schema.of(pointer).items
        for index, item in enumerate(value if items else ()):
            parts.append(_share(schema, items or "", item, f"{path}/{index}", faults, levels - 1))
    if len(faults) == known:
        is_scalar = not isinstance(value, dict | list)
        why = _keyword(validator, value) if schema.explains or is_scalar else "its schema"
        faults.append(f"{path or 'the document'} breaks {why}")
    return sum(parts) / (len(parts) + 1)


def _keyword(validator: Any, value: Any) -> str:
    try:
        validator.validate(value)
    except ValueError as error:
        return repr(getattr(getattr(error, "kind", None), "name", "its schema"))
    return "its schema"


def _schema_of(
    sample: Sample, schema: Schema | str | None, key: str, draft: Draft, formats: bool
) -> _Compiled:
    if schema is not None:
        return _compiled(_schema_text(schema), draft, formats)
    found = sample.reference if key == "reference_answer" else sample.metadata.get(key)
    try:
        return _compiled(_schema_text(found), draft, formats)
    except ValueError as error:
        raise UnusableDataError(f"sample {sample.id!r}: field {key!r}: {error}") from None


def _schema_text(schema: object) -> str:
    if isinstance(schema, str):
        return schema
    if not isinstance(schema, Mapping):
        raise ValueError(f"a schema is an object, or a string that holds one, got {schema!r:.60}")
    try:
        return json.dumps(schema)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the schema is no JSON: {error}") from None


@lru_cache(maxsize=64)
def _compiled(text: str, draft: Draft, formats: bool) -> _Compiled:
    """The schema, compiled once for a rubric (or for the samples that share it).

    Raises:
        ValueError: what is wrong with the schema, and where.
    """
    try:
        import jsonschema_rs
    except ModuleNotFoundError:
        raise ValueError(
            'json_schema.valid needs jsonschema-rs: pip install "bedrock-rft-rewards[schema]"'
        ) from None
    try:
        root = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the schema is no JSON: {error}") from None
    if not isinstance(root, dict):
        raise ValueError(f"a schema is an object, got {quoted(text)}")
    if draft != "auto":
        root["$schema"] = DRAFTS[draft]
    linear = jsonschema_rs.RegexOptions()
    try:
        # The map leaves out what cannot be compiled; only compiling the whole finds that.
        jsonschema_rs.validator_for(
            root, validate_formats=formats, pattern_options=linear, offline=True
        )
        validators = jsonschema_rs.validator_map_for(
            root, validate_formats=formats, pattern_options=linear, offline=True
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        message = getattr(error, "message", str(error))
        place = "/".join(map(str, getattr(error, "instance_path", [])))
        raise ValueError(f"the schema cannot be used: {message} (at /{place})") from None
    return _Compiled(root, validators)


def _at(root: Any, pointer: str) -> Any:
    """What a JSON pointer names in a schema (RFC 6901); None where it names nothing."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(root, dict):
            root = root.get(token)
        elif isinstance(root, list) and token.isdecimal() and int(token) < len(root):
            root = root[int(token)]
        else:
            return None
    return root


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


# The fields --------------------------------------------------------------------------------


class _Normal(NamedTuple):
    """How strings compare."""

    ignore_case: bool
    ignore_space: bool

    def __call__(self, text: str) -> str:
        if self.ignore_space:
            text = _SPACE.sub("", text)
        return text.casefold() if self.ignore_case else text


_AS_IS = _Normal(False, False)

#: A path (names and indices) with a kind and a value: numbers are of one kind, and no other.
_Leaf = tuple[tuple[str | int, ...], str, Any]


def _leaves(value: Any, normal: _Normal, *, places: bool = True) -> set[_Leaf]:
    """The leaves of a document; without `places` the items of a list share one path."""
    return set(_walk(value, (), normal, places))


def _walk(
    value: Any, path: tuple[str | int, ...], normal: _Normal, places: bool
) -> Iterator[_Leaf]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            step = key if places or isinstance(key, str) else -1
            yield from _walk(item, (*path, step), normal, places)
    elif isinstance(value, str):
        yield path, "string", normal(value)
    elif isinstance(value, bool) or value is None:
        yield path, "constant", str(value)
    elif isinstance(value, int | float):
        yield path, "number", value
    else:
        yield path, "empty", type(value).__name__


def _f1(right: int, given: int, wanted: int) -> float:
    return 2 * right / (given + wanted) if given + wanted else 1.0


def _field_metrics(
    reference: Any, wanted: set[_Leaf], given: set[_Leaf], right: set[_Leaf]
) -> dict[str, float]:
    if not isinstance(reference, dict):
        return {}
    counts = [Counter(path[0] for path, _, _ in side if path) for side in (right, given, wanted)]
    # Names go into metrics_list, where "/" separates a component from its metrics.
    names = (
        name
        for name in reference
        if 0 < len(name) <= MAX_NAME_CHARS and name.isprintable() and "/" not in name
    )
    return {
        f"field.{name}": _f1(*(count[name] for count in counts))
        for name in islice(names, MAX_FIELD_METRICS)
    }


def _aligned(answer: Any, reference: Any) -> Any:
    """The answer with the items of its lists moved to the indices of the reference's like them.

    A list becomes a table of items by index, which has the same leaves.
    """
    if isinstance(answer, dict) and isinstance(reference, dict):
        return {
            name: _aligned(value, reference[name]) if name in reference else value
            for name, value in answer.items()
        }
    if not (isinstance(answer, list) and isinstance(reference, list) and answer):
        return answer
    places = _pairs(answer, reference)
    beyond = len(reference)
    moved: dict[int, Any] = {}
    for index, item in enumerate(answer):
        if index in places:
            moved[places[index]] = _aligned(item, reference[places[index]])
        else:
            moved[beyond] = item
            beyond += 1
    return moved


def _pairs(answer: Sequence[Any], reference: Sequence[Any]) -> dict[int, int]:
    """Which item of the reference each item of the answer stands for: equals, then most alike."""
    answers = [frozenset(_leaves(item, _AS_IS, places=False)) for item in answer]
    references = [frozenset(_leaves(item, _AS_IS, places=False)) for item in reference]
    waiting: dict[frozenset[_Leaf], list[int]] = {}
    for index in reversed(range(len(reference))):
        waiting.setdefault(references[index], []).append(index)
    pairs: dict[int, int] = {}
    for index, leaves in enumerate(answers):
        if same := waiting.get(leaves):
            pairs[index] = same.pop()
    taken = set(pairs.values())
    left = [i for i in range(len(answer)) if i not in pairs][:MAX_PAIRED_ITEMS]
    free = [j for j in range(len(reference)) if j not in taken][:MAX_PAIRED_ITEMS]
    alike = sorted((-len(answers[i] & references[j]), i, j) for i in left for j in free)
    for likeness, i, j in alike:
        if likeness and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(v) for name, v in value.items() if v is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _opener_of(value: Any) -> str:
    return "{" if isinstance(value, dict) else "[" if isinstance(value, list) else ""


def _reference(sample: Sample) -> Any:
    """The reference as a JSON value; a string is read as JSON."""
    value = sample.reference
    try:
        if isinstance(value, str):
            value = json.loads(value)
        too_deep = _depth(value) > MAX_DEPTH
    except (ValueError, RecursionError) as error:
        raise UnusableDataError(
            f"sample {sample.id!r}: the reference {quoted(str(sample.reference))} is no JSON "
            f"({error}); give an object, a list, or a string that holds one"
        ) from None
    if too_deep:
        raise UnusableDataError(
            f"sample {sample.id!r}: the reference is more than {MAX_DEPTH} levels deep"
        )
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [
        item
        for parent in level
        if isinstance(parent, dict | list)
        for item in (parent.values() if isinstance(parent, dict) else parent)
    ]:
        depth += 1
    return depth
