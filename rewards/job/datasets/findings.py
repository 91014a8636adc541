"""What can be wrong with a dataset: codes that stay, and the findings of one check.

The codes are an interface: commands, synth and the check step of a run give the same ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: An error stops a start; a warning is told, and the start goes on.
ERROR, WARNING = "error", "warning"

#: So many row numbers stand in a finding; the count says how many there are.
ROWS_SHOWN = 20


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
        "rows with a turn whose role is none of system, developer, user, assistant and tool",
        "rename the roles",
    ),
    "empty_content": Kind(
        ERROR, "rows with a turn of the user that has no text", "fill or leave out these rows"
    ),
    "ends_with_assistant": Kind(
        ERROR,
        "rows that end with an assistant's turn, which is what the model is to write",
        "move the answer to reference_answer",
    ),
    "too_few_rows": Kind(ERROR, "there are {} sound rows, and a job takes 100 or more", "add rows"),
    "too_many_rows": Kind(
        ERROR, "there are {} rows, and a job takes 20,000 at most", "leave some out"
    ),
    "no_reference": Kind(
        ERROR,
        "rows without a reference_answer, where others have one",
        "give them one, or leave them out",
    ),
    "no_references": Kind(
        WARNING,
        "no row has a reference_answer",
        "go on only with a rubric that compares with none",
    ),
    "mixed_references": Kind(
        WARNING,
        "rows with a reference_answer of another shape than most ({})",
        "give all of them the same shape",
    ),
    "unreadable_reference": Kind(
        ERROR,
        "references that the rubric cannot read ({})",
        "correct these rows, or the component's `reference`",
    ),
    "gold_not_full": Kind(
        ERROR,
        "references that do not earn full marks as completions ({})",
        "correct these rows, the rubric, or [preflight] completion and full_marks",
    ),
    "leak": Kind(
        ERROR,
        "prompts that are in the training set, too",
        "leave them out of one of the two",
    ),
    "contradicting_references": Kind(
        WARNING,
        "prompts that stand there before with another reference",
        "keep the right one, or all of them in one list of references",
    ),
    "duplicate_row": Kind(WARNING, "rows that are the same as an earlier one", "leave them out"),
    "duplicate_prompt": Kind(
        WARNING, "prompts that stand in an earlier row, too", "leave out what is not meant"
    ),
    "duplicate_id": Kind(WARNING, "ids that an earlier row has", "give each row its own"),
    "long_prompt": Kind(
        WARNING,
        "prompts longer than maxPromptLength ({}), which the service drops",
        "raise maxPromptLength, or shorten the prompts",
    ),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One kind of flaw: `rows` are the first that have it, counted from 1; `count` is of all."""

    code: str
    severity: str
    rows: tuple[int, ...]
    count: int
    message: str
    remedy: str

    def __str__(self) -> str:
        """The finding in one line."""
        return f"{self.code}: {self.message}{_places(self.rows, self.count)}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What a check found in a dataset of so many rows, the worst first."""

    rows: int
    findings: tuple[Flaw, ...] = ()

    @property
    def errors(self) -> tuple[Flaw, ...]:
        """What stops a start."""
        return tuple(finding for finding in self.findings if finding.severity == ERROR)

    def __str__(self) -> str:
        """A line a finding."""
        return "\n".join(map(str, self.findings))


@dataclass(slots=True)
class FlawTally:
    """Findings as they come, row by row; memory for each kind is bounded."""

    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, row: int | None = None, detail: str = "") -> None:
        """One more row (None: the dataset as a whole) with a flaw; the first `detail` is kept."""
        assert code in KINDS, code
        self.counts[code] = self.counts.get(code, 0) + 1
        self.details.setdefault(code, detail)
        rows = self.rows.setdefault(code, [])
        if row is not None and len(rows) < ROWS_SHOWN:
            rows.append(row)

    def report(self, rows: int) -> DatasetReport:
        """The findings, in the order of the table."""
        return DatasetReport(rows, tuple(self._findings()))

    def _findings(self) -> Iterator[Flaw]:
        for code, kind in KINDS.items():
            if count := self.counts.get(code, 0):
                rows = tuple(self.rows[code])
                message = kind.message.replace("{}", self.details[code])
                message = f"{message}: {count}" if rows else message
                yield Flaw(code, kind.severity, rows, count, message, kind.remedy)


def as_json(report: DatasetReport) -> dict[str, Any]:
    """A report as JSON: `{"rows", "findings": [{"code", "severity", "rows", "count", ...}]}`."""
    findings = [
        {name: getattr(finding, name) for name in Flaw.__dataclass_fields__}
        for finding in report.findings
    ]
    return {"rows": report.rows, "findings": [f | {"rows": list(f["rows"])} for f in findings]}


def _places(rows: tuple[int, ...], count: int) -> str:
    if not rows:
        return ""
    more = f" and {count - len(rows)} more" if count > len(rows) else ""
    return f" (row {', '.join(map(str, rows))}{more})"
