"""What a synthesis has made, in a few lines for people."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rewards_cdk.assets.platform import RUNTIME

ASSEMBLY = Path("cdk.out")

_STACK = "aws:cloudformation:stack"

#: What is said of an asset without bytecode.
_SOURCES = " of sources alone"

#: So many kinds of resource are named; the rest is counted.
_NAMED_KINDS = 6


def summary(assembly: Path = ASSEMBLY) -> Iterator[str]:
    """For each stack of an assembly: its template, its resources by kind, its assets by size."""
    lines: list[str] = []
    for artifact in _read(assembly / "manifest.json")["artifacts"].values():
        if artifact["type"] == _STACK:
            lines += _stack(assembly, artifact["properties"]["templateFile"])
    yield from lines
    if any(line.endswith(_SOURCES) for line in lines):
        yield (
            f"Python {RUNTIME} is not on this machine, so that a function compiles its code when "
            f"it starts; where that matters: uv python install {RUNTIME}"
        )


def _stack(assembly: Path, template: str) -> Iterator[str]:
    resources = _read(assembly / template)["Resources"].values()
    kinds = Counter(resource["Type"].removeprefix("AWS::") for resource in resources)
    named = kinds.most_common(_NAMED_KINDS)
    rest = kinds.total() - sum(count for _, count in named)
    listed = [f"{count} {kind}" for kind, count in named] + ([f"{rest} others"] if rest else [])
    yield f"{assembly / template}: {kinds.total()} resources, {_size(assembly / template)}"
    yield f"  {', '.join(listed)}"
    files = _read(assembly / template.replace(".template.", ".assets."))["files"]
    for file in files.values():
        source = assembly / file["source"]["path"]
        if source.name != template:
            form = _SOURCES if _is_not_compiled(source) else ""
            name = file.get("displayName", "asset").removeprefix("Default/")
            yield f"  {name}: {source}, {_size(source)}{form}"


def _is_not_compiled(path: Path) -> bool:
    """Whether this is a Lambda's code without bytecode: each of its starts compiles all of it."""
    if path.suffix != ".zip":
        return False
    with zipfile.ZipFile(path) as archive:
        return not any(name.endswith(".pyc") for name in archive.namelist())


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.2f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
