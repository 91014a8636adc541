"""`rewards list`, `rewards show`, and the command itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from rewards.registry import bundled
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS
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
on_error = "skip"
params = { ignore_case = true }
"""


def test_list_shows_every_scorer_with_its_parameters(rewards: Run) -> None:
    """Straight from the signatures: nothing to keep in step by hand."""
    document = rewards("list", "--json").json

    assert [entry["scorer"] for entry in document] == [s.address for s in bundled()]
    (match,) = [entry for entry in document if entry["scorer"] == "exact.match"]
    ignore_case = {"name": "ignore_case", "type": "bool", "required": False, "default": False}
    assert ignore_case in match["parameters"]
    assert match["range"] == [0.0, 1.0]
    assert all(entry["summary"].endswith(".") for entry in document)


def test_list_of_one_family(rewards: Run) -> None:
    """A family or an address narrows the list; a name that is neither is a usage error."""
    assert rewards("list", "exact").stdout == rewards("list", "exact.match").stdout
    assert "ignore_case: bool = false" in rewards("list", "exact").stdout
    assert rewards("list", "exat").code == 2


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
        "total": "sum",
        "group_by": "problem",
        "reference": ["final", "answer"],
        "normalize": {"by": "batch", "clip": 3.0},
        "components": [
            {
                "name": "first",
                "scorer": "exact.match",
                "weight": 0.0,
                "gate": True,
                "threshold": 1.0,
                "on_error": "floor",
                "on_refusal": "floor",
            },
            {
                "name": "exact.match",
                "scorer": "exact.match",
                "weight": 0.5,
                "gate": False,
                "threshold": 0.5,
                "on_error": "skip",
                "on_refusal": "floor",
            },
        ],
    }


def test_show_for_people(rewards: Run, tmp_path: Path) -> None:
    """Gates, weights and thresholds in words."""
    (tmp_path / "gated.toml").write_text(GATED)

    shown = rewards("show", "gated.toml").stdout

    assert "gate, opens at 1" in shown
    assert "weight 0.5, all or nothing at 0.5" in shown
    assert "ignore_case = true" in shown


@pytest.mark.parametrize("rubric", sorted(path.stem for path in RUBRICS.glob("*.toml")))
def test_every_bundled_rubric_can_be_shown(rewards: Run, rubric: str) -> None:
    """For people and as JSON."""
    assert rewards("show", rubric).code == 0
    assert rewards("show", rubric, "--json").json["name"] == rubric


def test_a_misspelt_rubric_is_one_line_with_the_closest(process: Run) -> None:
    """No traceback for a user's mistake; exit code 2."""
    result = process("show", "gsm8")

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "rewards: there is no rubric 'gsm8'; did you mean \"gsm8k\"?\n"


@pytest.mark.parametrize("command", ["replay", "score", "serve", "list", "show", "new"])
def test_every_command_documents_its_exit_codes(rewards: Run, command: str) -> None:
    """--help says what the exit codes mean."""
    result = rewards(command, "--help")

    assert result.code == 0
    assert "Exit codes: 0 fine" in result.stdout


def test_help_imports_nothing_heavy() -> None:
    """`rewards --help` starts quickly: no rich, no powertools, no server, no process pool."""
    script = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from rewards.workbench.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'aws_lambda_powertools', 'boto3', 'asyncio', 'http.server',\n"
        "         'multiprocessing', 'importlib.metadata'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr == "[]\n"


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
