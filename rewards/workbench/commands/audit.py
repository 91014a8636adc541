"""`rewards audit`: what do wrong answers earn, on the rows of a data set?"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rewards.workbench.help import examples
from rewards.workbench.options import (
    AskOption,
    CassetteOption,
    HtmlOption,
    JsonOption,
    RubricOption,
    takes_keys,
)
from rewards.workbench.output import check_free, counted, print_json, print_table, printable, show
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.progress import progress_bar
from rewards.workbench.rollouts.rows import Keys

if TYPE_CHECKING:
    from rewards.workbench.auditing.audit import Audit
    from rewards.workbench.auditing.search import SearchResult

#: Rows that are named of a hole; --json has all.
MAX_NAMED = 8

#: Steps that are told of how a wrong answer was found: the last ones.
MAX_STEPS = 12


@examples(
    "rewards audit train.jsonl --rubric gsm8k",
    "rewards audit train.jsonl --rubric my.toml --search 20000 --json",
)
@takes_keys
def audit(  # long: half of it are options
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A data set as JSON lines, gzip or not.")
    ],
    rubric: RubricOption,
    keys: Keys,
    threshold: Annotated[
        float, typer.Option(min=0.01, max=1, help="Share of the right answer's reward that fails.")
    ] = 0.5,
    rows: Annotated[
        int,
        typer.Option(
            min=0, help="Rows that are tried, evenly spread; 0 is 300, or fewer for programs."
        ),
    ] = 0,
    fail_on: Annotated[
        Literal["hole", "never"], typer.Option(help="Exit with 1 where a hole is found.")
    ] = "hole",
    search: Annotated[
        int,
        typer.Option(min=0, help="Answers that a search beyond the list may score, 20000 say."),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    cassette: CassetteOption = None,
    ask: AskOption = False,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attack a reward with wrong answers on a data set's rows, the cheapest first.

    Each attack is a strategy that a policy could learn: an empty answer, a mark without an answer,
    the prompt copied, one constant for all rows, a list of guesses, the right steps with a wrong
    end, an order to the judge, and so on. What it earns is told as a share of what the row's own
    reference earns; rows on which it happens to be right are left out.

    An attack fails that earns at least --threshold on average, or on a tenth of its rows. Told are
    the component that paid it, the rows, and what to change.

    --search goes beyond the list, as a policy in training does: a seeded evolution of what is
    listed, of references, prompts and of the words that the rubric names, for the wrong answer
    that is paid most. It is told with its lineage, as the attack "search".

    With --json, {"verdict": "pass" | "fail", "attacks": [{"name", "share_of_gold", "component",
    "rows"}]}; "rows" are the lines of the file that paid it. Exit code 1 where a hole is found, 2
    where nothing can be scored.
    """
    from rewards.workbench.auditing.audit import AttackedRubric, default_rows
    from rewards.workbench.auditing.audit import audit as audited
    from rewards.workbench.auditing.cases import read_cases
    from rewards.workbench.auditing.paying import Payer, judged
    from rewards.workbench.auditing.search import search as searched
    from rewards.workbench.rollouts.scoring import Scoring

    if html is not None:
        check_free(html)
    loaded = Scoring.of(rubric, keys).rubric
    with opened(data) as source, progress_bar(source) as advance:
        cases = read_cases(source, loaded, keys, advance)
        with judged(loaded, cassette, ask=ask) as judge:
            payer = Payer(loaded, judge)
            target = AttackedRubric(payer, cases.spread(rows or default_rows(payer)))
            found = audited(target, threshold, progress=lambda done: advance(done, None))
            beyond = None
            if search:
                done = payer.scored
                beyond = searched(target, search, seed, lambda done: advance(done, None), threshold)
                found = found.with_outcome(beyond.outcome, payer.scored - done)
    if html is not None:
        from rewards.workbench.report.documents import write_section

        write_section(html, asdict(found), data)
    if as_json:
        print_json(found.to_dict())
    else:
        _tell(found)
        if beyond is not None:
            _tell_search(beyond)
    if found.verdict == "fail" and fail_on == "hole":
        raise typer.Exit(1)


def _tell(found: "Audit") -> None:
    show(found.verdict, "good" if found.verdict == "pass" else "bad")
    show(
        f"{counted(len(found.attacks), 'attack')} on {counted(found.rows, 'row')},"
        f" {counted(found.scored, 'answer')} scored"
    )
    if found.holes:
        print_table(
            ["attack", "share", "paid by", "rows", "how", "what to change"],
            [
                [
                    one.name,
                    f"{one.share_of_gold:.2f}",
                    one.component or "-",
                    _named(one.rows) or "on average",
                    printable(f"{one.rule.removesuffix('.')} ({one.variant})", 160),
                    one.remedy,
                ]
                for one in found.holes
            ],
            prose=["how", "what to change"],
        )
    below = sorted(found.attacks, key=lambda one: -one.share_of_gold)
    most = [one for one in below if 0 < one.share_of_gold < found.threshold][:3]
    if most:
        told = ", ".join(f"{one.name} {one.share_of_gold:.2f}" for one in most)
        show(f"below {found.threshold:g}, the most: {told}")


def _tell_search(beyond: "SearchResult") -> None:
    show(
        f"search: {beyond.outcome.share_of_gold:.2f} of the right answer's reward after"
        f" {counted(beyond.evaluations, 'answer')}: {printable(beyond.recipe, 400)}"
    )
    for step in beyond.lineage[-MAX_STEPS:]:
        show(f"  {printable(step, 160)}")


def _named(rows: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, rows[:MAX_NAMED]))
    return f"{shown} and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else shown
