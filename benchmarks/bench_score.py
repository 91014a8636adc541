"""`rewards score`: memory that does not grow with the file, and time that falls with the cores.

Held to: a million rollouts under 200 MB, over all processes of the run; two workers share the work,
so that none has more than two thirds of what one would have; shuffled rollouts brought together
within the same memory. Measured on short synthetic rollouts, and on real responses where they are
present. REWARDS_BENCH_ROWS=1000000 for the million.
"""

import gzip
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

import pytest

from benchmarks.bench_numeric import REAL
from benchmarks.conftest import Measured
from tests.processes import alive

ROWS = int(os.environ.get("REWARDS_BENCH_ROWS", "100000"))
MAX_MEGABYTES = 200

#: Real responses are four times as long, and some of them costly: a tenth of the rows will do.
REAL_ROWS = ROWS // 10

#: A rubric that compares the rollouts of one prompt, so that they are brought together.
COMPARING = '[[component]]\nscorer = "diversity.distinct"\n'

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Used:
    """A run of the command.

    `megabytes` are those of all its processes together, each at its peak; `busiest` is the time on
    a core of that process which had the most of it.
    """

    seconds: float
    megabytes: float
    busiest: float
    output: bytes


def synthetic(count: int) -> Rows:
    """One line of working and a marked answer, eight rollouts a prompt, right and wrong ones."""
    for index in range(count):
        apples, baskets = 2 + index // 8 % 97, 3 + index // 8 % 31
        total = apples * baskets + (index % 8 == 0)
        yield {
            "id": f"rollout-{index}",
            "prompt": f"Case {index // 8}: {baskets} baskets hold {apples} apples each. All?",
            "completion": f"There are {baskets} * {apples} = {total} apples.\n#### {total}",
            "reference_answer": str(apples * baskets),
        }


def real(count: int) -> Rows:
    """Responses of models to grade-school problems, again from the start where there are few."""
    with gzip.open(REAL, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for index in range(count):
        row = rows[index % len(rows)]
        yield {
            "id": index,
            "prompt": row["question"],
            "completion": row["response"],
            "reference_answer": row["gold"],
        }


SETS: dict[str, tuple[Callable[[int], Rows], int]] = {
    "short synthetic rollouts": (synthetic, ROWS),
    "real responses": (real, REAL_ROWS),
}


def scored(path: Path, rubric: str, workers: int) -> Used:
    """Run the command on a file; `rubric` is a name or a path."""
    out = path.with_suffix(f".{workers}.out")
    command = [sys.executable, "-c", "from rewards.workbench.cli import main; main()"]
    options = ["--rubric", rubric, "--out", str(out), "--overwrite", "--workers", str(workers)]
    started = perf_counter()
    with (
        subprocess.Popen(
            [*command, "score", str(path), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process,
        watched(process.pid) as used,
    ):
        _, errors = process.communicate()
    seconds = perf_counter() - started
    assert process.returncode == 0, errors.decode()
    kilobytes, busy = zip(*used.values(), strict=True)
    return Used(seconds, sum(kilobytes) / 1024, max(busy), out.read_bytes())


class watched:
    """What each process of a session has used so far: kilobytes at its peak, seconds on a core.

    Of this session's processes only: what a benchmark before held, or its children did, is nothing
    to it. The system keeps both figures, so that looking now and then misses little.
    """

    def __init__(self, session: int) -> None:
        self._session = session
        self._used: dict[int, tuple[int, float]] = {}
        self._done = Event()
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> dict[int, tuple[int, float]]:
        self._thread.start()
        return self._used

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for pid in alive(self._session):
                with suppress(FileNotFoundError, ProcessLookupError):
                    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                    times = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[-1]
                    if peak := re.search(r"VmHWM:\s*(\d+)", status):
                        ticks = sum(map(int, times.split()[11:13]))
                        self._used[pid] = int(peak[1]), ticks / os.sysconf("SC_CLK_TCK")


def written(path: Path, rows: Rows) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells a process's peak memory")


@linux
@pytest.mark.parametrize("name", SETS)
def test_rows_scale_with_the_cores_in_constant_memory(
    benchmark: Any, tmp_path: Path, measured: Measured, name: str
) -> None:
    """Two workers share the work, write the same bytes, and all processes fit into 200 MB."""
    rows, count = SETS[name]
    if rows is real and not REAL.exists():
        pytest.skip("real responses are not part of the project")
    path = written(tmp_path / "rollouts.jsonl", rows(count))
    one = scored(path, "gsm8k", 1)
    two = benchmark.pedantic(lambda: scored(path, "gsm8k", 2), rounds=1)
    share = two.busiest / one.busiest
    megabytes = max(one.megabytes, two.megabytes)
    measured(
        f"`rewards score`, `gsm8k`, {count:,} {name}",
        f"{count / one.busiest:,.0f} a second of one core; of two workers the busier has "
        f"{share:.0%} of the work; at most {megabytes:,.0f} MB in all",
        f"two thirds of the work, {MAX_MEGABYTES} MB",
    )
    assert one.output == two.output
    assert max(one.megabytes, two.megabytes) < MAX_MEGABYTES
    assert share < 2 / 3


@linux
def test_shuffled_rollouts_are_brought_together_in_constant_memory(
    benchmark: Any, tmp_path: Path, measured: Measured
) -> None:
    """A rubric that compares costs a pass more on shuffled rows, and no memory that grows."""
    rubric = tmp_path / "comparing.toml"
    rubric.write_text(f'name = "comparing"\n{COMPARING}', encoding="utf-8")
    rows = list(synthetic(ROWS))
    together = written(tmp_path / "together.jsonl", iter(rows))
    random.Random(0).shuffle(rows)
    path = written(tmp_path / "shuffled.jsonl", iter(rows))
    del rows
    before = scored(together, str(rubric), 2)
    after = benchmark.pedantic(lambda: scored(path, str(rubric), 2), rounds=1)
    measured(
        f"`rewards score`, `diversity.distinct`, {ROWS:,} short synthetic rollouts",
        f"shuffled {after.seconds / before.seconds:.2f} times as long as in groups; at most "
        f"{after.megabytes:,.0f} MB in all",
        f"{MAX_MEGABYTES} MB",
    )
    assert sorted(before.output.splitlines()) == sorted(after.output.splitlines())
    assert after.megabytes < MAX_MEGABYTES
