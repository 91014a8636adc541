"""`rewards judge record` and `replay`: a judge's replies, kept once and used without an account."""

import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.judging.offline import answered_from
from rewards.workbench.options import (
    JsonOption,
    RolloutsArgument,
    RubricOption,
    takes_keys,
)
from rewards.workbench.output import counted, say
from rewards.workbench.rollouts.files.resume import Progress
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.firstrows import field_names
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.run import Stream, looked_at, run
from rewards.workbench.rollouts.scoring import Scoring
from rewards.workbench.rollouts.summary import document, failures, is_fine

# The judge, its client and the statistics are imported by the command that needs them: `rewards
# --help` waits for none of them.


@examples(
    "rewards judge record rollouts.jsonl --rubric summarisation --out replies.jsonl",
    "rewards judge record rows.jsonl --rubric my.toml --completion-key text --out replies.jsonl",
)
@takes_keys
def record(
    file: RolloutsArgument,
    rubric: RubricOption,
    keys: Keys,
    out: Annotated[Path, typer.Option(help="The cassette to write.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file of --out, if there is one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score rollouts with the real judge and keep its replies: what `replay` answers from.

    Prints the results, like `rewards score`, and writes one line a reply to --out: the request's
    digest and what the model said; no prompt and no completion, though reasons may quote them.
    Replies that were paid are kept even where the run ends early.

    With --json, the summary of `rewards score` with {"replies"} in place of the results. Exit code
    1 as for `rewards score`.
    """
    from rewards.judge import RecordingJudge, install, on_bedrock

    scoring = Scoring.of(rubric, keys)
    if not out.parent.is_dir():  # better known before the judge is paid
        raise SpecError(f"--out {out}: there is no folder {out.parent}")
    if out.exists() and not overwrite:
        raise SpecError(f"--out {out} is there already; --overwrite replaces it")
    recorder = RecordingJudge(on_bedrock(scoring.rubric.spec.concurrency))
    try:
        with install(recorder):
            found, wrong = _scored(file, scoring, silent=as_json)
    finally:
        saved = recorder.save(out) if recorder.replies else 0
        say(f"{counted(saved, 'reply', 'replies')} recorded in {out}")
    if not is_fine({**found, "replies": saved}, wrong, as_json=as_json):
        raise typer.Exit(1)


@examples("rewards judge replay rollouts.jsonl --rubric summarisation --cassette replies.jsonl")
@takes_keys
def replay(
    file: RolloutsArgument,
    rubric: RubricOption,
    keys: Keys,
    cassette: Annotated[Path, typer.Option(help="What `record` wrote.")],
    as_json: JsonOption = False,
) -> None:
    """Score rollouts with recorded replies: offline, and with the same result every time.

    A request that is not on the cassette fails: the rubric, a prompt or the rollouts have changed
    since, and nobody knows what the judge would say now.

    Prints the results, like `rewards score`; with --json its summary in place of them. Exit code 1
    as for `rewards score`.
    """
    scoring = Scoring.of(rubric, keys)
    with answered_from(cassette):
        found, wrong = _scored(file, scoring, silent=as_json)
    if not is_fine(found, wrong, as_json=as_json):
        raise typer.Exit(1)


def _scored(file: str, scoring: Scoring, *, silent: bool) -> tuple[dict[str, Any], list[str]]:
    """Score to stdout unless `silent`: the summary of the run, and what went wrong in it."""
    progress, started = Progress(), perf_counter()

    def write(data: bytes) -> None:
        if not silent:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()

    with opened(file) as source:
        names = field_names(source.head())
        with (
            closing(looked_at(source, scoring)) as rollouts,
            closing(Stream(write, rollouts.reorder)) as output,
        ):
            groups = run(rollouts, scoring, 1, output, progress)
    found = document(progress, groups, scoring.rubric, perf_counter() - started, workers=1)
    return found, failures(progress.tally, scoring.rubric, names)
