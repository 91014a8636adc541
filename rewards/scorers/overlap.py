"""How many words a completion and its reference have in common.

Overlap rewards the reference's words, not its meaning: it suits short free-text answers and
summaries, beside a judge or a check of facts. A reference that is a list holds alternatives with
`any_of`, and the best of them counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from rewards.errors import UnusableDataError
from rewards.reading.text import answer_text, quoted, words
from rewards.sample import Sample
from rewards.score import Score
from rewards.scorer import scorer

#: ROUGE-L takes time in proportion to the completion's length times the reference's; the words of
#: a reference beyond this many are missed by it (they still count against recall), so that time
#: stays linear in the completion. Longer than any summary.
MAX_REFERENCE_WORDS = 4_096

_ARTICLES = frozenset({"a", "an", "the"})

Measure = Literal["f1", "precision", "recall"]


@scorer
def f1(sample: Sample, *, ignore_articles: bool = False, any_of: bool = False) -> Score:
    """The F1 of the answer's words against the reference's, each as often as it occurs.

    With c words in common, precision is c / words of the answer, recall c / words of the
    reference, and F1 their harmonic mean: repeating a word or adding others costs precision.
    Words are letters and digits, case ignored, punctuation dropped, thinking left out. With
    `ignore_articles` this is SQuAD's F1 (Rajpurkar et al. 2016).

    >>> paris = Sample(id="1", completion="It is Paris.", reference_answer="Paris")
    >>> f1(paris).value, f1(paris).metrics["recall"]
    (0.5, 1.0)
    """

    def tokens(text: str) -> list[str]:
        found = words(text.casefold())
        return [word for word in found if word not in _ARTICLES] if ignore_articles else found

    return _best(sample, any_of, "f1", tokens, _common)


@scorer
def rouge(
    sample: Sample,
    *,
    kind: Literal["rouge-1", "rouge-2", "rouge-l"] = "rouge-l",
    measure: Measure = "f1",
    any_of: bool = False,
) -> Score:
    """ROUGE of the answer against the reference (Lin 2004): common words, pairs or subsequence.

    "rouge-1" counts words in common, "rouge-2" pairs of neighbours, "rouge-l" the longest common
    subsequence of words over the whole text. `measure` is what is paid; precision and recall are
    reported as metrics. Recall alone pays for length, so leave it at "f1" unless a length penalty
    stands beside it. Words are letters and digits, case ignored, not stemmed.

    >>> rouge(Sample(id="1", completion="the cat sat", reference_answer="the cat ran")).reason
    'rouge-l: 2 in common; answer 3, reference 3'
    """
    if kind == "rouge-2":
        return _best(sample, any_of, measure, _pairs, _common, kind)
    common = _common if kind == "rouge-1" else _subsequence
    return _best(sample, any_of, measure, lambda text: words(text.casefold()), common, kind)


class _Overlap(NamedTuple):
    common: int
    answer: int
    reference: int

    def measures(self) -> dict[str, float]:
        return {
            "f1": 2 * self.common / (self.answer + self.reference),
            "precision": self.common / self.answer if self.answer else 0.0,
            "recall": self.common / self.reference,
        }


def _best(
    sample: Sample,
    any_of: bool,
    measure: Measure,
    tokens: Callable[[str], list[Any]],
    common: Callable[[list[Any], list[Any]], int],
    label: str = "f1",
) -> Score:
    texts = sample.reference_texts if any_of else (sample.reference_text,)
    references = [reference for reference in map(tokens, texts) if reference]
    if not references:
        raise UnusableDataError(
            f"sample {sample.id!r}: the reference {quoted(', '.join(texts))} is too short: "
            f"{label} finds nothing in it to compare"
        )
    answer = tokens(answer_text(sample.completion))
    overlaps = [
        _Overlap(common(answer, reference), len(answer), len(reference)) for reference in references
    ]
    best = max(overlaps, key=lambda overlap: overlap.measures()[measure])
    figures = best.measures()
    return Score(
        figures.pop(measure),
        f"{label}: {best.common:,} in common; answer {best.answer:,}, reference {best.reference:,}",
        figures,
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    return list(pairwise(words(text.casefold())))


def _common(answer: Iterable[Any], reference: Iterable[Any]) -> int:
    return (Counter(answer) & Counter(reference)).total()


def _subsequence(answer: Sequence[str], reference: Sequence[str]) -> int:
    """Length of the longest common subsequence, bit-parallel (Hyyrö 2004).

    Bit i of `open_rows` is 0 where the subsequence so far grows at word i of the reference, so
    one addition of big integers handles a whole column of the usual table.
    """
    reference = reference[:MAX_REFERENCE_WORDS]
    positions: dict[str, int] = {}
    for index, word in enumerate(reference):
        positions[word] = positions.get(word, 0) | 1 << index
    mask = (1 << len(reference)) - 1
    open_rows = mask
    for word in answer:
        if hits := open_rows & positions.get(word, 0):
            open_rows = ((open_rows + hits) | (open_rows - hits)) & mask
    return len(reference) - open_rows.bit_count()
