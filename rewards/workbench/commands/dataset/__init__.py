"""`rewards dataset`: what is wrong with training rows, what is in them, and which of them validate.

check     what is wrong with the rows?
"""

import typer

from rewards.workbench.commands.dataset.check import check

dataset = typer.Typer(
    no_args_is_help=True, help="Check, look at and divide the rows that a job is to train on."
)
dataset.command()(check)
