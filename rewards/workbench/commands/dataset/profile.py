"""`rewards dataset profile`: what is in training rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rewards.workbench.commands.dataset.check import DataArgument
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import counted, print_json, printable, show

if TYPE_CHECKING:
    from rewards.workbench.datasets.contents import Spread

#: Values that are told of a field; --json has more.
MAX_SHOWN = 5


@examples("rewards dataset profile train.jsonl", "rewards dataset profile train.jsonl --json")
def profile(data: DataArgument, as_json: JsonOption = False) -> None:
    """Show what is in training rows: lengths, roles, references, answers, topics, scripts.

    Tokens are estimated, to within a fifth for most texts. Answers are references of up to 80
    characters that occur more than once; topics are fields of few values.

    With --json, {"rows", "unreadable", "distinct_prompts", "turns", "roles", "prompt_tokens":
    {"least", "p5", "median", "p95", "p99", "most", "mean"}, "reference_tokens", "references",
    "answers": [{"answer", "rows"}], "distinct_answers", "fields", "topics", "scripts"}.
    """
    from rewards.workbench.datasets.contents import contents
    from rewards.workbench.datasets.reading import opened_rows

    with opened_rows(data) as rows:
        found = contents(rows.lines())
    if as_json:
        print_json(found.to_dict())
        return
    left = f", {found.unreadable:,} of them without a prompt" if found.unreadable else ""
    show(f"{counted(found.rows, 'row')}{left}; {found.distinct_prompts:,} distinct prompts")
    _tell_spread("tokens a prompt", found.prompt_tokens)
    _tell_spread("tokens a reference", found.reference_tokens)
    _tell("turns a prompt", found.turns)
    _tell("roles", found.roles)
    _tell("references", found.references)
    _tell("scripts", found.scripts)
    _tell("other fields", found.fields)
    for name, values in found.topics.items():
        _tell(f'"{printable(name)}"', values)
    if found.answers:
        _tell(f"most common of {found.distinct_answers:,} answers", dict(found.answers))


def _tell(name: str, counts: Mapping[str, int]) -> None:
    if counts:
        shown = list(counts.items())[:MAX_SHOWN]
        more = f", {len(counts) - MAX_SHOWN} more" if len(counts) > MAX_SHOWN else ""
        values = ", ".join(f"{printable(value)} {count:,}" for value, count in shown)
        show(f"{name}: {values}{more}")


def _tell_spread(name: str, found: "Spread | None") -> None:
    if found is not None:
        show(
            f"{name}, about: {found.least:,} to {found.most:,}, half of them under"
            f" {found.median:,}, 95 % under {found.p95:,}, 99 % under {found.p99:,}"
        )
