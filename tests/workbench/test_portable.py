"""What a Mac or Windows has to run: replay, score and `job render`, without modules of Unix's."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rewards.workbench.rollouts.files.target import Lock, OutputError, Target

ROOT = Path(__file__).parent.parent.parent

#: Modules that the standard library has on Unix alone.
OF_UNIX = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")

WITHOUT = f"""
import sys, types
for name in {OF_UNIX}:
    sys.modules[name] = None
from rewards.workbench.cli import app
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda *a: None)
app(sys.argv[1:], prog_name="rewards")
"""


@pytest.mark.parametrize(
    "command",
    [
        ["replay", "events/gsm8k"],
        ["score", "tests/cases/rollouts.jsonl", "--rubric", "gsm8k", "--out", "OUT"],
        ["job", "render"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_commands_need_nothing_of_unix(command: list[str], tmp_path: Path) -> None:
    """With the modules hidden, each does what it does on Linux."""
    rollouts = tmp_path / "rollouts.jsonl"
    rollouts.write_text(
        '{"messages": [{"role": "user", "content": "1 + 1?"},'
        ' {"role": "assistant", "content": "#### 2"}], "reference_answer": "2"}\n',
        encoding="utf-8",
    )
    given = {"OUT": str(tmp_path / "out.jsonl"), "tests/cases/rollouts.jsonl": str(rollouts)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *(given.get(word, word) for word in command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if command[0] == "score":
        assert (tmp_path / "out.jsonl").is_file()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "rollouts.jsonl"]


class Windows(SimpleNamespace):
    """msvcrt's locks, of a file in this process."""

    LK_NBLCK = 2

    def locking(self, handle: int, mode: int, count: int) -> None:
        held, file = vars(self).setdefault("held", {}), os.fstat(handle).st_ino
        if held.get(file, handle) != handle:
            raise OSError(36, "Resource deadlock avoided")
        held[file] = handle


def test_without_fcntl_a_folder_is_still_one_processs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows locks a file beside it, which goes with the lock."""
    modules: dict[str, Any] = {"fcntl": None, "msvcrt": Windows()}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    target = Target(tmp_path / "out.jsonl", overwrite=False)
    target.folder.mkdir()
    lock = Lock(target)
    with pytest.raises(OutputError, match="another process is writing"):
        Lock(target)
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl.partial"]
