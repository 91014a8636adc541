"""AWS on loopback for `make deploy-local`: moto, extended by what the stack needs of it."""

import infra  # noqa: F401 - chooses the Node.js that jsii starts on, before aws_cdk is imported
