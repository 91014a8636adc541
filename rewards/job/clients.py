"""Which service runs the jobs of a definition."""

import os
from collections.abc import Mapping
from typing import Any

from rewards.job.aws import aws_client
from rewards.job.bedrock import BedrockJobs
from rewards.job.jobs import Jobs
from rewards.job.mantle import Api, MantleJobs, bearer_token
from rewards.job.targets import NOVA


def jobs_of(definition: Mapping[str, Any], *, endpoint_url: str | None = None) -> Jobs:
    """The service that runs the jobs of this definition; `endpoint_url` is for a local one."""
    region = definition["region"]
    if definition["target"] == NOVA:
        return BedrockJobs(aws_client("bedrock", region=region, endpoint_url=endpoint_url))
    url = os.environ.get("AWS_ENDPOINT_URL_BEDROCK_MANTLE") or endpoint_url
    base = f"{url.rstrip('/')}/v1" if url else f"https://bedrock-mantle.{region}.api.aws/v1"
    return MantleJobs(Api(base, token=lambda: bearer_token(region)))
