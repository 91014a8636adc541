"""moto's Bedrock looks jobs up by name alone; AWS takes their ARNs as well, and so does this."""

from typing import Any
from urllib.parse import unquote

from moto.bedrock import models as bedrock_models

_get_job = bedrock_models.BedrockBackend.get_model_customization_job
_stop_job = bedrock_models.BedrockBackend.stop_model_customization_job


def _get(self: bedrock_models.BedrockBackend, job_identifier: str) -> Any:
    return _get_job(self, _name_of(job_identifier))


def _stop(self: bedrock_models.BedrockBackend, job_identifier: str) -> None:
    _stop_job(self, _name_of(job_identifier))


def _name_of(identifier: str) -> str:
    """The name in an ARN, which moto leaves quoted as it stood in the path."""
    return unquote(identifier).rpartition("/")[2]


bedrock_models.BedrockBackend.get_model_customization_job = _get
bedrock_models.BedrockBackend.stop_model_customization_job = _stop
