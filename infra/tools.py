"""npm and the CDK's own command, as package-lock.json pins it."""

from pathlib import Path

from rewards_cdk.node import node, node_folder

#: The CLI that package-lock.json pins, once `npm ci` has put it there.
CDK = Path(__file__).parent.parent / "node_modules" / "aws-cdk" / "bin" / "cdk"


def cdk_command() -> list[str]:
    """How to run the CLI: not by its first line, which Windows does not read."""
    return [node(), str(CDK)]


def npm_command() -> list[str]:
    """How to run npm: an unpacked wheel keeps no symbolic links, so its own has to be spelt out."""
    folder = node_folder()
    for place in (folder.parent / "lib", folder) if folder else ():  # Unix, Windows
        script = place / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return [node(), str(script)]
    return ["npm"]
