"""Whether a completion is the reference, word for word."""

from collections.abc import Sequence

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.content import ANSWER_TAG, content_span, tagged_span
from rewards.reading.content import after as what_follows
from rewards.reading.text import MAX_ANSWER_CHARS, quoted
from rewards.reading.words import bare, normal

#: An answer this long, and so many times as long as the reference, is not it, whatever is ignored.
LONG_CHARS = 10_000
TIMES_AS_LONG = 10


@scorer
def match(
    sample: Sample,
    *,
    after: str = "",
    any_of: bool = False,
    ignore_case: bool = False,
    ignore_space: bool = False,
    ignore_punctuation: bool = False,
    ignore_articles: bool = False,
) -> Score:
    r"""1.0 where the answer is the reference, apart from white space around it; else 0.0.

    The answer is what stands in `<answer>` tags, or else the completion after its thinking, without
    the marks that end a turn and closing tags behind it. Accents compare alike, composed or not
    (NFC), and what nobody sees, such as a zero-width space, is no difference.

    With `ignore_case`, `ignore_punctuation` and `ignore_articles` this is SQuAD's exact match
    (Rajpurkar et al. 2016) but for three things: punctuation and symbols of every script are
    deleted, not ASCII's alone; case is folded, so that STRASSE is Straße; and the two rules above.

    A reference of which nothing is left to compare is `UnusableDataError`, not a match of
    every empty answer.

    Args:
        sample: the rollout to score.
        after: the answer is what follows the last of these marks, up to where a mark such as
            `\boxed{` or `<final>` is closed; an answer without the mark is wrong.
        any_of: a reference that is a list holds alternatives, and one of them must match.
        ignore_case: compare capitals and small letters alike.
        ignore_space: drop all white space.
        ignore_punctuation: delete punctuation and symbols: "J.K." is "JK", "well-known" one word.
        ignore_articles: drop the English a, an and the.

    >>> match(Sample(id="1", completion="  Paris\n", reference_answer="Paris")).value
    1.0
    >>> match(
    ...     Sample(id="1", completion="So:\n#### the  PARIS.", reference_answer="Paris"),
    ...     after="####", ignore_case=True, ignore_punctuation=True, ignore_articles=True,
    ... ).value
    1.0
    """

    def comparable(text: str) -> str:
        if ignore_punctuation or ignore_articles:
            text = bare(text, punctuation=ignore_punctuation, articles=ignore_articles)
        else:
            text = normal(text).strip()
        if ignore_space:
            text = "".join(text.split())
        return text.casefold() if ignore_case else text

    texts = sample.reference_texts if any_of else (sample.reference_text,)
    wanted = {comparable(text) for text in texts} - {""}
    if not wanted:
        raise UnusableDataError(
            f"sample {sample.id!r}: nothing is left of the reference {quoted(', '.join(texts))} "
            "to compare; give it text, or ignore less"
        )
    answer = _answer(sample.completion, after, texts)
    if answer is None:
        return Score(0.0, reason=f"no {quoted(after)} in the answer")
    shown = answer.strip()[:MAX_ANSWER_CHARS]
    if len(answer) > max(LONG_CHARS, TIMES_AS_LONG * max(map(len, texts))):
        return Score(0.0, f"{len(answer):,} characters are not the reference", answer=shown)
    compared = comparable(answer)
    if compared in wanted:
        return Score(1.0, reason=f"{quoted(compared)} is the reference", answer=shown)
    return Score(0.0, reason=f"{quoted(compared)} is not the reference", answer=shown)


def _answer(completion: str, mark: str, references: Sequence[str]) -> str | None:
    """What is compared; None where the mark that it has to follow is missing."""
    whole = completion[slice(*content_span(completion))]
    is_tagged = not any(f"<{ANSWER_TAG}>" in reference for reference in references)
    tagged = completion[slice(*tagged_span(completion))] if is_tagged else whole
    if not mark:
        return tagged
    for text in (tagged, whole):
        if found := what_follows(text, mark):
            return text[slice(*found)]
    return None
