"""Whether a completion is the reference, word for word."""

import re
import unicodedata

from rewards.errors import UnusableDataError
from rewards.reading.text import MAX_ANSWER_CHARS, answer_span, quoted
from rewards.sample import Sample
from rewards.score import Score
from rewards.scorer import scorer

#: Longer texts are compared without composing accents: `unicodedata.normalize` takes quadratic
#: time on long runs of combining marks, and no honest short answer is as long as this.
MAX_COMPOSED_CHARS = 10_000

_SPACE = re.compile(r"\s+")
# What is neither letter, digit nor space: punctuation and symbols of any script, underscores too.
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)


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

    The answer is the completion after its thinking. Accents compare alike whether composed or not
    (NFC). Without case, punctuation and articles this is SQuAD's exact match (Rajpurkar et al.
    2016).

    Args:
        sample: the rollout to score.
        after: the answer is what follows the last of this text, if there is any.
        any_of: a reference that is a list holds alternatives, one of which must match.
        ignore_case: upper and lower case are one.
        ignore_space: all white space is dropped, inside too.
        ignore_punctuation: punctuation is dropped.
        ignore_articles: the English a, an and the are dropped.

    A reference of which nothing is left to compare is `UnusableDataError`, not a match of
    every empty answer.

    >>> match(Sample(id="1", completion="  Paris\n", reference_answer="Paris")).value
    1.0
    >>> match(
    ...     Sample(id="1", completion="So:\n#### the  PARIS.", reference_answer="Paris"),
    ...     after="####", ignore_case=True, ignore_punctuation=True, ignore_articles=True,
    ... ).value
    1.0
    """

    def normal(text: str) -> str:
        if ignore_punctuation:
            text = _PUNCTUATION.sub(" ", text)
        if ignore_articles:
            text = _ARTICLE.sub(" ", text)
        if ignore_punctuation or ignore_articles:
            text = _SPACE.sub(" ", text)
        if ignore_space:
            text = _SPACE.sub("", text)
        text = _composed(text.strip())
        return text.casefold() if ignore_case else text

    texts = sample.reference_texts if any_of else (sample.reference_text,)
    wanted = {normal(text) for text in texts} - {""}
    if not wanted:
        raise UnusableDataError(
            f"sample {sample.id!r}: nothing is left of the reference {quoted(', '.join(texts))} "
            "to compare; give it text, or ignore less"
        )
    start, end = answer_span(sample.completion)
    if after:
        marker = sample.completion.rfind(after, start, end)
        if marker < 0:
            return Score(0.0, reason=f"no {quoted(after)} in the answer")
        start = marker + len(after)
    answer = sample.completion[start:end]
    found = normal(answer)
    shown = answer.strip()[:MAX_ANSWER_CHARS]
    if found in wanted:
        return Score(1.0, reason=f"{quoted(found)} is the reference", answer=shown)
    return Score(0.0, reason=f"{quoted(found)} is not the reference", answer=shown)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text) if len(text) <= MAX_COMPOSED_CHARS else text
