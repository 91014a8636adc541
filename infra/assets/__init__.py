"""What ships in a Lambda, as zips that are the same wherever they are built. Nothing needs CDK.

platform   where an asset runs, and why it is that Python
wheels     third-party code for that platform, at the versions of one lock
archive    files to a zip: its digest, its bytecode
bundle     what belongs into each of the zips
"""

from rewards.core.errors import RewardsError


class BundleError(RewardsError):
    """An asset cannot be built: something it needs is not pinned, not found or not portable."""
