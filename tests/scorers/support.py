"""What the tests of every scorer family share: case tables, and the laws that hold for any text."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from rewards.core.errors import UnscoredError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import Scorer
from rewards.registry import resolve

CASES = Path(__file__).parent.parent / "cases"

#: The longest completion that the service can send in one event is about this long.
LONG = 1_000_000

#: Reasons are one line of a table; none may carry a whole completion.
MAX_REASON_CHARS = 400


def table(family: str) -> list[Any]:
    """The rows of tests/cases/FAMILY.jsonl as parameters, named by their claim and source.

    A row has the `claim`, its `source`, the scorer's name and `params`, the `completion` (and
    `reference`, `metadata`), and the expected `value`, perhaps `answer` and a part of the `reason`.
    """
    lines = (CASES / f"{family}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [pytest.param(row, id=f"{row['claim']} [{row['source']}]") for row in rows]


def check_row(family: str, row: dict[str, Any]) -> None:
    """Score the row through the registry, parameters checked, and compare."""
    scorer = resolve(f"{family}.{row['scorer']}")
    sample = Sample(
        id="row",
        completion=row["completion"],
        reference_answer=row.get("reference"),
        metadata=row.get("metadata", {}),
    )
    score = run(scorer, sample, row.get("params", {}))
    assert score.value == pytest.approx(row["value"], abs=1e-9), score.reason
    if "answer" in row:
        assert score.answer == row["answer"]
    assert row.get("reason", "") in score.reason


def run(scorer: Scorer[..., Any], sample: Sample, params: dict[str, Any]) -> Score:
    """The score of one sample as the engine would take it: parameters bound, a number wrapped."""
    return checked(scorer, scorer.function(sample, **scorer.bind(params)), sample)


def checked(scorer: Scorer[..., Any], raw: Any, sample: Sample) -> Score:
    """The laws of one score: finite, in range, explained briefly, its span inside the text."""
    score = raw if isinstance(raw, Score) else Score(float(raw))
    low, high = scorer.range
    assert math.isfinite(score.value)
    assert low <= score.value <= high
    assert all(math.isfinite(figure) for figure in score.metrics.values())
    assert 0 < len(score.reason) <= MAX_REASON_CHARS
    assert len(score.answer or "") <= MAX_REASON_CHARS
    if score.span is not None:
        start, end = score.span
        assert 0 <= start <= end <= len(sample.completion)
    return score


def check_laws(scorer: Scorer[..., Any], sample: Sample, params: dict[str, Any]) -> None:
    """On any text a scorer gives a lawful score, the same twice, or says that it cannot decide."""
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(run(scorer, sample, params))
        except UnscoredError as error:
            outcomes.append(Score(0.0, reason=str(error)))
    assert outcomes[0] == outcomes[1]


def texts(*fragments: str) -> st.SearchStrategy[str]:
    """Any text at all, and texts built of the fragments that mean something to a family."""
    anything = st.text(st.characters(), max_size=30)  # nulls and lone surrogates included
    parts = st.lists(st.sampled_from(fragments) | anything, max_size=8)
    return anything | parts.map("".join)
