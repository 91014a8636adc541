"""Which texts are nearly the same, whatever they all have in common.

A text is the set of its shingles (three tokens in a row, as hashes). Those in so many texts that
they are a template are left out; two texts are alike where the rest has a Jaccard index of 0.8 and
more. Candidates come from MinHash with one permutation (the smallest hash of each of 64 bins, in
16 bands of four), so that the time grows with the text and not with the pairs: a pair at 0.8 is
found with a probability of 0.9998, and a pair that is told has been compared.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from zlib import crc32

#: From here on two texts are alike.
ALIKE = 0.8

_BINS, _BAND = 64, 4
_SLOTS = 1 << 18
_LAST_SLOT = _SLOTS - 1
_MASK = 0xFFFFFFFF

#: Of longer texts the smallest hashes stand for all: a sample that two texts draw alike.
_MOST_SHINGLES = 4096
_MOST_CHARS = 200_000
_MOST_CODES = 100_000

#: Texts that share a band and are not alike are remembered up to this; more are a template.
_MOST_IN_A_BAND = 32

#: Scripts without spaces between words: each character is a token.
_DENSE = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_DENSE}]|[^\W{_DENSE}]+|[^\w\s]")


class _Codes(dict[str, int]):
    """A number for each token, the same in every process."""

    def __missing__(self, token: str) -> int:
        if len(self) > _MOST_CODES:
            self.clear()
        code = self[token] = crc32(token.encode("utf-8", "surrogatepass"))
        return code


@dataclass(frozen=True, slots=True)
class Text:
    """A row's text as it is compared: its number, its shingles, what it is but for white space."""

    row: int
    shingles: "array[int]"
    normal: bytes
    answer: bytes


@dataclass(slots=True)
class Texts:
    """The texts of a dataset, as many as are put in, at a few bytes a shingle."""

    all: list[Text] = field(default_factory=list)
    _codes: "_Codes" = field(default_factory=lambda: _Codes())
    _counts: "array[int]" = field(default_factory=lambda: array("I", bytes(4 * _SLOTS)))

    def add(self, row: int, text: str, answer: bytes = b"") -> None:
        """Put in a row's text; `answer` tells its reference from others."""
        words = _TOKEN.findall(text[:_MOST_CHARS].casefold())
        codes = self._codes
        found = [codes[word] for word in words] + [0] * (3 - len(words))
        shingles = {
            (a * 0x9E3779B1 + b * 0x85EBCA6B + c) & _MASK
            for a, b, c in zip(found, found[1:], found[2:], strict=False)
        }
        hashes = sorted(shingles)[:_MOST_SHINGLES]
        counts = self._counts
        for hash_ in hashes:
            counts[hash_ & _LAST_SLOT] += 1
        normal = blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=12)
        self.all.append(Text(row, array("I", hashes), normal.digest(), answer))

    def template(self) -> frozenset[int]:
        """Slots of the shingles that are in more than half of the texts, or in one in twenty.

        The second where that is more than fifty: large sets are made of several templates.
        """
        many = len(self.all)
        most = max(3, min(many / 2, max(50, many / 20)))
        return frozenset(slot for slot, count in enumerate(self._counts) if count > most)


@dataclass(slots=True)
class Likeness:
    """Texts that stand for those which are like them, found by their bands."""

    template: frozenset[int]
    _bands: dict[int, list[Text]] = field(default_factory=dict)

    def like(self, text: Text, *, keep: bool = True) -> list[Text]:
        """What is like a text of what was seen; it is remembered where nothing says the same."""
        own = self._own(text)
        if not own:
            return []
        bands, found = _bands(own), dict[int, Text]()
        for band in bands:
            for other in self._bands.get(band, ()):
                if other.row not in found and _jaccard(own, self._own(other)) >= ALIKE:
                    found[other.row] = other
        if keep and not any(other.answer == text.answer for other in found.values()):
            for band in bands:
                members = self._bands.setdefault(band, [])
                if len(members) < _MOST_IN_A_BAND:
                    members.append(text)
        return list(found.values())

    def _own(self, text: Text) -> Sequence[int]:
        """A text's shingles without the template's, the smallest first."""
        template = self.template
        if not template:
            return text.shingles
        return [hash_ for hash_ in text.shingles if hash_ & _LAST_SLOT not in template]


def same_task(one: Text, other: Text) -> bool:
    """Whether two texts that are alike ask the same: for the same answer, or in the same words.

    Questions about one document, or sums with other numbers, are alike and ask something else.
    """
    return one.answer == other.answer or one.normal == other.normal


def _bands(own: Sequence[int]) -> list[int]:
    """The bands of a text in which there is anything; of a bin its smallest hash, set last."""
    least = {hash_ % _BINS: hash_ for hash_ in reversed(own)}
    found = []
    for start in range(0, _BINS, _BAND):
        band = [least.get(place, -1) for place in range(start, start + _BAND)]
        if max(band) >= 0:
            found.append(hash((start, *band)))
    return found


def _jaccard(one: Sequence[int], other: Sequence[int]) -> float:
    if min(len(one), len(other)) < ALIKE * max(len(one), len(other)):
        return 0.0
    shared = len(set(one).intersection(other))
    return shared / (len(one) + len(other) - shared)
