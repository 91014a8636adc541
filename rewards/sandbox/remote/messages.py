"""Programs and outcomes as JSON, within the 6 MB that a Lambda takes and gives."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from rewards.sandbox.code.protocol import Ended, FunctionCall, Limits, Outcome, Program, Returned

#: Lambda takes and gives 6 MB in a synchronous invocation; JSON within JSON needs some room.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BYTES = 5_000_000

_ENDS = frozenset(get_args(Ended))


def request(programs: Sequence[Program], limits: Limits, seconds: float) -> dict[str, Any]:
    """As many programs, from the first on, as fit into one invocation; at least one."""
    taken: list[dict[str, Any]] = []
    size = 0
    for program in programs:
        form = asdict(program)
        size += len(json.dumps(form))
        if taken and size > MAX_BYTES:
            break
        taken.append(form)
    return {"programs": taken, "limits": asdict(limits), "seconds": seconds}


def requested(event: Mapping[str, Any]) -> tuple[list[Program], Limits, float]:
    """What `request` asked for."""
    programs = [
        Program(**{**form, "calls": tuple(FunctionCall(**call) for call in form["calls"])})
        for form in event["programs"]
    ]
    return programs, Limits(**event["limits"]), float(event["seconds"])


def response(outcomes: Sequence[Outcome | None]) -> dict[str, Any]:
    """As many outcomes, from the first on, as fit into one answer; at least one."""
    taken: list[dict[str, Any] | None] = []
    size = 0
    for outcome in outcomes:
        form = None if outcome is None else asdict(outcome)
        size += len(json.dumps(form))
        if taken and size > MAX_BYTES:
            break
        taken.append(form)
    return {"outcomes": taken}


def responded(answer: Any) -> list[Outcome | None]:
    """The outcomes of a response, each field checked.

    Raises:
        ValueError: it is none.
    """
    try:
        return [None if form is None else _outcome(form) for form in answer["outcomes"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no response: {type(error).__name__}") from None


def _outcome(form: Mapping[str, Any]) -> Outcome:
    if form["ended"] not in _ENDS:
        raise ValueError("no response: an end that there is not")
    returned = tuple(
        Returned(_text(one["value"]), str(one["error"]), _text(one["arguments"]))
        for one in form["returned"]
    )
    fuel = int(form["fuel"])
    return Outcome(form["ended"], str(form["error"]), returned, str(form["output"]), fuel)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
