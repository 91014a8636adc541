"""`rewards rehearse`: will this job learn, by its base model's own answers?"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.options import HtmlOption, JsonOption, RolloutsArgument, takes_keys
from rewards.workbench.output import Mood, check_free, counted, print_json, printable, say, show
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.progress import progress_bar
from rewards.workbench.rollouts.rows import Keys
from rewards.workbench.rollouts.scoring import Scoring

if TYPE_CHECKING:
    from rewards.workbench.trials.rehearsal import Rehearsal

#: Prompts that are named; --json has all.
MAX_NAMED = 10

_MOODS: dict[str, Mood] = {"go": "good", "filter": "odd", "no_go": "bad"}


@examples(
    "rewards rehearse answers.jsonl --rubric gsm8k",
    "rewards rehearse answers.jsonl --reward-key reward --group-key prompt_id --json",
)
@takes_keys
def rehearse(  # long: half of it are options
    file: RolloutsArgument,
    keys: Keys,
    rubric: Annotated[str, typer.Option(help="A bundled rubric's name, or a .toml file.")] = "",
    reward_key: Annotated[
        str,
        typer.Option(help="Field of a reward that is known, or of a list of judgements."),
    ] = "",
    group_size: Annotated[
        int, typer.Option(min=2, max=64, help="The job's samples per prompt.")
    ] = 8,
    batch_size: Annotated[int, typer.Option(min=1, help="The job's prompts a step.")] = 32,
    epochs: Annotated[int, typer.Option(min=1, help="The job's epochs.")] = 1,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell from a base model's answers whether a job would learn: go, filter first, or no go.

    FILE holds several answers a prompt, as JSON lines: a completion that --rubric scores, or a
    reward in the field that --reward-key names. 100 prompts with 4 answers each tell the share of
    groups without gradient to within 0.05.

    That share is estimated for --group-size from the answers that are there (a beta-binomial over
    prompts), with an interval; the share seen in smaller groups is not it. Where --reward-key is a
    list of judgements, or answers occur twice, the reward's noise is told as ICC.

    With --json, {"verdict": "go" | "filter" | "no_go", "reasons", "groups", "answers", "unscored",
    "mean_reward", "dead_share": {"at", "estimate", "low", "high"}, "pass_rate": {"never", "always",
    "mixed"}, "components", "noise", "plan", "drop"}. Exit code 1 for no_go.
    """
    from rewards.workbench.trials.answers import given, scored
    from rewards.workbench.trials.rehearsal import rehearse as judged

    if bool(rubric) == bool(reward_key):
        raise SpecError("give either --rubric, which scores the answers, or --reward-key")
    if html is not None:
        check_free(html)
    with opened(file) as source:
        if reward_key:
            answers = given(source, reward_key, keys)
        else:
            with progress_bar(source) as advance:
                answers = scored(source, Scoring.of(rubric, keys), advance)
    found = judged(answers, group_size, batch_size, epochs)
    if found.unscored:
        rows = counted(found.unscored, "row")
        say(f"{rows} could not be scored and count for nothing: {answers.why}")
    document = asdict(found)
    document["noise"] = found.noise._asdict() if found.noise else None
    if html is not None:
        from rewards.workbench.report.documents import write_section

        write_section(html, document, file)
    if as_json:
        print_json(document)
    else:
        _tell(found)
    if found.verdict == "no_go":
        raise typer.Exit(1)


def _tell(found: "Rehearsal") -> None:
    show(found.verdict.replace("_", " "), _MOODS[found.verdict])
    for reason in found.reasons:
        show(f"  {reason}")
    dead, rate = found.dead_share, found.pass_rate
    show(f"\n{counted(found.groups, 'prompt')}, {counted(found.answers, 'answer')}")
    show(f"mean reward {found.mean_reward:.3f}")
    if dead.estimate is not None:
        show(
            f"groups of {dead.at} without gradient: {dead.estimate:.3f}"
            f" ({dead.low:.3f} to {dead.high:.3f})"
        )
    show(f"prompts solved never {rate.never:.0%}, always {rate.always:.0%}, mixed {rate.mixed:.0%}")
    for name, share in found.components.items():
        show(f"{name}: {share:.0%} of what the answers of a prompt differ by")
    if found.noise is not None and found.noise.within:
        show(f"reward noise: ICC {found.noise.icc:.2f}, the advantage shrinks to its square root")
    plan = found.plan
    useful = "" if plan.useful_groups_a_step is None else f", {plan.useful_groups_a_step:g} useful"
    show(
        f"{counted(plan.steps, 'step')}{useful} groups a step, {counted(plan.calls, 'grader call')}"
    )
    if found.drop:
        named = ", ".join(printable(key, 40) for key in found.drop[:MAX_NAMED])
        show(f"always solved, the first to drop ({len(found.drop)}): {named}")
