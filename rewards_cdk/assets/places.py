"""Where assets are built and packages kept: beside the checkout, or in the user's cache."""

import os
from pathlib import Path

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_IS_CHECKOUT = (_ROOT / "pyproject.toml").is_file()

#: The lock that pins what scorers and steps require; the wheel has it beside this file.
LOCK = _ROOT / "requirements" / "lambda.txt" if _IS_CHECKOUT else _HERE / "lambda.txt"


def _cache() -> Path:
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bedrock-rft-rewards"


#: Zips are built in one, packages for Lambda installed in the other.
BUILD = _ROOT / "build" / "assets" if _IS_CHECKOUT else _cache() / "assets"
PACKAGES = _ROOT / ".cache" / "site-packages" if _IS_CHECKOUT else _cache() / "site-packages"
