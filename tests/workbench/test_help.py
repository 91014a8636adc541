"""What `--help` prints, for every command alike."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from rewards.workbench.cli import app
from tests.workbench.conftest import ROOT, Run


def commands(group: Any = None, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, groups too, by the words that lead to it."""
    group = group or typer.main.get_command(app)
    yield path, group
    for name in getattr(group, "commands", ()):
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_every_command_has_a_help_that_begins_and_ends_well(
    rewards: Run, path: tuple[str, ...]
) -> None:
    """-h and --help alike; whole sentences; the exit codes, in every sub-command."""
    result = rewards(*path, "-h")

    assert result.code == 0
    assert result.stdout == rewards(*path, "--help").stdout
    assert "Exit codes: 0 fine" in result.stdout
    assert not re.search(r"\w\.\.\.$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_the_examples_of_a_help_can_be_typed(path: tuple[str, ...]) -> None:
    """Each is a command that is there, with options that it has; every command has one."""
    known = dict(commands())
    found = re.findall(r"^  (rewards .*)$", known[path].epilog or "", re.MULTILINE)

    assert found or hasattr(known[path], "commands")
    for example in found:
        _, *words = shlex.split(example)
        depth = next(n for n in range(len(words), 0, -1) if tuple(words[:n]) in known)
        named = known[tuple(words[:depth])]
        with named.make_context("rewards", words[depth:]):
            pass


def test_a_shell_can_complete(process: Run) -> None:
    """The words of the command, as bash asks for them."""
    asked = {"COMP_WORDS": "rewards repl", "COMP_CWORD": "1"}
    result = process(_REWARDS_COMPLETE="complete_bash", **asked)

    assert result.stdout.split() == ["replay"]


def test_help_imports_nothing_heavy() -> None:
    """`rewards --help` starts quickly: no rich, no powertools, no server, no process pool."""
    script = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from rewards.workbench.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'aws_lambda_powertools', 'boto3', 'asyncio', 'http.server',\n"
        "         'multiprocessing', 'importlib.metadata'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr == "[]\n"
