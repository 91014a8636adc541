"""Whether a program does what its tests ask, and whether it is well made.

The program is the last fenced block of Python of the answer, or the answer itself
(`rewards.reading.structured.programs`).
"""

import ast
import math
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Literal, NamedTuple

from rewards.core.errors import DeadlineError, ServiceError, UnscoredError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.structured.programs import find_program, parsed
from rewards.reading.text import MAX_ANSWER_CHARS
from rewards.sandbox import conduct
from rewards.sandbox import lint as linting
from rewards.sandbox.code import engines
from rewards.sandbox.code.batches import Steps, ended, together
from rewards.sandbox.code.judging import Judgement, checked
from rewards.sandbox.code.protocol import EngineError, Limits, Program
from rewards.sandbox.code.tasks import TaskFields, in_place, task_of

#: What a preamble's end may do to the answer below it is not the answer's fault.
_OF_A_LATER_START = frozenset({"E402", "F404"})

Credit = Literal["all", "fraction"]
Share = Literal["share", "all"]

#: Fuel below which the engine's own start would not fit, and above which a batch has no time.
MIN_FUEL, MAX_FUEL = 100_000_000, 20_000_000_000


class _Read(NamedTuple):
    """The program of an answer, in its place: `offset` lines of `source` stand before it."""

    program: str
    source: str
    offset: int
    tree: ast.Module | str


@scorer
def passes(
    sample: Sample,
    *,
    credit: Credit = "all",
    engine: engines.Engine = "wasm",
    mutates: bool = False,
    tolerance: float = 1e-9,
    max_fuel: int = 2_000_000_000,
    tests_key: str = "tests",
    inputs_key: str = "inputs",
    outputs_key: str = "outputs",
    entry_point_key: str = "entry_point",
    preamble_key: str = "preamble",
    solution_key: str = "solution",
) -> Score:
    """1.0 where the program passes every test of its sample, else 0.0.

    The tests stand in the metadata, or are the reference, in one of four forms: a text that defines
    `check(candidate)`; assert statements, a text or a list; `inputs` (lists of arguments) and
    `outputs` (what `entry_point` returns for each); `inputs` and `outputs` as texts of stdin and
    stdout, without an `entry_point`, for a program that runs as `__main__`.

    Program and tests never share a world: calls go in, plain data comes back (None, bool, numbers,
    str, bytes, containers of these, up to 64 KiB each), and is compared elsewhere. What the program
    prints, raises, patches or exits with has no authority. Its limits are counts, of instructions
    (`max_fuel`) and bytes, so that the verdict does not depend on how busy the machine is.

    Raises `MissingReferenceError` where there are no tests, `UnusableDataError` where they do not
    parse, assert nothing, or fail the row's own `solution`. Metrics: `passed`, `total`, `compiled`
    and `fuel`, the instructions that the program took.

    Args:
        credit: "all", or "fraction": the share of the asserts or pairs that hold.
        engine: What runs the programs: "wasm", CPython in WebAssembly, or "process", CPython itself
            in a confined process, for numpy, pandas and Python 3.11.
        mutates: Whether the first argument, changed in place, is what `outputs` are about.
        tolerance: By how much a float may differ from that of `outputs`, relatively.
        max_fuel: WebAssembly instructions of one program; two thousand million are half a second.
        tests_key: The field that holds the tests.
        inputs_key: The field that holds the inputs.
        outputs_key: The field that holds the outputs.
        entry_point_key: The field that names the function, or a list of functions.
        preamble_key: The field that holds the code before the answer, which may repeat it.
        solution_key: The field that holds a reference solution, with which the tests are checked.
    """
    found: Score | BaseException
    (found,) = _passed([sample], math.inf, **{k: v for k, v in locals().items() if k != "sample"})
    if isinstance(found, BaseException):
        raise found
    return found


def _check_engine(engine: str, max_fuel: int) -> None:
    """Refuse a budget that no engine takes, and an engine that is not there."""
    if not MIN_FUEL <= max_fuel <= MAX_FUEL:
        raise ValueError(f"max_fuel must be {MIN_FUEL:,} to {MAX_FUEL:,}, got {max_fuel:,}")
    engines.check_installed(engine)


@passes.needs
def _(params: Mapping[str, Any]) -> list[str]:
    return engines.needed(params["engine"])


@passes.check
def _(*, engine: str, tolerance: float, max_fuel: int, **_: Any) -> None:
    if not 0 <= tolerance < 1:
        raise ValueError(f"tolerance must be at least 0 and below 1, got {tolerance}")
    _check_engine(engine, max_fuel)


@passes.batches
def _passed(
    samples: Sequence[Sample],
    deadline: float,
    *,
    credit: Credit,
    engine: engines.Engine,
    mutates: bool,
    tolerance: float,
    max_fuel: int,
    **names: str,
) -> list[Score | BaseException]:
    """All programs of a batch together: they share workers, and identical ones run once."""
    keys = TaskFields(**{name.removesuffix("_key"): field for name, field in names.items()})

    def steps(sample: Sample) -> Steps[Score]:
        task = task_of(
            sample.metadata, sample.reference_answer, keys, mutates=mutates, tolerance=tolerance
        )
        program = find_program(sample.completion)
        source = in_place(task.preamble, program)
        judgement = yield from checked(source, task.tests, task.solution)
        return _scored(judgement, credit, program)

    try:
        return together(
            [steps(s) for s in samples], engines.engine(engine), Limits(fuel=max_fuel), deadline
        )
    except EngineError as error:
        return [ServiceError(str(error))] * len(samples)


def _scored(judgement: Judgement, credit: Credit, program: str) -> Score:
    metrics = {
        "passed": judgement.passed,
        "total": judgement.total,
        "compiled": judgement.compiled,
        "fuel": judgement.fuel,
    }
    value = float(judgement.all_passed)
    if credit == "fraction" and judgement.answered:
        value = judgement.passed / judgement.total
    reason = f"{judgement.passed} of {judgement.total}"
    if judgement.why:
        reason = f"{reason}; {judgement.why}"
    return Score(value, reason, metrics, answer=program[:MAX_ANSWER_CHARS])


@scorer
def lint(
    sample: Sample,
    *,
    rules: list[str] = [],  # noqa: B006 - a parameter's default, never changed
    ignore: list[str] = [],  # noqa: B006
    preamble_key: str = "preamble",
) -> Score:
    r"""How free the program is of a linter's findings: 1 - findings / statements, at least 0.0.

    Statements are those that do something: no `pass`, no docstring, no comment, so that padding
    with those gains nothing. A program that does not parse, or has no statement, is worth 0.0. By
    default pyflakes looks for what is wrong whatever the style: names that are undefined or unused,
    format strings that do not fit, keys given twice. Comments such as `# noqa`, calls of `locals()`
    and handlers of NameError hide nothing from it. The program is read, and never run.

    Code that stands before the answer (`metadata.preamble`) is known to the linter; only what the
    answer adds is counted. Needs the extra `lint`. Metrics: `lint/parsed`, `lint/statements`,
    `lint/findings`, and the number of findings by code, such as `lint/F401`.

    Args:
        rules: Rules of ruff by code or prefix, such as ["E", "F", "B"], where pyflakes alone is
            not enough; one process reads all programs of a batch. Those named F are pyflakes'.
        ignore: Codes, or beginnings of codes, that do not count.
        preamble_key: The metadata field that holds the code before the answer.

    >>> lint(Sample(id="1", completion="import os\nx = 1\nprint(x)")).reason
    "F401 in line 1: 'os' imported but unused"
    """
    return _linted(_read(sample, preamble_key), rules, ignore)


@lint.needs
def _(params: Mapping[str, Any]) -> list[str]:
    return linting.needed(params["rules"])


@lint.check
def _(*, rules: list[str], **_: Any) -> None:
    linting.check_installed(rules)


@lint.batches
def _(
    samples: Sequence[Sample],
    deadline: float,
    *,
    rules: list[str],
    ignore: list[str],
    preamble_key: str,
) -> list[Score | BaseException]:
    """One by one, but for ruff: a process of it costs as much for one program as for twenty."""
    read = [_read(sample, preamble_key) for sample in samples]
    sources = [r.source for r in read if isinstance(r.tree, ast.Module)]
    try:
        linting.read_ahead(sources, rules)
    except UnscoredError as error:
        return [error] * len(samples)
    late = DeadlineError("no time left")
    return [late if monotonic() > deadline else _linted(r, rules, ignore) for r in read]


@scorer
def runs(
    sample: Sample,
    *,
    credit: Share = "share",
    engine: engines.Engine = "wasm",
    allowed_imports: list[str] = [],  # noqa: B006 - a parameter's default, never changed
    max_fuel: int = 2_000_000_000,
    stdin_key: str = "stdin",
    output_key: str = "stdout",
    preamble_key: str = "preamble",
) -> Score:
    """The share of the runtime checks that hold: no exception, within budget and memory, no reach.

    The program runs once as `__main__`, with the text of `metadata.stdin`. Checked: that it ends
    without an exception (`ended`), within its budget of instructions and time (`budget`) and its
    memory (`memory`); that it tries no file, network, process or thread (`reach`: by its imports
    and names, and by what the engine refused); that it imports only what is allowed (`imports`,
    where modules are named); that it prints what `metadata.stdout` says, but for space at the ends
    of lines (`output`, where it is there). Each is a metric, 1.0 or 0.0.

    A program that does not parse, or has no statement that does something, is worth 0.0. One that
    does little passes easily: a small weight beside `code.passes`, no goal of its own.

    Args:
        credit: "share", or "all": nothing unless every check holds.
        engine: What runs the programs, as for `code.passes`.
        allowed_imports: The only modules that may be imported, by their top-level names.
        max_fuel: WebAssembly instructions of one program; CPU time under the other engines.
        stdin_key: The field that holds what the program reads.
        output_key: The field that holds what it should print.
        preamble_key: The field that holds the code before the answer.
    """
    given = {name: value for name, value in locals().items() if name != "sample"}
    found: Score | BaseException
    (found,) = _run([sample], math.inf, **given)
    if isinstance(found, BaseException):
        raise found
    return found


@runs.needs
def _(params: Mapping[str, Any]) -> list[str]:
    return engines.needed(params["engine"])


@runs.check
def _(*, engine: str, max_fuel: int, **_: Any) -> None:
    _check_engine(engine, max_fuel)


@runs.batches
def _run(
    samples: Sequence[Sample],
    deadline: float,
    *,
    credit: Share,
    engine: engines.Engine,
    allowed_imports: list[str],
    max_fuel: int,
    stdin_key: str,
    output_key: str,
    preamble_key: str,
) -> list[Score | BaseException]:
    """All programs of a batch together, each once."""
    read = [_read(sample, preamble_key) for sample in samples]
    programs = [
        Program(r.source, stdin=str(sample.metadata.get(stdin_key) or ""))
        for r, sample in zip(read, samples, strict=True)
    ]
    sound = [program for program, r in zip(programs, read, strict=True) if _does_something(r)]
    steps = [ended(program) for program in sound]
    try:
        ran = together(steps, engines.engine(engine), Limits(fuel=max_fuel), deadline)
    except EngineError as error:
        return [ServiceError(str(error))] * len(samples)
    outcomes = dict(zip(sound, ran, strict=True))
    found: list[Score | BaseException] = []
    for sample, program, r in zip(samples, programs, read, strict=True):
        outcome = outcomes.get(program)
        if isinstance(r.tree, str) or outcome is None:
            said = r.tree if isinstance(r.tree, str) else "no statement that does anything"
            found.append(Score(0.0, said, answer=r.program[:MAX_ANSWER_CHARS]))
        elif isinstance(outcome, BaseException):
            found.append(outcome)
        else:
            wanted = sample.metadata.get(output_key)
            output = None if wanted is None else str(wanted)
            held = conduct.checks(r.tree, outcome, output, allowed_imports)
            found.append(_conducted(held, credit, r.program))
    return found


def _does_something(read: _Read) -> bool:
    return isinstance(read.tree, ast.Module) and linting.statements(read.tree, read.offset) != 0


def _conducted(held: Mapping[str, bool], credit: Share, program: str) -> Score:
    value = sum(held.values()) / len(held)
    if credit == "all":
        value = float(all(held.values()))
    failed = [name for name, holds in held.items() if not holds]
    reason = f"failed: {', '.join(failed)}" if failed else f"all {len(held)} checks hold"
    return Score(value, reason, dict(held), answer=program[:MAX_ANSWER_CHARS])


def _read(sample: Sample, preamble_key: str) -> _Read:
    program = find_program(sample.completion)
    preamble = sample.metadata.get(preamble_key)
    if isinstance(preamble, str) and preamble.strip():
        before = preamble.rstrip("\n") + "\n"
        whole = before + program
        tree = parsed(whole)
        if isinstance(tree, ast.Module):
            return _Read(program, whole, before.count("\n"), tree)
    return _Read(program, program, 0, parsed(program))


def _linted(read: _Read, rules: Sequence[str], ignore: Sequence[str]) -> Score:
    metrics = {"parsed": 0.0, "statements": 0.0, "findings": 0.0}
    answer = read.program[:MAX_ANSWER_CHARS]
    if isinstance(read.tree, str):
        return Score(0.0, read.tree, metrics, answer=answer)
    total = linting.statements(read.tree, read.offset)
    if total is None:
        return Score(0.0, "a program too long to be linted", metrics, answer=answer)
    try:
        found = linting.findings(read.source, read.tree, rules)
    except linting.UnlintableError as error:
        return Score(0.0, str(error), metrics, answer=answer)
    left_out = tuple(ignore)
    found = [f for f in found if _counts(f, read.offset) and not f.code.startswith(left_out)]
    metrics = {"parsed": 1.0, "statements": float(total), "findings": float(len(found))}
    for finding in found:
        metrics[finding.code] = metrics.get(finding.code, 0.0) + 1.0
    value = max(0.0, 1.0 - len(found) / total) if total else 0.0
    return Score(value, _told(found, total, read), metrics, answer=answer)


def _counts(finding: linting.LintFinding, offset: int) -> bool:
    """Whether a finding is the answer's: neither in the preamble, nor about repeating it."""
    if not offset:
        return True
    repeats = finding.code == "F811" and finding.other_line <= offset
    return finding.line > offset and finding.code not in _OF_A_LATER_START and not repeats


def _told(found: Sequence[linting.LintFinding], total: int, read: _Read) -> str:
    if not total:
        return "no statement that does anything"
    if not found:
        return f"no finding in {total} statements"
    first = found[0]
    more = f"; {len(found)} findings in {total} statements" if len(found) > 1 else ""
    return f"{first.code} in line {first.line - read.offset}: {first.message[:200]}{more}"
