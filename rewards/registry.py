"""From a name in a rubric to the scorer it means. The name is the address: no list to keep."""

import importlib
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

from rewards.errors import SpecError, did_you_mean
from rewards.scorer import Scorer


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
            "package.module:function for one of your own"
        )
    module = _imported(module_name, address)
    found = getattr(module, name, None)
    if isinstance(found, Scorer):
        return found
    if callable(found):
        raise SpecError(
            f"{address!r} is a plain function: decorate it with @scorer or @group_scorer"
        )
    raise SpecError(f"there is no scorer {address!r}{_closest(address)}")


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
        if f"{module_name}.".startswith(f"{error.name}."):
            raise SpecError(f"there is no scorer {address!r}{_closest(address)}") from None
        raise SpecError(
            f"scorer {address!r}: {module_name} imports {error.name!r}, which is not installed; "
            "install it, or import it inside the function that needs it"
        ) from error
    except (Exception, SystemExit) as error:  # a script that ends itself is no module
        raise SpecError(
            f"scorer {address!r}: {module_name} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _closest(address: str) -> str:
    """`; did you mean "numeric.match"?`, looked for only once a name has failed."""
    known = []
    with suppress(SpecError):  # another family that is broken is not this error's business
        for scorer in bundled():
            known.append(scorer.address)
    return did_you_mean(address, known)
