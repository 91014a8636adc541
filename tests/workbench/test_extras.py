"""The command where something that it needs is not installed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from rewards.workbench.extras import EXTRAS
from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import EXACT, ROOT, on_a_terminal, wire_row, write_lines

#: Run the command as if these modules were not there.
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({modules}))
from rewards.workbench.__main__ import main
main()
"""


def without(*modules: str) -> list[str]:
    return [sys.executable, "-c", WITHOUT.format(modules=modules)]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


@pytest.mark.parametrize("module", ["typer", "rich"])
def test_an_installation_without_the_extra_says_its_name(module: str, tmp_path: Path) -> None:
    """`pip install .` alone installs the command, too: one sentence, exit code 2, no traceback.

    What the command itself stands on is missed at once, what draws its tables once it draws one.
    """
    (tmp_path / "gsm8k").mkdir()
    write_lines(tmp_path / "gsm8k" / "one.json", [wire_row("72")])
    shown = on_a_terminal([*without(module), "replay", "gsm8k"], tmp_path)

    expected = f"rewards: {module} is not installed: pip install 'bedrock-rft-rewards[workbench]'"
    assert shown.split() == expected.split()


def test_the_table_of_extras_is_that_of_the_project() -> None:
    """Every distribution of every extra, by the module that it brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    expected = {
        (extra, Requirement(needed).name)
        for extra, needs in project["optional-dependencies"].items()
        for needed in needs
        if not needed.startswith(project["name"])
    }

    assert set(EXTRAS.values()) == expected


def test_replay_and_score_need_nothing_that_is_made_for_linux_only(tmp_path: Path) -> None:
    """macOS gets neither awslambdaric nor its native module, and does without them."""
    (tmp_path / "exact.toml").write_text(EXACT)
    write_lines(tmp_path / "rows.jsonl", [wire_row("72")])
    mac = without("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")

    assert run([*mac, "replay", str(ROOT / "events")], tmp_path).returncode == 0
    assert run([*mac, "score", "rows.jsonl", "--rubric", "exact.toml"], tmp_path).returncode == 0


def test_make_replay_installs_nothing_that_is_made_for_linux_only() -> None:
    """awslambdaric and what it alone needs are behind a marker in the lock that it installs."""
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    mac = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
    pins = [Requirement(pin) for pin in re.findall(r"^(\S+==[^\\\n]+?) ?\\?$", lock, re.MULTILINE)]
    installed = {pin.name for pin in pins if pin.marker is None or pin.marker.evaluate(mac)}

    assert {"rich", "typer", "google-re2", "jsonschema-rs"} <= installed
    assert not {"awslambdaric", "simplejson", "snapshot-restore-py"} & installed
