"""What `--help` prints, for every command alike: whole sentences, examples, exit codes."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from typer.core import TyperGroup

EXIT_CODES = (
    "Exit codes: 0 fine; 1 a difference, a scorer's bug, or unscored rows, as told above; "
    "2 wrong usage or unusable input; 130 Ctrl-C; 143 terminated."
)

#: For every group and command: both spellings, and lines as wide as the terminal up to this.
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")

Command = TypeVar("Command", bound=Callable[..., Any])


def examples(*commands: str) -> Callable[[Command], Command]:
    """Give a command examples, which its help shows as they would be typed."""

    def decorate(function: Command) -> Command:
        vars(function)["examples"] = commands
        return function

    return decorate


class Helpful(TyperGroup):
    """A group whose help and whose commands' help tell all that one needs to begin."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, with its examples and the exit codes at the end of its help."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.epilog = epilog(getattr(command.callback, "examples", ()))
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands, each with the first sentence of its help, whole."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                text = " ".join((command.help or "").split())
                sentence = _SENTENCE.match(text)
                rows.append((name, sentence[0] if sentence else text))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def epilog(commands: tuple[str, ...] = ()) -> str:
    r"""The end of a help text; \b keeps typer from joining the lines of the examples."""
    if not commands:
        return EXIT_CODES
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in commands), "", EXIT_CODES])
