"""`rewards events`: what an event carries, events from rollouts, and events as they came."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from rewards.core.errors import EventError
from rewards.wire.contract import rows_of
from rewards.wire.outline import Outline, outline
from rewards.workbench.events.keeping import Captured, Kept, keep
from rewards.workbench.events.making import Making
from rewards.workbench.events.pulling import pulled
from rewards.workbench.help import examples
from rewards.workbench.local.recorded import read_event
from rewards.workbench.options import JsonOption, RolloutsArgument, RubricOption, takes_keys
from rewards.workbench.output import counted, print_json, print_table, printable, say, show
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.rows import Keys

events = typer.Typer(
    no_args_is_help=True, help="Describe events, make them from rollouts, pull captured ones."
)

IntoOption = Annotated[
    Path, typer.Option(help="The folder of events; the rubric's own folder is made below it.")
]

_SHAPES = {
    "list": "a list of rows",
    "trajectories": 'rows under "trajectories"',
    "row": "one row by itself",
}

#: Lines that are named of those that hold no rollout.
MAX_NAMED = 3


@events.command()
@examples(
    "rewards events describe events/gsm8k/group.json",
    "rewards events describe captured.json --json",
)
def describe(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An event, as JSON.")],
    as_json: JsonOption = False,
) -> None:
    """Say which of the known shapes an event has, how many samples, and what each carries.

    What a row carries is told by its form, never by its texts: where the reference stands and of
    which kind it is, the fields of one's own, how roles are spelt, what contents are.

    With --json, {"event", "shape", "bytes", "samples", "unreadable", "why", "rows": [{"id",
    "reference", "fields", "roles", "content", "tools", "tool_calls", "has_reasoning", "fault"}]}.
    "shape" is "list", "trajectories", "row", or null with the reason in "why". Exit code 1 where
    the shape is not known, or a row cannot be read.
    """
    event = read_event(file)
    try:
        shape, rows = rows_of(event)
        why = None
    except EventError as error:
        shape, rows, why = None, (), str(error)
    outlines = [outline(row, index) for index, row in enumerate(rows)]
    unreadable = sum(one.fault is not None for one in outlines)
    document: dict[str, Any] = {
        "event": str(file),
        "shape": shape,
        "bytes": file.stat().st_size,
        "samples": len(outlines) - unreadable,
        "unreadable": unreadable,
        "why": why,
        "rows": [asdict(one) for one in outlines],
    }
    if as_json:
        print_json(document)
    elif shape is None:
        say(f"{file}: in no known shape: {why}", "bad")
    else:
        show(f"{file}: {_SHAPES[shape]}, {document['bytes']:,} bytes")
        show(f"{counted(document['samples'], 'sample')}, {unreadable} unreadable")
        _print_outlines(outlines)
    if unreadable or shape is None:
        raise typer.Exit(1)


def _print_outlines(outlines: Sequence[Outline]) -> None:
    """A line for each form that rows have, with the number of rows that have it."""
    forms = Counter(replace(one, fault=(one.fault or "").partition(":")[0]) for one in outlines)
    columns = ("rows", "id", "reference", "fields", "roles", "content", "and", "unreadable")
    cells = [(str(count), *_cells(form)) for form, count in forms.items()]
    if cells:
        print_table(columns, cells, prose=["reference", "fields", "roles", "content"])


def _cells(form: Outline) -> Iterable[str]:
    also = {
        "reasoning": form.has_reasoning,
        counted(form.tools, "tool"): form.tools,
        counted(form.tool_calls, "tool call"): form.tool_calls,
    }
    yield form.id
    yield form.reference
    yield ", ".join(form.fields)
    yield ", ".join(form.roles)
    yield ", ".join(form.content)
    yield ", ".join(name for name, is_there in also.items() if is_there)
    yield form.fault or ""


@events.command()
@examples(
    "rewards events make rollouts.jsonl --rubric gsm8k",
    "rewards events make rows.jsonl --rubric my.toml --completion-key text --batch 8 --most 4",
)
@takes_keys
def make(
    file: RolloutsArgument,
    rubric: RubricOption,
    keys: Keys,
    name: Annotated[str, typer.Option(help="The event's name. [default: the file's]")] = "",
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Rows of an event.")] = 64,
    most: Annotated[int, typer.Option(min=1, max=999, help="Events that are made at most.")] = 1,
    into: IntoOption = Path("events"),
    as_json: JsonOption = False,
) -> None:
    """Make events from rollouts: rows as the service would send them, from the file's first on.

    Writes INTO/RUBRIC/NAME.json, and what the rubric gives for it as NAME.expected.json, for you
    to review; never over a file that is there. Lines that hold no rollout are left out and named.

    With --json, {"events": [{"event", "rows", "state", "expects", "agrees"}], "left_out"}. Exit
    code 1 if a line was left out, or a file is there with another content.
    """
    with opened(file) as source:
        making = Making(source, keys)
        called = name or (Path(file).name.partition(".")[0] if file != "-" else "stdin")
        made = _keep(making.events(called, batch=batch, most=most), rubric, into, as_json)
    _tell(made, rubric, making.left_out, as_json)


@events.command()
@examples(
    "rewards events pull s3://my-bucket/events/gsm8k/ --rubric gsm8k",
    "rewards events pull log-group:/aws/lambda/rft-gsm8k --rubric gsm8k --limit 5",
    "rewards events pull exported.log.gz --rubric my.toml --into my_events",
)
def pull(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="s3://BUCKET/PREFIX, log-group:NAME, or a file.")
    ],
    rubric: RubricOption,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Events to pull at most.")] = 20,
    region: Annotated[str | None, typer.Option(help="Region of the bucket or log group.")] = None,
    into: IntoOption = Path("events"),
    as_json: JsonOption = False,
) -> None:
    """Bring captured events beside your own, byte for byte, to replay them.

    A bucket that `reward.log_events` fills holds each event with the Lambda's answer, which
    becomes the expected one: the newest are pulled. A log group or a log file, exported or from
    `aws logs filter-log-events`, holds events where a function logged them whole; what the rubric
    gives here is expected of these, for you to review. Writes INTO/RUBRIC/NAME.json, never over
    a file that is there.

    With --json, {"events": [{"event", "rows", "state", "expects", "agrees"}], "left_out"}. Exit
    code 1 if the rubric here answers otherwise than the Lambda did, or a file is there with
    another content.
    """
    found = _keep(pulled(source, limit=limit, region=region), rubric, into, as_json)
    _tell(found, rubric, [], as_json)


def _keep(found: Iterable[Captured], rubric: str, into: Path, as_json: bool) -> list[Kept]:
    """Keep each, and say so at once: what follows may fail."""
    kept = []
    for one in keep(found, rubric, into):
        kept.append(one)
        if not as_json:
            expects = f"expects {one.expects}" if one.state == "new" else one.expects
            differs = "" if one.agrees else "; the rubric here does not give it"
            rows = counted(one.rows, "row")
            told = f"{one.path}: {one.state}, {rows}, {expects}{differs}"
            show(told, "good" if one.agrees else "odd")
    return kept


def _tell(kept: Sequence[Kept], rubric: str, left_out: Sequence[str], as_json: bool) -> None:
    if as_json:
        document: list[dict[str, Any]] = []
        for one in kept:
            figures = asdict(one)
            document.append({"event": str(figures.pop("path")), **figures})
        print_json({"events": document, "left_out": list(left_out)})
    for line in left_out[:MAX_NAMED]:
        say(f"left out: {printable(line, 160)}", "odd")
    if len(left_out) > MAX_NAMED:
        say(f"and {len(left_out) - MAX_NAMED} more left out", "odd")
    if kept and not as_json:
        folder = kept[0].path.parent
        say(f"review them: rewards replay {folder} --rubric {rubric} --verbose")
    if left_out or not all(one.agrees for one in kept):
        raise typer.Exit(1)
