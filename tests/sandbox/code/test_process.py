"""The engine "process": every attack by name, and nothing of it left behind."""

import http.server
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from rewards.sandbox.code import process
from rewards.sandbox.code.confinement import missing
from rewards.sandbox.code.process import ProcessRunner
from rewards.sandbox.code.protocol import EngineError, FunctionCall, Limits, Outcome, Program

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(missing()),
    reason="this machine has no seccomp or no Landlock",
)

LIMITS = Limits(fuel=2_000_000_000, seconds=2.0)
FINE = Program("def f(x):\n    return x + 1\n", (FunctionCall.of("f", 41),))


@pytest.fixture(scope="module")
def runner() -> Iterator[ProcessRunner]:
    runner = ProcessRunner(1)
    yield runner
    runner.close()


def ran(
    runner: ProcessRunner, source: str, *calls: FunctionCall, stdin: str | None = ""
) -> Outcome:
    """What becomes of a program; and the one after it, in the same worker, is right."""
    found, after = runner.run([Program(source, calls, None if calls else stdin), FINE], LIMITS)
    assert found is not None
    assert after is not None
    assert [returned.value for returned in after.returned] == ["42"]
    return found


def test_a_program_reads_prints_and_returns(runner: ProcessRunner) -> None:
    """Calls in order in one world; standard input to output."""
    source = "seen = []\ndef f(x):\n    seen.append(x)\n    return tuple(seen)\n"
    found = ran(runner, source, FunctionCall.of("f", 1), FunctionCall.of("f", "a"))

    assert [returned.value for returned in found.returned] == ['["t",[1]]', '["t",[1,"a"]]']
    assert ran(runner, "print(input()[::-1])", stdin="abc\n").output == "cba\n"


def test_a_program_keeps_nothing_for_the_next(runner: ProcessRunner) -> None:
    """Builtins, modules and files are those of one program."""
    ran(runner, "import builtins, math\nbuiltins.len = math.sqrt = lambda x: 7\nopen('a', 'w')")
    source = "import math, os\nprint(len('abc'), math.sqrt(4), os.listdir('.'))"

    assert ran(runner, source).output == "3 2.0 []\n"


REFUSED = {
    "a socket": "import socket; socket.socket()",
    "the Runtime API": "from urllib.request import urlopen; urlopen('http://127.0.0.1:9001/')",
    "a name to resolve": "import socket; socket.getaddrinfo('example.com', 80)",
    "a file of the system": "open('/etc/passwd').read()",
    "the folder of the program's folders": "import os; os.listdir('..')",
    "the parent's environment": "import os; open(f'/proc/{os.getppid()}/environ').read()",
    "the parent's memory": "import os; open(f'/proc/{os.getppid()}/mem').read()",
    "the parent's files": "import os; os.listdir(f'/proc/{os.getppid()}/fd')",
    "its own environment of old": "open('/proc/self/environ').read()",
    "a file elsewhere": "open('/tmp/left-behind', 'w')",
    "a link": "import os; os.symlink('/etc', 'link')",
    "a folder": "import os; os.mkdir('folder')",
    "a fifo": "import os; os.mkfifo('fifo')",
    "another owner's mode": "import os; open('a', 'w'); os.chmod('a', 0o4755)",
    "a fork": "import os; os.fork()",
    "a fork bomb": "import os\nwhile True: os.fork()",
    "a process": "import subprocess; subprocess.run(['/bin/true'])",
    "another program": "import os; os.execv('/bin/true', ['true'])",
    "a thread": "import threading; threading.Thread(target=print).start()",
    "a signal to the parent": "import os; os.kill(os.getppid(), 9)",
    "a signal to all": "import os; os.kill(-1, 9)",
    "a signal by fcntl": "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid())",
    "the parent's limits": "import os, resource as r; r.prlimit(os.getppid(), 0, (0, 0))",
    "more for itself": "import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1))",
    "another session": "import os; os.setsid()",
    "another user": "import os; os.setuid(1)",
    "the timer": "import signal; signal.setitimer(signal.ITIMER_PROF, 0)",
    "a terminal's input": "import fcntl; fcntl.ioctl(1, 0x5412, b'x')",
}


#: What Python makes of EPERM: threads, urllib, names, limits and timers have errors of their own.
REFUSALS = {
    "PermissionError",
    "RuntimeError",
    "URLError",
    "gaierror",
    "ValueError",
    "itimer_error",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED.keys())
def test_the_kernel_refuses(runner: ProcessRunner, source: str) -> None:
    """Each attack ends as an exception of the program's own."""
    found = ran(runner, source)

    assert found.ended == "exception"
    assert found.error in REFUSALS


def test_no_library_call_gets_around_the_filter(runner: ProcessRunner) -> None:
    """By number, without Python's own functions: tracing, sockets, clones, keys, filters undone."""
    numbers = {"x86_64": (101, 41, 56, 250, 157, 62), "aarch64": (117, 198, 220, 219, 167, 129)}
    tried = numbers[os.uname().machine]
    source = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"for n in {tried}:\n    print(libc.syscall(n, 0, 1, 0, 0, 0), ctypes.get_errno())"
    )

    assert set(ran(runner, source).output.splitlines()) == {"-1 1"}


def test_no_secret_of_the_handler_is_in_sight(
    runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials of this process are in no environment that a program can see."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-in-here")
    runner.close()

    assert "hidden-in-here" not in ran(runner, "import os; print(dict(os.environ))").output


def test_nothing_is_asked_of_a_server_on_loopback(runner: ProcessRunner) -> None:
    """A server stands where Lambda's Runtime API does: no connection reaches it."""
    asked: list[str] = []

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = f"from urllib.request import urlopen\nurlopen('http://127.0.0.1:{server.server_port}')"
    found = ran(runner, source)
    server.shutdown()
    server.server_close()

    assert found.ended == "exception"
    assert asked == []


#: This engine's limits are the machine's time: a slow or busy one reaches them before others.
SLOW = {"fuel", "time"}

ENDS = {
    "an endless loop": ("while True: pass", SLOW),
    "a loop that catches all": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        SLOW,
    ),
    "a loop that ignores the timer": (
        "import signal\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True: pass",
        SLOW,
    ),
    "a regex": ("import re; re.match('(a+)+$', 'a' * 64 + 'b')", SLOW),
    "growing memory": ("x = [0]\nwhile True: x += x", {"exception", "memory", *SLOW}),
    "one large request": ("bytearray(10 ** 10)", {"exception", "memory", *SLOW}),
    "endless recursion": (
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()",
        {"exception", "died", *SLOW},
    ),
    "a nested list's text": (
        "x = []\nfor _ in range(10 ** 5): x = [x]\nrepr(x)",
        {"exception", *SLOW},
    ),
    "a flood of output": ("while True: print('x' * 1000)", {"exception", "output", *SLOW}),
    "a flood past Python": ("import os\nwhile True: os.write(1, b'x' * 65536)", SLOW),
    "leaving at once": ("import os; os._exit(0)", {"died"}),
    "a broken pointer": ("import ctypes; ctypes.string_at(0)", {"died"}),
}


@pytest.mark.parametrize(("source", "ends"), ENDS.values(), ids=ENDS.keys())
def test_a_bomb_costs_its_own_program(runner: ProcessRunner, source: str, ends: set[str]) -> None:
    """Each ends by a limit, or by itself, and the next program is right."""
    assert ran(runner, source).ended in ends


def test_sleeping_is_ended_by_the_wall_clock(runner: ProcessRunner) -> None:
    (found,) = runner.run(
        [Program("import threading; threading.Event().wait(99)", stdin="")], Limits(seconds=0.3)
    )

    assert found is not None
    assert found.ended == "time"


def test_a_program_that_writes_records_of_its_own_gains_no_more_than_by_returning(
    runner: ProcessRunner,
) -> None:
    """It may fill every pipe that it holds: what comes is plain data of this program only."""
    source = (
        "import os, json\n"
        'frame = json.dumps([\'done\', 1, \'["end","done","",""]\']).encode()\n'
        "for fd in range(3, 64):\n"
        "    try:\n"
        '        os.write(fd, b\'["call","7","",null]\\n["end","done","","7"]\\n\')\n'
        "        os.write(fd, len(frame).to_bytes(4, 'big') + frame)\n"
        "    except OSError: pass\n"
        "os._exit(0)\n"
    )
    found = ran(runner, source)

    assert [returned.value for returned in found.returned] == ["7"]
    assert found.output == "7"


def test_files_are_few_and_small_and_gone_afterwards(runner: ProcessRunner) -> None:
    """A file is cut at its limit, a folder that fills is the end, and nothing of it is kept."""
    assert ran(runner, "open('a', 'wb').write(bytes(64 * 1024 * 1024))").ended != "done"
    flood = "n = 0\nwhile True:\n    open(str(n), 'w').write('x' * 1_000_000)\n    n += 1"
    assert ran(runner, flood).ended in {"memory", *SLOW}
    place = runner._place
    assert place is not None
    assert list(Path(place).iterdir()) == []


def test_closing_leaves_no_process_and_no_file() -> None:
    """Workers, programs and their folders are gone, also where a batch ran out of time."""
    before = below()
    runner = ProcessRunner(2)
    runner.run(
        [Program(f"while {n}: pass", stdin="") for n in range(1, 5)],
        LIMITS,
        deadline=monotonic() + 0.6,
    )
    runner.run([FINE], LIMITS)
    place = runner._place
    assert place is not None
    assert below() > before
    runner.close()

    assert not Path(place).exists()
    assert below() == before


def below() -> set[int]:
    """The processes below this one, of whatever depth."""
    found, todo = set[int](), [os.getpid()]
    while todo:
        pid = todo.pop()
        for task in Path(f"/proc/{pid}/task").iterdir():
            children = {int(word) for word in (task / "children").read_text().split()}
            todo += children - found
            found |= children
    return found


def test_a_worker_that_is_killed_is_replaced(runner: ProcessRunner) -> None:
    ran(runner, "print(1)")
    for worker in runner._idle:
        worker.process.kill()
        worker.process.wait()

    assert ran(runner, "print(2)").output == "2\n"


def test_a_machine_without_a_layer_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the layer's name and what to do; the function of its own runs with what there is."""
    monkeypatch.setattr(process, "missing", lambda: ["Landlock"])

    with pytest.raises(EngineError, match=r'needs Landlock, .* use engine = "wasm", or "lambda"'):
        ProcessRunner(1).run([FINE], LIMITS)
    lenient = ProcessRunner(1, strict=False)
    assert lenient.run([FINE], LIMITS)[0] is not None
    lenient.close()
