"""What a synthesis has made, in a few lines for people."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ASSEMBLY = Path("cdk.out")

_STACK = "aws:cloudformation:stack"

#: So many kinds of resource are named; the rest is counted.
_NAMED_KINDS = 6


def summary(assembly: Path = ASSEMBLY) -> Iterator[str]:
    """For each stack of an assembly: its template, its resources by kind, its assets by size."""
    for artifact in _read(assembly / "manifest.json")["artifacts"].values():
        if artifact["type"] == _STACK:
            yield from _stack(assembly, artifact["properties"]["templateFile"])


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
            yield f"  {file.get('displayName', 'asset')}: {source}, {_size(source)}"


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.2f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
