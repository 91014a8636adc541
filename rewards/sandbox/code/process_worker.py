"""The child process that forks a confined process for each program; it never runs one itself.

Started as a script, isolated (`-I -S`), with an empty environment: arguments are the numbers of
two pipes, the folder in which programs get theirs, and the folders of packages that programs may
import. Messages are those of `wasm_worker`. What a program sends comes over a pipe of its own,
which ends with it: no program holds the pipe that this process answers on.
"""

import gc
import json
import os
import select
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

#: Bytes of records of one program, and of the files that it keeps in its folder.
MAX_RECORDS, MAX_KEPT = 8 * 1024 * 1024, 16 * 1024 * 1024

#: How often a running program's folder is looked at, in seconds.
LOOK_SECONDS = 0.02

#: CPU seconds for so much fuel: somewhat more than WebAssembly gives for it.
FUEL_A_SECOND = 8_000_000_000


def main(jobs: int, replies: int, place: str, *packages: str) -> None:
    """Answer jobs until the pipe is closed: by the parent, or by the parent's end."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100,PTH120 - pathlib costs 10 ms
    sys.path.insert(0, here)
    import confinement  # type: ignore[import-not-found]  # beside this script
    from wasm_worker import received, send  # type: ignore[import-not-found]

    sys.path.remove(here)
    sys.path += packages
    confinement.hide_from_children()
    confinement.adopt_orphans()
    confinement.prepare()
    readable = _readable(packages)
    guest: Any = None
    preload(packages)
    gc.freeze()
    count = 0
    while (message := received(jobs)) is not None:
        text, job, fuel, memory, seconds = json.loads(message)
        if text is not None:
            guest = compile(text, "guest", "exec")
        count += 1
        folder = f"{place}/{os.getpid()}-{count}"
        os.mkdir(folder, 0o700)  # noqa: PTH102
        room = memory + _own_size()
        pid, records = forked()
        if pid == 0:
            with leaving():
                os.close(jobs)
                os.close(replies)
                os.chdir(folder)
                confinement.shut_in(folder, readable, room, fuel / FUEL_A_SECOND)
                serve(guest, job, records)
        try:
            reply = followed(pid, records, folder, fuel, seconds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        send(replies, json.dumps(reply))


def forked() -> tuple[int, int]:
    """Fork: 0 and the writing end of a new pipe in the child, its number and the other end here."""
    reading, writing = os.pipe()
    pid = os.fork()
    os.close(writing if pid else reading)
    if pid == 0:
        os.setsid()
    return pid, reading if pid else writing


@contextmanager
def leaving() -> Iterator[None]:
    """Whatever happens inside, the process ends there: nothing of a program comes back up."""
    status = 1
    try:
        yield
        status = 0
    finally:
        os._exit(status)


#: What programs import most: it is there before they ask, and before they are shut in.
_COMMON = (
    "base64 binascii bisect collections copy dataclasses datetime decimal enum fractions",
    "functools hashlib heapq io itertools math operator random re statistics string types typing",
)


def preload(packages: Sequence[str]) -> None:
    """Import once, before any fork, what nearly every program imports."""
    for name in " ".join(_COMMON).split():
        __import__(name)
    if packages:
        for name in ("numpy", "pandas"):
            with suppress(ImportError):
                __import__(name)


def serve(guest: Any, job: str, records: int) -> None:
    """In the program's own process: run the guest, which runs the program."""
    names: dict[str, Any] = {"__name__": "guest"}
    exec(guest, names)
    out = os.fdopen(records, "w", encoding="utf-8", errors="replace")

    def emit(line: str) -> None:
        out.write(line + "\n")
        out.flush()

    names["serve"](job, emit)


def followed(pid: int, reading: int, folder: str, fuel: int, seconds: float) -> list[Any]:
    """Collect what a program's process sends until it ends or must: the reply to its job."""
    data, ended = _collected(reading, folder, time.monotonic() + seconds)
    os.close(reading)
    code, used = _ended(pid, kill=ended != "done")
    _reap()
    cpu = used.ru_utime + used.ru_stime
    if ended == "done":
        by = -code if code < 0 else 0
        late = by == signal.SIGKILL and cpu >= fuel / FUEL_A_SECOND
        if by in (signal.SIGPROF, signal.SIGXCPU) or late:
            ended = "fuel"
        elif by or code:
            ended = "died"
    return [ended, int(cpu * FUEL_A_SECOND), data.decode("utf-8", "replace")]


def _collected(reading: int, folder: str, until: float) -> tuple[bytes, str]:
    """What comes over the pipe, and why no more: "done" at its end, or a limit."""
    chunks: list[bytes] = []
    size = 0
    while (rest := until - time.monotonic()) > 0:
        if not select.select([reading], [], [], min(rest, LOOK_SECONDS))[0]:
            if _kept(folder) > MAX_KEPT:
                return b"".join(chunks), "memory"
            continue
        chunk = os.read(reading, 1 << 16)
        if not chunk:
            return b"".join(chunks), "done"
        size += len(chunk)
        if size > MAX_RECORDS:
            return b"".join(chunks), "output"
        chunks.append(chunk)
    return b"".join(chunks), "time"


def _kept(folder: str) -> int:
    """Bytes in a folder, each file at least a block."""
    size = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                size += max(4096, entry.stat(follow_symlinks=False).st_size)
    return size


def _ended(pid: int, kill: bool) -> tuple[int, Any]:
    """End a program's process, if it does not by itself; its exit code, and what it used."""
    until = time.monotonic() + (0.0 if kill else 0.25)
    while time.monotonic() < until:
        found, status, used = os.wait4(pid, os.WNOHANG)
        if found:
            _kill_group(pid)
            return os.waitstatus_to_exitcode(status), used
        time.sleep(0.0002)
    _kill_group(pid)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), used


def _kill_group(pid: int) -> None:
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _reap() -> None:
    """End what a program has left behind, where no filter kept it from starting processes.

    Orphans become children of this process, however far they have moved away.
    """
    for _ in range(100):
        try:
            found, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not found:
            for child in _children():
                with suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.001)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _readable(packages: Sequence[str]) -> list[str]:
    paths = sysconfig.get_paths()
    libraries = ["/usr/lib", "/lib", "/lib64", "/usr/share/zoneinfo"]
    wanted = [paths["stdlib"], paths["platstdlib"], *packages, *libraries]
    return [path for path in dict.fromkeys(wanted) if os.path.isdir(path)]  # noqa: PTH112


def _own_size() -> int:
    """The address space of this process: what a program is given comes on top."""
    with suppress(OSError, ValueError), open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 256 * 1024 * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
