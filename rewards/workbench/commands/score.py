"""`rewards score`: any number of rollouts from a file, in constant memory, across processes."""

import os
import sys
from contextlib import closing, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from rewards.core.errors import RewardsError
from rewards.rubric import Rubric
from rewards.workbench.help import examples
from rewards.workbench.options import (
    HtmlOption,
    JsonOption,
    RolloutsArgument,
    RubricOption,
    takes_keys,
)
from rewards.workbench.output import check_free, counted, say
from rewards.workbench.rollouts.files.resume import OutputFile, Progress
from rewards.workbench.rollouts.files.source import Source, opened
from rewards.workbench.rollouts.files.target import OutputError, Target
from rewards.workbench.rollouts.finished import check_finished
from rewards.workbench.rollouts.firstrows import field_names
from rewards.workbench.rollouts.grouping import Groups
from rewards.workbench.rollouts.progress import progress_bar
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.run import Advance, Rollouts, Stream, looked_at, run
from rewards.workbench.rollouts.scoring import Scoring
from rewards.workbench.rollouts.summary import document, failures, is_fine


@examples(
    "rewards score rollouts.jsonl --rubric gsm8k --out scored.jsonl",
    "rewards score rollouts.jsonl.gz --rubric my.toml --completion-key response --explain",
)
@takes_keys
def score(  # long: half of it are options
    file: RolloutsArgument,
    rubric: RubricOption,
    keys: Keys,
    out: Annotated[
        Path | None, typer.Option(help="Write the results here (.gz compresses), not to stdout.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file of --out, if there is one.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run of --out.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes; 0 is one for each core (one for judges).")
    ] = 0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add to each result what was read, and why.")
    ] = False,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score any number of rollouts from JSON lines, the way the Lambda handler scores an event.

    A line is a sample as the service sends it ("messages"), or a plain row with "prompt",
    "completion", "reference_answer" and "id", or the fields that the --...-key options name;
    further fields become metadata. Prompt and completion are text or lists of messages. A named
    field that no row has is an error.

    One line comes out for each line that went in, in order: the result of the response, or
    {"line", "error"} for a line that holds no row, which is reported and costs that line only.
    The bytes are the same whatever the number of workers. A file whose first rows all fail alike
    is not read on: what it is, and what would make rows of it, is said once.

    Rows are scored in batches of 64. Where a rubric compares the rollouts of one prompt, these
    are brought together first, wherever they stand in the file: in whole groups, up to 1,024 rows
    or 6 MB. Rows without a prompt are in no group. --group-key replaces the rubric's group_by.

    With --out F, a folder F.partial grows until the run is over; --resume checks it and goes on
    from there. With --html, which takes --explain with it, the results become a page, too. A file
    F that exists is replaced only with --overwrite. Links are followed, and a
    device or a pipe is written as it is.

    A summary closes the run, on stderr. With --json it is the one document on stdout: {"rubric",
    "digest", "rows", "scored", "malformed", "malformed_lines", "broken", "reward": {"mean",
    "min", "max", "quantiles", "histogram"}, "components": {NAME: {"scored", "mean", "faults",
    "data_faults"}}, "closed_by", "groups": {"count", "compared", "zero_variance",
    "zero_variance_share"}, "seconds", "rows_per_second", "workers"}; results go to --out, or
    nowhere. "faults" are counted by kind; "data_faults" says of three references or other fields
    at most why they were no use. "malformed" counts the lines that hold no row at all (no JSON, no
    completion's field), which "malformed_lines" shows, the first 20 of them; "broken" counts, by
    kind, the rows that the deployed function would answer with the floor, as their messages hold
    no completion. Quantiles are exact to 0.0005 of the rubric's range.

    Exit code 1 if a line was malformed, a row was broken, there was no row, a scorer raised, a
    component could score no sample at all, or one with on_error = "fail" failed.
    """
    if resume and out is None:
        raise typer.BadParameter("needs --out, the interrupted file", param_hint="--resume")
    if html is not None:
        explain = True
        _check_html(html, out, file)
    scoring = Scoring.of(rubric, keys, explain)
    workers = workers or _default_workers(scoring.rubric)
    started = perf_counter()
    with opened(file) as source, progress_bar(source) as advance:
        done: tuple[Progress, Groups] | None
        target = _target(source, out, overwrite=overwrite, resume=resume, to_stdout=not as_json)
        names = field_names(source.head())
        with closing(looked_at(source, scoring, advance)) as rollouts:
            if target is None or target.is_stream:
                done = _to_stream(target, rollouts, scoring, workers, advance, silent=as_json)
            else:
                done = _to_file(target, rollouts, scoring, workers, advance, resume=resume)
    if done is None:
        say(f"done: {out} is whole, there is nothing to resume; --overwrite scores anew")
        return
    progress, groups = done
    found = document(progress, groups, scoring.rubric, perf_counter() - started, workers)
    if html is not None and out is not None:
        from rewards.workbench.report.documents import write_scored

        write_scored(html, str(out), file, keys, scoring.rubric)
    if not is_fine(found, failures(progress.tally, scoring.rubric, names), as_json=as_json):
        raise typer.Exit(1)


def _check_html(html: Path, out: Path | None, file: str) -> None:
    """Whether a page can be made once the rollouts are scored."""
    if out is None or file == "-":
        raise typer.BadParameter(
            "needs --out and a file of rollouts: the page is made of both", param_hint="--html"
        )
    check_free(html)


def _target(
    source: Source, out: Path | None, *, overwrite: bool, resume: bool, to_stdout: bool
) -> Target | None:
    """Where the results go, checked before a row is read; None where that is stdout, or nowhere.

    Raises:
        OutputError: it is the input, or is there already, or cannot be resumed.
    """
    if out is None:
        if to_stdout and source.is_open_as(sys.stdout):
            raise OutputError(f"stdout leads into the input, {source.name}")
        return None
    target = Target(out, overwrite=overwrite)
    target.check_input(source)
    if resume and target.is_stream:
        raise OutputError(f"--out {out} is a device or a pipe: a run into it cannot be resumed")
    if not resume and not target.is_stream:
        target.check_free()
    return target


def _to_stream(
    target: Target | None,
    rollouts: Rollouts,
    scoring: Scoring,
    workers: int,
    advance: Advance,
    *,
    silent: bool,
) -> tuple[Progress, Groups]:
    """Score to stdout, to a device or a pipe; or for the summary only, where that has stdout."""
    progress = Progress()
    with nullcontext(sys.stdout.buffer) if target is None else target.given.open("wb") as file:

        def write(data: bytes) -> None:
            if target is not None or not silent:
                file.write(data)
                file.flush()

        packed = target is not None and target.path.suffix == ".gz"
        with closing(Stream(write, rollouts.reorder, packed=packed)) as output:
            return progress, run(rollouts, scoring, workers, output, progress, advance)


def _to_file(
    target: Target,
    rollouts: Rollouts,
    scoring: Scoring,
    workers: int,
    advance: Advance,
    *,
    resume: bool,
) -> tuple[Progress, Groups] | None:
    """Score to a file that gets its name when it is whole; say how to go on if it is not.

    None where it is whole already.
    """
    options = {**scoring.keys.options(), "--explain": scoring.explain}
    output = OutputFile(target, options, scoring.rubric.digest, rollouts.reorder)
    with closing(output):
        progress = output.resume(rollouts.lines) if resume else output.start()
        if progress is None:
            check_finished(target.path, rollouts, scoring)
            return None
        if progress.rows:
            say(f"going on after {counted(progress.rows, 'row')} of {target.folder}")
        try:
            return progress, run(rollouts, scoring, workers, output, progress, advance)
        except (KeyboardInterrupt, SystemExit, RewardsError, OSError):
            if output.noted_rows:
                held = counted(output.noted_rows, "row")
                say(f"{target.folder} holds the results of {held}; go on with --resume")
            raise


def _default_workers(rubric: Rubric) -> int:
    """One for each core; one for a rubric with a judge, whose bound on calls is per process."""
    if rubric.is_async:
        return 1
    if hasattr(os, "sched_getaffinity"):  # what a container was given, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
