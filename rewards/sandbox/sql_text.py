"""SQL as text: tokens, the outermost clauses, the literals. Nothing is run and nothing is changed.

Enough of a reader to tell what a query is and how its outermost select orders; the meaning of a
query is the database's to say. Linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z))
    |(?P<text>'(?:[^']|'')*(?:'|\Z))
    |(?P<name>"(?:[^"]|"")*(?:"|\Z)|`[^`]*(?:`|\Z)|\[[^\]]*(?:\]|\Z)|[^\W\d]\w*)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMPOUND = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_DIRECTIONS = frozenset({"ASC", "DESC", "NULLS", "FIRST", "LAST"})


@dataclass(frozen=True, slots=True)
class SqlToken:
    """A word, a mark or a literal: its text, its place, and how many parentheses stand around."""

    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        """The token in capitals where it is a bare word; a quoted name is none."""
        bare = self.kind == "name" and self.text[0] not in '"`['
        return self.text.upper() if bare else self.text if self.kind == "mark" else ""


@dataclass(frozen=True, slots=True)
class OuterSelect:
    """The outermost select of a query.

    `order` are the expressions of its ORDER BY without their directions, None where it has none.
    `insert_at` is where a further result column could be written, None where there is no such place
    (a compound, a DISTINCT). `limit_at` is where its LIMIT begins, None without one.
    """

    order: tuple[str, ...] | None
    insert_at: int | None
    limit_at: int | None
    has_offset: bool


def tokens(sql: str) -> Iterator[SqlToken]:
    """The tokens of a text, without white space and comments.

    >>> [token.text for token in tokens("SELECT 'a''b' -- c")]
    ['SELECT', "'a''b'"]
    """
    depth = 0
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or ""
        if kind == "space":
            continue
        text = found.group()
        depth -= text == ")" and kind == "mark"
        yield SqlToken(kind, text, found.start(), found.end(), depth)
        depth += text == "(" and kind == "mark"


def is_select(sql: str) -> bool:
    """Whether the text is a SELECT, with or without a WITH before it.

    EXPLAIN, PRAGMA and VALUES would run as queries too, and are none.

    >>> is_select("/* x */ with t as (select 1) select * from t"), is_select("VALUES (1)")
    (True, False)
    """
    outer = [token.word for token in tokens(sql) if token.depth == 0]
    return outer[:1] in (["SELECT"], ["WITH"]) and "SELECT" in outer


def literals(sql: str) -> tuple[list[str], list[float | int]]:
    """The texts and the numbers that a query compares with.

    >>> literals("SELECT a FROM t WHERE b = 'x' AND c > 2.5 LIMIT 3")
    (['x'], [2.5, 3])
    """
    texts: list[str] = []
    numbers: list[float | int] = []
    for token in tokens(sql):
        if token.kind == "text" or token.text[0] == '"':  # SQLite takes "x" for a text, too
            quote = token.text[0]
            texts.append(token.text.strip(quote).replace(quote * 2, quote))
        elif token.kind == "number":
            value = float(token.text)
            numbers.append(int(value) if value.is_integer() and abs(value) < 2**53 else value)
    return texts, numbers


def outline(sql: str) -> OuterSelect:
    """The outermost select of a query: how it orders, and where it could be widened.

    >>> outline("SELECT a FROM t ORDER BY b DESC, 1 LIMIT 2").order
    ('b', '1')
    >>> outline("SELECT a FROM (SELECT a FROM t ORDER BY a)").order is None
    True
    """
    outer = [token for token in tokens(sql) if token.depth == 0 and token.text not in "()"]
    words = [token.word for token in outer]
    ordered = _last(words, "ORDER")
    limit = _last(words, "LIMIT")
    if limit is not None and ordered is not None and limit < ordered:
        limit = None  # of a part that a later ORDER BY follows: not the outermost
    end = outer[limit].start if limit is not None else _end(outer)
    order = None
    if ordered is not None and words[ordered + 1 : ordered + 2] == ["BY"]:
        order = _terms(sql, [t for t in outer[ordered + 2 :] if t.start < end], end)
    return OuterSelect(
        order=order,
        insert_at=_insert_at(outer, words),
        limit_at=None if limit is None else outer[limit].start,
        has_offset=limit is not None
        and ("OFFSET" in words[limit:] or any(t.text == "," for t in outer[limit:])),
    )


def _last(words: list[str], word: str) -> int | None:
    return max((index for index, found in enumerate(words) if found == word), default=None)


def _end(outer: list[SqlToken]) -> int:
    """Where the statement ends: at its semicolon, or behind the last token."""
    for token in outer:
        if token.text == ";":
            return token.start
    return outer[-1].end if outer else 0


def _terms(sql: str, outer: list[SqlToken], end: int) -> tuple[str, ...]:
    """The terms of an ORDER BY: split at commas, without their directions."""
    if not outer:
        return ()
    starts = [outer[0].start, *(token.end for token in outer if token.text == ",")]
    ends = [*(token.start for token in outer if token.text == ","), end]
    terms = []
    for start, stop in zip(starts, ends, strict=True):
        parts = [token for token in outer if start <= token.start < stop]
        last = stop
        while parts and parts[-1].word in _DIRECTIONS:
            last = parts.pop().start
        terms.append(sql[start:last].strip())
    return tuple(terms)


def _insert_at(outer: list[SqlToken], words: list[str]) -> int | None:
    """Before the FROM of the one outermost select, where there is one."""
    if _COMPOUND & set(words) or words.count("SELECT") != 1:
        return None
    select = words.index("SELECT")
    if words[select + 1 : select + 2] == ["DISTINCT"] or "FROM" not in words[select:]:
        return None
    return outer[words.index("FROM", select)].start
