r"""What a word is, and when two texts are the same: one notion for every scorer.

Two texts are the same where they are once their accents are composed (NFC) and what nobody sees is
left out: zero-width characters, soft hyphens, fillers. A word is a run of letters and digits, each
with the marks that belong to it (vowel signs, accents); punctuation and symbols end it. In scripts
that are written without spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer and their kin) every
letter with its marks is a word of its own.

>>> words("Don't panic: 3.14")
['Don', 't', 'panic', '3', '14']
>>> words("मेरा घर, 東京, สวัสดี")
['मेरा', 'घर', '東', '京', 'ส', 'วั', 'ส', 'ดี']
"""

import re
import string
import unicodedata
from collections import defaultdict
from itertools import islice

from rewards.reading.text import Pattern

# The blocks of scripts without spaces between their words, as ranges of a character class.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u3005-\u3007\u3040-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U000323af"
)
# What shows nothing and takes no room (Unicode's Default_Ignorable_Code_Point), and the blank
# among the Braille patterns.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# Where the marks of the basic plane stand: `re` has no name for them, and asking Unicode of every
# character takes longer than compiling the patterns.
_MARK_BLOCKS = ((0x0300, 0x3100), (0xA600, 0xAC00), (0xFB00, 0xFF00))

_UNSEEN = Pattern(f"[{_INVISIBLE}]+")
_ASCII_WORD = Pattern(r"[A-Za-z0-9]+")
# A letter of a script without spaces with its marks, or letters and digits with theirs.
_WORD = Pattern(lambda: _word(_marks()))
# The same for a text without marks, at half the time.
_UNMARKED_WORD = Pattern(rf"[^\W_{_SPACELESS}]++|[{_SPACELESS}]")
_MARK = Pattern(lambda: f"[{_marks()}]")
# Or a part of a long word, or a mark of punctuation.
_PIECE = Pattern(lambda: _word(_marks(), MAX_PIECE_LETTERS) + r"|\S")

_ASCII_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))
# What is neither letter, mark, digit nor space.
_PUNCTUATION = Pattern(lambda: rf"[^\w\s{_marks()}]+|_+")
_ARTICLE = Pattern(r"\b(?:a|an|the)\b", re.IGNORECASE)

# A letter with more marks than this is no letter of any language, and ordering the marks of a run
# takes quadratic time: the marks beyond are left as they are.
_MARKS_IN_ORDER = 16
_LONG_RUN = Pattern(rf"[^\w\s]{{{_MARKS_IN_ORDER}}}([^\w\s]++)")

#: A run of letters longer than this is cut into pieces, so that "hahaha..." repeats itself too.
MAX_PIECE_LETTERS = 16


def composed(text: str) -> str:
    r"""The text with accents composed (NFC), in linear time whatever it holds.

    >>> composed("cafe\u0301") == "caf\u00e9"
    True
    """
    if text.isascii():
        return text
    parts: list[str] = []
    position = 0
    for run in _LONG_RUN.finditer(text):
        parts += (unicodedata.normalize("NFC", text[position : run.start(1)]), run[1])
        position = run.end()
    parts.append(unicodedata.normalize("NFC", text[position:]))
    return "".join(parts)


def visible(text: str) -> str:
    r"""The text without the characters that nobody sees; white space stays.

    >>> visible("\u200b72\u00ad ")
    '72 '
    """
    return text if text.isascii() else _UNSEEN.sub("", text)


def is_blank(text: str) -> bool:
    r"""Whether there is nothing to see in the text.

    >>> is_blank(" \u200b\n"), is_blank("\u200b72")
    (True, False)
    """
    return not visible(text).strip()


def normal(text: str) -> str:
    """The text as it is compared: its accents composed, without what nobody sees.

    Case is another matter: fold it where a rubric says so.
    """
    return composed(visible(text))


def bare(text: str, *, punctuation: bool = True, articles: bool = False) -> str:
    """The text without punctuation and symbols, or without the English articles, or both.

    Punctuation is deleted, not replaced by a space, as SQuAD's normalisation does it (Rajpurkar et
    al. 2016), but that of every script and not ASCII's alone. Where something is dropped, white
    space becomes single spaces.

    >>> bare("J.K. Rowling, the author", articles=True)
    'JK Rowling author'
    """
    text = normal(text)
    if punctuation:
        text = text.translate(_ASCII_PUNCTUATION)
        if not text.isascii():
            text = _PUNCTUATION.sub("", text)
    if articles:
        text = _ARTICLE.sub(" ", text)
    return " ".join(text.split())


def words(text: str, limit: int | None = None) -> list[str]:
    """The words of a text, the first `limit` of them, without punctuation.

    >>> words("one two three", 2)
    ['one', 'two']
    """
    text = normal(text)
    if text.isascii():
        word = _ASCII_WORD
    else:
        word = _WORD if _MARK.search(text) else _UNMARKED_WORD
    if limit is None:
        return word.findall(text)
    return [found[0] for found in islice(word.finditer(text), limit)]


def pieces(text: str) -> list[str]:
    """The words of a text, long ones in pieces, and every mark of punctuation between them.

    >>> pieces("no, no!!")
    ['no', ',', 'no', '!', '!']
    """
    return _PIECE.findall(normal(text))


class Grams:
    """Runs of n tokens as numbers: equal ones have one number, others almost surely another.

    Runs of a power of two are made of two of half the length, so that long ones cost little more
    than short ones. The numbers depend on the tokens and their order alone.

    >>> trigrams = Grams(3)
    >>> [first], [second] = trigrams.of(["a", "b", "c"]), trigrams.of(["a", "b", "d"])
    >>> first == second, trigrams.of(["a", "b", "c"]) == [first]
    (False, True)
    """

    def __init__(self, n: int) -> None:
        """Number the runs of n tokens of as many texts as are to be compared."""
        self._n = n
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__

    def of(self, tokens: list[str]) -> list[int]:
        """The runs of a text in order; none where it has fewer than n tokens."""
        ids = list(map(self._numbers.__getitem__, tokens))
        runs, length = ids, 1
        for bit in f"{self._n:b}"[1:]:
            runs, length = _joined(runs, runs[length:]), 2 * length
            if bit == "1":
                runs, length = _joined(runs, ids[length:]), length + 1
        return runs


def _joined(runs: list[int], following: list[int]) -> list[int]:
    return list(map(hash, zip(runs, following, strict=False)))


def _word(marks: str, letters: int | None = None) -> str:
    """A letter of a script without spaces and its marks, or letters and digits and theirs."""
    some = f"{{1,{letters}}}+" if letters else "++"
    one = "" if letters else "++"
    return rf"(?:[^\W_{_SPACELESS}]{one}[{marks}]*+){some}|(?![{marks}])[{_SPACELESS}][{marks}]*+"


def _marks() -> str:
    """All combining marks, as ranges of a character class; `re` has no name for them."""
    marks = {
        code
        for first, end in _MARK_BLOCKS
        for code in range(first, end)
        if unicodedata.category(chr(code)).startswith("M")
    }
    starts = sorted(code for code in marks if code - 1 not in marks)
    ends = sorted(code for code in marks if code + 1 not in marks)
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))
