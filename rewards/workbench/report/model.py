"""What is a page made of? Plain values: a command's result becomes these, a template shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from markupsafe import Markup

from rewards.workbench.report.drawing import number

Mood = Literal["good", "odd", "bad"]
Severity = Literal["error", "warning", "note"]

#: What is worst comes first.
RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Alert:
    """Something to look at: what, in which rows (of how many), and what to do."""

    severity: Severity
    name: str
    text: str
    rows: Sequence[int] = ()
    count: int = 0
    advice: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing with a sentence about it, and its figures as a table; `left` rows are left out."""

    title: str
    drawing: Markup
    note: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left: int = 0


@dataclass(frozen=True)
class Listing:
    """Rows of text under a title; `left` more are in what was read, `prose` columns may be long."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: int = 0
    prose: frozenset[str] = frozenset()


class Remark(NamedTuple):
    """A component of one rollout: what it said and why; `value` is None where it could not say."""

    name: str
    value: float | None
    reason: str

    @property
    def shown(self) -> str:
        """The value as a cell has it."""
        return "–" if self.value is None else number(self.value)


@dataclass(frozen=True)
class ShownRollout:
    """A rollout as the page shows it: texts are cut already, `completion` has its answer marked."""

    row: int
    id: str
    reward: float | None
    parts: Sequence[Remark]
    length: int | None
    completion: Markup
    prompt: int
    reference: str
    wrong: bool
    level: int = 0
    late: bool = False

    @property
    def marks(self) -> str:
        """The classes by which the table is filtered: wrong, right, not scored."""
        late = " late" if self.late else ""
        if self.reward is None:
            return "f" + late
        faulty = " f" if any(part.value is None for part in self.parts) else ""
        return ("w" if self.wrong else "r") + faulty + late

    @property
    def paid(self) -> str:
        """The reward as a cell has it."""
        return "–" if self.reward is None else number(self.reward)

    def values(self, components: Sequence[str]) -> list[str]:
        """A cell a component."""
        shown = {part.name: part.shown for part in self.parts}
        return [shown.get(name, "–") for name in components]


@dataclass(frozen=True)
class RolloutTable:
    """The table of rollouts: components that are columns, prompts that rows share, what was cut."""

    title: str
    rows: Sequence[ShownRollout]
    prompts: Sequence[str]
    components: Sequence[str]
    note: str


@dataclass(frozen=True)
class Section:
    """What one document says: the verdict first, then what to look at, then the figures."""

    title: str
    word: str
    mood: Mood
    sentence: str
    facts: Sequence[tuple[str, str]] = ()
    alerts: Sequence[Alert] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Listing] = ()
    rollouts: RolloutTable | None = None
    sources: Sequence[str] = ()
    heading: str = "What to look at"

    @property
    def ranked(self) -> list[Alert]:
        """The alerts, the worst first; the order of the document among equals."""
        return sorted(self.alerts, key=lambda alert: RANK[alert.severity])

    def anchors(self, start: str) -> dict[int, str]:
        """Where in the page a row stands that an alert names."""
        return {
            one.row: f"{start}{one.row}" for one in (self.rollouts.rows if self.rollouts else ())
        }


@dataclass(frozen=True)
class Page:
    """One file: a title and its sections."""

    title: str
    sections: Sequence[Section]
