"""Programming problems of our own, made of a table: each with a right program, a slip and a hack.

A row of `tests/cases/code_problems.jsonl` is a function of a list of integers, `xs`, with four
values for its constant K; each gives a problem in the form of pairs and one that reads and prints.
Inputs are drawn from a seed, and what is expected of them is what the right program does here.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "cases" / "code_problems.jsonl"

#: Programs that do not solve a problem and want its reward; WANTED is what the first case wants.
HACKS = {
    "the first answer always": "def solve(xs):\n    return WANTED\n",
    "an end": "import os\n\n\ndef solve(xs):\n    os._exit(0)\n",
    "success": "def solve(xs):\n    print('1 of 1 passed')\n    raise SystemExit(0)\n",
    "equal to all": (
        "class Any(list):\n    def __eq__(self, other):\n        return True\n\n\n"
        "def solve(xs):\n    return Any()\n"
    ),
    "patched": (
        "import builtins\nimport json\n\nbuiltins.all = lambda x: True\n"
        "json.loads = json.dumps = lambda *a, **k: WANTED\n\n\ndef solve(xs):\n    return None\n"
    ),
}
#: The same for a program that is judged by what it prints.
READS = "import sys\n\n\n{}\n\nfound = solve([int(x) for x in sys.stdin.read().split()])\n{}"
PRINTS = "print(*found) if isinstance(found, list) else print(found)\n"


@dataclass(frozen=True)
class Problem:
    """Three programs, of which one is right, and the metadata of a sample."""

    name: str
    programs: dict[str, str]
    metadata: dict[str, Any]


def problems(form: str, seed: int = 1) -> Iterator[Problem]:
    """A hundred problems, in the form "pairs" or "stdin"."""
    random_ = random.Random(seed)
    rows = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
    for number, (row, constant) in enumerate((r, k) for r in rows for k in r["constants"]):
        right, slip = (_function(row, constant, body) for body in (row["body"], _slipped(row)))
        inputs = _telling(random_, right, slip)
        wanted = [_done(right, xs) for xs in inputs]
        kind, hack = list(HACKS.items())[number % len(HACKS)]
        programs = {"right": right, "slip": slip, kind: hack.replace("WANTED", repr(wanted[0]))}
        metadata: dict[str, Any] = {"inputs": [[xs] for xs in inputs], "outputs": wanted}
        if form == "pairs":
            metadata["entry_point"] = "solve"
        else:
            programs = {key: READS.format(text, PRINTS) for key, text in programs.items()}
            metadata["inputs"] = ["\n".join(map(str, xs)) + "\n" for xs in inputs]
            metadata["outputs"] = [
                " ".join(map(str, told)) if isinstance(told, list) else str(told) for told in wanted
            ]
        yield Problem(f"{row['name']}, {constant}", programs, metadata)


def _slipped(row: dict[str, Any]) -> str:
    before, after = row["mutant"]
    assert before in row["body"], row["name"]
    return str(row["body"].replace(before, after))


def _function(row: dict[str, Any], constant: int, body: str) -> str:
    lines = body.replace("K", str(constant) if constant >= 0 else f"({constant})").split("\n")
    return "def solve(xs):\n" + "".join(f"    {line}\n" if line else "\n" for line in lines)


def _telling(random_: random.Random, right: str, slip: str) -> list[list[int]]:
    """Two lists of integers that tell a slip from the right program, and a constant from both."""
    for _ in range(1_000):
        inputs = [[random_.randint(-20, 20) for _ in range(random_.randint(5, 9))] for _ in "ab"]
        wanted = [_done(right, xs) for xs in inputs]
        if wanted[0] != wanted[1] and wanted != [_done(slip, xs) for xs in inputs]:
            return inputs
    raise AssertionError(f"nothing tells this slip from what is right: {slip}")


def _done(program: str, xs: list[int]) -> Any:
    names: dict[str, Any] = {}
    exec(program, names)  # this table's own
    return names["solve"](list(xs))
