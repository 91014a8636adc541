"""`rft.toml`: read, overridden, and checked as a whole; `settings` has its keys.

A deployment that is put together from the same records in Python is checked by the same rules.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from rewards.core.errors import SpecError, did_you_mean
from rewards.core.tables import TableError, checked, load_toml, table_of
from rewards.job.errors import ConfigError
from rewards.job.preflight import first_record, placeholders
from rewards.job.settings import DataSettings, JobSettings, RftConfig
from rewards.job.stages import staged
from rewards.job.targets import NOVA, OFFERED, OPEN_WEIGHT, checked_hyperparameters
from rewards.rubric.spec import find_rubric

DEFAULT_FILE = "rft.toml"

#: A key of the file on a command line, cdk's or `rewards job`'s: `-c rft.job.name=trial`.
CONTEXT_PREFIX = "rft."

_S3_URI = r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](/[-!_*'().a-z0-9A-Z]+)+"
_S3_FORM = "an s3:// URI without spaces or '='"


def load_config(
    path: str | Path, overrides: Mapping[str, str] | None = None, stage: str | None = None
) -> RftConfig:
    """Read and check `rft.toml`, or a stage of it.

    `overrides` maps dotted keys to values, as on a command line.

    Raises:
        ConfigError: naming the file, the key, the value and the remedy.
    """
    path = Path(path)
    try:
        tables = staged(load_toml(path), stage)
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}; docs/deploy.md shows what it holds") from None
    except (ConfigError, TableError) as error:
        raise ConfigError(f"{path}: {error}") from None
    for dotted, value in (overrides or {}).items():
        assign(tables, dotted, value)
    return parse_config(tables, where=path.name, root=path.parent)


def parse_config(
    tables: Mapping[str, Any], *, where: str = DEFAULT_FILE, root: Path = Path()
) -> RftConfig:
    """Check the tables of an `rft.toml`; its paths are relative to `root`.

    Raises:
        ConfigError: starting with `where`, then as `load_config`.
    """
    try:
        config: RftConfig = checked(table_of(RftConfig), tables, "")
        region = config.region or OFFERED[config.target].regions[0]
        config = replace(config, root=root, region=region)
        _check_together(config)
    except (ConfigError, TableError) as error:
        raise ConfigError(f"{where}: {error}") from None
    return config


def _check_together(config: RftConfig) -> None:
    """What no key can check alone."""
    reward = config.reward
    _check_rubric(config)
    _check_key(config, "log_kms_key", config.log_kms_key)
    if reward.snap_start and reward.provisioned_concurrency:
        raise ConfigError(
            "reward.snap_start and reward.provisioned_concurrency exclude each other; choose one"
        )
    if config.job is None:
        if config.data is not None:
            raise ConfigError("data is given without a [job] that would use it")
        return
    if config.data is None:
        raise ConfigError("data is missing: a [job] needs a dataset")
    checked_hyperparameters(config.target, config.job.hyperparameters, "job.hyperparameters")
    # A custom model's name has no dot: only Nova's API takes one.
    is_amazon = "amazon." in config.job.base_model or "." not in config.job.base_model
    if is_amazon != (config.target == NOVA):
        other = OPEN_WEIGHT if config.target == NOVA else NOVA
        raise ConfigError(
            f"job.base_model {config.job.base_model!r} is no {config.target} model; "
            f'give another, or set target = "{other}"'
        )
    if config.target == OPEN_WEIGHT:
        _refuse_unsupported(config.job, config.data)
    _check_sources(config, config.data)
    _check_completion(config, config.data)
    _check_key(config, "job.kms_key", config.job.kms_key)
    _check_key(config, "data.kms_key", config.data.kms_key)


def _check_key(config: RftConfig, name: str, key: str | None) -> None:
    if key and key.split(":")[3] != config.region:
        raise ConfigError(
            f"{name} must be a key in {config.region}, where the job runs, got {key!r}"
        )


def _refuse_unsupported(job: JobSettings, data: DataSettings) -> None:
    """The OpenAI-compatible API documents none of these."""
    given = {
        "job.kms_key": job.kms_key,
        "job.vpc": job.vpc,
        "job.model_name": job.model_name,
        "data.validation": data.validation,
    }
    for name, value in given.items():
        if value:
            raise ConfigError(f'{name} has no place in a job with target = "{OPEN_WEIGHT}"')


def _check_sources(config: RftConfig, data: DataSettings) -> None:
    """Each dataset by itself, and that none is given twice."""
    _check_source(config, "data.train", data.train)
    seen = {data.train: "data.train"}
    for source in data.validation:
        _check_source(config, "data.validation", source)
        if other := seen.get(source):
            raise ConfigError(
                f"data.validation names {source!r}, which {other} has already: what is trained on "
                "cannot be held out, and what is measured is measured once"
            )
        seen[source] = "data.validation"


def _check_completion(config: RftConfig, data: DataSettings) -> None:
    """That the check before a job can make completions of the training set's records."""
    template = config.preflight.completion
    if not config.preflight.samples:
        return
    wanted = placeholders(template)
    if not wanted:
        raise ConfigError(
            "preflight.completion must hold a placeholder such as {reference}, got "
            f"{template!r}: without one every record would get the same completion"
        )
    if data.train.startswith("s3:"):
        return  # the run checks it, on the records that it reads
    record = first_record(config.local(data.train))
    for name in wanted if record else ():
        if name != "reference" and name not in record:
            raise ConfigError(
                f"preflight.completion asks for {{{name}}}, and the first record of "
                f"{data.train!r} has no {name!r}{did_you_mean(name, ['reference', *record])}"
            )


def _check_source(config: RftConfig, name: str, source: str) -> None:
    if source.startswith("s3:"):
        if not re.fullmatch(_S3_URI, source) or len(source) > 1024:
            raise ConfigError(f"{name} must be {_S3_FORM}, of one object, got {source!r}")
        if Path(source).suffix not in ("", ".jsonl"):
            raise ConfigError(f"{name} must be a .jsonl object, one record a line, got {source!r}")
        return
    path = config.local(source)
    if path.suffix != ".jsonl":
        raise ConfigError(f"{name} must be a .jsonl file or an S3 URI, got {source!r}")
    if not path.is_file():
        raise ConfigError(f"{name}: there is no file {source!r} beside the configuration")


def _check_rubric(config: RftConfig) -> None:
    """That there is such a rubric; what is in it, the rubric's own errors say."""
    try:
        find_rubric(config.rubric)
    except SpecError as error:
        raise ConfigError(f"reward.rubric: {error}") from None


def assign(tables: dict[str, Any], dotted: str, value: str) -> None:
    """Set one key by its dotted path; the value is TOML, or else a plain string."""
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    *path, last = dotted.split(".")
    table = tables
    for step in path:
        inner = table.setdefault(step, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"override {dotted}: {step!r} is a value, not a table")
        table = inner
    table[last] = parsed


def overrides_of(assignments: Sequence[str]) -> dict[str, str]:
    """`["job.name=x"]` as `{"job.name": "x"}`.

    Raises:
        ConfigError: one has no "=".
    """
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise ConfigError(f"override {name!r} must read key=value, such as job.name=trial")
    return {name.strip(): value.strip() for name, _, value in pairs}


def checked_config(config: RftConfig, *, where: str) -> RftConfig:
    """A configuration that was put together in Python, held to the rules of the file.

    Raises:
        ConfigError: starting with `where`, then as `load_config`.
    """
    return parse_config(_tables(config), where=where, root=config.root)


def _tables(record: Any) -> dict[str, Any]:
    """A record as the tables that would make it; `root` is no key of the file."""
    tables = {}
    for field in fields(record):
        value = getattr(record, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if field.name != "root" and value != default:
            tables[field.name] = _tables(value) if is_dataclass(value) else value
    return tables
