"""CDK constructs: a reward function, its monitoring and its RFT job, for apps of anybody's.

deployment     what does one reward with its job put into a stack?
notifications  where do alarms and job changes go?
reward         what is the reward function, and how is it watched?
sandbox        where do programs of rollouts run?
job            what is the training job?
assets         what ships in a Lambda?
lambda_step    what do all our Lambdas share?
permissions    what may a role do, and how is it kept so?
findings       which findings of cdk-nag are accepted, and why?
node           which Node.js does jsii run on?
"""

from importlib.util import find_spec

for _needed in ("aws_cdk", "uv", "packaging"):
    if find_spec(_needed) is None:
        raise ModuleNotFoundError(
            f"rewards_cdk needs {_needed}: pip install 'bedrock-rft-rewards[cdk]'", name=_needed
        )

from rewards_cdk.node import use_node  # noqa: E402

# jsii starts Node.js when aws_cdk is imported, which every module below does after this line.
use_node()
