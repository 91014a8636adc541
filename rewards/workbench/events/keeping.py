"""An event as a file that `rewards replay` finds, its expected response beside it, for review."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rewards.core.errors import EventError
from rewards.rubric.spec import find_rubric
from rewards.workbench.local.handler import InvocationResult, LocalHandler
from rewards.workbench.local.recorded import EXPECTED, canonical, canonical_answer, unrecordable
from rewards.workbench.output import printable

#: What a file may be called: a key of a bucket or an id of a request may hold anything.
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME_CHARS = 120

State = Literal["new", "there already", "another is there"]


@dataclass(frozen=True)
class Captured:
    """An event by a name, byte for byte, with the Lambda's own answer where that was kept."""

    name: str
    data: bytes
    answer: bytes | None = None


@dataclass(frozen=True)
class Kept:
    """What became of an event: its file, its rows, and whose answer is expected of it.

    `expects` is "the Lambda's answer", "this rubric's answer", or why there is no expectation.
    `agrees` says whether the rubric here gives the expected bytes.
    """

    path: Path
    rows: int
    state: State
    expects: str
    agrees: bool


def keep(events: Iterable[Captured], rubric: str, into: Path) -> Iterator[Kept]:
    """Write each event to `into/RUBRIC/NAME.json`, never over another file.

    The expected response is the Lambda's where it came along, else what the rubric gives here.

    Raises:
        EventError: an event is no JSON.
        SpecError: the rubric cannot be used.
    """
    found = find_rubric(rubric)
    handler = LocalHandler(found)
    folder = into / (found.parent.name if found.name == "rubric.toml" else found.stem)
    for event in events:
        yield _kept(event, handler, folder / f"{_fit(event.name)}.json")


def _fit(name: str) -> str:
    """A name that is a file's on every system, and no hidden one."""
    return _UNFIT.sub("-", name)[:MAX_NAME_CHARS].strip(".-") or "event"


def _kept(event: Captured, handler: LocalHandler, path: Path) -> Kept:
    outcome = handler.invoke(parsed(event.data, event.name))
    rows = len(outcome.rows)
    if path.exists():
        state: State = "another is there"
        if path.read_bytes() == event.data:
            state = "there already"
        return Kept(path, rows, state, "left as it is", agrees=state == "there already")
    here = canonical(outcome)
    expected, expects = _expected(event, outcome, here)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_new(path, event.data)
    if expected is not None and not path.with_suffix(EXPECTED).exists():
        _write_new(path.with_suffix(EXPECTED), expected.encode())
    return Kept(path, rows, "new", expects, agrees=expected == here)


def _expected(event: Captured, outcome: InvocationResult, here: str) -> tuple[str | None, str]:
    if event.answer is not None:
        answer = parsed(event.answer, f"the answer to {event.name}")
        return canonical_answer(answer), "the Lambda's answer"
    why = unrecordable(outcome)
    return (None, why) if why else (here, "this rubric's answer")


def parsed(data: bytes, name: str) -> object:
    """The JSON of an event or an answer; `EventError` where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EventError(f"{printable(name)}: not JSON: {printable(str(error))}") from None


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, whole or not at all."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise EventError(f"{path} is there already; it is never overwritten") from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
