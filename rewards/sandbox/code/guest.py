"""What runs inside a world: one program, its calls, and a record of each as soon as there is one.

Engines run the text of `plain` and of this module together (`source()`), as the last thing that
is ours in there. The program shares this world and may change anything in it, so that a record
says no more than a returned value does: it is plain data from a program.
"""

import json
from collections.abc import Callable
from typing import Any

from rewards.sandbox.code.plain import NotPlainError, read_plain, written


def serve(job: str, emit: Callable[[str], object]) -> None:
    """Run one job and emit its records, a line each: ["call", ...]s, then one ["end", ...].

    A job is the JSON of [source, calls as pairs, stdin or null, keep_arguments, output].
    """
    source, calls, stdin, keep, most = json.loads(job)
    output = _streams(stdin or "", most)
    _never_wait()
    if "random" in source:  # the import alone costs more than most programs
        import random

        random.seed(0)
    name = "answer" if stdin is None else "__main__"
    try:
        code = compile(source, "answer.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        emit(json.dumps(["end", "syntax", type(error).__name__, ""]))
        return
    ended, wrong = "done", _run(code, _module(name), stdin is not None)
    if wrong:
        ended = "exception"
    else:
        for function, arguments in calls:
            emit(json.dumps(["call", *_called(function, arguments, keep)]))
    text, over = output()
    emit(json.dumps(["end", "output" if over else ended, wrong, text]))


def _streams(stdin: str, most: int) -> Callable[[], tuple[str, bool]]:
    """Give the program streams of its own; what it has printed, and whether that was too much."""
    import io
    import sys

    class Printed(io.BytesIO):
        over = False

        def write(self, data: Any) -> int:
            if self.tell() + len(data) > most:
                Printed.over = True
                raise OSError("too much output")
            return super().write(data)

    printed = Printed()
    # What cannot be encoded must not be a way to differ between engines.
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(to, "utf-8", "replace", newline="\n", write_through=True)
        for to in (printed, io.BytesIO())
    )
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "replace")), encoding="utf-8")

    def output() -> tuple[str, bool]:
        return io.BytesIO.getvalue(printed).decode("utf-8", "replace"), Printed.over

    return output


def _never_wait() -> None:
    """Waiting takes no instructions, so that no count would end it; here time does not matter."""
    import select
    import time

    time.sleep = lambda seconds: None
    select.select = lambda *waits: ([], [], [])
    if hasattr(select, "poll"):
        del select.poll


def _module(name: str) -> dict[str, Any]:
    import sys
    import types

    module = types.ModuleType(name)
    sys.modules[name] = module  # dataclasses and pickle look their classes' module up
    module.__dict__["__plain__"] = (written, read_plain)
    return module.__dict__


def _run(code: Any, names: dict[str, Any], is_main: bool) -> str:
    """Run the program itself; the name of the exception that ended it, "" for none."""
    import builtins

    names["__builtins__"] = builtins
    try:
        exec(code, names)  # the sandbox's very purpose; this module runs inside of it
    except SystemExit as error:
        return "" if is_main and error.code in (None, 0) else "SystemExit"
    except BaseException as error:  # noqa: BLE001 - whatever a program raises
        return _name(error)
    return ""


def _called(function: str, arguments: str, keep: bool) -> tuple[Any, str, Any]:
    """What one call returned or raised, and what became of its arguments."""
    import sys

    value, error, kept = None, "", None
    given: Any = ()
    named: Any = {}
    try:
        given, named = (read_plain(json.dumps(form)) for form in json.loads(arguments))
        result = _found(sys.modules["answer"].__dict__, function)(*given, **named)
        value = written(result)
    except BaseException as raised:  # noqa: BLE001 - likewise
        error = _name(raised)
    if keep and not error:
        try:
            kept = f"[{written(list(given))},{written(named)}]"
        except NotPlainError:
            kept = None
    return value, error, kept


def _found(names: dict[str, Any], path: str) -> Callable[..., Any]:
    """The function of that name; of `Class.method` the method of a new instance."""
    first, *rest = path.split(".")
    if first not in names:
        raise NameError(first)
    found = names[first]
    for part in rest:
        found = getattr(found() if isinstance(found, type) else found, part)
    return found  # type: ignore[no-any-return]


def _name(error: BaseException) -> str:
    return "".join([type(error).__name__])[:100] or "Exception"


def source() -> str:
    """The text to run in a world: `plain` and this module, without what is ours alone."""
    import importlib
    import inspect

    text = ""
    for name in ("plain", "guest"):
        module = importlib.import_module(f"rewards.sandbox.code.{name}")
        lines = inspect.getsource(module).splitlines()
        text += "\n".join(x for x in lines if not x.startswith("from rewards")) + "\n"
    return text
