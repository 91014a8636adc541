"""json_schema.*: well-formed, valid, and right field by field; never by stuffing or hedging."""

import json
import tracemalloc
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import MissingReferenceError, SpecError, UnscoredError, UnusableDataError
from rewards.core.sample import Sample
from rewards.reading.structured.documents import MAX_DOCUMENTS, MAX_MARKS, MAX_VALUES
from rewards.reading.structured.schemas import MAX_GRADED_DEPTH, Schema, compiled
from rewards.scorers.json_schema import MAX_FIELD_METRICS, fields, valid
from tests.scorers.support import LONG, check_laws, check_row, run, table, texts

PERSON: dict[str, Any] = {
    "type": "object",
    "required": ["name", "age"],
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
}
#: Branches that recur: each level of a document doubles the errors that a validator can list.
TREE: dict[str, Any] = {
    "$defs": {
        "node": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"op": {"const": op}, "left": {"$ref": "#/$defs/node"}},
                    "required": ["op", "left"],
                }
                for op in ("add", "mul")
            ]
            + [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/node"}}]
        }
    },
    "$ref": "#/$defs/node",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "age", "x", "/~"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FRAGMENTS = (
    *("{", "}", "[", "]", '"', ":", ",", "\\", "\n```json\n", "\n```\n", "null", "1", "NaN"),
    *('"name"', '{"name": "Ada", "age": 36}', "<think>", "</think>", "\\ud800", " "),
)


@pytest.mark.parametrize("row", table("json_schema"))
def test_the_table_of_cases(row: dict[str, Any]) -> None:
    """Every row of tests/cases/json_schema.jsonl scores as it says."""
    check_row("json_schema", row)


@given(
    completion=texts(*FRAGMENTS) | JSON.map(json.dumps),
    schema=st.sampled_from([PERSON, TREE, {"type": "array", "items": PERSON}, {}]),
    alone=st.booleans(),
    malformed=st.sampled_from([-1.0, 0.0]),
)
def test_any_text_is_validated(
    completion: str, schema: dict[str, Any], alone: bool, malformed: float
) -> None:
    """No text makes json_schema.valid raise, and malformed is never worth more than invalid."""
    params = {"schema": schema, "alone": alone, "malformed": malformed}
    check_laws(valid, Sample("1", completion), params)


@given(
    completion=texts(*FRAGMENTS) | JSON.map(json.dumps),
    reference=JSON | JSON.map(json.dumps) | texts(*FRAGMENTS),
    lists=st.sampled_from(["ordered", "unordered"]),
    flags=st.fixed_dictionaries(
        {flag: st.booleans() for flag in ("ignore_case", "ignore_space", "null_is_absent")}
    ),
)
def test_any_text_is_compared(
    completion: str, reference: object, lists: str, flags: dict[str, bool]
) -> None:
    """No completion and no reference makes json_schema.fields raise another error."""
    sample = Sample("1", completion, reference_answer=reference)
    check_laws(fields, sample, {"lists": lists, **flags})


@given(document=JSON, schema=st.sampled_from([PERSON, TREE, {"type": "array", "items": PERSON}]))
def test_full_credit_is_what_the_validator_says(document: Any, schema: dict[str, Any]) -> None:
    """1.0 exactly where jsonschema-rs finds the document valid; below `partial` elsewhere."""
    text = json.dumps(document, allow_nan=False) if finite(document) else "{}"
    score = run(valid, Sample("1", text), {"schema": schema})
    is_valid = jsonschema_rs.is_valid(schema, json.loads(text))
    assert (score.value == 1.0) == is_valid or score.metrics["well_formed"] == 0.0
    assert is_valid or score.value < 0.5


def finite(document: Any) -> bool:
    try:
        json.dumps(document, allow_nan=False)
    except ValueError:
        return False
    return True


@given(document=JSON.filter(finite), lists=st.sampled_from(["ordered", "unordered"]))
def test_the_reference_itself_earns_full_marks(document: Any, lists: str) -> None:
    """A completion that is the reference as JSON has precision, recall and F1 of 1."""
    if document is None or (isinstance(document, str) and not document.strip()):
        return  # no reference at all
    reference = json.dumps(document) if isinstance(document, str) else document
    sample = Sample("1", json.dumps(document), reference_answer=reference)
    score = run(fields, sample, {"lists": lists})
    assert (score.value, score.metrics["precision"], score.metrics["recall"]) == (1.0, 1.0, 1.0)


@given(items=st.lists(JSON.filter(finite), min_size=1, max_size=6), seed=st.randoms())
def test_unordered_lists_may_be_shuffled(items: list[Any], seed: Any) -> None:
    """The order of a list makes no difference where the rubric says so."""
    shuffled = list(items)
    seed.shuffle(shuffled)
    sample = Sample("1", json.dumps(shuffled), reference_answer=items)
    assert run(fields, sample, {"lists": "unordered"}).value == 1.0


def test_the_metrics_are_the_reference_s_fields_and_bounded() -> None:
    """Per-field figures are named by the reference alone, and no more than the cap."""
    reference = {f"k{i}": i for i in range(50)} | {"a/b": 1, "\n": 1}
    completion = json.dumps({"k0": 0, "k1": 2, "mine": 1})
    metrics = run(fields, Sample("1", completion, reference_answer=reference), {}).metrics
    named = {name for name in metrics if name.startswith("field.")}
    assert len(named) == MAX_FIELD_METRICS
    assert (metrics["field.k0"], metrics["field.k1"]) == (1.0, 0.0)
    assert "field.mine" not in named


@pytest.mark.parametrize("depth", [20, 98])
def test_a_recursive_branch_takes_linear_time(depth: int) -> None:
    """Recursion in oneOf, where listing the errors takes exponential time, is graded at once."""
    document: Any = {"op": "none"}
    for _ in range(depth):
        document = {"op": "add", "left": document}
    score = run(valid, Sample("1", json.dumps(document)), {"schema": TREE})
    assert score.value == 0.0
    assert "breaks its schema" in score.reason


@pytest.mark.parametrize(
    "flood",
    [
        *("[", "{", '{"', '{"a":', '{"a":1}', '"', "{ ", "[ ", '{"\\', "```json\n", "```\n{}\n"),
        *("[]", "{}", '"name"', "\\", "[[1],"),
    ],
)
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of openings, quotes or fences is scanned once."""
    sample = Sample("1", flood * (LONG // len(flood)), reference_answer={"a": [1]})
    assert run(valid, sample, {"schema": PERSON}).value <= 0.0
    assert run(fields, sample, {"lists": "unordered"}).value in (0.0, 1.0)


@pytest.mark.parametrize("item", ["1", "{}", "[]", '"x"', '{"n": [1, 2]}'])
def test_long_documents_are_compared(item: str) -> None:
    """As many list items as a document may hold are validated and compared, paired or not."""
    values = item.count(",") + 1
    completion = "[" + ",".join([item] * (MAX_VALUES // values)) + "]"
    schema = {"type": "array", "items": {"type": "boolean"}}
    sample = Sample("1", completion, reference_answer=[[1], {"n": [2]}, 3] * 50)
    assert run(valid, sample, {"schema": schema}).value == 0.0
    assert run(fields, sample, {"lists": "unordered"}).value < 0.02


@pytest.mark.parametrize(
    ("completion", "limit"),
    [
        ("[" + "1," * MAX_VALUES + "1]", f"more than {MAX_VALUES:,} values"),
        ("[" * 99 + "1," * MAX_VALUES + "1" + "]" * 99, f"more than {MAX_VALUES:,} values"),
        ('{"a":1} ' * (MAX_DOCUMENTS + 1), f"more than {MAX_DOCUMENTS:,} documents"),
        ("[]" * MAX_MARKS + "[]", f"more than {MAX_MARKS:,} brackets and strings"),
        ("[" + '"a",' * MAX_MARKS + '"a"]', f"more than {MAX_MARKS:,} brackets and strings"),
    ],
    ids=["values", "deep values", "documents", "brackets", "strings"],
)
def test_more_than_any_answer_holds_is_malformed(completion: str, limit: str) -> None:
    """What would cost a second a megabyte is refused before it is read, and the limit named."""
    sample = Sample("1", completion, reference_answer=[1])
    score = run(fields, sample, {})
    assert (score.value, limit in score.reason) == (0.0, True)
    assert run(valid, sample, {"schema": {"type": "array"}}).value == -1.0


def test_commas_in_text_are_no_values() -> None:
    """A long text with many commas is one value."""
    text = "so, " * MAX_VALUES
    sample = Sample("1", json.dumps({"text": text}), reference_answer={"text": text})
    assert run(fields, sample, {}).value == 1.0


def test_memory_does_not_grow_with_the_depth() -> None:
    """A leaf below 98 lists takes no more memory than one in a flat list: no path is kept."""
    peaks = []
    for depth in (1, 98):
        completion = "[" * depth + ",".join(["1"] * (MAX_VALUES // 2)) + "]" * depth
        sample = Sample("1", completion, reference_answer=[[1]])
        tracemalloc.start()
        run(fields, sample, {"lists": "unordered"})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_a_required_property_without_a_schema_is_satisfied_by_being_there() -> None:
    """The schema says nothing more of it: of a (invalid), b and the whole, one is satisfied."""
    schema = {"required": ["a", "b"], "properties": {"a": {"type": "integer"}}}
    score = run(valid, Sample("1", '{"a": "x", "b": 1}'), {"schema": schema, "partial": 0.9})
    assert score.value == pytest.approx(0.9 / 3)


def test_shares_end_at_a_depth() -> None:
    """Below the last graded level a part is all or nothing, so that a deep document costs little.

    Each graded level has a right text, the level below it, and the whole: (1 + s) / 3.
    """
    schema = {
        "type": "object",
        "required": ["text", "below"],
        "properties": {"text": {"type": "string"}, "below": {"$ref": "#"}},
    }
    document: Any = {"text": "x", "below": 1}
    for _ in range(MAX_GRADED_DEPTH + 3):
        document = {"text": "x", "below": document}
    share = 0.0
    for _ in range(MAX_GRADED_DEPTH):
        share = (1 + share) / 3
    score = run(valid, Sample("1", json.dumps(document)), {"schema": schema})
    assert score.metrics["satisfied"] == pytest.approx(share, abs=1e-12)


def test_a_pattern_of_a_schema_takes_linear_time() -> None:
    """A schema's pattern that hangs a backtracking engine reads a megabyte."""
    schema = {"type": "string", "pattern": "^(a+)+$"}
    sample = Sample("1", json.dumps("a" * LONG + "b"))
    assert run(valid, sample, {"schema": schema}).value == 0.0


@pytest.mark.parametrize(
    ("params", "remedy"),
    [
        ({}, "give schema or schema_key"),
        ({"schema": {}, "schema_key": "s"}, "give schema or schema_key"),
        ({"schema": "{"}, "the schema is no JSON"),
        ({"schema": "[]"}, "a schema is an object"),
        ({"schema": {"type": "strng"}}, "strng"),
        ({"schema": {"properties": {"a": {"minimum": "1"}}}}, "at /properties/a/minimum"),
        ({"schema": {"pattern": "(?=a)b"}}, "regex"),
        ({"schema": {"$ref": "https://example.com/s.json"}}, "Retrieval is disabled"),
        ({"schema": {"$ref": "file:///etc/passwd"}}, "Retrieval is disabled"),
        ({"schema": {"$ref": "#/$defs/none"}}, "does not exist"),
        ({"schema": {"$schema": "https://example.com/draft"}}, "meta-schema"),
        ({"schema": {}, "partial": 1.0}, "partial must be"),
        ({"schema": {}, "malformed": 0.5}, "malformed must be"),
        ({"schema": {}, "draft": "4"}, '"auto" or "2020-12" or "7"'),
    ],
)
def test_a_bad_schema_is_refused_at_load(params: dict[str, Any], remedy: str) -> None:
    """A schema that cannot be used, or that would be fetched, stops the rubric and says where."""
    with pytest.raises(SpecError, match=remedy):
        valid.bind(params)


@pytest.mark.parametrize("schema", [None, 5, "no", {"type": "strng"}, {"$ref": "http://x.y/z"}])
def test_a_bad_schema_of_a_sample_is_unscored(schema: object) -> None:
    """A row whose own schema cannot be used is a fault of the data, not of the completion."""
    sample = Sample("1", "{}", metadata={} if schema is None else {"schema": schema})
    with pytest.raises(UnusableDataError, match="field 'schema'"):
        run(valid, sample, {"schema_key": "schema"})


def test_no_reference_is_unscored() -> None:
    """Fields cannot be compared with nothing."""
    with pytest.raises(MissingReferenceError):
        run(fields, Sample("1", "{}"), {})


@pytest.mark.parametrize("reference", ["Paris", "{", "[" * 200 + "]" * 200, "[" * 99_999])
def test_a_reference_that_is_no_json_is_unscored(reference: str) -> None:
    """A reference that cannot be read, or is too deep to compare, is a fault of the data."""
    with pytest.raises(UnusableDataError, match="reference"):
        run(fields, Sample("1", "{}", reference_answer=reference), {})


def test_a_schema_is_compiled_once() -> None:
    """All samples of a rubric share one compiled schema; so do samples that bring equal ones."""
    before = compiled.cache_info().misses
    for _ in range(3):
        run(valid, Sample("1", "{}"), {"schema": {"title": "compiled once"}})
        own = Sample("1", "{}", metadata={"s": {"title": "compiled once"}})
        run(valid, own, {"schema_key": "s"})
    assert compiled.cache_info().misses == before + 1


class PanicException(BaseException):
    """What a crash inside a Rust extension looks like from Python."""


class BrokenValidator:
    """A validator that crashes on every document."""

    def is_valid(self, instance: Any) -> bool:
        raise PanicException("index out of bounds")


def test_a_crash_of_the_validator_costs_one_sample() -> None:
    """A panic in Rust, which no `except Exception` catches, is "could not decide"."""
    with pytest.raises(UnscoredError, match="broke down"):
        Schema({}, {"#": BrokenValidator()}).grade({})
