"""Every scorer family gives the same bytes in any process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FAMILIES = ["choice", "exact", "format", "json_schema", "length", "overlap"]

SCRIPT = """
import json, sys
from dataclasses import astuple
from rewards.registry import resolve
from rewards.core.sample import Sample
for family in sys.argv[1:]:
    for line in open(f"tests/cases/{family}.jsonl", encoding="utf-8"):
        row = json.loads(line)
        scorer = resolve(f"{family}.{row['scorer']}")
        metadata, reference = row.get("metadata", {}), row.get("reference")
        sample = Sample("1", row["completion"], (), reference, metadata)
        score = scorer.function(sample, **scorer.bind(row.get("params", {})))
        print(ascii(astuple(score)))
group = resolve("diversity.distinct")
print(group.function([Sample(str(i), f"a b c {i} d e f") for i in range(9)]))
"""


@pytest.fixture(scope="module")
def expected() -> bytes:
    return scored("0")


def scored(seed: str) -> bytes:
    command = [sys.executable, "-c", SCRIPT, *FAMILIES]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True
    ).stdout


@pytest.mark.parametrize("seed", ["1", "4294967295"])
def test_any_hash_seed_gives_the_same_bytes(expected: bytes, seed: str) -> None:
    """Values, reasons, metrics and their order do not depend on the order of sets."""
    assert len(expected.splitlines()) > 300
    assert scored(seed) == expected
