"""From a name in a rubric to the scorer it means. The name is the address: no list to keep."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

from rewards.errors import SpecError, did_you_mean
from rewards.scorer import Scorer

_BUNDLED = re.compile(r"[a-z]\w*\.[a-z]\w*", re.ASCII | re.IGNORECASE)
_OUTSIDE = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*:[a-z_]\w*", re.ASCII | re.IGNORECASE)


def resolve(address: str) -> Scorer[..., Any]:
    """Return the scorer that `address` names.

    `numeric.match` is the function `match` of `rewards/scorers/numeric.py`;
    `my_package.my_module:close` is the function `close` of that module.

    Raises:
        SpecError: nothing stands at that address; the message names the closest that does.
    """
    if _OUTSIDE.fullmatch(address):
        module_name, _, name = address.partition(":")
    elif _BUNDLED.fullmatch(address):
        family, _, name = address.partition(".")
        module_name = f"rewards.scorers.{family}"
    else:
        raise SpecError(
            f"{address!r} is no scorer's address: write family.function for a bundled scorer, "
            "package.module:function for one of your own"
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise SpecError(
                f"scorer {address!r}: {module_name} imports {error.name!r}, which is not "
                "installed; install it, or import it inside the function that needs it"
            ) from error
        raise SpecError(f"there is no scorer {address!r}{_closest(address)}") from None
    found = getattr(module, name, None)
    if isinstance(found, Scorer):
        return found
    if callable(found):
        raise SpecError(
            f"{address!r} is a plain function: decorate it with @scorer or @group_scorer"
        )
    raise SpecError(f"there is no scorer {address!r}{_closest(address)}")


def bundled() -> Iterator[Scorer[..., Any]]:
    """Every scorer under `rewards/scorers/`, by family and name. Imports each family."""
    import pkgutil

    from rewards import scorers

    for family in sorted(module.name for module in pkgutil.iter_modules(scorers.__path__)):
        module = importlib.import_module(f"rewards.scorers.{family}")
        for name, value in sorted(vars(module).items()):
            if isinstance(value, Scorer) and value.__module__ == module.__name__:
                if name == value.__name__:
                    yield value


def _closest(address: str) -> str:
    """`; did you mean "numeric.match"?`, looked for only once a name has failed."""
    return did_you_mean(address, (scorer.address for scorer in bundled()))
