"""Where a text names one of a closed set of choices: by its letter, its label or its text.

Articles, pronouns, variables and parts of words are no names. Names that are offered together
("A or B", "(A) x and (B) y") are one cluster.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rewards.reading.choices.marks import (
    APART,
    BESIDE,
    ENDS,
    GOES_ON,
    JOINED,
    JOINS_ANOTHER,
    LABELS,
    NEXT_WORD,
    OTHERWISE,
    TEXT_FOLLOWS,
    WITH_ASIDES,
    WITH_TEXTS,
    plain,
)

#: Names of choices that are looked at, the last ones: a text that names more settles on none.
MAX_MENTIONS = 400
#: Characters between two choices that are joined.
MAX_GAP_CHARS = 100
#: Characters of an option's text that are looked for.
MAX_TEXT_CHARS = 200

# A name stands for itself, and is no part of a word, a number, a formula or a call. Looked back
# over the first letter of a name.
_NOT_WITHIN = r"(?<![A-Za-z0-9À-ӿ_].)(?<![A-Za-z0-9]-.)(?<!\d[.,].)"
_NOT_BEFORE = (
    r"(?![A-Za-z0-9À-ӿ])(?!'(?:m|s|ve|ll|d|re|t)\b)(?!-[A-Za-z0-9])(?![.,]\d)(?!\s{0,2}[=^])"
    r"(?![+({_])"
)


class Mention(NamedTuple):
    """A choice that is named, by its letter, its label or its text."""

    name: str
    start: int
    end: int
    is_text: bool = False


Cluster = tuple[Mention, ...]


class Names:
    """The names of a closed set of choices, and how texts mention them."""

    def __init__(self, names: Sequence[str], texts: Mapping[str, str]) -> None:
        """Make the pattern for the names, and for the texts that some of them have."""
        self.all = tuple(names)
        self._by_name = {folded(plain(name)): name for name in names}
        self._by_text = _by_text(texts, self._by_name)
        #: The texts as they are written.
        self.spelt = {" ".join(plain(text).strip(" .;,").split()) for text in texts.values()}
        #: "not spam" by what it is not.
        self.opposites = {
            folded(name)[4:]: name for name in names if folded(name)[:4] in ("not ", "non-")
        }
        # The first letters come first: they let the engine skip to where a name may begin.
        begins = "".join(sorted({re.escape(name[0]) for name in (*self._by_text, *self._by_name)}))
        self._mention = re.compile(
            rf"[{begins}]{_NOT_WITHIN}"
            rf"(?:(?P<text>{_any_of(self._by_text)})|{_any_of(self._by_name)}){_NOT_BEFORE}",
            re.IGNORECASE,
        )

    def clusters(self, shown: str) -> list[Cluster]:
        """The mentions of a text (made plain) in order, those that are joined together.

        >>> [names_of(cluster) for cluster in Names("ABCD", {}).clusters("A or B, but not D")]
        [('A', 'B'), ('D',)]
        """
        clusters: list[Cluster] = []
        for mention in self._mentions(shown):
            last = clusters[-1][-1] if clusters else None
            if last is None:
                clusters.append((mention,))
            elif _is_its_text(shown, last, mention):
                # A letter with its text is one mention; with the text of another, two.
                one = last._replace(end=mention.end)
                both = (one,) if mention.name == last.name else (last, mention)
                clusters[-1] = (*clusters[-1][:-1], *both)
            elif _are_joined(shown, last, mention):
                clusters[-1] = (*clusters[-1], mention)
            else:
                clusters.append((mention,))
        return clusters

    def _mentions(self, shown: str) -> list[Mention]:
        found = []
        for mention in self._mention.finditer(shown):
            key, is_text = folded(mention[0]), mention["text"] is not None
            name = self._by_text[key] if is_text else self._name(key, mention[0])
            if is_text or self._is_choice(shown, *mention.span()):
                found.append(Mention(name, *mention.span(), is_text))
        return found[-MAX_MENTIONS:]

    def _name(self, key: str, name: str) -> str:
        # Case folding and the pattern's own idea of case differ on a few letters, such as "İ".
        return self._by_name.get(key) or next(
            choice
            for choice in self._by_name.values()
            if re.fullmatch(re.escape(choice), name, re.IGNORECASE)
        )

    def _is_choice(self, shown: str, start: int, end: int) -> bool:
        """Whether a name is no article, pronoun or the like."""
        name = shown[start:end]
        if len(name) == 1 and name.islower():
            return is_enclosed(shown, start, end) or ENDS.match(shown, end) is not None
        if (len(name) == 1 and name in "AI") or name.lower() == "no":
            following = NEXT_WORD.match(shown, end)
            return (
                following is None
                or following[1] in GOES_ON
                or JOINS_ANOTHER.match(shown, end) is not None
            )
        return True


def _are_joined(shown: str, left: Mention, right: Mention) -> bool:
    """Whether two choices are offered together: "A or B", "A, B", "(A) x and (B) y"."""
    gap = (left.end, right.start)
    if right.start - left.end > MAX_GAP_CHARS:
        return False
    if JOINED.fullmatch(shown, *gap):
        return True
    if "\n" in shown[slice(*gap)] or ". " in shown[left.end + 1 : right.start]:
        return False  # what stands in another sentence is joined by a word at its beginning
    marked = [shown[one.end : one.end + 1] in set(").:]") for one in (left, right)]
    if BESIDE.fullmatch(shown, *gap):
        return marked[0] == marked[1]
    patterns = [OTHERWISE, WITH_ASIDES]
    if all(marked):
        patterns.append(WITH_TEXTS)
    if not is_letter(shown, right):
        patterns.append(LABELS)
    joined = any(pattern.fullmatch(shown, *gap) for pattern in patterns)
    return joined and not APART.search(shown, *gap)


def _is_its_text(shown: str, letter: Mention, text: Mention) -> bool:
    """Whether an option's text stands right behind a letter."""
    follows = TEXT_FOLLOWS.fullmatch(shown, letter.end, text.start)
    return text.is_text and not letter.is_text and follows is not None


def is_enclosed(shown: str, start: int, end: int) -> bool:
    """Whether a bracket opens before a name, or closes behind it."""
    return shown[start - 1 : start] in set("([{") or shown[end : end + 1] in set(")]}")


def is_letter(shown: str, mention: Mention) -> bool:
    """Whether a choice is named by one letter."""
    return mention.end - mention.start == 1 and shown[mention.start].isalpha()


def names_of(mentions: Iterable[Mention]) -> tuple[str, ...]:
    """The different choices of some mentions, in order."""
    return tuple(dict.fromkeys(mention.name for mention in mentions))


def folded(name: str) -> str:
    """A name as names are compared."""
    return " ".join(name.casefold().split())


def _by_text(texts: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """The choices by their texts; a text that two of them have, or that is a name, is nobody's."""
    found: dict[str, str] = {}
    for name, text in texts.items():
        key = folded(plain(text[:MAX_TEXT_CHARS]).strip(" .;,"))
        if key and key not in names:
            found[key] = "" if key in found else name
    return {key: name for key, name in found.items() if name}


def _any_of(names: Iterable[str]) -> str:
    """A pattern for any of the names behind their first letters: "not spam" before "spam"."""
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    sources = (
        rf"(?<={re.escape(name[0])})" + r"\s+".join(map(re.escape, name[1:].split(" ")))
        for name in longest_first
    )
    return "|".join(sources) or r"(?!)"
