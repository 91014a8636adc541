"""The check of a dataset, row by row as it is read: a file, an object of S3, a pipe.

Nothing is kept of a row but digests and the hashes of its words, so that memory does not grow with
what rows say. Numbers of rows are numbers of lines, as an editor counts them.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rewards.job.datasets.asking import Demand, misses_a_figure
from rewards.job.datasets.findings import WARNING, DatasetReport, FlawTally
from rewards.job.datasets.lengths import tokens
from rewards.job.datasets.likeness import Likeness, Text, Texts, same_task
from rewards.job.datasets.personal import kinds
from rewards.job.datasets.references import References
from rewards.job.datasets.rows import DatasetRow, read_row, understood
from rewards.job.datasets.skew import Skew

#: What a job takes (Bedrock user guide, "Prepare data"; the most is that of open-weight models
#: and of AWS's own validator for Nova).
LEAST_ROWS, MOST_ROWS = 100, 20_000

#: Lambda takes 6 MiB in one call, and a row is never divided.
LONGEST_ROW_BYTES = 6 * 1024 * 1024

#: The service's default of maxPromptLength, in tokens (recipe template of AWS's Nova Forge SDK).
LONGEST_PROMPT = 8192

#: There are too many anyway; what else is wrong with them need not be known.
ROWS_LOOKED_AT = 5 * MOST_ROWS

#: Of so many rows one may be nearly another: that moves no training. (GSM8K has such a pair.)
ROWS_A_NEAR_DUPLICATE = 2_500

#: Personal data and figures are looked for in so much of a text.
_CHARS_LOOKED_AT = 1_000_000

_DIGEST_BYTES = 12

#: The exact number of tokens of a text, where somebody has a tokenizer.
Count = Callable[[str], int]


@dataclass(slots=True)
class Prompts:
    """The prompts of a dataset by digests and shingles: what another one is compared with."""

    first: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    texts: Texts = field(default_factory=Texts)
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a dataset is checked by; `max_prompt_length` is the job's, in tokens.

    `against` are the prompts of the training set, which a validation set must not hold. The bounds
    on the number of rows are those of training.
    """

    max_prompt_length: int | None = None
    against: Prompts | None = None
    is_validation: bool = False
    count: Count | None = None
    demands: tuple[Demand, ...] = ()


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a text that comes in pieces; of one that is too long, as much as shows it."""
    rest, is_skipping = b"", False
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if not is_skipping:
                yield line
            is_skipping = False
        if len(rest) > LONGEST_ROW_BYTES:
            if not is_skipping:
                yield rest
            rest, is_skipping = b"", True
    if rest and not is_skipping:
        yield rest


def check_dataset(
    lines: Iterable[bytes], rules: Rules | None = None, tally: FlawTally | None = None
) -> tuple[DatasetReport, Prompts]:
    """The findings of one dataset, and its prompts; `tally` holds what was found elsewhere."""
    check = _Check(rules or Rules(), tally or FlawTally())
    place = 0
    for place, line in enumerate(lines, start=1):
        check.line(place, line)
    check.whole(place)
    return check.tally.report(place), check.prompts


class _Check:
    """One pass over the rows of a dataset."""

    def __init__(self, rules: Rules, tally: FlawTally) -> None:
        self.rules, self.tally, self.prompts = rules, tally, Prompts()
        self.usable = 0
        self._references, self._skew = References(tally), Skew(tally)
        self._rows: dict[bytes, int] = {}
        self._ids: dict[str, int] = {}

    def line(self, place: int, line: bytes) -> None:
        """One row; what has no prompt is looked at no further."""
        if place > ROWS_LOOKED_AT:
            return
        if len(line) > LONGEST_ROW_BYTES:
            self.tally.add("long_row", place)
            return
        found = read_row(line.removeprefix(b"\xef\xbb\xbf") if place == 1 else line)
        if found is None:
            self.tally.add("broken_json", place)
            return
        raw, written = found
        row = understood(raw)
        for flaw in row.flaws:
            self.tally.add(flaw.code, place, flaw.detail, flaw.severity)
        if row.turns:
            self.usable += 1
            self._id(place, raw.get("id"))
            self._references.row(place, row)
            if self._is_new(place, row, _digest(written)):
                self._skew.row(place, row, raw)
            self._texts(place, row)

    def _id(self, place: int, id_: object) -> None:
        if id_ is not None:
            first = self._ids.setdefault(str(id_), place)
            if first != place:
                self.tally.add_all("duplicate_id", [first, place])

    def _is_new(self, place: int, row: DatasetRow, whole: bytes) -> bool:
        """Whether the prompt was not there before; else what the row repeats is told."""
        key = _digest(row.key)
        reference = _digest(json.dumps(self._references.of(row), sort_keys=True))
        first, reference_there = self.prompts.first.setdefault(key, (place, reference))
        if (same := self._rows.setdefault(whole, place)) != place:
            self.tally.add_all("duplicate_row", [same, place])
        elif first != place:
            is_same = reference == reference_there
            code = "duplicate_prompt" if is_same else "contradicting_references"
            self.tally.add_all(code, [first, place])
        else:
            self.prompts.texts.add(place, row.prompt, reference)
        if self.rules.against is not None and key in self.rules.against.first:
            self.tally.add("leak", place)
        return first == place

    def _texts(self, place: int, row: DatasetRow) -> None:
        """What the words of a row say of it alone."""
        prompt = row.prompt[:_CHARS_LOOKED_AT]
        self._length(place, row)
        for demand in self.rules.demands:
            if not demand.is_asked(prompt):
                self.tally.add("format_unstated", place, f"{demand.component}: {demand.what}")
        if misses_a_figure(prompt):
            self.tally.add("missing_figure", place)
        text = f"{prompt}\n{row.reference}" if isinstance(row.reference, str) else prompt
        for kind in kinds(text[:_CHARS_LOOKED_AT]):
            self.tally.add("personal_data", place, kind)

    def _length(self, place: int, row: DatasetRow) -> None:
        longest = self.rules.max_prompt_length or LONGEST_PROMPT
        text = row.prompt
        if len(text) + 8 * len(row.turns) <= longest:
            return  # no tokenizer makes more tokens than characters of nearly any text
        if self.rules.count is not None:
            if self.rules.count(text) > longest:
                self.tally.add("long_prompt", place, f"{longest:,} tokens, counted")
        elif tokens(text).low > longest:
            self.tally.add("long_prompt", place, f"{longest:,} tokens, by any tokenizer")
        elif tokens(text).estimate > longest:
            self.tally.add("long_prompt", place, f"{longest:,} tokens, by an estimate")

    def whole(self, rows: int) -> None:
        """What only all rows together can tell."""
        self._references.whole()
        self._skew.whole()
        self._near()
        if (self.usable < LEAST_ROWS and not self.rules.is_validation) or not self.usable:
            self.tally.add("too_few_rows", detail=str(self.usable))
        if rows > MOST_ROWS:
            self.tally.add("too_many_rows", detail=f"{rows:,}")

    def _near(self) -> None:
        """Rows that are nearly the same, here and in the set that this one validates."""
        texts = self.prompts.texts
        likeness = self.prompts.likeness = Likeness(texts.template())
        found: set[int] = set()
        for text in texts.all:
            alike = [other for other in likeness.like(text) if same_task(text, other)]
            found |= {alike[0].row, text.row} if alike else set()
        if ROWS_A_NEAR_DUPLICATE * len(found) >= self.usable:
            self.tally.add_all("near_duplicate", sorted(found))
        train = self.rules.against
        if train is not None and train.likeness is not None:
            leaked = self.tally.rows.get("leak", {})
            for text in texts.all:
                if text.row not in leaked and _is_among(text, train.likeness):
                    self.tally.add("leak", text.row, ", or nearly", WARNING)


def _is_among(text: Text, train: Likeness) -> bool:
    return any(same_task(text, other) for other in train.like(text, keep=False))


def _digest(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
