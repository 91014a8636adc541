"""The processes of a session on Linux: which are alive, and when they have ended."""

import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom

#: Longer than the end of any process takes, on whatever machine.
PATIENCE_SECONDS = 300


#: Below those of which a system gives one to whoever asks for any: none is given away between the
#: look and the server that is to have it.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, for a server that must be told which."""
    # Not by the seed that tests have: two processes would draw the same.
    while True:
        port = SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


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
