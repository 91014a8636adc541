"""The Lambdas of the job's state machine."""
