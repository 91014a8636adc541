"""Builds the Lambda assets: exactly what a rubric needs, the same bytes from the same inputs.

No Docker: third-party code comes as wheels for the Lambda's platform, downloaded by plain pip
against the hashes of one lock file and kept in `.cache/`, so that only the first build needs a
network. Nothing here needs CDK.
"""

import hashlib
import importlib.util
import io
import os
import platform as host
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

import rewards
from rewards.errors import RewardsError
from rewards.rubric import Rubric
from rewards.rubric.digest import drawn_on
from rewards.rubric.spec import find_rubric

PACKAGE = Path(rewards.__file__).parent
CACHE = PACKAGE.parent / ".cache" / "wheels"
STEPS = Path(__file__).parent.parent / "job" / "runtime" / "steps.py"

RUNTIME = "3.13"

#: What the handler itself imports, whatever the rubric.
HANDLER_REQUIRES = ("aws-lambda-powertools",)

#: The wings that ship with every rubric, and what ships only with a judge.
CORE_FOLDERS = ("reading", "rubric")
JUDGE_FOLDERS = ("judge", "prompts")

#: Wings that ship where a scorer of the rubric draws on them.
OPTIONAL_FOLDERS = frozenset({"sandbox"})

#: glibc of Amazon Linux 2023, Lambda's base, is 2.34; wheels name the oldest that they need.
_GLIBCS = ("2_34", "2_28", "2_26", "2_17")

#: The earliest time that a zip can hold: every entry has it, whenever it was built.
_EPOCH = (1980, 1, 1, 0, 0, 0)

_SKIPPED = frozenset({"__pycache__", "tests", "workbench"})


class BundleError(RewardsError):
    """An asset cannot be built: something it needs is not pinned, not found or not portable."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Where an asset runs: architecture (`arm64` or `x86_64`) and Python (`3.13`)."""

    architecture: str = "arm64"
    python: str = RUNTIME

    @classmethod
    def local(cls) -> "Platform":
        """This machine's, for a run under the emulator."""
        architecture = "arm64" if host.machine() in ("arm64", "aarch64") else "x86_64"
        return cls(architecture, f"{sys.version_info.major}.{sys.version_info.minor}")

    @property
    def machine(self) -> str:
        """The architecture as Linux and wheels call it."""
        return {"arm64": "aarch64"}.get(self.architecture, self.architecture)

    @property
    def pip_options(self) -> list[str]:
        """Make pip choose wheels for this platform, and nothing that it would have to build."""
        tags = [f"manylinux_{glibc}_{self.machine}" for glibc in _GLIBCS]
        return [
            "--only-binary=:all:",
            *(f"--platform={tag}" for tag in (*tags, f"manylinux2014_{self.machine}")),
            f"--python-version={self.python}",
            "--implementation=cp",
        ]

    @property
    def markers(self) -> dict[str, str]:
        """The environment in which a requirement's marker is judged."""
        return {
            **{name: str(value) for name, value in default_environment().items()},
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_machine": self.machine,
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "extra": "",
        }


@dataclass(frozen=True, slots=True)
class Asset:
    """A built zip. `digest` is the SHA-256 of its names and contents, whatever compressed them."""

    path: Path
    digest: str


def build_reward(
    rubric: str | Path,
    *,
    lock: Path,
    out: Path,
    platform: Platform = Platform(),
    include: Sequence[str] = (),
) -> Asset:
    """Build the reward function of one rubric into `out`, which is made where it is missing.

    The zip holds the package's core, the scorer families that the rubric uses and the rubric
    itself; the user's own packages where it names their scorers (and those in `include`); and
    what the handler and those scorers require, at the versions of `lock`.

    Raises:
        BundleError: naming what is not pinned, not found or not portable.
        SpecError: the rubric cannot be used.
    """
    loaded = Rubric.load(rubric)
    scorers = [component.scorer for component in loaded.components]
    placed = zip(loaded.spec.component, scorers, strict=True)
    requires = [*HANDLER_REQUIRES, *(n for spec, s in placed for n in s.requirements(spec.params))]
    wings = {name.split(".")[1] for name in drawn_on(s.__module__ for s in scorers) if "." in name}
    bundled = {s.__module__.rpartition(".")[2] for s in scorers if ":" not in s.address}
    own = {s.__module__.partition(".")[0] for s in scorers if ":" in s.address}

    def contents() -> Iterator[tuple[str, bytes]]:
        yield from _core()
        yield from _files(PACKAGE / "scorers", "rewards/scorers", {"__init__", *bundled})
        if loaded.is_async:
            for folder in JUDGE_FOLDERS:
                yield from _files(PACKAGE / folder, f"rewards/{folder}")
        for folder in sorted(wings & OPTIONAL_FOLDERS):
            yield from _files(PACKAGE / folder, f"rewards/{folder}")
        for path in loaded.files:
            if not path.resolve().is_relative_to(PACKAGE):
                yield _own_file(path)
        source = find_rubric(rubric)
        yield f"rewards/rubrics/{source.name}", source.read_bytes()
        for name in sorted({*own, *include}):
            yield from _own_package(name)
        yield from third_party(requires, lock, platform)

    return build(contents(), out, f"reward-{platform.architecture}", platform)


def build_job(*, lock: Path, out: Path, platform: Platform = Platform()) -> Asset:
    """Build the Lambdas of the job's state machine: `rewards.job`, its steps and boto3."""

    def contents() -> Iterator[tuple[str, bytes]]:
        yield from _core()
        yield from _files(PACKAGE / "job", "rewards/job")
        yield STEPS.name, STEPS.read_bytes()
        yield from third_party(["boto3"], lock, platform)

    return build(contents(), out, f"job-{platform.architecture}", platform)


def _core() -> Iterator[tuple[str, bytes]]:
    """The modules of the package itself, and the wings that every rubric needs."""
    for path in sorted(PACKAGE.iterdir()):
        if path.suffix in (".py", ".typed"):
            yield f"rewards/{path.name}", path.read_bytes()
    for folder in CORE_FOLDERS:
        yield from _files(PACKAGE / folder, f"rewards/{folder}")


def _files(
    folder: Path, prefix: str, stems: Iterable[str] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Every file below `folder`, or those whose first part is in `stems`; no tests, no caches."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not path.is_file() or any(part in _SKIPPED or part.startswith(".") for part in parts):
            continue
        if stems is None or parts[0].partition(".")[0] in stems:
            yield "/".join((prefix, *parts)), path.read_bytes()


def _own_package(name: str) -> Iterator[tuple[str, bytes]]:
    """The user's own top-level package or module, wherever Python finds it."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise BundleError(f"there is no package {name!r}; run from the folder that holds it")
    if not spec.submodule_search_locations:
        assert spec.origin is not None
        yield Path(spec.origin).name, Path(spec.origin).read_bytes()
        return
    for arcname, content in _files(Path(spec.submodule_search_locations[0]), name):
        if arcname.endswith((".so", ".pyd", ".dylib")):
            raise BundleError(
                f"{arcname} is compiled for this machine; name its distribution in the scorer's "
                "`requires` and pin it in the lock instead"
            )
        yield arcname, content


def _own_file(path: Path) -> tuple[str, bytes]:
    """A file that a parameter names, where the function finds it: below its working folder."""
    if path.is_absolute() or ".." in path.parts:
        raise BundleError(
            f"the rubric reads {path}; name it by a path below the folder that you deploy from, "
            "so that it has the same name in the function"
        )
    return path.as_posix(), path.read_bytes()


def third_party(
    names: Iterable[str], lock: Path, platform: Platform
) -> Iterator[tuple[str, bytes]]:
    """The installed files of `names`, and of all that they depend on, at the lock's versions."""
    wheels = locked_wheels(lock, platform)
    for wheel in sorted(_closure(names, wheels, lock, platform)):
        with zipfile.ZipFile(wheel) as archive:
            for entry in sorted(archive.namelist()):
                arcname = _installed_name(entry)
                if arcname is not None:
                    yield arcname, archive.read(entry)


def _installed_name(entry: str) -> str | None:
    """Where an entry of a wheel is installed below site-packages; None where it is not."""
    folder, _, rest = entry.partition("/")
    if entry.endswith("/"):
        return None
    if folder.endswith(".data"):
        kind, _, rest = rest.partition("/")
        return rest if kind in ("purelib", "platlib") else None
    return entry


def _closure(
    names: Iterable[str], wheels: dict[str, Path], lock: Path, platform: Platform
) -> set[Path]:
    """The wheels of `names` and of all that they depend on."""
    found: set[Path] = set()
    todo = [(name, "the rubric") for name in names]
    while todo:
        name, needed_by = todo.pop()
        wheel = wheels.get(canonicalize_name(name))
        if wheel is None:
            raise BundleError(
                f"{needed_by} requires {name!r}, which {lock.name} does not pin for Python "
                f"{platform.python} on {platform.architecture}; add it to "
                f"{lock.with_suffix('.in').name} and lock again"
            )
        if wheel not in found:
            found.add(wheel)
            todo += [(needed, name) for needed in _dependencies(wheel, platform)]
    return found


def _dependencies(wheel: Path, platform: Platform) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(metadata).decode())
    needed = [Requirement(line) for line in headers.get_all("Requires-Dist") or ()]
    markers = platform.markers
    return [r.name for r in needed if r.marker is None or r.marker.evaluate(markers)]


def locked_wheels(lock: Path, platform: Platform) -> dict[str, Path]:
    """Every wheel of the lock for the platform, by name; downloaded once, checked by hash.

    Raises:
        BundleError: with what pip said, where a wheel is missing or its hash is another.
    """
    if not lock.is_file():
        raise BundleError(f"there is no lock file {lock}; `make lock` writes it")
    requirements = pinned(lock.read_text(encoding="utf-8"), platform)
    key = hashlib.sha256(f"{requirements}{platform}".encode()).hexdigest()[:16]
    folder = CACHE / key
    if not folder.is_dir():
        _download(requirements, platform, folder)
    return {parse_wheel_filename(path.name)[0]: path for path in sorted(folder.glob("*.whl"))}


def pinned(text: str, platform: Platform) -> str:
    """The lock's entries for the platform, without markers: pip judges them by this machine."""
    lines = []
    for line in text.replace("\\\n", " ").splitlines():
        if not line or line[0] in "# -":
            continue
        pin, *hashes = line.split("--hash=")
        requirement = Requirement(pin)
        if requirement.marker is None or requirement.marker.evaluate(platform.markers):
            hashed = " ".join(f"--hash={digest.strip()}" for digest in hashes)
            lines.append(f"{requirement.name}{requirement.specifier} {hashed}")
    return "\n".join(lines) + "\n"


def _download(pinned: str, platform: Platform, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        requirements = Path(temporary, "requirements.txt")
        requirements.write_text(pinned, encoding="utf-8")
        wheels = Path(temporary, "wheels")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--require-hashes", *platform.pip_options]
        command += [f"--dest={wheels}", f"--requirement={requirements}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BundleError(f"pip could not download the locked wheels:\n{done.stderr.strip()}")
        if not folder.is_dir():  # another build may have been quicker
            wheels.rename(folder)


def build(contents: Iterable[tuple[str, bytes]], out: Path, name: str, platform: Platform) -> Asset:
    """Zip `contents` into `out`, with bytecode where this is the platform's interpreter."""
    files = dict(contents)
    if platform.python == Platform.local().python:
        files |= _bytecode(files)
    digest = hashlib.sha256()
    for arcname in sorted(files):
        digest.update(f"{arcname}\0{len(files[arcname])}\0".encode())
        digest.update(files[arcname])
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}-{digest.hexdigest()[:16]}.zip"
    if not path.is_file():
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(_zip(files))
        partial.rename(path)
    return Asset(path, digest.hexdigest())


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for arcname in sorted(files):
            entry = zipfile.ZipInfo(arcname, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is built
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[arcname])
    return buffer.getvalue()


def _bytecode(files: dict[str, bytes]) -> dict[str, bytes]:
    """Compiled modules that Lambda's read-only file system could not keep.

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
        command = [sys.executable, "-I", "-m", "compileall", "-q", "-f", "-s", temporary]
        command += ["--invalidation-mode", "unchecked-hash", temporary]
        # A wheel may ship sources of another Python on purpose; what fails has no bytecode.
        subprocess.run(command, capture_output=True, check=False, env={"PYTHONHASHSEED": "0"})
        return {str(p.relative_to(stage)): p.read_bytes() for p in sorted(stage.rglob("*.pyc"))}


def main() -> None:
    """Build one asset by hand: `python -m infra.assets.bundle RUBRIC OUT [--local]`."""
    rubric, out, *options = sys.argv[1:]
    lock = PACKAGE.parent / "requirements" / "lambda.txt"
    platform = Platform.local() if "--local" in options else Platform()
    asset = build_reward(rubric, lock=lock, out=Path(out), platform=platform)
    print(f"{asset.path}  {asset.path.stat().st_size / 1e6:.2f} MB  sha256:{asset.digest}")


if __name__ == "__main__":
    try:
        main()
    except RewardsError as error:
        sys.exit(f"bundle: {error}")
