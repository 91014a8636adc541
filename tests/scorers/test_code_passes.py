"""`code.passes`: every form of tests, every way to be wrong, and programs that want the reward."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from rewards import Rubric, Sample, use
from rewards.core.errors import MissingReferenceError, SpecError, UnusableDataError
from rewards.sandbox.code import batches
from rewards.sandbox.code.confinement import missing
from rewards.scorers.code import passes
from tests.scorers.code_problems import problems

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("eryx") is None, reason="pyeryx has no wheel for this Python"
)

ATTACKS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "cases/code_attacks.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
CHECK = (
    "def check(candidate):\n"
    "    assert candidate(1, 2) == 3\n"
    "    for n in range(3):\n"
    "        assert candidate(n, -n) == 0, 'opposites'\n"
    "    assert isinstance(candidate(2, 2), int) and candidate(2, 2) == 4\n"
)
ADD = "def add(a, b):\n    return a + b\n"
FORMS: dict[str, dict[str, Any]] = {
    "check": {"tests": CHECK, "entry_point": "add"},
    "asserts": {"tests": ["assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'"]},
    "pairs": {"inputs": [[1, 2], [[1], [2]]], "outputs": [3, [1, 2]], "entry_point": "add"},
    "stdin": {"inputs": ["1 2\n", "3 4"], "outputs": ["3\n", "7"]},
}
MAIN = "if __name__ == '__main__':\n    print(sum(map(int, input().split())))\n"


def sample(program: str, metadata: dict[str, Any], **more: Any) -> Sample:
    return Sample(id="1", completion=f"```python\n{program}\n```", metadata=metadata, **more)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_tests_passes_the_right_program_and_no_other(form: str) -> None:
    """Right is 1.0; a mutant, an empty program and one that exits are 0.0."""
    right = MAIN if form == "stdin" else ADD
    assert passes(sample(right, FORMS[form])).value == 1.0
    for wrong in (
        right.replace("+", "-").replace("sum", "max"),
        "",
        "raise SystemExit",
        "print(3)",
    ):
        found = passes(sample(wrong, FORMS[form]))
        assert (found.value, found.metrics["compiled"]) == (0.0, 1.0), wrong


def test_no_hostile_program_earns_anything_and_none_costs_its_neighbours() -> None:
    """The battery in one batch, in both forms of credit, a right program after every ninth."""
    rubric = Rubric("code", [use(passes, max_fuel=100_000_000)])
    samples, hostile = [], []
    for number, attack in enumerate(ATTACKS):
        hostile.append(len(samples))
        samples.append(sample(attack["program"], FORMS["check"]))
        if number % 9 == 0:
            samples.append(sample(f"{ADD}# {number}\n", FORMS["check"]))
    before = open_files()
    rewards = rubric.score_batch(samples)

    paid = {ATTACKS[n]["name"]: rewards[at].value for n, at in enumerate(hostile)}
    assert {name for name, value in paid.items() if value} == set()
    assert not [reward.faults for reward in rewards if reward.faults]
    assert {r.value for at, r in enumerate(rewards) if at not in set(hostile)} == {1.0}
    assert len(ATTACKS) >= 80
    assert open_files() <= before + 8


@pytest.mark.parametrize("form", ["asserts", "pairs", "stdin"])
def test_nothing_hostile_is_paid_a_fraction(form: str) -> None:
    """Exits, objects that equal everything and forged records hold no single test."""
    named = ("os._exit(0)", "int equal to everything", "forged records", "success text", "mock.ANY")
    for attack in [a for a in ATTACKS if a["name"] in named]:
        assert passes(sample(attack["program"], FORMS[form]), credit="fraction").value == 0.0


def test_credit_by_fraction_counts_each_assert_on_its_own() -> None:
    """A failing assert does not end the others; the first that fails is told."""
    found = passes(sample("def add(a, b):\n    return 3\n", FORMS["check"]), credit="fraction")

    assert found.value == pytest.approx(1 / 3)
    assert (found.metrics["passed"], found.metrics["total"]) == (1, 3)
    assert found.reason == "1 of 3; assert candidate(n, -n) == 0: not so"


def test_arguments_that_are_changed_in_place() -> None:
    """Asserts see the change; pairs compare it where `mutates` says so."""
    program = "def double(xs):\n    xs[:] = [2 * x for x in xs]\n"
    tests = "xs = [1, 2]\ndouble(xs)\nassert xs == [2, 4]"
    pairs = {"inputs": [[[1, 2]]], "outputs": [[2, 4]], "entry_point": "double"}

    assert passes(sample(program, {"tests": tests})).value == 1.0
    assert passes(sample(program, pairs), mutates=True).value == 1.0
    assert passes(sample(program, pairs)).value == 0.0
    assert passes(sample("def double(xs): pass\n", pairs), mutates=True).value == 0.0


def test_several_entry_points_methods_and_expected_exceptions() -> None:
    """Each name that the tests do not define is a function of the program."""
    program = "def f(x):\n    return x + 1\ndef g(x):\n    return f(x) * 2\n"
    tests = "assert f(1) == 2\nassert g(f(1)) == 6"
    assert passes(sample(program, {"tests": tests})).value == 1.0
    pairs = {"inputs": [[1], [1]], "outputs": [2, 4], "entry_point": ["f", "g"]}
    assert passes(sample(program, pairs)).value == 1.0
    method = {"inputs": [[1]], "outputs": [2], "entry_point": "Solution.inc"}
    program = "class Solution:\n    def inc(self, x):\n        return x + 1\n"
    assert passes(sample(program, method)).value == 1.0
    raises = (
        "def check(candidate):\n"
        "    try:\n        candidate(-1)\n        assert False\n"
        "    except ValueError:\n        pass\n"
        "    assert candidate(4) == 2\n"
    )
    meta = {"tests": raises, "entry_point": "root"}
    assert passes(sample("from math import isqrt as root\n", meta)).value == 1.0
    assert passes(sample("def root(x):\n    return 2\n", meta)).value == 0.0


PAIR = (
    "class Pair:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
    "    def swap(self):\n        self.a, self.b = self.b, self.a\n"
    "def span(pairs):\n    return max(p.b for p in pairs) - min(p.a for p in pairs)\n"
)


def test_tests_may_hold_things_of_the_program_s_own_classes() -> None:
    """Made, changed, called and handed back in the program's world; their attributes are read."""
    tests = (
        "first = Pair(1, 5)\nassert span([first, Pair(2, 9)]) == 8\nfirst.swap()\n"
        "assert (first.a, first.b) == (5, 1)\nfirst.a = 0\nassert span([first]) == 1\n"
    )
    assert passes(sample(PAIR, {"tests": tests})).value == 1.0
    slip = PAIR.replace("self.b, self.a", "self.a, self.a")
    assert passes(sample(slip, {"tests": tests})).value == 0.0


@pytest.mark.parametrize(
    "test",
    ["f(1) == 3", "f(1) != 4", "f(1)", "not f(1)", "f(1) in (1, 2)", "f(1) > 0", "3 == f(1)"],
)
def test_a_thing_of_the_program_holds_no_test_by_itself(test: str) -> None:
    """Whatever its class says: in the tests' world it is neither true nor equal to anything."""
    methods = ["eq", "ne", "bool", "contains", "gt", "lt", "len", "call", "hash", "iter", "radd"]
    body = "".join(f"    __{name}__ = lambda *a: True\n" for name in methods)
    program = f"class Any:\n{body}def f(x):\n    return Any()\n"
    for credit in ("all", "fraction"):
        found = passes(sample(program, {"tests": [f"assert {test}"]}), credit=credit)  # type: ignore[arg-type]
        assert found.value == 0.0


def test_what_tests_leave_out_is_found() -> None:
    """A module of the library without its import; a function that is called like a builtin."""
    close = {"tests": ["assert math.isclose(f(1), 0.1 + 0.2)"]}
    assert passes(sample("def f(x):\n    return 0.3\n", close)).value == 1.0
    assert passes(sample("def f(x):\n    return 0.4\n", close)).value == 0.0
    total = {"tests": ["assert sum(10, 15) == 6"]}
    assert passes(sample("def sum(a, b):\n    return 6\n", total)).value == 1.0
    assert passes(sample("x = 1\n", total)).value == 0.0
    kinds = {"tests": ["assert left((4, 'a', 2.0), int) == ['a', 2.0]"]}
    program = "def left(xs, kind):\n    return [x for x in xs if type(x) is not kind]\n"
    assert passes(sample(program, kinds)).value == 1.0


def test_calls_that_depend_on_earlier_answers() -> None:
    """The tests run again until each call has its answer; an endless chain earns nothing."""
    tests = "x = 1\nfor _ in range(5):\n    x = step(x)\nassert x == 32"
    assert passes(sample("def step(x):\n    return 2 * x\n", {"tests": tests})).value == 1.0
    drifting = "import itertools\nc = itertools.count()\ndef step(x):\n    return next(c)\n"
    assert passes(sample(drifting, {"tests": tests})).value == 0.0


def test_a_preamble_may_be_repeated_or_gone_on_with() -> None:
    """Helpers of the preamble are the tests' own: a program cannot replace them for the tests."""
    preamble = "def helper(x):\n    return x * 2\n\ndef f(x):\n    'Twice helper.'\n"
    meta = {
        "preamble": preamble,
        "tests": "def check(candidate):\n    assert helper(candidate(1)) == 8\n",
        "entry_point": "f",
    }
    for program in (
        "    return helper(helper(x))",
        f"{preamble}    return 4",
        "def f(x): return 4",
    ):
        assert passes(Sample(id="1", completion=program, metadata=meta)).value == 1.0, program
    hack = "def helper(x):\n    return 8\n\ndef f(x):\n    return None\n"
    assert passes(sample(hack, meta)).value == 0.0


def test_tests_under_other_names_or_in_the_reference() -> None:
    """Metadata keys of one's own naming; the reference as tests, or as a table of the fields."""
    meta = {"test_list": ["assert add(1, 2) == 3"]}
    assert passes(sample(ADD, meta), tests_key="test_list").value == 1.0
    for reference in ("assert add(1, 2) == 3", ["assert add(1, 2) == 3"], FORMS["pairs"]):
        assert passes(sample(ADD, {}, reference_answer=reference)).value == 1.0


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"tests": "assert add(1, 2) =="}, "do not parse: line 1"),
        ({"tests": "x = add(1, 2)"}, "assert nothing"),
        ({"tests": "assert True"}, "call nothing"),
        ({"tests": "import numpy\nassert add(1, 2) == 3"}, "numpy"),
        ({"tests": CHECK}, "entry_point"),
        ({"tests": "assert add(object()) == 3"}, "plain data"),
        ({"tests": 3}, "must be text or a list"),
        ({"inputs": [[1]], "outputs": [1, 2], "entry_point": "add"}, "must be as many"),
        ({"inputs": [1], "outputs": [1], "entry_point": "add"}, "lists of arguments"),
        ({"inputs": [[1]], "outputs": [1]}, "texts of stdin"),
        ({"inputs": [[1]], "outputs": [1], "entry_point": "a b"}, "name of a function"),
        (FORMS["check"] | {"solution": "def add(a, b): return a"}, "reference solution fails"),
    ],
)
def test_bad_data_is_no_wrong_answer(metadata: dict[str, Any], words: str) -> None:
    """The fault is the data's, in words that say what to mend, whatever the program does."""
    for program in (ADD, "raise SystemExit"):
        with pytest.raises(UnusableDataError, match=words):
            passes(sample(program, metadata))


def test_no_tests_and_a_sound_solution() -> None:
    """Without tests nothing is scored; a solution that passes changes no verdict."""
    with pytest.raises(MissingReferenceError):
        passes(sample(ADD, {}))
    meta = FORMS["check"] | {"solution": ADD}
    assert passes(sample(ADD, meta)).value == 1.0
    assert passes(sample("def add(a, b): return 3\n", meta)).value == 0.0


def test_verdicts_and_fuel_are_the_same_in_every_run() -> None:
    """Random numbers are seeded, sets and hashes fixed."""
    program = "import random\ndef add(a, b):\n    return a + b + (random.random() > 1)\n"
    scores = []
    for _ in range(3):
        batches._RECENT.clear()
        scores.append(passes(sample(program, FORMS["check"])))

    assert scores[0] == scores[1] == scores[2]
    assert scores[0].value == 1.0


def test_sixty_four_endless_loops_have_a_verdict_each() -> None:
    """They run out of instructions, on however busy a machine; the right program has its reward."""
    rubric = Rubric("code", [use(passes, max_fuel=100_000_000)])
    loops = [sample(f"while True: {n}\n", FORMS["check"]) for n in range(64)]
    rewards = rubric.score_batch([*loops, sample(ADD, FORMS["check"])])

    assert [reward.value for reward in rewards] == [0.0] * 64 + [1.0]
    assert not [reward.faults for reward in rewards if reward.faults]


@pytest.mark.parametrize("form", ["pairs", "stdin"])
def test_a_hundred_problems_a_form_with_a_slip_and_a_hack_each(form: str) -> None:
    """Every right program is paid, and nothing else, all in one batch."""
    rubric = Rubric("code", [use(passes)])
    cases = [(p, kind) for p in problems(form) for kind in p.programs]
    rewards = rubric.score_batch([sample(p.programs[kind], p.metadata) for p, kind in cases])

    assert len(cases) == 300
    assert not [reward.faults for reward in rewards if reward.faults]
    for (problem, kind), reward in zip(cases, rewards, strict=True):
        assert reward.value == (kind == "right"), (problem.name, kind, reward.scores)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(missing()), reason="no seccomp or no Landlock"
)
def test_the_engines_agree() -> None:
    """The same verdicts in WebAssembly and in a confined process, on a fifth of the problems."""
    cases = [p for form in ("pairs", "stdin") for p in list(problems(form))[::5]]
    samples = [sample(text, p.metadata) for p in cases for text in p.programs.values()]
    first, second = (
        Rubric("code", [use(passes, engine=engine)]).score_batch(samples)  # type: ignore[arg-type]
        for engine in ("wasm", "process")
    )

    assert [reward.value for reward in first] == [reward.value for reward in second]
    assert sum(reward.value for reward in first) == len(cases)


def test_parameters_are_checked() -> None:
    """A value that cannot work is refused when the rubric loads."""
    for params in ({"max_fuel": 1}, {"tolerance": 1.0}, {"engine": "docker"}):
        with pytest.raises(SpecError):
            use(passes, **params)
