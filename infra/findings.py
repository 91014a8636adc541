"""cdk-nag, over every synth; what is accepted stands beside the constructs, with its reason."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks


def check(app: App) -> None:
    """Hold the app to the AwsSolutions rules: a finding that nothing accepts fails the synth."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
