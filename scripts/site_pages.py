"""What the documentation site generates: the reference of every scorer, from the registry.

A hook of mkdocs (https://www.mkdocs.org/user-guide/configuration/#hooks): `scorers.md` is made
while the site is built, so that it cannot say something else than the code.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rewards.core.parameters import is_table, keys_of, type_name, without_arguments
from rewards.core.scorer import Scorer
from rewards.registry import bundled


def scorer_reference() -> str:
    """Every bundled scorer: what it rewards, its range, its parameters, as Markdown."""
    parts = [
        "# Scorers\n\nGenerated from the registry. `rewards list FAMILY` prints the same in a "
        "terminal.\n"
    ]
    family = ""
    for scorer in bundled():
        if scorer.address.partition(".")[0] != family:
            family = scorer.address.partition(".")[0]
            about = inspect.getdoc(sys.modules[scorer.__module__]) or ""
            parts.append(f"## {family}\n\n{about}\n")
        parts.append(_entry(scorer))
    return "\n".join(parts)


def _entry(scorer: Scorer[..., Any]) -> str:
    low, high = scorer.range
    notes = [f"{low:g} to {high:g}"]
    notes += ["sees the whole group"] * scorer.is_group + ["calls a model"] * scorer.is_async
    notes += [f"needs {name}" for name in scorer.requires]
    head = f"### `{scorer.address}`\n\n*{', '.join(notes)}*"
    about = _markdown(without_arguments(scorer.__doc__))
    return f"{head}\n\n{about}\n\n{_parameters(scorer)}\n"


def _parameters(scorer: Scorer[..., Any]) -> str:
    """A line for each parameter, and for each key of one that is a table."""
    hints, meanings = scorer.hints(), scorer.meanings()
    lines = []
    for name in scorer.parameters:
        kind = "table" if is_table(hints[name]) else type_name(hints[name])
        lines.append(f"* `{name}` ({kind}): {meanings.get(name, '')}")
        for key, hint, meaning, _ in keys_of(hints[name]) if is_table(hints[name]) else ():
            lines.append(f"    * `{key}` ({type_name(hint)}): {meaning}")
    return "\n".join(lines)


def _markdown(docstring: str) -> str:
    """A docstring as Markdown: doctests as code, the rest as it stands."""
    text, code = [], False
    for line in docstring.splitlines():
        starts = line.lstrip().startswith(">>>")
        if starts and not code:
            text.append("```python")
            code = True
        elif code and not line.strip():
            text.append("```")
            code = False
        text.append(line)
    return "\n".join([*text, "```"] if code else text)


def on_files(files: Any, config: Any) -> Any:
    """Add the generated page to what mkdocs builds."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "scorers.md", content=scorer_reference()))
    return files
