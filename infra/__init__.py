"""The CDK app of this repository: `rft.toml` as a stack of the constructs of `rewards_cdk`.

app       which stack does `cdk` see?
stacks    what is the stack of one `rft.toml`?
findings  how is it held to cdk-nag?
summary   what has a synthesis made, in a few lines?
tools     how are npm and the CDK's own command run, pinned?
__main__  which of them does the Makefile call?
"""

# Before aws_cdk is imported: it chooses the Node.js that jsii starts.
import rewards_cdk  # noqa: F401
