"""Mutants of the core, and the tests that should notice: `make mutate`.

Each mutant is one small slip in one place (a comparison turned, a branch taken always, a statement
dropped); the tests of its area run on a copy of the tree with that slip in it. A mutant that no
test notices is a claim that no test makes. Chosen by a seed: the same mutants every time.

A survivor that cannot be told apart from the original is listed in tests/equivalent_mutants.toml
with the reason; what is listed there is not drawn.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"

#: The sources of an area, and its tests, the quickest first.
AREAS: dict[str, tuple[list[str], list[str]]] = {
    "contract": (
        ["rewards/wire/contract.py"],
        ["tests/wire", "tests/test_handler.py"],
    ),
    "rubric": (
        ["rewards/rubric/*.py"],
        ["tests/rubric", "tests/test_laws.py", "tests/test_handler.py", "tests/judge"],
    ),
    "reading": (
        ["rewards/reading/**/*.py"],
        ["tests/reading", "tests/scorers", "tests/test_laws.py"],
    ),
    "judge": (["rewards/judge/**/*.py"], ["tests/judge"]),
    "handler": (
        [
            *("rewards/handler.py", "rewards/wire/telemetry.py", "rewards/wire/answering.py"),
            *("rewards/core/concurrency.py", "rewards/core/deadline.py"),
        ],
        [
            *("tests/wire", "tests/core/test_concurrency.py", "tests/core/test_deadline.py"),
            *("tests/rubric/test_batch.py", "tests/test_handler.py", "tests/judge/test_handler.py"),
        ],
    ),
}
#: What a run costs at the most, however busy the machine; a mutant that never ends is noticed.
SECONDS = 1200

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is},
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.Mod: ast.Mult},
}


@dataclass(frozen=True)
class Mutant:
    """One slip: the text from `start` to `end` of `path` becomes `text`."""

    area: str
    path: str
    line: int
    start: int
    end: int
    before: str
    text: str

    @property
    def name(self) -> str:
        """Where it is and what it does; stable while the lines around it stand."""
        return f"{self.path}:{self.line}: {self.before} -> {self.text}"


def mutants(area: str, path: Path) -> Iterator[Mutant]:
    """Every slip that is tried in a file, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    lines = [0]
    for text in source.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(text))
    data = source.encode()
    for node in _code(ast.parse(source)):
        for found in _slips(node):
            start = lines[node.lineno - 1] + node.col_offset
            end = lines[node.end_lineno - 1] + node.end_col_offset
            before = " ".join(data[start:end].decode().split())
            if " ".join(found.split()) != before:
                name = path.relative_to(ROOT).as_posix()
                yield Mutant(area, name, node.lineno, start, end, before[:120], found)


def _code(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes inside functions, without annotations, defaults, messages of errors, asserts."""
    todo: list[tuple[ast.AST, bool]] = [(tree, False)]
    while todo:
        node, inside = todo.pop()
        if inside and isinstance(node, ast.expr | ast.stmt):
            yield node
        if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo.extend((child, True) for child in node.body)
        elif isinstance(node, ast.AnnAssign):
            todo.extend((child, inside) for child in (node.value,) if child is not None)
        else:
            todo.extend((child, inside) for child in ast.iter_child_nodes(node))


def _slips(node: ast.AST) -> Iterator[str]:
    """What a node may become, as source."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            turned = _COMPARISONS[type(op)]()
            yield ast.unparse(ast.Compare(node.left, [turned], node.comparators))
        case ast.BinOp() if type(node.op) in _OPERATORS:
            other = ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
            yield f"({ast.unparse(other)})"
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other_op, node.values))})"
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.IfExp():
            yield f"({ast.unparse(node.body)})"
            yield f"({ast.unparse(node.orelse)})"
        case ast.Constant(value=bool()):
            yield str(not node.value)
        case ast.Constant(value=int() | float()):
            yield repr(node.value + 1)
        case ast.Continue():
            yield "break"
        case ast.Break():
            yield "continue"
        case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
            yield "return None"
        case ast.Expr(value=ast.Call() | ast.Await() | ast.Yield()) | ast.AugAssign():
            yield "pass"


def drawn(areas: list[str], count: int, seed: int) -> list[Mutant]:
    """`count` mutants of each area, the same for the same seed, without those listed as equal."""
    listed = set()
    if EQUIVALENT.exists():
        tables = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
        listed = {(m["file"], m["before"], m["after"]) for m in tables.get("mutant", [])}
    chosen = []
    for area in areas:
        sources, _ = AREAS[area]
        paths = sorted(path for pattern in sources for path in ROOT.glob(pattern))
        found = [
            mutant
            for path in paths
            for mutant in mutants(area, path)
            if (mutant.path, mutant.before, mutant.text) not in listed
        ]
        rng = random.Random(f"{seed}/{area}")
        chosen += rng.sample(found, min(count, len(found)))
    return chosen


def survives(mutant: Mutant, tree: Path) -> bool:
    """Whether the tests of its area pass on a tree with the mutant in it."""
    path = tree / mutant.path
    original = path.read_bytes()
    path.write_bytes(original[: mutant.start] + mutant.text.encode() + original[mutant.end :])
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "no:benchmark", "-p", "no:randomly", "-n", "0", *AREAS[mutant.area][1]]
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, timeout=SECONDS, check=False)
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_bytes(original)


def _copied(folder: Path) -> Path:
    """The files that git tracks, in a folder of their own."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def main() -> int:
    """Run the mutants; 1 where more than a tenth survive."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("areas", nargs="*", help=f"of {', '.join(AREAS)}; all of them by default")
    parser.add_argument("--count", type=int, default=40, help="mutants of each area (40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chosen = drawn(options.areas or list(AREAS), options.count, options.seed)
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.workers) as pool:
        trees: Queue[Path] = Queue()
        for number in range(options.workers):
            trees.put(_copied(Path(name) / str(number)))

        def tried(mutant: Mutant) -> tuple[Mutant, bool]:
            tree = trees.get()
            try:
                return mutant, survives(mutant, tree)
            finally:
                trees.put(tree)

        for done, (mutant, alive) in enumerate(pool.map(tried, chosen), 1):
            print(
                f"{done}/{len(chosen)} {'SURVIVES' if alive else 'noticed '} {mutant.name}",
                flush=True,
            )
            survivors += [mutant] * alive
    share = len(survivors) / len(chosen)
    print(f"{len(survivors)} of {len(chosen)} survive ({share:.1%}), seed {options.seed}")
    return 1 if share > 0.1 else 0


if __name__ == "__main__":
    raise SystemExit(main())
