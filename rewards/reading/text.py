"""What scorers share about a completion's text: where thinking ends, what a code fence holds."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache


class Pattern:
    """A regular expression that is compiled when it is first used.

    A scorer family has dozens of them, and compiling takes longer than importing the module that
    holds them: a cold start pays for those that its texts need. Afterwards the methods are the
    compiled pattern's own, at no further cost.

    >>> Pattern(r"[0-9]+").search("about 72")[0]
    '72'
    """

    search: Callable[..., re.Match[str] | None]
    match: Callable[..., re.Match[str] | None]
    fullmatch: Callable[..., re.Match[str] | None]
    finditer: Callable[..., Iterator[re.Match[str]]]
    findall: Callable[..., list[str]]
    sub: Callable[..., str]
    split: Callable[..., list[str]]

    def __init__(self, source: str | Callable[[], str], flags: int = 0) -> None:
        """Keep the source; nothing is compiled, and nothing is checked, before the first use.

        Nor is a source made that a function gives: one that is put together from lists of words.
        """
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        """Compile, and put the compiled pattern's methods in the place of this one."""
        if name not in Pattern.__annotations__:
            raise AttributeError(name)
        source = self._source if isinstance(self._source, str) else self._source()
        compiled = re.compile(source, self._flags)
        for method in Pattern.__annotations__:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


#: Opening and closing marks of the thinking blocks that models write into their text.
THINKING_BLOCKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
)
# How the marks in angle brackets begin: one search rules them all out in most texts.
_MARK = Pattern(r"<[/trs|]")

_FENCE = Pattern(r"^([ \t]*+)```[ \t]*+([\w+#.-]*+)[^\n]*+\n", re.MULTILINE)
_FENCE_AGAIN = Pattern(r"\n([ \t]*+)```")

#: How much further than its opening a fence may be indented and still close it (CommonMark 4.5).
MAX_FENCE_INDENT = 3

#: Code blocks of one text: no answer has as many, and each costs a step.
MAX_BLOCKS = 1_000


def answer_span(completion: str) -> tuple[int, int]:
    """Where the answer stands: after the last closed thinking block, before one left open.

    Where nothing but space follows the last block, the answer is what stands before that block.

    >>> answer_span("<think>6 * 7</think>42")
    (20, 22)
    >>> answer_span("42 <think>was that right?</think>")
    (0, 3)
    """
    if (
        ("<" in completion and _MARK.search(completion))
        or "◁" in completion
        or ("[" in completion and "THINK]" in completion)
    ):
        return _outside_thinking(completion)
    return 0, len(completion)


def answer_start(completion: str) -> int:
    """Index of the first character after the thinking; the length where all of it is thinking.

    >>> answer_start("no thinking at all")
    0
    """
    return answer_span(completion)[0]


def answer_text(completion: str) -> str:
    """The completion without its thinking; an unclosed block swallows all that follows it.

    >>> answer_text("<think>6 * 7 = 42, or 48?</think>It is 42.")
    'It is 42.'
    >>> answer_text("<think>never closed: 42")
    ''
    """
    start, end = answer_span(completion)
    return completion[start:end]


def strip_thinking(completion: str) -> str:
    """The answer text without the white space around it.

    >>> strip_thinking("<thinking>hm</thinking>  42 ")
    '42'
    """
    return answer_text(completion).strip()


def in_code(text: str, position: int) -> bool:
    r"""Whether the position lies within a fenced code block.

    >>> in_code("```\ncode\n```\nprose", 5), in_code("```\ncode\n```\nprose", 14)
    (True, False)
    """
    blocks = code_spans(text)
    before = bisect_right(blocks, position, key=lambda block: block[1])
    return before > 0 and position < blocks[before - 1][2]


def code_blocks(text: str) -> list[tuple[str, str]]:
    r"""The fenced code blocks as (language, body), in order; an unclosed one runs to the end.

    >>> code_blocks("Here:\n```json\n{}\n```\n")
    [('json', '{}\n')]
    """
    return [(language, text[start:end]) for language, start, end in code_spans(text)]


@lru_cache(maxsize=1)  # asked again for each statement of one text
def code_spans(text: str) -> Sequence[tuple[str, int, int]]:
    r"""The first fenced code blocks as (language, start of the body, end of the body).

    A fence may be indented, in a list item say, and is closed by one that stands as far to the
    left, or a little further in; the fences of a text that the code quotes stand deeper.

    >>> code_spans("1. So:\n   ```json\n   {}\n   ```\n2. Then")
    (('json', 18, 24),)
    """
    blocks: list[tuple[str, int, int]] = []
    position = 0
    while "```" in text and len(blocks) < MAX_BLOCKS:
        opening = _FENCE.search(text, position)
        if opening is None:
            break
        depth = len(opening[1]) + MAX_FENCE_INDENT
        fences = _FENCE_AGAIN.finditer(text, opening.end() - 1)
        closing = next((fence for fence in fences if len(fence[1]) <= depth), None)
        body_end = len(text) if closing is None else closing.start() + 1
        blocks.append((opening[2], opening.end(), body_end))
        if closing is None:
            break
        position = closing.end()
    return tuple(blocks)


#: What a reason quotes of a completion at most: enough to recognise it, one line of a table.
MAX_QUOTED_CHARS = 60

#: What a score keeps of the answer that it read: it is shown and logged, and never compared.
MAX_ANSWER_CHARS = 200


def quoted(text: str, limit: int = MAX_QUOTED_CHARS) -> str:
    r"""The text as a short quotation on one line, for the reason of a score.

    >>> quoted("two\nlines"), quoted("abcdef", limit=3)
    ("'two\\nlines'", "'abc'...")
    """
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}..."


def _outside_thinking(completion: str) -> tuple[int, int]:
    start, end = _last_block_end(completion, len(completion)), len(completion)
    for opening, _ in THINKING_BLOCKS:
        unclosed = completion.find(opening, start)
        if 0 <= unclosed < end:
            end = unclosed
    if start and not completion[start:end].strip():
        return _before_last_block(completion, start)
    return start, end


def _last_block_end(completion: str, before: int) -> int:
    ends = [
        found + len(closing)
        for _, closing in THINKING_BLOCKS
        if (found := completion.rfind(closing, 0, before)) >= 0
    ]
    return max(ends, default=0)


def _before_last_block(completion: str, block_end: int) -> tuple[int, int]:
    starts = [completion.rfind(opening, 0, block_end) for opening, _ in THINKING_BLOCKS]
    block_start = max(starts)
    if block_start < 0:  # closed but never opened: the prompt opened it, all before is thinking
        return block_end, block_end
    return min(_last_block_end(completion, block_start), block_start), block_start
