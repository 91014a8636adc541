"""The dry run before a job: the dataset's own references must earn full marks, wrong ones not.

A reward that its references do not satisfy trains the model away from them, and one that a wrong
answer satisfies trains nothing; both show in one call of the deployed function, before any money
is spent.
"""

import codecs
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rewards.job.errors import PreflightError
from rewards.rubric.reference import value_at

#: The first rows of a dataset fit in this; a longer first row is refused as no dataset's.
HEAD_BYTES = 1_000_000

#: Rewards are floats: a mean of full marks may miss the highest by its last bit.
TOLERANCE = 1e-9

#: How far from a character another of its kind is looked for; scripts lie together.
_NEIGHBOURS = 64

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_DIGITS = str.maketrans("0123456789", "1234567890")


def first_records(head: bytes, count: int) -> list[dict[str, Any]]:
    """The first `count` records of a dataset, from its first `HEAD_BYTES` bytes.

    Raises:
        PreflightError: a line is no JSON object, or there is none.
    """
    lines = head.splitlines()
    if len(head) >= HEAD_BYTES:
        lines = lines[:-1]  # the last line may be cut off
    records = []
    for place, line in enumerate(lines[:count], start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise PreflightError(f"dataset line {place} is not JSON: {error}") from None
        if not isinstance(record, dict) or not isinstance(record.get("messages"), list):
            raise PreflightError(f'dataset line {place} is no object with a list of "messages"')
        records.append(record)
    if not records:
        raise PreflightError("the dataset has no complete record in its first megabyte")
    return records


def first_record(path: Path) -> dict[str, Any]:
    """The first record of a file; empty where it has none, which the dataset's check tells of."""
    with path.open("rb") as file:
        line = file.readline(HEAD_BYTES)
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def placeholders(template: str) -> list[str]:
    """The fields of a record from which a template makes a completion.

    >>> placeholders("<b>{reference_answer.value}</b> {reference}")
    ['reference_answer', 'reference']
    """
    return [match[1].partition(".")[0] for match in _PLACEHOLDER.finditer(template)]


def event_of(records: Iterable[Mapping[str, Any]], template: str) -> list[dict[str, Any]]:
    """The event that asks for the rewards: each record with its reference, then a corrupted one.

    Rows have the documented shape of the service, ids `0-honest`, `0-corrupt`, `1-honest`, ...
    """
    rows = []
    for place, record in enumerate(records):
        for kind in ("honest", "corrupt"):
            completion = completion_of(record, template, place + 1, corrupt=kind == "corrupt")
            messages = [*record["messages"], {"role": "assistant", "content": completion}]
            metadata = {key: value for key, value in record.items() if key != "messages"}
            rows.append({"id": f"{place}-{kind}", "messages": messages, "metadata": metadata})
    return rows


def expect_full_marks(event: list[dict[str, Any]], response: object, full_marks: float) -> str:
    """What the rewards say, in one line, where they are as they must be.

    Raises:
        PreflightError: naming the first record whose reference earns less than `full_marks`, or
            whose corrupted reference earns them.
    """
    if not isinstance(response, list) or len(response) != len(event):
        count = len(response) if isinstance(response, list) else "no"
        raise PreflightError(f"the reward gave {count} results for {len(event)} rows")
    for row, result in zip(event, response, strict=True):
        place, _, kind = row["id"].partition("-")
        record = f"dataset record {int(place) + 1}"
        reward = result.get("aggregate_reward_score") if isinstance(result, dict) else None
        if not isinstance(reward, int | float) or isinstance(reward, bool):
            raise PreflightError(f"{record}: the reward is {reward!r}, no number")
        earned = reward >= full_marks - TOLERANCE
        if kind == "honest" and not earned:
            raise PreflightError(
                f"{record}: its own reference earns {reward:g} of {full_marks:g}; correct the "
                "record, the rubric, or [preflight] completion and full_marks in rft.toml "
                f"({_parts(result)})"
            )
        if kind == "corrupt" and earned:
            raise PreflightError(
                f"{record}: a corrupted reference earns full marks ({reward:g}), so the reward "
                f"does not look at the answer ({_parts(result)})"
            )
    return f"{len(event) // 2} references earn full marks, corrupted ones do not"


def corrupted(text: str) -> str:
    """The text with every letter and digit changed, whatever its script, and its form kept.

    What has neither (an operator, an emoji) becomes a question mark, or an exclamation mark.

    >>> corrupted("Weng earns $12.50"), corrupted("да"), corrupted("½")
    ('Jrat rneaf $23.61', 'еб', '¾')
    """
    other = "".join(map(_another, codecs.encode(text, "rot13").translate(_DIGITS)))
    if _folded(other) != _folded(text):
        return other
    return "!" if text.strip() == "?" else "?"


@cache
def _another(char: str) -> str:
    """A neighbour of a letter or digit that is another one to any reader; else the character.

    ASCII has been changed before. Upper and lower case, a full-width or a circled form of the
    same letter are no other letter.
    """
    category = unicodedata.category(char)
    if char.isascii() or category[0] not in "LN":
        return char
    for step in (*range(1, _NEIGHBOURS), *range(-1, -_NEIGHBOURS, -1)):
        code = ord(char) + step
        if 0x80 <= code <= 0x10FFFF:
            other = chr(code)
            if unicodedata.category(other) == category and _folded(other) != _folded(char):
                return other
    return "?"


def _folded(text: str) -> str:
    """What is left where case, width and other compatible forms are not told apart."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def completion_of(
    record: Mapping[str, Any], template: str, place: int, *, corrupt: bool = False
) -> str:
    """The template with its placeholders filled, in one pass: references hold braces too.

    Raises:
        PreflightError: the record has no such field.
    """

    def fill(match: re.Match[str]) -> str:
        text = _field(record, match[1], place)
        return corrupted(text) if corrupt else text

    return _PLACEHOLDER.sub(fill, template)


def _field(record: Mapping[str, Any], path: str, place: int) -> str:
    """A field of a record as text; a path into a reference leads where it leads in scoring."""
    name, _, rest = ("reference_answer" if path == "reference" else path).partition(".")
    value = record.get(name)
    if name == "reference_answer" and isinstance(value, Mapping) and list(value) == ["text"]:
        value = value["text"]
    if rest:
        value = value_at(value, rest)
    if value is None or value == "":
        where = f"{name}.{rest}" if rest else name
        raise PreflightError(f"dataset record {place} has no {where}, which makes its completion")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parts(result: Mapping[str, Any]) -> str:
    metrics = result.get("metrics_list") or []
    return ", ".join(f"{metric['name']} {metric['value']:g}" for metric in metrics) or "no metrics"
