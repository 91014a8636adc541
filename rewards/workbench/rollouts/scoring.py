"""How rows become output lines: the handler's path, a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import EventError
from rewards.rubric import Rubric
from rewards.wire.answering import answer_rows
from rewards.wire.contract import Row
from rewards.workbench.output import json_text
from rewards.workbench.rollouts.explain import explanation
from rewards.workbench.rollouts.grouping import group_records
from rewards.workbench.rollouts.rows import Keys, Line, read_row
from rewards.workbench.rollouts.tally import Tally

Task = list[list[Line]]

#: Malformed lines that are reported one by one; all are counted.
MAX_REPORTED = 20


@dataclass(frozen=True)
class Scored:
    """What a task gave: output lines, figures, the malformed lines that are reported, groups."""

    data: bytes
    tally: Tally
    malformed: list[dict[str, Any]]
    groups: bytes = b""


@dataclass(frozen=True)
class Scoring:
    """How rows become output lines; the same in every process."""

    rubric: Rubric
    keys: Keys
    explain: bool = False

    @classmethod
    def of(cls, rubric: str, keys: Keys, explain: bool = False) -> "Scoring":
        """By a rubric's name or path; a group that the user named replaces the rubric's own.

        Raises:
            SpecError: the rubric cannot be used.
        """
        loaded = Rubric.load(rubric)
        if keys.group:  # and the digest is another
            loaded = Rubric.from_spec({**loaded.to_spec(), "group_by": keys.group_by})
        return cls(loaded, keys, explain)

    def score(self, task: Task) -> Scored:
        """Score the batches of a task, one output line for each input line."""
        tally = Tally()
        malformed: list[dict[str, Any]] = []
        output: list[str] = []
        groups: list[bytes] = []
        for batch in task:
            for line in self._score_batch(batch, tally, groups):
                if "error" in line and len(malformed) < MAX_REPORTED:
                    malformed.append(line)
                output.append(json_text(line) + "\n")
        return Scored("".join(output).encode(), tally, malformed, b"".join(groups))

    def _score_batch(
        self, batch: Sequence[Line], tally: Tally, groups: list[bytes]
    ) -> list[dict[str, Any]]:
        """Answer the rows of a batch, as the handler does; a line that holds none has its error."""
        found: list[Row | dict[str, Any]] = []
        for line in batch:
            try:
                found.append(read_row(line, self.keys))
            except EventError as error:
                tally.add_malformed()
                found.append({"line": line.number, "error": str(error)})
        answered = answer_rows([row for row in found if isinstance(row, Row)], self.rubric)
        tally.add_batch(self.rubric, answered)
        samples = [row.sample for row in answered.rows if row.sample is not None]
        groups.append(group_records(samples, answered.rewards, self.rubric.spec.group_by))
        if self.explain:
            for result, (row, reward) in zip(answered.response, answered.explained(), strict=True):
                result["explanation"] = explanation(row, reward)
        results = iter(answered.response)
        return [next(results) if isinstance(row, Row) else row for row in found]
