"""The engines by name: one of each a process, made when first asked for."""

import importlib
from functools import cache
from typing import Any, Literal

from rewards.sandbox.code.protocol import CodeRunner

Engine = Literal["wasm", "process", "lambda"]

#: Where each engine is, and what of the extras it needs.
_ENGINES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "wasm": ("rewards.sandbox.code.wasm", "WasmRunner", ("pyeryx",)),
    "process": ("rewards.sandbox.code.process", "ProcessRunner", ()),
    "lambda": ("rewards.sandbox.remote.client", "LambdaRunner", ("boto3",)),
}


@cache
def engine(name: str) -> CodeRunner:
    """The engine of that name."""
    module, kind, _ = _ENGINES[name]
    made: Any = getattr(importlib.import_module(module), kind)
    return made()  # type: ignore[no-any-return]


def needed(name: str) -> list[str]:
    """The distributions that an engine imports."""
    return list(_ENGINES[name][2])


def check_installed(name: str) -> None:
    """`RequirementError`, with what to do, where the engine cannot run here."""
    from rewards.core.errors import RequirementError
    from rewards.sandbox.code.protocol import EngineError

    module, _, _ = _ENGINES[name]
    try:
        importlib.import_module(module).check_installed()
    except EngineError as error:
        raise RequirementError(str(error)) from None
