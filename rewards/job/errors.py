"""What can go wrong with a job: its definition, its dry run, or the service that runs it."""

from rewards.errors import RewardsError


class ConfigError(RewardsError, ValueError):
    """A key of `rft.toml` (or an override of it) cannot be used; names file, key and remedy."""


class PreflightError(RewardsError):
    """The deployed reward does not tell a reference from a corrupted one: no job is created."""


class JobError(RewardsError):
    """The service refused a request about a job, or the job is not there."""


class ThrottledError(JobError):
    """The service is busy; the same request may be sent again later."""
