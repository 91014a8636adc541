"""Files to a zip, and its digest: the same for the same contents, whatever Python builds it.

The digest is of the sources: code, third-party files and the platform that they are for. The zip
holds bytecode besides where the platform's Python is found on this machine. Lambda's file system
cannot keep what it compiles, so that each start would compile all; but bytecode is derived, and
differs between builds of one Python. In the digest it would publish a new version of the function
whenever another machine deploys.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rewards_cdk.assets.platform import Platform
from rewards_cdk.assets.wheels import uv

#: The earliest time that a zip can hold: every entry has it, whenever it was built.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Asset:
    """A built zip. `digest` is the SHA-256 of its sources' names and contents, and platform."""

    path: Path
    digest: str


def build(contents: Iterable[tuple[str, bytes]], out: Path, name: str, platform: Platform) -> Asset:
    """Zip `contents` into `out`, which is made where it is missing, under its digest."""
    files = dict(contents)
    digest = _digest(files, platform)
    python = python_of(platform)
    form = "" if python else "-sources"
    path = out / f"{name}-{platform.architecture}-{digest[:16]}{form}.zip"
    if not path.is_file():
        out.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(_zip(files | (_bytecode(files, python) if python else {})))
        partial.rename(path)
    return Asset(path, digest)


def _digest(files: Mapping[str, bytes], platform: Platform) -> str:
    digest = hashlib.sha256(f"{platform}\0".encode())
    for arcname in sorted(files):
        digest.update(f"{arcname}\0{len(files[arcname])}\0".encode())
        digest.update(files[arcname])
    return digest.hexdigest()


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for arcname in sorted(files):
            entry = zipfile.ZipInfo(arcname, _EPOCH)
            # Programs, such as ruff: Lambda unpacks them with the mode that the zip gives.
            entry.external_attr = (0o755 if arcname.startswith("bin/") else 0o644) << 16
            entry.create_system = 3  # Unix, wherever it is built
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[arcname])
    return buffer.getvalue()


def python_of(platform: Platform) -> str | None:
    """An interpreter of the platform's Python on this machine; None where there is none."""
    if platform.python == Platform.local().python:
        return sys.executable
    command = [uv(), "python", "find", "--no-project", "--no-python-downloads", platform.python]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def _bytecode(files: Mapping[str, bytes], python: str) -> dict[str, bytes]:
    """Every module compiled.

    Unchecked hashes: no time stamp gets in, and no source is read at start. One fresh process
    compiles all, since what an interpreter has interned shows in the bytes it marshals.
    """
    with tempfile.TemporaryDirectory() as temporary:
        stage = Path(temporary)
        for arcname, content in files.items():
            if arcname.endswith(".py"):
                target = stage / arcname
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        command = [python, "-I", "-m", "compileall", "-q", "-f", "-s", temporary]
        command += ["--invalidation-mode", "unchecked-hash", temporary]
        # A wheel may ship sources of another Python on purpose; what fails has no bytecode.
        subprocess.run(command, capture_output=True, check=False, env={"PYTHONHASHSEED": "0"})
        return {str(p.relative_to(stage)): p.read_bytes() for p in sorted(stage.rglob("*.pyc"))}
