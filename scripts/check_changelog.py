"""Check that CHANGELOG.md keeps its form: what a release and a reader rely on.

An `Unreleased` section comes first, then one section a version, newest first, each dated; the
newest is not ahead of pyproject.toml; every entry is one list item of one to three sentences under
Added, Changed, Deprecated, Removed, Fixed or Security (https://keepachangelog.com/en/1.1.0/).
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
MAX_ENTRY = 400  # characters: an entry tells an outcome, the docs tell how

_SECTION = re.compile(r"Unreleased|(\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}")


def flaws(changelog: str, version: str) -> list[str]:
    r"""What is wrong with a changelog, a sentence each; `version` is that of pyproject.toml.

    >>> flaws("# Changelog\n\n## Unreleased\n\n### Added\n\n- It runs.\n", "0.1.0")
    []
    >>> flaws("# Changelog\n\n## Unreleased\n\n### New\n\n- It runs\n", "0.1.0")
    ['line 5: "New" is no kind of change', 'line 7: an entry ends with a full stop']
    """
    found: list[str] = []
    sections: list[str] = []
    entry, start = "", 0
    for number, line in enumerate([*changelog.splitlines(), ""], 1):
        if entry and not line.startswith("  "):
            if not entry.endswith("."):
                found.append(f"line {start}: an entry ends with a full stop")
            if len(entry) > MAX_ENTRY:
                found.append(f"line {start}: an entry has {len(entry)} characters, not {MAX_ENTRY}")
            entry = ""
        if line.startswith("## "):
            sections.append(line[3:].strip())
            if not _SECTION.fullmatch(sections[-1]):
                found.append(f'line {number}: "{line[3:]}" is not "Unreleased" or "1.2.3 - DATE"')
        elif line.startswith("### ") and line[4:].strip() not in KINDS:
            found.append(f'line {number}: "{line[4:]}" is no kind of change')
        elif line.startswith("- "):
            entry, start = line[2:].strip(), number
        elif entry:
            entry += f" {line.strip()}"
    return found + _order(sections, version)


def _order(sections: list[str], version: str) -> list[str]:
    if sections[:1] != ["Unreleased"]:
        return ['the first section is "Unreleased"']
    released = [match[1] for name in sections[1:] if (match := _SECTION.fullmatch(name))]
    numbers = [tuple(map(int, name.split("."))) for name in released]
    if numbers != sorted(set(numbers), reverse=True):
        return ["versions stand newest first, each once"]
    if numbers and numbers[0] > tuple(map(int, version.split("."))):
        return [f"{released[0]} is newer than version {version} of pyproject.toml"]
    return []


def main() -> int:
    """Print what is wrong; 0 for nothing, 1 otherwise. `--release v1.2.3`: ready for that tag?"""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = flaws((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), project["version"])
    if sys.argv[1:2] == ["--release"] and sys.argv[2] != f"v{project['version']}":
        found.append(f"tag {sys.argv[2]} is not version {project['version']} of pyproject.toml")
    for flaw in found:
        print(f"CHANGELOG.md: {flaw}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
