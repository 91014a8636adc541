"""The command as a person runs it: in this process, or in one of its own."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewards.workbench.cli import app
from rewards.workbench.rollouts import batches
from tests.processes import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from rewards.workbench.cli import main; main()"]

EXACT = """
name = "exact"

[[component]]
name = "correct"
scorer = "exact.match"
"""


@dataclass(frozen=True)
class Result:
    """What a run printed, and its exit code."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.stdout)


Run = Callable[..., Result]


@pytest.fixture
def rewards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def environment() -> dict[str, str]:
    """What a process of the command needs, besides what every process has."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def process(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run the command in a process of its own, as a shell does."""

    def run(*arguments: object, stdin: bytes = b"", **more: str) -> Result:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=tmp_path,
            env={**environment, **more},
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def exact(tmp_path: Path) -> Path:
    """A rubric that pays for the reference, word for word."""
    path = tmp_path / "exact.toml"
    path.write_text(EXACT)
    return path


@pytest.fixture(scope="session")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A boto3 client of a server, for all tests that leave it as it is."""
    from tests.workbench.serving import client, serving

    with serving(tmp_path_factory.mktemp("serve"), "--timeout", "120") as (url, _):
        yield client(url)


def wire_row(completion: Any, reference: Any = "72", **fields: Any) -> dict[str, Any]:
    """A row as the service sends it."""
    prompt = fields.pop("prompt", "What is 8 times 9?")
    messages = [
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": completion},
    ]
    return {"messages": messages, "metadata": {"reference_answer": reference}, **fields}


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    """Write rows as JSON lines; a string is a line as it is."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def on_a_terminal(command: list[str], folder: Path, columns: int = 120, lines: int = 50) -> str:
    """What a command prints where stdout and stderr are a terminal of that size."""
    master, slave = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": str(lines)}
    env = {**os.environ, "PYTHONPATH": str(ROOT), **size, "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:  # Linux says so when the last writer is gone
                break
            if not data:
                break
            shown += data
        process.wait(timeout=PATIENCE_SECONDS)
    os.close(master)
    return shown.decode()


#: Rows of every kind that costs itself only.
MIXED: list[Any] = [
    *(wire_row("72" if i % 3 else "71", id=f"r{i}", prompt=f"p{i // 4}") for i in range(200)),
    wire_row("72", None, id="no-reference"),
    {"id": "no-messages", "messages": None},
    7,
    wire_row("72"),
    wire_row("\ud83d", "\ud83d", id="half a pair"),
]


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of one batch, so that small files have many."""
    monkeypatch.setattr(batches, "TASK_BYTES", 1)


def printed(text: str) -> list[dict[str, Any]]:
    """The results on stdout."""
    return [json.loads(line) for line in text.splitlines()]
