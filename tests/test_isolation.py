"""What a test may leave behind for the next: nothing that it imported from its own folder."""

import importlib
import sys
from pathlib import Path

import pytest

NAMES = ("first", "second")


@pytest.mark.parametrize("value", NAMES)
def test_a_package_of_ones_own_folder_is_the_next_tests_to_write(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tests write a module of one name; each imports what it wrote."""
    (tmp_path / "written_by_a_test.py").write_text(f"VALUE = {value!r}\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert "written_by_a_test" not in sys.modules
    assert value == importlib.import_module("written_by_a_test").VALUE
