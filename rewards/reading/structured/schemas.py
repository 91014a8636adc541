"""A JSON schema, taken apart: which of its constraints does a value satisfy?

Each part of a schema has a validator of its own, so that an invalid document can be graded. The
validators are those of jsonschema-rs, offline and with patterns that take linear time.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rewards.core.errors import UnscoredError
from rewards.reading.text import quoted

#: Levels of a schema over which an invalid document earns shares; each costs one validation of
#: the document. Below that a part is all or nothing.
MAX_GRADED_DEPTH = 8

#: Faults named in a grade, and characters of a property's name in one.
MAX_FAULTS = 3
MAX_NAME_CHARS = 40

DRAFTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
}

Draft = Literal["auto", "2020-12", "7"]
Table = Mapping[str, Any]


class Grade(NamedTuple):
    """The share of its constraints that a document satisfies, how many it has, what it breaks."""

    share: float
    constraints: int
    faults: Sequence[str]


class Schema:
    """A schema with a validator for each of its parts, by JSON pointer."""

    def __init__(self, root: Table, validators: Any) -> None:
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

    def grade(self, value: Any) -> Grade:
        """How much of the schema a value satisfies: k parts have (s1 + ... + sk) / (k + 1).

        Raises:
            UnscoredError: the validator crashed on the value, so that nothing is known of it.
        """
        faults: list[str] = []
        try:
            share = self._share("#", value, "", faults, MAX_GRADED_DEPTH)
        # pyo3 turns a crash of the validator into a BaseException of its own, which would end
        # the whole batch; Ctrl-C and the like pass through.
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise UnscoredError(f"jsonschema-rs broke down on a document: {error}") from error
        if isinstance(value, dict):
            return Grade(share, len(self.of("#").required) + 1, faults)
        is_graded = isinstance(value, list) and self.of("#").items
        return Grade(share, (len(value) if is_graded else 0) + 1, faults)

    def _share(self, pointer: str, value: Any, path: str, faults: list[str], levels: int) -> float:
        validator = self.validators.get(pointer)
        if validator is None:
            _note(faults, f"{path} cannot be graded on its own")
            return 0.0
        if validator.is_valid(value):
            return 1.0
        parts: list[float] = []
        if levels and isinstance(value, dict):
            for name, part in self.of(pointer).required.items():
                place = f"{path}/{name[:MAX_NAME_CHARS]}"
                if name not in value:
                    _note(faults, f"{place} is missing")
                    parts.append(0.0)
                elif part is None:
                    parts.append(1.0)
                else:
                    parts.append(self._share(part, value[name], place, faults, levels - 1))
        elif levels and isinstance(value, list) and (items := self.of(pointer).items):
            for index, item in enumerate(value):
                parts.append(self._share(items, item, f"{path}/{index}", faults, levels - 1))
        satisfied = sum(parts)
        # A part that is invalid has said so itself.
        if satisfied == len(parts) and len(faults) < MAX_FAULTS:
            is_scalar = not isinstance(value, dict | list)
            why = _keyword(validator, value) if self.explains or is_scalar else "its schema"
            _note(faults, f"{path or 'the document'} breaks {why}")
        return satisfied / (len(parts) + 1)

    def of(self, pointer: str) -> "_Parts":
        """The graded parts of the schema at a pointer, found once."""
        if pointer not in self.parts:
            schema = _at(self.root, pointer)
            same = list(self._same_value(pointer, schema)) if isinstance(schema, dict) else []
            self.parts[pointer] = _Parts.of(same)
        return self.parts[pointer]

    def _same_value(self, pointer: str, schema: Table) -> Iterator[tuple[str, Table]]:
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
    def of(cls, schemas: Sequence[tuple[str, Table]]) -> "_Parts":
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


def _note(faults: list[str], fault: str) -> None:
    """Keep what is shown: a list of thousands of invalid items has as many faults."""
    if len(faults) < MAX_FAULTS:
        faults.append(fault)


def _keyword(validator: Any, value: Any) -> str:
    try:
        validator.validate(value)
    except ValueError as error:
        return repr(getattr(getattr(error, "kind", None), "name", "its schema"))
    return "its schema"


def schema_text(schema: object) -> str:
    """A schema as JSON: it is an object, or a string that holds one.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(schema, str):
        return schema
    if not isinstance(schema, Mapping):
        raise ValueError(f"a schema is an object, or a string that holds one, got {schema!r:.60}")
    try:
        return json.dumps(schema)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the schema is no JSON: {error}") from None


@lru_cache(maxsize=64)
def compiled(text: str, draft: Draft, formats: bool) -> Schema:
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
    return Schema(root, validators)


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
