"""SIGKILL at random moments of `rewards score`, to the command and to its children, seeded.

`python -m tests.kills --kills 40 --seed 0` (`make kills`). After each kill no process is left;
each run is resumed until it is whole, and ends with the bytes of a run that nobody disturbed. No
other file of the folder has changed, and there is none that was not there before.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.processes import PATIENCE_SECONDS, alive, ended, session

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-c", "from rewards.workbench.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

ROWS = 6_000

#: Rubrics and outputs: results in the order of the file, and results that wait for their order.
RUBRIC = """
name = "killed"
[[component]]
scorer = "numeric.match"
[[component]]
scorer = "{scorer}"
weight = 0.1
"""
RUNS = tuple(
    (scorer, out)
    for scorer in ("exact.match", "diversity.distinct")
    for out in ("scored.jsonl", "scored.jsonl.gz")
)

#: Files whose names are like those of the tool, and which are somebody's own.
DECOYS = ("scored.jsonl.partial.json", "scored.jsonl.gz.partial.json", "partial", "state.json")


@dataclass
class Run:
    """One command, what it writes undisturbed, and how long that takes."""

    folder: Path
    command: list[str]
    out: Path
    whole: bytes = b""
    seconds: float = 0.0


def write_rollouts(path: Path) -> None:
    """Rows of 500 prompts in turn, long enough for a dozen tasks."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(ROWS):
            steps = " ".join(f"step {n % 7 + k} is {k * n % 11};" for k in range(60))
            row = {"id": n, "prompt": f"p{n % 500}", "completion": f"{steps}\n#### {n % 3}"}
            file.write(json.dumps({**row, "reference_answer": "1"}) + "\n")


def prepared(folder: Path) -> list[Run]:
    """The runs, each done once undisturbed."""
    write_rollouts(folder / "rows.jsonl")
    for name in DECOYS:
        (folder / name).write_text(f"{name}: somebody's own")
    found = []
    for scorer, name in RUNS:
        rubric = folder / f"{scorer.partition('.')[0]}.toml"
        rubric.write_text(RUBRIC.format(scorer=scorer))
        command = [*COMMAND, "score", "rows.jsonl", "--rubric", rubric.name, "--workers", "2"]
        run = Run(folder, [*command, "--out", name, "--resume"], folder / name)
        begun = monotonic()
        subprocess.run(
            run.command, cwd=folder, env=ENVIRONMENT, capture_output=True, check=True, timeout=300
        )
        run.seconds = monotonic() - begun
        run.whole = run.out.read_bytes()
        run.out.unlink()
        found.append(run)
    return found


def disturbed(run: Run, victim: str, source: random.Random) -> Iterator[str]:
    """Do a run, killing at a random moment until a try is over before its moment; what happened.

    Kills of the `parent` are of the command itself, others of a process that it has started.
    """
    while True:
        with session(run.command, run.folder, ENVIRONMENT) as process:
            try:
                process.wait(source.uniform(0, 1.5 * run.seconds))
            except subprocess.TimeoutExpired:
                children = sorted(alive(process.pid) - {process.pid})
                if victim == "parent" or children:
                    target = process.pid if victim == "parent" else source.choice(children)
                    os.kill(target, signal.SIGKILL)
                    yield "killed"
            code = process.wait(PATIENCE_SECONDS)
            while left := alive(process.pid):  # one that was just being started is seen later
                assert ended(left), f"a process lives on after {PATIENCE_SECONDS} s"
            assert code in (0, 1, -signal.SIGKILL), f"exit code {code}: {process.stderr}"
        if code == 0:
            return


def check(folder: Path, run: Run, before: dict[str, bytes]) -> None:
    """The output is that of an undisturbed run, and nothing else is there or has changed."""
    assert run.out.read_bytes() == run.whole, "other bytes than those of an undisturbed run"
    run.out.unlink()
    assert contents(folder) == before, "a file that is somebody else's has changed, or was left"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def main() -> int:
    """Kill, resume, compare; 0 where all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="of the command, and of children")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=480, help="stop after about this long")
    args = parser.parse_args()
    source = random.Random(args.seed)
    begun = monotonic()
    kills, runs = Counter[str](), Counter[str]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepared_runs = prepared(folder)
        before = contents(folder)
        for victim in ("parent", "child"):
            while kills[victim] < args.kills and monotonic() - begun < args.seconds:
                run = prepared_runs[runs[victim] % len(prepared_runs)]
                for _ in disturbed(run, victim, source):
                    kills[victim] += 1
                check(folder, run, before)
                runs[victim] += 1
    for victim in ("parent", "child"):
        print(f"{kills[victim]} kills of a {victim} in {runs[victim]} runs: same bytes, none left")
    return 0 if min(kills["parent"], kills["child"]) >= args.kills else 1


if __name__ == "__main__":
    sys.exit(main())
