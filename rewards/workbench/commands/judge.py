"""`rewards judge`: does a judge agree with people, and tests of it that need no account."""

import re
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.judging.agreement import Statistic
from rewards.workbench.judging.offline import answered_from
from rewards.workbench.judging.plot import confusion_svg
from rewards.workbench.options import (
    CassetteOption,
    JsonOption,
    RolloutsArgument,
    RubricOption,
    takes_keys,
)
from rewards.workbench.output import counted, print_json, print_table, say, write_whole
from rewards.workbench.rollouts.files.resume import Progress
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.firstrows import field_names
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.run import Stream, looked_at, run
from rewards.workbench.rollouts.scoring import Scoring
from rewards.workbench.rollouts.summary import document, failures, is_fine

if TYPE_CHECKING:
    from rewards.workbench.judging.calibration import CalibrationReport

# The judge, its client and the statistics are imported by the command that needs them: `rewards
# --help` waits for none of them.

judge = typer.Typer(no_args_is_help=True, help="Calibrate a judge; record and replay its replies.")


@judge.command()
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


@judge.command()
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


@judge.command()
@examples(
    "rewards judge calibrate labelled.jsonl --rubric summarisation --at-least 0.6",
    "rewards judge calibrate labelled.jsonl --rubric summarisation --cassette replies.jsonl",
)
@takes_keys
def calibrate(  # long: half of it are options
    file: Annotated[str, typer.Argument(metavar="FILE", help="Labelled rollouts, as JSON lines.")],
    rubric: RubricOption,
    keys: Keys,
    component: Annotated[
        str, typer.Option(help="The judge to calibrate, where the rubric has several.")
    ] = "",
    label_key: Annotated[str, typer.Option(help="Field that holds people's labels.")] = "label",
    repeats: Annotated[int, typer.Option(min=1, help="Ask this often, to see noise.")] = 1,
    cassette: CassetteOption = None,
    at_least: Annotated[
        float | None, typer.Option(help="Exit with 1 where --by is lower than this.")
    ] = None,
    by: Annotated[Statistic, typer.Option(help="What --at-least is about.")] = Statistic[
        "weighted_kappa"
    ],
    plot: Annotated[
        Path | None, typer.Option(help="Draw the confusion tables into this .svg file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a judge with people: agreement by criterion, biases, noise, cost.

    Each row is a rollout with a label: a table of criterion and level, {"clarity": 4}, or one
    figure from 0 to 1 for the whole. With a label for the whole the judge's total is rounded to
    the nearest of the labels that people used.

    Reported for each question: share of equal levels, Cohen's kappa, the same with quadratic
    weights, Spearman's rho, Krippendorff's alpha, leniency (the judge's mean minus people's), the
    confusion of levels. Over all: bias by length (rank correlation of the judge's error with the
    completion's length), bias by position (comparisons), noise over --repeats, tokens and cost.

    With --json one document on stdout. Exit code 1 if --by is below --at-least for a question, or
    cannot be measured. Samples that the judge gave no verdict on are counted, and left out.
    """
    from rewards.judge import ReplayJudge, install, on_bedrock, usage
    from rewards.workbench.judging import calibration

    alone = calibration.alone(Scoring.of(rubric, keys).rubric, component)
    bound = alone.spec.concurrency
    samples, labels = calibration.labelled(file, label_key, keys)
    usage.drain()
    runs = []
    for _ in range(repeats):
        # Installed anew each time: a remembered verdict would have no noise.
        with install(ReplayJudge(cassette) if cassette else on_bedrock(bound)):
            runs.append(alone.score_batch(samples))
    recorded = cassette is not None
    report = calibration.report(alone, samples, labels, runs, recorded=recorded)
    if plot is not None:
        _draw(report, plot)
    if as_json:
        print_json(report.document())
    else:
        _print_report(report)
    if at_least is not None and (low := report.below(by.value, at_least)):
        say(f"{by.value} is below {at_least:g}: {', '.join(low)}")
        raise typer.Exit(1)


def _draw(report: "CalibrationReport", plot: Path) -> None:
    title = f"{report.rubric} ({report.digest[:12]}): judge and people"
    write_whole(plot, confusion_svg([(q.name, q.agreement) for q in report.questions], title))
    say(f"{counted(len(report.questions), 'confusion table')} drawn into {plot}")


def _print_report(report: "CalibrationReport") -> None:
    """The tables for people, on stdout."""
    print(f"{report.rubric} ({report.digest[:12]}): {report.count} rollouts judged")
    for kind, count in report.unscored.items():
        print(f"not judged: {count} {kind}")
    print_table(
        ["question", "equal", "kappa", "weighted kappa", "spearman", "alpha", "leniency"],
        [
            [
                q.name,
                *map(_shown, (a.equal, a.kappa, a.weighted_kappa, a.spearman, a.alpha)),
                f"{a.leniency:+.2f}",
            ]
            for q in report.questions
            for a in [q.agreement]
        ],
    )
    for question in report.questions:
        table = question.agreement
        print_table(
            ["people \\ judge", *table.levels],
            [
                [level, *map(str, row)]
                for level, row in zip(table.levels, table.confusion, strict=True)
            ],
            title=f"\n{question.name}",
        )
    print(f"\nbias by length: {_shown(report.length_bias)}", end="")
    print(f"; by position: {_shown(report.position_bias)}")
    if report.noise:
        print("noise: " + ", ".join(f"{k} {_shown(v)}" for k, v in report.noise.items()))
    used = ", ".join(_used(name, value) for name, value in report.used.items()) or "no tokens"
    if report.replayed:
        replies = counted(report.replayed, "recorded reply", "recorded replies")
        print(f"{replies}, nobody was asked; when they were recorded they took: {used}")
    else:
        print(f"used: {used}")


def _used(name: str, value: float) -> str:
    """A figure of `rewards.judge.usage` in words.

    >>> _used("JudgeInputTokens", 1200.0), _used("JudgeCost", 0.0125), _used("JudgeLatency", 843.2)
    ('1,200 input tokens', 'cost 0.0125', '843 ms a request')
    """
    if name == "JudgeLatency":
        return f"{value:,.0f} ms a request"
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", name.removeprefix("Judge")).lower()
    return f"{words} {value:,.6g}" if name == "JudgeCost" else f"{value:,.0f} {words}"


def _shown(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"
