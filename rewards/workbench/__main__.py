"""The `rewards` command, also as `python -m rewards.workbench`."""

import sys

from rewards.workbench.extras import install_hint


def main() -> None:
    """Run the command, or say in a sentence what it needs that is not installed."""
    try:
        from rewards.workbench.cli import main as run
    except ModuleNotFoundError as error:
        hint = install_hint(error)
        if hint is None:
            raise
        print(f"rewards: {hint}", file=sys.stderr)
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
