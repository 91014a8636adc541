"""SQL functions whose one call could cost without bound, or hangs on the clock, made over.

LIKE and GLOB of SQLite backtrack: a few "%" against a long text take minutes, in one step of its
machine. Here a pattern is the pieces between its wildcards, looked for from left to right; that
finds a match where there is one. Date functions are SQLite's own, without "now" and time zones.
What all calls of one query cost is counted in characters looked at: a count, the same everywhere.
"""

import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

#: What the calls of one query may cost, in characters that they look at: some 50 ms.
MAX_WORK = 30_000_000

#: What a piece with wildcards costs more than a plain one; what any call costs, in characters.
WILD = 10
CALL = 1_000

_CLOCK = ("date", "datetime", "julianday", "strftime", "time", "unixepoch")
_LOCAL = frozenset({"now", "localtime", "utc"})
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_DATES = sqlite3.connect(":memory:", check_same_thread=False)


class Piece(NamedTuple):
    """What stands between two wildcards: a text, or a pattern of as many characters."""

    text: str
    wild: re.Pattern[str] | None
    size: int

    @property
    def cost(self) -> int:
        """Characters looked at for each character of the text."""
        return 1 if self.wild is None else WILD * self.size

    def at(self, text: str, position: int) -> bool:
        """Whether the piece stands at this place."""
        if self.wild is None:
            return text.startswith(self.text, position)
        return self.wild.match(text, position) is not None

    def find(self, text: str, position: int, end: int) -> int:
        """The first place from `position` on at which it stands whole before `end`, or -1."""
        if self.wild is None:
            return text.find(self.text, position, end)
        found = self.wild.search(text, position, end)
        return found.start() if found else -1


class BoundedFunctions:
    """The functions of one connection, what their calls have cost, and why one was refused."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count anew, for another query."""
        self.work = 0
        self.flaw = ""

    def install(self, connection: sqlite3.Connection) -> None:
        """Put them in the place of SQLite's own."""
        connection.create_function("like", 2, self.like, deterministic=True)
        connection.create_function("like", 3, self.like, deterministic=True)
        connection.create_function("glob", 2, self.glob, deterministic=True)
        for name in _CLOCK:
            connection.create_function(name, -1, self._dated(name), deterministic=True)

    def like(self, pattern: Any, value: Any, escape: Any = None) -> bool | None:
        """SQLite's LIKE: "%" any text, "_" any character, letters of ASCII in any case.

        >>> BoundedFunctions().like("a%_C", "Abbbc"), BoundedFunctions().like("a", None)
        (True, None)
        """
        if pattern is None or value is None:
            return None
        pieces = _like_pieces(_text(pattern), None if escape is None else _text(escape))
        return self._matches(pieces, _lower(_text(value)))

    def glob(self, pattern: Any, value: Any) -> bool | None:
        """SQLite's GLOB: "*" any text, "?" any character, "[a-c]" and "[^a-c]" one of a set.

        >>> BoundedFunctions().glob("[a-c]*?", "bx"), BoundedFunctions().glob("[^a-c]*", "bx")
        (True, False)
        """
        if pattern is None or value is None:
            return None
        return self._matches(_glob_pieces(_text(pattern)), _text(value))

    def _matches(self, pieces: tuple[Piece, ...], text: str) -> bool:
        """Whether the text is the pieces in order, with anything between them."""
        self._pay(len(text) * sum([piece.cost for piece in pieces]))
        first = pieces[0]
        if len(pieces) == 1:
            return len(text) == first.size and first.at(text, 0)
        last = pieces[-1]
        position, end = first.size, len(text) - last.size
        if end < position or not first.at(text, 0):
            return False
        for piece in pieces[1:-1]:
            found = piece.find(text, position, end)
            if found < 0:
                return False
            position = found + piece.size
        return last.at(text, end)

    def _dated(self, name: str) -> Callable[..., Any]:
        """A date function that refuses what depends on when and where it is called."""

        def called(*arguments: Any) -> Any:
            self._pay(0)
            times = arguments[1:] if name == "strftime" else arguments
            if not times or any(str(value).strip().lower() in _LOCAL for value in arguments):
                self.flaw = f"{name}() of the clock, or of a time zone"
                raise ValueError(self.flaw)
            marks = ", ".join("?" * len(arguments))
            return _DATES.execute(f"SELECT {name}({marks})", arguments).fetchone()[0]

        return called

    def _pay(self, characters: int) -> None:
        self.work += CALL + characters
        if self.work > MAX_WORK:
            self.flaw = "too much work in patterns and dates"
            raise ValueError(self.flaw)


@lru_cache(maxsize=256)
def _like_pieces(pattern: str, escape: str | None) -> tuple[Piece, ...]:
    pieces: list[list[str]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            pieces[-1].append(_exactly(next(characters, character)))
        elif character == "%":
            pieces.append([])
        else:
            pieces[-1].append("." if character == "_" else _exactly(character))
    return tuple(map(_piece, pieces))


@lru_cache(maxsize=256)
def _glob_pieces(pattern: str) -> tuple[Piece, ...]:
    pieces: list[list[str]] = [[]]
    index = 0
    while index < len(pattern):
        character = pattern[index]
        closing = pattern.find("]", index + 2 + pattern.startswith("[^", index))
        if character == "[" and closing > 0:
            pieces[-1].append(_set(pattern[index + 1 : closing]))
            index = closing
        elif character == "*":
            pieces.append([])
        else:
            pieces[-1].append("." if character == "?" else re.escape(character))
        index += 1
    return tuple(map(_piece, pieces))


def _exactly(character: str) -> str:
    return re.escape(_lower(character))


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def _set(body: str) -> str:
    """A set of GLOB as one of `re`: ranges stay, everything else stands for itself."""
    inverted = body.startswith("^")
    body = body[inverted:]
    parts: list[str] = []
    index = 0
    while index < len(body):
        if body[index + 1 : index + 2] == "-" and index + 2 < len(body):
            low, high = body[index], body[index + 2]
            parts += [f"{re.escape(low)}-{re.escape(high)}"] * (low <= high)
            index += 3
        else:
            parts.append(re.escape(body[index]))
            index += 1
    if not parts:
        return "." if inverted else r"(?!)."
    return f"[{'^' * inverted}{''.join(parts)}]"


def _piece(parts: list[str]) -> Piece:
    plain = all(part != "." and (len(part) == 1 or part[0] == "\\") for part in parts)
    if plain:
        text = "".join(part[-1] for part in parts)
        return Piece(text, None, len(text))
    return Piece("", re.compile("".join(parts), re.DOTALL), len(parts))


def _text(value: Any) -> str:
    """A value as SQLite writes it."""
    if isinstance(value, float):
        written = f"{value:.15g}"
        return written if set(written) & set(".en") else f"{written}.0"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
