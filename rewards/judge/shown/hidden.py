"""Characters that a reader would not see: spelt out, except where a script cannot do without."""

import re
import unicodedata
from functools import lru_cache

from rewards.judge.shown.spelling import BLANKS, SELECTORS

#: Of a category that is spelt out, or a selector, but what it seems: white space, emoji style.
#: Then the Arabic and Kaithi signs that enclose a number: format characters, and to be seen.
_PLAIN = frozenset("\n\t\ufe0f\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd") | frozenset(
    map(chr, range(0x0600, 0x0606))
)

#: Scripts whose letters join, or must not: Arabic to N'Ko, those of India and Sri Lanka, Tibetan,
#: Myanmar, Khmer and Mongolian, Balinese, Arabic's presentation forms, Adlam.
_JOINING = re.compile(
    r"[\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\u1b00-\u1b7f\ufb50-\ufdff\ufe70-\ufefc"
    r"\U0001e900-\U0001e95f]"
)
_EMOJI = re.compile(r"[\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff]")

#: A letter that is written from the right.
_FROM_THE_RIGHT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U0001e900-\U0001e95f]")

#: Canonical combining class of the sign that takes a consonant its vowel, in all its scripts.
_VIRAMA = 9

_JOINERS = "\u200c\u200d"
_DIRECTIONS = "\u200e\u200f\u061c"
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
#: What is spelt out or not by where it stands; all else by what it is.
_DEPENDING = frozenset(_JOINERS + _DIRECTIONS + _TAGS)

#: What may be at work where it stands, one character at a time but for the tags of a flag:
#: England's, Scotland's, Wales's.
_WORKING = re.compile(
    r"(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    rf"|[{_JOINERS}{_DIRECTIONS}{_TAGS}]"
)


def spell_out(text: str) -> str:
    r"""Write what would not be seen as its code point; leave joiners where they are at work.

    Kept are ZWJ and ZWNJ between letters of scripts that join and after a virama, ZWJ between
    emoji, the tags of a flag, and marks of direction in a line of Arabic or Hebrew: one each, never
    a row of them. Everything else of a control or format category, lone surrogates, private use,
    fillers and selectors are spelt out.

    >>> spell_out("a\u200bb"), spell_out("می\u200cخواهم") == "می\u200cخواهم"
    ('a⟦U+200B⟧b', True)
    """
    if text.isascii() and text.isprintable():
        return text
    hidden = {character for character in set(text) if _is_hidden(character)}
    if not hidden:
        return text
    if _WORKING.search(text):
        text = "\n".join(map(_spelt_where_idle, text.split("\n")))
    others = {ord(c): code_point(c) for c in hidden - _DEPENDING}
    return text.translate(others) if others else text


@lru_cache(maxsize=4096)
def code_point(character: str) -> str:
    """A character by its number."""
    return f"⟦U+{ord(character):04X}⟧"


def _spelt_where_idle(line: str) -> str:
    from_the_right = _FROM_THE_RIGHT.search(line) is not None

    def shown(found: re.Match[str]) -> str:
        character, start, end = found[0], found.start(), found.end()
        if len(character) > 1:  # a flag
            return character
        before, after = line[start - 1 : start] if start else "", line[end : end + 1]
        if character in _JOINERS and _joined(before, after, emoji=character == "\u200d"):
            return character
        if character in _DIRECTIONS and from_the_right and not _formats(before + after):
            return character
        return code_point(character)

    return _WORKING.sub(shown, line)


def _joined(before: str, after: str, *, emoji: bool) -> bool:
    """Whether a joiner stands between two characters that it may be needed between."""
    pair = before + after
    if before and unicodedata.combining(before) == _VIRAMA and after not in (*_JOINERS,):
        return True  # the half of a consonant, whatever stands beside it
    if len(pair) < 2 or _is_hidden(before) or _is_hidden(after):
        return False
    if all(unicodedata.category(c)[0] in "LMN" for c in pair) and _JOINING.search(pair):
        return True
    return emoji and all(_EMOJI.match(c) for c in pair)


def _formats(characters: str) -> bool:
    return any(unicodedata.category(c) == "Cf" for c in characters)


@lru_cache(maxsize=8192)
def _is_hidden(character: str) -> bool:
    if character in _PLAIN:
        return False
    category = unicodedata.category(character)
    if category == "Cn":  # what the tables of this Python do not know may be a newer emoji
        return not "\U0001f000" <= character <= "\U0001faff"
    return (
        category[0] == "C"
        or category in ("Zl", "Zp")
        or character in BLANKS
        or any(ord(character) in selectors for selectors in SELECTORS)
    )
