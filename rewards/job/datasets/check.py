"""The check of a dataset, row by row as it is read: a file at synth, an object of S3 in a run.

Nothing is kept of a row but digests, so that memory does not grow with its length. Numbers of rows
are numbers of lines, as an editor counts them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards.job.datasets.findings import DatasetReport, FlawTally

#: What a job takes (Bedrock user guide, "Prepare data"; the most is that of open-weight models
#: and of AWS's own validator for Nova).
LEAST_ROWS, MOST_ROWS = 100, 20_000

#: Lambda takes 6 MiB in one call, and a row is never divided.
LONGEST_ROW_BYTES = 6 * 1024 * 1024

#: A token has at most so many bytes of ordinary text: what is longer by this is too long by any
#: tokenizer. (English has four to five bytes a token, other scripts fewer.)
BYTES_A_TOKEN = 8

#: There are too many anyway; what else is wrong with them need not be known.
ROWS_LOOKED_AT = 5 * MOST_ROWS

#: Chat Completions' roles; `tool` and `developer` are in AWS's validator, too.
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "bot"})
_ANSWERING = frozenset({"assistant", "bot"})

#: What a row has at top level in formats of others: fine-tuning files, other services, exports.
_FOREIGN = {
    "prompt": "prompt and completion",
    "conversations": "ShareGPT",
    "schemaVersion": "a Bedrock conversation for supervised fine-tuning",
    "system": "a system prompt beside the messages",
    "item": "OpenAI's item",
    "instruction": "Alpaca",
}

_DIGEST_BYTES = 12


@dataclass(slots=True)
class Prompts:
    """The prompts of a dataset by their digests: what another one is compared with."""

    first: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)


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
    lines: Iterable[bytes],
    *,
    max_prompt_length: int | None = None,
    against: Prompts | None = None,
    is_validation: bool = False,
) -> tuple[DatasetReport, Prompts]:
    """The findings of one dataset, and its prompts.

    `max_prompt_length` is the job's, in tokens. `against` are the prompts of the training set,
    which a validation set must not hold. The bounds on the number of rows are those of training.
    """
    check = _Check(max_prompt_length, against)
    place = 0
    for place, line in enumerate(lines, start=1):
        check.line(place, line)
    check.whole(place, is_validation=is_validation)
    return check.tally.report(place), check.prompts


class _Check:
    """One pass over the rows of a dataset."""

    def __init__(self, max_prompt_length: int | None, against: Prompts | None) -> None:
        self.tally, self.prompts = FlawTally(), Prompts()
        self.sound = 0
        self._longest = max_prompt_length
        self._against = against
        self._rows: set[bytes] = set()
        self._ids: set[str] = set()
        self._shapes: Counter[str] = Counter()
        self._shape_rows: dict[str, list[int]] = {}
        self._without_reference: list[int] = []

    def line(self, place: int, line: bytes) -> None:
        """One row; what cannot be read is looked at no further."""
        if place > ROWS_LOOKED_AT:
            return
        if len(line) > LONGEST_ROW_BYTES:
            self.tally.add("long_row", place)
            return
        row = _object(line.removeprefix(b"\xef\xbb\xbf") if place == 1 else line)
        if row is None:
            self.tally.add("broken_json", place)
        elif prompt := self._messages(place, row):
            self.sound += 1
            self._reference(place, row.get("reference_answer"))
            self._repeats(place, row, prompt, line)
            self._length(place, prompt)

    def _messages(self, place: int, row: Mapping[str, Any]) -> str:
        """The prompt as text, where it is one; empty where the row cannot be used."""
        messages = row.get("messages")
        for key, name in _FOREIGN.items():
            if key in row and (key == "system" or not isinstance(messages, list)):
                self.tally.add("foreign_format", place, name)
                return ""
        if not isinstance(messages, list) or not messages:
            self.tally.add("no_messages", place)
            return ""
        if not all(isinstance(turn, dict) and str(turn.get("role")) in _ROLES for turn in messages):
            self.tally.add("bad_role", place)
            return ""
        if messages[-1]["role"] in _ANSWERING:
            self.tally.add("ends_with_assistant", place)
            return ""
        if not any(turn["role"] == "user" for turn in messages):
            self.tally.add("no_messages", place)
            return ""
        if any(turn["role"] == "user" and not _text(turn.get("content")) for turn in messages):
            self.tally.add("empty_content", place)
            return ""
        return json.dumps(
            [[turn["role"], _text(turn.get("content"))] for turn in messages], ensure_ascii=False
        )

    def _reference(self, place: int, reference: Any) -> None:
        if reference is None or reference in ("", {}, []):
            self._without_reference.append(place)
            return
        shape = _shape(reference)
        self._shapes[shape] += 1
        if len(rows := self._shape_rows.setdefault(shape, [])) < MOST_ROWS:
            rows.append(place)

    def _repeats(self, place: int, row: Mapping[str, Any], prompt: str, line: bytes) -> None:
        key = _digest(prompt)
        reference = _digest(json.dumps(row.get("reference_answer"), sort_keys=True))
        if self._against is not None and key in self._against.first:
            self.tally.add("leak", place)
        whole = _digest(json.dumps(row, sort_keys=True))
        if whole in self._rows:
            self.tally.add("duplicate_row", place)
        elif key in self.prompts.first:
            is_same = self.prompts.first[key][1] == reference
            self.tally.add("duplicate_prompt" if is_same else "contradicting_references", place)
        self._rows.add(whole)
        self.prompts.first.setdefault(key, (place, reference))
        if (id_ := row.get("id")) is not None:
            if str(id_) in self._ids:
                self.tally.add("duplicate_id", place)
            self._ids.add(str(id_))

    def _length(self, place: int, prompt: str) -> None:
        if self._longest is not None and _size(prompt) > self._longest * BYTES_A_TOKEN:
            self.tally.add("long_prompt", place, f"{self._longest} tokens")

    def whole(self, rows: int, *, is_validation: bool) -> None:
        """What only all rows together can tell."""
        if self._without_reference and self._shapes:
            for place in self._without_reference:
                self.tally.add("no_reference", place)
        elif self._without_reference:
            self.tally.add("no_references")
        usual = max(self._shapes, key=lambda shape: self._shapes[shape], default="")
        for shape, places in self._shape_rows.items():
            for place in places if shape != usual else ():
                self.tally.add("mixed_references", place, f"{shape}, not {usual}")
        if (self.sound < LEAST_ROWS and not is_validation) or not self.sound:
            self.tally.add("too_few_rows", detail=str(self.sound))
        if rows > MOST_ROWS:
            self.tally.add("too_many_rows", detail=f"{rows:,}")


def _object(line: bytes) -> dict[str, Any] | None:
    """A row; None where it is no JSON object, or one so deep that no service would read it."""
    try:
        row = json.loads(line)
        json.dumps(row)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _shape(reference: Any) -> str:
    """What kind of thing a reference is, in words."""
    if isinstance(reference, dict):
        return f"an object with {', '.join(sorted(map(str, reference)))}"[:200]
    if isinstance(reference, bool):
        return "true or false"
    words = {str: "text", int: "a number", float: "a number", list: "a list"}
    return words.get(type(reference), "nothing")


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _text(content: Any) -> str:
    """The text of a turn: a string, or the text blocks of a list."""
    if isinstance(content, str):
        return content.strip()
    if not isinstance(content, list):
        return ""
    blocks = (block.get("text") if isinstance(block, dict) else block for block in content)
    return "\n".join(block for block in blocks if isinstance(block, str)).strip()


def _digest(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
