"""Which of a closed set of choices a completion settles on: letters or class labels."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rewards.errors import UnusableDataError
from rewards.reading.text import answer_span, quoted
from rewards.sample import Sample
from rewards.score import Score
from rewards.scorer import scorer

#: More choices than this is no closed set, and each costs time at every word of a completion.
MAX_CHOICES = 100

#: Words that introduce a statement, as in "answer: B", "the correct option is B", "Label = spam".
CUES = ("answer", "choice", "option", "label", "class", "category")

# Brackets, quotes, emphasis and LaTeX that may open or close around a choice. Bounded and
# possessive: a flood of them is read once, never again from each place that might start a match.
_OPEN = (
    r"[\s*_~`\"'“”‘’(\[{<$\\:]{0,20}+"
    r"(?:(?:(?:text|textbf|mathrm|mathbf|boxed|fbox)\{|(?:b|i|em|strong)>)[\s*(\[]{0,9}+)?"
)
_CLOSE = r"[ \t*_~`\"'“”‘’)\]}>$\\]{0,20}+"
# Words that may stand between "the answer is" and the choice.
_LEAD = (
    r"(?:(?:the|option|choice|letter|label|class|category|answer|most|likely|probably|clearly"
    r"|definitely|therefore|thus|either|both|neither|between|maybe|perhaps|possibly|also|even)"
    r"[\s*_\"'(]{1,9}+){0,4}+"
)
# Words that may stand between a cue and "is", as in "the answer to this question is".
_ABOUT = r"(?:\s{1,3}(?:to|for|of|here|the|this|that|question|problem|\d{1,3})\b){0,5}+"
_IS = r"(?:(?:(?:should|must|would|will)\s{1,3})?(?:is|are|be)\b|:|=|->|=>|→)"
_CORRECT = r"(?:correct|right|best|most\s(?:likely|appropriate|accurate))\b"

# A lower-case letter, an "A" or an "I" is an article or a pronoun where a word follows, unless
# it is one of these.
_NEXT_WORD = re.compile(r"[ \t]{1,3}([a-z']{1,12})")
_GOES_ON = frozenset(
    {"and", "as", "based", "because", "but", "by", "due", "for", "from", "given", "if", "is"}
    | {"not", "or", "since", "so", "though", "which", "with"}
)


@scorer
def match(
    sample: Sample,
    *,
    choices: Sequence[str] = ("A", "B", "C", "D"),
    cues: Sequence[str] = CUES,
) -> Score:
    r"""1.0 where the choice that the answer settles on is the reference's; else 0.0.

    The last explicit statement counts: "answer is B", "Label: spam" (any of `cues`, then is, are,
    a colon, an equals sign or an arrow), "B is the correct ...", "\boxed{B}",
    "<answer>B</answer>" or "#### B". A statement of several choices ("A or B", "A, B", "either A
    or B") is no choice, and "the answer is not B" takes B back. Without a statement, a line that
    starts as a list item or consists of the choice alone ("B", "(B)", "B. because") counts if
    all such lines agree, so repeating the options earns nothing. Mentions in prose never count.

    Case is ignored, thinking left out. The reference is one of the choices, perhaps in brackets
    or followed by its text ("B", "(B)", "B. Paris"); any other is `UnusableDataError`.
    `match/stated` is 1.0 where the answer came from a statement, `match/changes` how often the
    statements changed the choice.

    >>> match(Sample(id="1", completion="Not A. The answer is (B).", reference_answer="B")).value
    1.0
    >>> match(Sample(id="1", completion="Answer: A or B", reference_answer="B")).reason
    "several choices in one statement: 'A, B'"
    """
    reader = _reader(tuple(choices), tuple(cues))
    wanted = reader.reference(sample.reference_text)
    if wanted is None:
        raise UnusableDataError(
            f"sample {sample.id!r}: the reference {quoted(sample.reference_text)} is none of the "
            f"choices {quoted(', '.join(choices))}; correct the data or the rubric's choices"
        )
    start, end = answer_span(sample.completion)
    text = sample.completion[start:end]
    statements = reader.statements(text)
    named = [statement.names for statement in statements]
    metrics = {
        "stated": float(bool(statements)),
        "changes": float(sum(a != b for a, b in pairwise(named))),
    }
    final = statements[-1] if statements else reader.unstated(text)
    if len(final.names) != 1:
        return Score(0.0, _why_none(final), metrics)
    answer = final.names[0]
    span = (start + final.start, start + final.end)
    right = answer == wanted
    reason = f"{quoted(answer)} is the reference" if right else f"{quoted(answer)}, not {wanted!r}"
    return Score(float(right), reason, metrics, answer, span)


@match.check
def _(*, choices: Sequence[str], cues: Sequence[str]) -> None:
    if not 2 <= len(choices) <= MAX_CHOICES:
        raise ValueError(f"choices must be 2 to {MAX_CHOICES:,} labels, got {len(choices)}")
    for kind, names in (("choice", choices), ("cue", cues)):
        for name in names:
            if not re.match(r"-?\w", name) or name != name.strip():
                raise ValueError(f"a {kind} must start with a letter or digit, got {name!r}")
    if not cues:
        raise ValueError('cues must hold a word that introduces the choice, such as "answer"')
    folded = [choice.casefold() for choice in choices]
    for choice in choices:
        if folded.count(choice.casefold()) > 1:
            raise ValueError(f"choices must differ in more than case, got {choice!r} twice")


class _Statement(NamedTuple):
    """The choices that one statement names (none: it takes one back), and where it stands."""

    names: tuple[str, ...]
    start: int = 0
    end: int = 0


class _Reader:
    """The patterns for one set of choices and cues, made once for a rubric."""

    def __init__(self, choices: tuple[str, ...], cues: tuple[str, ...]) -> None:
        self.by_name = {choice.casefold(): choice for choice in choices}
        # The longest first, so that "not spam" is not read as "not" before "spam".
        longest_first = sorted(choices, key=lambda choice: (-len(choice), choice))
        choice = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
        cue = rf"\b(?:{'|'.join(map(re.escape, cues))}){_ABOUT}[\s*_\"']{{0,9}}+{_IS}"
        opener = rf"(?:{cue}|\\boxed\s{{0,3}}\{{|\\fbox\{{|<answer>|\#{{4}})"
        # Not before a choice that itself starts with "not".
        negation = rf"(?P<not>n't\b|\s{{1,3}}(?!{choice})not\b)?"
        # "The answer is (not) B", or "B is the correct one".
        self.statement = _compiled(
            rf"{opener}{negation}{_OPEN}{_LEAD}{_OPEN}(?P<stated>{choice})"
            rf"|(?P<subject>{choice}){_CLOSE}\s{{0,3}}is\s{{1,3}}(?:the\s{{1,3}})?{_CORRECT}"
        )
        # What may follow "the answer is A": " or maybe B", or " B" with nothing else after it.
        self.further = _compiled(
            rf"{_CLOSE}(?:[,;/|&+]|\s{{0,3}}\b(?:or|and|nor|vs|and/or)\b){_OPEN}"
            rf"(?:(?:or|and)\s{{1,3}})?{_LEAD}{_OPEN}(?P<next>{choice})"
            rf"|{_CLOSE}[(\[]?(?P<beside>{choice})(?={_CLOSE}(?:[,;./|&]|$|{choice}))"
        )
        # A line that starts "B)", "- (B)" or "**B.**", or that is "B" and nothing else.
        self.item = _compiled(
            rf"^[ \t>*+-]{{0,9}}+[*_`\"'(\[]{{0,4}}+(?:(?:option|choice)[ \t])?"
            rf"[*_`\"'(\[]{{0,4}}+(?P<item>{choice})"
            rf"(?:[*_`\"']{{0,4}}+[)\].:]|[ \t*_`\"'.!]{{0,20}}+$)"
        )
        # "B)" anywhere: options repeated in one line.
        self.listed = _compiled(rf"(?P<item>{choice})[)\]]")

    def reference(self, text: str) -> str | None:
        """The choice that a reference names: "B", "(B)", "B. Paris"."""
        bare = text.strip().strip("()[]*.:\"'`").casefold()
        if bare in self.by_name:
            return self.by_name[bare]
        item = self.item.match(text.strip())
        return self.named(item, "item") if item else None

    def named(self, found: re.Match[str], group: str) -> str:
        """The choice, as the rubric spells it, that a group of a match holds."""
        name = found[group]
        # Case folding and the pattern's own idea of case differ on a few letters, such as "İ".
        return self.by_name.get(name.casefold()) or next(
            choice
            for choice in self.by_name.values()
            if re.fullmatch(re.escape(choice), name, re.IGNORECASE)
        )

    def statements(self, text: str) -> list[_Statement]:
        """Every explicit statement, in order; a choice taken back is one that names nothing."""
        found: list[_Statement] = []
        for statement in self.statement.finditer(text):
            group = statement.lastgroup or ""
            start, end = statement.span(group)
            if not _is_choice(text, start, end):
                continue
            first = self.named(statement, group)
            if statement["not"]:
                if found and first in found[-1].names:
                    found.append(_Statement((), start, end))
                continue
            names = (first, *self.others(text, end)) if group == "stated" else (first,)
            found.append(_Statement(tuple(dict.fromkeys(names)), start, end))
        return found

    def others(self, text: str, end: int) -> Iterator[str]:
        """The choices that a statement goes on to name: "or B", ", B", "/ B"."""
        while further := self.further.match(text, end):
            group = further.lastgroup or ""
            if not _is_choice(text, *further.span(group)):
                return
            yield self.named(further, group)
            end = further.end(group)

    def unstated(self, text: str) -> _Statement:
        """The choice of an answer without a statement: that of its list items, if they agree."""
        items = [item for item in self.item.finditer(text) if _is_choice(text, *item.span("item"))]
        marks = items + list(self.listed.finditer(text)) if items else []
        names = tuple(dict.fromkeys(self.named(mark, "item") for mark in marks))
        return _Statement(names, *items[-1].span("item")) if items else _Statement(())


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


@lru_cache(maxsize=64)
def _reader(choices: tuple[str, ...], cues: tuple[str, ...]) -> _Reader:
    return _Reader(choices, cues)


def _is_choice(text: str, start: int, end: int) -> bool:
    letter = text[start:end]
    if len(letter) > 1 or not (letter.islower() or letter in "AI"):
        return True
    following = _NEXT_WORD.match(text, end)
    return following is None or following[1] in _GOES_ON


def _why_none(statement: _Statement) -> str:
    if statement.names:
        return f"several choices in one statement: {quoted(', '.join(statement.names))}"
    return "no choice is stated"
