"""Warm child processes that answer jobs: what every engine has in common.

A child has an empty environment and two pipes, this process is not dumpable while it lives (no
reading of its memory or environment by way of /proc), and a child that dies is replaced.

All limits are counts, so that a verdict is the same on a busy machine. Identical programs of a
batch are run once.
"""

import math
import os
import signal
import subprocess
import sys
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from time import monotonic

from rewards.sandbox.code.guest import source
from rewards.sandbox.code.protocol import Limits, Outcome, Program
from rewards.sandbox.code.records import job_of, outcome_of
from rewards.sandbox.code.wasm_worker import send

#: Kept back before a deadline: to end the workers and to answer.
MARGIN_SECONDS = 0.3

#: Each worker takes 110 to 290 MB.
MAX_WORKERS = 4


class WorkerPool:
    """A pool of workers that lives as long as this process. For one thread.

    An engine says by `script` what its workers run, and by `arguments` with what.
    """

    name: str
    script: Path

    def __init__(self, workers: int | None = None) -> None:
        """Nothing is started before the first `run`."""
        self.size = workers or min(len(os.sched_getaffinity(0)), MAX_WORKERS)
        self._idle: list[Worker] = []
        # Also when the interpreter ends, where `__del__` comes too late to end anything.
        weakref.finalize(self, _end, self._idle)

    def arguments(self) -> Sequence[str]:
        """The arguments of a new worker; `EngineError` where none can run here."""
        raise NotImplementedError

    def run(
        self, programs: Sequence[Program], limits: Limits, deadline: float = math.inf
    ) -> list[Outcome | None]:
        """See `CodeRunner.run`."""
        arguments = self.arguments()
        due = deadline - MARGIN_SECONDS
        found = self._side_by_side(list(dict.fromkeys(programs)), limits, due, arguments)
        return [found.get(program) for program in programs]

    def _side_by_side(
        self, programs: Sequence[Program], limits: Limits, due: float, arguments: Sequence[str]
    ) -> dict[Program, Outcome]:
        """Run programs side by side; what became of those that ended before `due`."""
        found: dict[Program, Outcome] = {}
        waiting, again = deque(programs), set[Program]()
        busy: dict[Worker, Program] = {}
        with DefaultSelector() as selector:
            try:
                while waiting or busy:
                    while waiting and len(busy) < self.size and monotonic() < due:
                        worker = self._idle.pop() if self._idle else Worker(self.script, arguments)
                        busy[worker] = waiting[0]
                        selector.register(worker.replies, EVENT_READ, worker)
                        worker.start(job_of(waiting.popleft(), limits.output), limits)
                    rest = min([due, *(worker.until for worker in busy)]) - monotonic()
                    ready = selector.select(max(0.0, rest) if rest < math.inf else None)
                    for key, _ in ready:
                        worker = key.data
                        if not worker.receive():
                            continue
                        selector.unregister(worker.replies)
                        self._settle(worker, busy.pop(worker), found, waiting, again)
                    now = monotonic()
                    if now >= due:
                        return found
                    for worker in [worker for worker in busy if now >= worker.until]:
                        selector.unregister(worker.replies)
                        worker.kill()
                        self._settle(worker, busy.pop(worker), found, waiting, again)
            finally:  # out of time, or interrupted: what still runs is not to be waited for
                for worker in busy:
                    worker.kill()
        return found

    def _settle(
        self,
        worker: "Worker",
        program: Program,
        found: dict[Program, Outcome],
        waiting: deque[Program],
        again: set[Program],
    ) -> None:
        """Keep what became of a program; one more try where the machine may have been at fault."""
        reply = worker.reply
        if worker.alive:
            self._idle.append(worker)
        outside = reply is None and worker.ended_by in (None, signal.SIGKILL)
        if (outside or (reply and reply[0] == "time")) and program not in again:
            again.add(program)
            waiting.append(program)
            if worker.alive:
                self._idle.remove(worker)
                worker.kill()
            return
        late = reply is None and worker.ended_by is None
        found[program] = outcome_of(reply or ("time" if late else "died", 0, ""))

    def close(self) -> None:
        """End the workers; the next `run` starts new ones."""
        _end(self._idle)


def _end(workers: "list[Worker]") -> None:
    while workers:
        workers.pop().kill()


class Worker:
    """A child process and its two pipes."""

    def __init__(self, script: Path, arguments: Sequence[str]) -> None:
        _not_dumpable()
        jobs, self.jobs = os.pipe()
        self.replies, replies = os.pipe()
        command = [sys.executable, "-I", "-S", str(script), str(jobs), str(replies), *arguments]
        try:
            self.process = subprocess.Popen(
                command,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(jobs, replies),
            )
        finally:
            os.close(jobs)
            os.close(replies)
        self.alive, self.until = True, math.inf
        self.ended_by: int | None = None
        self.reply: tuple[str, int, str] | None = None
        self._data = b""
        self._guest: str | None = source()

    def start(self, job: str, limits: Limits) -> None:
        """Hand over a job; a worker that is gone is found out by `receive`."""
        import json

        self.reply, self._data = None, b""
        # Twice the backstop inside: this one is for a worker that has stopped answering.
        self.until = monotonic() + 2 * limits.seconds
        text = [self._guest, job, limits.fuel, limits.memory, limits.seconds]
        self._guest = None  # the worker keeps it
        with suppress(BrokenPipeError):
            send(self.jobs, json.dumps(text))

    def receive(self) -> bool:
        """Read what is there; whether the job has ended: with a reply, or with the worker."""
        chunk = os.read(self.replies, 1 << 20)
        self._data += chunk
        if not chunk:  # it is ending by itself: how says whether the program was at fault
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)
            self.kill()
            return True
        if len(self._data) < 4 or len(self._data) < 4 + int.from_bytes(self._data[:4], "big"):
            return False
        import json

        ended, fuel, text = json.loads(self._data[4:])
        self.reply = (ended, fuel, text)
        return True

    def kill(self) -> None:
        """End the process and wait for that; keep what had ended it, if it was not this."""
        if not self.alive:
            return
        self.alive = False
        code = self.process.poll()
        self.ended_by = None if code is None else abs(code)
        self.process.kill()
        self.process.wait()
        os.close(self.jobs)
        os.close(self.replies)


def _not_dumpable() -> None:
    """Keep /proc/<this process> (memory, environment, files) from children of the same user."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
