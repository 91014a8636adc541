"""cdk-nag over every synth, and the reasons for what it may not hold against us."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks
from infra.stacks import RftStack


def check_stack(app: App, stack: RftStack) -> None:
    """Run the AwsSolutions rules when the app is synthesised: a finding without a reason fails."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
