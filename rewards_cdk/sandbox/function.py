"""The sandbox Lambda: no permission but its own log, and no data but the programs it is handed.

It is in no VPC, so that it has no route to what is in one; programs are kept from any network by
the engine inside.
"""

from aws_cdk import Duration
from constructs import Construct

from rewards.rubric import Rubric
from rewards_cdk.assets.bundle import build_sandbox
from rewards_cdk.assets.platform import Platform
from rewards_cdk.lambda_step import LOG_DAYS, LambdaStep

HANDLER = "rewards.sandbox.remote.function.lambda_handler"

#: One CPU and its memory; the client waits for two minutes at the most.
MEMORY, TIMEOUT = 1769, 120

#: Containers at once: endless programs cost no more than these.
CONCURRENCY = 10


def wanted(rubric: Rubric) -> bool:
    """Whether a component of the rubric names the engine "lambda"."""
    return any(component.params.get("engine") == "lambda" for component in rubric.components)


class SandboxFunction(LambdaStep):
    """CPython that forks a confined process for each program of a batch."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        owner: str,
        platform: Platform,
        log_days: int = LOG_DAYS,
    ) -> None:
        """Define the function; `owner` is the deployment's name."""
        super().__init__(
            scope,
            id,
            owner=owner,
            asset=build_sandbox(platform=platform),
            handler=HANDLER,
            does="the function that runs programs",
            allowed=[],
            timeout=Duration.seconds(TIMEOUT),
            memory=MEMORY,
            architecture=platform.architecture,
            log_days=log_days,
            description="RFT sandbox: runs programs of rollouts",
            reserved_concurrent_executions=CONCURRENCY,
        )
