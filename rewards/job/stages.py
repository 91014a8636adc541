"""Stages of one `rft.toml`: what `[stage.dev]` says in place of the rest of the file.

A stage is a deployment of its own, with its own name: NAME-STAGE unless it gives one.
"""

from collections.abc import Mapping
from typing import Any

from rewards.core.errors import did_you_mean
from rewards.job.errors import ConfigError

#: The table of stages.
STAGES = "stage"


def staged(tables: Mapping[str, Any], stage: str | None) -> dict[str, Any]:
    """The tables of a file as a stage has them; without a stage the file without its stages.

    >>> file = {"name": "maths", "job": {"name": "x"}, "stage": {"dev": {"job": {"name": "y"}}}}
    >>> staged(file, "dev")
    {'name': 'maths-dev', 'job': {'name': 'y'}}

    Raises:
        ConfigError: there is no such stage; names those there are.
    """
    rest = {key: value for key, value in tables.items() if key != STAGES}
    stages = tables.get(STAGES, {})
    if not isinstance(stages, Mapping) or not all(isinstance(s, Mapping) for s in stages.values()):
        raise ConfigError(f"{STAGES} must hold tables, such as [{STAGES}.dev]")
    if stage is None:
        return rest
    if stage not in stages:
        known = ", ".join(stages) or "none"
        raise ConfigError(
            f"there is no [{STAGES}.{stage}]{did_you_mean(stage, list(stages))}; stages: {known}"
        )
    own = stages[stage]
    if "name" not in own and isinstance(rest.get("name"), str):
        rest["name"] = f"{rest['name']}-{stage}"
    return _over(rest, own)


def _over(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Tables within tables merged; any other value replaced."""
    merged = dict(tables)
    for key, value in changes.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            value = _over(before, value)
        merged[key] = value
    return merged
