"""The digest names the exact rule that gave a reward."""

import importlib
import sys
from pathlib import Path

import pytest

from rewards.rubric.digest import rubric_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's package with a scorer module and the helper that it uses."""
    monkeypatch.syspath_prepend(tmp_path)
    root = tmp_path / "digest_case"
    root.mkdir()
    (root / "__init__.py").write_text("")
    (root / "helper.py").write_text("def read(text):\n    return text\n")
    (root / "mine.py").write_text("from digest_case.helper import read\nrule = read\n")
    return root


def digest() -> str:
    for name in [name for name in sys.modules if name.startswith("digest_case")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    importlib.import_module("digest_case.mine")
    return rubric_digest({"name": "r"}, ["digest_case.mine"])


def test_a_change_in_a_helper_changes_the_digest(package: Path) -> None:
    """A shared number reader is part of the rule of the scorer that uses it."""
    before = digest()
    (package / "helper.py").write_text("def read(text):\n    return text.strip()\n")

    assert before != digest()


@pytest.mark.parametrize(
    "line", ["from digest_case.limits import LIMIT", "from .limits import LIMIT as MOST"]
)
def test_a_changed_constant_of_a_helper_changes_the_digest(package: Path, line: str) -> None:
    """A number does not say where it was imported from; the import does."""
    (package / "limits.py").write_text("LIMIT = 3\n")
    (package / "mine.py").write_text(f"{line}\n")
    before = digest()
    (package / "limits.py").write_text("LIMIT = 4000\n")

    assert before != digest()


def test_line_ends_do_not_change_the_digest(package: Path) -> None:
    """A checkout on another system is the same rule."""
    before = digest()
    text = (package / "mine.py").read_bytes()
    (package / "mine.py").write_bytes(text.replace(b"\n", b"\r\n"))

    assert before == digest()
