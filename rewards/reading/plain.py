"""LaTeX, HTML and Unicode put plain: what the patterns of the other files know how to read."""

import re
import unicodedata

from rewards.reading.text import Pattern

_SAME_LENGTH = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007", " "),
        **dict.fromkeys("\u2008\u2009\u200a\u202f\u205f\u3000", " "),
        **dict.fromkeys("−–‒‐‑﹣－⁃➖", "-"),
        **dict.fromkeys("⁄∕／⧸", "/"),
        **dict.fromkeys("’‘ʼ´＇", "'"),
        **dict.fromkeys("“”„«»＂", '"'),
        **dict.fromkeys("✕✖⨯╳", "×"),
        **dict.fromkeys("⋅∙•・", "·"),
        **dict.fromkeys("∗＊", "*"),
        **dict.fromkeys("٪％﹪", "%"),
        **dict.fromkeys("٫．", "."),
        **dict.fromkeys("٬，、،", ","),
        **dict.fromkeys("＋﹢➕", "+"),
        **dict.fromkeys("＝﹦", "="),
        **dict.fromkeys("：﹕", ":"),
        **dict.fromkeys("（﹙", "("),
        **dict.fromkeys("）﹚", ")"),
        **dict.fromkeys("≃≅∼", "≈"),
        **dict.fromkeys("＄﹩", "$"),
        "￥": "¥",
        "￡": "£",
        "；": ";",
        "＾": "^",
        "～": "~",
        "｜": "|",
        "❘": "|",
    }
)
_INVISIBLE = dict.fromkeys(
    (
        *(0xAD, 0x61C, 0xFEFF),  # soft hyphen, Arabic letter mark, byte order mark
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F)),  # zero width, direction
        *(*range(0x2060, 0x2070), *range(0xFE00, 0xFE10)),  # joiners, variation selectors
    )
)


class _Plain(dict[int, str | int | None]):
    """Unicode to what the number pattern knows; a decimal digit of any script becomes ASCII."""

    def __missing__(self, code: int) -> str | int:
        digit = unicodedata.decimal(chr(code), None)
        if digit is None:
            return code
        self[code] = plain = str(digit)
        return plain


_PLAIN = _Plain({**_SAME_LENGTH, **_INVISIBLE})

# "32,\! 349", "14{,}916", "1\,234": a comma, a space of LaTeX's, or both, before three digits.
_LATEX_THOUSANDS = Pattern(
    r"(?<=\d)(?:,\x20?|\{,\})?(?:(?<!\\)\\++[!,:;\x20]|\{\\[!,:;]\}|\{,\}|~){1,3}+\x20?(?=\d{3}(?!\d))"
)
_LATEX_FRACTION = Pattern(
    r"(?<!\\)\\++(?:[dtcsx]|nice)?frac\s*+(?:\{\s*+([-+]?)\s*+([\d.,]++)\s*+\}|()(\d))"
    r"\s*+(?:\{\s*+(-?)([\d.,]++)\s*+\}|()(\d))"
)
# Units, not numbers: \frac{\text{km}}{\text{h}}
_LATEX_UNIT = Pattern(
    r"\\[dtc]?frac\s?\{\s?\\(?:text|mathrm)\{([A-Za-z ]{1,20})\}\s?\}"
    r"\s?\{\s?\\(?:text|mathrm)\{([A-Za-z ]{1,20})\}\s?\}"
)
_SMALL_FRACTION = Pattern(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,9})/([₀₁₂₃₄₅₆₇₈₉]{1,9})")
_FROM_SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
_HTML_TAG = Pattern(
    r"</?(?:b|i|u|p|em|strong|br|span|div|sup|sub|code|h[1-6]|li|td|th|center)(?:\s[^<>]{0,60})?/?>"
)
_LATEX_SYMBOLS = {
    "$": "$", "%": "%", "#": "#", "&": "&", "_": "_", "times": "×", "cdot": "·", "div": "÷",
    "pm": "±", "approx": "≈", "sim": "≈", "simeq": "≈", "degree": "°", "circ": "°", "cents": "¢",
    "cent": "¢", "pounds": "£", "pound": "£", "textsterling": "£", "euro": "€", "yen": "¥",
    "texteuro": "€", "EUR": "€", "lt": "<", "gt": ">", "le": "<", "ge": ">", "leq": "<",
    "geq": ">", "to": "→", "rightarrow": "→", "Rightarrow": "→", "implies": "→", "textdollar": "$",
    "mathdollar": "$", "minus": "-", "dots": "...", "ldots": "...", "cdots": "...", "equiv": "=",
    "!": "", "{": "{", "}": "}",
}  # fmt: skip
# Commands of layout and type: they go, their argument stays.
_LATEX_LAYOUT = frozenset((
    "text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "textup", "emph",
    "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathbb", "mathcal", "mbox", "hbox", "fbox",
    "boxed", "underline", "operatorname", "left", "right", "big", "Big", "bigg", "Bigg",
    "displaystyle", "textstyle", "scriptstyle", "quad", "qquad", "space", "thinspace",
    "thickspace", "medspace", "enspace", "hspace", "hfill", "newline", "par", "bf", "rm", "it",
    "bm", "boldsymbol", "unit", "si", "hline", "item", "therefore", "because", "(", ")", "[", "]",
    "ensuremath", "limits", "nonumber", "bigl", "bigr", "Bigl", "Bigr", "large", "Large", "small",
    "tiny", "normalsize",
))  # fmt: skip
_LATEX_COMMAND = Pattern(
    r"(?<!\\)\\++(?:(?:textcolor|color|colorbox|begin|end|phantom|hspace|vspace)\*?\s*+\{([^{}]*+)\}"
    r"|([A-Za-z]++|[^A-Za-z0-9]|(?=[0-9])))"
)
# What these hold is several numbers, or an equation for each line.
_TABLE = Pattern(r"[a-zA-Z]*matrix|array|cases|tabular")


def plain(text: str) -> str:
    r"""The text with LaTeX, Unicode digits, signs and spaces put as plain characters.

    An unknown LaTeX command stays as it is, so that what it means is not guessed at.

    >>> plain("１２\u202f５００"), plain(r"\text{about } 3\frac{1}{2}\,\%")
    ('12 500', ' about  3 1/2 %')
    """
    if not text.isascii():
        text = _SMALL_FRACTION.sub(_small_fraction, text.translate(_PLAIN))
    if "\\" in text:
        text = _LATEX_THOUSANDS.sub(",", text)
        if "frac" in text:
            text = _LATEX_FRACTION.sub(_fraction_as_text, text)
            text = _LATEX_UNIT.sub(r" \1/\2", text)
        text = _LATEX_COMMAND.sub(_command_as_text, text)
    if "<" in text:
        text = _HTML_TAG.sub(" ", text)
    if "{" in text or "}" in text:
        text = text.replace("^{°}", "°").replace("}{", " ").replace("{", "").replace("}", "")
    return text.replace("^°", "°") if "°" in text else text


def _small_fraction(match: re.Match[str]) -> str:
    apart = " " if match.string[match.start() - 1 : match.start()].isdigit() else ""
    return apart + match[0].translate(_FROM_SMALL)


def _fraction_as_text(match: re.Match[str]) -> str:
    above, top, _, digit, below, bottom, _, under = match.groups(default="")
    sign = "-" if (above == "-") != (below == "-") else above.strip("-")
    # Behind a digit it is the part of a mixed number, which a space sets off.
    apart = " " if match.string[match.start() - 1 : match.start()].isdigit() else ""
    return f"{apart}{sign}{top or digit}/{bottom or under}"


def _command_as_text(match: re.Match[str]) -> str:
    environment, name = match.groups()
    if environment is not None:
        return "\\table " if _TABLE.match(environment) else " "
    if name in _LATEX_SYMBOLS:
        return _LATEX_SYMBOLS[name]
    if name in _LATEX_LAYOUT or not name.isalpha():
        return f" {name}" if name in ("-", "+") else " "
    return f"{match[0]} " if match.string[match.end() : match.end() + 1] == "{" else match[0]
