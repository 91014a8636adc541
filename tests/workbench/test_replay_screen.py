"""What `rewards replay` shows first: one screen, whatever its size."""

import re
import shutil
from pathlib import Path

import pytest

from tests.workbench.conftest import COMMAND, ROOT, on_a_terminal

EVENTS = ROOT / "events"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_first_screen_is_one_screen(tmp_path: Path, columns: int) -> None:
    """On 24 lines of any width the project's events are a line a folder, and all is told."""
    shown = uncoloured(on_a_terminal([*COMMAND, "replay", str(EVENTS)], tmp_path, columns, 24))

    assert len(shown.splitlines()) < 24
    assert max(map(len, shown.splitlines())) <= columns
    assert re.search(r"^gsm8k, \d+ events\b.*same \(2 refused\)", shown, re.MULTILINE)
    assert "none different" in shown


def test_a_screen_that_is_high_enough_has_a_line_an_event(tmp_path: Path) -> None:
    """So has one folder that is asked for, whatever the screen."""
    asked = [*COMMAND, "replay"]
    tall = uncoloured(on_a_terminal([*asked, str(EVENTS)], tmp_path, 80, 200))
    one_folder = uncoloured(on_a_terminal([*asked, str(EVENTS / "gsm8k")], tmp_path, 80, 24))

    assert re.search(r"^gsm8k/attacks +13 ", tall, re.MULTILINE)
    assert re.search(r"^attacks +13 ", one_folder, re.MULTILINE)


def test_what_is_wrong_keeps_its_line(tmp_path: Path) -> None:
    """However low the screen is: an event that differs, or has no expectation, is not folded."""
    shutil.copytree(EVENTS, tmp_path / "all")
    (tmp_path / "all" / "gsm8k" / "attacks.expected.json").write_text("[]\n")
    (tmp_path / "all" / "sql" / "answers.expected.json").unlink()

    shown = uncoloured(on_a_terminal([*COMMAND, "replay", "all"], tmp_path, 80, 24))

    assert re.search(r"^gsm8k/attacks +13 .* different", shown, re.MULTILINE)
    assert re.search(r"^sql/answers +12 .* no expectation", shown, re.MULTILINE)


def uncoloured(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)
