"""Every command and snippet of the docs is executed, as a reader would."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: Targets that run this test, or that take minutes: they must exist, and CI runs them.
SLOW_TARGETS = {
    *("test", "check", "fuzz", "bench", "clean", "lock", "synth", "deploy-local"),
    *("shuffle", "mutate", "docs", "wheel-test", "proofs", "cover"),
}


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """(info, text) of each fenced block in a language."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [(info.strip(), text) for name, info, text in found if name == language]


def sessions(text: str) -> list[tuple[str, list[str]]]:
    """Each command of a `console` block with the lines that it is said to print, but "..."."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line != "...":
            found[-1][1].append(" ".join(line.split()))  # a column may grow
    return found


def targets() -> set[str]:
    makefiles = [ROOT / "Makefile", *ROOT.glob("mk/*.mk")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in makefiles)
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks one after the other, in one namespace, as they are read."""
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {"__name__": "docs"}
    for _, text in blocks(page, "python"):
        exec(compile(text, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_toml_of_a_page_is_a_rubric_or_says_what_else(page: Path) -> None:
    """A block without a label is a rubric that is read without a complaint."""
    import tomllib

    from rewards.rubric.spec import parse_spec

    for info, text in blocks(page, "toml"):
        tables = tomllib.loads(text)
        if not info:
            parse_spec(tables, where=page.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path) -> None:
    """`console` blocks, line by line from the root, and print what stands below them ("..." aside).

    Those marked `account` need AWS and are not run.
    """
    env = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": os.environ.get("HOME", "/"),
    }
    for info, text in blocks(page, "console"):
        for command, shown in sessions(text) if info != "account" else []:
            words = shlex.split(command)
            if words[0] == "make":
                assert words[1] in targets(), f"{page.name}: no such target: {command}"
                if words[1] in SLOW_TARGETS:
                    continue
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            printed = f"{done.stdout}\n{done.stderr}"
            assert done.returncode == 0, f"{page.name}: {command}\n{printed}"
            lines = iter([" ".join(line.split()) for line in printed.splitlines()])
            for line in shown:  # in this order, with others between
                begins = line.removesuffix("...")
                found = any(p == line or (begins != line and p.startswith(begins)) for p in lines)
                assert found, f"{page.name}: {command} does not print: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Relative links name files that are there."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        generated = page.parent == ROOT / "docs" and target == "scorers.md"
        assert generated or (page.parent / target).exists(), f"{page.name}: {target}"
