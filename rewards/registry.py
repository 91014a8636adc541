"""From a name in a rubric to the scorer it means. The name is the address: no list to keep."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from rewards.core.errors import SpecError, did_you_mean, nearest
from rewards.core.scorer import Scorer


def resolve(address: str) -> Scorer[..., Any]:
    """Return the scorer that `address` names.

    `numeric.match` is the function `match` of `rewards/scorers/numeric.py`;
    `my_package.my_module:close` is the function `close` of that module.

    Raises:
        SpecError: nothing stands at that address; the message names the closest that does.
    """
    module_name, outside, name = address.partition(":")
    if not outside:
        family, _, name = address.partition(".")
        module_name = f"rewards.scorers.{family}"
    if not all(part.isidentifier() for part in (*module_name.split("."), name)):
        raise SpecError(
            f"{address!r} is no scorer's address: write family.function for a bundled scorer, "
            f"package.module:function for one of your own{_with_colon(address)}"
        )
    module = _imported(module_name, address)
    found = getattr(module, name, None)
    if isinstance(found, Scorer):
        return found
    if callable(found):
        raise SpecError(
            f"{address!r} is a plain function: decorate it with @scorer or @group_scorer"
        )
    if not outside:
        raise SpecError(f"there is no scorer {address!r}{_closest(address)}")
    names = [key for key, value in vars(module).items() if isinstance(value, Scorer)]
    what = "has none of that name" if found is None else f"has {name!r}, which is none"
    raise SpecError(
        f"there is no scorer {address!r}: the module {module_name} "
        f"({_file(module)}) {what}{did_you_mean(name, names)}"
    )


def bundled() -> Iterator[Scorer[..., Any]]:
    """Every scorer under `rewards/scorers/`, by family and name. Imports each family.

    Raises:
        SpecError: a family cannot be imported.
    """
    import pkgutil

    from rewards import scorers

    for family in sorted(module.name for module in pkgutil.iter_modules(scorers.__path__)):
        yield from scorers_of(f"rewards.scorers.{family}", family)


def scorers_of(module_name: str, address: str = "") -> Iterator[Scorer[..., Any]]:
    """Every scorer that a module defines, by name; imports it. Errors call it `address`.

    Raises:
        SpecError: it cannot be imported.
    """
    module = _imported(module_name, address or module_name)
    for name, value in sorted(vars(module).items()):
        if isinstance(value, Scorer) and value.__module__ == module.__name__:
            if name == value.__name__:
                yield value


def _imported(module_name: str, address: str) -> ModuleType:
    """The module of a scorer, or an error that tells a missing one from a broken one."""
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise SpecError(
                f"there is no scorer {address!r}{_missing(error.name, address)}"
            ) from None
        raise SpecError(
            f"scorer {address!r}: {module_name} imports {error.name!r}, which is not installed; "
            "install it, or import it inside the function that needs it"
        ) from error
    except (Exception, SystemExit) as error:  # a script that ends itself is no module
        raise SpecError(
            f"scorer {address!r}: {module_name} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _missing(missing: str, address: str) -> str:
    """Why there is no such module: where it was looked for, and what stands there instead."""
    import pkgutil

    parent, _, part = missing.rpartition(".")
    if parent == "rewards.scorers":
        return _with_colon(address) or _closest(address)
    if not parent:
        folders = _folders()
        here = (module.name for module in pkgutil.iter_modules(folders))
        shown = [f"{f} (the current folder)" if f == str(Path.cwd()) else f for f in folders]
        return (
            f": there is no module {missing!r} in {', '.join(shown) or 'any folder'}; start in the "
            f"folder that holds it, or name that folder in PYTHONPATH{nearest(missing, here)}"
        )
    package = sys.modules[parent]  # an import goes from the left to the right
    if not hasattr(package, "__path__"):
        return f": {parent} ({_file(package)}) is a module and holds no others"
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    folder = next(iter(package.__path__), "")
    return f": the package {parent} ({folder}) has no module {part!r}{did_you_mean(part, names)}"


def _folders() -> list[str]:
    """Where modules of one's own are looked for: what is on the path and not Python's own."""
    import sysconfig

    installed = {
        str(Path(sysconfig.get_path(name))) for name in ("stdlib", "platstdlib", "scripts")
    }
    paths = dict.fromkeys(Path(entry).absolute() for entry in sys.path)
    return [
        str(path)
        for path in paths
        if path.is_dir()
        and not {"site-packages", "dist-packages"} & set(path.parts)
        and not any(str(path).startswith(prefix) for prefix in installed)
    ]


def _file(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or "built in"


def _with_colon(address: str) -> str:
    """`; did you mean "my_package.my_module:close"?` where such a module can be found."""
    from importlib.util import find_spec

    module, _, name = address.rpartition(".")
    if ":" not in address and module.partition(".")[0] not in sys.stdlib_module_names:
        with suppress(Exception):  # whatever a package does while it is looked into
            if name.isidentifier() and find_spec(module) is not None:
                return f'; did you mean "{module}:{name}"?'
    return ""


def _closest(address: str) -> str:
    """`; did you mean "numeric.match"?`, looked for only once a name has failed."""
    known = []
    with suppress(SpecError):  # another family that is broken is not this error's business
        for scorer in bundled():
            known.append(scorer.address)
    return did_you_mean(address, known)
