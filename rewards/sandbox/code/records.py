"""A program as the job of a guest, and a guest's records as an outcome: plain data, nothing else.

Records come from the program's own world, which may have written them itself: whatever is no
record is passed over.
"""

import json
from typing import Any, get_args

from rewards.sandbox.code.plain import MAX_PLAIN_CHARS
from rewards.sandbox.code.protocol import Ended, Outcome, Program, Returned

_ENDS = frozenset(get_args(Ended))


def job_of(program: Program, output: int) -> str:
    """The job of `guest.serve`."""
    calls = [[call.function, call.arguments] for call in program.calls]
    return json.dumps([program.source, calls, program.stdin, program.keep_arguments, output])


def outcome_of(reply: tuple[str, int, str]) -> Outcome:
    """The outcome of a reply: how the world ended, its fuel, its records, a line each."""
    ended, fuel, text = reply
    returned: list[Returned] = []
    for line in text.split("\n"):
        record = _record(line)
        if record[:1] == ["call"] and len(record) == 4:
            value, error, kept = record[1:]
            known = _text(error) if error or _text(value) is not None else "NotPlainError"
            returned.append(Returned(_text(value), (known or "")[:100], _text(kept)))
        elif record[:1] == ["end"] and len(record) == 4 and ended == "done":
            how, error, output = record[1:]
            if how in _ENDS:
                return Outcome(how, _text(error) or "", tuple(returned), _text(output) or "", fuel)
    # A world that ended "done" without a last record was left by its program.
    return Outcome("died" if ended == "done" else _ended(ended), "", tuple(returned), "", fuel)


def _ended(word: str) -> Ended:
    return next((known for known in _ENDS if known == word), "died")


def _record(line: str) -> list[Any]:
    if not line.startswith('["') or len(line) > 8 * MAX_PLAIN_CHARS:
        return []
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return record if isinstance(record, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= 2 * MAX_PLAIN_CHARS else None
