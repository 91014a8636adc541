"""The job definition: what a deployment keeps in its SSM parameter.

A definition holds the request of either API, complete but for the names of one run
(`rewards.job.prepared`).
"""

from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from rewards.job.errors import ConfigError
from rewards.job.settings import JobSettings, RftConfig, Vpc
from rewards.job.targets import NOVA, OPEN_WEIGHT, checked_hyperparameters
from rewards.rubric.spec import RubricSpec, load_spec
from rewards.wire.telemetry import NAMESPACE

#: Parameter and state machine of a deployment, by its name in `rft.toml`.
PARAMETER = "/rft/{name}/job"
STATE_MACHINE = "rft-{name}"

#: Below these keys of a deployment's own bucket lie what jobs are trained on, and what they give.
DATASETS, OUTPUT = "datasets/", "output/"

#: The form of the definitions that this code reads and writes.
VERSION = 2

#: The tag by which a job is known for its deployment's; the others tell its run, and that it was
#: started on a dataset whose errors somebody chose to pass over.
DEPLOYMENT_TAG, RUN_TAG, FORCED_TAG = "rft:deployment", "rft:run", "rft:forced"


class NamePrefixes(TypedDict):
    """Prefixes of the names that a run gives."""

    job: str
    model: str


class DatasetPlace(TypedDict):
    """Where a dataset was put by the deployment, and where the job finds it.

    The same for one in a bucket of the user's. A local file becomes an asset, in a bucket that
    CDK may clear; before a job starts it is copied into the deployment's own.
    """

    source: str
    uri: str


class PreflightRules(TypedDict):
    """The check before a job; `full_marks` None leaves out that of the reward.

    `force` goes on where a dataset has errors.
    """

    samples: int
    completion: str
    full_marks: float | None
    force: bool


class WatchRules(TypedDict):
    """Where the reward's figures are, what they mean, and which verdicts stop a running job.

    `dimensions` are those of its metrics, `span` is the width of its range.
    """

    namespace: str
    dimensions: dict[str, str]
    components: list[str]
    goal: str
    span: float
    stop_on: list[str]


class JobDefinition(TypedDict):
    """What a deployment keeps of its job: the contract of infra, Lambdas and command line.

    `datasets` are the training set, then those for validation; `function` is the version of the
    reward, `request` the body of either API without what belongs to one run.
    """

    version: int
    deployment: str
    target: str
    region: str
    state_machine: str
    timeout_hours: int
    names: NamePrefixes
    datasets: list[DatasetPlace]
    function: str
    preflight: PreflightRules
    request: dict[str, Any]
    #: Absent in what was deployed before running jobs were asked how they do.
    watch: NotRequired[WatchRules]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What only a deployment knows of a job: its role, the reward's version, where the data is."""

    state_machine_arn: str
    role_arn: str
    function_arn: str
    train: DatasetPlace
    output_uri: str
    validation: tuple[DatasetPlace, ...] = ()

    @classmethod
    def placeholders(cls, config: RftConfig) -> "Deployed":
        """Stand-ins for what does not exist before the first deployment."""
        assert config.data is not None
        return cls(
            state_machine_arn="${StateMachineArn}",
            role_arn="${JobRoleArn}",
            function_arn="${RewardFunctionVersionArn}",
            train=_placeholder(config.data.train),
            output_uri=f"s3://${{DataBucket}}/{OUTPUT}",
            validation=tuple(_placeholder(source) for source in config.data.validation),
        )


def _placeholder(source: str) -> DatasetPlace:
    if source.startswith("s3://"):
        return DatasetPlace(source=source, uri=source)
    name = "${HashOf:" + source + "}.jsonl"
    return DatasetPlace(
        source="s3://${AssetBucket}/" + name, uri="s3://${DataBucket}/datasets/" + name
    )


def define(config: RftConfig, deployed: Deployed, *, full_marks: float | None) -> JobDefinition:
    """The job definition as JSON: `full_marks` is what a reference must earn in the preflight.

    None where the rubric has no such reward (it normalises within each batch): the preflight is
    then left out, unless the configuration gives its own `full_marks`.
    """
    assert config.job is not None
    assert config.data is not None
    request = _bedrock(config, deployed) if config.target == NOVA else _mantle(config, deployed)
    preflight = config.preflight
    if preflight.full_marks is not None:
        full_marks = preflight.full_marks
    return JobDefinition(
        version=VERSION,
        deployment=config.name,
        target=config.target,
        region=config.region,
        state_machine=deployed.state_machine_arn,
        timeout_hours=config.job.timeout_hours,
        names=NamePrefixes(job=config.job_name, model=config.model_name),
        datasets=[deployed.train, *deployed.validation],
        function=deployed.function_arn,
        preflight=PreflightRules(
            samples=0 if full_marks is None else preflight.samples,
            completion=preflight.completion,
            full_marks=full_marks,
            force=config.data.force,
        ),
        request=request,
    )


def watched(spec: RubricSpec, service: str, job: JobSettings) -> WatchRules:
    """How a running job is asked how it does: by the metrics of the reward called `service`."""
    low, high = spec.range
    return WatchRules(
        namespace=NAMESPACE,
        dimensions={"service": service, "rubric": spec.name},
        components=[component.name for component in spec.component],
        goal=spec.aim(),
        span=high - low,
        stop_on=list(job.stop_on),
    )


def undeployed(config: RftConfig) -> JobDefinition:
    """The definition before any deployment: a placeholder stands for what it would add.

    Raises:
        ConfigError: there is no job to define.
    """
    if config.job is None:
        raise ConfigError("there is no [job] in the configuration, so no request to render")
    full_marks = full_marks_of(load_spec(config.rubric))
    return define(config, Deployed.placeholders(config), full_marks=full_marks)


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
        "trainingDataConfig": {"s3Uri": deployed.train["uri"]},
        "outputDataConfig": {"s3Uri": deployed.output_uri},
        "customizationConfig": {
            "rftConfig": {
                "graderConfig": {"lambdaGrader": {"lambdaArn": deployed.function_arn}},
                "hyperParameters": checked_hyperparameters(NOVA, job.hyperparameters),
            }
        },
    }
    if deployed.validation:
        validators = [{"s3Uri": dataset["uri"]} for dataset in deployed.validation]
        request["validationDataConfig"] = {"validators": validators}
    if job.kms_key:
        request["customModelKmsKeyId"] = job.kms_key
    if job.vpc:
        request["vpcConfig"] = _vpc(job.vpc)
    tags = [{"key": name, "value": value} for name, value in sorted(config.tags.items())]
    request["jobTags"] = [*tags, {"key": DEPLOYMENT_TAG, "value": config.name}]
    if tags:
        request["customModelTags"] = tags
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
