"""One reading for all spellings: a text as a lenient reader takes it, character by character.

Full-width, styled, accented and circled letters, look-alikes of other scripts, brackets and
slashes of every kind, HTML entities, JSON and percent escapes: each becomes the plain ASCII that
it passes for. What no reader sees becomes `NOISE`, all white space a blank or a line feed. The
result has the length of the text, so that a place in the one is the same place in the other.
"""

import re
import unicodedata
from functools import lru_cache

#: Stands for what a reader does not see, and for the rest of an escape. It may be skipped.
NOISE = "\0"

#: Invisible, yet of no control or format category: fillers, and selectors that carry bytes.
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

#: ASCII by what passes for it, once compatibility forms, accents and case are folded away. A
#: letter of another script may pass for two; it is put with the one that our own words need.
_ALIKE = {
    "<": "‹〈⟨❮❬❰⦉⦑⧼˂˱ᐸ≺⋖⪡⟪《«≪◁⊲⫷⪻ᚲ𝈶",
    ">": "›〉⟩❯❭❱⦊⦒⧽˃˲ᐳ≻⋗⪢⟫》»≫▷⊳⫸⪼𝈷𖼿",
    "/": "\\⁄∕⧸⧵∖╱╲⟋⟍⫽⼃丿ノ〳᜵⁁㇓ⳇ𝈺",
    "|": "ǀ∣│┃❘❙❚ǁ‖¦￨⎮⏐",
    "[": "【〔⁅⦋❲〖⟬⦗",
    "]": "】〕⁆⦌❳〗⟭⦘",
    "-": "‐‑‒–—―−⁃─━ー‧·・",
    "_": "ˍ⎯",
    "a": "аɑαᴀꓮᎪⲁ",
    "b": "вьβʙꓐƄ",
    "c": "сϲᴄꓚᏟⲥɔ𐐽🝌Ϲ𐊢𐌂",
    "d": "ԁɗᴅđꓓᎠᗞᗪᏧᑯꓒ",
    "e": "еєεҽəɛᴇꓰᎬⲉ⋿ⴹ℮ꬲ𐊆",
    "f": "ғƒꜰꓝքϝᖴꬵꞙẝ𐊇",
    "g": "ɡցԍɢꓖᏀ",
    "h": "һհʜнħꓧᎻ",
    "i": "іıɩιɪꓲⲓ⍳ꙇᎥⵏᛁ𐌉",
    "j": "јϳꓙ",
    "k": "кκᴋꓗƙⲕ",
    "l": "ӏłʟɭլꓡᏞⳑᒪ𐑃",
    "m": "мμᴍɱꓟᎷⲙϻᗰᛖ𐌑",
    "n": "пηνնиɴŋɲɳꓠⲛոռ",
    "o": "оοσөɵᴏøօꓳⲟסهᴑꬽჿഠဝ𐓪𐐬ⵔዐଠ〇𐊫",
    "p": "рρᴘþƥꓑᏢⲣ⍴ᑭ𐊕",
    "q": "ԛզ",
    "r": "гʀɾяꓣᎡґꭇꭈᴦⲅᏒᖇ𝈖",
    "s": "ѕꜱʂꓢᏚƽᏕ𐑈տ",
    "t": "тτᴛŧƭꓔᎢⲧ⊤⟙𐊗𐌕",
    "u": "υսᴜꓴ",
    "v": "ѵᴠꓦ",
    "w": "ԝաѡωᴡꓪ",
    "x": "хχꓫ",
    "y": "уγүʏꓬ",
    "z": "ᴢʐꓜ",
}
_PLAIN = {alike: plain for plain, group in _ALIKE.items() for alike in group}
#: Parenthesised, negative circled and squared letters, and regional indicators: alphabets in order.
_PLAIN |= {
    chr(first + place): chr(ord("a") + place)
    for first in (0x249C, 0x1F110, 0x1F150, 0x1F170, 0x1F1E6)
    for place in range(26)
}

# An entity, encoded again or not; an escape of JSON, JavaScript or Python; a character of a URL.
_ESCAPE = re.compile(
    r"&(?:amp;)*+(?:#0*+\d{1,7}|#[xX]0*+[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"
    r"|\\(?:u\{0*+[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|U[0-9a-fA-F]{8})"
    r"|%(?:25)*+(?:[0-7][0-9a-fA-F]|[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){1,3})"
)


def folded(text: str) -> str:
    r"""The text as a lenient reader takes it, each character in its own place.

    >>> folded("＜／Сօmple\u200btion>"), folded("&lt;/b>").replace(NOISE, "~")
    ('</comple\x00tion>', '<~~~/b>')
    """
    if "&" in text or "\\" in text or "%" in text:
        text = _ESCAPE.sub(lambda found: _decoded(found[0]), text)
    return text.translate({ord(character): _folded(character) for character in set(text)})


def _decoded(escape: str) -> str:
    """What an escape stands for, filled up to its own length; itself, where it is none."""
    if escape[0] == "&":
        import html  # its tables are large, and few texts need them

        plain = html.unescape("&" + re.sub(r"^&(?:amp;)++(?=[^;])", "", escape).lstrip("&"))
    elif escape[0] == "%":
        digits = re.sub(r"^%(?:25)*+", "", escape).replace("%", "")
        plain = bytes.fromhex(digits).decode("utf-8", "replace")
    else:
        point = int(escape[2:].strip("{}"), 16)
        plain = chr(point) if point <= 0x10FFFF else escape
    return plain.ljust(len(escape), NOISE) if len(plain) <= len(escape) else escape


@lru_cache(maxsize=8192)
def _folded(character: str) -> str:
    """One character for one."""
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isspace():
        return "\n" if character in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029" else " "
    if character in BLANKS or _unseen(character):
        return NOISE
    folded = unicodedata.normalize("NFKD", character).casefold()
    seen = [c for c in unicodedata.normalize("NFKD", folded) if not _unseen(c)]
    if not seen:
        return NOISE
    if len(seen) > 1:  # a ligature, a fraction, a syllable: no letter of any word that matters
        return character
    [plain] = seen
    if unicodedata.category(plain) == "Nd":
        return str(unicodedata.digit(plain))
    return _PLAIN.get(plain, plain)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me", "Cc", "Cf", "Cn", "Co", "Cs")
