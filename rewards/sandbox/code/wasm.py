"""The default engine: CPython compiled to WebAssembly (`pyeryx`).

The boundary is WebAssembly's: a world has no file, socket, process or environment to ask for. The
worker around it is what an abort of the engine may cost.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from rewards.sandbox.code.protocol import EngineError
from rewards.sandbox.code.workers import WorkerPool


class WasmRunner(WorkerPool):
    """The engine "wasm": a world of WebAssembly a program, fuel that is counted exactly."""

    name = "wasm"
    script = Path(__file__).with_name("wasm_worker.py")

    def arguments(self) -> Sequence[str]:
        """Where `eryx` is installed."""
        return [eryx_folder()]


def check_installed() -> None:
    """`EngineError`, with what to do, where this engine cannot run."""
    eryx_folder()


def eryx_folder() -> str:
    """Where `eryx` is installed."""
    from importlib.util import find_spec

    if sys.version_info < (3, 12):
        running = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise EngineError(
            f"running programs in WebAssembly needs Python 3.12 or newer, and this is {running}: "
            'use Python 3.13, or engine = "process"'
        )
    spec = find_spec("eryx")
    if spec is None or spec.origin is None:
        raise EngineError('running programs needs pyeryx: pip install "bedrock-rft-rewards[code]"')
    return str(Path(spec.origin).parent.parent)
