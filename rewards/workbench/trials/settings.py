"""Settings as `rft.toml` has them: comments and other keys stay as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewards.core.errors import SpecError
from rewards.job.targets import HYPERPARAMETERS, NOVA, OPEN_WEIGHT

#: What the OpenAI-compatible API calls the settings that it takes.
_OPEN_WEIGHT = {"epochCount": "n_epochs", "batchSize": "batch_size"}


def changed(path: Path, settings: Mapping[str, Any]) -> tuple[str, dict[str, tuple[Any, Any]]]:
    """The file with the settings that its target takes, and what changes: name, before, after.

    Raises:
        SpecError: the file is no TOML, or its target none that takes hyperparameters.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
        target = str(document.get("target", NOVA))
        job = document.setdefault("job", tomlkit.table())
        table = job.setdefault("hyperparameters", tomlkit.table())
        names = HYPERPARAMETERS[target].__dataclass_fields__
        changes: dict[str, tuple[Any, Any]] = {}
        for name, value in settings.items():
            own = _OPEN_WEIGHT.get(name, name) if target == OPEN_WEIGHT else name
            if own in names and table.get(own) != value:
                changes[own] = (table.get(own), value)
                table[own] = value
        return tomlkit.dumps(document), changes
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not TOML: {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise SpecError(
            f'{path}: target is "nova" or "open-weight", and [job.hyperparameters] a table; see'
            " docs/deploy.md"
        ) from None
