"""The job definition: what a deployment keeps in its SSM parameter, and what a run makes of it.

A definition holds the request of either API, complete but for the names of one run. A *run* is
one start of it: its id names the job and the model, and is the token that makes creation
idempotent. The same function turns definition, run and overrides into the request wherever that
happens: in the state machine's Lambdas, in `rewards job start --direct` and in `render`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewards.job.config import (
    NOVA,
    OPEN_WEIGHT,
    RftConfig,
    Vpc,
    checked_hyperparameters,
)
from rewards.job.errors import ConfigError
from rewards.rubric.spec import RubricSpec

#: Parameter and state machine of a deployment, by its name in `rft.toml`.
PARAMETER = "/rft/{name}/job"
STATE_MACHINE = "rft-{name}"

#: Seconds between two looks at a job that runs for hours.
POLL_SECONDS = 300

#: What the input of a run may say; everything else in it is a misspelling. ("Comment" is in
#: the input that the Step Functions console starts from.)
OVERRIDES = ("hyperparameters", "job_name", "model_name", "poll_seconds", "preflight", "Comment")

#: The length of a UUID, which is what Step Functions calls an execution that is given no name.
_LONGEST_RUN = 36

_JOB_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9+.-]{0,62}", re.ASCII)
_MODEL_NAME = re.compile(r"[0-9a-zA-Z]([_-]?[0-9a-zA-Z]){0,62}[_-]?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What only a deployment knows of a job: its role, the reward's version, where the data is."""

    state_machine_arn: str
    role_arn: str
    function_arn: str
    train_uri: str
    output_uri: str
    validation_uris: tuple[str, ...] = ()

    @classmethod
    def placeholders(cls, config: RftConfig) -> "Deployed":
        """Stand-ins for what does not exist before the first deployment."""
        assert config.data is not None
        return cls(
            state_machine_arn="${StateMachineArn}",
            role_arn="${JobRoleArn}",
            function_arn="${RewardFunctionVersionArn}",
            train_uri=_uri(config.data.train),
            output_uri="s3://${DataBucket}/output/",
            validation_uris=tuple(_uri(source) for source in config.data.validation),
        )


def _uri(source: str) -> str:
    return source if source.startswith("s3://") else "s3://${AssetBucket}/${HashOf:" + source + "}"


def define(config: RftConfig, deployed: Deployed, *, full_marks: float | None) -> dict[str, Any]:
    """The job definition as JSON: `full_marks` is what a reference must earn in the preflight.

    None where the rubric has no such reward (it normalises within each batch): the preflight is
    then left out, unless the configuration gives its own `full_marks`.
    """
    assert config.job is not None
    request = _bedrock(config, deployed) if config.target == NOVA else _mantle(config, deployed)
    preflight = config.preflight
    if preflight.full_marks is not None:
        full_marks = preflight.full_marks
    return {
        "target": config.target,
        "region": config.region,
        "state_machine": deployed.state_machine_arn,
        "names": {"job": config.job_name, "model": config.model_name},
        "dataset": deployed.train_uri,
        "function": deployed.function_arn,
        "preflight": {
            "samples": 0 if full_marks is None else preflight.samples,
            "completion": preflight.completion,
            "full_marks": full_marks,
        },
        "request": request,
    }


def full_marks_of(spec: RubricSpec) -> float | None:
    """The highest reward of a rubric; None where rewards are relative to their batch."""
    return None if spec.normalize else spec.range[1]


def _bedrock(config: RftConfig, deployed: Deployed) -> dict[str, Any]:
    """CreateModelCustomizationJob without the names of a run."""
    job = config.job
    assert job is not None
    request: dict[str, Any] = {
        "roleArn": deployed.role_arn,
        "baseModelIdentifier": job.base_model,
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "trainingDataConfig": {"s3Uri": deployed.train_uri},
        "outputDataConfig": {"s3Uri": deployed.output_uri},
        "customizationConfig": {
            "rftConfig": {
                "graderConfig": {"lambdaGrader": {"lambdaArn": deployed.function_arn}},
                "hyperParameters": checked_hyperparameters(NOVA, job.hyperparameters),
            }
        },
    }
    if deployed.validation_uris:
        validators = [{"s3Uri": uri} for uri in deployed.validation_uris]
        request["validationDataConfig"] = {"validators": validators}
    if job.kms_key:
        request["customModelKmsKeyId"] = job.kms_key
    if job.vpc:
        request["vpcConfig"] = _vpc(job.vpc)
    if config.tags:
        tags = [{"key": name, "value": value} for name, value in sorted(config.tags.items())]
        request |= {"jobTags": tags, "customModelTags": tags}
    return request


def _vpc(vpc: Vpc) -> dict[str, list[str]]:
    return {
        "subnetIds": list(vpc.subnet_ids),
        "securityGroupIds": list(vpc.security_group_ids),
    }


def _mantle(config: RftConfig, deployed: Deployed) -> dict[str, Any]:
    """POST /v1/fine_tuning/jobs without the file, which each run uploads for itself."""
    job = config.job
    assert job is not None
    return {
        "model": job.base_model,
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "grader": {"type": "lambda", "lambda": {"function": deployed.function_arn}},
                "hyperparameters": checked_hyperparameters(OPEN_WEIGHT, job.hyperparameters),
            },
        },
    }


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """One run, ready to be sent: `request` is complete, but for an open-weight job's file id.

    `token` is derived from the run's id: sending a run twice creates one job. `filename` is the
    name under which an open-weight run's dataset is uploaded, and by which its job is found.
    """

    token: str
    job_name: str
    request: Mapping[str, Any]

    @property
    def filename(self) -> str:
        """The dataset's name at the OpenAI-compatible API."""
        return f"{self.job_name}.jsonl"


def prepare(
    definition: Mapping[str, Any], run_id: str, overrides: Mapping[str, Any]
) -> PreparedRun:
    """What one run sends: the definition with the run's names and its `overrides`.

    `overrides` may hold `job_name`, `model_name` (whole names, not prefixes), `hyperparameters`
    (merged over the definition's), `poll_seconds` and `preflight` (false goes without).

    Raises:
        ConfigError: naming the override, the value and the remedy.
    """
    _check_overrides(overrides)
    target, names = definition["target"], definition["names"]
    token = token_of(run_id)
    job_name = overrides.get("job_name") or f"{names['job']}-{token}"
    _check_name("job_name", job_name, _JOB_NAME)
    request = dict(definition["request"])
    changed = overrides.get("hyperparameters", {})
    if target == NOVA:
        model_name = overrides.get("model_name") or f"{names['model']}-{token}"
        _check_name("model_name", model_name, _MODEL_NAME)
        rft = request["customizationConfig"]["rftConfig"]
        rft = {**rft, "hyperParameters": _merged(target, rft["hyperParameters"], changed)}
        request |= {
            "jobName": job_name,
            "customModelName": model_name,
            "clientRequestToken": token,
            "customizationConfig": {"rftConfig": rft},
        }
    else:
        if "model_name" in overrides:
            raise ConfigError("model_name has no place in an open-weight job")
        method = request["method"]["reinforcement"]
        method = {**method, "hyperparameters": _merged(target, method["hyperparameters"], changed)}
        request["method"] = {"type": "reinforcement", "reinforcement": method}
    return PreparedRun(token, job_name, request)


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
    from rewards.core.errors import did_you_mean

    if not isinstance(overrides, Mapping):
        raise ConfigError(f"the input of a run must be an object, got {overrides!r}")
    for name in overrides:
        if name not in OVERRIDES:
            raise ConfigError(f"a run has no override {name!r}{did_you_mean(name, OVERRIDES)}")
    if not isinstance(overrides.get("hyperparameters", {}), Mapping):
        raise ConfigError("hyperparameters must be an object of names and values")
    seconds = overrides.get("poll_seconds", POLL_SECONDS)
    if type(seconds) is not int or not 1 <= seconds <= 3600:
        raise ConfigError(f"poll_seconds must be a whole number from 1 to 3600, got {seconds!r}")
    if not isinstance(overrides.get("preflight", True), bool):
        raise ConfigError("preflight must be true or false")


def _check_name(key: str, name: object, pattern: re.Pattern[str]) -> None:
    if not isinstance(name, str) or len(name) > 63 or not pattern.fullmatch(name):
        raise ConfigError(
            f"{key} must be 1 to 63 letters, digits and '-', starting with a letter or digit, "
            f"got {name!r}"
        )


def _merged(target: str, defined: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    return checked_hyperparameters(target, {**defined, **changed}, "hyperparameters")
