"""numeric.steps: how sound the written reasoning is."""

import json
from typing import Any

import pytest

from rewards.scorers.numeric import steps

from . import support
from .test_numeric import SOLUTION, sample

ROWS = [
    json.loads(line)
    for line in (support.CASES / "numeric_steps.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["completion"][:40])
def test_the_table(row: dict[str, Any]) -> None:
    """Rounding behind "≈", signs for times, and unrelated sums score as the table says."""
    assert steps(sample(row["completion"], row["reference"])).value == pytest.approx(row["value"])


def test_a_sum_of_the_prompts_numbers_is_related() -> None:
    """Whoever works with the numbers given may go another way than the reference."""
    completion = "96 - 72 = 24"
    assert steps(sample(completion, SOLUTION, "Of 96 clips, 72 were left.")).value == 1.0
    assert steps(sample(completion, SOLUTION, "Of many clips, most were left.")).value == 0.0


@pytest.mark.parametrize(
    ("completion", "reference", "value"),
    [
        (SOLUTION, SOLUTION, 1.0),
        ("48/2 = 24. 48 + 24 = 72.", SOLUTION, 1.0),
        ("48/2 = 24. 48 + 24 = 73.", SOLUTION, 0.75),
        ("48/2 = 25. 48 + 24 = 72.", SOLUTION, 0.25),
        ("2 + 2 = 4", SOLUTION, 0.5),
        ("1 = 1. 24 = 24. 24 + 0 = 24. 24 * 1 = 24", SOLUTION, 0.0),
        ("She sold 24, so 72.", SOLUTION, 0.0),
        ("24 72 24 72", SOLUTION, 0.0),
        ("", SOLUTION, 0.0),
        ("2 hours * $15 = $30", 30, 1.0),
        ("100 / 3 = 33.33", 33, 1.0),
        ("100 / 3 = 33.34", 33, 0.0),
        ("20% of 50 = 10", 10, 1.0),
        ("(3 + 4) × 2 = 14", 14, 1.0),
        ("4 / (2 - 2) = 1", 1, 0.0),
        ("<think>2 + 2 = 5</think> 2 + 2 = 4", 4, 1.0),
        ("2 + 2 = 4 and 2 + 3 = 6", None, 0.5),
    ],
)
def test_steps(completion: str, reference: object, value: float) -> None:
    """The share of true equations and of intermediate results reached, by halves."""
    assert support.run(steps, sample(completion, reference), {}).value == pytest.approx(value)


def test_steps_reports_both_shares() -> None:
    """Both shares are metrics; the weights decide what they make together."""
    half = sample("48/2 = 24. 48 + 24 = 73.", SOLUTION)
    assert steps(half).metrics == {"equations": 0.5, "results": 1.0}
    weighted = steps(half, equations_weight=0.0, results_weight=1.0)
    assert weighted.value == 1.0


def test_attack_padding_with_true_equations_does_not_hide_false_ones() -> None:
    """Repeating an equation counts once, and beyond a dozen further true ones count for nothing."""
    repeated = "1 + 1 = 2. " * 50 + "2 + 2 = 5."
    assert steps(sample(repeated)).value == pytest.approx(1 / 2)
    padded = " ".join(f"{n} + 1 = {n + 1}." for n in range(2, 90)) + " 2 + 2 = 5."
    assert steps(sample(padded)).value <= 12 / 13
    counted = " ".join(f"{n} + 1 = {n + 1}." for n in range(1, 90))
    assert steps(sample(counted, SOLUTION)).metrics["results"] == 0.0
