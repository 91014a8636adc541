"""The two APIs that run jobs, and the hyperparameters that each takes, in its own spelling.

botocore checks only minima and types, so a batch size of 600 would fail hours later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from rewards.core.tables import TableError, checked, choice, number, table_of, whole
from rewards.job.errors import ConfigError

#: The two APIs that run jobs: Bedrock's own, and the OpenAI-compatible one.
NOVA, OPEN_WEIGHT = "nova", "open-weight"


class Offer(NamedTuple):
    """Where the jobs of a target ran, and from which models; the first region is the default."""

    regions: tuple[str, ...]
    models: tuple[str, ...]


#: What was offered on this day (Bedrock user guide, supported models and regions). What is not in
#: it may be newer: it is told, and not refused.
OFFERED_ON = "2026-11-22"
OFFERED = {
    NOVA: Offer(("us-east-1",), ("amazon.nova-2-lite-v1:0:256k",)),
    OPEN_WEIGHT: Offer(("us-west-2",), ("openai.gpt-oss-20b", "qwen.qwen3-32b")),
}


def doubts(target: str, region: str, base_model: str) -> list[str]:
    """What of a job was not offered when the table was written, a sentence each."""
    offer, found = OFFERED[target], []
    if region not in offer.regions:
        found.append(
            f"region {region}: RFT of {target} models was offered in {', '.join(offer.regions)} on "
            f"{OFFERED_ON}; see the user guide's table of regions"
        )
    is_custom = "." not in base_model or ":custom-model/" in base_model
    if not is_custom and base_model.rpartition("/")[2] not in offer.models:
        found.append(
            f"job.base_model {base_model}: RFT was offered for {', '.join(offer.models)} on "
            f"{OFFERED_ON}; see the user guide's table of models"
        )
    return found


@dataclass(frozen=True, slots=True)
class NovaHyperparameters:
    """`rftConfig.hyperParameters` of CreateModelCustomizationJob, spelt as there."""

    epochCount: Annotated[int | None, whole(1, 50)] = None
    batchSize: Annotated[int | None, whole(16, 512)] = None
    learningRate: Annotated[float | None, number(1e-7, 1e-3)] = None
    maxPromptLength: Annotated[int | None, whole(1)] = None
    trainingSamplePerPrompt: Annotated[int | None, whole(2, 16)] = None
    inferenceMaxTokens: Annotated[int | None, whole(1)] = None
    reasoningEffort: Annotated[str | None, choice("low", "medium", "high")] = None
    evalInterval: Annotated[int | None, whole(1, 100)] = None


@dataclass(frozen=True, slots=True)
class OpenWeightHyperparameters:
    """`method.reinforcement.hyperparameters` of the OpenAI-compatible API, spelt as there.

    Bedrock documents these three, and no ranges for them.
    """

    n_epochs: Annotated[int | None, whole(1)] = None
    batch_size: Annotated[int | None, whole(1)] = None
    learning_rate_multiplier: Annotated[float | None, number(1e-9)] = None


HYPERPARAMETERS: dict[str, type[NovaHyperparameters] | type[OpenWeightHyperparameters]] = {
    NOVA: NovaHyperparameters,
    OPEN_WEIGHT: OpenWeightHyperparameters,
}


def checked_hyperparameters(
    target: str, table: Mapping[str, Any], path: str = ""
) -> dict[str, Any]:
    """The hyperparameters that a job of `target` is given, each in its service's range.

    Raises:
        ConfigError: starting with the hyperparameter's name, after `path`.
    """
    try:
        found = checked(table_of(HYPERPARAMETERS[target]), table, path)
    except TableError as error:
        raise ConfigError(str(error)) from None
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return {name: value for name, value in values.items() if value is not None}
