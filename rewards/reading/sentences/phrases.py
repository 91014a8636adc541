r"""The words that decide what a text states: hedges, denials, corrections, conclusions.

Each word stands once: here, or in `languages` where it is not English. The files above make their
patterns of them with `phrased`, and the quick looks ahead of slow patterns are derived from them,
so all of them know the same words, in any case. A new word is one more in its row.
"""

import re
from functools import cache

from rewards.reading.sentences.languages import holds, said, spoken, telltales
from rewards.reading.text import Pattern

#: What English says for a notion. A notion in small letters is a field of `Language`, too, and has
#: the words of all languages.
WORDS: dict[str, tuple[str, ...]] = {
    # Hedges: another value is offered, or the one given is not certain.
    "either": ("or", "either"),
    "both": ("and",),
    "UNSURE": ("maybe", "perhaps", "possibly", "alternatively"),
    "ELSE": ("otherwise",),
    "COULD": ("could", "might", "may"),
    "IF": ("if", "when", "unless", "assuming"),
    "CASE": ("option", "choice", "possibility", "case", "scenario"),
    "TO": ("to", "through", "till", "until", "versus", "vs", "vs."),
    # Denials: the number beside it is not the answer.
    "NOT": ("not", "isn't"),
    "denies": ("never", "neither", "cannot", "can't", "unlike"),
    "UNEQUAL": ("less than", "more than", "fewer than", "greater than", "or equal to"),
    "EXAMPLE": ("e.g.", "such as", "for example", "for instance"),
    "INSTEAD": ("but", "it's", "it is", "rather"),
    "WRONG": ("wrong", "incorrect", "mistaken", "a mistake"),
    "RIGHT": ("right", "correct", "the answer", "the right answer", "the correct answer"),
    # Doubts: whoever says so gives no answer.
    "doubts": (
        "i am not sure", "i'm not sure", "not entirely sure", "not completely sure", "i am unsure",
        "i'm unsure", "i am not certain", "i'm not certain", "i am not confident",
        "i'm not confident", "i don't know", "i do not know", "no idea", "i cannot solve",
        "i can't solve", "i could not solve", "i couldn't solve", "cannot solve this",
        "can't solve this", "unable to solve", "cannot be solved", "cannot be determined",
        "can't be determined", "cannot determine", "can't determine", "unable to determine",
        "not enough information", "insufficient information", "just a guess", "wild guess",
        "i guess", "i'm guessing", "i am guessing", "may be wrong", "might be wrong",
        "could be wrong", "may not be right", "might not be right", "may not be correct",
        "might not be correct", "i give up",
    ),
    # Corrections: what was said before is taken back. These do where they open a clause;
    "corrects": (
        "wait", "correction", "oops", "whoops", "sorry", "hold on", "apologies", "apologize",
        "apologise",
    ),
    # these wherever they stand;
    "MISTOOK": (
        "scratch that", "on second thought", "on second thoughts", "i meant", "my mistake",
        "my bad", "made a mistake", "made an error", "i miscalculated", "i misread", "i was wrong",
        "that is wrong", "that's wrong", "that was wrong", "that is not right", "that's not right",
        "let me recalculate", "let me recompute", "let me redo", "let me rework",
        "let me reconsider", "let me rethink", "let me correct", "let me fix", "let me try again",
    ),
    # and these where another statement follows.
    "REVISES": (
        "correcting", "corrected", "mistake", "mistakes", "should be", "should have been",
        "actually", "no,", "revised", "let me re*",
    ),
    # Conclusions: what everything before it comes to.
    "SUMMED": ("total", "altogether", "in all", "overall", "combined"),
    "RESULT": ("sum", "result", "answer"),
    "THEREFORE": ("therefore",),
    "concludes": ("so", "thus", "hence", "consequently"),
    "FINAL": ("final", "finally", "conclusion"),
    "BECAUSE": ("because", "since"),
}  # fmt: skip

_NOTIONS = Pattern(r"(?<!\?P)<([A-Za-z]+(?:\|[A-Za-z]+)*)>")


def words(notion: str) -> tuple[str, ...]:
    """What all languages say for a notion.

    >>> words("either")[:5]
    ('or', 'either', 'o', 'ou', 'oppure')
    """
    return (*WORDS.get(notion, ()), *spoken(notion))


def phrased(source: str, flags: int = 0) -> Pattern:
    r"""A pattern that ignores case, in whose source `<either|UNSURE>` stands for all their words.

    >>> phrased(r"<either|UNSURE> \d++").search("71 Or Maybe 73")[0]
    'Maybe 73'
    """
    return Pattern(lambda: _NOTIONS.sub(_any_word, source), flags | re.IGNORECASE)


def _any_word(notions: re.Match[str]) -> str:
    return said(*(words(notion) for notion in notions[1].split("|")))


# --- patterns that several files share -----------------------------------------------------

_ABBREVIATIONS = "".join(
    rf"(?<!\b(?i:{abbreviation})\.)"
    for abbreviation in ("Rs", "Mr", "Mrs", "Dr", "sq", "approx", "ca", "vs", r"e\.g", r"i\.e")
)
SENTENCE_END = Pattern(rf"[.!?](?=[\s*_\"')\]]|$){_ABBREVIATIONS}|[。！？]|\n")
EQUALS = Pattern(r"[\s)}\]$°%\"'*_]*+(?:[A-Za-z$€£%°]+[.)]?\s*+){0,4}(?:=|≈|>>|→|⇒|->|equals\b)")
BOUND = Pattern(r"\+(?!\s?[\d(])|\s*(?:[<>]=?|≤|≥)\s?(?:[A-Za-z]\b|-?\d)(?![>/])")
FORMULA = Pattern(r"\\[A-Za-z]|[√πΠ∞∑∫]")

# A letter alone ("o", "e") joins two numbers, and hedges nothing.
HEDGED = phrased(r"(?!\b[a-z]\b)<either|UNSURE>")
NEGATED = phrased(
    r"<NOT|denies|UNEQUAL>|(?<![-=<>])[<>][\s($]*$|(?:[≠≤≥√±]|[<>!]=)[\s($]*$|<EXAMPLE>,?\s*$",
)
# "not 71 but 72", "isn't 71; it's 72": the number that is denied makes way for the other.
DENIED = phrased(r"<NOT>\s+[$*\"'(]*$")
REJECTED = phrased(
    r"[\s*_$\"')\]}]*+(?:[A-Za-z]+\s+)?"
    r"(?:(?:is|was)\s+(?:clearly |also )?(?:<WRONG>|not\s+<RIGHT>)"
    r"|(?:isn't|isn’t|wasn't|wasn’t|cannot be|can't be)\s+<RIGHT>)"
)
TAKEN_BACK = phrased(r"<WRONG>|not\s+<RIGHT>")
_CORRECTION = phrased(r"(?P<opens><corrects>)|<MISTOOK>|(?P<revises><REVISES>)")
_OPENS_CLAUSE = Pattern(
    r"(?:\A|[^\w\s'’][\s*_\"'(]*|\n\s*|\b(?:but|oh|ah|hm+|so|well|no|um|uh)[\s,]+)\Z", re.IGNORECASE
)
_DOUBT = phrased(r"<doubts>")


def correction(text: str, *, alone: bool = False) -> re.Match[str] | None:
    """The first correction in a text; with `alone`, one that needs no statement behind it.

    >>> correction("72. Oops, 73"), correction("The 72 can wait.")
    (<re.Match object; span=(4, 8), match='Oops'>, None)
    """
    if text.isascii() and not holds(text, _correcting()):
        return None
    for found in _CORRECTION.finditer(text):
        if found["opens"] is not None:
            before = text[max(0, found.start() - 20) : found.start()]
            if _OPENS_CLAUSE.search(before):
                return found
        elif not (alone and found["revises"] is not None):
            return found
    return None


def is_doubted(text: str) -> bool:
    """Whether a text says that its author does not know.

    >>> is_doubted("72, but I'm not sure."), is_doubted("Let me know if you are not sure.")
    (True, False)
    """
    if text.isascii() and not holds(text, _doubting()):
        return False
    return _DOUBT.search(text) is not None


def is_unsettled(text: str) -> bool:
    """Whether a text may hold a correction or a doubt: most hold neither, as one look tells.

    >>> is_unsettled("They cost $72 in all."), is_unsettled("72. Oops, 73")
    (False, True)
    """
    return not text.isascii() or holds(text, _unsettling())


@cache
def _unsettling() -> frozenset[str]:
    return _correcting() | _doubting()


@cache
def _correcting() -> frozenset[str]:
    return telltales(words("corrects"), WORDS["MISTOOK"], WORDS["REVISES"])


@cache
def _doubting() -> frozenset[str]:
    return telltales(words("doubts"))
