"""How many words a completion and its reference have in common.

Overlap rewards the reference's words, not its meaning: it suits short free-text answers and
summaries, beside a judge or a check of facts. A reference that is a list holds alternatives with
`any_of`, and the best of them counts.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from rewards.core.errors import UnusableDataError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.content import content
from rewards.reading.text import quoted
from rewards.reading.words import bare, words

#: The words of a reference beyond this many are missed by ROUGE-L (they still count against
#: recall). Longer than any summary.
MAX_REFERENCE_WORDS = 4_096

#: ROUGE-L stands for a table of the answer's words by those of the references, of this many cells
#: at most: words of the answer beyond are missed by it (they still count against precision).
#: Against one reference at the cap that is an answer of 61,000 words, against fifty 1,200.
MAX_CELLS = 250_000_000

#: Characters of references that are kept with their words counted, for the other rollouts of their
#: prompts.
MAX_KEPT_CHARS = 1_000_000

Measure = Literal["f1", "precision", "recall"]
Split = Callable[[str], list[str]]


@scorer
def f1(sample: Sample, *, ignore_articles: bool = False, any_of: bool = False) -> Score:
    """The F1 of the answer's words against the reference's, each as often as it occurs.

    With c words in common, precision is c / words of the answer, recall c / words of the
    reference, and F1 their harmonic mean: repeating a word or adding others costs precision.
    Words are those of `rewards.reading.words`, case ignored; the answer is what stands in
    `<answer>` tags, or else the completion after its thinking.

    Args:
        sample: the rollout to score.
        ignore_articles: SQuAD's F1 (Rajpurkar et al. 2016), with the differences of `exact.match`:
            a, an and the are dropped, and words are what white space divides once punctuation is
            deleted, so that "well-known" is one and a Chinese sentence, too.
        any_of: a reference that is a list holds alternatives, of which the nearest counts.

    >>> paris = Sample(id="1", completion="It is Paris.", reference_answer="Paris")
    >>> f1(paris).value, f1(paris).metrics["recall"]
    (0.5, 1.0)
    """
    split = _squad_tokens if ignore_articles else _words
    return _best(sample, any_of, "f1", "f1", split)


@scorer
def rouge(
    sample: Sample,
    *,
    kind: Literal["rouge-1", "rouge-2", "rouge-l"] = "rouge-l",
    measure: Measure = "f1",
    any_of: bool = False,
) -> Score:
    """ROUGE of the answer against the reference (Lin 2004): common words, pairs or subsequence.

    Words are those of `rewards.reading.words`, case ignored, not stemmed: on English text the
    figures are those of the rouge-score package, which knows no letters but ASCII's. The answer is
    that of `overlap.f1`. Precision and recall are reported as metrics.

    Args:
        sample: the rollout to score.
        kind: "rouge-1" counts words in common, "rouge-2" pairs of neighbours, "rouge-l" the longest
            common subsequence of words over the whole text.
        measure: what is paid. Recall alone pays for length: leave it at "f1" unless a length
            penalty stands beside it.
        any_of: a reference that is a list holds alternatives, of which the nearest counts.

    >>> rouge(Sample(id="1", completion="the cat sat", reference_answer="the cat ran")).reason
    'rouge-l: 2 in common; answer 3, reference 3'
    """
    n = 2 if kind == "rouge-2" else 1
    return _best(sample, any_of, measure, kind, _words, n=n, in_order=kind == "rouge-l")


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


class _Reference(NamedTuple):
    """A reference: how many words (or pairs) it has, and where each of them stands in it."""

    length: int
    places: Mapping[Any, list[int]]


def _best(
    sample: Sample,
    any_of: bool,
    measure: Measure,
    label: str,
    split: Split,
    *,
    n: int = 1,
    in_order: bool = False,
) -> Score:
    texts = sample.reference_texts if any_of else (sample.reference_text,)
    references, known = _SHELF.of(texts, split, n)
    if not references:
        raise UnusableDataError(
            f"sample {sample.id!r}: the reference {quoted(', '.join(texts))} is too short: "
            f"{label} finds nothing in it to compare"
        )
    answer = split(content(sample.completion))
    length = max(len(answer) - n + 1, 0)
    counts = Counter(filter(known.__contains__, pairwise(answer) if n == 2 else answer))
    overlaps = [
        _Overlap(_common(counts, reference), length, reference.length) for reference in references
    ]
    if in_order:
        overlaps = _ordered(overlaps, measure, answer, references)
    best = max(overlaps, key=lambda overlap: overlap.measures()[measure])
    figures = best.measures()
    return Score(
        figures.pop(measure),
        f"{label}: {best.common:,} in common; answer {best.answer:,}, reference {best.reference:,}",
        figures,
    )


def _words(text: str) -> list[str]:
    return words(text.casefold())


def _squad_tokens(text: str) -> list[str]:
    return bare(text.casefold(), articles=True).split()


class Shelf:
    """References with their words counted, once for all rollouts of their prompt."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: dict[tuple[Any, ...], _Known] = {}
        self.chars = 0

    def of(self, texts: Sequence[str], split: Split, n: int) -> "_Known":
        """The references that have words at all, read again only once it had to be emptied."""
        key = (split, n, *texts)
        found = self._kept.get(key)
        if found is None:
            counted = [_counted(split(text), n) for text in texts]
            references = [reference for reference in counted if reference.length]
            found = _Known(references, frozenset().union(*(part.places for part in references)))
            chars = sum(map(len, texts))
            if self.chars + chars > MAX_KEPT_CHARS:
                self._kept.clear()
                self.chars = 0
            if chars <= MAX_KEPT_CHARS:
                self._kept[key] = found
                self.chars += chars
        return found


class _Known(NamedTuple):
    """The references of a prompt, and all words (or pairs) that they have."""

    references: Sequence[_Reference]
    words: frozenset[Any]


_SHELF = Shelf()


def _counted(tokens: list[str], n: int) -> _Reference:
    places: dict[Any, list[int]] = {}
    for place, token in enumerate(pairwise(tokens) if n == 2 else tokens):
        places.setdefault(token, []).append(place)
    return _Reference(max(len(tokens) - n + 1, 0), places)


def _common(counts: Mapping[Any, int], reference: _Reference) -> int:
    return sum(
        min(len(places), counts[token])
        for token, places in reference.places.items()
        if token in counts
    )


def _ordered(
    bounds: Sequence[_Overlap],
    measure: Measure,
    answer: Sequence[str],
    references: Sequence[_Reference],
) -> list[_Overlap]:
    """The overlaps in order: what is in common without it bounds them, so most need no look."""
    table = sum(min(reference.length, MAX_REFERENCE_WORDS) for reference in references)
    answer = answer[: MAX_CELLS // table]
    pairs = sorted(
        zip(bounds, references, strict=True), key=lambda pair: -pair[0].measures()[measure]
    )
    found: list[_Overlap] = []
    best = -1.0
    for bound, reference in pairs:
        if bound.measures()[measure] <= best:
            break
        overlap = bound._replace(common=_subsequence(answer, reference))
        best = max(best, overlap.measures()[measure])
        found.append(overlap)
    return found


def _subsequence(answer: Sequence[str], reference: _Reference) -> int:
    """Length of the longest common subsequence, bit-parallel (Hyyrö 2004).

    Bit i of `open_rows` is 0 where the subsequence so far grows at word i of the reference, so
    one addition of big integers handles a whole column of the usual table.
    """
    length = min(reference.length, MAX_REFERENCE_WORDS)
    rows = {
        word: _bits(reference.places[word], length)
        for word in set(filter(reference.places.__contains__, answer))
    }
    mask = (1 << length) - 1
    open_rows = mask
    for word in filter(rows.__contains__, answer):
        if hits := open_rows & rows[word]:
            open_rows = ((open_rows + hits) | (open_rows - hits)) & mask
    return length - open_rows.bit_count()


def _bits(places: Sequence[int], length: int) -> int:
    """The places below `length` as the bits of a number."""
    if len(places) == 1:
        return 1 << places[0] if places[0] < length else 0
    flags = bytearray(length // 8 + 1)
    for place in places:
        if place < length:
            flags[place // 8] |= 1 << place % 8
    return int.from_bytes(flags, "little")
