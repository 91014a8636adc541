"""CDK: the reward function, its monitoring and the RFT job definition, as reusable constructs."""

from infra.node import use_node

# jsii starts Node.js when aws_cdk is imported, which every module below does after this line.
use_node()
