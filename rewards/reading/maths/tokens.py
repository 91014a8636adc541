"""The tokens of a text of mathematics, and a place among them."""

import re
from dataclasses import dataclass

from rewards.reading.maths.terms import NotMaths

#: Tokens of one answer.
MAX_TOKENS = 600
#: Digits of a number: larger ones are compared as text.
MAX_DIGITS = 400

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<command>\\[a-zA-Z]+|\\\\)|(?P<word>[^\W\d_]+)"
    r"|(?P<mark>[<>=!^_{}()\[\],;:+\-*/|&'.]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A number, a command, a word or a mark; `spaced` where white space stands before it."""

    kind: str
    text: str
    spaced: bool


END = Token("end", "", False)


def tokens(text: str) -> list[Token]:
    """The tokens of a text; `NotMaths` for a character that none begins with."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if not text[position:].strip():
                break
            raise NotMaths(f"the character {text[position:].strip()[0]!r}")
        kind = match.lastgroup or ""
        spaced = match.start(kind) > position
        if kind == "number" and len(match[kind]) > MAX_DIGITS:
            raise NotMaths("a very long number")
        found.append(Token(kind, match[kind], spaced))
        position = match.end()
        if len(found) > MAX_TOKENS:
            raise NotMaths(f"more than {MAX_TOKENS} tokens")
    return found


class Cursor:
    """A place among tokens that moves on."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """The token at the place, or so many behind it; `END` behind the last."""
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else END

    def next(self) -> Token:
        """The token at the place, which moves on."""
        token = self.peek()
        self.at += 1
        return token

    def take(self, text: str) -> bool:
        """Move past this mark or command, if it is the next."""
        if self.peek().text == text and self.peek().kind != "word":
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Move past it, or refuse the text."""
        if not self.take(text):
            raise NotMaths(f"{text!r} is missing")
