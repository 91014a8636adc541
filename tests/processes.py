"""The processes of a session on Linux: which are alive, and when they have ended."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

#: Longer than the end of any process takes, on whatever machine.
PATIENCE_SECONDS = 300


def alive(session: int) -> set[int]:
    """The processes of a session that have not ended."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = status.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of) == session and state != "Z":
            found.add(int(status.parent.name))
    return found


def ended(pids: set[int]) -> bool:
    """Wait for the end of processes that need not be children of this one; False: one lives on."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        gone, _, _ = select.select([handle], [], [], PATIENCE_SECONDS)
        os.close(handle)
        if not gone:
            return False
    return True


@contextmanager
def session(
    command: Sequence[object], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, of which nothing is left in the end."""
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pid in alive(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.communicate()
