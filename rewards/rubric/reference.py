"""Narrowing a sample's reference to the part that a rubric names by a dotted path."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rewards.core.sample import Sample

#: A JSON-string reference longer than this is not parsed to follow a path: no reference is.
MAX_REFERENCE_CHARS = 1_000_000


def with_reference(sample: Sample, paths: Sequence[str]) -> Sample:
    """The sample with its reference narrowed to the first path that leads somewhere."""
    value = _parsed(sample.reference_answer)
    for path in paths:
        found = _follow(value, path)
        if found is not None:
            return replace(sample, reference_answer=found)
    return replace(sample, reference_answer=None)


def value_at(reference: object, path: str) -> object:
    """The value at a dotted path into a reference, or None; JSON in a string is followed."""
    return _follow(_parsed(reference), path)


def _parsed(reference: object) -> object:
    """A reference that is JSON in a string, as the object it holds."""
    if isinstance(reference, str) and len(reference) <= MAX_REFERENCE_CHARS:
        text = reference.strip()
        if text[:1] in ("{", "["):
            import json

            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return reference
    return reference


def _follow(value: object, path: str) -> object:
    """The value at a dotted path of keys and list indices, or None where it leads nowhere."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _is_index(step: str) -> bool:
    # Nine digits: no list is longer, and Python refuses to read a number of thousands of digits.
    return step.isdecimal() and len(step) <= 9
