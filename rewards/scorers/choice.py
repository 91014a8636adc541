"""Which of a closed set of choices a completion settles on: letters or class labels."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.choices.reader import Choices
from rewards.reading.choices.words import CUES
from rewards.reading.text import answer_span, quoted

#: More choices than this is no closed set, and each costs time at every word of a completion.
MAX_CHOICES = 100


@scorer
def match(
    sample: Sample,
    *,
    choices: Sequence[str] = ("A", "B", "C", "D"),
    cues: Sequence[str] = CUES,
    texts: dict[str, str] | None = None,
    texts_key: str = "",
    index_from: int | None = None,
) -> Score:
    r"""1.0 where the choice that the answer settles on is the reference's; else 0.0.

    The last explicit statement counts: "the answer is B", "Label: spam", "\boxed{B}",
    "<answer>B</answer>", "#### B", {"answer": "B"}, "La respuesta es B", "答案是B". What follows it
    is a remark ("A would be right if ..."), unless it corrects it or states another answer. Without
    a statement a verdict counts ("I'd go with B", "Hence B", "B is correct"), then what a sentence
    says of the text ("The review is negative"), then the form: a line that is "B" and no more, a
    text or its only item that starts with it ("B. because ..."). Mentions in prose never count.

    Several choices are none: "A or B", "(A) x and (B) y", two boxes, a list of the options. So is a
    letter with the text of another, and a choice that is denied ("not B"). A statement that differs
    from an earlier one supersedes it only where working, a correction or "final answer" lies
    between them. Thinking is left out, case ignored.

    A reference is one of the choices in any of these forms ("B", "(B)", "B. Paris", "\boxed{B}",
    "Answer: B", with texts "Paris"); any other is `UnusableDataError`. `match/stated` is 1.0 where
    the answer was said in words or marked, `match/changes` how often the statements changed it.

    Args:
        sample: the rollout to score.
        choices: the letters or labels, 2 to 100 of them, that differ in more than case.
        cues: words that introduce a statement, before "is", ":" or "="; other languages' words for
            "answer" are known.
        texts: what the letters stand for, `{ A = "Lyon", B = "Paris" }`: "Paris" is then B. A
            choice without a text is none where others have one.
        texts_key: the metadata field that holds each sample's own texts, a table as above or a list
            in the order of the choices.
        index_from: 0 or 1 where a reference that is a number means a choice by its place.

    >>> match(Sample(id="1", completion="Not A. The answer is (B).", reference_answer="B")).value
    1.0
    >>> match(Sample(id="1", completion="Answer: A or B", reference_answer="B")).reason
    "several choices: 'A, B'"
    >>> match(
    ...     Sample(id="1", completion="The capital is Paris.", reference_answer=1),
    ...     texts={"A": "Lyon", "B": "Paris"}, index_from=0,
    ... ).answer
    'B'
    """
    own = _own_texts(sample, texts_key, choices) if texts_key else texts or {}
    named = tuple(choice for choice in choices if not own or choice in own)
    reader = _reader(named, tuple(own.items()), tuple(cues))
    wanted = _wanted(sample, reader, named, index_from)
    start, end = answer_span(sample.completion)
    found = reader.settled(sample.completion[start:end])
    metrics = {"stated": float(found.stated), "changes": float(found.changes)}
    if len(found.names) != 1:
        several = f"several choices: {quoted(', '.join(found.names))}"
        return Score(0.0, several if found.names else "no choice is stated", metrics)
    answer = found.names[0]
    span = (start + found.span[0], start + found.span[1]) if found.span else None
    right = answer == wanted
    reason = f"{quoted(answer)} is the reference" if right else f"{quoted(answer)}, not {wanted!r}"
    return Score(float(right), reason, metrics, answer, span)


@match.check
def _(
    *,
    choices: Sequence[str],
    cues: Sequence[str],
    texts: dict[str, str] | None,
    texts_key: str,
    index_from: int | None,
) -> None:
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
    if texts and texts_key:
        raise ValueError("give texts for all samples or texts_key for each, and not both")
    for name in texts or {}:
        if name not in choices:
            raise ValueError(f"texts has {name!r}, which is none of the choices {list(choices)}")
    if texts is not None and len(texts) < 2:
        raise ValueError("texts must tell what 2 choices or more stand for, or be left out")
    if index_from not in (None, 0, 1):
        raise ValueError(f"index_from must be 0 or 1, the index of the first choice: {index_from}")


@lru_cache(maxsize=64)
def _reader(
    choices: tuple[str, ...], texts: tuple[tuple[str, str], ...], cues: tuple[str, ...]
) -> Choices:
    """The reader of a rubric, or of the rollouts of a prompt that has texts of its own."""
    return Choices(choices, dict(texts), cues)


def _own_texts(sample: Sample, key: str, choices: Sequence[str]) -> Mapping[str, str]:
    """The texts that a sample brings, by choice.

    Raises:
        UnusableDataError: the field is missing, or its texts are not those of choices.
    """
    found = sample.metadata.get(key)
    if isinstance(found, str):  # as some wires carry what is no text
        try:
            found = json.loads(found)
        except ValueError:
            found = None
    if isinstance(found, list | tuple) and 2 <= len(found) <= len(choices):
        found = dict(zip(choices, found, strict=False))
    if isinstance(found, Mapping) and len(found) > 1:
        if all(name in choices and isinstance(text, str) for name, text in found.items()):
            return found
    raise UnusableDataError(
        f"sample {sample.id!r}: metadata field {key!r} must hold the texts of the choices "
        f"{quoted(', '.join(choices))}, as a table or as a list in that order; got "
        f"{quoted(repr(found))}"
    )


def _wanted(sample: Sample, reader: Choices, choices: Sequence[str], index_from: int | None) -> str:
    """The choice that the reference names, or is the index of."""
    text = sample.reference_text.strip()
    if index_from is not None and re.fullmatch(r"\d{1,3}", text):
        index = int(text) - index_from
        if 0 <= index < len(choices):
            return choices[index]
    else:
        named = reader.named(text)
        if named:
            return named
    raise UnusableDataError(
        f"sample {sample.id!r}: the reference {quoted(sample.reference_text)} is none of the "
        f"choices {quoted(', '.join(choices))}; correct the data or the rubric's choices"
    )
