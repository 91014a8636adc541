"""The child process in which WebAssembly runs: one job after another, each in a fresh world.

Started as a script, isolated (`-I -S`), with an empty environment: arguments are the numbers of two
pipes and the folder that holds `eryx`. A world inherits the streams 0, 1 and 2 of this process,
which therefore lead nowhere. Messages are four bytes of length and JSON.
"""

import importlib
import json
import os
import sys
from typing import Any


def main(jobs: int, replies: int, folder: str) -> None:
    """Answer jobs until the pipe is closed: by the parent, or by the parent's end."""
    lock_down()  # before there are threads, which then have it from their beginning
    sys.path.append(folder)
    eryx: Any = importlib.import_module("eryx")  # no wheel for 3.11, where checkers run too

    worlds: dict[tuple[int, int, float], tuple[Any, list[bytes]]] = {}
    guest = None
    while (message := received(jobs)) is not None:
        text, job, fuel, memory, seconds = json.loads(message)
        key = (fuel, memory, seconds)
        if key not in worlds:
            worlds[key] = world(eryx, *key)
        if guest is None:
            guest = compiled(eryx.Sandbox(), text)
        send(replies, json.dumps(reply(eryx, *worlds[key], guest, job, fuel)))


def compiled(sandbox: Any, text: str) -> str:
    """The guest's code as the sandbox's own Python compiles it, once a worker, and packed.

    A world pays some two hundred instructions for each character of what it is given to execute.
    """
    done = sandbox.execute(
        "import marshal, zlib\n"
        "def bare(code):\n"
        "    inner = tuple(bare(c) if hasattr(c, 'co_code') else c for c in code.co_consts)\n"
        "    return code.replace(co_linetable=b'', co_filename='guest', co_consts=inner)\n"
        f"code = compile({text!r}, 'guest', 'exec', flags=0x1000000, optimize=2)\n"
        "result = zlib.compress(marshal.dumps(bare(code)), 9).hex()"
    )
    return str(done.result)


def world(eryx: Any, fuel: int, memory: int, seconds: float) -> tuple[Any, list[bytes]]:
    """A sandbox that starts anew for each execution, and where its printed records go."""
    printed: list[bytes] = []
    size = [0]

    def keep(data: bytes) -> None:
        if not printed:
            size[0] = 0
        size[0] += len(data)
        if size[0] <= MAX_RECORDS:
            printed.append(data)

    limits = eryx.ResourceLimits(
        execution_timeout_ms=int(seconds * 1000),
        max_memory_bytes=memory,
        max_fuel=fuel,
        max_callback_invocations=0,
        max_vfs_bytes=16 * 1024 * 1024,
    )
    return eryx.Sandbox(resource_limits=limits, on_stdout=keep), printed


#: Bytes of records of one job. A program may write there itself; the rest is dropped.
MAX_RECORDS = 8 * 1024 * 1024


def reply(
    eryx: Any, sandbox: Any, printed: list[bytes], guest: str, job: str, spent: int
) -> list[Any]:
    """What became of a job: how the execution ended, its fuel (`spent`: all), its records."""
    printed.clear()
    code = (
        "import marshal, sys, zlib\n"
        "def emit(line, out=sys.stdout): out.write(line + '\\n'); out.flush()\n"
        f"guest = {{'__name__': 'guest'}}\n"
        f"exec(marshal.loads(zlib.decompress(bytes.fromhex({guest!r}))), guest)\n"
        f"guest['serve']({job!r}, emit)\n"
    )
    fuel = 0
    try:
        fuel = sandbox.execute(code).fuel_consumed or 0
        ended = "done"
    except eryx.TimeoutError:
        ended = "time"
    except eryx.ResourceLimitError as error:
        ended = "fuel" if "fuel" in str(error) else "memory"
        fuel = spent
    except eryx.EryxError:
        ended = "died"
    return [ended, fuel, b"".join(printed).decode("utf-8", "replace")]


def lock_down() -> None:
    """No core dumps; where Linux takes the filter: no socket, process, signal or new privilege.

    WebAssembly is the boundary. This is what a hole in it would run into.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100,PTH120 - pathlib costs 10 ms
        sys.path.insert(0, here)
        import confinement  # type: ignore[import-not-found]  # beside this script

        sys.path.remove(here)
        confinement.reach_nothing()


def received(pipe: int) -> bytes | None:
    """The next message; None at the end."""
    head = _exactly(pipe, 4)
    return None if head is None else _exactly(pipe, int.from_bytes(head, "big"))


def send(pipe: int, text: str) -> None:
    """Write a message."""
    data = text.encode("utf-8", "surrogatepass")
    data = len(data).to_bytes(4, "big") + data
    while data:
        data = data[os.write(pipe, data) :]


def _exactly(pipe: int, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        chunk = os.read(pipe, min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
