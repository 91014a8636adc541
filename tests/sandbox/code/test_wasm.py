"""The default engine: a world a program, limits that are counts, workers that can be lost."""

import importlib.util
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewards.sandbox.code.confinement import missing
from rewards.sandbox.code.plain import read_plain
from rewards.sandbox.code.protocol import EngineError, FunctionCall, Limits, Outcome, Program
from rewards.sandbox.code.wasm import WasmRunner

needs_engine = pytest.mark.skipif(
    importlib.util.find_spec("eryx") is None, reason="pyeryx has no wheel for this Python"
)
LIMITS = Limits(fuel=400_000_000)


@pytest.fixture(scope="module")
def runner() -> Iterator[WasmRunner]:
    made = WasmRunner(1)
    yield made
    made.close()


def one(runner: WasmRunner, source: str, *calls: FunctionCall, stdin: str | None = None) -> Outcome:
    (found,) = runner.run([Program(source, calls, stdin)], LIMITS)
    assert found is not None
    return found


@needs_engine
def test_calls_run_in_order_in_one_world_and_return_plain_data(runner: WasmRunner) -> None:
    """What was kept from one call is there in the next; each tells its own end."""
    source = "seen = []\ndef add(x, *, n=1):\n    seen.append(x)\n    return (x + n, seen)\n"
    found = one(
        runner,
        source,
        FunctionCall.of("add", 1),
        FunctionCall.of("add", 2, n=3),
        FunctionCall.of("add", "a"),
    )

    assert found.ended == "done"
    assert [r.value and read_plain(r.value) for r in found.returned] == [
        (2, [1]),
        (5, [1, 2]),
        None,
    ]
    assert [r.error for r in found.returned] == ["", "", "TypeError"]


@needs_engine
def test_a_program_with_stdin_runs_as_main(runner: WasmRunner) -> None:
    """It reads and prints as at a terminal; leaving with 0 is an end like any other."""
    source = "import sys\nif __name__ == '__main__':\n    print(input()[::-1])\n    sys.exit(0)"

    assert one(runner, source, stdin="añb\n").output == "bña\n"
    assert one(runner, "import sys\nsys.exit(3)", stdin="").ended == "exception"


@needs_engine
@pytest.mark.parametrize(
    ("source", "ended"),
    [
        ("def f(:", "syntax"),
        ("raise SystemExit", "exception"),
        ("while True: pass", "fuel"),
        ("try:\n    while True: pass\nexcept BaseException: pass", "fuel"),
        ("import os; os._exit(0)", "died"),
        ("import json; json.loads('[' * 200_000)", "died"),
        ("x = []\nwhile True: x = [x]\n", "fuel"),
        ("x = [0]\nwhile True: x += x\n", "exception"),
        ("print('x' * 100_000)", "output"),
        ("try:\n    print('x' * 100_000)\nexcept OSError: pass", "output"),
        ("sum(range(10 ** 12))", "fuel"),
        ("import re; re.match('(a+)+$', 'a' * 64 + 'b')", "fuel"),
    ],
)
def test_a_bomb_ends_itself_and_not_the_next(runner: WasmRunner, source: str, ended: str) -> None:
    """A limit, or a world that breaks, costs one program; the next one's verdict is right."""
    assert one(runner, source).ended == ended
    assert one(runner, "def f(): return 1", FunctionCall.of("f")).returned[0].value == "1"


@needs_engine
@pytest.mark.parametrize(
    "source",
    [
        "import os; f = lambda: [v for k, v in os.environ.items() if 'SECRET' in k][0]",
        "f = lambda: open('/etc/passwd').read_plain()",
        "f = lambda: open('/proc/self/environ').read_plain()",
        "import os; f = lambda: os.listdir('/proc')",
        "import socket; f = lambda: socket.create_connection(('127.0.0.1', 9001), 1)",
        "import urllib.request as u; f = lambda: u.urlopen('http://127.0.0.1:9001/').read_plain()",
        "import subprocess; f = lambda: subprocess.run(['ls'])",
        "import os; f = lambda: os.fork()",
        "import threading; f = lambda: threading.Thread(target=print).start()",
        "import ctypes; f = lambda: 1",
        "import os; f = lambda: os.read_plain(3, 10)",
        "import os; f = lambda: os.kill(1, 9)",
    ],
)
def test_nothing_of_the_machine_is_in_reach(
    runner: WasmRunner, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credential, file, process, thread, socket or pipe of ours."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    found = one(runner, source, FunctionCall.of("f"))

    assert not any(r.value for r in found.returned), found


@needs_engine
def test_worlds_keep_nothing_for_the_next(runner: WasmRunner) -> None:
    """Neither a patched builtin nor a file of the world's own."""
    one(runner, "import builtins\nbuiltins.leak = 1\nopen('/data/leak', 'w').write('x')")
    found = one(
        runner,
        "import builtins, os\ndef f(): return hasattr(builtins, 'leak'), os.listdir('/data')",
        FunctionCall.of("f"),
    )

    assert read_plain(found.returned[0].value or "") == (False, [])


@needs_engine
def test_fuel_is_exact_and_identical_programs_run_once(runner: WasmRunner) -> None:
    """The same count in every run: a verdict does not depend on who else is busy."""
    program = Program("x = sum(i * i for i in range(1000))")
    found = runner.run([program, program, Program("x = 1"), program], LIMITS)
    again = runner.run([program], LIMITS)

    assert found[0] is found[1] is found[3]
    assert found[0] == again[0]


@needs_engine
def test_a_worker_that_is_killed_is_replaced_and_its_program_tried_again() -> None:
    """What the machine does to a worker is no verdict on a program."""
    runner = WasmRunner(1)
    assert one(runner, "x = 1").ended == "done"
    os.kill(runner._idle[0].process.pid, signal.SIGKILL)
    assert one(runner, "x = 1").ended == "done"
    runner.close()


@needs_engine
def test_a_deadline_ends_what_no_count_ends_yet() -> None:
    """What still runs, and what has not begun, says None; the engine goes on after that."""
    runner = WasmRunner(1)
    loops = [Program(f"while True: {n}") for n in range(3)]
    endless = Limits(fuel=10**15, seconds=10**5)
    found = runner.run(loops, endless, deadline=time.monotonic() + 1)

    assert found == [None] * 3
    assert runner.run(loops, endless, deadline=time.monotonic()) == [None] * 3
    assert one(runner, "x = 2").ended == "done"
    runner.close()


REACHING = {
    "a socket": "import socket; socket.socket()",
    "a process": "import os; os.fork()",
    "another program": "import os; os.execv('/bin/true', ['true'])",
    "a signal": "import os; os.kill(os.getppid(), 0)",
    "a descriptor of a process": "import os; os.pidfd_open(os.getppid())",
}


@pytest.mark.skipif("seccomp" in missing(), reason="this machine has no seccomp")
@pytest.mark.parametrize("attempt", REACHING.values(), ids=REACHING.keys())
def test_a_worker_gives_up_what_reaches_others(attempt: str) -> None:
    """Were there a hole in WebAssembly: Linux refuses, and threads still start."""
    code = (
        "from rewards.sandbox.code.confinement import reach_nothing\n"
        "import threading\nassert reach_nothing()\n"
        "thread = threading.Thread(target=print)\nthread.start()\nthread.join()\n"
        f"try:\n    {attempt}\nexcept PermissionError:\n    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["refused"], done.stderr


@needs_engine
@pytest.mark.skipif("seccomp" in missing(), reason="this machine has no seccomp")
def test_a_worker_runs_under_the_filter(runner: WasmRunner) -> None:
    """From before its first thread on."""
    one(runner, "x = 1")
    for task in Path(f"/proc/{runner._idle[0].process.pid}/task").iterdir():
        status = dict(
            line.split(":\t", 1)
            for line in (task / "status").read_text().splitlines()
            if ":\t" in line
        )
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")


@needs_engine
def test_workers_end_with_their_parent() -> None:
    """None is left over, however the parent ends; while one lives the parent is not dumpable."""
    code = (
        "import os, signal\n"
        "from rewards.sandbox.code.wasm import WasmRunner\n"
        "from rewards.sandbox.code.protocol import Limits, Program\n"
        "runner = WasmRunner(1)\n"
        "runner.run([Program('x = 1')], Limits())\n"
        "print(runner._idle[0].process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    try:
        worker = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return
    ended, _, _ = select.select([worker], [], [], 60)
    os.close(worker)
    assert ended, "a worker outlived its parent"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="where there is no wheel")
def test_python_3_11_gets_one_clear_sentence() -> None:
    """What is needed, what there is, what to do."""
    with pytest.raises(EngineError, match=r"needs Python 3\.12 or newer, and this is 3\.11"):
        WasmRunner().run([Program("x = 1")], Limits())
