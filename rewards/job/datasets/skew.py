"""Whether a dataset is lopsided: one answer, one topic, a few endless prompts.

A constant that is right in most rows earns that much without reading the prompt, and a topic that
fills the set is all that the model is trained on.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from statistics import median
from typing import Any

from rewards.job.datasets.findings import FlawTally
from rewards.job.datasets.rows import DatasetRow

#: Fewer rows are too few to be lopsided.
_FEW = 50

#: Of two answers one may have three quarters of the rows, of three and more a half.
_MOST_OF_TWO, _MOST_OF_MANY = 0.75, 0.5
#: A topic may have so much of the rows, where there are several.
_MOST_OF_TOPICS = 0.9

#: A prompt this much longer than the median one is of another kind.
_LONGER = 20
_SHORTEST = 2_000

#: Longer references are texts, of which no two are alike.
_ANSWER_CHARS = 200
_VALUES_KEPT = 10_000

_TOPICS = ("topic", "category", "subject", "domain", "language", "difficulty", "type")


@dataclass(slots=True)
class Skew:
    """Answers, topics and lengths of the rows so far; answers by their digests."""

    tally: FlawTally
    _answers: Counter[bytes] = field(default_factory=Counter)
    _topics: dict[str, Counter[str]] = field(default_factory=dict)
    _lengths: dict[int, int] = field(default_factory=dict)

    def row(self, place: int, row: DatasetRow, raw: Mapping[str, Any]) -> None:
        """One more row, whose prompt was not there before: another would say nothing new."""
        self._lengths[place] = len(row.prompt)
        if row.reference is not None:
            written = json.dumps(row.reference, sort_keys=True)
            if len(written) <= _ANSWER_CHARS:
                self._answers[_digest(written.strip().casefold())] += 1
        for name in _TOPICS:
            if isinstance(value := raw.get(name), str):
                values = self._topics.setdefault(name, Counter())
                if value[:80] in values or len(values) < _VALUES_KEPT:
                    values[value[:80]] += 1

    def whole(self) -> None:
        """What only all rows together can tell."""
        distinct = len(self._lengths)
        if distinct < _FEW:
            return
        if self._answers:
            most, share = self._answers.most_common(1)[0][1], 0.0
            share = most / distinct
            bound = _MOST_OF_TWO if len(self._answers) == 2 else _MOST_OF_MANY
            if share > bound:
                self.tally.add(
                    "skew",
                    detail=f"one answer is right in {share:.0%} of them, and a constant"
                    " earns as much",
                )
        for name, values in self._topics.items():
            share = values.most_common(1)[0][1] / distinct
            if len(values) > 1 and share > _MOST_OF_TOPICS:
                self.tally.add("skew", detail=f'one "{name}" has {share:.0%} of them')
        bound = max(_SHORTEST, _LONGER * median(self._lengths.values()))
        told = self.tally.rows.get("long_prompt", {})
        long = [place for place, length in self._lengths.items() if length > bound]
        if long := [place for place in long if place not in told]:
            self.tally.add_all(
                "skew", long, f"some prompts are over {_LONGER} times as long as half of them"
            )


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
