"""What exactly gave a reward: one hash over a rubric and the source of its scorers."""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

#: An import at module level. What a name is bound to does not tell where a number came from.
_IMPORT = re.compile(rb"^(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+))", re.MULTILINE)


def rubric_digest(
    tables: Mapping[str, Any], modules: Iterable[str], files: Iterable[Path] = ()
) -> str:
    """SHA-256 (hex) of a rubric's tables, of its scorers' modules and of the files they read.

    A scorer's module counts with the modules of its own package that it imports at module level
    (a shared number reader is part of the rule, and so is a table of limits). An import inside a
    function is not followed: the bundle may do without it, and the digest must be the same there.
    """
    digest = hashlib.sha256()
    digest.update(json.dumps(tables, sort_keys=True, default=str).encode())
    for name in sorted(_with_helpers(set(modules))):
        digest.update(f"\n{name}\n".encode())
        digest.update(_source(sys.modules[name]))
    for path in sorted(set(files), key=lambda path: path.name):
        digest.update(f"\n{path.name}\n".encode())
        digest.update(_text(path))
    return digest.hexdigest()


def _with_helpers(names: set[str]) -> set[str]:
    """`names` and every module of the same top-level packages that they draw on."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        module = sys.modules.get(name)
        if name in found or module is None:
            continue
        found.add(name)
        package = name.partition(".")[0]
        todo.extend(used for used in _used(module) if used.partition(".")[0] == package)
    # The package's own __init__ and the engine are no part of a scorer's rule.
    return {name for name in found if not hasattr(sys.modules[name], "__path__")}


def _used(module: ModuleType) -> set[str]:
    used = {
        resolve_name((found[1] or found[2]).decode(), module.__package__)
        for found in _IMPORT.finditer(_source(module))
    }
    for value in vars(module).values():
        name = value.__name__ if isinstance(value, ModuleType) else _home(value)
        if isinstance(name, str):
            used.add(name)
    return used


def _home(value: object) -> object:
    return getattr(value, "__module__", None)


def _source(module: ModuleType) -> bytes:
    """The module's source with uniform line ends: a checkout must not change the digest."""
    path = getattr(module, "__file__", None)
    if path is None or not Path(path).is_file():
        return b""
    return _text(Path(path))


def _text(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")
