r"""Which one of a closed set of choices does a text settle on?

What counts, in this order:

1. explicit   "the answer is B", "Answer: (B)", "\boxed{B}", "<answer>B</answer>", "#### B",
              {"answer": "B"}, "La respuesta es B", "答案是B". The last one stands; an earlier one
              that differs is superseded by working, a correction or a final answer between them,
              else there are several answers, and so none.
2. verdict    "I'd go with B", "Hence B", "leaving B", "B is correct", "it must be B"
3. form       a line, or the first or the last sentence, that is "B" and no more
4. predicate  "the tone is negative", "this is spam"
5. form       a text or its only item that starts with it ("B. because ..."), the one item that is
              called correct, the one option whose text is there

A remark about a choice is none of these. Choices that are joined ("A or B", "(A) x and (B) y") are
several; what is denied ("not B", "B is wrong") is taken back. Only the beginning and the end of a
long text are read: nobody hides the answer in between.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rewards.reading.choices.marks import (
    ALSO,
    ASKED,
    CALLED_RIGHT,
    CALLED_WRONG,
    CLOSES_LINE,
    INSTEAD,
    ITEM,
    MEMBER,
    NEXT_TURN,
    OPENS_LINE,
    ROMAN,
    SIGN,
    ends,
    followed_by,
    plain,
)
from rewards.reading.choices.names import (
    Cluster,
    Mention,
    Names,
    folded,
    is_enclosed,
    is_letter,
    names_of,
)
from rewards.reading.choices.statements import ChoiceStatement, standing
from rewards.reading.choices.statements import final as standing_of_all
from rewards.reading.choices.words import (
    CUE,
    MARK,
    MAX_LEAD_CHARS,
    OPTIONS,
    PREDICATE,
    VERDICT,
    vocabulary,
)
from rewards.reading.text import Pattern

#: Characters of a long text that are read: of its beginning and of its end.
MAX_HEAD, MAX_TAIL = 2_000, 10_000
#: Boxes, tags and the like that are read, the last ones.
MAX_MARKS = 32

_WORDS = Pattern(r"[^\W\d_]{2,}")


class Settled(NamedTuple):
    """The choices that a text settles on (none, one, or several), and where the last is named."""

    names: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    #: Stated or settled on in words, not read off the form of the text.
    stated: bool = False
    #: How often the statements change.
    changes: int = 0


class Choices:
    """A closed set of choices, and how texts settle on one of them."""

    def __init__(self, names: Sequence[str], texts: Mapping[str, str], cues: Sequence[str]) -> None:
        """Make the patterns for the names, for the texts that some of them have, and the cues."""
        self._names = Names(names, texts)
        self._words = vocabulary(tuple(cues))

    def settled(self, text: str) -> Settled:
        """What a text settles on.

        >>> Choices("ABCD", {}, ["answer"]).settled("Not A. The answer is (B).").names
        ('B',)
        >>> Choices("ABCD", {}, ["answer"]).settled("A or B").names
        ('A', 'B')
        """
        skipped = max(len(text) - MAX_HEAD - MAX_TAIL, 0)
        if skipped:
            text = f"{text[:MAX_HEAD]}\n{text[MAX_HEAD + skipped + 1 :]}"
        turn = NEXT_TURN.search(text)
        if turn and not text[: turn.start()].strip():  # the turn's own mark
            text = " " * turn.end() + text[turn.end() :]
            turn = NEXT_TURN.search(text)
        if turn:
            text = text[: turn.start()]
        shown = plain(text)
        found = self._read(shown, list(self._marks(text, shown)))
        if found.span is not None and found.span[0] > MAX_HEAD:
            found = found._replace(span=(found.span[0] + skipped, found.span[1] + skipped))
        return found

    def named(self, text: str) -> str | None:
        r"""The choice that a reference names: "B", "(b)", "B Paris", "\boxed{B}".

        >>> Choices("ABCD", {}, ["answer"]).named("B Paris")
        'B'
        """
        exact = [name for name in self._names.all if name.casefold() == text.casefold()]
        shown = plain(text)
        found = exact or self._read(shown, list(self._marks(text, shown))).names
        found = found or self._inside(shown)
        return found[0] if len(found) == 1 else None

    def _read(self, shown: str, marks: Sequence[ChoiceStatement] = ()) -> Settled:
        clusters = self._names.clusters(shown)
        marks = [_with_another(shown, mark, clusters) for mark in marks]
        said = [*marks, *self._statements(shown, clusters, marks)]
        said.sort(key=lambda statement: statement.start)
        named = [part.names for part in said if part.level >= VERDICT and not part.denied]
        changes = sum(before != after for before, after in pairwise(named))
        final = standing_of_all(shown, said)
        if final is None:
            if bare := self._bare(shown, clusters):
                return _settled(bare)
            final = standing(shown, [part for part in said if part.level == PREDICATE])
        if final is not None:
            return Settled(final.names, (final.start, final.end), bool(final.names), changes)
        return _settled(self._items(shown, clusters) or self._texts(shown, clusters))

    # --- what is said of them

    def _statements(
        self, shown: str, clusters: Sequence[Cluster], marks: Sequence[ChoiceStatement]
    ) -> Iterator[ChoiceStatement]:
        spoken_of = 0
        denial: int | None = None
        for cluster in clusters:
            begun, spoken_of = spoken_of, cluster[-1].end
            start = cluster[0].start
            if any(mark.start <= start < mark.end for mark in marks):
                continue
            statement = self._statement(shown, cluster, max(begun, start - MAX_LEAD_CHARS))
            if statement.denied:
                denial = statement.end
            elif not statement.level and denial is not None:
                if INSTEAD.fullmatch(shown, denial, start):
                    statement = statement._replace(level=VERDICT)
            if statement.level:
                yield statement

    def _statement(self, shown: str, cluster: Cluster, begun: int) -> ChoiceStatement:
        """What the words around a choice say of it; of level 0 where they say nothing."""
        start, end = cluster[0].start, cluster[-1].end
        said = self._words.led_to(shown[begun:start])
        by_letter = is_letter(shown, cluster[0])
        is_option = said.is_option or not by_letter or shown[start - 1 : start] == "("
        called = followed_by(shown, end, is_option=is_option)
        if said.level == CUE and len(cluster) > 1 and called:
            # "The answer is B, C is wrong"
            cluster, end, called = cluster[:1], cluster[0].end, 0
        names = names_of(cluster)
        level = self._level(shown, cluster, said.level, called)
        is_lower = by_letter and shown[start].islower() and not is_enclosed(shown, start, end)
        if is_lower and said.level < CUE and not said.chosen and not said.is_option:
            level = 0  # an article, or a variable
        is_neither = "neither" in shown[start - said.reach : start].lower()
        denied = (said.denied and (called <= 0 or is_neither)) or (called < 0 and said.level < CUE)
        if denied and len(names) == 1 and folded(names[0]) in self._names.opposites:
            names, denied, level = (self._names.opposites[folded(names[0])],), False, VERDICT
        if ASKED.match(shown, end):
            denied, level = False, 0
        return ChoiceStatement(
            max(level, VERDICT) if denied else level,
            names,
            start,
            end,
            start - said.reach,
            denied,
            said.final,
            said.level >= VERDICT,
        )

    def _level(self, shown: str, cluster: Cluster, said: int, called: int) -> int:
        """How strongly the words before a choice speak for it, once those behind it are read."""
        if said >= CUE:
            return CUE
        if called > 0:
            return VERDICT
        first, end = cluster[0], cluster[-1].end
        by_letter = is_letter(shown, first)
        is_enclosed = shown[first.start - 1 : first.start] in set("([")
        if not is_enclosed and not ends(shown, end, is_label=not by_letter):
            return 0
        if said == PREDICATE and by_letter and not is_enclosed:
            # Of letters there is talk of all kinds ("the key is C"); as options they are named.
            before = shown[max(first.start - 12, 0) : first.start].lower()
            return PREDICATE if before.rstrip(" (").endswith(("option", *OPTIONS)) else 0
        if said == PREDICATE and first.is_text:
            # A text in small letters may be any word; as a name it is written with a capital.
            written = shown[first.start : first.end]
            return PREDICATE if written in self._names.spelt or written[0].isupper() else 0
        return said

    def _marks(self, text: str, shown: str) -> Iterator[ChoiceStatement]:
        for mark in list(SIGN.finditer(shown))[-MAX_MARKS:]:
            kind = next(k for k, v in mark.groupdict().items() if v is not None and k != "tag")
            start, end = mark.span(kind)
            names = self._inside(shown[start:end])
            if kind == "box" and not mark["closed"]:
                names = ()
            elif not names and kind != "inner" and mark[kind].strip():
                continue  # a formula in a box, a heading after ####
            yield ChoiceStatement(MARK, names, start, end, mark.start())
        if ":" in text and ("'" in text or '"' in text):
            for member in list(MEMBER.finditer(text))[-MAX_MARKS:]:
                key = re.split(r"[\s_-]+", member["key"].lower())
                if not self._words.cues.isdisjoint(key):
                    start, end = member.span("value")
                    names = self._inside(shown[start:end])
                    yield ChoiceStatement(MARK, names, start, end, member.start())

    def _inside(self, part: str) -> tuple[str, ...]:
        """What the content of a mark settles on; a choice that it starts with is enough."""
        found = self._read(part).names
        opened = OPENS_LINE.match(part)
        if not found and opened:
            for cluster in self._names.clusters(part)[:1]:
                return names_of(cluster) if cluster[0].start == opened.end() else ()
        return found

    # --- what the form of the text says

    def _bare(self, shown: str, clusters: Sequence[Cluster]) -> list[Mention]:
        """The choices that are a line, or the first or the last sentence, and no more."""
        lines = list(_lines(shown))
        starts = [line[0] for line in lines]
        bare: list[tuple[int, Cluster]] = []
        sentences: list[Mention] = []
        is_roman = ROMAN.search(shown) is not None
        for cluster in clusters:
            start, end = cluster[0].start, cluster[-1].end
            if ASKED.match(shown, end) or (cluster[0].name == "I" and is_roman):
                continue
            number = bisect_right(starts, start) - 1
            opened = OPENS_LINE.fullmatch(shown, lines[number][0], start)
            if opened and CLOSES_LINE.fullmatch(shown, end, max(end, lines[number][1])):
                bare.append((number, cluster))
            elif _is_sentence(shown, cluster):
                sentences.extend(cluster)
        if bare:
            last, cluster = bare[-1]
            if last == len(lines) - 1 and (len(bare) == 1 or bare[-2][0] < last - 1):
                return list(cluster)  # a last line by itself
            return [mention for _, one in bare for mention in one]
        return sentences

    def _items(self, shown: str, clusters: Sequence[Cluster]) -> list[Mention]:
        """The choices that a text or its items start with, unless it repeats the options."""
        items: list[Cluster] = []
        is_roman = ROMAN.search(shown) is not None
        by_start = {cluster[0].start: cluster for cluster in clusters}
        for number, (start, line_end) in enumerate(_lines(shown)):
            opened = OPENS_LINE.match(shown, start, line_end)
            cluster = by_start.get(opened.end()) if opened else None
            if cluster is None or (cluster[0].name == "I" and is_roman):
                continue
            end = cluster[-1].end
            if ASKED.match(shown, end) or followed_by(shown, end) < 0:
                continue
            if self._is_list(shown, line_end, cluster[-1], clusters):
                return [mention for part in clusters for mention in part]
            is_label = not is_letter(shown, cluster[0])
            if ITEM.match(shown, end) or (number == 0 and ends(shown, end, is_label=is_label)):
                items.append(cluster)
        right = [item for item in items if CALLED_RIGHT.match(shown, item[-1].end)]
        if len(right) == 1 < len(items):
            return list(right[0])
        items = [item for item in items if not CALLED_WRONG.match(shown, item[-1].end)]
        return [mention for item in items for mention in item]

    def _is_list(
        self, shown: str, line_end: int, first: Mention, clusters: Sequence[Cluster]
    ) -> bool:
        """Whether a line repeats the options: "A) x B) y", "A. x B. y"."""
        mark = shown[first.end : first.end + 1]
        if not mark or mark not in ").:]":
            return False
        names = self._names.all
        following = names[names.index(first.name) + 1 :][:1]
        return any(
            mention.name != first.name
            and shown[mention.end : mention.end + 1] == mark
            and (mark == ")" or (mention.name,) == following)
            for cluster in clusters
            for mention in cluster
            if first.end < mention.start < line_end
        )

    def _texts(self, shown: str, clusters: Sequence[Cluster]) -> list[Mention]:
        """The options whose texts are there, written as the options are, and not denied."""
        return [
            mention
            for cluster in clusters
            for mention in cluster
            if mention.is_text
            and (shown[mention.start : mention.end] in self._names.spelt or _is_all(shown, mention))
            and not self._words.led_to(shown[max(mention.start - 30, 0) : mention.start]).denied
        ]


def _with_another(
    shown: str, mark: ChoiceStatement, clusters: Sequence[Cluster]
) -> ChoiceStatement:
    """A mark and the choices that are offered behind it: "#### A or B", in a box and out of it."""
    for cluster in clusters if mark.names else ():
        goes_on = mark.start <= cluster[0].start < mark.end < cluster[-1].end
        if goes_on or ALSO.fullmatch(shown, mark.end, cluster[0].start):
            names = (*mark.names, *names_of(cluster))
            return mark._replace(names=tuple(dict.fromkeys(names)))
    return mark


def _is_all(shown: str, mention: Mention) -> bool:
    """Whether a text is a mention and nothing else."""
    return not _WORDS.search(shown[: mention.start] + shown[mention.end :])


def _is_sentence(shown: str, cluster: Cluster) -> bool:
    """Whether choices are a sentence: "Is it so? Yes.". A letter may only start one: "A. It is"."""
    start, end = cluster[0].start, cluster[-1].end
    before = shown[:start].rstrip(" ([{'")
    if before and not before.endswith((".", "!", "?")):
        return False
    if shown[start - 1 : start] in set("([{") and shown[end : end + 1] not in set(")]}"):
        return False  # cut off
    closes = CLOSES_LINE.match(shown, end)
    rest = shown[closes.end() :] if closes else shown[end:]
    if is_letter(shown, cluster[0]):
        return not rest or re.match(r"\w[.!]", rest) is not None
    return shown[end : end + 1] in set(".!") or not rest


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where the lines stand that hold anything."""
    start = 0
    for line in text.split("\n"):
        if line.strip():
            yield start, start + len(line)
        start += len(line) + 1


def _settled(mentions: Sequence[Mention]) -> Settled:
    if not mentions:
        return Settled()
    return Settled(names_of(mentions), (mentions[-1].start, mentions[-1].end))
