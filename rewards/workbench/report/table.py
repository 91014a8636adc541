"""Which texts of rollouts fit on a page? Prompts once, long texts cut alike."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from rewards.workbench.report.model import Remark, RolloutTable, ShownRollout
from rewards.workbench.report.text import cut, fair_limit, inert, marked

#: Rollouts of a table: a page of more is no page.
MAX_ROWS = 1_000
#: Rows that are drawn before a reader asks for more, where the browser runs the page's script.
AT_ONCE = 50
#: Components that are columns of the table; the rest stands in each row's details.
MAX_COLUMNS = 6
#: Bytes of all completions, all prompts, all reasons of a page; characters of a reference, an id.
COMPLETIONS, PROMPTS, REASONS, REFERENCE, ID = 380_000, 120_000, 160_000, 200, 60


class Entry(NamedTuple):
    """A rollout that is to be shown, whole: `completion` is None where it is not known.

    `share` is where its reward lies between the least and the most that can be earned; `answers`
    are what scorers read, to be marked.
    """

    row: int
    id: str
    reward: float | None
    share: float
    parts: Sequence[Remark]
    completion: str | None
    prompt: str = ""
    reference: str = ""
    answers: Sequence[str] = ()
    missing: str = "not in the results"


def rollout_table(
    title: str, entries: Sequence[Entry], components: Sequence[str], notes: Sequence[str]
) -> RolloutTable:
    """The table of these rollouts; each of `notes` is a sentence without its full stop."""
    texts = [entry.completion or "" for entry in entries]
    limit = fair_limit(texts, COMPLETIONS)
    places: dict[str, int] = {}
    for entry in entries:
        if entry.prompt:
            places.setdefault(entry.prompt, len(places))
    short = fair_limit(list(places), PROMPTS)
    words = fair_limit([part.reason for one in entries for part in one.parts], REASONS, least=40)
    said = [*notes, *_cuts("completion", texts, limit), *_cuts("prompt", list(places), short)]
    if any(entry.answers for entry in entries):
        said.append("Marked is the last place where the answer stands that was read")
    return RolloutTable(
        title,
        [
            _shown(entry, limit, words, places, late=place >= AT_ONCE)
            for place, entry in enumerate(entries)
        ],
        [cut(prompt, short) for prompt in places],
        components[:MAX_COLUMNS],
        ". ".join(said) + "." if said else "",
    )


def _cuts(noun: str, texts: Sequence[str], limit: int) -> list[str]:
    count = sum(len(text) > limit for text in texts)
    return [f"{count:,} {noun}s are cut to {limit:,} characters"] if count else []


def _shown(
    entry: Entry, limit: int, words: int, places: Mapping[str, int], *, late: bool
) -> ShownRollout:
    text = entry.completion
    return ShownRollout(
        entry.row,
        cut("" if entry.id == str(entry.row) else entry.id, ID),
        entry.reward,
        [part._replace(reason=cut(part.reason, words)) for part in entry.parts],
        None if text is None else len(text),
        _missing(entry.missing) if text is None else marked(text, entry.answers, limit),
        places.get(entry.prompt, -1),
        cut(entry.reference, REFERENCE),
        entry.reward is not None and entry.share < 0.5,
        max(0, min(10, round(10 * entry.share))) if entry.reward is not None else 0,
        late,
    )


def _missing(why: str) -> Markup:
    return Markup("<i>") + inert(why) + Markup("</i>")
