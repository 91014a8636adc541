"""What a deployment of a reward and its RFT job can be told, key by key.

The ranges are the service's own (API reference of CreateModelCustomizationJob, Bedrock user
guide): botocore checks only minima and types, so a batch size of 600 would fail hours later.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from rewards.core.tables import Wrong, choice, flag, many, number, table_of, text, whole
from rewards.job.targets import NOVA, OPEN_WEIGHT
from rewards.rubric.spec import located

#: Job and model names get "-" and a run's id (36 characters) appended; the service allows 63.
LONGEST_PREFIX = 26

#: A run is watched for so long at most.
LONGEST_HOURS = 24 * 7

_KMS_KEY = r"arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:(key/[a-zA-Z0-9-]{36}|alias/[a-zA-Z0-9/_-]+)"
_CUSTOM_MODEL = r"[0-9a-zA-Z]([_-]?[0-9a-zA-Z]){0,62}"
_BASE_MODEL = (
    rf"{_CUSTOM_MODEL}|"
    r"(arn:aws(-[a-z]+)*:bedrock:[a-z0-9-]+:(\d{12})?:(foundation|custom)-model/)?"
    r"[a-z0-9-]{1,63}\.[a-z0-9.-]{1,126}(:[a-z0-9-]{1,63}){0,2}(/[a-z0-9]{12})?"
)

#: The retentions that CloudWatch Logs offers, in days.
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)


#: `reserved_concurrency` where nothing is reserved, whatever the rubric.
NO_RESERVATION = "none"


def _reservation(value: Any) -> int | str:
    if value == NO_RESERVATION:
        return NO_RESERVATION
    try:
        bounded: int = whole(1, 100_000)(value)
    except Wrong as wrong:
        raise Wrong(f'{wrong.expected}, or "{NO_RESERVATION}"') from None
    return bounded


def _events(value: Any) -> float:
    """A share of the invocations, or how many of each container's first ones."""
    try:
        wanted: float = number(0.0, 10_000.0)(value)
        if wanted < 1 or wanted.is_integer():
            return wanted
    except Wrong:
        pass
    raise Wrong("a share below 1, or from 1 to 10,000 a whole number of first events") from None


def _as_target(value: Any) -> Any:
    """Whatever it is: what it may hold depends on the target, and is checked with it."""
    return value


@dataclass(frozen=True, slots=True)
class Vpc:
    """Subnets and security groups of an existing VPC."""

    subnet_ids: Annotated[
        tuple[str, ...], many(text(r"subnet-[0-9a-f]{8,17}", form="a subnet id"), most=16)
    ]
    security_group_ids: Annotated[
        tuple[str, ...], many(text(r"sg-[0-9a-f]{8,17}", form="a security group id"), most=5)
    ]


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """The reward function. What is left out is derived from the rubric.

    `requirements` is the hashed lock that pins what its scorers require, in place of the one that
    comes with the package; `include` names packages
    of yours that they import and the rubric does not name. `judge_cache` deploys a table in which
    its judges' verdicts are kept for the whole job; over `judge_cost_per_day`, in the money of the
    rubric's price table, an alarm goes off. `log_events` keeps whole events in a bucket: a share
    of them (below 1), or the first so many of each container.
    """

    rubric: Annotated[str, text(form="a rubric's name or the path of its .toml file")]
    architecture: Annotated[str, choice("arm64", "x86_64")] = "arm64"
    timeout: Annotated[int | None, whole(1, 900)] = None
    memory: Annotated[int | None, whole(128, 10_240)] = None
    reserved_concurrency: Annotated[int | str | None, _reservation] = None
    provisioned_concurrency: Annotated[int | None, whole(1, 100_000)] = None
    snap_start: Annotated[bool, flag] = False
    sagemaker: Annotated[bool, flag] = False
    judge_cache: Annotated[bool, flag] = False
    judge_cost_per_day: Annotated[float | None, number(0.01, 1e6)] = None
    log_retention_days: Annotated[int, choice(*_RETENTIONS)] = 90
    log_samples: Annotated[float, number(0.0, 1.0)] = 0.0
    log_events: Annotated[float, _events] = 0.0
    requirements: Annotated[str | None, text()] = None
    include: Annotated[
        tuple[str, ...], many(text(r"[A-Za-z_]\w*", form="a package name"), most=20)
    ] = ()
    vpc: Annotated[Vpc | None, table_of(Vpc)] = None


@dataclass(frozen=True, slots=True)
class DataSettings:
    """The dataset: a local .jsonl file, deployed under the hash of its content, or an S3 URI.

    It is checked before anything is deployed or started; `force` goes on where it has errors.
    `kms_key` encrypts the deployment's bucket, and whatever else of the data is under that key.
    """

    train: Annotated[str, text(form="the path of a .jsonl file or an S3 URI")]
    validation: Annotated[tuple[str, ...], many(text(), most=10)] = ()
    output_days: Annotated[int, whole(1, 3650)] = 180
    force: Annotated[bool, flag] = False
    kms_key: Annotated[str | None, text(_KMS_KEY, form="the ARN of a KMS key")] = None


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The fine-tuning job. `name` and `model_name` are prefixes: a run's id is appended.

    `hyperparameters` are spelt as in the target's API. After `timeout_hours` a run is stopped, and
    before, where the doctor finds one of `stop_on`: "no_learning", "collapse", "hacked".
    """

    base_model: Annotated[
        str,
        text(
            _BASE_MODEL,
            form="a model id such as amazon.nova-2-lite-v1:0:256k, or a custom model's name",
        ),
    ]
    name: Annotated[
        str,
        text(
            r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?",
            longest=LONGEST_PREFIX,
            form="letters, digits and '-'",
        ),
    ] = ""
    model_name: Annotated[
        str,
        text(
            r"[a-zA-Z0-9]([_-]?[a-zA-Z0-9])*",
            longest=LONGEST_PREFIX,
            form="letters and digits, single '-' or '_' between them,",
        ),
    ] = ""
    hyperparameters: Annotated[Mapping[str, Any], _as_target] = field(default_factory=dict)
    kms_key: Annotated[str | None, text(_KMS_KEY, form="the ARN of a KMS key")] = None
    vpc: Annotated[Vpc | None, table_of(Vpc)] = None
    timeout_hours: Annotated[int, whole(1, LONGEST_HOURS)] = LONGEST_HOURS
    stop_on: Annotated[
        tuple[str, ...], many(choice("no_learning", "collapse", "hacked"), most=3)
    ] = ()


@dataclass(frozen=True, slots=True)
class PreflightSettings:
    """The dry run before a job: references as completions must earn `full_marks`.

    `completion` says how a completion is made of a record: `{reference}` is its reference as
    text, `{reference_answer.solution}` any field of it by its path. `full_marks` is the highest
    reward of the rubric unless given. `samples = 0` goes without the dry run.
    """

    samples: Annotated[int, whole(0, 20)] = 3
    completion: Annotated[str, text()] = "{reference}"
    full_marks: Annotated[float | None, number(-1e9, 1e9)] = None


#: Tags that are AWS's, and those by which a job is known for its deployment's.
_OURS = ("aws:", "rft:")


def _tags(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > 50:
        raise Wrong("must be a table of at most 50 tags")
    word = re.compile(r"[a-zA-Z0-9\s._:/=+@-]*", re.ASCII)
    for name, content in value.items():
        if not isinstance(content, str) or not word.fullmatch(name) or not word.fullmatch(content):
            raise Wrong("must hold text of letters, digits, spaces and ._:/=+@-")
        if not 0 < len(name) <= 128 or len(content) > 256 or name.lower().startswith(_OURS):
            raise Wrong(
                'names have 1 to 128 characters (none starts "aws:" or "rft:"), values up to 256'
            )
    return dict(value)


@dataclass(frozen=True, slots=True)
class RftConfig:
    """A whole `rft.toml`. Without a `[job]` only the reward function is deployed.

    `log_kms_key` encrypts every log of the deployment; its policy has to let CloudWatch Logs in.
    """

    name: Annotated[
        str,
        text(
            r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
            longest=LONGEST_PREFIX,
            form="lower-case words joined by '-'",
        ),
    ]
    reward: Annotated[RewardSettings, table_of(RewardSettings)]
    target: Annotated[str, choice(NOVA, OPEN_WEIGHT)] = NOVA
    region: Annotated[str, text(r"[a-z]{2}(-[a-z]+)+-\d", form="an AWS region")] = ""
    data: Annotated[DataSettings | None, table_of(DataSettings)] = None
    job: Annotated[JobSettings | None, table_of(JobSettings)] = None
    preflight: Annotated[PreflightSettings, table_of(PreflightSettings)] = PreflightSettings()
    tags: Annotated[Mapping[str, str], _tags] = field(default_factory=dict)
    email: Annotated[str | None, text(r"[^@\s]+@[^@\s]+\.[^@\s.]+", form="an e-mail address")] = (
        None
    )
    log_kms_key: Annotated[str | None, text(_KMS_KEY, form="the ARN of a KMS key")] = None
    root: Path = Path()

    def local(self, path: str) -> Path:
        """A path of the file, which is relative to the file's own folder."""
        return self.root / path

    @property
    def rubric(self) -> str | Path:
        """The rubric that is deployed: a bundled one by name, one of your own by its path."""
        return located(self.reward.rubric, self.root)

    @property
    def job_name(self) -> str:
        """The prefix of job names: `job.name`, else the deployment's name."""
        assert self.job is not None
        return self.job.name or self.name

    @property
    def model_name(self) -> str:
        """The prefix of the names of trained models: `job.model_name`, else the deployment's."""
        assert self.job is not None
        return self.job.model_name or self.name
