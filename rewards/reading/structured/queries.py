"""The SQL query that a completion answers with."""

import re

from rewards.reading.text import Pattern, answer_span, code_spans

#: A fence with one of these names holds SQL; one without a name does where a query begins it.
_LANGUAGES = frozenset(
    {"sql", "sqlite", "sqlite3", "postgres", "postgresql", "mysql", "duckdb", "tsql", "plsql"}
)
_QUERY = r"""(?:select\b|with\s+(?:recursive\s+)?[\w"`]+\s*(?:\([^()]*\)\s*)?as\b)"""
#: A query that begins a line, behind a label, a quotation mark or nothing.
_LABEL = r"(?:the\s+)?(?:final\s+)?(?:sql|query|answer)(?:\s+is)?\s*[:=][ \t*`]*"
_BARE = Pattern(
    rf"^[ \t>*`]*(?:{_LABEL})?({_QUERY})",
    re.IGNORECASE | re.MULTILINE,
)
_BEGINS = Pattern(rf"(?:\s|--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*+{_QUERY}", re.IGNORECASE)
_END = Pattern(r";|```|`[ \t]*(?:\n|$)|\n[ \t\r]*\n|</")
_TAGS = ("answer", "sql", "query")


def find_query(completion: str) -> str | None:
    r"""The query that the answer ends with, without its semicolon; None where there is none.

    Looked for behind the thinking, in this order: the last `<answer>`, `<sql>` or `<query>`; the
    last fenced block of SQL; the last statement that begins a line with SELECT or WITH, to its
    semicolon or the next empty line.

    >>> find_query("First try:\n```sql\nSELECT 1;\n```\nBetter:\n```sql\nSELECT a\nFROM t;\n```")
    'SELECT a\nFROM t'
    >>> find_query("The query is:\nSQL: select a from t; it lists all.")
    'select a from t'
    """
    start, end = answer_span(completion)
    text = completion[start:end]
    for tag in _TAGS:
        closing = text.rfind(f"</{tag}>")
        opening = text.rfind(f"<{tag}>", 0, closing) if closing >= 0 else -1
        if opening >= 0:
            inside = text[opening + len(tag) + 2 : closing]
            return _fenced(inside) or _bare(inside) or _trimmed(inside)
    return _fenced(text) or _bare(text)


def _fenced(text: str) -> str | None:
    for language, start, end in reversed(code_spans(text)):
        body = text[start:end]
        if language.lower() in _LANGUAGES or (not language and _BEGINS.match(body)):
            return _trimmed(body)
    return None


def _bare(text: str) -> str | None:
    """The last statement that begins a line; lines within a statement begin none of their own."""
    last, position = None, 0
    for found in _BARE.finditer(text):
        if found.start() < position:
            continue
        end = _END.search(text, found.start(1))
        position = end.start() if end else len(text)
        last = text[found.start(1) : position]
    return None if last is None else _trimmed(last)


def _trimmed(text: str) -> str | None:
    return text.strip().rstrip(";").strip() or None
