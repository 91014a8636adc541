"""What is run, within which limits, and what comes back: the seam between scorers and engines.

An engine gives every program a world of its own: no environment, no file, no network, no process,
nothing of another program. Text goes in, text comes out. What a program says of itself (a value,
an exception, a printed line) has no authority: whoever asks compares it elsewhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rewards.sandbox.code.plain import MAX_PLAIN_CHARS, written

#: How a program ended. "done": it ran to its end, by `sys.exit` too; each of its calls may have
#: raised. "exception": its own code raised before the first call; "syntax": it does not compile.
#: "fuel", "memory", "output", "time": a limit; calls after that one did not run. "died": its world
#: broke down twice.
Ended = Literal["done", "exception", "syntax", "fuel", "memory", "output", "time", "died"]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call into a program: the name of a function, and its arguments as `plain` writes them.

    `arguments` is the written pair of a list (by position) and a dict (by name).

    >>> FunctionCall.of("add", 1, b=2)
    FunctionCall(function='add', arguments='[["l",[1]],["d",[["b",2]]]]')
    """

    function: str
    arguments: str

    @classmethod
    def of(cls, function: str, *args: Any, **kwargs: Any) -> "FunctionCall":
        """A call with these arguments; `NotPlainError` where one is no plain data."""
        return cls(function, f"[{written(list(args))},{written(kwargs)}]")


@dataclass(frozen=True, slots=True)
class Program:
    """A source text, and what is asked of it.

    With `stdin` it runs as `__main__`, reads that text and prints. Without, it is imported under
    another name, and the `calls` are made in order, in the one world. Hashable: identical
    programs are run once. `keep_arguments` has each call tell what became of its arguments.
    """

    source: str
    calls: tuple[FunctionCall, ...] = ()
    stdin: str | None = None
    keep_arguments: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use. All but `seconds` are counts: the same on a busy machine.

    `fuel` is in instructions of the engine's machine. `seconds` is a backstop, tried twice.
    """

    fuel: int = 2_000_000_000
    memory: int = 256 * 1024 * 1024
    output: int = MAX_PLAIN_CHARS
    seconds: float = 12.0


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of one call: a written value, or the name of the exception's class.

    `error` is "" for none. `NotPlainError` stands for a value that is no plain data or too long.
    `arguments` as in `FunctionCall`, after the call, where they were asked for and are plain.
    """

    value: str | None
    error: str = ""
    arguments: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program. `error` is the class of the exception that ended it, or ""."""

    ended: Ended
    error: str = ""
    returned: tuple[Returned, ...] = ()
    output: str = ""
    fuel: int = 0


class CodeRunner(Protocol):
    """An engine. One a process; it keeps its workers from batch to batch."""

    name: str

    def run(
        self, programs: Sequence[Program], limits: Limits, deadline: float = math.inf
    ) -> list[Outcome | None]:
        """What became of each program, in order, each run once within these limits.

        None stands for what there was no time for. Identical programs may be run once.

        Returns before `deadline`, a `time.monotonic()` value, whatever the programs do. May be
        interrupted by `OutOfTime` all the same, and is usable after that.

        Raises:
            EngineError: the engine cannot run at all here; says what is missing.
        """
        ...

    def close(self) -> None:
        """End the workers; the next `run` starts new ones."""
        ...


class EngineError(Exception):
    """An engine that cannot run here: the sentence says what to do."""
