"""The RFT job as data: read from `rft.toml`, rendered for either API, started and watched.

No CDK here: `app.py` and the `rewards job` commands share one loader (`rewards.job.config`), and
the Lambdas of the job's state machine and the command line share one client for each API.
"""
