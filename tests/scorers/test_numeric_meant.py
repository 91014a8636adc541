"""What people mean: a table written from the rules before the code was read."""

import json
from pathlib import Path
from typing import Any

import pytest

from rewards.core.errors import MissingReferenceError
from rewards.scorers.numeric import matches

CASES = Path(__file__).parent.parent / "cases" / "numeric_meant.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['rule']}: {row['completion'][-40:]!r}")
def test_a_row_is_read_as_its_rule_says(row: dict[str, Any]) -> None:
    """Right, wrong, or a reference that is refused since it is no single number."""
    if row["expected"] == "refused":
        with pytest.raises(MissingReferenceError):
            matches(row["completion"], row["reference"])
    else:
        assert matches(row["completion"], row["reference"]) is row["expected"]
