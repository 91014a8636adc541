"""Build the wheel and the sdist, install the wheel as a stranger would, and use what it promises.

Everything happens in an environment and a folder of its own: nothing of the checkout is on the
path. What is tried: `import rewards` without any extra, what is said where one is missing, the two
commands of the README that need no checkout, and the CDK app of docs/deploy.md, synthesised from
the wheel alone, with the same code for Lambda as the checkout makes.
"""

import os
import re
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


def say_what_is_missing(python: Path, folder: Path) -> None:
    """Without its extra, the constructs end in one sentence that names it."""
    done = subprocess.run(
        [python, "-c", "import rewards_cdk.deployment"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.splitlines()[-1] if done.stderr else "nothing"
    if "pip install 'bedrock-rft-rewards[cdk]'" not in said:
        raise SystemExit(f"without its extra, rewards_cdk should say so, and says {said}")
    print(said)


def synthesise(python: Path, folder: Path) -> None:
    """The first app of docs/deploy.md that deploys something, as `cdk synth` would run it."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (folder / "app.py").write_text(next(b for b in blocks if "app.synth()" in b), "utf-8")
    out = folder / "cdk.out"
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env["XDG_CACHE_HOME"] = str(folder / "cache")
    subprocess.run([python, "app.py"], cwd=folder, env={**env, "CDK_OUTDIR": str(out)}, check=True)
    if not list(out.glob("*.template.json")):
        raise SystemExit("the app of docs/deploy.md made no template")
    (wheels,) = (folder / "cache").rglob("reward-*.zip")
    command = [sys.executable, "-m", "rewards_cdk.assets.bundle", "gsm8k", str(folder / "here")]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (ours,) = (folder / "here").glob("reward-*.zip")
    if wheels.name != ours.name:
        raise SystemExit(f"the wheel builds {wheels.name}, and the checkout {ours.name}")
    print(f"docs/deploy.md synthesises from the wheel alone, with the checkout's own {ours.name}")


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
        say_what_is_missing(python, empty)
        run(*pip, f"{wheel}[workbench]", cwd=empty)
        print(run(rewards, "list", cwd=empty).partition("\n")[0])
        print(run(rewards, "replay", cwd=empty))
        run(*pip, f"{wheel}[cdk]", cwd=empty)
        synthesise(python, empty)
    print(f"{wheel.name} installs and runs")


if __name__ == "__main__":
    main()
