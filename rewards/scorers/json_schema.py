"""Whether a completion holds the JSON that was asked for: its schema, its fields.

Both scorers read the last JSON document of the answer (`rewards.reading.structured.documents`): an
object where the schema or the reference is one, a list where it is that. What several documents say
counts only by the last, and the metric `documents` tells how many there were.
"""

import functools
import json
import re
from itertools import islice
from typing import Any, Literal

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.structured.documents import MAX_DEPTH, read_document
from rewards.reading.structured.leaves import Matching, Overlap, depth, leaves, without_nulls
from rewards.reading.structured.schemas import Draft, Schema, compiled, schema_text
from rewards.reading.text import quoted
from rewards.reading.words import normal

#: Per-field metrics: one CloudWatch metric and one `metrics_list` entry each, none of a long name.
MAX_FIELD_METRICS = 20
MAX_NAME_CHARS = 40

_SPACE = re.compile(r"\s+")


@scorer(range=(-1.0, 1.0), requires=("jsonschema-rs",))
def valid(
    sample: Sample,
    *,
    schema: dict[str, Any] | str | None = None,
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
    (anyOf, oneOf, if) and an optional property are all or nothing.

    A `$ref` to another document is an error when the rubric loads: nothing is fetched. Patterns
    run in linear time and so have no look-around.

    Args:
        sample: the rollout to score.
        schema: a table, or a string that holds JSON.
        schema_key: the metadata field that holds each sample's own schema, or "reference_answer".
        draft: "auto" goes by `$schema`, and is 2020-12 if there is none.
        formats: check `format`, too.
        alone: text around the document (but a code fence or `<answer>` tags) makes it malformed.
        partial: what an invalid document is worth at most, 0 to 1.
        malformed: what a completion without a well-formed document earns, -1 to 0; 0.0 takes the
            penalty away.

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
    rule = _schema_of(sample, schema, schema_key, draft, formats)
    found = read_document(sample.completion, rule.opener, alone=alone)
    metrics = {
        "well_formed": float(not found.flaw),
        "valid": 0.0,
        "satisfied": 0.0,
        "documents": float(found.documents),
    }
    if found.flaw:
        return Score(malformed, found.flaw, metrics, found.shown, found.span)
    grade = rule.grade(found.value)
    metrics["satisfied"] = grade.share
    if grade.share == 1.0:
        metrics["valid"] = 1.0
        return Score(1.0, "obeys the schema", metrics, found.shown, found.span)
    reason = (
        f"satisfies {grade.share * grade.constraints:.3g} in {grade.constraints} constraints: "
        f"{'; '.join(grade.faults)}"
    )
    return Score(partial * grade.share, reason, metrics, found.shown, found.span)


@valid.check
def _(
    *,
    schema: dict[str, Any] | str | None,
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
        compiled(schema_text(schema), draft, formats)


valid.reaches(lambda params: (params["malformed"], 1.0))


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
    space are ignored.

    A completion without a well-formed document earns 0.0. The reference is an object, a list or a
    scalar, or a string that holds one as JSON; any other string is `UnusableDataError`.

    Args:
        sample: the rollout to score.
        lists: "ordered" ones compare item by item; of "unordered" ones equal items are paired
            first, then the most alike.
        ignore_case: upper and lower case of strings are one.
        ignore_space: all white space of strings is dropped.
        null_is_absent: properties that are null are dropped on both sides first.

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
    found = read_document(sample.completion, _opener_of(reference))
    if found.flaw:
        metrics = {"precision": 0.0, "recall": 0.0, "documents": float(found.documents)}
        return Score(0.0, found.flaw, metrics, found.shown, found.span)
    answer = found.value
    if null_is_absent:
        answer, reference = without_nulls(answer), without_nulls(reference)
    compared = functools.partial(_normal, ignore_case=ignore_case, ignore_space=ignore_space)
    comparison = Matching(compared, in_order=lists == "ordered")
    same = comparison.overlap(answer, reference)
    metrics = {
        "precision": same.right / same.given,
        "recall": same.right / same.wanted,
        "documents": float(found.documents),
        **_field_metrics(comparison, answer, reference),
    }
    return Score(
        same.f1,
        f"{same.right:,} leaves right; document {same.given:,}, reference {same.wanted:,}",
        metrics,
        found.shown,
        found.span,
    )


def _schema_of(
    sample: Sample, schema: dict[str, Any] | str | None, key: str, draft: Draft, formats: bool
) -> Schema:
    if schema is not None:
        return compiled(schema_text(schema), draft, formats)
    found = sample.reference if key == "reference_answer" else sample.metadata.get(key)
    try:
        return compiled(schema_text(found), draft, formats)
    except ValueError as error:
        raise UnusableDataError(f"sample {sample.id!r}: field {key!r}: {error}") from None


def _normal(text: str, *, ignore_case: bool, ignore_space: bool) -> str:
    """What must be equal for two strings to be."""
    if ignore_space:
        text = _SPACE.sub("", text)
    text = normal(text)
    return text.casefold() if ignore_case else text


def _field_metrics(comparison: Matching, answer: Any, reference: Any) -> dict[str, float]:
    """The F1 of each of the reference's first properties."""
    if not isinstance(reference, dict):
        return {}
    given = answer if isinstance(answer, dict) else {}
    # Names go into metrics_list, where "/" separates a component from its metrics.
    names = (
        name
        for name in reference
        if 0 < len(name) <= MAX_NAME_CHARS and name.isprintable() and "/" not in name
    )
    return {
        f"field.{name}": (
            comparison.overlap(given[name], reference[name])
            if name in given
            else Overlap(0, 0, leaves(reference[name]))
        ).f1
        for name in islice(names, MAX_FIELD_METRICS)
    }


def _opener_of(value: Any) -> str:
    return "{" if isinstance(value, dict) else "[" if isinstance(value, list) else ""


def _reference(sample: Sample) -> Any:
    """The reference as a JSON value; a string is read as JSON."""
    value = sample.reference
    try:
        if isinstance(value, str):
            value = json.loads(value)
        too_deep = depth(value) > MAX_DEPTH
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
