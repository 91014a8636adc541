"""The dry run before a job: the dataset's own references must earn full marks, wrong ones not.

A reward that its references do not satisfy trains the model away from them, and one that a wrong
answer satisfies trains nothing; both show in one call of the deployed function, before any money
is spent.
"""

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rewards.job.errors import PreflightError

#: The first rows of a dataset fit in this; a longer first row is refused as no dataset's.
HEAD_BYTES = 1_000_000

#: Rewards are floats: a mean of full marks may miss the highest by its last bit.
TOLERANCE = 1e-9

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


def event_of(records: Iterable[Mapping[str, Any]], template: str) -> list[dict[str, Any]]:
    """The event that asks for the rewards: each record with its reference, then a corrupted one.

    Rows have the documented shape of the service, ids `0-honest`, `0-corrupt`, `1-honest`, ...
    """
    rows = []
    for place, record in enumerate(records):
        for kind in ("honest", "corrupt"):
            completion = _completion(record, template, place + 1, corrupt=kind == "corrupt")
            messages = [*record["messages"], {"role": "assistant", "content": completion}]
            metadata = {key: value for key, value in record.items() if key != "messages"}
            rows.append({"id": f"{place}-{kind}", "messages": messages, "metadata": metadata})
    return rows


def judge(event: list[dict[str, Any]], response: object, full_marks: float) -> str:
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
    """The text with every letter and digit changed and its form kept: a wrong answer.

    >>> corrupted("Weng earns $12.50")
    'Jrat rneaf $23.61'
    """
    return codecs.encode(text, "rot13").translate(_DIGITS) if text.strip() else "?"


def _completion(record: Mapping[str, Any], template: str, place: int, *, corrupt: bool) -> str:
    """The template with its placeholders filled, in one pass: references hold braces too."""

    def fill(match: re.Match[str]) -> str:
        text = _field(record, match[1], place)
        return corrupted(text) if corrupt else text

    return _PLACEHOLDER.sub(fill, template)


def _field(record: Mapping[str, Any], path: str, place: int) -> str:
    steps = ["reference_answer"] if path == "reference" else path.split(".")
    value: Any = record
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None or value == "":
        name = ".".join(steps)
        raise PreflightError(f"dataset record {place} has no {name}, which makes its completion")
    if path == "reference" and isinstance(value, Mapping) and list(value) == ["text"]:
        value = value["text"]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parts(result: Mapping[str, Any]) -> str:
    metrics = result.get("metrics_list") or []
    return ", ".join(f"{metric['name']} {metric['value']:g}" for metric in metrics) or "no metrics"
