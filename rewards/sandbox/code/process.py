"""The second engine: CPython itself, forked for each program from a warm worker, and shut in.

For what WebAssembly lacks: numpy, pandas, Python 3.11. The boundary is the kernel's: no system
calls but those of a computing program (seccomp), no files but the standard library and a folder of
its own (Landlock), and limits. A kernel has had more holes than WebAssembly: where this engine is
not the last wall (in the function of its own, which may do nothing), both layers are asked for.

Limits are CPU time, counted by the kernel, and so vary by a few per cent with the machine.
"""

import math
import shutil
import sys
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rewards.sandbox.code.confinement import missing
from rewards.sandbox.code.protocol import EngineError, Limits, Outcome, Program
from rewards.sandbox.code.workers import WorkerPool


class ProcessRunner(WorkerPool):
    """The engine "process": a confined process a program, which ends with its session.

    `strict` refuses a machine that lacks a layer of the boundary. Only where nothing can be reached
    from the machine itself may it be False.
    """

    name = "process"
    script = Path(__file__).with_name("process_worker.py")

    def __init__(self, workers: int | None = None, *, strict: bool = True) -> None:
        """Nothing is started before the first `run`."""
        super().__init__(workers)
        self.strict = strict
        self._place: str | None = None

    def arguments(self) -> Sequence[str]:
        """Where programs get their folders, and where the packages are that they may import."""
        check_installed(self.strict)
        if self._place is None:
            self._place = tempfile.mkdtemp(prefix="programs-")
            weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)
        return [self._place, *_packages()]

    def run(
        self, programs: Sequence[Program], limits: Limits, deadline: float = math.inf
    ) -> list[Outcome | None]:
        """See `CodeRunner.run`; the folder of a program whose worker was ended goes, too."""
        try:
            return super().run(programs, limits, deadline)
        finally:
            for left in Path(self._place).iterdir() if self._place else ():
                shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        """End the workers and remove what programs have left; the next `run` starts new ones."""
        super().close()
        place = getattr(self, "_place", None)
        self._place = None
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)


def check_installed(strict: bool = True) -> None:
    """`EngineError`, with what to do, where this engine cannot run."""
    if not sys.platform.startswith("linux"):
        raise EngineError('engine = "process" needs Linux; use engine = "wasm"')
    lacking = missing()
    if lacking and strict:
        raise EngineError(
            f'engine = "process" needs {" and ".join(lacking)}, which this machine does not have: '
            'use engine = "wasm", or "lambda", whose function has nothing to reach'
        )


def _packages() -> list[str]:
    """The folder that holds numpy, where there is one: what programs may import besides."""
    from importlib.util import find_spec

    with suppress(ImportError, ValueError):
        spec = find_spec("numpy")
        if spec is not None and spec.origin is not None:
            return [str(Path(spec.origin).parent.parent)]
    return []
