"""Third-party code for Lambda's platform, at the versions and hashes of one lock."""

import struct
import sys
from pathlib import Path

import pytest

from rewards_cdk.assets import BundleError, wheels
from rewards_cdk.assets.bundle import LOCK, build_reward
from rewards_cdk.assets.platform import LAMBDA, Platform
from rewards_cdk.assets.wheels import third_party

#: What an ELF file says of its machine (System V ABI: EM_X86_64, EM_AARCH64).
MACHINES = {62: "x86_64", 183: "aarch64"}


def files(name: str, platform: Platform = LAMBDA) -> dict[str, bytes]:
    return dict(third_party([name], LOCK, platform))


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_compiled_code_is_for_the_machine_that_runs_it(architecture: str) -> None:
    """Built on another, for another Python: by its tag, and by what the file itself says."""
    platform = Platform(architecture)
    (library,) = [name for name in files("google-re2", platform) if name.endswith(".so")]
    assert library == f"re2/_re2.cpython-313-{platform.machine}-linux-gnu.so"
    (machine,) = struct.unpack_from("<H", files("google-re2", platform)[library], 18)
    assert MACHINES[machine] == platform.machine


def test_what_a_distribution_needs_comes_along_and_nothing_else() -> None:
    """By its own metadata, judged for the platform."""
    tops = {name.partition("/")[0] for name in files("aws-lambda-powertools")}
    packages = {top for top in tops if not top.endswith(".dist-info")}
    assert packages == {"aws_lambda_powertools", "jmespath", "typing_extensions.py"}


def test_nothing_tells_where_or_by_whom_it_was_installed() -> None:
    """No script with an interpreter's path, no record of an installation; the licence stays."""
    shipped = files("boto3")
    for name in shipped:
        assert not name.startswith("bin/")
        assert Path(name).name not in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    kept = {Path(name).name for name in shipped if name.startswith("boto3-")}
    assert {"LICENSE", "METADATA"} <= kept


def test_a_program_of_a_distribution_is_shipped_for_the_machine_that_runs_it() -> None:
    """ruff is a program, not a module: its wheel's binary comes along, and no script does."""
    shipped = files("ruff")
    (machine,) = struct.unpack_from("<H", shipped["bin/ruff"], 18)

    assert MACHINES[machine] == LAMBDA.machine
    assert [name for name in shipped if name.startswith("bin/")] == ["bin/ruff"]


def test_a_wheel_with_another_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what uv says, and nothing left behind that a second build would take for whole."""
    monkeypatch.setattr(wheels, "PACKAGES", tmp_path / "cache")
    lock = tmp_path / "lambda.txt"
    lock.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(BundleError, match=r"uv could not install lambda\.txt for Python 3\.13"):
        list(third_party(["six"], lock, Platform()))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    """With the command that writes it."""
    with pytest.raises(BundleError, match="make lock"):
        build_reward("gsm8k", lock=tmp_path / "lambda.txt", out=tmp_path)


def test_without_uv_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pinned like all else that a deployment needs."""
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(BundleError, match=r"bedrock-rft-rewards\[cdk\]"):
        wheels.uv()
