"""A dataset checked on its own, with a rubric, and beside a validation set."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rewards.core.errors import SpecError
from rewards.job.datasets.asking import demands
from rewards.job.datasets.check import Prompts, Rules, check_dataset
from rewards.job.datasets.findings import DatasetReport, FlawTally
from rewards.job.datasets.golds import check_golds
from rewards.job.definition import full_marks_of
from rewards.rubric import Rubric
from rewards.workbench.datasets.reading import Rows, opened_rows


@dataclass(frozen=True, slots=True)
class Beside:
    """What a check goes by besides the rows.

    `completion` makes a completion of a reference, as `[preflight] completion` of a job does.
    """

    rubric: Rubric | None = None
    max_prompt_length: int | None = None
    count: Callable[[str], int] | None = None
    completion: str = "{reference}"


def checked(rows: Rows, beside: Beside, validation: list[str]) -> DatasetReport:
    """What is wrong with a dataset; rows of a `leak` are those of the validation set."""
    tally = FlawTally()
    rubric = beside.rubric
    rules = Rules(
        max_prompt_length=beside.max_prompt_length,
        count=beside.count,
        demands=tuple(demands(rubric)) if rubric is not None else (),
    )
    report, prompts = check_dataset(rows.lines(), rules, tally)
    if rubric is not None:
        full_marks = full_marks_of(rubric.spec)
        check_golds(rows.lines(), report.rows, rubric, beside.completion, full_marks, tally)
    if validation:
        tally.take("leak", _leaks(validation, prompts))
    return tally.report(report.rows)


def counter(tokenizer: Path) -> Callable[[str], int]:
    """What counts the tokens of a text by a tokenizer of the user's (`tokenizer.json`).

    Raises:
        SpecError: the file is none.
        ModuleNotFoundError: what reads it is not installed.
    """
    tokenizers = import_module("tokenizers")
    if not tokenizer.is_file():
        raise SpecError(f"{tokenizer}: there is no such tokenizer.json")
    try:
        found = tokenizers.Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        raise SpecError(f"{tokenizer}: no tokenizer.json: {error}") from None
    return lambda text: len(found.encode(text, add_special_tokens=False).ids)


def _leaks(validation: list[str], train: Prompts) -> FlawTally:
    tally = FlawTally()
    with opened_rows(validation) as rows:
        check_dataset(rows.lines(), Rules(against=train, is_validation=True), tally)
    return tally
