"""`rewards list`, `rewards show`, and the command itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from rewards.registry import bundled
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS
from rewards.scorers import exact
from tests.workbench.conftest import ROOT, Run

GATED = """
name = "gated"
description = "All keys that show has to spell."
total = "sum"
range = [-1.0, 1.0]
group_by = "problem"
reference = ["final", "answer"]

[normalize]
by = "batch"

[[component]]
name = "first"
scorer = "exact.match"
gate = true

[[component]]
scorer = "exact.match"
weight = 0.5
threshold = 0.5
scale = [-1, 1]
on_error = "skip"
params = { ignore_case = true }
"""


def test_list_shows_every_scorer_with_its_parameters(rewards: Run) -> None:
    """Straight from the signatures: nothing to keep in step by hand."""
    document = rewards("list", "--json").json

    assert [entry["scorer"] for entry in document] == [s.address for s in bundled()]
    (match,) = [entry for entry in document if entry["scorer"] == "exact.match"]
    (ignore_case,) = [p for p in match["parameters"] if p["name"] == "ignore_case"]
    assert (ignore_case["type"], ignore_case["required"]) == ("bool", False)
    assert ignore_case["default"] is False
    assert match["range"] == [0.0, 1.0]
    assert all(entry["summary"].endswith(".") for entry in document)


def test_list_begins_with_a_line_each(rewards: Run) -> None:
    """Every bundled scorer by its rule, every bundled rubric by what it is for."""
    lines = rewards("list").stdout.splitlines()

    for scorer in bundled():
        assert any(line.startswith(scorer.address) and scorer.summary in line for line in lines)
    for path in RUBRICS.glob("*.toml"):
        assert any(line.startswith(f"{path.stem} ") for line in lines)
    assert lines[-1].startswith("More: rewards list SCORER")


def test_list_of_one_scorer_is_its_documentation(rewards: Run) -> None:
    """The docstring, whole, and the parameters; a family of one is that one."""
    shown = rewards("list", "exact.match").stdout

    assert shown == rewards("list", "exact").stdout
    assert "ignore_case: bool = false" in shown
    words = " ".join(shown.split())
    assert " ".join((exact.match.__doc__ or "").split("\n\n")[1].split()) in words


def test_list_of_a_family_has_the_parameters_of_each(rewards: Run) -> None:
    """Two scorers or more: rule and parameters, without the prose."""
    shown = rewards("list", "numeric").stdout

    assert "numeric.match  (0 to 1)" in shown
    assert "numeric.steps  (0 to 1)" in shown
    assert "tolerance: float = 0.0" in shown


OWN = """
from rewards import Sample, group_scorer, scorer

@scorer
def polite(sample: Sample, *, word: str = "please") -> bool:
    '''1.0 where the completion says `word`.'''
    return word in sample.completion

@scorer
def short(sample: Sample) -> bool:
    '''1.0 where it is short.'''
    return True

def helper() -> None: ...
"""


def test_list_tells_of_ones_own_scorers(process: Run, tmp_path: Path) -> None:
    """A module lists what it defines, an address tells all of one; both are JSON, too."""
    (tmp_path / "my_pkg").mkdir()
    (tmp_path / "my_pkg" / "tone.py").write_text(OWN)

    shown = process("list", "my_pkg.tone").stdout
    (one,) = process("list", "my_pkg.tone:polite", "--json").json

    assert "my_pkg.tone:polite  (0 to 1)\n    1.0 where the completion says `word`." in shown
    assert "my_pkg.tone:short" in shown
    assert "helper" not in shown
    assert one["parameters"][0]["default"] == "please"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exat", "there is no family, scorer or module 'exat'; did you mean \"exact\"?"),
        ("numeric.mtch", 'did you mean "numeric.match"?'),
        ("json", "the module json defines no scorer"),
        ("broken_module", "broken_module cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_name_that_lists_nothing_says_why(
    process: Run, tmp_path: Path, name: str, said: str
) -> None:
    """Missing, empty or broken; exit code 2."""
    (tmp_path / "broken_module.py").write_text("1 / 0")

    result = process("list", name)

    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr


def test_show_without_a_name_lists_the_rubrics(rewards: Run) -> None:
    """For people and as JSON."""
    names = sorted(path.stem for path in RUBRICS.glob("*.toml"))

    assert [line.split()[0] for line in rewards("show").stdout.splitlines()[1:]] == names
    assert [rubric["rubric"] for rubric in rewards("show", "--json").json] == names


def test_list_of_one_scorer_says_what_each_parameter_means(rewards: Run) -> None:
    """And each key of one that is a table; as the docstring says it, and only once."""
    shown = rewards("list", "judge.grade").stdout
    (asking,) = [
        parameter
        for parameter in rewards("list", "judge.grade", "--json").json[0]["parameters"]
        if parameter["name"] == "asking"
    ]

    assert "Args:" not in shown
    for parameter in (asking, *asking["keys"]):
        assert parameter["meaning"]
        assert " ".join(shown.split()).count(parameter["meaning"]) == 1


def test_show_writes_every_default_out(rewards: Run, tmp_path: Path) -> None:
    """What the engine runs, not what the file says: thresholds, policies, parameters."""
    (tmp_path / "gated.toml").write_text(GATED)

    document = rewards("show", "gated.toml", "--json").json

    given, defaults = (component.pop("params") for component in reversed(document["components"]))
    assert given == {**defaults, "ignore_case": True}
    assert defaults["ignore_case"] is False
    assert document.pop("digest") == Rubric.load(tmp_path / "gated.toml").digest
    assert document == {
        "name": "gated",
        "description": "All keys that show has to spell.",
        "range": [-3.0, 3.0],
        "reach": [-0.5, 0.5],
        "total": "sum",
        "group_by": "problem",
        "reference": ["final", "answer"],
        "normalize": {"by": "batch", "clip": 3.0},
        "components": [
            {
                "name": "first",
                "scorer": "exact.match",
                "range": [0.0, 1.0],
                "weight": 0.0,
                "gate": True,
                "threshold": 1.0,
                "pays": None,
                "on_error": "floor",
                "on_refusal": "floor",
            },
            {
                "name": "exact.match",
                "scorer": "exact.match",
                "range": [0.0, 1.0],
                "weight": 0.5,
                "gate": False,
                "threshold": 0.5,
                "pays": [-1.0, 1.0],
                "on_error": "skip",
                "on_refusal": "floor",
            },
        ],
    }


def test_show_for_people(rewards: Run, tmp_path: Path) -> None:
    """Gates, weights, ranges and thresholds in words."""
    (tmp_path / "gated.toml").write_text(GATED)

    shown = rewards("show", "gated.toml").stdout

    assert "weighted sum of -0.5 to 0.5, reward from -3 to 3" in shown
    assert "gate, opens at 1" in shown
    assert "weight 0.5, scaled to -1 to 1, all or nothing at 0.5" in " ".join(shown.split())
    assert "ignore_case = true" in shown
    assert "0 to 1" in shown
    assert "ignore_space" not in shown
    assert "at their defaults" in shown


def test_show_tells_only_what_is_not_at_its_default(rewards: Run) -> None:
    """Of a table such as a judge's `asking`, too."""
    shown = rewards("show", "summarisation").stdout

    assert 'prompt = "summarisation"' in shown
    assert "asking" not in shown
    assert "temperature" not in shown


@pytest.mark.parametrize("rubric", sorted(path.stem for path in RUBRICS.glob("*.toml")))
def test_every_bundled_rubric_can_be_shown(rewards: Run, rubric: str) -> None:
    """For people and as JSON."""
    if rubric == "code" and sys.version_info < (3, 12):
        pytest.skip("programs of rollouts need Python 3.12")
    assert rewards("show", rubric).code == 0
    assert rewards("show", rubric, "--json").json["name"] == rubric


def test_a_misspelt_rubric_is_one_line_with_the_closest(process: Run) -> None:
    """No traceback for a user's mistake; exit code 2."""
    result = process("show", "gsm8")

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "rewards: there is no rubric 'gsm8'; did you mean \"gsm8k\"?\n"


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    """`rewards list | head -1` says nothing on stderr."""
    script = "from rewards.workbench.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", script, "list", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
