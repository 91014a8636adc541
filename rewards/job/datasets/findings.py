"""What can be wrong with a dataset: codes that stay, and the findings of one check.

The codes are an interface: commands, synth and the check step of a run give the same ones.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: An error stops a start; a warning is told, and the start goes on; so does what is merely said.
ERROR, WARNING, INFO = "error", "warning", "info"

#: From the mildest to the worst.
SEVERITIES = (INFO, WARNING, ERROR)

#: So many row numbers of a finding stand in a sentence, and in the history of a run.
ROWS_SHOWN = 20

#: So many of the details of a finding stand in its message.
_DETAILS_SHOWN = 3


class Kind(NamedTuple):
    """A kind of finding: how bad it is, what is wrong, and the one thing to do about it."""

    severity: str
    message: str
    remedy: str


#: In the order in which findings are told. A `{}` in a message is filled by the check.
KINDS: Mapping[str, Kind] = {
    "broken_json": Kind(
        ERROR, "lines that are no JSON objects", "write one JSON object a line, in UTF-8"
    ),
    "long_row": Kind(
        ERROR,
        "rows of over 6 MB, which no call of the reward can carry",
        "shorten or leave out these rows",
    ),
    "foreign_format": Kind(
        ERROR,
        "rows in the format of something else ({})",
        'write {"messages": [...], "reference_answer": ...}, one object a line',
    ),
    "no_messages": Kind(
        ERROR,
        'rows without a list of "messages" that a user has a turn in',
        "give each row its prompt",
    ),
    "bad_role": Kind(
        ERROR,
        "rows with a turn whose role or place is none of the service's ({})",
        "use system (first), user and assistant, and tool for results of tools",
    ),
    "empty_content": Kind(
        ERROR, "rows with a turn of the user that has no text", "fill or leave out these rows"
    ),
    "ends_with_assistant": Kind(
        ERROR,
        "rows that end with an assistant's turn, which is what the model is to write",
        "move the answer to reference_answer",
    ),
    "too_few_rows": Kind(ERROR, "there are {} rows, and a job takes 100 or more", "add rows"),
    "too_many_rows": Kind(
        ERROR, "there are {} rows, and a job takes 20,000 at most", "leave some out"
    ),
    "no_reference": Kind(
        ERROR,
        "rows without a reference_answer{}",
        "give them one, or leave them out",
    ),
    "unreadable_reference": Kind(
        ERROR,
        "references that cannot be read ({})",
        "correct these rows, or the component's `reference`",
    ),
    "gold_not_full": Kind(
        ERROR,
        "references that do not earn full marks as completions ({})",
        "correct these rows, the rubric, or the template that makes completions of references",
    ),
    "leak": Kind(
        ERROR,
        "rows of the validation set whose prompts are in the training set, too{}",
        "leave them out of one of the two; `rewards dataset split` divides without leaks",
    ),
    "contradicting_references": Kind(
        WARNING,
        "rows with the prompt of another row and another reference",
        "keep the right one, or all of them in one list of references",
    ),
    "mixed_references": Kind(
        WARNING,
        "rows with a reference of another shape than most ({})",
        "give all of them the same shape",
    ),
    "duplicate_row": Kind(WARNING, "rows that are the same as another{}", "keep one of each"),
    "duplicate_prompt": Kind(
        WARNING,
        "rows with the prompt and the reference of another{}",
        "keep one of each, unless it is meant to weigh more",
    ),
    "near_duplicate": Kind(
        WARNING,
        "rows with nearly the prompt, and the reference, of another{}",
        "keep one of each",
    ),
    "duplicate_id": Kind(WARNING, "rows with the id of another", "give each row its own"),
    "long_prompt": Kind(
        WARNING,
        "prompts longer than maxPromptLength, which the service drops ({})",
        "raise maxPromptLength, or shorten the prompts",
    ),
    "format_unstated": Kind(
        WARNING,
        "prompts that never ask for what the rubric reads ({})",
        "say in the prompt, or in a system turn, how the answer is to be written",
    ),
    "missing_figure": Kind(
        WARNING,
        "prompts that refer to a figure which is not there",
        "describe the figure in words, or leave these rows out",
    ),
    "skew": Kind(
        WARNING,
        "the rows are lopsided: {}",
        "add rows of the other kinds, or leave some of this kind out",
    ),
    "personal_data": Kind(
        WARNING,
        "rows that seem to hold personal data ({})",
        "replace it, or make sure that you may train on it",
    ),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One kind of flaw: `rows` have it, counted from 1; `count` is how many, or of the whole."""

    code: str
    severity: str
    rows: tuple[int, ...]
    count: int
    message: str
    remedy: str

    def __str__(self) -> str:
        """The finding in one line."""
        return f"{self.code}: {self.message}{_places(self.rows)}; {self.remedy}"

    def to_dict(self, most_rows: int | None = None) -> dict[str, Any]:
        """The finding as JSON has it, with all its rows, or with the first ones."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**found, "rows": list(self.rows[:most_rows])}


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What a check found in a dataset of so many rows, the most pressing first."""

    rows: int
    findings: tuple[Flaw, ...] = ()

    @property
    def errors(self) -> tuple[Flaw, ...]:
        """What stops a start."""
        return self.at_least(ERROR)

    def at_least(self, severity: str) -> tuple[Flaw, ...]:
        """The findings that are as bad as `severity`, or worse."""
        least = SEVERITIES.index(severity)
        return tuple(f for f in self.findings if SEVERITIES.index(f.severity) >= least)

    def __str__(self) -> str:
        """A line a finding."""
        return "\n".join(map(str, self.findings))

    def to_dict(self, most_rows: int | None = None) -> dict[str, Any]:
        """`{"rows", "findings": [{"code", "severity", "rows", "count", "message", "remedy"}]}`."""
        findings = [finding.to_dict(most_rows) for finding in self.findings]
        return {"rows": self.rows, "findings": findings}


@dataclass(slots=True)
class FlawTally:
    """Findings as they come, row by row; a row counts once for each code."""

    rows: dict[str, dict[int, None]] = field(default_factory=dict)
    details: dict[str, Counter[str]] = field(default_factory=dict)
    severities: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, row: int | None = None, detail: str = "", severity: str = "") -> None:
        """One more row (None: the dataset as a whole) with a flaw, at the code's own severity."""
        severity = severity or KINDS[code].severity
        self.severities[code] = max(self.severities.get(code, INFO), severity, key=SEVERITIES.index)
        self.details.setdefault(code, Counter())[detail] += 1
        rows = self.rows.setdefault(code, {})
        if row is not None:
            rows[row] = None

    def add_all(self, code: str, rows: list[int], detail: str = "", severity: str = "") -> None:
        """Several rows with the same flaw."""
        for row in rows:
            self.add(code, row, detail, severity)

    def take(self, code: str, other: "FlawTally") -> None:
        """Take over what another tally has of one kind."""
        if code in other.rows:
            self.rows[code], self.details[code] = other.rows[code], other.details[code]
            self.severities[code] = other.severities[code]

    def report(self, rows: int) -> DatasetReport:
        """The findings: errors, then warnings, each in the order of the table."""
        found = sorted(self._findings(), key=lambda one: -SEVERITIES.index(one.severity))
        return DatasetReport(rows, tuple(found))

    def _findings(self) -> Iterator[Flaw]:
        for code, kind in KINDS.items():
            if code not in self.rows:
                continue
            rows = tuple(sorted(self.rows[code]))
            details = self.details[code]
            shown = "; ".join(detail for detail, _ in details.most_common(_DETAILS_SHOWN) if detail)
            message = kind.message.replace(" ({})", f" ({shown})" if shown else "")
            message = message.replace("{}", shown)
            count = len(rows) or details.total()
            message = f"{message}: {len(rows):,}" if rows else message
            yield Flaw(code, self.severities[code], rows, count, message, kind.remedy)


def _places(rows: tuple[int, ...]) -> str:
    if not rows:
        return ""
    more = f" and {len(rows) - ROWS_SHOWN:,} more" if len(rows) > ROWS_SHOWN else ""
    return f" (row {', '.join(map(str, rows[:ROWS_SHOWN]))}{more})"
