"""`rewards doctor`: whether a training run learns, or cheats, and what to do."""

import gzip
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.options import HtmlOption, JsonOption
from rewards.workbench.output import check_free, json_text, print_json, show, write_whole

if TYPE_CHECKING:
    from rewards.curves.curves import Run
    from rewards.curves.rollouts import Rollout
    from rewards.curves.verdict import Diagnosis
    from rewards.rubric.spec import RubricSpec

_MEANS = {
    "learning": "it learns",
    "too_early": "it is too early to tell",
    "no_learning": "it does not learn",
    "collapse": "it has collapsed",
    "hacked": "it cheats: the reward rises, the goal does not",
}
_SICK = frozenset({"no_learning", "collapse", "hacked"})


@examples(
    "rewards doctor metrics.jsonl --rubric gsm8k",
    "rewards doctor trainer_state.json --goal correct --rollouts samples.jsonl --json",
)
def doctor(  # long: half of it are options
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help='Files of curves, gzip or not; "-" reads stdin.'),
    ],
    rollouts: Annotated[
        list[Path] | None,
        typer.Option(help="Sampled answers as JSON lines, or logged lines; may be repeated."),
    ] = None,
    rubric: Annotated[str, typer.Option(help="The run's rubric, for its goal and its range.")] = "",
    goal: Annotated[
        str, typer.Option(help="The component that says whether the task was solved.")
    ] = "",
    export: Annotated[
        Path | None, typer.Option(help="Write the curves here in the normal form, as JSON lines.")
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a run's curves and sampled answers, and say whether it learns or cheats.

    SOURCE is what a trainer or a service wrote: JSON lines with step, train_reward, val_reward,
    length, entropy, grad_norm, kl, zero_std_frac and component/NAME; trainer_state.json; rows of
    TRL, verl, wandb or TensorBoard as JSON lines or CSV; verl's console log; the answer of
    CloudWatch's GetMetricData. Of a curve that several sources have, the first one's counts.

    The goal is the component that says whether the task was solved: --goal, or the rubric's.
    Without either the component whose name says so is taken, and named. Fewer than 20 points of the
    reward are too few to tell.

    With --json, {"verdict", "confidence", "goal", "goal_is", "findings": [{"code", "from_step",
    "to_step", "evidence", "advice"}]}. Exit code 1 where the verdict is that it does not learn, has
    collapsed or cheats.
    """
    from rewards.curves.formats import merged, read_curves
    from rewards.curves.rollouts import read_rollouts
    from rewards.curves.verdict import diagnose

    if html is not None:
        check_free(html)
    run = merged(read_curves(_text(source), source) for source in sources)
    samples = [one for path in rollouts or () for one in read_rollouts(_text(str(path)), str(path))]
    spec = _spec(rubric)
    aim, span, aim_is = _from_rubric(spec, run.components())
    found = diagnose(run, samples, goal or aim, span)
    if aim and not goal:
        from dataclasses import replace

        found = replace(found, goal_is=aim_is)
    if export is not None:
        write_whole(export, "".join(json_text(row) + "\n" for row in run.rows()))
    if html is not None:
        _write_page(html, found, run, samples, spec)
    if as_json:
        print_json(asdict(found))
    else:
        _tell(found)
    if found.verdict in _SICK:
        raise typer.Exit(1)


def _text(source: str) -> str:
    """A source's text; what is no UTF-8 in it is replaced, since figures are ASCII."""
    from rewards.curves.formats import MAX_BYTES

    if source == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with Path(source).open("rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            with gzip.open(file) if packed else file as plain:
                data = plain.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SpecError(f"{source}: more than {MAX_BYTES:,} bytes; export fewer steps")
    return data.decode("utf-8-sig", "replace")


def _spec(rubric: str) -> "RubricSpec | None":
    if not rubric:
        return None
    from rewards.rubric.spec import load_spec

    return load_spec(rubric)


def _write_page(
    page: Path,
    found: "Diagnosis",
    run: "Run",
    samples: Sequence["Rollout"],
    spec: "RubricSpec | None",
) -> None:
    """The page: curves with findings at their steps, components by weight, ten answers."""
    from rewards.workbench.report.doctor import write_diagnosis

    weights = {} if spec is None else {one.name: one.weight for one in spec.component if one.weight}
    write_diagnosis(page, asdict(found), run, samples, weights)


def _from_rubric(
    spec: "RubricSpec | None", components: Sequence[str]
) -> tuple[str | None, float | None, str]:
    """The goal and the width of the range that a rubric says, where the run has that component."""
    if spec is None:
        return None, None, ""
    low, high = spec.range
    if spec.aim() not in components:
        return None, high - low, ""
    named = "named by the rubric" if spec.goal else "the rubric's weightiest that judges no form"
    return spec.aim(), high - low, named


def _tell(found: "Diagnosis") -> None:
    mood = "bad" if found.verdict in _SICK else "odd" if found.verdict == "too_early" else "good"
    sure = f"{found.confidence:.0%} of the looks at its last fifth agree"
    show(f"{found.verdict}: {_MEANS[found.verdict]} ({sure})", mood)  # type: ignore[arg-type]
    show(f"goal: {found.goal or 'none'}, {found.goal_is}")
    for finding in found.findings:
        show(f"\n{finding.code}, steps {finding.from_step:g} to {finding.to_step:g}", "odd")
        show(f"  {finding.evidence}")
        show(f"  {finding.advice}")
