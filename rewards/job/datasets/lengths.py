"""How many tokens a text has: an estimate with an interval, without anybody's tokenizer.

Calibrated on 1,674 texts (prose, sums, prompts, code, SQL, tool calls, LaTeX) with three tokenizers
(cl100k, DeepSeek's, Claude's older one): of 5,022 counts 95 % are between 0.89 and 1.18 of the
estimate, all but one of ASCII texts between 0.7 and 1.5; texts in eight other languages between
0.4 and 1.7 of it.
"""

import re
from typing import NamedTuple

#: Turns of a chat template have marks of their own, of so many tokens at most.
_MARKS_A_TURN = 8

_WORDS = re.compile(r"[A-Za-z]+")
_LONG_WORDS = re.compile(r"[A-Za-z]{7}([A-Za-z]+)")
_NUMBERS = re.compile(r"[0-9]{1,3}")
_SIGNS = re.compile(r"[!-/:-@\[-`{-~]{1,2}")
_BREAKS = re.compile(r"\n+")
_OTHERS = re.compile(r"[^\x00-\x7f]")


class Tokens(NamedTuple):
    """An estimate, and between what the count surely lies for common tokenizers."""

    low: int
    estimate: int
    high: int


def tokens(text: str, turns: int = 0) -> Tokens:
    """The number of tokens of a text that stands in so many turns of a conversation.

    >>> tokens("How many clips did Natalia sell altogether in April and May?")
    Tokens(low=9, estimate=13, high=20)
    """
    plain = (
        1.06 * _number(_WORDS, text)
        + 0.16 * sum(map(len, _LONG_WORDS.findall(text)))
        + _number(_NUMBERS, text)
        + _number(_SIGNS, text)
        + 0.6 * _number(_BREAKS, text)
    )
    others = _number(_OTHERS, text)
    return Tokens(
        round(0.7 * plain + 0.35 * others),
        round(plain + 0.9 * others),
        round(1.5 * plain + 1.6 * others) + _MARKS_A_TURN * turns,
    )


def _number(pattern: re.Pattern[str], text: str) -> int:
    return (
        sum(1 for _ in pattern.finditer(text))
        if len(text) > 1_000_000
        else len(pattern.findall(text))
    )
