"""Which of the statements that a text makes about its choices stands in the end.

The last one, unless one before it still competes: an earlier one gives way where a correction,
a final answer or working lies between them. A choice that is denied is taken back.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rewards.reading.choices.marks import ONE_MORE
from rewards.reading.choices.words import CUE, MARK, VERDICT
from rewards.reading.sentences.phrases import HEDGED, correction
from rewards.reading.text import Pattern

_WORDS = Pattern(r"[^\W\d_]{2,}")


class ChoiceStatement(NamedTuple):
    """What a text says of one choice, or of several that it joins."""

    level: int
    names: tuple[str, ...]
    start: int
    end: int
    #: Where the words begin that lead to it.
    lead: int
    denied: bool = False
    final: bool = False
    #: Somebody concludes, and does not only call a choice right.
    concludes: bool = True


def final(shown: str, said: Sequence[ChoiceStatement]) -> ChoiceStatement | None:
    """The statement or verdict that stands of all that a text makes; None where it makes none."""
    explicit = [statement for statement in said if statement.level >= CUE]
    verdicts = [statement for statement in said if statement.level == VERDICT]
    if not explicit:
        return standing(shown, verdicts)
    stated = standing(shown, explicit)
    position = stated.end if stated else explicit[-1].end
    later = [verdict for verdict in verdicts if verdict.start >= position]
    if stated is None:  # all that was stated is denied: "The answer isn't B. It's D."
        return standing(shown, later) or explicit[-1]._replace(names=())
    # What follows a statement is a remark, unless it corrects it, or offers one more.
    another = [
        verdict
        for verdict in later
        if correction(shown[position : max(verdict.lead, position)])
        or ONE_MORE.search(shown, verdict.lead, verdict.start)
    ]
    return standing(shown, [stated, *another]) or stated._replace(names=())


def standing(shown: str, statements: Sequence[ChoiceStatement]) -> ChoiceStatement | None:
    """The last of several statements, unless those before it still compete with it."""
    last: ChoiceStatement | None = None
    for statement in statements:
        if statement.denied:
            if last is not None and not set(statement.names).isdisjoint(last.names):
                last = None
        elif last is None or not last.names or _supersedes(shown, last, statement):
            last = statement
        else:
            names = (*last.names, *statement.names)
            last = statement._replace(names=tuple(dict.fromkeys(names)))
    return last


def _supersedes(shown: str, earlier: ChoiceStatement, later: ChoiceStatement) -> bool:
    """Whether a statement takes an earlier one's place: by correction, conclusion or working."""
    if earlier.names == later.names:
        return True
    if not later.concludes:
        return False
    between = shown[earlier.end : max(later.lead, earlier.end)]
    if correction(between):
        return True
    clause = re.split(r"[.!?\n]", between)[-1]
    leading = shown[later.lead : later.start]
    if HEDGED.search(clause + leading) or ONE_MORE.search(leading):
        return False
    if (later.final and not earlier.final) or later.level == MARK > earlier.level:
        return True
    if not earlier.concludes:  # "although B looks right, the correct one is A"
        return True
    return len(_WORDS.findall(between)) > 1
