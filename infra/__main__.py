"""npm and the CDK CLI, pinned, and what a synthesis has made: `python -m infra TOOL ...`.

`npm ci` and `cdk deploy` run these; `summary` describes the last synthesis.
"""

import os
import subprocess
import sys
from pathlib import Path

from infra.summary import summary
from infra.tools import cdk_command, npm_command


def main() -> None:
    """Run a tool with what follows it, and end with its exit code; or print the summary."""
    tool, *arguments = sys.argv[1:]
    if tool == "summary":
        print("\n".join(summary()))
        return
    # Neither looks up anything: synthesis has to work without a network.
    os.environ.setdefault("CDK_DISABLE_VERSION_CHECK", "1")
    os.environ.setdefault("CDK_DISABLE_CLI_TELEMETRY", "1")
    # cdk.json says `python3 app.py`, which has to be this interpreter.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = npm_command() if tool == "npm" else cdk_command()
    sys.exit(subprocess.run([*command, *arguments], check=False).returncode)


if __name__ == "__main__":
    main()
