"""`rewards new`: skeletons that pass."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workbench.conftest import ROOT, Run


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the package in it, as a checkout of this project."""
    for part in ("rewards", "pyproject.toml"):
        (tmp_path / part).symlink_to(ROOT / part)
    scorers = tmp_path / "rewards"
    scorers.unlink()
    subprocess.run(["cp", "-r", str(ROOT / "rewards"), str(scorers)], check=True)
    return tmp_path


def checked(folder: Path, *files: str) -> None:
    """Ruff, mypy --strict and the tests themselves accept what was written."""
    python = [sys.executable, "-m"]
    config = str(ROOT / "pyproject.toml")
    run = {"cwd": folder, "env": {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}}
    for command in (
        ["ruff", "check", "--no-cache", "--config", config, *files],
        ["ruff", "format", "--no-cache", "--check", "--config", config, *files],
        ["mypy", "--strict", "--config-file=", "--cache-dir=.mypy", *files],
        ["pytest", "-q", "-c", os.devnull, "--rootdir=.", "--doctest-modules", *files],
    ):
        done = subprocess.run([*python, *command], capture_output=True, text=True, **run)  # type: ignore[call-overload]  # keyword arguments from a dict
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.proof
def test_what_is_ones_own_passes_as_it_is_written(rewards: Run, tmp_path: Path) -> None:
    """package.module:function with its package, NAME.toml here, a test of each: all accepted."""
    scorer = rewards("new", "scorer", "my_rewards.tone:polite", "--json")
    rubric = rewards("new", "rubric", "capitals")

    assert scorer.json == {
        "created": ["my_rewards/__init__.py", "my_rewards/tone.py", "tests/test_tone.py"],
        "scorer": "my_rewards.tone:polite",
    }
    assert rubric.stdout.split() == ["capitals.toml", "tests/test_capitals_rubric.py"]
    checked(tmp_path, "my_rewards/tone.py", "tests/test_tone.py", "tests/test_capitals_rubric.py")
    assert rewards("show", "capitals.toml").code == 0


@pytest.mark.proof
def test_what_is_bundled_passes_as_it_is_written(rewards: Run, checkout: Path) -> None:
    """family.function in a checkout of this project, where a rubric is named without its path."""
    scorer = rewards("new", "scorer", "tone.polite", "--json")
    rubric = rewards("new", "rubric", "capitals", "--json")

    assert scorer.json["created"] == ["rewards/scorers/tone.py", "tests/scorers/test_tone.py"]
    assert rubric.json["created"] == [
        "rewards/rubrics/capitals.toml",
        "tests/rubrics/test_capitals_rubric.py",
    ]
    tests = ("tests/scorers/test_tone.py", "tests/rubrics/test_capitals_rubric.py")
    checked(checkout, "rewards/scorers/tone.py", *tests)


def test_what_exists_is_never_overwritten(rewards: Run, tmp_path: Path) -> None:
    """Not even where only the test exists: nothing is written at all."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_tone.py").write_text("mine")

    result = rewards("new", "scorer", "tone:polite")

    assert result.code == 2
    assert "test_tone.py exists" in result.stderr
    assert not (tmp_path / "tone.py").exists()
    assert (tmp_path / "tests" / "test_tone.py").read_text() == "mine"


@pytest.mark.parametrize(
    "name",
    ["polite", "tone.polite", "a.b.c", "Tone:polite", "../x:y", "a:b:c", "tone:class", "a/b:c", ""],
)
def test_a_name_that_is_no_address_is_refused(rewards: Run, tmp_path: Path, name: str) -> None:
    """Outside a checkout, family.function too; the error says what to write."""
    result = rewards("new", "scorer", name)

    assert result.code == 2
    assert "package.module:function" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    ["json:polite", "typing.tone:polite", "rewards.tone:polite", "numpy:polite", "rich.a.b:polite"],
)
def test_a_package_that_would_hide_another_is_refused(
    rewards: Run, tmp_path: Path, name: str
) -> None:
    """A json.py in the current folder would break Python itself there, `rewards` included."""
    result = rewards("new", "scorer", name)

    assert result.code == 2
    assert "take another name" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_module_and_a_package_of_one_name_are_refused(rewards: Run, tmp_path: Path) -> None:
    """Python finds the package and never the module beside it; both ways round, at any depth."""
    rewards("new", "scorer", "my_pkg.tone:polite")
    before = sorted(tmp_path.rglob("*"))

    beside = rewards("new", "scorer", "my_pkg:short")
    below = rewards("new", "scorer", "my_pkg.tone.deep:short")

    assert (beside.code, below.code) == (2, 2)
    assert "such as my_pkg.rewards" in beside.stderr
    assert "my_pkg/tone.py is a module" in below.stderr
    assert sorted(tmp_path.rglob("*")) == before
    assert rewards("new", "scorer", "my_pkg.length:short").code == 0


def test_the_next_step_is_a_command_that_runs(rewards: Run, tmp_path: Path) -> None:
    """With this interpreter, whether it is the shell's `python` or not."""
    said = rewards("new", "scorer", "tone:polite").stderr
    command = re.search(r"run (.* -m pytest \S+),", said)

    assert command is not None
    done = subprocess.run(
        ["bash", "-c", command[1]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_an_environment_without_pytest_is_told_to_get_it(
    rewards: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make replay` installs none."""
    monkeypatch.setitem(sys.modules, "pytest", None)

    assert "-m pip install pytest && " in rewards("new", "rubric", "capitals").stderr


@pytest.mark.parametrize("name", ["../capitals", "Capitals", "a b", "x.toml", ""])
def test_a_rubrics_name_is_a_plain_word(rewards: Run, tmp_path: Path, name: str) -> None:
    """It becomes a file's name and a dimension of metrics."""
    assert rewards("new", "rubric", name).code == 2
    assert not list(tmp_path.iterdir())
