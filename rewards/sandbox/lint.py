"""What a linter finds in a program that its author would like to be free of findings.

The program is read, never run. Nothing that it says switches a check off: no comment (`# noqa` and
its kin), no `locals()`, no handler of NameError. Two linters: pyflakes, in this process, and ruff,
one process for all programs of a batch, with the other rules that an author names.
"""

import ast
import io
import json
import re
import subprocess
import tempfile
import tokenize
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from rewards.core.errors import RequirementError, ServiceError

#: The most parts, as Python's syntax tree counts them, of a program that is linted.
MAX_NODES = 10_000

#: How long ruff may take for a batch, in seconds: it takes 25 ms for 64 programs.
RUFF_SECONDS = 20

#: The codes of flake8 for pyflakes' messages, so that one name means the same under either linter.
#: https://flake8.pycqa.org/en/latest/user/error-codes.html
CODES = {
    "UnusedImport": "F401",
    "ImportShadowedByLoopVar": "F402",
    "ImportStarUsed": "F403",
    "LateFutureImport": "F404",
    "ImportStarUsage": "F405",
    "ImportStarNotPermitted": "F406",
    "FutureFeatureNotDefined": "F407",
    "PercentFormatInvalidFormat": "F501",
    "PercentFormatExpectedMapping": "F502",
    "PercentFormatExpectedSequence": "F503",
    "PercentFormatExtraNamedArguments": "F504",
    "PercentFormatMissingArgument": "F505",
    "PercentFormatMixedPositionalAndNamed": "F506",
    "PercentFormatPositionalCountMismatch": "F507",
    "PercentFormatStarRequiresSequence": "F508",
    "PercentFormatUnsupportedFormatCharacter": "F509",
    "StringDotFormatInvalidFormat": "F521",
    "StringDotFormatExtraNamedArguments": "F522",
    "StringDotFormatExtraPositionalArguments": "F523",
    "StringDotFormatMissingArgument": "F524",
    "StringDotFormatMixingAutomatic": "F525",
    "FStringMissingPlaceholders": "F541",
    "TStringMissingPlaceholders": "F542",
    "MultiValueRepeatedKeyLiteral": "F601",
    "MultiValueRepeatedKeyVariable": "F602",
    "TooManyExpressionsInStarredAssignment": "F621",
    "TwoStarredExpressions": "F622",
    "AssertTuple": "F631",
    "IsLiteral": "F632",
    "InvalidPrintSyntax": "F633",
    "IfTuple": "F634",
    "BreakOutsideLoop": "F701",
    "ContinueOutsideLoop": "F702",
    "YieldOutsideFunction": "F704",
    "ReturnOutsideFunction": "F706",
    "DefaultExceptNotLast": "F707",
    "DoctestSyntaxError": "F721",
    "ForwardAnnotationSyntaxError": "F722",
    "RedefinedWhileUnused": "F811",
    "UndefinedName": "F821",
    "UndefinedExport": "F822",
    "UndefinedLocal": "F823",
    "DuplicateArgument": "F831",
    "UnusedVariable": "F841",
    "UnusedAnnotation": "F842",
    "RaiseNotImplemented": "F901",
}

#: Comments that tell a tool what not to look at; ruff's `--ignore-noqa` covers noqa and disable.
_PRAGMA = re.compile(r"\b(isort|fmt|yapf|ruff|type|pragma|pylint|pyright|mypy|nosec|noqa)\b")


#: Where a message names another line: that of what is defined again.
_OTHER_LINE = re.compile(r"from line (\d{1,7})")


class LintFinding(NamedTuple):
    """One thing that a linter objects to: its code, where, and in what words."""

    line: int
    code: str
    message: str

    @property
    def other_line(self) -> int:
        """The line of what is defined again, where that is what it says; else its own."""
        other = _OTHER_LINE.search(self.message)
        return int(other[1]) if other else self.line


def statements(tree: ast.Module, after: int = 0) -> int | None:
    r"""How many statements do something, below line `after`: no `pass`, no bare constant.

    The measure of a program's length that blank lines, comments, docstrings and long or short
    lines do not move. None for a program of more than `MAX_NODES` parts: no answer has as many,
    and a linter takes 20 us for each.

    >>> statements(ast.parse('def f():\n    "doc"\n    pass\n    return 1\n'))
    2
    """
    found = 0
    for count, node in enumerate(ast.walk(tree)):
        if count > MAX_NODES:
            return None
        if isinstance(node, ast.stmt) and node.lineno > after and not _idle(node):
            found += 1
    return found


def _idle(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass)


def findings(program: str, tree: ast.Module, rules: Sequence[str]) -> list[LintFinding]:
    """What the linters find in a program that parses, in the order of the lines.

    pyflakes where there are no `rules`, and for rules named F, since ruff's own can be swayed.

    Raises:
        UnlintableError: the program cannot be read by the linter.
        ServiceError: ruff failed, with what it said, or took too long.
    """
    names, others = _split(rules)
    found = [f for f in _by_pyflakes(tree) if f.code.startswith(names)] if names else []
    if others:
        key = (program, others)
        found += _found[key] if key in _found else _by_ruff([program], others)[0]
    for finding in found:
        if finding.code == _SYNTAX:
            raise UnlintableError(f"line {finding.line}: {finding.message}")
    return sorted(found)


class UnlintableError(Exception):
    """A program that parses, and still is none: too deep for the linter, or a misplaced word."""


def _split(rules: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules that pyflakes looks after, and those that ruff does."""
    if not rules:
        return ("",), ()
    names = tuple("F" if rule == "ALL" else rule for rule in rules if _NAMES.fullmatch(rule))
    return names, tuple(rule for rule in rules if rule == "ALL" or not _NAMES.fullmatch(rule))


_NAMES = re.compile(r"F[0-9]*|ALL")
_SYNTAX = "invalid-syntax"


def needed(rules: Sequence[str]) -> list[str]:
    """The distributions that these rules need."""
    names, others = _split(rules)
    return [*(["pyflakes"] if names else []), *(["ruff"] if others else [])]


def _by_pyflakes(tree: ast.Module) -> list[LintFinding]:
    try:
        found = _checker()(tree, filename="answer", builtins=(), withDoctest=False).messages
    except RecursionError:
        raise UnlintableError("nested too deeply") from None
    return [
        LintFinding(
            message.lineno,
            CODES.get(type(message).__name__, type(message).__name__),
            str(message.message % message.message_args),
        )
        for message in found
    ]


@lru_cache(maxsize=1)
def _checker() -> Any:
    """Pyflakes' checker without the two ways in which a program can switch it off."""
    from pyflakes.checker import (  # type: ignore[import-untyped]  # it ships no types
        Checker,
        FunctionScope,
    )

    class Unswayed(Checker):  # type: ignore[misc]
        @property
        def exceptHandlers(self) -> list[tuple[str, ...]]:
            return [()]  # a handler of NameError would hide every undefined name below it

        @exceptHandlers.setter
        def exceptHandlers(  # pyright: ignore[reportIncompatibleVariableOverride]
            self, _: object
        ) -> None:
            pass

        def NAME(self, node: ast.Name) -> None:
            super().NAME(node)
            if isinstance(self.scope, FunctionScope):
                self.scope.usesLocals = False  # `locals()` would hide every unused variable

    return Unswayed


#: What ruff found in the programs of the batch that is scored now.
_found: dict[tuple[str, tuple[str, ...]], list[LintFinding]] = {}


def read_ahead(programs: Sequence[str], rules: Sequence[str]) -> None:
    """Let one process of ruff read all programs of a batch; `findings` has them then."""
    _found.clear()
    _, others = _split(rules)
    if others:
        once = list(dict.fromkeys(programs))
        keys = [(program, others) for program in once]
        _found.update(zip(keys, _by_ruff(once, others), strict=True))


def check_installed(rules: Sequence[str]) -> None:
    """Refuse rules that ruff does not know, and say what is missing where it is not installed.

    Raises:
        ValueError: with the remedy.
    """
    for rule in rules:
        if not re.fullmatch(r"[A-Z]{1,6}[0-9]{0,4}", rule):
            raise ValueError(f'rules: {rule!r} is no rule of ruff, such as "E", "F401" or "B"')
    for distribution in needed(rules):
        if find_spec(distribution) is None:
            raise RequirementError(f'needs {distribution}: pip install "bedrock-rft-rewards[lint]"')
    _, others = _split(rules)
    if others:
        try:
            _by_ruff([""], others)
        except ServiceError as error:
            raise ValueError(f"rules = {list(rules)}: {error}") from None


def _by_ruff(programs: Sequence[str], rules: Sequence[str]) -> list[list[LintFinding]]:
    """No configuration but ruff's defaults, no preview rules, no cache."""
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        for index, program in enumerate(programs):
            text = _without_pragmas(program).encode("utf-8", "replace")
            Path(folder, f"{index}.py").write_bytes(text)
        said = _ruff(["check", *_OPTIONS, f"--select={','.join(rules)}", "--ignore=F", "."], folder)
    by_program: list[list[LintFinding]] = [[] for _ in programs]
    for item in said:
        found = LintFinding(item["location"]["row"], item["code"] or _SYNTAX, item["message"])
        by_program[int(Path(item["filename"]).stem)].append(found)
    return by_program


_OPTIONS = (
    "--isolated",
    "--no-cache",
    "--ignore-noqa",
    "--exit-zero",
    "--no-respect-gitignore",
    "--output-format=json",
    "--quiet",
    # As deployed, whatever runs here: a rule that asks for newer syntax gives the same everywhere.
    "--target-version=py313",
)


def _ruff(arguments: Sequence[str], folder: str) -> list[dict[str, Any]]:
    from ruff import find_ruff_bin  # type: ignore[import-untyped]  # it ships no types

    try:
        done = subprocess.run(
            [find_ruff_bin(), *arguments],
            cwd=folder,
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=RUFF_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"ruff did not run: {type(error).__name__}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ServiceError(f"ruff failed: {said[:500]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _without_pragmas(program: str) -> str:
    """The program with the words that tell tools to look away struck out of its comments."""
    if "#" not in program or not _PRAGMA.search(program):
        return program
    lines = program.splitlines(keepends=True)
    try:
        for row, start, end in _comments(program):
            comment = _PRAGMA.sub(lambda found: "-" * len(found[0]), lines[row][start:end])
            lines[row] = lines[row][:start] + comment + lines[row][end:]
    except (tokenize.TokenError, SyntaxError, IndexError):
        return program  # no program: its findings are the linter's syntax errors
    return "".join(lines)


def _comments(program: str) -> Iterator[tuple[int, int, int]]:
    for token in tokenize.generate_tokens(io.StringIO(program).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0] - 1, token.start[1], token.end[1]
