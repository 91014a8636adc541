"""`@scorer`: the signature is the schema, checked when decorated and when a rubric loads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from rewards import Sample, group_scorer, scorer
from rewards.core.errors import SpecError
from rewards.core.parameters import type_name
from rewards.registry import bundled, resolve, scorers_of
from rewards.rubric import Rubric, use

SAMPLE = Sample("1", "72")


@dataclass(frozen=True)
class Price:
    """A table inside of a table."""

    output: float = 0.0


@dataclass(frozen=True)
class Terms:
    """A table of a scorer's parameters."""

    model: str
    seconds: float = 60.0
    price: Price = Price()


DEFAULT_TERMS = Terms("m")


@scorer
def tabular(sample: Sample, *, terms: Terms = DEFAULT_TERMS, limit: float = 1.0) -> float:
    """Give the seconds back."""
    return terms.seconds


@scorer
def many(
    sample: Sample,
    *,
    limit: float,
    mode: Literal["linear", "cosine"] = "linear",
    markers: list[str] | None = None,
    table: dict[str, Any] | None = None,
    count: int = 1,
    strict: bool = False,
) -> float:
    """Give the limit back.

    More is told further down.
    """
    return limit


@many.check
def _(*, limit: float, **_: Any) -> None:
    if limit < 0:
        raise ValueError(f"limit must be 0 or more, got {limit}")


def test_a_scorer_is_still_the_function() -> None:
    """It is called in tests and notebooks as it was written."""
    assert many(SAMPLE, limit=0.5) == 0.5
    assert many.summary == "Give the limit back."
    assert many.address == "tests.core.test_scorer:many"
    assert repr(many) == "<scorer tests.core.test_scorer:many>"


def test_parameters_are_completed_with_defaults() -> None:
    """An int where a float is wanted is a float."""
    bound = many.bind({"limit": 1, "markers": ["a"]})

    assert bound["limit"] == 1.0
    assert isinstance(bound["limit"], float)
    assert bound["mode"] == "linear"
    assert bound["markers"] == ["a"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "needs the parameter 'limit' (float)"),
        ({"limit": "1"}, "parameter 'limit' must be float, got '1'"),
        ({"limit": True}, "parameter 'limit' must be float, got True"),
        ({"limit": float("nan")}, "parameter 'limit' must be float, got nan"),
        ({"limit": 1, "mode": "cubic"}, 'must be "linear" or "cosine", got \'cubic\''),
        ({"limit": 1, "markers": "a"}, "must be list[str] or nothing, got 'a'"),
        ({"limit": 1, "markers": [1]}, "must be list[str] or nothing, got [1]"),
        ({"limit": 1, "count": 1.5}, "parameter 'count' must be int, got 1.5"),
        ({"limit": 1, "strict": 1}, "parameter 'strict' must be bool, got 1"),
        ({"limit": 1, "lmit": 2}, 'no parameter "lmit"; did you mean "limit"?'),
        ({"limit": -1}, "limit must be 0 or more, got -1.0"),
    ],
)
def test_a_wrong_parameter_names_itself(params: dict[str, Any], message: str) -> None:
    """The scorer, the parameter, the type or the closest name, and the value."""
    with pytest.raises(SpecError) as caught:
        many.bind(params)

    assert message in str(caught.value)
    assert "tests.core.test_scorer:many" in str(caught.value)


def test_misuse_of_the_decorator_is_refused_when_decorated() -> None:
    """No sample, a positional parameter, a parameter without a type, a range upside down."""
    with pytest.raises(SpecError, match="first parameter of a scorer is the sample"):
        scorer(lambda: 1.0)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="must be keyword-only"):
        scorer(lambda sample, limit: 1.0)  # type: ignore[misc]
    with pytest.raises(SpecError, match="has no type"):
        scorer(lambda sample, *, limit: 1.0)  # type: ignore[misc]
    with pytest.raises(SpecError, match="lowest value first"):
        scorer(range=(1.0, 0.0))(lambda sample: 1.0)


def test_a_type_that_no_rubric_can_write_is_refused() -> None:
    """TOML has no complex numbers."""

    @scorer
    def odd(sample: Sample, *, number: complex = 0j) -> float:
        """Never called."""
        return 0.0

    with pytest.raises(SpecError, match="cannot be"):
        odd.bind({"number": 1})


def test_an_annotation_that_cannot_be_resolved_says_so() -> None:
    """The usual cause is an import under TYPE_CHECKING."""

    @scorer
    def odd(sample: Sample, *, number: "Missing" = 0) -> float:  # type: ignore[name-defined]  # noqa: F821
        """Never called."""
        return 0.0

    with pytest.raises(SpecError, match="import it outside"):
        odd.bind({"number": 1})


def test_group_scorers_know_what_they_are() -> None:
    """The engine asks, instead of guessing from parameter names."""

    @group_scorer
    def whole(rollouts: Sequence[Sample]) -> list[float]:
        """Give each the same."""
        return [0.0 for _ in rollouts]

    assert whole.is_group
    assert not many.is_group
    assert whole([SAMPLE]) == [0.0]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("match", "is no scorer's address"),
        ("numeric", "is no scorer's address"),
        ("exact.match.again", "is no scorer's address"),
        ("../etc:passwd", "is no scorer's address"),
        ("exact.mtch", 'did you mean "exact.match"'),
        ("exat.match", 'did you mean "exact.match"'),
        ("tests.core.test_scorer.many", 'did you mean "tests.core.test_scorer:many"'),
        ("os.popen2", r"no scorer 'os.popen2'; (there are|did you mean \"\w+\.)"),
        ("json:loads", "is a plain function: decorate it"),
        ("tests.core.test_scorer:SAMPLE", "has 'SAMPLE', which is none; there are: "),
        (
            "tests.core.test_scorer:mny",
            r'test_scorer\.py\) has none of that name; did you mean "many"',
        ),
        ("json.decoder:x", r"json.decoder \(.*\) has none of that name; there are none"),
        ("json.decoder.more:x", r"json\.decoder \(.*\) is a module and holds no others"),
        (
            "tests.core.tset_scorer:many",
            "has no module 'tset_scorer'; did you mean \"test_scorer\"",
        ),
        ("my_package.my_module:polite", "there is no module 'my_package' in "),
    ],
)
def test_an_address_that_leads_nowhere_says_so(address: str, message: str) -> None:
    """And names the closest scorer there is."""
    with pytest.raises(SpecError, match=message):
        resolve(address)


def test_a_module_that_is_not_there_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder and those of PYTHONPATH, the near names in them, and what to do."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there / "my_pkg"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(there)
    monkeypatch.syspath_prepend(here)

    with pytest.raises(SpecError) as caught:
        resolve("mypkg.rewards:polite")

    message = str(caught.value)
    assert f"no module 'mypkg' in {here} (the current folder), {there}" in message
    assert f"{there} (the current" not in message
    assert "start in the folder that holds it, or name that folder in PYTHONPATH" in message
    assert not message.endswith("?")
    assert not {part for part in message.split(", ") if "site-packages" in part}
    (there / "my_pkg" / "__init__.py").write_text("")
    with pytest.raises(SpecError, match=r'did you mean "my_pkg"\?$'):
        resolve("mypkg.rewards:polite")


def test_a_module_of_scorers_that_is_not_there_is_named_as_it_was_given() -> None:
    """By `rewards list`, which has no address."""
    with pytest.raises(SpecError, match="there is no scorer 'nowhere_at_all'"):
        list(scorers_of("nowhere_at_all"))


def test_an_import_that_fails_inside_a_scorer_module_is_named(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The missing distribution is named, not the scorer."""
    (tmp_path / "needs_more.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SpecError, match="imports 'not_installed_anywhere', which is not installed"):
        resolve("needs_more:fn")


def test_a_scorer_module_that_breaks_on_import_is_named(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it raised, and no traceback for the author to read through."""
    (tmp_path / "broken_module.py").write_text("x = 1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SpecError, match="broken_module cannot be imported: ZeroDivisionError"):
        resolve("broken_module:fn")


def test_a_module_that_ends_the_process_is_an_error(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script without a main guard must not end the command, or the Lambda's init, unexplained."""
    (tmp_path / "exiting_script.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SpecError, match="exiting_script cannot be imported: SystemExit: 3"):
        resolve("exiting_script:fn")


@pytest.mark.parametrize("each", list(bundled()), ids=lambda each: each.address)
def test_every_bundled_scorer_is_found_by_its_address_and_explains_itself(each: Any) -> None:
    """The address is enough, nothing is registered; the first line is the rule."""
    assert resolve(each.address) is each
    assert each.summary.endswith(".")
    for name, hint in each.hints().items():
        assert name == "return" or type_name(hint)


def test_a_frozen_dataclass_is_the_schema_of_a_table() -> None:
    """What the table leaves out is default; the dataclass itself does as well, in Python."""
    written = tabular.bind({"terms": {"model": "a", "seconds": 1, "price": {"output": 2}}})
    built = tabular.bind({"terms": Terms("a", seconds=1.0, price=Price(2.0))})

    assert written == built == {"terms": Terms("a", 1.0, Price(2.0)), "limit": 1.0}
    assert isinstance(written["terms"].seconds, float)
    assert tabular.bind({})["terms"] is DEFAULT_TERMS


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"terms": {"model": "a", "secconds": 1}},
            'terms.secconds\' is not a key that is known; did you mean "seconds"',
        ),
        ({"terms": {"model": "a", "seconds": "1"}}, "'terms.seconds' must be float, got '1'"),
        (
            {"terms": {"model": "a", "price": {"in": 1}}},
            "'terms.price.in' is not a key that is known",
        ),
        ({"terms": {"seconds": 1.0}}, "'terms.model' is missing"),
        ({"terms": 5}, "must be table of model, seconds, price, got 5"),
        ({"terms": Terms(5)}, "'terms.model' must be str, got 5"),  # type: ignore[arg-type]
        ({"seconds": 1.0}, 'a key of the table "terms": terms = { seconds = ... }'),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_its_key(
    params: dict[str, Any], message: str
) -> None:
    """The parameter, the key and the nearest; a key that stands outside is told where it goes."""
    with pytest.raises(SpecError) as raised:
        tabular.bind(params)

    assert message in str(raised.value)
    assert "tests.core.test_scorer:tabular" in str(raised.value)


def test_a_table_given_as_a_dataclass_is_written_as_a_table() -> None:
    """A rubric built in Python and the one read back from its tables are the same."""
    rubric = Rubric("terms", [use(tabular, terms=Terms("a", price=Price(2.0)))])

    [component] = rubric.to_spec()["component"]
    assert component["params"] == {"terms": {"model": "a", "price": {"output": 2.0}}}
    assert Rubric.from_spec(rubric.to_spec()) == rubric
