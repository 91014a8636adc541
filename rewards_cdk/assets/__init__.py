"""What ships in a Lambda, as zips that are the same wherever they are built. Nothing needs CDK.

platform   where an asset runs, and why on that Python?
places     where are they built, and where are packages kept?
wheels     what is the third-party code for it, at the versions of one lock?
archive    how do files become a zip that is the same everywhere?
bundle     what belongs into each of the zips?
"""

from rewards.core.errors import RewardsError


class BundleError(RewardsError):
    """An asset cannot be built: something it needs is not pinned, not found or not portable."""
