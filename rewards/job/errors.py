"""What can go wrong with a job: its definition, its dry run, or the service that runs it.

What is worth another attempt is told apart by class, and only so: the state machine retries by
the names of these classes, the command line by `except`.
"""

from rewards.core.errors import RewardsError


class ConfigError(RewardsError, ValueError):
    """A key of `rft.toml` (or an override of it) cannot be used; names file, key and remedy."""


class PreflightError(RewardsError):
    """The deployed reward does not tell a reference from a corrupted one: no job is created."""


class JobError(RewardsError):
    """The service refused a request about a job; the same request would be refused again."""


class MissingError(JobError):
    """There is no such job, dataset or deployment."""


class TransientError(JobError):
    """No answer, half of one, or one that says to come back: the same request may be sent again."""


class QuotaError(JobError):
    """A quota of the account is used up; the same request may succeed when a job has ended."""
