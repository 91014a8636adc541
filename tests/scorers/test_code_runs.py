"""`code.runs`: what holds of a program's run, each check with what breaks it."""

import sys
from collections.abc import Sequence

import pytest

from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.registry import resolve
from rewards.rubric import Rubric, use
from rewards.sandbox.code.confinement import missing
from rewards.scorers.code import runs

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(missing()), reason="no seccomp or no Landlock"
)


def ran(program: str, allowed: Sequence[str] = (), credit: str = "share", **data: str) -> Score:
    sample = Sample(id="1", completion=program, metadata=data)
    found = runs(sample, engine="process", allowed_imports=list(allowed), credit=credit)  # type: ignore[arg-type]
    assert isinstance(found, Score)
    return found


def failed(score: Score) -> set[str]:
    return {name for name, holds in score.metrics.items() if not holds}


BROKEN = {
    "an exception": ("x = 1 / 0", {"ended"}),
    "an exit with a code": ("import sys\nsys.exit(3)", {"ended"}),
    "an endless loop": ("while True: x = 1", {"ended", "budget"}),
    "memory": ("x = bytearray(10 ** 11)", {"ended", "memory"}),
    "a file": ("print(open('/etc/passwd').read())", {"ended", "reach"}),
    "a file behind a handler": ("try:\n    open('x')\nexcept OSError:\n    x = 1", {"reach"}),
    "a socket": ("import socket\nsocket.socket()", {"ended", "reach"}),
    "a socket by another name": ("__import__('soc' + 'ket').socket()", {"ended", "reach"}),
    "a process": ("import subprocess\nx = 1", {"reach"}),
}


@pytest.mark.parametrize(("program", "broken"), BROKEN.values(), ids=BROKEN.keys())
def test_each_check_has_what_breaks_it(program: str, broken: set[str]) -> None:
    """Those checks fail and no others; the value is the share that holds, or nothing."""
    found = ran(program)

    assert failed(found) == broken
    assert found.value == pytest.approx(1 - len(broken) / 4)
    assert ran(program, credit="all").value == 0.0


def test_output_is_compared_but_for_space_that_nobody_sees() -> None:
    data = {"stdin": "3\n4\n", "stdout": "7\nok\n"}

    assert ran("print(int(input()) + int(input()), ' \\nok')", **data).value == 1.0
    assert failed(ran("print(int(input()) * int(input()))", **data)) == {"output"}
    assert failed(ran("print(7, 'ok')", **data)) == {"output"}


@pytest.mark.parametrize(
    "program",
    ["import re\nx = 1", "x = __import__('re')", "exec('import re')", "import importlib\nx = 1"],
)
def test_only_what_is_allowed_is_imported(program: str) -> None:
    """By name, and by no way around names."""
    assert failed(ran(program, ["math"])) == {"imports"}
    assert failed(ran("import math\nx = math.pi", ["math"])) == set()


@pytest.mark.parametrize("program", ["", "pass", "x = ", '"text"', "# nothing"])
def test_what_is_no_program_or_does_nothing_is_worth_nothing(program: str) -> None:
    assert ran(program).value == 0.0


def test_a_batch_runs_together_and_each_sample_has_its_own_verdict() -> None:
    programs = ["x = 1", "x = 1 / 0", "x =", "x = 1"]
    rubric = Rubric("r", [use(runs, engine="process")])
    rewards = rubric.score_batch(
        [Sample(id=str(i), completion=program) for i, program in enumerate(programs)]
    )

    assert [reward.value for reward in rewards] == [1.0, 0.75, 0.0, 1.0]


def test_only_what_the_engine_uses_is_deployed() -> None:
    assert resolve("code.runs").requirements({"engine": "process"}) == []
    assert resolve("code.runs").requirements({"engine": "lambda"}) == ["boto3"]
