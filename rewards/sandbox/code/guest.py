"""What runs inside a world: one program, its calls, and a record of each as soon as there is one.

Engines run the text of `plain` and of this module together (`source()`), as the last thing that
is ours in there. The program shares this world and may change anything in it, so that a record
says no more than a returned value does: it is plain data from a program.
"""

import json
from collections.abc import Callable
from typing import Any

from rewards.sandbox.code.plain import Handle, NotPlainError, read_plain, written


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
        results: list[Any] = []
        for function, arguments in calls:
            emit(json.dumps(["call", *_called(function, arguments, keep, results)]))
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
    module.__dict__["__harness__"] = Harness
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


def _called(function: str, arguments: str, keep: bool, results: list[Any]) -> tuple[Any, str, Any]:
    """What one call returned or raised, and what became of its arguments.

    A thing of the program's own stays here; its number is told, and stands for it in later calls.
    """
    import sys

    value, error, kept, result = None, "", None, None
    given: Any = ()
    named: Any = {}
    try:
        forms = (read_plain(json.dumps(form)) for form in json.loads(arguments))
        given, named = (_with_things(form, results) for form in forms)
        result = _found(sys.modules["answer"].__dict__, function)(*given, **named)
        value = written(Handle(len(results)) if _is_own(result) else result)
    except BaseException as raised:  # noqa: BLE001 - likewise
        error = _name(raised)
    results.append(result)
    if keep and not error:
        try:
            kept = f"[{written(list(given))},{written(named)}]"
        except NotPlainError:
            kept = None
    return value, error, kept


def _is_own(result: Any) -> bool:
    """Whether this is an instance of a class of the program, or a method of one."""
    plain = (int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
    if isinstance(result, plain):
        return False
    is_method = type(result).__name__ in ("method", "function")
    return bool((result if is_method else type(result)).__module__ == "answer")


def _with_things(value: Any, results: list[Any]) -> Any:
    """A value with the things themselves where their numbers stand."""
    if isinstance(value, Handle):
        return results[object.__getattribute__(value, "__handle__")]
    if type(value) in (list, tuple):
        return type(value)(_with_things(item, results) for item in value)
    if type(value) is dict:
        return {key: _with_things(item, results) for key, item in value.items()}
    return value


#: What tests do with a thing of the program: calls under names that no program can have.
_WITH_A_THING: dict[str, Callable[..., Any]] = {
    "=get": getattr,
    "=set": setattr,
    "=call": lambda thing, *args, **kwargs: thing(*args, **kwargs),
}


def _found(names: dict[str, Any], path: str) -> Callable[..., Any]:
    """The function of that name; of `Class.method` the method of a new instance."""
    if path in _WITH_A_THING:
        return _WITH_A_THING[path]
    first, *rest = path.split(".")
    if first not in names:
        raise NameError(first)
    found = names[first]
    for part in rest:
        found = getattr(found() if isinstance(found, type) else found, part)
    return found  # type: ignore[no-any-return]


class TestsStopped(BaseException):
    """The program has no more answers: no test may go on."""

    __test__ = False


class Harness:
    """What tests find in their world, where they are the program: its answers, and a tally.

    A call of the program under test is answered from a list; one that is not on it is noted, and
    answered with None. `answers` is the JSON of lists of function, arguments, value, error, and
    what became of the arguments.
    """

    def __init__(self, answers: str) -> None:
        self.answers = json.loads(answers)
        self.calls: list[list[str]] = []
        self.state: dict[str, Any] = {
            "open": False,
            "broke": "",
            "held": {},
            "why": {},
            "bad": False,
        }

    def names(self) -> dict[str, Any]:
        """The functions by the names that the tests' text has for them."""
        known = (self.asked, self.held, self.broke, self.verdict, self.page)
        return {f"__{function.__name__}__": function for function in known}

    def asked(self, name: str) -> Callable[..., Any]:
        """A stand-in for a function of the program."""

        def ask(*args: Any, **kwargs: Any) -> Any:
            try:
                given = "[" + written(list(args)) + "," + written(kwargs) + "]"
            except NotPlainError:
                given = ""
            place = len(self.calls)
            if not given or place >= MAX_ASKED:
                self.state["bad"] = True
                raise TestsStopped from None
            self.calls.append([name, given])
            known = self.answers[place] if place < len(self.answers) else [None, None]
            if self.state["open"] or known[:2] != [name, given]:
                self.state["open"] = True
                # Calls of a class, and of what comes of that, go on with what is not known yet.
                return Thing(place, self) if name[:1].isupper() or name[:1] == "=" else None
            found = _answered(known, args, kwargs)
            return Thing(place, self) if type(found) is Handle else found

        return ask

    def held(self, number: int, held: bool, error: BaseException | None = None) -> None:
        """An assert ran: how often, and whether it held each time."""
        ran, all_held = self.state["held"].get(number, (0, True))
        self.state["held"][number] = (ran + 1, all_held and held)
        if not held and number not in self.state["why"]:
            self.state["why"][number] = "" if error is None else type(error).__name__

    def broke(self, error: BaseException) -> None:
        """The tests ended early."""
        self.state["broke"] = type(error).__name__ + ": " + str(error)[:200]

    def verdict(self, size: int) -> tuple[dict[str, Any], str]:
        """How it went, and the calls that were made: "" where they are longer than a page."""
        calls = json.dumps(self.calls)
        return self.state, calls if len(calls) <= size else ""

    def page(self, number: int, size: int) -> str:
        """So many characters of the calls."""
        return json.dumps(self.calls)[number * size : (number + 1) * size]


class Thing(Handle):
    """In the tests' world, what stands for a thing of the program.

    Its attributes are the program's word. It is neither true nor false nor equal to anything, so
    that no test holds by it alone.
    """

    def __init__(self, number: int, harness: Harness) -> None:
        """Keep what is needed under names that no thing has."""
        super().__init__(number)
        object.__setattr__(self, "__harness__", harness)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__harness__.asked("=get")(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__harness__.asked("=set")(self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there."""
        return self.__harness__.asked("=call")(self, *args, **kwargs)

    def __bool__(self) -> bool:
        if self.__harness__.state["open"]:
            return False
        raise TypeError("a thing of the program is neither true nor false")

    def __eq__(self, other: object) -> bool:
        return bool(self)

    def __ne__(self, other: object) -> bool:
        return bool(self)

    def __hash__(self) -> int:
        raise TypeError("a thing of the program is no key")


#: Calls that tests may make.
MAX_ASKED = 5_000


def _answered(known: list[Any], args: Any, kwargs: Any) -> Any:
    """What the program said to a call: its value, its exception, its changes of the arguments."""
    import builtins

    value, error, kept = known[2:]
    if kept is not None:
        now: Any
        named: Any
        now, named = (read_plain(json.dumps(form)) for form in json.loads(kept))
        for old, new in zip(args, now, strict=False):
            _given_back(old, new)
        for key in kwargs:
            _given_back(kwargs[key], named.get(key))
    if error == "__stopped__":
        raise TestsStopped
    if error:
        kind = getattr(builtins, error, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            kind = type("ProgramError", (Exception,), {})
        try:
            raised = kind(error)
        except TypeError:
            raised = Exception(error)
        raise raised
    return read_plain(value)


def _given_back(held: Any, now: Any) -> None:
    """Change an argument as the program has changed its copy."""
    kind = type(held)
    if kind is not type(now) and kind is not bytearray:
        return
    if kind in (list, bytearray):
        held[:] = now
    elif kind in (dict, set):
        held.clear()
        held.update(now)


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
