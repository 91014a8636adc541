"""`rewards score`: any number of rollouts from a file, in constant memory, across processes."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from rewards.errors import RewardsError
from rewards.rubric import Rubric
from rewards.workbench.options import JsonOption, RolloutsArgument, RubricOption
from rewards.workbench.output import figure, print_json, print_table, printable, say
from rewards.workbench.rollouts.resume import OutputFile, Progress
from rewards.workbench.rollouts.rows import Keys, Line, batches, lines, opened, tasks
from rewards.workbench.rollouts.scoring import MAX_REPORTED, Scoring, in_order

#: Characters of the longest bar of the histogram.
BAR_WIDTH = 40

#: A malformed line's error names its fields, and these may be megabytes of anything.
MAX_ERROR_CHARS = 400


def score(
    file: RolloutsArgument,
    rubric: RubricOption,
    out: Annotated[
        Path | None, typer.Option(help="Write the results here (.gz compresses), not to stdout.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes; 0 is one for each core (one for judges).")
    ] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run of --out.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add to each result what was read, and why.")
    ] = False,
    prompt_key: Annotated[str, typer.Option(help="Field of the prompt.")] = "",
    completion_key: Annotated[str, typer.Option(help="Field of the completion.")] = "",
    reference_key: Annotated[str, typer.Option(help="Field of the reference.")] = "",
    id_key: Annotated[str, typer.Option(help="Field of the id.")] = "",
    group_key: Annotated[
        str, typer.Option(help="Field that the rollouts of one prompt share.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Score any number of rollouts from JSON lines, the way the Lambda handler scores an event.

    A line is a sample as the service sends it ("messages"), or a plain row with "prompt",
    "completion", "reference_answer" and "id", or the fields that the --...-key options name;
    further fields become metadata. Prompt and completion are text or lists of messages.

    One line comes out for each line that went in, in order: the result of the response, or
    {"line", "error"} for a line that holds no row, which is reported and costs that line only.
    The bytes are the same whatever the number of workers.

    Rows are scored in batches of 64. A batch goes on while the next row belongs to the same group
    as its last one, up to 1,024 rows or 6 MB: put the rollouts of one prompt beside each other
    where a rubric compares them. --group-key replaces the rubric's group_by.

    With --out F, F.partial grows until the run is over; --resume checks it and goes on from there.

    A summary closes the run, on stderr. With --json it is the one document on stdout: {"rubric",
    "digest", "rows", "scored", "malformed", "malformed_lines", "broken", "reward": {"mean",
    "min", "max", "quantiles", "histogram"}, "components": {NAME: {"scored", "mean", "faults"}},
    "closed_by", "groups": {"count", "compared", "zero_variance", "zero_variance_share"},
    "seconds", "rows_per_second", "workers"}; results go to --out, or nowhere. Quantiles are exact
    to 0.0005 of the rubric's range. Groups are counted within batches.

    Exit code 1 if a line was malformed, a row held no completion, or a component with
    on_error = "fail" failed.
    """
    if resume and out is None:
        raise typer.BadParameter("needs --out, the interrupted file", param_hint="--resume")
    if out is not None and out.exists() and file != "-" and out.samefile(file):
        raise typer.BadParameter("would replace the input", param_hint="--out")
    if out is not None and out.is_dir():
        raise typer.BadParameter(f"{out} is a folder, a file is wanted", param_hint="--out")
    keys = _keys(prompt_key, completion_key, reference_key, id_key, group_key)
    scoring = Scoring(_rubric(rubric, group_key), keys, explain)
    workers = workers or _default_workers(scoring.rubric)
    started = perf_counter()
    with opened(file) as (stream, position), _progress_bar(file, position) as advance:
        if out is None:
            progress = _to_stdout(lines(stream), scoring, workers, as_json, advance)
        else:
            progress = _to_file(lines(stream), scoring, workers, out, resume, advance)
    document = _document(progress, scoring.rubric, perf_counter() - started, workers)
    if as_json:
        print_json(document)
    else:
        _say_summary(document)
    if document["malformed"] or document["broken"]:
        raise typer.Exit(1)


def _to_stdout(
    rows: Iterator[Line],
    scoring: Scoring,
    workers: int,
    summary_only: bool,
    advance: Callable[[int], None],
) -> Progress:
    """Score to stdout, unless the summary is to be the one document there."""
    progress = Progress()
    for _, data in _scored(rows, scoring, workers, progress):
        if not summary_only:
            sys.stdout.buffer.write(data)
        advance(progress.rows)
    sys.stdout.flush()
    return progress


def _to_file(
    rows: Iterator[Line],
    scoring: Scoring,
    workers: int,
    out: Path,
    resume: bool,
    advance: Callable[[int], None],
) -> Progress:
    """Score to a file that gets its name when it is whole; say how to go on if it is not."""
    identity = {
        "rubric digest": scoring.rubric.digest,
        "keys": repr(scoring.keys),
        "explain": scoring.explain,
    }
    output = OutputFile(out, identity)
    progress = output.resume(rows) if resume else output.start()
    if progress.rows:
        say(f"going on after {progress.rows:,} rows of {output.partial}")
    try:
        for task, data in _scored(rows, scoring, workers, progress):
            output.write(task, data, progress)
            advance(progress.rows)
        output.finish()
    except (KeyboardInterrupt, SystemExit, RewardsError, OSError):
        say(f"{output.partial} holds the first {progress.rows:,} rows; go on with --resume")
        raise
    finally:
        output.close()
    return progress


def _scored(
    rows: Iterator[Line], scoring: Scoring, workers: int, progress: Progress
) -> Iterator[tuple[list[list[Line]], bytes]]:
    """Each task with its output; `progress` has counted it."""
    todo = tasks(batches(rows, scoring.together))
    with closing(in_order(todo, scoring, workers)) as results:
        for task, scored in results:
            progress.rows = task[-1][-1].place + 1
            progress.tally.add(scored.tally)
            room = MAX_REPORTED - len(progress.malformed)
            for line in scored.malformed[:room]:
                say(f"line {line['line']}: {printable(line['error'], MAX_ERROR_CHARS)}")
                progress.malformed.append(line)
            yield task, scored.data


def _keys(prompt: str, completion: str, reference: str, id: str, group: str) -> Keys:
    """The keys that the user named, and the defaults of the others."""
    given = {
        "prompt": prompt,
        "completion": completion,
        "reference": reference,
        "id": id,
        "group": group,
    }
    named = {field: key for field, key in given.items() if key}
    return Keys(**named, plain=bool(prompt or completion))


def _rubric(name_or_path: str, group_key: str) -> Rubric:
    """The rubric; `--group-key` replaces what its groups are, and thereby its digest."""
    rubric = Rubric.load(name_or_path)
    if not group_key:
        return rubric
    return Rubric.from_spec({**rubric.to_spec(), "group_by": group_key})


def _default_workers(rubric: Rubric) -> int:
    """One for each core; one for a rubric with a judge, whose bound on calls is per process."""
    if rubric.is_async:
        return 1
    if hasattr(os, "sched_getaffinity"):  # what a container was given, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _progress_bar(file: str, position: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where that is a terminal; call what it gives with the rows so far."""
    if not sys.stderr.isatty():
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        size = None if file == "-" else Path(file).stat().st_size
        task = bar.add_task("0 rows", total=size)
        yield lambda rows: bar.update(task, completed=position(), description=f"{rows:,} rows")


def _document(progress: Progress, rubric: Rubric, seconds: float, workers: int) -> dict[str, Any]:
    document = progress.tally.document(rubric)
    return {
        **document,
        "malformed_lines": progress.malformed,
        "seconds": round(seconds, 3),
        "rows_per_second": round(document["rows"] / seconds, 1),
        "workers": workers,
    }


def _say_summary(document: dict[str, Any]) -> None:
    """The summary for people, on stderr: results may be on stdout."""
    reward, groups = document["reward"], document["groups"]
    say(
        f"\n{document['rubric']} ({document['digest'][:12]}): {document['rows']:,} rows, "
        f"{document['malformed']:,} malformed lines{_counts(document['broken'])}, "
        f"{document['rows_per_second']:,.0f} rows/s"
    )
    if reward is None:
        say("nothing was scored")
        return
    quantiles = ", ".join(f"{name} {figure(value)}" for name, value in reward["quantiles"].items())
    say(
        f"reward: mean {figure(reward['mean'])}, {figure(reward['min'])} to "
        f"{figure(reward['max'])}; {quantiles}"
    )
    most = max(bar["count"] for bar in reward["histogram"])
    for bar in reward["histogram"]:
        length = -(-bar["count"] * BAR_WIDTH // most)  # rounded up: one rollout is seen
        span = f"{figure(bar['from'])} to {figure(bar['to'])}"
        say(f"  {span:>12}  {'#' * length:<{BAR_WIDTH}}  {bar['count']:,}")
    print_table(
        ["component", "mean", "scored", "not scored"],
        [
            [
                name,
                "-" if c["mean"] is None else figure(c["mean"]),
                f"{c['scored']:,}",
                _counts(c["faults"]).removeprefix(", "),
            ]
            for name, c in document["components"].items()
        ],
        to_stderr=True,
    )
    if document["closed_by"]:
        say(f"stopped by a gate: {_counts(document['closed_by']).removeprefix(', ')}")
    share = groups["zero_variance_share"]
    say(
        f"groups: {groups['count']:,}, {groups['compared']:,} of two or more rollouts"
        + ("" if share is None else f", {share:.1%} of these without variance: no gradient")
    )


def _counts(counts: dict[str, int]) -> str:
    return "".join(f", {count:,} {name}" for name, count in counts.items())
