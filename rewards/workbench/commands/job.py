"""`rewards job`: show, start, watch and stop the RFT job that `rft.toml` defines.

Nothing here needs CDK. `render` works before anything is deployed; the others work on what
`cdk deploy` put into the account, or behind `--endpoint-url`.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rewards.job.aws import aws_client, calling
from rewards.job.clients import jobs_of
from rewards.job.config import (
    CONTEXT_PREFIX,
    DEFAULT_FILE,
    NOVA,
    RftConfig,
    assign,
    load_config,
    overrides_of,
)
from rewards.job.definition import OVERRIDES, Deployed, define, full_marks_of, prepare
from rewards.job.errors import ConfigError, JobError, TransientError
from rewards.job.jobs import COMPLETED, ENDED, Job, Jobs
from rewards.job.steps import check_reward, create_job, deployed_definition
from rewards.rubric.spec import load_spec
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import figure, json_text, print_json, print_table, printable, say

#: Exit code of a job that did not complete, as for any other difference from what was hoped.
UNSUCCESSFUL = 1

#: The width of the bar that shows how far a training is.
BAR_CHARS = 30

app = typer.Typer(
    help="Show, start, watch and stop the RFT job that rft.toml defines.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[Path, typer.Option("--config", help="The configuration file.")]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="Another AWS endpoint, such as a local one.")
]
JobArgument = Annotated[
    str | None, typer.Argument(help="A job's name or id, or a run's name; else the latest job.")
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
EverySeconds = Annotated[float, typer.Option("--every", min=0.1, help="Seconds between looks.")]


@app.command()
@examples("rewards job render", "rewards job render --run first --set hyperparameters.epochCount=1")
def render(
    config: ConfigOption = Path(DEFAULT_FILE),
    run: Annotated[str, typer.Option("--run", help="The run's name.")] = "RUN",
    set_: SetOption = None,
    context: ContextOption = None,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="What is deployed, in place of rft.toml.")
    ] = False,
    endpoint_url: EndpointOption = None,
) -> None:
    """Print the exact request or requests that a run would send.

    From rft.toml, with ${...} for what only a deployment knows; or, with --deployed, as deployed.
    """
    settings = _settings(config, context)
    definition = _definition(settings, endpoint_url) if deployed else _defined(settings)
    print_json(requests_of(definition, run, _run_overrides(set_)))


@app.command()
@examples("rewards job start --run first --watch")
def start(
    config: ConfigOption = Path(DEFAULT_FILE),
    run: Annotated[
        str | None, typer.Option("--run", help="A name for this run; the same name starts once.")
    ] = None,
    set_: SetOption = None,
    context: ContextOption = None,
    preflight: Annotated[
        bool, typer.Option(help="First let the dataset's references be scored.")
    ] = True,
    direct: Annotated[
        bool, typer.Option("--direct", help="With your own credentials, not the state machine.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    every: EverySeconds = 30.0,
    endpoint_url: EndpointOption = None,
) -> None:
    """Start one run of the deployed job, and print the job's name."""
    overrides = _run_overrides(set_) | ({} if preflight else {"preflight": False})
    run = run or f"run-{secrets.token_hex(4)}"
    definition = _definition(_settings(config, context), endpoint_url)
    planned = prepare(definition, run, overrides)
    jobs = jobs_of(definition, endpoint_url=endpoint_url)

    def look() -> Job | None:
        found = jobs.find(planned)
        if found is not None:
            return jobs.get(found.id)
        if not direct:
            _fail_if_ended(definition, run, endpoint_url)
        return None

    if direct:
        say(f"preflight: {check_reward(definition, overrides, endpoint_url=endpoint_url)}")
        create_job(definition, run, overrides, endpoint_url=endpoint_url)
    else:
        _start_execution(definition, run, overrides, endpoint_url)
    print(planned.job_name)
    if watch:
        _watch(look, every)


@app.command()
@examples("rewards job status", "rewards job status first --json")
def status(
    job: JobArgument = None,
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    every: EverySeconds = 30.0,
    json_: JsonOption = False,
    endpoint_url: EndpointOption = None,
) -> None:
    """Show how far a job is."""
    definition = _definition(_settings(config, context), endpoint_url)
    jobs = jobs_of(definition, endpoint_url=endpoint_url)
    found = _found(jobs, definition, job)
    if watch:
        _watch(lambda: jobs.get(found.id), every)
    elif json_:
        print_json(asdict(found))
    else:
        print_table(("job", printable(found.name, 63)), list(_facts(found)))


@app.command()
@examples("rewards job stop first")
def stop(
    job: JobArgument = None,
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    endpoint_url: EndpointOption = None,
) -> None:
    """Stop a job; what it has trained so far is the service's to keep or drop."""
    definition = _definition(_settings(config, context), endpoint_url)
    jobs = jobs_of(definition, endpoint_url=endpoint_url)
    found = _found(jobs, definition, job)
    if found.status in ENDED:
        print(f"{found.name} has ended already: {found.status}")
        return
    jobs.stop(found.id)
    print(f"stopping {found.name}")


@app.command("list")
@examples("rewards job list --json")
def list_jobs(
    config: ConfigOption = Path(DEFAULT_FILE),
    context: ContextOption = None,
    json_: JsonOption = False,
    endpoint_url: EndpointOption = None,
) -> None:
    """List the jobs of this deployment, the latest first."""
    definition = _definition(_settings(config, context), endpoint_url)
    jobs = jobs_of(definition, endpoint_url=endpoint_url).named(definition["names"]["job"])
    if json_:
        print_json([asdict(job) for job in jobs])
    elif jobs:
        columns = ("job", "status", "created", "ended")
        print_table(columns, [(job.name, job.status, job.created, job.ended) for job in jobs])
    else:
        say("no jobs yet; `rewards job start` starts one")


def requests_of(
    definition: dict[str, Any], run: str, overrides: dict[str, Any]
) -> list[dict[str, Any]]:
    """What a run sends, in order: the operation (or method and path) and its body."""
    planned = prepare(definition, run, overrides)
    if definition["target"] == NOVA:
        return [{"operation": "CreateModelCustomizationJob", "body": dict(planned.request)}]
    upload = {
        "purpose": "fine-tune",
        "file": {"filename": planned.filename, "content": definition["dataset"]},
    }
    base = f"https://bedrock-mantle.{definition['region']}.api.aws/v1"
    body = {**planned.request, "training_file": "${FileId}"}
    return [
        {"operation": f"POST {base}/files", "multipart": upload},
        {"operation": f"POST {base}/fine_tuning/jobs", "body": body},
    ]


def _settings(config: Path, context: list[str] | None) -> RftConfig:
    """The configuration, with what `-c` says in place of the file; as in infra/app.py."""
    given = overrides_of(context or [])
    for name in given:
        if not name.startswith(CONTEXT_PREFIX):
            raise ConfigError(
                f"-c {name} must read {CONTEXT_PREFIX}KEY=VALUE, such as rft.name=dev"
            )
    return load_config(
        config, {name.removeprefix(CONTEXT_PREFIX): value for name, value in given.items()}
    )


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


def _defined(config: RftConfig) -> dict[str, Any]:
    """The definition before any deployment: a placeholder stands for what it would add."""
    if config.job is None:
        raise ConfigError("there is no [job] in the configuration, so no request to render")
    full_marks = full_marks_of(load_spec(config.rubric))
    return define(config, Deployed.placeholders(config), full_marks=full_marks)


def _definition(config: RftConfig, endpoint_url: str | None) -> dict[str, Any]:
    definition: dict[str, Any] = deployed_definition(
        config.name, config.region, endpoint_url=endpoint_url
    )
    return definition


def _start_execution(
    definition: dict[str, Any], run: str, overrides: dict[str, Any], endpoint_url: str | None
) -> None:
    """Start the deployed state machine: it checks, creates, watches and notifies by itself."""
    client = aws_client("stepfunctions", region=definition["region"], endpoint_url=endpoint_url)
    with calling(f"starting the run {run}"):
        client.start_execution(
            stateMachineArn=definition["state_machine"], name=run, input=json_text(overrides)
        )


def _fail_if_ended(definition: dict[str, Any], run: str, endpoint_url: str | None) -> None:
    """Say why the execution of a run has ended without a job, if it has."""
    client = aws_client("stepfunctions", region=definition["region"], endpoint_url=endpoint_url)
    machine = definition["state_machine"].replace(":stateMachine:", ":execution:")
    with calling(f"looking at the run {run}"):
        execution = client.describe_execution(executionArn=f"{machine}:{run}")
    if execution["status"] not in ("RUNNING", "SUCCEEDED"):
        reason = str(execution.get("cause") or execution["status"])
        raise JobError(f"the run ended without a job: {printable(reason, 2000)}")


def _watch(look: Callable[[], Job | None], every: float) -> None:
    """Print a line whenever the job has moved, until it has ended."""
    shown = ""
    while True:
        try:
            job = look()
        except TransientError as error:  # the job goes on, and so does the watch
            say(f"{time.strftime('%H:%M:%S')}  {printable(str(error), 200)}; looking again")
            time.sleep(every)
            continue
        line = _progress(job) if job else "checking the reward, then creating the job"
        if line != shown:
            print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)
            shown = line
        if job and job.status in ENDED:
            _exit_unless_completed(job)
            return
        time.sleep(every)


def _found(jobs: Jobs, definition: dict[str, Any], job: str | None) -> Job:
    """The job that was asked for, or the latest."""
    if job is None:
        mine = jobs.named(definition["names"]["job"])
        if not mine:
            raise JobError("there are no jobs yet; `rewards job start` starts one")
        job = mine[0].name
    return jobs.get(job)


def _exit_unless_completed(job: Job) -> None:
    if job.status != COMPLETED:
        say(f"{job.name} {job.status}: {printable(job.message, 2000) or 'no reason given'}")
        raise typer.Exit(UNSUCCESSFUL)
    print(f"model: {job.model}")


def _progress(job: Job) -> str:
    """One line: the status, then the phases, or how far the training is and what it earns."""
    parts = [f"{name} {phase}" for name, phase in job.phases.items()]
    step, steps = job.metrics.get("step"), job.metrics.get("total_steps")
    if step is not None and steps:
        done = round(BAR_CHARS * min(step / steps, 1.0))
        parts = [f"[{'#' * done}{'.' * (BAR_CHARS - done)}] step {step:g} of {steps:g}"]
    if (reward := job.metrics.get("critic_rewards_mean")) is not None:
        parts.append(f"reward {figure(reward)}")
    return "  ".join([job.status, *parts])


def _facts(job: Job) -> Iterator[tuple[str, str]]:
    yield "progress", _progress(job)
    for name, value in (("id", job.id), ("created", job.created), ("ended", job.ended)):
        if value:
            yield name, value
    for name, metric in job.metrics.items():
        yield name, figure(metric)
    if job.model:
        yield "model", job.model
    if job.message:
        yield "message", printable(job.message, 500)
