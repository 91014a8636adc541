"""Files to a zip: the same bytes from the same inputs, one digest wherever it is built."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rewards_cdk.assets import archive
from rewards_cdk.assets.archive import build, python_of
from rewards_cdk.assets.bundle import build_reward
from rewards_cdk.assets.platform import Platform
from tests.rewards_cdk.conftest import ROOT

SOURCES = [("b/module.py", b"x = 1\n"), ("a.txt", b"text")]


@pytest.mark.proof
def test_two_clones_give_the_same_bytes(tmp_path: Path) -> None:
    """Whatever their place, their time stamps and their interpreter's hash seed."""
    built = []
    for seed in ("1", "2"):
        clone = tmp_path / seed / "clone"
        ignored = shutil.ignore_patterns("__pycache__", ".*", "node_modules", "build", "cdk.out")
        shutil.copytree(ROOT, clone, ignore=ignored)
        (clone / ".cache").symlink_to(ROOT / ".cache")
        for path in clone.joinpath("rewards").rglob("*.py"):
            path.touch()
        out = tmp_path / seed / "out"
        for options in ([], ["--local"]):
            subprocess.run(
                [sys.executable, "-m", "rewards_cdk.assets.bundle", "gsm8k", str(out), *options],
                cwd=clone,
                env={**os.environ, "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
            )
        built.append({path.name: path.read_bytes() for path in sorted(out.iterdir())})
    assert len(built[0]) == 2
    assert built[0] == built[1]


def test_a_build_for_this_machine_has_bytecode_and_runs_alone(tmp_path: Path) -> None:
    """Listed, moved elsewhere, and invoked with nothing else on the path."""
    platform = Platform.local()
    asset = build_reward("gsm8k", out=tmp_path, platform=platform).path
    tag = f"cpython-{platform.python.replace('.', '')}"
    place = tmp_path / "elsewhere"
    with zipfile.ZipFile(asset) as unpacked:
        unpacked.extractall(place)
    assert (place / "rewards" / "__pycache__" / f"handler.{tag}.pyc").is_file()
    source = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from rewards.handler import lambda_handler as handle;"
        "import json; print(json.dumps(handle(json.load(sys.stdin), None)))"
    )
    event = [
        {
            "id": "1",
            "messages": [{"role": "assistant", "content": "#### 72"}],
            "metadata": {"reference_answer": "72"},
        }
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source, str(place)],
        input=json.dumps(event),
        env={"POWERTOOLS_METRICS_DISABLED": "true", "REWARD_RUBRIC": "gsm8k"},
        capture_output=True,
        text=True,
        check=True,
    )
    (answer,) = json.loads(done.stdout.splitlines()[-1])
    assert (answer["id"], answer["aggregate_reward_score"]) == ("1", 1.0)


def test_nothing_in_an_asset_tells_when_or_where_it_was_built(tmp_path: Path) -> None:
    """One time stamp, one mode but for programs, names in order."""
    asset = build([*SOURCES, ("bin/ruff", b"\x7fELF")], tmp_path, "x", Platform.local())
    with zipfile.ZipFile(asset.path) as unpacked:
        entries = unpacked.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    modes = {entry.filename: entry.external_attr >> 16 for entry in entries}
    assert modes.pop("bin/ruff") == 0o755
    assert set(modes.values()) == {0o644}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_the_digest_hangs_on_the_sources_and_the_platform_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines of which one has Lambda's Python: bytecode or none, and one digest."""
    platform = Platform("arm64", f"{sys.version_info.major}.{sys.version_info.minor}")
    another = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
    with_it = build(SOURCES, tmp_path, "x", platform)
    monkeypatch.setattr(archive, "python_of", lambda platform: None)
    without = build(SOURCES, tmp_path, "x", platform)
    assert with_it.digest == without.digest
    assert entries(without.path) == ["a.txt", "b/module.py"]
    assert len(entries(with_it.path)) == 3
    others = [
        build(SOURCES, tmp_path, "x", Platform("x86_64", platform.python)),
        build(SOURCES, tmp_path, "x", Platform("arm64", another)),
        build([*SOURCES, ("c", b"")], tmp_path, "x", platform),
        build([SOURCES[0], ("a.txt", b"other")], tmp_path, "x", platform),
    ]
    assert len({with_it.digest, *(other.digest for other in others)}) == 5


def test_bytecode_is_used_without_a_look_at_its_source(tmp_path: Path) -> None:
    """A start reads half the files; and what a time stamp would say differs between builds."""
    asset = build(SOURCES, tmp_path, "x", Platform.local())
    with zipfile.ZipFile(asset.path) as unpacked:
        (name,) = [name for name in unpacked.namelist() if name.endswith(".pyc")]
        header = unpacked.read(name)[:16]
    assert header[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(header[4:8], "little") == 0b01  # by hash, and unchecked (PEP 552)


def test_a_python_that_is_not_here_is_not_looked_for_elsewhere() -> None:
    """No download during a synthesis: an asset without bytecode works as well."""
    assert python_of(Platform("arm64", "3.99")) is None
    assert python_of(Platform.local()) == sys.executable


def entries(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as unpacked:
        return unpacked.namelist()
