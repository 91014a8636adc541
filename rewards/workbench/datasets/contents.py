"""What is in a dataset: how many rows of which length, roles, references, answers, scripts."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from rewards.job.datasets.lengths import tokens
from rewards.job.datasets.references import shape_of
from rewards.job.datasets.rows import DatasetRow, read_row, understood

#: Longer references are texts, of which no two are alike.
_ANSWER_CHARS = 80
_MOST_ANSWERS = 50_000
#: So many answers, values and fields are told.
_SHOWN = 10

#: Where a script's letters are; a text's script is that of most of its letters.
_SCRIPTS = {
    "Latin": "A-Za-z\u00c0-\u024f",
    "Greek": "\u0370-\u03ff",
    "Cyrillic": "\u0400-\u052f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
    "Kana": "\u3040-\u30ff",
    "Hangul": "\uac00-\ud7af",
    "Han": "\u4e00-\u9fff",
}
_LETTERS = {name: re.compile(f"[{chars}]") for name, chars in _SCRIPTS.items()}
_CHARS_LOOKED_AT = 2_000


class Spread(NamedTuple):
    """How a figure is spread over the rows: quantiles by the nearest rank, and the mean."""

    least: int
    p5: int
    median: int
    p95: int
    p99: int
    most: int
    mean: float


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a dataset; figures of tokens are estimates, answers the most common first."""

    rows: int
    unreadable: int
    distinct_prompts: int
    turns: Mapping[str, int]
    roles: Mapping[str, int]
    prompt_tokens: Spread | None
    reference_tokens: Spread | None
    references: Mapping[str, int]
    answers: Sequence[tuple[str, int]]
    distinct_answers: int
    fields: Mapping[str, int]
    topics: Mapping[str, Mapping[str, int]]
    scripts: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        spread = {
            name: found._asdict() if (found := getattr(self, name)) else None
            for name in ("prompt_tokens", "reference_tokens")
        }
        answers = [{"answer": answer, "rows": rows} for answer, rows in self.answers]
        return {**asdict(self), **spread, "answers": answers}


def contents(lines: Iterable[bytes]) -> Contents:
    """Look at every row once."""
    seen = _Seen()
    for line in lines:
        seen.rows += 1
        found = read_row(line)
        row = understood(found[0]) if found is not None else None
        if found is None or row is None or not row.turns:
            seen.unreadable += 1
        else:
            seen.row(found[0], row)
    return seen.contents()


class _Seen:
    """What was seen so far; of texts only lengths and short answers are kept."""

    def __init__(self) -> None:
        self.rows = self.unreadable = 0
        self._prompts: set[int] = set()
        self._counts: dict[str, Counter[str]] = {}
        self._lengths: dict[str, list[int]] = {"prompt": [], "reference": []}
        self._topics: dict[str, Counter[str]] = {}

    def row(self, raw: Mapping[str, Any], row: DatasetRow) -> None:
        prompt = row.prompt
        self._prompts.add(_number(row.key))
        self._count("turns", str(len(row.turns)))
        for role, _ in row.turns:
            self._count("roles", role)
        self._lengths["prompt"].append(tokens(prompt).estimate)
        self._count("scripts", _script(prompt[:_CHARS_LOOKED_AT]))
        for name, value in raw.items():
            if name not in {"messages", "reference_answer", "id"}:
                self._count("fields", name)
                if isinstance(value, str) and len(value) <= _ANSWER_CHARS:
                    topics = self._topics.setdefault(name, Counter())
                    if value in topics or len(topics) < _MOST_ANSWERS:
                        topics[value] += 1
        self._reference(row.reference)

    def _reference(self, reference: Any) -> None:
        self._count("references", "none" if reference is None else shape_of(reference))
        if reference is None:
            return
        text = as_text(reference)
        self._lengths["reference"].append(tokens(text).estimate)
        answers = self._counts.setdefault("answers", Counter())
        if len(text) <= _ANSWER_CHARS and (text in answers or len(answers) < _MOST_ANSWERS):
            answers[text] += 1

    def _count(self, what: str, value: str) -> None:
        self._counts.setdefault(what, Counter())[value] += 1

    def contents(self) -> Contents:
        found = {name: _sorted(self._counts.get(name, Counter())) for name in _COUNTED}
        topics = {
            name: dict(list(_sorted(values).items())[:_SHOWN])
            for name, values in sorted(self._topics.items())
            if 1 < len(values) <= max(_SHOWN, self.rows // 10)
        }
        answers = found.pop("answers")
        return Contents(
            rows=self.rows,
            unreadable=self.unreadable,
            distinct_prompts=len(self._prompts),
            prompt_tokens=spread(self._lengths["prompt"]),
            reference_tokens=spread(self._lengths["reference"]),
            answers=[pair for pair in answers.items() if pair[1] > 1][:_SHOWN],
            distinct_answers=len(answers),
            topics=topics,
            **found,
        )


_COUNTED = ("turns", "roles", "references", "answers", "fields", "scripts")


def as_text(reference: Any) -> str:
    """A reference as the text that a model would have to write."""
    if isinstance(reference, str):
        return reference
    return json.dumps(reference, sort_keys=True, ensure_ascii=False)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def spread(figures: list[int]) -> Spread | None:
    """The spread of a list of figures; None of none."""
    if not figures:
        return None
    ordered, last = sorted(figures), len(figures) - 1

    def at(share: float) -> int:
        return ordered[round(share * last)]

    mean = sum(ordered) / len(ordered)
    return Spread(ordered[0], at(0.05), at(0.5), at(0.95), at(0.99), ordered[-1], round(mean, 1))


def _script(text: str) -> str:
    counts = {name: len(letters.findall(text)) for name, letters in _LETTERS.items()}
    if counts["Kana"]:
        return "Japanese"
    most = max(counts, key=lambda name: counts[name])
    return most if counts[most] else "none"


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
