"""`tools.calls`: calls read in every form, and compared with what was expected."""

import json
import keyword
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import Rubric, Sample
from rewards.core.errors import UnscoredError, UnusableDataError
from rewards.reading.structured.calls import read_calls
from rewards.scorers import tools
from rewards.wire.contract import parse_event
from tests.scorers.support import check_laws, texts
from tests.scorers.tool_forms import FORMS, UNTYPED

# No model writes `a.in(...)` in Python: a keyword is no name there.
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,8})?", fullmatch=True).filter(
    lambda name: not any(map(keyword.iskeyword, name.split(".")))
)
KEYS = st.from_regex(r"[a-z]{1,6}_arg", fullmatch=True)
WORDS = st.text(st.sampled_from("abc XYZ012,.-äß東"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-999, 999) | st.just(2.5) | WORDS
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(KEYS, SCALARS, max_size=2)
CALLS = st.lists(
    st.tuples(NAMES, st.dictionaries(KEYS, VALUES, max_size=3)), min_size=1, max_size=3
)


def value(completion: str, reference: Any, **params: Any) -> float:
    schemas = params.pop("schemas", ())
    sample = Sample(id="1", completion=completion, reference_answer=reference, tools=schemas)
    return tools.calls(sample, **params).value


def plain(*calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "arguments": arguments} for name, arguments in calls]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30)
@given(calls=CALLS)
def test_calls_are_read_back_from_every_form(form: str, calls: list[Any]) -> None:
    """What each family of models writes is read back exactly, name by name, type by type."""
    if "llama, function" in form or "mistral, named" in form:
        calls = [(name, args or {"x_arg": 1}) for name, args in calls]
    found = read_calls(FORMS[form](calls))

    assert [(call.name, call.arguments) for call in found.calls] == calls
    assert found.malformed == 0


def schema_of(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    properties = {
        key: {"type": kinds.get(type(item), "object" if isinstance(item, dict) else "null")}
        for key, item in arguments.items()
    }
    return {"name": name, "parameters": {"type": "object", "properties": properties}}


@pytest.mark.parametrize("form", UNTYPED)
@settings(max_examples=30)
@given(calls=CALLS)
def test_untyped_forms_are_read_by_the_schemas(form: str, calls: list[Any]) -> None:
    """XML has no types: the schema says whether 3 is a number or a text."""
    calls = list({name.replace(".", "_"): (name, args) for name, args in calls}.values())
    schemas = [schema_of(name, args) for name, args in calls]
    found = read_calls(UNTYPED[form](calls), tools=schemas)

    assert [(call.name, call.arguments) for call in found.calls] == calls


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]},
        {"content": [{"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1}}}]},
        {"content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]},
        {"content": [{"text": "Now."}, {"toolUse": {"name": "f", "input": {"a": 1}}}]},
    ],
    ids=["tool_calls", "converse", "anthropic", "beside text"],
)
def test_calls_on_the_message_itself_are_read(message: dict[str, Any]) -> None:
    """With null content, as Converse blocks, beside text: the wire keeps them for the scorer."""
    (row,) = parse_event(
        [
            {
                "id": "1",
                "messages": [{"role": "user", "content": "q"}, {"role": "assistant", **message}],
                "metadata": {"reference_answer": plain(("f", {"a": 1}))},
            }
        ]
    )

    assert row.sample is not None
    assert tools.calls(row.sample).value == 1.0


BOTH = plain(("f", {"a": 1}), ("g", {}))


@pytest.mark.parametrize(
    ("completion", "reference", "params", "paid", "claim"),
    [
        ("[g(), f(a=1)]", BOTH, {}, 1.0, "any order"),
        ("[g(), f(a=1)]", BOTH, {"ordered": True}, 0.5, "order, where asked for"),
        ("[f(a=1)]", BOTH, {}, 0.5, "one is missing"),
        ("[f(a=1), g(), h()]", BOTH, {}, 2 / 3, "one too many"),
        ("[f(a=1), f(a=1), g()]", BOTH, {}, 2 / 3, "one twice"),
        ("[f(a=2), g()]", BOTH, {}, 0.5, "another value"),
        ("[f(a=1, b=2), g()]", BOTH, {}, 0.5, "an argument besides"),
        ("[f(), g()]", BOTH, {}, 0.5, "an argument missing"),
        ("[f(a='1'), g()]", BOTH, {}, 0.5, "a text is no number"),
        ("[f(a=True), g()]", BOTH, {}, 0.5, "true is no number"),
        ("[f(a=1.0), g()]", BOTH, {}, 1.0, "1.0 is 1"),
        ("I do nothing.", BOTH, {}, 0.0, "no call"),
        ("<tool_call>{f</tool_call>", BOTH, {}, 0.0, "a call that cannot be read"),
        ("I do nothing.", [], {}, 1.0, "no call is expected"),
        ("[f(a=1)]", [], {}, 0.0, "no call is expected, one is made"),
        ("<tool_call>{f</tool_call>", [], {}, 0.0, "no call is expected, one is attempted"),
        ("[f(city='New York, NY')]", plain(("f", {"city": "new york NY"})), {}, 1.0, "loose"),
        (
            "[f(city='New York, NY')]",
            plain(("f", {"city": "new york NY"})),
            {"strings": "exact"},
            0.0,
            "exact",
        ),
        ("[a_b(x=1)]", plain(("a.b", {"x": 1})), {}, 1.0, "dots as underscores"),
        ("[f(x=[1, 2])]", plain(("f", {"x": [2, 1]})), {}, 0.0, "lists have an order"),
        ("[f(x={'b': 1, 'a': 2})]", plain(("f", {"x": {"a": 2, "b": 1}})), {}, 1.0, "objects none"),
        ("[f(x=None)]", plain(("f", {"x": None})), {}, 1.0, "null is null"),
        ("[f(x=None)]", plain(("f", {"x": 0})), {}, 0.0, "null is not 0"),
        ("<think>[f(a=1)]</think>No.", plain(("f", {"a": 1})), {}, 0.0, "only thought of"),
        (
            "[f(a=__import__('os').getpid())]",
            plain(("f", {"a": 1})),
            {},
            0.0,
            "nothing is evaluated",
        ),
    ],
    ids=lambda item: item if isinstance(item, str) and len(item) < 40 else "",
)
def test_calls_are_compared_with_the_reference(
    completion: str, reference: Any, params: dict[str, Any], paid: float, claim: str
) -> None:
    """Each expectation is met once, extras and what cannot be read lower the share."""
    assert value(completion, reference, **params) == pytest.approx(paid), claim


ACCEPTABLE = [{"f": {"city": ["Paris", "paris, FR"], "unit": ["c", ""], "at": [{"h": [1, 13]}]}}]


@pytest.mark.parametrize(
    ("completion", "paid"),
    [
        ("[f(city='Paris', at={'h': 13})]", 1.0),
        ("[f(city='paris, fr', unit='C', at={'h': 1})]", 1.0),
        ("[f(city='Rome', at={'h': 1})]", 0.0),
        ("[f(city='Paris', unit='f', at={'h': 1})]", 0.0),
        ("[f(city='Paris')]", 0.0),
        ("[f(city='Paris', at={'h': 2})]", 0.0),
        ("[f(city='Paris', at={'h': 1, 'm': 0})]", 0.0),
    ],
)
def test_acceptable_values_are_lists_at_every_depth(completion: str, paid: float) -> None:
    """BFCL's form: any value of the list, and an empty text says that it may be left out."""
    assert value(completion, ACCEPTABLE, reference_form="acceptable") == paid


def test_defaults_of_the_schema_may_be_written_or_left_out() -> None:
    """An optional argument counts as given with its default; any other value must be asked for."""
    schemas = [
        {
            "name": "f",
            "parameters": {"properties": {"a": {"type": "integer"}, "u": {"default": "c"}}},
        }
    ]
    written, left_out = plain(("f", {"a": 1, "u": "c"})), plain(("f", {"a": 1}))

    assert value("[f(a=1)]", written, schemas=schemas) == 1.0
    assert value("[f(a=1, u='c')]", left_out, schemas=schemas) == 1.0
    assert value("[f(a=1, u='f')]", left_out, schemas=schemas) == 0.0
    assert value("[f(1)]", left_out, schemas=schemas) == 1.0  # named by the schema
    assert value("[f(1)]", left_out) == 0.0


@pytest.mark.parametrize(
    ("reference", "form"),
    [
        ("no JSON", "plain"),
        (7, "plain"),
        ([7], "plain"),
        ([{"arguments": {}}], "plain"),
        ([7], "acceptable"),
        ([{"f": 7}], "acceptable"),
    ],
)
def test_a_reference_that_is_no_list_of_calls_is_a_fault(reference: Any, form: Any) -> None:
    """The data is broken, not the answer."""
    with pytest.raises(UnusableDataError):
        value("[f(a=1)]", reference, reference_form=form)


def test_many_alike_calls_are_matched_as_well_as_can_be() -> None:
    """The choice of partners is a maximum matching: no order of the calls loses one."""
    reference = [{"f": {"x": [1, 2]}}, {"f": {"x": [1]}}]

    assert value("[f(x=1), f(x=2)]", reference, reference_form="acceptable") == 1.0
    assert value("[f(x=2), f(x=1)]", reference, reference_form="acceptable") == 1.0


@given(
    texts(
        *("<tool_call>", "</tool_call>", "[TOOL_CALLS]", "[ARGS]", "<function=f>", "</function>"),
        *("<parameter=a>", "<|python_tag|>", "to=functions.f<|message|>", "<｜tool▁call▁begin｜>"),
        *("```json\n", "\n```", '{"name": "f"', "{", "}", "[", "]", "f(", ")", "<arg_key>"),
    )
)
def test_any_text_is_scored_the_same_way_twice(text: str) -> None:
    """No text makes the reader raise."""
    check_laws(tools.calls, Sample(id="1", completion=text, reference_answer=BOTH), {})


def test_recorded_calls_agree_where_the_data_is_present() -> None:
    """BFCL's expectations, right and mutated; rows that contradict themselves are left out."""
    data = Path(__file__).parents[3] / "shared" / "data" / "verify" / "toolcalls.jsonl.gz"
    if not data.is_file():
        pytest.skip("the recorded calls are no part of the repository")
    import gzip

    contradictory = {"T00534", "T01323", "T02219", "T02735", "T03006", "T03839", "T00166"} | {
        *("T01842", "T06756", "T08968", "T09347", "T08135", "T08137", "T08146", "T08297"),
        *("T08299", "T11219", "T11255"),
    }
    wrong = []
    for row in map(json.loads, gzip.decompress(data.read_bytes()).splitlines()):
        calls = [(call["name"], call.get("arguments", {})) for call in row["candidate"]]
        text = FORMS["hermes"](calls) if calls else "No tool is needed."
        try:
            paid = value(
                text, row["ground_truth"], schemas=row["tools"], reference_form="acceptable"
            )
        except UnscoredError:
            paid = -1.0
        if row["id"] not in contradictory and (paid == 1.0) != (row["expected"] == "correct"):
            wrong.append(row["id"])
    assert wrong == []


def test_the_bundled_rubric_pays_for_calls() -> None:
    """`tools` reads the sample's schemas and its list of calls."""
    sample = Sample(id="1", completion="[f(a=1), g()]", reference_answer=BOTH)

    assert Rubric.load("tools").score(sample).value == 1.0


@pytest.mark.parametrize(
    ("completion", "reference", "paid"),
    [
        ("[f(a=1), g()]", BOTH, 1.0),
        ("[f(a=9), h()]", BOTH, 1.0),
        ("[f(a=1), f(a=1), f(a=1), g()]", BOTH, 0.5),
        ("[f(a=1)]", BOTH, 0.5),
        ("Nothing.", BOTH, 0.0),
        ("Nothing.", [], 1.0),
        ("[f(a=1)]", [], 0.0),
        ("<tool_call>{f</tool_call>[", BOTH, 0.5),
    ],
)
def test_economy_counts_calls_and_nothing_else(
    completion: str, reference: Any, paid: float
) -> None:
    """As many calls as the reference needs is best: fewer earn less, too, or doing nothing pays."""
    sample = Sample(id="1", completion=completion, reference_answer=reference)

    assert tools.economy(sample).value == paid
