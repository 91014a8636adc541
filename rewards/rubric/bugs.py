"""An author's own bug is loud: the first of its kind in a process is told, with file and line.

What a scorer raises costs one sample and is counted; a reward of 0 for all of them looks like a
model that knows nothing. So the first traceback of each (component, exception, line) is told:
on stderr by default, in the log by the Lambda.
"""

import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple

from rewards.core.score import Fault, asked
from rewards.core.scorer import Scorer

#: Frames of a traceback that are kept, those nearest to the error.
MAX_FRAMES = 20

#: A process tells of so many; whoever has not looked by then never will.
MAX_TOLD = 100

#: The longest text on a terminal.
MAX_TEXT_CHARS = 10_000

_told: set[tuple[str, str, str, int]] = set()


Place = tuple[str, int, str]  # file, line, function


class Bug(NamedTuple):
    """A scorer's failure and its place in the author's own code.

    `error` is the exception's type, or the kind of the fault where the scorer returned no verdict
    (its place is then the scorer's first line). `frames` leads there, outermost first. `detail`
    is the message, which may quote a completion: for the author's terminal, never for a log.
    """

    component: str
    scorer: str
    error: str
    file: str
    line: int
    function: str
    frames: tuple[str, ...]
    detail: str

    @property
    def place(self) -> str:
        """What and where, in a line: `KeyError at my_scorers.py:12`."""
        return f"{self.error} at {self.file.rpartition('/')[2]}:{self.line}"

    def without_text(self) -> dict[str, Any]:
        """All of it but the message, for a log."""
        told = {**self._asdict(), "frames": list(self.frames)}
        del told["detail"]
        return told


Tell = Callable[[Bug], None]


def to_stderr(bug: Bug) -> None:
    """Print the traceback for the author. Text that could steer a terminal is spelt out."""
    lines = [
        f"rewards: component {bug.component!r} ({bug.scorer}) has a bug, told once: {bug.error}",
        *(f"  {frame}" for frame in bug.frames),
        f"  {bug.detail}",
    ]
    text = "\n".join(lines)[:MAX_TEXT_CHARS]
    print(
        "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text),
        file=sys.stderr,
    )


def bug_of(
    component: str, scorer: Scorer[..., Any], fault: Fault, error: BaseException | None
) -> Bug:
    """The bug behind a fault that its scorer is to blame for; `error` is what it raised, if any."""
    home = _home(scorer)
    found: list[Place] = []
    if error is not None:
        found = asked(lambda: list(_frames(error.__traceback__)), found)
    own = [place for place in found if place[0] == home[0]]
    file, line, function = own[-1] if own else found[-1] if found else home
    return Bug(
        component=component,
        scorer=scorer.address,
        error=fault.kind if error is None else _name(error),
        file=file,
        line=line,
        function=function,
        frames=tuple([f"{file}:{line} in {name}" for file, line, name in found[-MAX_FRAMES:]]),
        detail=fault.detail,
    )


def is_new(bug: Bug) -> bool:
    """Whether it is the first of its kind in this process; it is remembered."""
    key = (bug.component, bug.error, bug.file, bug.line)
    if key in _told or len(_told) >= MAX_TOLD:
        return False
    _told.add(key)
    return True


def _name(error: BaseException) -> str:
    """The name of an exception's type; one that is no plain name may be somebody's data."""
    name = asked(lambda: "".join([type(error).__name__]), "")
    return name if name.isidentifier() and name.isascii() and len(name) <= 64 else "exception"


def _home(scorer: Scorer[..., Any]) -> Place:
    code = getattr(scorer.function, "__code__", None)
    if code is None:  # a callable object, a builtin
        return scorer.__module__, 0, scorer.__name__
    return code.co_filename, code.co_firstlineno, code.co_name


def _frames(trace: TracebackType | None) -> Iterator[Place]:
    """File, line and function of each frame below the engine's own."""
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals.get("__name__") not in _ENGINE:
            yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next


_ENGINE = frozenset({"rewards.rubric.batch", "rewards.core.concurrency"})
