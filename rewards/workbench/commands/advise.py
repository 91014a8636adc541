"""`rewards advise`: which hyperparameters a job should start with, and who says otherwise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption, RubricOption, takes_keys
from rewards.workbench.output import counted, figure, print_json, say, show, write_whole
from rewards.workbench.rollouts.rows import Keys

if TYPE_CHECKING:
    from rewards.workbench.trials.advice import HyperparameterAdvice


@examples(
    "rewards advise train.jsonl --rubric gsm8k --validation val.jsonl",
    "rewards advise train.jsonl --rubric gsm8k --rollouts answers.jsonl --write rft.toml",
)
@takes_keys
def advise(  # long: half of it are options
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA...", help="Training rows, as rewards dataset check reads."),
    ],
    rubric: RubricOption,
    keys: Keys,
    validation: Annotated[
        list[str] | None, typer.Option(help="The validation set, for the number of its rows.")
    ] = None,
    rollouts: Annotated[
        str, typer.Option(help="Several answers of the base model a prompt, as JSON lines.")
    ] = "",
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json that counts tokens exactly.")
    ] = None,
    call_cost: Annotated[
        float | None, typer.Option(min=0, help="What a call of the grader costs, in any money.")
    ] = None,
    call_seconds: Annotated[
        float | None, typer.Option(min=0, help="How long a call of the grader takes.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls of the grader at a time.")] = 32,
    write: Annotated[
        Path | None, typer.Option(help="Write the settings into this rft.toml, once you agree.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Advise on hyperparameters for a first job: each with its reason, and who says otherwise.

    Lengths are those of the rows. With --rollouts, the samples per prompt are the fewest with which
    half of the groups give a gradient, and answers may be as long as the sampled ones. Published
    values of the learning rate differ by a factor of a thousand: all are told. What nobody knows,
    such as the service's speed, is not made up.

    --write changes only what a job of the file's target takes, and asks first; comments and other
    keys stay.

    With --json, {"settings": [{"name", "value", "why", "agree", "differ", "bounds"}], "plan":
    {"rows", "dropped", "steps_an_epoch", "steps", "training_calls", "validation_calls",
    "useful_groups_a_step", "grader_money", "grader_hours"}, "dead_share": {SIZE: share}, "notes"}.
    """
    from rewards.workbench.datasets.checking import counter
    from rewards.workbench.datasets.reading import opened_rows
    from rewards.workbench.rollouts.scoring import Scoring
    from rewards.workbench.trials.advice import Basis, Cost, advised
    from rewards.workbench.trials.basis import lengths_of_rows, sampled

    if rollouts == "-":
        raise SpecError("the answers are read twice: they cannot be stdin")
    scoring = Scoring.of(rubric, keys)
    count = counter(tokenizer) if tokenizer is not None else None
    with opened_rows(data) as rows:
        prompts, references = lengths_of_rows(rows.lines(), count)
    validated = 0
    if validation:
        with opened_rows(validation) as rows:
            validated = len(lengths_of_rows(rows.lines(), None)[0])
    answers, completions = sampled(rollouts, scoring, count) if rollouts else (None, None)
    basis = Basis(
        prompts,
        validated,
        references,
        scoring.rubric,
        is_exact=count is not None,
        answers=answers.prompts if answers is not None else (),
        completions=completions,
    )
    found = advised(basis, Cost(call_cost, call_seconds, concurrency))
    if as_json:
        print_json(found.to_dict())
    else:
        _tell(found)
    if write is not None:
        _write(write, found, yes=yes)


def _tell(found: "HyperparameterAdvice") -> None:
    for setting in found.settings:
        value = setting.value if isinstance(setting.value, str) else figure(setting.value)
        show(f"{setting.name} = {value}  ({setting.bounds})", "good")
        show(f"  {setting.why}")
        for source in setting.agree:
            show(f"  as {source}")
        for source in setting.differ:
            show(f"  other than {source}")
    plan = found.plan
    useful = plan.useful_groups_a_step
    show(
        f"\n{counted(plan.rows, 'row')}, {counted(plan.steps, 'step')}"
        + ("" if useful is None else f", {useful:g} groups with a gradient a step")
    )
    show(
        f"{counted(plan.training_calls + plan.validation_calls, 'grader call')}, of which"
        f" {plan.validation_calls:,} for validation"
    )
    if plan.grader_money is not None:
        show(f"the grader costs {plan.grader_money:,.2f}")
    if plan.grader_hours is not None:
        show(f"the grader takes {plan.grader_hours:g} hours")
    for size, share in found.dead_share.items():
        show(f"groups of {size} without gradient: {share:.0%}")
    for note in found.notes:
        show(note)


def _write(path: Path, found: "HyperparameterAdvice", *, yes: bool) -> None:
    """Show what would change in the file, ask, and change it as a whole."""
    from rewards.workbench.trials.settings import changed

    text, changes = changed(path, {one.name: one.value for one in found.settings})
    if not changes:
        say(f"{path} has these settings already")
        return
    for name, (before, after) in changes.items():
        say(f"{path}: {name} = {after:g}" + ("" if before is None else f", was {before}"))
    if not yes and not typer.confirm("Write them?", err=True):
        say("nothing was written")
        return
    write_whole(path.resolve(), text)
