"""How a program conducted itself: what it imports and reaches for, and how its run ended."""

import ast
from collections.abc import Iterator, Sequence

from rewards.sandbox.code.protocol import Outcome

#: Modules that reach files, the network, processes or the machine.
REACHING = frozenset(
    module
    for line in (
        "ctypes fcntl fileinput ftplib glob http imaplib mmap multiprocessing os pathlib poplib",
        "posix pty requests resource select shelve shutil signal smtplib socket socketserver",
        "sqlite3 ssl subprocess tempfile threading urllib webbrowser xmlrpc",
    )
    for module in line.split()
)

#: Names that open a file, or by which a module is had that no import names.
_OPENING = frozenset({"open"})
_HIDING = frozenset({"__import__", "exec", "eval", "compile", "__builtins__", "importlib"})

#: What Python makes of a refusal by the world around it.
_REFUSALS = frozenset({"PermissionError", "URLError", "gaierror", "ConnectionError"})


def imported(tree: ast.Module) -> set[str]:
    r"""The top-level modules that a program imports anywhere.

    >>> sorted(imported(ast.parse("import os.path\ndef f():\n    from re import sub")))
    ['os', 're']
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").partition(".")[0])
    return found


def named(tree: ast.Module) -> set[str]:
    """The names that a program reads, and those of attributes."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    }


def checks(
    tree: ast.Module, outcome: Outcome, output: str | None, allowed: Sequence[str]
) -> dict[str, bool]:
    """What holds, by name; what was not asked is not there."""
    return dict(_checks(tree, outcome, output, frozenset(allowed)))


def _checks(
    tree: ast.Module, outcome: Outcome, output: str | None, allowed: frozenset[str]
) -> Iterator[tuple[str, bool]]:
    modules, names = imported(tree), named(tree)
    yield "ended", outcome.ended == "done"
    yield "budget", outcome.ended not in ("fuel", "time", "output")
    yield "memory", outcome.ended != "memory" and outcome.error != "MemoryError"
    reaches = (modules & REACHING) - allowed or names & _OPENING or outcome.error in _REFUSALS
    yield "reach", not reaches
    if allowed:
        yield "imports", modules <= allowed and not (names | modules) & _HIDING
    if output is not None:
        yield "output", outcome.ended == "done" and _lines(outcome.output) == _lines(output)


def _lines(text: str) -> list[str]:
    """Lines without what nobody sees: space at their ends, empty ones at the end of all."""
    return [line.rstrip() for line in text.rstrip().splitlines()]
