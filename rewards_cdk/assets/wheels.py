"""Third-party code of a Lambda: what uv installs for its platform from one hashed lock.

The whole lock is installed once for each platform, below `.cache/`, so that only the first build
needs a network; an asset takes from it what its code requires, and what that requires.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rewards_cdk.assets import BundleError
from rewards_cdk.assets.places import PACKAGES
from rewards_cdk.assets.platform import Platform

#: Of a distribution's own folder, what tells how and where it was installed.
_OF_THE_INSTALLER = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"})


def third_party(
    names: Iterable[str], lock: Path, platform: Platform
) -> Iterator[tuple[str, bytes]]:
    """The files of `names`, and of all that they depend on, at the lock's versions.

    Raises:
        BundleError: naming what is not pinned, or with what uv said.
    """
    folder = _installed(lock, platform)
    for distribution in _closure(names, folder, lock, platform):
        for file in sorted(distribution.files or (), key=str):
            if file.parts[0] == ".." or file.name in _OF_THE_INSTALLER:
                continue
            content = (folder / file).read_bytes()
            # Scripts have this machine's interpreter in their first line, and are never run.
            if file.parts[0] != "bin" or not content.startswith(b"#!"):
                yield file.as_posix(), content


def _closure(
    names: Iterable[str], folder: Path, lock: Path, platform: Platform
) -> list[Distribution]:
    """The distributions of `names` and of all that they depend on, by name."""
    there = {canonicalize_name(d.metadata["Name"]): d for d in distributions(path=[str(folder)])}
    found: dict[str, Distribution] = {}
    todo = [(name, "the rubric") for name in names]
    while todo:
        name, needed_by = todo.pop()
        key = canonicalize_name(name)
        if key not in there:
            raise BundleError(
                f"{needed_by} requires {name!r}, which {lock.name} does not pin for Python "
                f"{platform.python} on {platform.architecture}; add it to "
                f"{lock.with_suffix('.in').name} and lock again"
            )
        if key not in found:
            found[key] = there[key]
            todo += [(needed, name) for needed in _needed(there[key], platform)]
    return [found[key] for key in sorted(found)]


def _needed(distribution: Distribution, platform: Platform) -> list[str]:
    requirements = [Requirement(line) for line in distribution.requires or ()]
    markers = platform.markers
    return [r.name for r in requirements if r.marker is None or r.marker.evaluate(markers)]


def _installed(lock: Path, platform: Platform) -> Path:
    """The folder in which the lock is installed for the platform; made where there is none."""
    if not lock.is_file():
        raise BundleError(f"there is no lock file {lock}; `make lock` writes it")
    key = hashlib.sha256(lock.read_bytes() + str(platform).encode()).hexdigest()[:16]
    folder = PACKAGES / key
    if not folder.is_dir():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PACKAGES) as temporary:
            made = Path(temporary, "site-packages")
            _install(lock, platform, made)
            if not folder.is_dir():  # another build may have been quicker
                made.rename(folder)
    return folder


def _install(lock: Path, platform: Platform, folder: Path) -> None:
    """Wheels only, checked by hash, none but those of the lock."""
    command = [uv(), "pip", "install", "--quiet", f"--target={folder}", "--no-deps"]
    command += [
        "--require-hashes",
        "--system-certs",
        "--only-binary=:all:",
        f"--requirement={lock}",
    ]
    command += [f"--python-platform={platform.tag}", f"--python-version={platform.python}"]
    command += [f"--python={sys.executable}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(
            f"uv could not install {lock.name} for Python {platform.python} on "
            f"{platform.architecture}:\n{done.stderr.strip()}"
        )


def uv() -> str:
    """The uv of this environment.

    Raises:
        BundleError: there is none.
    """
    try:
        from uv import find_uv_bin
    except ImportError:
        raise BundleError(
            "uv is not installed, which gets the Lambda's packages: "
            "pip install 'bedrock-rft-rewards[cdk]'"
        ) from None
    return find_uv_bin()
