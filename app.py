"""What `cdk` runs: see infra/app.py."""

import sys

from infra.app import main
from rewards.core.errors import RewardsError

if __name__ == "__main__":
    try:
        main()
    except RewardsError as error:
        sys.exit(f"rft: {error}")
