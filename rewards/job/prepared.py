"""One start of a deployed job: what a run makes of the definition, and how its job is known.

A run's id names the job and the model, and is the token that makes creation idempotent. The same
function turns definition, run and overrides into the request wherever that happens: in the state
machine's Lambdas, in `rewards job start --direct` and in `render`.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rewards.core.errors import did_you_mean
from rewards.job.definition import FORCED_TAG, RUN_TAG, JobDefinition
from rewards.job.errors import ConfigError
from rewards.job.targets import NOVA, OPEN_WEIGHT, checked_hyperparameters

#: Seconds between two looks at a job that runs for hours.
POLL_SECONDS = 300
LONGEST_POLL_SECONDS = 3600

#: An execution of Step Functions ends with its 25,000th event. A look makes nine; what is left over
#: is for looks that have to be repeated.
EVENTS_A_LOOK, EVENTS_FOR_LOOKS = 9, 20_000

#: What the input of a run may say; everything else in it is a misspelling. ("Comment" is in
#: the input that the Step Functions console starts from.)
OVERRIDES = (
    *("hyperparameters", "job_name", "model_name", "poll_seconds", "preflight", "attach", "force"),
    "Comment",
)

#: The length of a UUID, which is what Step Functions calls an execution that is given no name.
_LONGEST_RUN = 36

_JOB_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9+.-]{0,62}", re.ASCII)
_MODEL_NAME = re.compile(r"[0-9a-zA-Z]([_-]?[0-9a-zA-Z]){0,62}[_-]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """One run, ready to be sent: `request` is complete, but for an open-weight job's file id.

    `token` is derived from the run's id: sending a run twice creates one job.
    """

    deployment: str
    token: str
    job_name: str
    poll_seconds: int
    request: Mapping[str, Any]
    is_forced: bool = False

    @property
    def request_token(self) -> str:
        """What a Nova job is created with, once.

        The deployment is part of it: runs of two deployments may have one name. Neither part has
        two hyphens in a row, so that no two pairs read alike.
        """
        return f"{self.deployment}--{self.token}"

    @property
    def hyperparameters(self) -> Mapping[str, Any]:
        """What the request says of them, in the words of its API."""
        request: Any = self.request
        if "customizationConfig" in request:
            nova: Mapping[str, Any] = request["customizationConfig"]["rftConfig"]["hyperParameters"]
            return nova
        other: Mapping[str, Any] = request["method"]["reinforcement"]["hyperparameters"]
        return other

    @property
    def filename(self) -> str:
        """The name under which an open-weight run uploads its dataset: `mark_of` reads it."""
        return f"{self.deployment}.{self.token}.{self.job_name}.jsonl"


def mark_of(filename: str) -> tuple[str, str, str]:
    """Deployment, run and job of a file that a run has uploaded; empty where it is another's.

    >>> mark_of("maths.first.maths-first.jsonl")
    ('maths', 'first', 'maths-first')
    """
    parts = filename.removesuffix(".jsonl").split(".", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def prepare(definition: JobDefinition, run_id: str, overrides: Mapping[str, Any]) -> PreparedRun:
    """What one run sends: the definition with the run's names and its `overrides`.

    `overrides` may hold `job_name`, `model_name` (whole names, not prefixes), `hyperparameters`
    (merged over the definition's), `poll_seconds`, `preflight` (false goes without), `attach`
    (the id of a job that is there, to be watched) and `force` (true starts on a dataset with
    errors; a Nova job is tagged so).

    Raises:
        ConfigError: naming the override, the value and the remedy.
    """
    _check_overrides(overrides)
    token = token_of(run_id)
    job_name = overrides.get("job_name") or f"{definition['names']['job']}-{token}"
    _check_name("job_name", job_name, _JOB_NAME)
    run = PreparedRun(
        definition["deployment"],
        token,
        job_name,
        _poll_seconds(definition, overrides),
        {},
        overrides.get("force", definition["preflight"]["force"]),
    )
    make = _nova_request if definition["target"] == NOVA else _open_weight_request
    return replace(run, request=make(definition, run, overrides))


def _nova_request(
    definition: JobDefinition, run: PreparedRun, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    model_name = overrides.get("model_name") or f"{definition['names']['model']}-{run.token}"
    _check_name("model_name", model_name, _MODEL_NAME)
    request = definition["request"]
    rft = request["customizationConfig"]["rftConfig"]
    rft = {**rft, "hyperParameters": _merged(NOVA, rft["hyperParameters"], overrides)}
    tags = [{"key": RUN_TAG, "value": run.token}]
    if run.is_forced:
        tags.append({"key": FORCED_TAG, "value": "true"})
    return {
        **request,
        "jobName": run.job_name,
        "customModelName": model_name,
        "clientRequestToken": run.request_token,
        "customizationConfig": {"rftConfig": rft},
        "jobTags": [*request["jobTags"], *tags],
    }


def _open_weight_request(
    definition: JobDefinition, run: PreparedRun, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    if "model_name" in overrides:
        raise ConfigError("model_name has no place in an open-weight job")
    request = definition["request"]
    method = request["method"]["reinforcement"]
    hyperparameters = _merged(OPEN_WEIGHT, method["hyperparameters"], overrides)
    method = {**method, "hyperparameters": hyperparameters}
    return {**request, "method": {"type": "reinforcement", "reinforcement": method}}


def requests_of(definition: JobDefinition, run: PreparedRun) -> list[dict[str, Any]]:
    """What a run sends, in order: the operation (or method and path) and its body."""
    if definition["target"] == NOVA:
        return [{"operation": "CreateModelCustomizationJob", "body": dict(run.request)}]
    upload = {
        "purpose": "fine-tune",
        "file": {"filename": run.filename, "content": definition["datasets"][0]["source"]},
    }
    base = f"https://bedrock-mantle.{definition['region']}.api.aws/v1"
    body = {**run.request, "training_file": "${FileId}"}
    return [
        {"operation": f"POST {base}/files", "multipart": upload},
        {"operation": f"POST {base}/fine_tuning/jobs", "body": body},
    ]


def least_poll_seconds(timeout_hours: int) -> int:
    """The shortest time between two looks with which a run of so many hours stays in its history.

    >>> least_poll_seconds(168), least_poll_seconds(1)
    (273, 2)
    """
    return math.ceil(timeout_hours * 3600 * EVENTS_A_LOOK / EVENTS_FOR_LOOKS)


def _poll_seconds(definition: JobDefinition, overrides: Mapping[str, Any]) -> int:
    seconds = overrides.get("poll_seconds", POLL_SECONDS)
    least = least_poll_seconds(definition["timeout_hours"])
    if type(seconds) is not int or not least <= seconds <= LONGEST_POLL_SECONDS:
        raise ConfigError(
            f"poll_seconds must be a whole number from {least} to {LONGEST_POLL_SECONDS}, got "
            f"{seconds!r}: Step Functions ends a run at its 25,000th event, and this one may take "
            f"{definition['timeout_hours']} hours (job.timeout_hours)"
        )
    return seconds


def token_of(run_id: str) -> str:
    """A run's id in letters, digits and '-': at most 36 of them, and different for different ids.

    >>> token_of("trial-1"), token_of("my run")
    ('trial-1', 'my-run-d33e7609')
    """
    words = "-".join(re.findall(r"[a-zA-Z0-9]+", run_id))
    if words and words == run_id and len(words) <= _LONGEST_RUN:
        return words
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:8]
    return f"{words[: _LONGEST_RUN - 9].rstrip('-')}-{digest}".lstrip("-")


def _check_overrides(overrides: object) -> None:
    if not isinstance(overrides, Mapping):
        raise ConfigError(f"the input of a run must be an object, got {overrides!r}")
    for name in overrides:
        if name not in OVERRIDES:
            raise ConfigError(f"a run has no override {name!r}{did_you_mean(name, OVERRIDES)}")
    if not isinstance(overrides.get("hyperparameters", {}), Mapping):
        raise ConfigError("hyperparameters must be an object of names and values")
    for name in ("preflight", "force"):
        if not isinstance(overrides.get(name, True), bool):
            raise ConfigError(f"{name} must be true or false")
    if not isinstance(overrides.get("attach", ""), str):
        raise ConfigError("attach must be the id of a job")


def _check_name(key: str, name: object, pattern: re.Pattern[str]) -> None:
    if not isinstance(name, str) or len(name) > 63 or not pattern.fullmatch(name):
        raise ConfigError(
            f"{key} must be 1 to 63 letters, digits and '-', starting with a letter or digit, "
            f"got {name!r}"
        )


def _merged(
    target: str, defined: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    changed = overrides.get("hyperparameters", {})
    return checked_hyperparameters(target, {**defined, **changed}, "hyperparameters")
