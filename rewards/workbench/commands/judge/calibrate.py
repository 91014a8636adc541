"""`rewards judge calibrate`: does a judge agree with people's labels?"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.workbench.help import examples
from rewards.workbench.judging.agreement import Statistic
from rewards.workbench.judging.plot import confusion_svg
from rewards.workbench.options import (
    CassetteOption,
    JsonOption,
    RubricOption,
    takes_keys,
)
from rewards.workbench.output import counted, print_json, print_table, say, write_whole
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.scoring import Scoring

if TYPE_CHECKING:
    from rewards.workbench.judging.calibration import CalibrationReport

# The judge, its client and the statistics are imported by the command that needs them: `rewards
# --help` waits for none of them.


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
