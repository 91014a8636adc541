"""CDK: the reward function, its monitoring and the RFT job definition, as reusable constructs.

app          which stack does `cdk` see?
stacks       which constructs has the stack of one `rft.toml`?
reward       what is the reward function, and how is it watched?
sandbox      where do programs of rollouts run?
job          what is the training job?
assets       what ships in a Lambda?
lambda_step  what do all our Lambdas share?
permissions  what may a role do, and how is it kept so?
findings     which findings of cdk-nag are accepted, and why?
summary      what has a synthesis made, in a few lines?
node         which Node.js do jsii and the CDK run on?
__main__     how are npm and the CDK's own command run, pinned?
"""

from infra.node import use_node

# jsii starts Node.js when aws_cdk is imported, which every module below does after this line.
use_node()
