"""`rewards job`: show, start, watch and stop the RFT job that `rft.toml` defines.

Nothing here needs CDK. `render` works before anything is deployed; the others work on what
`cdk deploy` put into the account, or behind `--endpoint-url`.
"""

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewards.job.config import (
    CONTEXT_PREFIX,
    DEFAULT_FILE,
    assign,
    load_config,
    overrides_of,
)
from rewards.job.definition import JobDefinition, undeployed
from rewards.job.errors import ConfigError, JobError
from rewards.job.jobs import COMPLETED
from rewards.job.prepared import OVERRIDES, prepare, requests_of
from rewards.job.runs import Runs, RunView
from rewards.job.settings import RftConfig
from rewards.job.steps import check_data, check_reward, create_job, deployed_definition
from rewards.job.targets import doubts
from rewards.workbench import watching
from rewards.workbench.forecast import forecast
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption, RubricOption, takes_keys
from rewards.workbench.outcome import outcome
from rewards.workbench.output import figure, json_text, print_json, print_table, say, show
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.scoring import Scoring

if TYPE_CHECKING:
    from rewards.workbench.trials.evaluation import Evaluation

#: Exit code of a run that did not complete, as for any other difference from what was hoped.
UNSUCCESSFUL = 1

job = typer.Typer(
    help="Show, start, watch and stop the RFT job that rft.toml defines.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[Path, typer.Option("--config", help="The configuration file.")]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="Another AWS endpoint, such as a local one.")
]
RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="A run's name, its job's name or id, or the ARN of either."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="For this run: hyperparameters.NAME, job_name, model_name or poll_seconds.",
    ),
]
ContextOption = Annotated[
    list[str] | None,
    typer.Option(
        "-c", metavar="rft.KEY=VALUE", help="A key of rft.toml for this command, as for cdk."
    ),
]
StageOption = Annotated[
    str | None, typer.Option("--stage", metavar="STAGE", help="A [stage.STAGE] of rft.toml.")
]
EverySeconds = Annotated[float, typer.Option("--every", min=0.1, help="Seconds between looks.")]


@job.command()
@examples("rewards job render", "rewards job render --run first --set hyperparameters.epochCount=1")
def render(
    config: ConfigOption = Path(DEFAULT_FILE),
    run: Annotated[str, typer.Option("--run", help="The run's name.")] = "RUN",
    set_: SetOption = None,
    context: ContextOption = None,
    stage: StageOption = None,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="What is deployed, in place of rft.toml.")
    ] = False,
    endpoint_url: EndpointOption = None,
) -> None:
    """Print the exact request or requests that a run would send.

    From rft.toml, with ${...} for what only a deployment knows; or, with --deployed, as deployed.
    """
    settings = _settings(config, context, stage)
    definition = _definition(settings, endpoint_url) if deployed else undeployed(settings)
    print_json(requests_of(definition, prepare(definition, run, _run_overrides(set_))))


@job.command()
@examples("rewards job start --run first", "rewards job start --run first --watch")
def start(  # long: half of it are options
    config: ConfigOption = Path(DEFAULT_FILE),
    run: Annotated[
        str | None, typer.Option("--run", help="A name for this run; the same name starts once.")
    ] = None,
    set_: SetOption = None,
    context: ContextOption = None,
    stage: StageOption = None,
    preflight: Annotated[
        bool, typer.Option(help="First let the dataset's references be scored.")
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Start on a dataset with errors; it is recorded.")
    ] = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="With your own credentials, not the state machine.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="Stay until the reward is checked and the job is created.")
    ] = True,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    every: EverySeconds = 5.0,
    endpoint_url: EndpointOption = None,
) -> None:
    """Start one run of the deployed job, and print the job's name once it is created.

    First it says what the run will take: rollouts, steps, the judges' calls, time and money, each
    with its formula.
    """
    overrides = _run_overrides(set_) | ({} if preflight else {"preflight": False})
    overrides |= {"force": True} if force else {}
    run = run or f"run-{secrets.token_hex(4)}"
    settings = _settings(config, context, stage)
    definition = _definition(settings, endpoint_url)
    prepared = prepare(definition, run, overrides)
    if settings.job is not None:
        for line in forecast(settings, prepared.hyperparameters).lines():
            say(line)
    runs = Runs(definition, endpoint_url=endpoint_url)
    if direct:
        check_data(definition, run, overrides, endpoint_url=endpoint_url)
        say(f"preflight: {check_reward(definition, overrides, endpoint_url=endpoint_url)}")
        create_job(definition, run, overrides, endpoint_url=endpoint_url)
    else:
        runs.start(run, json_text(overrides))
        say(f"the run {run} has begun; it goes on whether or not anybody looks")
        if wait:
            _wait_for_job(runs, run, every)
    print(prepared.job_name)
    if watch:
        _watch(runs, run, every)


@job.command()
@examples("rewards job status", "rewards job status first --json")
def status(
    run: RunArgument = None,
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    stage: StageOption = None,
    json_: JsonOption = False,
    endpoint_url: EndpointOption = None,
) -> None:
    """Show how far a run is, or why it was refused; without a name the latest run."""
    runs = _runs(config, context, stage, endpoint_url)
    watching.show(runs.named(run or _latest(runs)), as_json=json_)


@job.command("watch")
@examples("rewards job watch first", "rewards job watch first --attach")
def watch_run(
    run: RunArgument = None,
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    stage: StageOption = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="Also let the state machine watch the job again.")
    ] = False,
    every: EverySeconds = 30.0,
    endpoint_url: EndpointOption = None,
) -> None:
    """Stay until a run has ended; without a name the latest run.

    Ctrl-C ends this command, and nothing else.
    """
    runs = _runs(config, context, stage, endpoint_url)
    run = run or _latest(runs)
    if attach:
        say(f"the run {runs.attach(runs.named(run))} watches the job now, and tells of its end")
    _watch(runs, run, every)


@job.command()
@examples("rewards job stop first")
def stop(
    run: RunArgument = None,
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    stage: StageOption = None,
    endpoint_url: EndpointOption = None,
) -> None:
    """Stop a run; what it has trained so far is the service's to keep or drop.

    Without a name the one that is under way, where there is no more than one.
    """
    runs = _runs(config, context, stage, endpoint_url)
    print(runs.stop(_only_one(runs) if run is None else runs.named(run)))


@job.command("list")
@examples("rewards job list", "rewards job list --json")
def list_runs(
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    stage: StageOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many at most.")] = 20,
    json_: JsonOption = False,
    endpoint_url: EndpointOption = None,
) -> None:
    """List the runs of this deployment, the latest first; refused ones with the reason."""
    watching.show_all(_runs(config, context, stage, endpoint_url).latest(limit), as_json=json_)


@job.command()
@examples("rewards job report first", "rewards job report first --json")
def report(
    run: RunArgument = None,
    json_: JsonOption = False,
    endpoint_url: EndpointOption = None,
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    stage: StageOption = None,
) -> None:
    """Put together what a run has left: its end and why, artefacts, curves, our own metrics."""
    runs = _runs(config, context, stage, endpoint_url)
    view = runs.named(run or _latest(runs))
    found = outcome(view, runs.definition, endpoint_url=endpoint_url)
    if json_:
        print_json(found)
        return
    watching.show(view, as_json=False)
    print_table(
        ("metric", "first", "last"),
        [(name, figure(v[0][1]), figure(v[-1][1])) for name, v in found["metrics"].items()],
    )
    for step in found["training"][-1:]:
        print_table(("at the last step", ""), [(name, str(value)) for name, value in step.items()])
    print_table(("artefact", "bytes"), [(a["uri"], f"{a['bytes']:,}") for a in found["artefacts"]])


@job.command()
@examples(
    "rewards job evaluate base.jsonl tuned.jsonl --rubric gsm8k",
    "rewards job evaluate base.jsonl tuned.jsonl --rubric my.toml --completion-key answer --json",
)
@takes_keys
def evaluate(
    base: Annotated[str, typer.Argument(metavar="BASE", help="The base model's answers.")],
    tuned: Annotated[str, typer.Argument(metavar="TUNED", help="The tuned model's answers.")],
    rubric: RubricOption,
    keys: Keys,
    as_json: JsonOption = False,
) -> None:
    """Say whether the tuned model is better than the base, by the same rubric on held-out rows.

    Both files hold recorded answers as `rewards score` reads them. Answers are paired by what the
    rubric groups by (the prompt). The difference is the mean over prompts of the tuned answers'
    mean reward minus the base answers'; its 95 % interval is from a seeded bootstrap that draws
    prompts with replacement. It is better where the whole interval is above 0, worse where it is
    below, and nothing is concluded from fewer than 20 prompts.

    With --json, {"verdict", "prompts", "answers_base", "answers_tuned", "unscored", "unpaired",
    "base", "tuned", "difference": {"estimate", "low", "high"}, "components": {NAME: [base,
    tuned]}}. Exit code 1 unless it is better.
    """
    from rewards.workbench.trials.comparison import paid
    from rewards.workbench.trials.evaluation import evaluated

    scoring = Scoring.of(rubric, keys)
    if scoring.rubric.spec.normalize is not None:
        raise ConfigError(
            f"{rubric}: [normalize] compares rewards within a batch; leave it out to evaluate"
        )
    sides = []
    for file in (base, tuned):
        with opened(file) as source:
            sides.append(paid(source, scoring, threshold=1.0))
    found = evaluated(*sides)
    if as_json:
        print_json({**asdict(found), "difference": found.difference._asdict()})
    else:
        _tell(found)
    if found.verdict != "better":
        raise typer.Exit(UNSUCCESSFUL)


def _tell(found: "Evaluation") -> None:
    """The verdict, the interval it stands on, and what each component did."""
    low, high = figure(found.difference.low), figure(found.difference.high)
    show(f"{found.verdict}: {figure(found.difference.estimate)} (95 %: {low} to {high})")
    counts = f"{found.answers_base} base and {found.answers_tuned} tuned answers"
    show(f"{found.prompts} prompts, {counts}")
    show(f"left out: {found.unscored} answers unscored, {found.unpaired} prompts without a pair")
    rows = [("reward", figure(found.base), figure(found.tuned))]
    rows += [(name, figure(a), figure(b)) for name, (a, b) in found.components.items()]
    print_table(("mean", "base", "tuned"), rows)


def _settings(config: Path, context: list[str] | None, stage: str | None) -> RftConfig:
    """The configuration, with what `-c` says in place of the file; as in infra/app.py."""
    given = overrides_of(context or [])
    for name in given:
        if not name.startswith(CONTEXT_PREFIX):
            raise ConfigError(
                f"-c {name} must read {CONTEXT_PREFIX}KEY=VALUE, such as rft.name=dev"
            )
    overrides = {name.removeprefix(CONTEXT_PREFIX): value for name, value in given.items()}
    settings = load_config(config, overrides, stage)
    if settings.job is not None:
        for doubt in doubts(settings.target, settings.region, settings.job.base_model):
            say(f"warning: {doubt}")
    return settings


def _run_overrides(assignments: list[str] | None) -> dict[str, Any]:
    """What `--set` changes for one run; the same in every command."""
    overrides: dict[str, Any] = {}
    for name, value in overrides_of(assignments or []).items():
        if name.partition(".")[0] in RftConfig.__dataclass_fields__ and name not in OVERRIDES:
            raise ConfigError(
                f"--set {name}: a run can set hyperparameters.NAME, job_name, model_name and "
                f"poll_seconds; a key of rft.toml is given as -c {CONTEXT_PREFIX}{name}={value}"
            )
        assign(overrides, name, value)
    return overrides


def _definition(config: RftConfig, endpoint_url: str | None) -> JobDefinition:
    return deployed_definition(config.name, config.region, endpoint_url=endpoint_url)


def _runs(
    config: Path, context: list[str] | None, stage: str | None, endpoint_url: str | None
) -> Runs:
    return Runs(
        _definition(_settings(config, context, stage), endpoint_url), endpoint_url=endpoint_url
    )


def _latest(runs: Runs) -> str:
    """The name of the latest run."""
    latest = runs.latest(1)
    if not latest:
        raise JobError("there are no runs yet; `rewards job start` starts one")
    return latest[0].name


def _only_one(runs: Runs) -> RunView:
    """The run that can be meant where none is named.

    Raises:
        JobError: there is none under way, or more than one.
    """
    under_way = runs.under_way()
    if not under_way:
        raise JobError("nothing is under way; `rewards job list` shows what there has been")
    if len(under_way) > 1:
        names = ", ".join(run.name for run in under_way)
        raise JobError(f"{len(under_way)} runs are under way ({names}): name the one to stop")
    return under_way[0]


def _wait_for_job(runs: Runs, run: str, every: float) -> None:
    """Stay until a run has its job, or has been refused."""
    found = watching.watch(
        lambda: runs.named(run), every, until=lambda found: found.job is not None
    )
    if found.job is None:
        watching.explain(found)
        raise typer.Exit(UNSUCCESSFUL)


def _watch(runs: Runs, run: str, every: float) -> None:
    """Stay until a run has ended, and name its model."""
    ended = watching.watch(lambda: runs.named(run), every)
    if ended.job is None or ended.status != COMPLETED:
        watching.explain(ended)
        raise typer.Exit(UNSUCCESSFUL)
    print(f"model: {ended.job.model}")
