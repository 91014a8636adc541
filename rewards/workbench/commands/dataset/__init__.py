"""`rewards dataset`: what is wrong with training rows, what is in them, and which of them validate.

check     what is wrong with the rows?
profile   what is in them?
split     which of them train, and which validate?
"""

import typer

from rewards.workbench.commands.dataset.check import check
from rewards.workbench.commands.dataset.profile import profile
from rewards.workbench.commands.dataset.split import split

dataset = typer.Typer(
    no_args_is_help=True, help="Check, look at and divide the rows that a job is to train on."
)
for command in (check, profile, split):
    dataset.command()(command)
