"""The CDK app: `rft.toml` as a stack, checked by cdk-nag on every synth.

Context overrides single keys: `cdk deploy -c rft.job.hyperparameters.epochCount=2`, and
`-c config=other.toml` takes another file.
"""

import os
from pathlib import Path

from aws_cdk import App

from infra.findings import check
from infra.stacks import RftStack
from rewards.job.config import CONTEXT_PREFIX, DEFAULT_FILE, load_config


def main(app: App | None = None) -> None:
    """Synthesise what the app's context names: by default `cdk.json`'s and the command line's."""
    app = app or App()
    context = app.node.get_all_context()
    overrides = {
        key.removeprefix(CONTEXT_PREFIX): str(value)
        for key, value in context.items()
        if key.startswith(CONTEXT_PREFIX)
    }
    path = Path(__file__).parent.parent / str(context.get("config", DEFAULT_FILE))
    config = load_config(path, overrides, context.get("stage"))
    account = os.environ.get("CDK_DEFAULT_ACCOUNT")
    RftStack(app, f"Rft-{config.name}", config=config, account=account)
    check(app)
    app.synth()
