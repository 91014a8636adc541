"""Tests as a program of their own: it asks the program for values, and never shares its world.

`assert` statements are rewritten so that each is counted and none ends the rest. Calls of the
program are answered from a list (`guest.Harness`): a call that is not on it is noted and answered
with None, and the tests run again once the program has answered it.
"""

import ast
import builtins
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rewards.reading.structured.programs import parsed

#: The name under which test texts know the program, whatever its entry point is called.
CANDIDATE = "candidate"

#: Statements within which an assert need not run.
_BRANCHES = (ast.If, ast.Try, ast.TryStar, ast.While, ast.Match, ast.IfExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class TestsError(Exception):
    """Tests that cannot be run, whatever the program: the data's fault, in a sentence."""

    __test__ = False


@dataclass(frozen=True, slots=True)
class AssertTests:
    """Tests ready to be run: their text but for the answers, and what is to be counted.

    `required` are the numbers of the asserts that must run; `asserts` the text of each;
    `functions` the names in the tests that are calls of the program, and what they call there.
    """

    text: str
    asserts: tuple[str, ...]
    required: frozenset[int]
    functions: tuple[tuple[str, str], ...]

    def source(self, answers: Sequence[tuple[str, str, str | None, str, str | None]]) -> str:
        """The program that runs the tests with these answers, one per call, in order."""
        said = json.dumps(list(answers))
        return f"globals().update(__harness__({said!r}).names())\n{self.text}"


@lru_cache(maxsize=256)
def assert_tests(tests: str, preamble: str, entry_points: tuple[str, ...]) -> AssertTests:
    """Prepare a text that defines `check(candidate)`, or consists of asserts.

    A name that neither the tests nor the preamble define is a function of the program.

    Raises:
        TestsError: it does not parse, asserts nothing, or has nothing to call.
    """
    tree = _tree(tests, "the tests do not parse")
    before = _tree(preamble, "the preamble does not parse") if preamble.strip() else None
    if before is None and preamble.strip():
        raise TestsError("the preamble does not parse")
    has_check = any(isinstance(x, ast.FunctionDef) and x.name == "check" for x in tree.body)
    names = _free(tree, before, called=has_check)
    modules = {name for name in names & sys.stdlib_module_names if _is_module(tree, name)}
    functions = {name: name for name in names - modules or _called_builtins(tree, entry_points)}
    functions |= {name.partition(".")[0]: name for name in entry_points}
    if entry_points:
        functions[CANDIDATE] = entry_points[0]
    if has_check and CANDIDATE not in functions:
        raise TestsError('check(candidate) needs "entry_point", the name of what it checks')
    if not functions:
        raise TestsError("the tests call nothing of the program")
    rewritten = _Rewritten(has_check)
    body = rewritten.visit(tree).body
    if not rewritten.asserts:
        raise TestsError("the tests assert nothing")
    if has_check and not _calls_check(tree):
        body.append(ast.parse(f"check({CANDIDATE})").body[0])
    guarded = ast.parse("try:\n    pass\nexcept BaseException as error:\n    __broke__(error)")
    vars(guarded.body[0])["body"] = body
    text = "\n".join(
        [
            *(f"import {name}" for name in sorted(modules)),
            preamble,
            *(f"{name} = __asked__({to!r})" for name, to in sorted(functions.items())),
            ast.unparse(ast.fix_missing_locations(guarded)),
        ]
    )
    asserts, required = tuple(rewritten.asserts), frozenset(rewritten.required)
    return AssertTests(text, asserts, required, tuple(sorted(functions.items())))


def _tree(text: str, problem: str) -> ast.Module:
    found = parsed(text)
    if isinstance(found, str):
        raise TestsError(f"{problem}: {found}")
    return found


def _calls_check(tree: ast.Module) -> bool:
    calls = (node for x in tree.body if isinstance(x, ast.Expr) for node in ast.walk(x))
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "check"
        for n in calls
    )


def _is_module(tree: ast.Module, name: str) -> bool:
    """Whether a name is only ever looked into, as in `math.isclose`: tests forget the import."""
    nodes = list(ast.walk(tree))
    inside = {id(n.value) for n in nodes if isinstance(n, ast.Attribute)}
    return all(id(n) in inside for n in nodes if isinstance(n, ast.Name) and n.id == name)


def _called_builtins(tree: ast.Module, entry_points: tuple[str, ...]) -> set[str]:
    """The builtins that asserts call, where they call nothing else: the program defines its own."""
    if entry_points:
        return set()
    asserts = [node.test for node in tree.body if isinstance(node, ast.Assert)]
    calls = (n.func for test in asserts for n in ast.walk(test) if isinstance(n, ast.Call))
    return {f.id for f in calls if isinstance(f, ast.Name) and f.id in dir(builtins)}


def _free(tree: ast.Module, before: ast.Module | None, *, called: bool) -> set[str]:
    """Names that are read, and bound nowhere: functions of the program."""
    bound = set(dir(builtins)) | {"__name__", "__file__"}
    read: set[str] = set()
    for part in [tree, *([before] if before else [])]:
        for node in ast.walk(part):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    if part is tree:
                        read.add(node.id)
                else:
                    bound.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
    return read - bound - ({CANDIDATE} if called else set())


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _counted(number: int, *arguments: ast.expr) -> ast.stmt:
    return ast.Expr(_call("__held__", ast.Constant(number), *arguments))


class _Rewritten(ast.NodeTransformer):
    """Asserts as counted statements; one that is constantly true counts for nothing."""

    def __init__(self, has_check: bool) -> None:
        self.asserts: list[str] = []
        self.required: list[int] = []
        self._has_check = has_check
        self._optional = 0

    def visit(self, node: ast.AST) -> Any:
        """Know whether what is below must run: not in a branch, not in a helper."""
        is_check = self._has_check and isinstance(node, ast.FunctionDef) and node.name == "check"
        optional = isinstance(node, _BRANCHES) or (isinstance(node, _SCOPES) and not is_check)
        self._optional += optional
        try:
            return super().visit(node)
        finally:
            self._optional -= optional

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """`try: ok = bool(test)`, and a record of how that ended."""
        if isinstance(node.test, ast.Constant) and node.test.value:
            return ast.Pass()
        number = len(self.asserts)
        self.asserts.append(ast.unparse(node.test))
        if not self._optional:
            self.required.append(number)
        held = _call("bool", node.test)
        failed = ast.ExceptHandler(
            ast.Name("BaseException", ast.Load()),
            "__error__",
            [_counted(number, ast.Constant(False), ast.Name("__error__", ast.Load()))],
        )
        return ast.Try([_counted(number, held)], [failed], [], [])


def walk_calls(text: str) -> list[tuple[str, str]]:
    """The calls that the tests made: function and arguments; `ValueError` for no such text."""
    return [(name, given) for name, given in json.loads(text)]
