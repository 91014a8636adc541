"""Worker processes: their results in order, and none of them left behind."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.processes import alive, ended, session
from tests.workbench.conftest import COMMAND, wire_row, write_lines

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who is alive")

STUCK = """
import os, re, time
from rewards import Sample, scorer

@scorer
def stuck(sample: Sample) -> bool:
    with open("ready", "ab", buffering=0) as ready:
        ready.write(b".")
    {body}
    return True
"""

BODIES = {
    "sleeping": "time.sleep(600)",
    "in C code that lets no other thread run": "re.match('(a+)+$', 'a' * 60 + 'b')",
}


@LINUX
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_sigkill_of_the_parent_leaves_no_process(
    tmp_path: Path, environment: dict[str, str], body: str
) -> None:
    """Attack: kill -9, which runs no clean-up, left two workers and a tracker asleep for ever."""
    (tmp_path / "stuck.py").write_text(STUCK.format(body=body))
    (tmp_path / "s.toml").write_text('name = "s"\n[[component]]\nscorer = "stuck:stuck"\n')
    write_lines(tmp_path / "rows.jsonl", [wire_row("x" * 9_000) for _ in range(200)])
    os.mkfifo(tmp_path / "ready")
    command = [*COMMAND, "score", "rows.jsonl", "--rubric", "s.toml", "--workers", 2]
    with session(command, tmp_path, environment) as parent:
        with (tmp_path / "ready").open("r+b", buffering=0) as ready:
            assert ready.read(1) + ready.read(1) == b".."  # both workers are at work
        running = alive(parent.pid)

        parent.kill()

        assert len(running) >= 3
        assert ended(running)
        assert alive(parent.pid) == set()


FOLLOWS = """
import multiprocessing, os, signal, sys, time

def child(wait):
    sys.platform = "{platform}"
    from rewards.workbench.rollouts.workers import die_with_parent
    time.sleep(wait)
    die_with_parent()
    os.write(2, b".")
    time.sleep(600)

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=child, args=({wait},))
    process.start()
    if {early}:
        os.kill(os.getpid(), signal.SIGKILL)
    process.join()
"""


@LINUX
@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("early", [True, False])
def test_a_child_follows_its_parent_whenever_that_ends(
    tmp_path: Path, environment: dict[str, str], platform: str, early: bool
) -> None:
    """By signal or by pipe; a parent that was gone before the child looked is gone, too."""
    script = tmp_path / "parent.py"
    script.write_text(FOLLOWS.format(platform=platform, early=early, wait=0.2 if early else 0))
    with session([sys.executable, script], tmp_path, environment) as parent:
        if early:
            parent.wait()
        else:
            assert parent.stderr is not None
            assert parent.stderr.read(1) == b"."
            parent.kill()

        assert ended(alive(parent.pid))
        assert parent.wait() == -signal.SIGKILL
