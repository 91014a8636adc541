"""`rewards judge`: does a judge agree with people, and tests of it that need no account.

calibrate   does a judge agree with people's labels?
recording   what did a judge reply, and what is that worth without it?
"""

import typer

from rewards.workbench.commands.judge.calibrate import calibrate
from rewards.workbench.commands.judge.recording import record, replay

judge = typer.Typer(no_args_is_help=True, help="Calibrate a judge; record and replay its replies.")
for command in (record, replay, calibrate):
    judge.command()(command)
