"""What runs inside the Lambdas of the job's state machine.

handlers  which step of `rewards.job.steps` is which Lambda?
"""
