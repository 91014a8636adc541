"""Build the wheel and the sdist, install the wheel as a stranger would, and use what it promises.

Everything happens in an environment and a folder of its own: nothing of the checkout is on the
path. What is tried: the two commands of the README that need no checkout, and `import rewards`
without any extra.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints, with an environment of nothing but PATH and HOME."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}\n{words[0]} ended with {done.returncode}")
    return done.stdout


def built() -> Path:
    """The wheel, built anew beside the sdist."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", cwd=ROOT)
    (wheel,) = DIST.glob("*.whl")
    return wheel


def main() -> None:
    """Try it; the first thing that fails ends with its output and a status that is not 0."""
    wheel = built()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        empty = folder / "elsewhere"
        empty.mkdir()
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        run(*pip, f"{wheel}", cwd=empty)
        print(run(python, "-c", "import rewards; print(rewards.__file__)", cwd=empty))
        rewards = python.with_name("rewards")
        bare = subprocess.run([rewards], cwd=empty, capture_output=True, text=True, check=False)
        if bare.returncode != 2 or len(bare.stderr.splitlines()) != 1:
            raise SystemExit(f"without extras, rewards should say so in a line:\n{bare.stderr}")
        print(bare.stderr, end="")
        run(*pip, f"{wheel}[workbench]", cwd=empty)
        print(run(rewards, "list", cwd=empty).partition("\n")[0])
        print(run(rewards, "replay", cwd=empty))
    print(f"{wheel.name} installs and runs")


if __name__ == "__main__":
    main()
