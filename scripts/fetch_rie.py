"""Take AWS's Runtime Interface Emulator out of the aws-sam-cli wheel, without its dependencies.

usage: python scripts/fetch_rie.py            -> .cache/rie/aws-lambda-rie

The emulator is not published as a package of its own. The wheel (Apache-2.0) is pinned by name
and hash in requirements/emulator.txt; it is downloaded, never installed: its dependencies would
pin an old boto3.
"""

import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".cache" / "rie" / "aws-lambda-rie"
ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def main() -> None:
    """Download the wheel with pip, which checks its hash, and keep the one binary."""
    if platform.system() != "Linux" or platform.machine() not in ARCHITECTURES:
        print(f"no emulator for {platform.platform()}: its tests are skipped")
        return
    binary = f"samcli/local/rapid/aws-lambda-rie-{ARCHITECTURES[platform.machine()]}"
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        pinned = str(ROOT / "requirements" / "emulator.txt")
        subprocess.run(
            [*pip, "--no-deps", "--require-hashes", "--dest", folder, "-r", pinned], check=True
        )
        wheel = next(Path(folder).glob("aws_sam_cli-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            TARGET.parent.mkdir(parents=True, exist_ok=True)
            TARGET.write_bytes(archive.read(binary))
    TARGET.chmod(0o755)


if __name__ == "__main__":
    main()
