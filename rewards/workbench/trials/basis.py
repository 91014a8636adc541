"""What is known of a job before it starts: lengths of its rows, and of its base model's answers."""

from collections.abc import Callable, Iterable

from rewards.core.errors import EventError
from rewards.job.datasets.lengths import tokens
from rewards.job.datasets.rows import read_row as read_training_row
from rewards.job.datasets.rows import understood
from rewards.workbench.datasets.contents import Spread, as_text, spread
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.rows import read_row
from rewards.workbench.rollouts.scoring import Scoring
from rewards.workbench.trials.answers import Answers, scored

Count = Callable[[str], int]


def lengths_of_rows(lines: Iterable[bytes], count: Count | None) -> tuple[list[int], Spread | None]:
    """Tokens of each prompt that is there, and of the references.

    Prompts at the high end of their estimate, unless `count` counts them: what is too long is lost.
    """
    prompts: list[int] = []
    references: list[int] = []
    for line in lines:
        found = read_training_row(line)
        row = understood(found[0]) if found is not None else None
        if row is None or not row.turns:
            continue
        text = row.prompt
        prompts.append(tokens(text, len(row.turns)).high if count is None else count(text))
        if row.reference is not None:
            reference = as_text(row.reference)
            references.append(tokens(reference).estimate if count is None else count(reference))
    return prompts, spread(references)


def sampled(file: str, scoring: Scoring, count: Count | None) -> tuple[Answers, Spread | None]:
    """The rewards of a base model's answers, and how long they are.

    Raises:
        RewardsError: the rubric or the file cannot be used.
    """
    with opened(file) as source:
        answers = scored(source, scoring)
    lengths = []
    with opened(file) as source:
        for line in source.lines():
            try:
                sample = read_row(line, scoring.keys).sample
            except EventError:
                continue
            if sample is not None:
                text = f"{sample.reasoning}\n{sample.completion}".strip()
                lengths.append(tokens(text).high if count is None else count(text))
    return answers, spread(lengths)
