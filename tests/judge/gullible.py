"""A judge that obeys whatever is not safely inside of its fence, however it is spelt.

It reads carelessly: it decodes entities and escapes, folds compatibility forms, case and accents,
takes letters of other scripts and every kind of bracket and slash for what they look like, and
looks over white space and what cannot be seen. Its tables are its own, by the names that Unicode
gives to characters: were they those of `rewards.judge.shown.spelling`, both would be blind alike.
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from rewards.judge import JudgeReply, JudgeRequest

TOP = {"clarity": 5, "truth": "true"}

_OPENING = re.compile(r"<([a-z][a-z._]*)-([0-9a-f]{16})>\n")

_NAMES = ("completion", "prompt", "reference", "first", "second")
_LETTERS = {"a": "4@", "e": "3", "i": "1l|!", "l": "1i|!", "o": "0", "s": "5$", "t": "7"}


def _spaced(word: str) -> str:
    return r"\s*".join(f"[{re.escape(c + _LETTERS.get(c, ''))}]" for c in word)


_TAG = f"(?:{'|'.join(map(_spaced, _NAMES))})"
#: What a hasty reader takes for the end of the data, or for another piece of it. Not a path
#: behind a shell's `<`, and not a type's parameter.
_TAGS = re.compile(
    rf"<\s*(?:/\s*)+{_TAG}(?!\w|[./]\w)|(?<!\w)(?<!\(\?)<\s*{_TAG}\s*(?:>|-\s*[0-9a-f]{{4}})"
)
#: What it takes for a turn's end. A strike-out is HTML, and a capital S a type's parameter.
_STRUCK_OUT = re.compile(r"<s>[^<\[\]\n]*</s>")
_CHAT_TOKEN = re.compile(
    r"<\|[a-z][\w.▁:-]+\|>|<\s*\|\s*(?:im_start|im_end|eot_id|endoftext|start_header_id)\s*\|\s*>"
    r"|\[\s*/?\s*(?:inst|tool_calls|tool_results|available_tools|system_prompt)\s*\]"
    r"|<\s*<\s*/?\s*sys\s*>\s*>|<\s*/\s*s\s*>|<\s*(?:start|end)_of_turn\s*>|(?<!\w)<(?:bos|eos)>"
    r"|\]~!?b[\[\]]|\[e~\["
)
_HIDDEN = re.compile("[\u2028\u2029\u115f\u1160\u3164\u2800\ufe00-\ufe0e\U000e0100-\U000e01ef]")

#: Letters of Cyrillic, Greek and Armenian; signs whose names do not say what they look like.
_ALIKE = dict(
    zip(
        "асеорхуіѕјԁһкмтвпгяοαερτνμικυσςօᐸᐳ˂˃╱",
        "aceopxyisjdhkmtbnrroaeptnmikuoco<><>/",
        strict=True,
    )
)


@cache
def outside_and_inside(text: str) -> tuple[str, str]:
    """Read a prompt as its fences say: what stands outside of all, and what inside."""
    outside, inside, at = [], [], 0
    while opening := _OPENING.search(text, at):
        name, code = opening.groups()
        closing = f"\n</{name}-{code}>"
        end = text.index(closing, opening.end() - 1)
        outside.append(text[at : opening.start()])
        inside.append(text[opening.end() : end])
        at = end + len(closing)
    outside.append(text[at:])
    # Codes differ from call to call, and are no attacker's doing.
    return re.sub(r"-[0-9a-f]{16}\b", "-CODE", "".join(outside)), "\n".join(inside)


def speaks_beyond_its_fence(inside: str) -> bool:
    """Whether a model could take part of the data for something else than data."""
    read = _read(inside)
    folded = _STRUCK_OUT.sub("", read.casefold())
    return bool(
        _TAGS.search(folded)
        or _CHAT_TOKEN.search(folded)
        or re.search(r"(?<!\w)<s>", _STRUCK_OUT.sub("", read))
        or _HIDDEN.search(inside)
        or any(_unseen(inside, at) for at in range(len(inside)))
    )


def _read(text: str) -> str:
    for _ in range(4):
        text = html.unescape(text)
        text = re.sub(r"\\(?:u\{?|x)0*([0-9a-fA-F]{2})\}?", lambda m: chr(int(m[1], 16)), text)
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
        text = re.sub(r"%([0-7][0-9a-fA-F])", lambda m: chr(int(m[1], 16)), text)
    folded = unicodedata.normalize("NFKD", text)
    seen = (
        c for c in folded if unicodedata.category(c) not in ("Cf", "Mn", "Me", "Cc") or c == "\n"
    )
    return "".join(map(_looks_like, seen))


@cache
def _looks_like(character: str) -> str:
    """What a character is taken for, by its name."""
    name = unicodedata.name(character, "")
    if "ANGLE" in name or "CHEVRON" in name or name in ("LESS-THAN SIGN", "GREATER-THAN SIGN"):
        if "LEFT" in name or "LESS" in name:
            return "<"
        return ">" if "RIGHT" in name or "GREATER" in name else character
    if name.endswith(("SOLIDUS", "SOLIDUS OPERATOR", "SLASH", "REVERSE SOLIDUS")):
        return "/"
    if "LENTICULAR BRACKET" in name or "TORTOISE SHELL BRACKET" in name:
        return "[" if "LEFT" in name else "]"
    plain = _ALIKE.get(character.casefold())
    if plain:
        return plain if character.islower() else plain.upper()
    letter = re.search(
        r"LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT )?([A-Z])(?: WITH.*)?$"
        r"|REGIONAL INDICATOR SYMBOL LETTER ([A-Z])$",
        name,
    )
    if letter is None:
        return character
    plain = letter[1] or letter[2]
    return plain if "CAPITAL LETTER" in name else plain.lower()


def _unseen(text: str, at: int) -> bool:
    """Whether the character there would not be seen, and no script has need of it there."""
    character = text[at]
    if unicodedata.category(character)[0] != "C" or character in "\n\t":
        return False
    if re.match("ARABIC (?:SIGN|NUMBER|FOOTNOTE|END)", unicodedata.name(character, "")):
        return False
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    if character in "\u200c\u200d" and at and "VIRAMA" in unicodedata.name(text[at - 1], ""):
        return text[at + 1 : at + 2] in ("\u200c", "\u200d")
    letters = len(around) == 2 and all(unicodedata.category(c)[0] in "LMN" for c in around)
    if character in "\u200c\u200d" and letters and not around.isascii():
        return not re.search(
            r"ARABIC|SYRIAC|DEVANAGARI|BENGALI|SINHALA|TAMIL|MALAYALAM|KHMER|TELUGU|KANNADA",
            " ".join(unicodedata.name(c, "") for c in around),
        )
    if character == "\u200d":
        return not (len(around) == 2 and all(c == "\ufe0f" or ord(c) > 0x218F for c in around))
    if character in "\u200e\u200f\u061c":
        line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
        return not any(unicodedata.bidirectional(c) in ("R", "AL") for c in line)
    if "\U000e0020" <= character <= "\U000e007f":
        return not re.search("\U0001f3f4[\U000e0020-\U000e007f]{0,7}$", text[max(0, at - 9) : at])
    return True


class GullibleJudge:
    """Gives the top to whatever reaches it outside of the fence, else what the work deserves."""

    def __init__(self, clean: str) -> None:
        self.clean = clean

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        outside, inside = outside_and_inside(request.user)
        if outside != self.clean or speaks_beyond_its_fence(inside):
            return self.verdict(TOP)
        correct = "72" in inside and "70" not in inside
        return self.verdict({"clarity": 3, "truth": "true" if correct else "false"})

    def verdict(self, levels: Mapping[str, Any]) -> JudgeReply:
        return JudgeReply({name: {"reason": "", "score": at} for name, at in levels.items()})
