r"""Spellings of mathematics made one: LaTeX's and Unicode's signs, units, words.

What stands for nothing (spacing, sizes of brackets, dollar signs) goes, and so do units, degrees,
percent and currency signs, which the question knows.
"""

import re

from rewards.reading.maths.terms import NotMaths

#: Characters of an answer: the longest of 12,500 references of MATH has 159.
MAX_CHARS = 1_000

_DROPPED = re.compile(
    r"\\(?:left|right|big|Big|bigg|Bigg|displaystyle|textstyle|limits|bigl|bigr|Bigl|Bigr)(?![a-zA-Z])"
    r"|\\[,;:!> ]|\\q?quad|~|\$|\\\(|\\\)|\\\[|\\\]|\\(?:hspace|vspace)\{[^{}]{0,20}\}"
    r"|\^\s{0,3}\{?\s{0,3}\\circ\s{0,3}\}?|\\degree(?![a-zA-Z])|°|\\?%|\\\$|\\#"
)
_RENAMED = (
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (
        re.compile(r"\\(?:mathrm|mathbf|mathit|boldsymbol|bm|mathsf|mathcal|operatorname\*?)\s*\{"),
        r"\\plain{",
    ),
    (re.compile(r"\\(?:textbf|textit|textrm|textnormal|mbox|hbox|textup)\s*\{"), r"\\text{"),
    (re.compile(r"\\lbrace|\\\{"), "\\\\lbrace "),
    (re.compile(r"\\rbrace|\\\}"), "\\\\rbrace "),
    (re.compile(r"\\(?:leq?slant|leq?)(?![a-zA-Z])|≤|⩽|<="), " \\\\le "),
    (re.compile(r"\\(?:geq?slant|geq?)(?![a-zA-Z])|≥|⩾|>="), " \\\\ge "),
    (re.compile(r"\\(?:lt)(?![a-zA-Z])"), "<"),
    (re.compile(r"\\(?:gt)(?![a-zA-Z])"), ">"),
    (re.compile(r"\\neq?(?![a-zA-Z])|≠|!=|<>"), " \\\\ne "),
    (re.compile(r"\\(?:approx|simeq)(?![a-zA-Z])|≈"), " \\\\approx "),
    (re.compile(r"\\(?:cdot|times|ast)(?![a-zA-Z])|×|·|⋅|∗|\*\*(?=\s*\*)"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])|÷"), "/"),
    (re.compile(r"−|–|\\minus(?![a-zA-Z])"), "-"),
    (re.compile(r"∞|\\infin(?![a-zA-Z])|\b(?:infinity|oo)\b"), " \\\\infty "),
    (re.compile(r"π|(?<![\\a-zA-Z])pi(?![a-zA-Z])"), " \\\\pi "),
    (re.compile(r"√"), "\\\\sqrt "),
    (re.compile(r"(?<![\\a-zA-Z])sqrt(?![a-zA-Z])"), "\\\\sqrt "),
    (re.compile(r"±|\+/-|\+-"), "\\\\pm "),
    (re.compile(r"∪|\\bigcup(?![a-zA-Z])"), "\\\\cup "),
    (re.compile(r"∈|\\isin(?![a-zA-Z])"), "\\\\in "),
    (re.compile(r"\\(?:lvert|rvert|vert|mid)(?![a-zA-Z])"), "|"),
    (re.compile(r"\\(?:langle)(?![a-zA-Z])|⟨"), "("),
    (re.compile(r"\\(?:rangle)(?![a-zA-Z])|⟩"), ")"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"½"), "\\\\frac{1}{2}"),
    (re.compile(r"²"), "^2"),
    (re.compile(r"³"), "^3"),
)
#: Thousands: groups of three behind commas, whole.
_THOUSANDS = re.compile(
    r"(?<![\d.,])[1-9]\d{0,2}(?:(?:,\s?|\s?\{,\s?\}|\\,|,\\!)\s?\d{3})+(?![\d,])"
)
#: A decimal comma: no thousands begin with a zero; of fewer digits it may be a list.
_DECIMAL_COMMA = re.compile(r"-?\s?0,\d{3,15}")
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
_UNIT_TAIL = re.compile(
    r"(?<=[\d})\]])\s*(?:\\text\s*\{[^{}]*\}|\\plain\s*\{[^{}]*\})\s*(?:\^\s*(?:\{-?\d\}|-?\d))?\s*\.?\s*$"
)
_WORD_TAIL = re.compile(
    r"(?<=[\d)}])\s*(?:(?:square|cubic|sq\.?|cu\.?)\s+)?[a-z]{2,20}(?:\s(?:per|of|a)\s[a-z]{1,20}"
    r"|/[a-z]{1,10}|\s[a-z]{2,20})?(?:\^\{?[23]\}?)?\.?\s*$"
)
_MONEY = re.compile(r"[€£¥]")


def cleaned(text: str) -> str:
    """The text without what stands for nothing, in one spelling."""
    if len(text) > MAX_CHARS:
        raise NotMaths(f"{len(text):,} characters")
    text = text.strip().strip("*").strip()
    while (inner := _unboxed(text)) is not None:
        text = inner
    if "\\begin" not in text:
        text = re.sub(
            r"\\\\(?=[a-zA-Z{}!,;:(\[])", r"\\", text
        )  # doubled on their way through JSON
    else:
        text = re.sub(r"(?<!\\)\\\\(?=(?:frac|sqrt|begin|end|pi|infty|d?frac)\b)", r"\\", text)
    text = _MONEY.sub("", text).replace("\\$", "")
    if _DECIMAL_COMMA.fullmatch(text.strip("$ ")):
        text = text.replace(",", ".")
    text = (
        _THOUSANDS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
        if "(" not in text
        else (re.sub(r"(?<=\d)(?:,\\!|\{,\})(?=\d{3})", "", text))
    )
    for pattern, written in _RENAMED:
        text = pattern.sub(written, text)
    rows = text.split("\\\\") if "\\begin" in text else [text]
    text = "\\\\".join(_DROPPED.sub(" ", row) for row in rows)
    return text.strip().rstrip(".,;").strip()


def _unboxed(text: str) -> str | None:
    for mark in ("\\boxed", "\\fbox", "\\text", "\\plain"):
        rest = text.removeprefix(mark).lstrip()
        if text.startswith(mark) and rest.startswith("{") and rest.endswith("}"):
            depth = 0
            for index, character in enumerate(rest):
                depth += (character == "{") - (character == "}")
                if not depth:
                    return rest[1:-1] if index == len(rest) - 1 and mark != "\\text" else None
    return None


# A unit of letters that would read as a product of names.
_SHORT_UNIT = re.compile(
    r"(?<=\d)\s*(?:cm|mm|km|ft|kg|lbs?|mi|yd|ml|oz|hrs?|min|sec|mph|sq|pct)"
    r"(?:\^\s?(?:\{[23]\}|[23]))?\.?\s*$"
)


def without_units(text: str) -> list[str]:
    r"""The text, then without a unit at its end: `5 cm`, `5\text{ cm}^2`, `3 \text{ or } 4`."""
    joined = re.sub(r"\\text\s*\{\s*(?:and|or)\s*\}", ",", text)
    joined = re.sub(r"(?<=[\d})\w])\s+(?:and|or)\s+(?=[\\\d({\w-])", ",", joined)
    without = _SHORT_UNIT.sub("", _UNIT_TAIL.sub("", joined))
    plain = _WORD_TAIL.sub("", without)
    found = [without, plain, _TEXT.sub(" ", without), joined]
    return list(dict.fromkeys(found))


def as_words(text: str) -> str | None:
    r"""A text answer ("Evelyn", `\text{odd}`) as its letters and digits; None for mathematics."""
    inner = _TEXT.sub(r"\1", text)
    if "\\" in inner or "^" in inner or "=" in inner:
        return None
    letters = re.sub(r"[\s\"'.,()-]", "", inner)
    if not letters.isalpha():
        return None
    single = len(letters) <= 3 and "\\text" not in text and letters.isascii()
    return None if single else re.sub(r"[\W_]", "", inner).casefold()
