"""The stack of one `rft.toml`."""

from aws_cdk import Environment, Stack
from constructs import Construct

from rewards.job.settings import RftConfig
from rewards_cdk.deployment import RftDeployment


class RftStack(Stack):
    """What `rft.toml` says, as a stack of its own in the region that it says."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: RftConfig,
        account: str | None = None,
        local_build: bool = False,
    ) -> None:
        """Deploy what `config` asks for; `account` None leaves it to the deployment."""
        super().__init__(
            scope,
            id,
            env=Environment(account=account, region=config.region),
            description=f"RFT reward function {config.name}",
        )
        RftDeployment(
            self,
            "Default",  # this part of a path does not show in the names of the resources
            name=config.name,
            reward=config.reward,
            data=config.data,
            job=config.job,
            target=config.target,
            preflight=config.preflight,
            email=config.email,
            log_kms_key=config.log_kms_key,
            tags=config.tags,
            root=config.root,
            local_build=local_build,
        )
