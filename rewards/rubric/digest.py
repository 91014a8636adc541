"""What exactly gave a reward: one hash over a rubric and the source of its scorers."""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

#: An import at module level of which one line says all.
_PLAIN_IMPORT = re.compile(
    rb"(?:from[ \t]+([\w.]+)[ \t]+import\b[^;\\]*|import[ \t]+([\w.]+)[ \t]*(?:#.*|as\b[^;,]*)?)\r?"
)
#: A line that may hold another one.
_ANY_IMPORT = re.compile(rb"(?:.*[:;])?[ \t]*(?:from\b.*)?\bimport\b")


def rubric_digest(
    written: str, modules: Iterable[str], files: Iterable[Iterable[Path]] = ()
) -> str:
    """SHA-256 (hex) of a rubric as it is written, of its scorers' modules and of their files.

    A scorer's module counts with the modules of its own package that it imports at module level
    (a shared number reader is part of the rule, and so is a table of limits). An import inside a
    function is not followed: the bundle may do without it, and the digest must be the same there.
    `files` are those of each component; they count by name and content, wherever they lie.
    """
    digest = hashlib.sha256(written.encode())
    for name in sorted(drawn_on(modules)):
        _count(digest, name, _source(sys.modules[name]))
    for paths in files:
        for name, text in sorted({(path.name, _text(path)) for path in paths}):
            _count(digest, name, text)
    return digest.hexdigest()


def _count(digest: "hashlib._Hash", name: str, text: bytes) -> None:
    digest.update(f"\n{name} {len(text)}\n".encode())
    digest.update(text)


def drawn_on(names: Iterable[str]) -> set[str]:
    """`names` and every module of the same top-level packages that they draw on."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        module = sys.modules.get(name)
        # What the author API imports is the engine, which is no part of a scorer's rule.
        if name in found or module is None or name == "rewards":
            continue
        found.add(name)
        package = name.partition(".")[0]
        todo.extend(used for used in _used(module) if used.partition(".")[0] == package)
    return found


def _used(module: ModuleType) -> set[str]:
    """The modules that a module's names come from, as far as they can be told."""
    used = set(_imported(module))
    for value in vars(module).values():
        # A package has whatever part of it anybody imported; what it uses, its source says.
        if isinstance(value, ModuleType) and not hasattr(module, "__path__"):
            used.add(value.__name__)
        elif isinstance(home := getattr(value, "__module__", None), str):
            used.add(home)
    return used


def _imported(module: ModuleType) -> Iterator[str]:
    """What a module imports while it is itself imported, by absolute names.

    A number does not tell where it came from; the import does. A name that is taken out of a
    package may be a module or not: both readings are given.
    """
    source = _source(module)
    found = None if hasattr(module, "__path__") else _plain_imports(source)
    for name in found if found is not None else _imports_of(_parsed(source)):
        yield resolve_name(name, module.__package__)


def _plain_imports(source: bytes) -> list[str] | None:
    """The imports at module level, read off their lines; None where only a parser can tell.

    To parse every module would cost the first invocation some 30 ms, to walk every line 5.
    """
    found: list[str] = []
    at = source.find(b"import")
    while at >= 0:
        start, end = source.rfind(b"\n", 0, at) + 1, source.find(b"\n", at)
        end = len(source) if end < 0 else end
        line = source[start:end]
        if plain := _PLAIN_IMPORT.fullmatch(line):
            found.append((plain[1] or plain[2]).decode())
        elif _ANY_IMPORT.match(line) and not _in_function(source, end):
            return None
        at = source.find(b"import", end)
    return found


def _in_function(source: bytes, end: int) -> bool:
    """Whether the line that ends here stands in a function of the module's own level."""
    while end > 0:
        start = source.rfind(b"\n", 0, end) + 1
        if source[start : start + 1].isalpha():  # no other line at the margin begins a block
            return source.startswith((b"def ", b"async def "), start)
        end = start - 1
    return False


def _parsed(source: bytes) -> Sequence["ast.stmt"]:
    """The statements of a module; none of what is no source, or is no longer."""
    import ast
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were given when the module was imported
        try:
            return ast.parse(source).body
        except (SyntaxError, ValueError):
            return ()


def _imports_of(statements: Sequence["ast.stmt"]) -> Iterator[str]:
    """The imports among `statements` and in their blocks, but for functions and type checks."""
    import ast

    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            origin = "." * statement.level + (statement.module or "")
            yield origin
            dot = "" if origin.endswith(".") else "."
            yield from (f"{origin}{dot}{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            yield from _imports_of(statement.orelse)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):
                yield from _imports_of(getattr(statement, block, ()))


def _source(module: ModuleType) -> bytes:
    """The module's source with uniform line ends: a checkout must not change the digest."""
    path = getattr(module, "__file__", None)
    try:
        return b"" if path is None else _text(Path(path))
    except OSError:  # a module without a file of its own: built in, or frozen into a zip
        return b""


def _text(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")
