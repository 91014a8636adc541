"""`math.*`: answers compared as mathematics, steps checked by value."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import Rubric, Sample
from rewards.reading.maths.answer import find_answer
from rewards.scorers import math
from tests.scorers.support import CASES, check_laws, texts

ROWS = [json.loads(line) for line in (CASES / "math.jsonl").read_text().splitlines()]
DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['answer']} against {row['reference']} [{row['source']}]"
)
def test_answers_are_compared_as_mathematics(row: dict[str, Any]) -> None:
    """What is equal is paid in every spelling, and what is not in none; policies are named."""
    completion = rf"Therefore the answer is $\boxed{{{row['answer']}}}$."

    assert math.matches(completion, row["reference"]) is row["equal"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['answer']} {row['reference']}")
def test_equality_has_no_direction(row: dict[str, Any]) -> None:
    """Answer and reference may change places."""
    swapped = math.matches(rf"\boxed{{{row['reference']}}}", row["answer"])

    assert swapped is row["equal"]


@pytest.mark.parametrize(
    ("completion", "read"),
    [
        (r"\boxed{5}", "5"),
        (r"We get \boxed{3}. Twice that is $2 \cdot 3 = \boxed{6}$.", "6"),
        (r"The roots are $\boxed{1}$ and $\boxed{2}$.", "1, 2"),
        (r"\boxed{\frac{1}{2}", "the place of the answer is empty"),
        (r"\boxed{1} or maybe \boxed{2}", "different final answers"),
        (r"\boxed{1} or maybe 2", "a hedge"),
        ("<answer>1</answer> <answer>2</answer>", "different final answers"),
        ("<answer>Eve</answer> <answer>Ida</answer>", "different final answers"),
        ("#### 1\n#### 2", "different final answers"),
        ("#### 1 #### 2", "different final answers"),
        ("#### Step 2\n#### 4", "4"),
        ("#### 5", "5"),
        ("<answer>x + 1</answer>", "x + 1"),
        (r"The answer is $x^2$.", "x^2"),
        (r"Final Answer: The final answer is $\frac{1}{3}$. I hope it is correct.", r"\frac{1}{3}"),
        (r"**Final answer:** $(1, 2)$", "(1, 2)"),
        (r"Answer: \boxed{7}", "7"),
        (r"<think>\boxed{1}</think>\boxed{2}", "2"),
        (r"So $a = b = \frac{1}{2}$.", r"\frac{1}{2}"),
        ("The total is 42 apples.", "42"),
        (r"We find that $x <= 2$.", "x <= 2"),
        (r"Final Answer: The least $n$ is 34.", "34"),
        (r"Final Answer: The slope of the line is $-\frac{1}{3}$.", r"-\frac{1}{3}"),
        (r"Final Answer: Mia left 3 hours ago. I hope it is correct.", "3"),
        (r"We have $d = \frac{90}{n}$. Therefore, there are 12 sequences.", "12"),
        (r"We have $\boxed{3}$ cats and $\boxed{5}$ dogs.", "3, 5"),
        (r"\[ \boxed{k = 4} \quad \text{and} \quad \boxed{n = 9} \]", "k = 4, n = 9"),
        (r"\boxed{84} and then twice that: \boxed{168}", "168"),
        ("There are three of them.", "3"),
        (r"\boxed{\boxed{4}}", r"\boxed{4}"),
        ("She pays $92 and keeps $20 each week.", "$20"),
        (r"The answer is 1. Wait, no: the answer is 2.", "2"),
        (r"\fbox{9}", "9"),
        ("", None),
    ],
)
def test_the_answer_is_the_last_one_stated(completion: str, read: str | None) -> None:
    """The places of the number reader; boxes in one breath are a list, hedges are refused."""
    found = find_answer(completion)

    assert ((found and (found.flaw or found.text)) or None) == read


@pytest.mark.parametrize(
    ("work", "value", "steps"),
    [
        ("$2 + 2 = 4$", 1.0, 1),
        ("$2 + 2 = 5$", 0.0, 1),
        ("$(x+1)^2 = x^2 + 2x + 1 = x(x+2) + 1$", 1.0, 2),
        (r"$\frac{6}{4} = \frac{3}{2} = 1.6$", 0.5, 2),
        ("3 * 4 = 12\n12 - 2 = 9", 0.5, 2),
        ("$x = 5$ and $2x + 1 = 11$", 0.0, 0),
        ("$5 = 5$ $5 = 5$", 0.0, 0),
        ("$1+1=2$ $1+1=2$ $1+1=2$ $2+2=5$", 0.5, 2),
        ("<think>$2+2=5$</think>$2+2=4$", 1.0, 1),
        ("no work at all", 0.0, 0),
    ],
)
def test_steps_are_checked_by_value(work: str, value: float, steps: int) -> None:
    """Each neighbour of a chain once; definitions, equations and trivialities are no steps."""
    score = math.steps(Sample(id="1", completion=work))

    assert (score.value, score.metrics["steps"]) == (value, steps)


HOSTILE = {
    "a megabyte of digits": "9" * 1_000_000,
    "a megabyte of brackets": "(" * 1_000_000,
    "a megabyte of boxes": r"\boxed{1} " * 100_000,
    "a megabyte of openings": r"\[" * 500_000,
    "a megabyte of dollars": "$x$ " * 250_000,
    "a megabyte of claims": "the answer is " * 70_000,
    "a megabyte of backslashes": "\\" * 1_000_000,
    "a megabyte of equals": "1=1 " * 250_000,
    "nested brackets": rf"\boxed{{{'(' * 300}1{')' * 300}}}",
    "nested fractions": "\\boxed{" + "\\frac{1}{" * 200 + "2" + "}" * 201,
    "forty signs that are both": "\\boxed{" + "1 \\pm " * 40 + "1}",
    "a tower of powers": r"\boxed{9^{9^{9^{9^{9}}}}}",
    "a factorial of a factorial": r"\boxed{200!!!!}",
    "a huge binomial": r"\boxed{\binom{999999}{500000}}",
    "a huge power": r"\boxed{2^{100000000}}",
    "a hundred factors": rf"\boxed{{{'(x+1)^{99}' * 50}}}",
    "a list of hundreds": rf"\boxed{{{','.join(map(str, range(300)))}}}",
    "twenty names": r"\boxed{a b c d f g h i j k l m n o p q r s t u}",
    "an unclosed box": r"\boxed{" + "a" * 1_000_000,
    "a division by zero": r"\boxed{\frac{1}{0}}",
    "infinity less infinity": r"\boxed{\infty - \infty}",
    "no number": r"\boxed{\text{NaN}}",
    "half a surrogate": "\\boxed{\ud800}",
}


@pytest.mark.parametrize("completion", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("reference", [r"\frac{3}{7}", r"[3,\infty)", "x^2 + 1", "1,2"])
def test_a_hostile_answer_earns_nothing(completion: str, reference: str) -> None:
    """It ends, whatever it is: bounds are constants (`make bench` says how soon)."""
    assert math.matches(completion, reference) is False


@given(
    texts(
        *("\\boxed{", "}", "{", "\\frac", "\\sqrt", "^", "_", "(", ")", "[", "]", "\\pm", ","),
        *("\\infty", "=", "<", "\\le", "|", "!", "x", "2", "\\text{", "\\begin{pmatrix}", "&"),
        *("\\\\", "\\end{pmatrix}", "$", "\\cup", "\\in", "-", "/"),
    )
)
def test_any_text_is_scored_the_same_way_twice(text: str) -> None:
    """Neither as a completion nor as a reference does a text make a scorer raise."""
    boxed = Sample(id="1", completion=f"\\boxed{{{text}}}", reference_answer=text or "1")
    for scorer in (math.equal, math.steps):
        check_laws(scorer, boxed, {})
    check_laws(math.equal, Sample(id="1", completion=text, reference_answer="1"), {})


@given(st.fractions(max_denominator=999), st.integers(1, 99))
def test_a_fraction_equals_itself_in_every_form(value: Any, factor: int) -> None:
    """Expanded, mixed with signs, as a sum: the exact value decides."""
    top, bottom = value.numerator, value.denominator
    forms = (
        rf"\frac{{{top * factor}}}{{{bottom * factor}}}",
        f"{top}/{bottom}",
        rf"-\frac{{{-top}}}{{{bottom}}}",
        rf"{top // bottom} + \frac{{{top % bottom}}}{{{bottom}}}",
    )

    assert all(math.matches(rf"\boxed{{{form}}}", f"{top}/{bottom}") for form in forms)
    assert not math.matches(rf"\boxed{{{forms[0]} + \frac{{1}}{{10000}}}}", f"{top}/{bottom}")


def test_references_that_are_not_read_are_counted_and_compared_as_text() -> None:
    """`equal/read` tells them; the same text is right, another is not."""
    odd = r"\begin{cases} 1 & x > 0 \end{cases}"
    same = math.equal(Sample(id="1", completion=rf"\boxed{{{odd}}}", reference_answer=odd))
    other = math.equal(Sample(id="1", completion=r"\boxed{1}", reference_answer=odd))

    assert (same.value, same.metrics["read"]) == (1.0, 0.0)
    assert (other.value, other.metrics["read"]) == (0.0, 0.0)


def test_a_worked_solution_may_be_the_reference() -> None:
    """Its boxed answer counts."""
    solution = r"First we factor, so $x = 2$. Hence the sum is $\boxed{\frac{9}{4}}$."

    assert math.matches(r"\boxed{2.25}", solution)


def test_nothing_heavy_is_imported() -> None:
    """No algebra system: the standard library alone."""
    script = (
        "import sys; from rewards.scorers import math; math.matches('1', '1');"
        "print({'sympy', 'mpmath', 'numpy', 'decimal'} & set(sys.modules) - {'decimal'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"


def test_the_bundled_rubric_pays_for_equal_answers() -> None:
    """`competition_math` reads LaTeX references."""
    sample = Sample(id="1", completion=r"\boxed{2\sqrt{2}}", reference_answer=r"\sqrt{8}")

    assert Rubric.load("competition_math").score(sample).value == 1.0


def test_recorded_answers_agree_where_the_data_is_present() -> None:
    """Pairs of real and constructed answers; one label that units contest is left out."""
    data = DATA / "verify" / "math.jsonl.gz"
    if not data.is_file():
        pytest.skip("the recorded answers are no part of the repository")
    wrong = []
    for row in map(json.loads, gzip.decompress(data.read_bytes()).splitlines()):
        paid = math.matches(rf"\boxed{{{row['answer']}}}", row["gold"])
        if paid != (row["label"] == "correct") and "inches" not in row["gold"]:
            wrong.append((row["answer"], row["gold"]))
    assert wrong == []


@pytest.mark.parametrize(
    ("completion", "reference", "paid"),
    [
        (r"So the line is $y = 2x + 1$.", "2x - y + 1 = 0", True),
        (r"So the line is $y = 2x + 1$.", "2x + 1", True),
        (r"So the line is $y = 2x + 1$.", "2x - y - 1 = 0", False),
        (r"Hence $p = -1, q = 5$.", "5, -1", True),
        (r"Hence $x = 3 + 5 = 8$.", "8", True),
        (r"Hence $x = 3 + 5 = 8$.", "3", False),
    ],
)
def test_an_unmarked_formula_is_an_equation_or_its_last_member(
    completion: str, reference: str, paid: bool
) -> None:
    """`y = 2x + 1` at the end may answer with the line or with its right side; nothing else."""
    assert math.matches(completion, reference) is paid
