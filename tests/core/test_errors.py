"""What an author raises, and what the package says of itself."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

import rewards
from rewards import Rubric, Sample, UnscoredError, scorer, use
from rewards.core.errors import SpecError

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    "name",
    ["UnscoredError", "MissingReferenceError", "UnusableDataError", "RefusalError", "ServiceError"],
)
def test_what_an_author_raises_is_exported(name: str) -> None:
    """`from rewards import UnscoredError` is the first line that the guide has them write."""
    assert name in rewards.__all__
    assert issubclass(getattr(rewards, name), UnscoredError)


def test_the_version_is_that_of_the_distribution() -> None:
    """A constant, since the Lambda's zip has no metadata: held equal to pyproject.toml."""
    assert tomllib.loads(PROJECT.read_text())["project"]["version"] == rewards.__version__


@pytest.mark.parametrize(
    "kind", ["", "no answer", "a/b", "no-answer", "a.b", "naïve", "x\n", "k" * 65, None, 7, b"x"]
)
def test_a_kind_that_no_metric_can_be_named_after_is_refused(kind: Any) -> None:
    """Where the class is made, not in the response of the first batch that meets it."""
    with pytest.raises(SpecError, match=r"Odd: kind must be 1 to 64 letters, digits and under"):
        type("Odd", (UnscoredError,), {"kind": kind})


def test_an_authors_own_kind_is_counted_under_its_name() -> None:
    """A subclass without one has its parent's."""

    class NoAnswerError(UnscoredError):
        kind = "no_answer_2"

    class BlankError(NoAnswerError):
        pass

    @scorer
    def undecided(sample: Sample) -> float:
        raise BlankError("nothing was said")

    assert Rubric("r", [use(undecided)]).score(Sample("1", "")).faults["undecided"].kind == (
        "no_answer_2"
    )
