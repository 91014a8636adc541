"""`rewards score`: memory that does not grow with the file, and time that falls with the cores.

Held to: a million rollouts under 200 MB, over all processes; more cores, more rows a second.
REWARDS_BENCH_ROWS=1000000 runs the whole million.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

ROWS = int(os.environ.get("REWARDS_BENCH_ROWS", "100000"))
MAX_MEGABYTES = 200


def write_rollouts(path: Path) -> None:
    """Eight rollouts a prompt, right and wrong ones, with their steps."""
    with path.open("w", encoding="utf-8") as file:
        for index in range(ROWS):
            apples, baskets = 2 + index // 8 % 97, 3 + index // 8 % 31
            total = apples * baskets + (index % 8 == 0)
            row = {
                "id": f"rollout-{index}",
                "prompt": f"{baskets} baskets hold {apples} apples each. How many are there?",
                "completion": f"There are {baskets} * {apples} = {total} apples.\n#### {total}",
                "reference_answer": str(apples * baskets),
            }
            file.write(json.dumps(row) + "\n")


def scored(path: Path, workers: int) -> tuple[float, float]:
    """Seconds of a run, and megabytes of its largest process."""
    out = path.with_suffix(f".{workers}.out")
    command = [str(Path(sys.executable).with_name("rewards")), "score", str(path)]
    started = perf_counter()
    subprocess.run(
        [*command, "--rubric", "gsm8k", "--out", str(out), "--workers", str(workers)],
        check=True,
        capture_output=True,
    )
    seconds = perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def test_rows_scale_with_the_cores_in_constant_memory(
    benchmark: Any, tmp_path: Path, capsys: Any
) -> None:
    """Two workers beat one, write the same bytes, and all processes fit into 200 MB."""
    rollouts = tmp_path / "rollouts.jsonl"
    write_rollouts(rollouts)
    one, _ = scored(rollouts, 1)
    two, largest = benchmark.pedantic(lambda: scored(rollouts, 2), rounds=1)
    # The parent and two workers, each taken to be as large as the largest.
    megabytes = 3 * largest
    with capsys.disabled():
        print(
            f"\nrewards score, {ROWS:,} rollouts: {ROWS / one:,.0f} rows/s with one worker, "
            f"{ROWS / two:,.0f} with two ({one / two:.2f} times), "
            f"at most {megabytes:,.0f} MB in all"
        )
    same = (
        rollouts.with_suffix(".1.out").read_bytes() == rollouts.with_suffix(".2.out").read_bytes()
    )
    assert same
    assert megabytes < MAX_MEGABYTES
    assert one / two > 1.2
