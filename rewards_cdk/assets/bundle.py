"""What belongs into each Lambda's zip: exactly what its rubric, or its steps, need.

No Docker: third-party code comes as wheels for Lambda's platform (`assets.wheels`).
"""

import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import rewards
from rewards.core.errors import RewardsError
from rewards.rubric import Rubric
from rewards.rubric.digest import drawn_on
from rewards.rubric.spec import find_rubric
from rewards_cdk.assets import BundleError
from rewards_cdk.assets.archive import Asset, build
from rewards_cdk.assets.places import BUILD, LOCK
from rewards_cdk.assets.platform import LAMBDA, Platform
from rewards_cdk.assets.wheels import third_party

PACKAGE = Path(rewards.__file__).parent

#: What the handler itself imports, whatever the rubric.
HANDLER_REQUIRES = ("aws-lambda-powertools",)

#: The wings that ship with every rubric, and what ships only with a judge.
CORE_FOLDERS = ("core", "reading", "rubric", "wire")
JUDGE_FOLDERS = ("judge",)

#: Wings that ship where a scorer of the rubric draws on them.
OPTIONAL_FOLDERS = frozenset({"sandbox"})

_SKIPPED = frozenset({"__pycache__", "tests", "workbench"})


def build_reward(
    rubric: str | Path,
    *,
    lock: Path = LOCK,
    out: Path = BUILD,
    platform: Platform = LAMBDA,
    include: Sequence[str] = (),
) -> Asset:
    """Build the reward function of one rubric into `out`.

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

    return build(contents(), out, "reward", platform)


def build_job(
    handlers: Path, *, lock: Path = LOCK, out: Path = BUILD, platform: Platform = LAMBDA
) -> Asset:
    """Build the Lambdas of a job's state machine: their module, `rewards.job` and boto3.

    With the rules of `rewards.curves`, which import nothing else: the watch asks how the job does.
    """

    def contents() -> Iterator[tuple[str, bytes]]:
        yield from _core()
        for wing in ("curves", "job"):
            yield from _files(PACKAGE / wing, f"rewards/{wing}")
        yield handlers.name, handlers.read_bytes()
        yield from third_party(["boto3"], lock, platform)

    return build(contents(), out, "job", platform)


def build_sandbox(*, out: Path = BUILD, platform: Platform = LAMBDA) -> Asset:
    """Build the function that runs programs: the engine, its handler and what those import."""

    def contents() -> Iterator[tuple[str, bytes]]:
        yield from _core()
        yield from _files(PACKAGE / "sandbox", "rewards/sandbox")

    return build(contents(), out, "sandbox", platform)


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


def main() -> None:
    """Build one asset by hand: `python -m rewards_cdk.assets.bundle RUBRIC OUT [--local]`."""
    rubric, out, *options = sys.argv[1:]
    platform = Platform.local() if "--local" in options else LAMBDA
    asset = build_reward(rubric, out=Path(out), platform=platform)
    print(f"{asset.path}  {asset.path.stat().st_size / 1e6:.2f} MB  sha256:{asset.digest}")


if __name__ == "__main__":
    try:
        main()
    except RewardsError as error:
        sys.exit(f"bundle: {error}")
