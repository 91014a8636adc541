"""The `rewards` command: one file per command; how errors become messages and exit codes."""

import builtins
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, cast

import typer

from rewards.core.errors import BatchFailedError, RewardsError, Terminated
from rewards.workbench import commands
from rewards.workbench.extras import install_hint
from rewards.workbench.help import CONTEXT, Helpful, epilog
from rewards.workbench.output import say

DIFFERENCE = 1
BAD_INPUT = 2
INTERRUPTED = 130  # 128 + SIGINT, what shells expect
TERMINATED = 143  # 128 + SIGTERM


class _Commands(Mapping[str, Any]):
    """The commands, found by their files; each is imported when it is asked for by name."""

    def __init__(self) -> None:
        self._files = sorted(found.name for found in iter_modules(commands.__path__))
        self._built: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            if name not in self._files:
                raise KeyError(name)
            self._built[name] = _command(name)
        return self._built[name]


def _command(name: str) -> Any:
    """What a file of commands/ defines under its own name: a function, or a group of them."""
    word = f"{name}_" if name in vars(builtins) else name
    defined = getattr(import_module(f"{commands.__name__}.{name}"), word)
    alone = typer.Typer(rich_markup_mode=None)
    if isinstance(defined, typer.Typer):
        alone.add_typer(defined, name=name, cls=Helpful)
    else:
        alone.command(name)(defined)
    return typer.main.get_group(alone).commands[name]


class _Workbench(Helpful):
    """Turns the errors of every command into one line on stderr and an exit code."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast("MutableMapping[str, Any]", _Commands())  # nothing is ever added

    def list_commands(self, ctx: Any) -> list[str]:
        """The names alone: to know them imports no command."""
        return list(self.commands)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader (`| head`) has had enough. Python would complain once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(DIFFERENCE) from None
        except (RewardsError, OSError) as error:
            say(f"rewards: {_reason(error)}")
            raise typer.Exit(DIFFERENCE if _is_verdict(error) else BAD_INPUT) from error
        except ModuleNotFoundError as error:
            hint = install_hint(error)
            if hint is None:
                raise
            print(f"rewards: {hint}", file=sys.stderr)  # `say` may need just what is missing
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt:
            say("rewards: interrupted")
            raise typer.Exit(INTERRUPTED) from None


def _is_verdict(error: Exception) -> bool:
    """Whether an error says that what was asked for came out badly, and not that it is no use."""
    from rewards.workbench.rollouts.firstrows import UnscorableError

    return isinstance(error, BatchFailedError | UnscorableError)


def _reason(error: Exception) -> str:
    """What went wrong in one line; the system's errors without their number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


app = typer.Typer(
    cls=_Workbench,
    context_settings=CONTEXT,
    epilog=epilog(("rewards replay", "rewards score rollouts.jsonl --rubric gsm8k")),
    no_args_is_help=True,
    # Plain help: rich would triple the time that `rewards --help` takes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("bedrock-rft-rewards"))
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Write, prove and replay reward functions for reinforcement fine-tuning on Bedrock."""


def _terminate(*_: object) -> None:
    raise Terminated(TERMINATED)  # not sys.exit(): a scorer may call that, and costs one sample


def main() -> None:
    """Run the command; scorers of one's own are found from the current folder."""
    sys.path.insert(0, str(Path.cwd()))
    # A supervisor's SIGTERM unwinds like Ctrl-C: children end, a resumable run says so.
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without UTF-8 gets escapes in place of a traceback.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="rewards")
