"""`rewards doctor`: whether a training run learns, or cheats, and what to do."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

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
    "rewards doctor 'cloudwatch:BedrockRFT?service=reward' --rubric my.toml --watch",
)
def doctor(  # long: half of it are options
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help='Files of curves, gzip or not, or services; "-" reads stdin.',
        ),
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
    days: Annotated[
        float, typer.Option(min=0.01, max=400, help="Of services, what they hold of so many days.")
    ] = 3,
    region: Annotated[str, typer.Option(help="Region of the services.")] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, and tell what changes.")
    ] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 60,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a run's curves and sampled answers, and say whether it learns or cheats.

    SOURCE is what a trainer or a service wrote: JSON lines with step, train_reward, val_reward,
    length, entropy, grad_norm, kl, zero_std_frac and component/NAME; trainer_state.json; rows of
    TRL, verl, wandb or TensorBoard as JSON lines or CSV; verl's console log; the answer of
    CloudWatch's GetMetricData; a job's events or artefacts; lines of the reward function's log. Of
    a curve that several sources have, the first one's counts.

    Services are asked, too: cloudwatch:NAMESPACE?service=NAME, log-group:NAME, s3://BUCKET/PREFIX
    (a job's artefacts), job-events:ID (of the OpenAI-compatible API). What is logged by the time of
    day is put to the steps of a source that says when they were.

    The goal is the component that says whether the task was solved: --goal, or the rubric's.
    Without either the component whose name says so is taken, and named. Fewer than 20 points of the
    reward are too few to tell.

    With --watch the sources are read every --every seconds, until Ctrl-C: what is found is told
    when it changes, and the page and the export are written again.

    With --json, {"verdict", "confidence", "goal", "goal_is", "findings": [{"code", "from_step",
    "to_step", "evidence", "advice"}]}; with --watch one in a line whenever it changes. Exit code 1
    where the verdict is that it does not learn, has collapsed or cheats.
    """
    if html is not None:
        check_free(html)
    spec = _spec(rubric)

    def look() -> _Look:
        return _look_at(sources, rollouts or (), spec, goal, days, region or None)

    def write(seen: _Look) -> None:
        if export is not None:
            write_whole(export, "".join(json_text(row) + "\n" for row in seen.run.rows()))
        if html is not None:
            _write_page(html, seen, spec)

    if watch:
        _watch(sources, look, write, every, as_json=as_json)
    seen = look()
    write(seen)
    if as_json:
        print_json(asdict(seen.found))
    else:
        _tell(seen.found)
    if seen.found.verdict in _SICK:
        raise typer.Exit(1)


class _Look(NamedTuple):
    """What is seen at one look: the diagnosis, and what it is made of."""

    found: "Diagnosis"
    run: "Run"
    samples: Sequence["Rollout"]


def _look_at(
    sources: Sequence[str],
    rollouts: Sequence[Path],
    spec: "RubricSpec | None",
    goal: str,
    days: float,
    region: str | None,
) -> _Look:
    """Read all of it, and say what it shows."""
    from rewards.curves.formats import merged
    from rewards.curves.rollouts import read_rollouts
    from rewards.curves.verdict import diagnose
    from rewards.workbench.sources import run_of, text_of

    run = merged(run_of(source, days, region) for source in sources)
    samples = [one for path in rollouts for one in read_rollouts(text_of(str(path)), str(path))]
    aim, span, aim_is = _from_rubric(spec, run.components())
    found = diagnose(run, samples, goal or aim, span)
    return _Look(replace(found, goal_is=aim_is) if aim and not goal else found, run, samples)


def _watch(
    sources: Sequence[str],
    look: Callable[[], _Look],
    write: Callable[[_Look], None],
    every: float,
    *,
    as_json: bool,
) -> NoReturn:
    """Tell what changes: a line a step, and all of it where the verdict or the signs are others."""
    from rewards.workbench.following import follow

    if "-" in sources:
        raise SpecError("stdin is read once: it cannot be watched")
    told: list[object] = [None]

    def tell(seen: _Look) -> None:
        write(seen)
        signs = (seen.found.verdict, [finding.code for finding in seen.found.findings])
        if as_json:
            print(json_text(asdict(seen.found)), flush=True)
        elif signs == told[0]:
            show(f"step {seen.run.last_step():g}: {seen.found.verdict}")
        else:
            show(f"step {seen.run.last_step():g}")
            _tell(seen.found)
        told[0] = signs

    follow(look, tell, every)


def _spec(rubric: str) -> "RubricSpec | None":
    if not rubric:
        return None
    from rewards.rubric.spec import load_spec

    return load_spec(rubric)


def _write_page(page: Path, seen: _Look, spec: "RubricSpec | None") -> None:
    """The page: curves with findings at their steps, components by weight, ten answers."""
    from rewards.workbench.report.doctor import write_diagnosis

    weights = {} if spec is None else {one.name: one.weight for one in spec.component if one.weight}
    write_diagnosis(page, asdict(seen.found), seen.run, seen.samples, weights)


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
