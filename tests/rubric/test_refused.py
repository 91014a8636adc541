"""Rubrics and components that cannot work, refused where they are written."""

from collections.abc import Callable

import pytest

from rewards import Rubric, gate, use
from rewards.core.errors import SpecError
from rewards.scorers import length
from tests.strategies import paid, rank


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ([], "at least one"),
        ([gate(paid)], "no component has a weight"),
        ([use(paid), use(paid)], 'two components are called "paid"'),
        ([use(paid).placed(weight=-1.0)], "negative"),
        ([use(paid).placed(threshold=2.0)], "between 0.0 and 1.0"),
        ([use(paid).placed(name="a/b")], "must not contain"),
        ([use(paid).placed(on_error="flor")], '"floor" or "skip"'),
        ([use(paid), gate(rank)], "group scorer cannot be a gate"),  # type: ignore[arg-type]
    ],
)
def test_a_rubric_that_cannot_work_is_refused(components: list[object], message: str) -> None:
    """At construction, before any sample is scored."""
    with pytest.raises(SpecError, match=message):
        Rubric("r", components)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"range": 5}, "range must be two numbers"),
        ({"reference": 5}, "reference must be a dotted path"),
        ({"normalize": 3}, "normalize must be a table with the keys by, clip, got 3"),
        ({"concurrency": "many"}, "concurrency must be a whole number"),
    ],
)
def test_a_wrong_argument_is_named_as_in_a_file(arguments: dict[str, object], message: str) -> None:
    """Python and TOML go through the same checks."""
    with pytest.raises(SpecError, match=message):
        Rubric("r", [use(paid)], **arguments)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="must be a table with the keys name, component"):
        Rubric.from_spec(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: Rubric("r", [paid]), r"list of use\(scorer, ...\)"),  # type: ignore[list-item]
        (lambda: Rubric("r", use(paid)), r"list of use\(scorer, ...\)"),  # type: ignore[arg-type]
        (lambda: use(len), "is no scorer: decorate it with @scorer"),  # type: ignore[arg-type]
        (lambda: use(paid, 0.5), "was given 0.5 without a name.*there are: scale"),  # type: ignore[call-arg]
        (lambda: gate(paid, 0.5), "was given 0.5 without a name"),  # type: ignore[call-arg]
        (lambda: use(paid, scael=1.0), 'no parameter "scael"; did you mean "scale"'),  # type: ignore[call-arg]
        (lambda: gate(paid, scael=1.0), 'no parameter "scael"; did you mean "scale"'),  # type: ignore[call-arg]
        (lambda: use(paid, scale="1"), "parameter 'scale' must be float, got '1'"),  # type: ignore[arg-type]
        (lambda: use(length.within, at_least=-1), "at_least must be 0 or more"),
    ],
)
def test_a_misplaced_scorer_is_told_how_to_be_placed(
    build: Callable[[], object], expected: str
) -> None:
    """A forgotten `use`, a plain function and a wrong parameter fail where they are written."""
    with pytest.raises(SpecError, match=expected):
        build()
