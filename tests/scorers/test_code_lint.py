"""`code.lint`: findings over statements, from which no program can talk itself out."""

from collections.abc import Sequence

import pytest

from rewards.core.errors import ServiceError, SpecError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.registry import resolve
from rewards.rubric import Rubric, use
from rewards.sandbox import lint as linting
from rewards.scorers.code import lint


def linted(program: str, preamble: str = "", rules: Sequence[str] = ()) -> Score:
    metadata = {"preamble": preamble} if preamble else {}
    found = lint(Sample(id="1", completion=program, metadata=metadata), rules=list(rules))
    assert isinstance(found, Score)
    return found


UNUSED = "import os\nx = 1\nprint(x)\n"


def test_the_score_is_one_less_the_findings_over_the_statements() -> None:
    """1 finding in 3 statements: 2/3, and the finding by its code."""
    found = linted(UNUSED)

    assert found.value == pytest.approx(2 / 3)
    assert found.metrics == {"parsed": 1.0, "statements": 3.0, "findings": 1.0, "F401": 1.0}


@pytest.mark.parametrize(
    "padding", ["pass\n" * 50, '"text"\n' * 50, "# comment\n" * 50, "\n" * 50, "...\n" * 50]
)
def test_padding_that_does_nothing_gains_nothing(padding: str) -> None:
    """Lines are not counted: what makes a program long only in lines leaves its score."""
    assert linted(UNUSED + padding).value == linted(UNUSED).value


SWITCHES = {
    "noqa on the line": "import os  # noqa\nprint(1)\n",
    "noqa with a code": "import os  # noqa: F401\nprint(1)\n",
    "noqa for flake8": "# flake8: noqa\nimport os\nprint(1)\n",
    "noqa for ruff": "# ruff: noqa\nimport os\nprint(1)\n",
    "disabled for ruff": "# ruff: disable[F401]\nimport os\nprint(1)\n",
    "type: ignore": "import os  # type: ignore\nprint(1)\n",
    "pylint": "import os  # pylint: disable=all\nprint(1)\n",
    "locals()": "def f():\n    x = 1\n    return locals()\n",
    "a handler of NameError": "try:\n    print(undefined)\nexcept NameError:\n    pass\n",
    "a bare handler": "try:\n    print(undefined)\nexcept:\n    pass\n",
}


@pytest.mark.parametrize("rules", [(), ("E4", "E9", "F")], ids=["pyflakes", "ruff"])
@pytest.mark.parametrize("program", SWITCHES.values(), ids=SWITCHES.keys())
def test_no_program_switches_the_linter_off(program: str, rules: Sequence[str]) -> None:
    """Neither a comment nor a construct hides a finding, under either linter."""
    assert linted(program, rules=rules).metrics["findings"] >= 1.0


@pytest.mark.parametrize("comment", ["isort: skip_file", "isort: off", "ruff: isort: skip_file"])
def test_no_comment_stops_the_sorting_of_imports(comment: str) -> None:
    """ruff keeps comments of isort even where it is told to ignore noqa; here they are no words."""
    program = f"# {comment}\nimport os\nimport ast\n\nprint(os, ast)\n"

    assert "I001" in linted(program, rules=["I"]).metrics


def test_text_that_looks_like_a_comment_stays_as_it_is() -> None:
    """Only comments lose their pragmas: a text with "# isort: off" in it is data."""
    assert linting._without_pragmas('x = "# isort: off"\n') == 'x = "# isort: off"\n'


BOMBS = {
    "brackets": "[" * 60_000,
    "parentheses": "(" * 30_000 + ")" * 30_000,
    "a sum": "a+" * 30_000 + "a",
    "a sum just below the parser's limit": "a+" * 900 + "a",
    "attributes": "a" + ".b" * 900,
    "signs": "-" * 60_000 + "1",
    "calls": "a" + "()" * 30_000,
    "blocks": "".join(" " * i + "if 1:\n" for i in range(120)),
    "names": "a\n" * 32_000,
    "a comparison": "a" + "<a" * 30_000,
    "definitions": "def f():pass\n" * 5_000,
    "keys": "{" + "1:2," * 15_000 + "}",
    "globals": "b\n" * 6_000 + "def f():\n global " + ",".join(f"v{i}" for i in range(5_000)),
    "elif": "if a:\n pass\n" + "elif a:\n pass\n" * 2_500,
    "a megabyte": "x = 1\n" * 170_000,
    "null bytes": "x = 1\0",
    "surrogates": "x = '\ud800'",
    "digits": "9" * 60_000,
}


@pytest.mark.parametrize("rules", [(), ("E4", "F")], ids=["pyflakes", "ruff"])
@pytest.mark.parametrize("program", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_worth_nothing(program: str, rules: Sequence[str]) -> None:
    """What is too deep, too long or no text for a parser has a verdict, 0.0, and no exception."""
    assert linted(program, rules=rules).value == 0.0


@pytest.mark.parametrize("program", ["x = ", "", "pass\n", '"only a docstring"\n', "return 1\n"])
def test_what_is_no_program_or_does_nothing_is_worth_nothing(program: str) -> None:
    assert linted(program).value == 0.0


PROMPT = 'import math\n\ndef area(r):\n    """The area."""\n'


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("    return math.pi * r**2\n", 1.0),
        (f"```python\n{PROMPT}    return math.pi * r**2\n```", 1.0),
        ("    unused = 1\n    return math.pi * r**2\n", 0.5),
        ("    return maths.pi\n", 0.0),
    ],
    ids=["a body", "the prompt repeated", "a finding of its own", "an undefined name"],
)
@pytest.mark.parametrize("rules", [(), ("E4", "E7", "F")], ids=["pyflakes", "ruff"])
def test_only_what_the_answer_adds_to_the_preamble_counts(
    answer: str, value: float, rules: Sequence[str]
) -> None:
    """The prompt's imports and helpers are known; its faults, and a repeat of it, do not count."""
    assert linted(answer, PROMPT, rules).value == value


def test_one_process_of_ruff_reads_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 samples, one process; each has the verdict that it would have alone."""
    calls: list[int] = []
    by_ruff = linting._by_ruff
    monkeypatch.setattr(
        linting, "_by_ruff", lambda p, rules: (calls.append(len(p)), by_ruff(p, rules))[1]
    )
    rubric = Rubric("r", [use(lint, rules=["B", "E"])])
    calls.clear()
    programs = [f"def f(x={'[]' if i % 2 else 'None'}):\n    return x + {i}\n" for i in range(64)]
    rewards = rubric.score_batch(
        [Sample(id=str(i), completion=program) for i, program in enumerate(programs)]
    )

    assert calls == [64]
    assert [reward.value for reward in rewards] == [0.5 if i % 2 else 1.0 for i in range(64)]


def test_a_failing_ruff_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that breaks is a fault of kind "service" for each sample, never a score."""

    def broken(*_: object) -> None:
        raise ServiceError("ruff did not run: TimeoutExpired")

    rubric = Rubric("r", [use(lint, rules=["B"])])
    monkeypatch.setattr(linting, "_by_ruff", broken)
    (reward,) = rubric.score_batch([Sample(id="1", completion="x = 1")])

    assert [fault.kind for fault in reward.faults.values()] == ["service"]


@pytest.mark.parametrize("rules", [["e"], ["ZZZ"], ["--fix"], ["E,F"]])
def test_rules_that_there_are_not_are_refused_when_the_rubric_loads(rules: list[str]) -> None:
    with pytest.raises(SpecError, match=r"rules"):
        resolve("code.lint").bind({"rules": rules})


def test_what_is_missing_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linting, "find_spec", lambda name: None)

    with pytest.raises(
        SpecError, match=r'needs pyflakes: pip install "bedrock-rft-rewards\[lint\]"'
    ):
        resolve("code.lint").bind({})


def test_only_what_the_rules_use_is_deployed() -> None:
    """pyflakes for its own rules and by default, ruff for the others."""
    requirements = resolve("code.lint").requirements

    assert requirements({}) == requirements({"rules": ["F"]}) == ["pyflakes"]
    assert requirements({"rules": ["E", "B"]}) == ["ruff"]
    assert requirements({"rules": ["ALL"]}) == ["pyflakes", "ruff"]
