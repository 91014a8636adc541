"""The rows of a data set as cases to try a rubric on: a prompt, and what is right by the row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import EventError, SpecError
from rewards.core.sample import Sample
from rewards.rubric import Rubric
from rewards.wire.contract import ASSISTANT_ROLES, Row
from rewards.workbench.auditing.golds import Gold, gold_of
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.rows import Keys, as_row, read_json
from rewards.workbench.rollouts.run import Advance, silent


@dataclass(frozen=True, slots=True)
class Case:
    """A row that can be tried: its line in the file, its sample, what is right on it.

    `answered` is the completion that the row has of its own; empty where it is a row of a data set,
    which ends with the user's turn.
    """

    line: int
    sample: Sample
    gold: Gold
    answered: str = ""


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of a file, and the rows that are none, each with the reason."""

    rows: int
    cases: tuple[Case, ...]
    unusable: tuple[tuple[int, str], ...] = ()

    def spread(self, most: int) -> "Cases":
        """At most so many cases, evenly spread over the file."""
        step = max(1, -(-len(self.cases) // most)) if most else 1
        return Cases(self.rows, self.cases[::step], self.unusable)


def read_cases(source: Source, rubric: Rubric, keys: Keys, advance: Advance = silent) -> Cases:
    """Every row of a data set, or of a file of rollouts.

    Raises:
        SpecError: no row can be used; the message says why, and what to do.
    """
    cases: list[Case] = []
    unusable: list[tuple[int, str]] = []
    rows = 0
    for line in source.lines():
        rows += 1
        try:
            value = read_json(line)
            row = as_row(_answered(value, keys), line.place, keys)
            sample = _sample(row)
        except EventError as error:
            unusable.append((line.number, str(error)))
            continue
        gold = gold_of(sample, value, rubric)
        if gold is None:
            unusable.append((line.number, "no reference that says what is right"))
        else:
            cases.append(Case(line.number, sample, gold, sample.completion))
        advance(rows, None)
    if not cases:
        first = f" (line {unusable[0][0]}: {unusable[0][1]})" if unusable else ""
        raise SpecError(
            f"{source.name}: no row has a prompt and a reference{first}; name their fields with "
            "--prompt-key and --reference-key"
        )
    return Cases(rows, tuple(cases), tuple(unusable))


def _sample(row: Row) -> Sample:
    if row.sample is None:
        assert row.fault is not None
        raise EventError(row.fault.detail, row.fault.kind)
    if not row.sample.prompt:
        raise EventError("no prompt", "no_messages")
    return row.sample


def _answered(value: object, keys: Keys) -> object:
    """The row with a completion, an empty one where it has none yet."""
    if not isinstance(value, Mapping):
        return value
    row: dict[str, Any] = dict(value)
    messages = row.get("messages")
    if keys.plain or "messages" not in row:
        row.setdefault(keys.completion, "")
    elif isinstance(messages, Sequence) and messages and not _ends_answered(messages):
        row["messages"] = [*messages, {"role": "assistant", "content": ""}]
    return row


def _ends_answered(messages: Sequence[object]) -> bool:
    last = messages[-1]
    return isinstance(last, Mapping) and last.get("role") in ASSISTANT_ROLES
