"""Whether a number is one of several that a text lists, as guesses or as options.

A list may stand in one line or be broken over several, at its commas, its "or" or its bullets; a
line that sums up ("= 72", "in total 72", "so 72 are left") is no more of it.
"""

from rewards.reading.sentences.phrases import phrased
from rewards.reading.text import Pattern

_DIGIT = Pattern(r"\d")
_ALTERNATIVELY = phrased(r"\s*<either|UNSURE|ELSE>")
_OPTION = Pattern(r"(?:^|\s)\(?[A-Ha-h]\)\s*[$-]?\d")
_ITEM = phrased(
    r"\s*(?:[-*•+]\s+)?[*_]*(?:\(?[A-Ha-h][).:]|\(?\d{1,3}[.)]|[-*•+]\s"
    r"|<CASE>|(?:guess|attempt|candidate|try)\b)"
)
_SUMS_UP = phrased(r"=|<SUMMED|RESULT|concludes|THEREFORE|FINAL>|\b(?:left|remaining)\b")
# Numbers and what sets them off, and nothing else.
_VALUES = Pattern(
    r"\s*(?:[-*•+]\s+)?(?:[(\[*_$]*[-+]?[$€£]?[\d.,]*\d[.,)\]*_$;/|-]*\s*)++[.,;]?\s*$"
)
# "19, 20," and "17 or": the line goes on in the next one.
_GOES_ON = phrased(r"\d[^\d\n]*(?:[,;/|&-]|<either|both>)[\s*_]*$")
_GOES_ON_WITH = phrased(r"\s*(?:<either|both|UNSURE>\s*)*[(\[*_$]*[-+]?[$€£]?\d")


def unchosen(text: str, window: int, first: int, stop: int) -> str:
    """Why the sentence text[first:stop] is one of several; empty where it stands alone."""
    if _ALTERNATIVELY.match(text, first, stop) and _DIGIT.search(text, window, first):
        return "a hedge"
    line_start = text.rfind("\n", window, first) + 1 or window
    line = text[line_start:stop]
    if len(_OPTION.findall(line)) > 1:
        return "a list with no choice made"
    earlier = text[window:line_start].rstrip().rpartition("\n")[2] if line_start > window else ""
    if not earlier or not _DIGIT.search(earlier):
        return ""
    if _VALUES.match(line) and _VALUES.match(earlier):
        return "" if _same_line(line, earlier) else "a list of numbers"
    if _SUMS_UP.search(line):
        return ""
    if _GOES_ON_WITH.match(line) and _GOES_ON.search(earlier):
        return "a list of numbers"
    if _ITEM.match(line) and _ITEM.match(earlier):
        return "a list with no choice made"
    return ""


def _same_line(line: str, other: str) -> bool:
    return line.strip(" \t*_$.-") == other.strip(" \t*_$.-")
