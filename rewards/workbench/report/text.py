"""How text from data becomes inert: the one seam through which every string enters a page.

Completions are hostile. Markup is escaped; what steers a reader without being seen (NUL, half a
surrogate pair, overrides of the writing direction, tag characters) is shown as what it is.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

#: Two runs of characters and more around what is cut out.
CUT = " […] "

#: A longer answer is the completion itself: there is nothing to mark.
MAX_ANSWER = 400
#: Places that are looked at, from the end.
MAX_TRIES = 50


@lru_cache(maxsize=1)
def _shown() -> dict[int, str]:
    """What stands for each character that cannot stand for itself."""
    # Pictures of the controls; line breaks and tabs are text.
    table = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
    named = [
        *range(0x7F, 0xA0),
        *(0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF),
        *range(0x202A, 0x202F),  # embeddings and overrides of the direction
        *range(0x2066, 0x206A),  # isolates: one that is never closed reaches to the end
        *range(0xD800, 0xE000),  # half a pair: UTF-8 has none
        *range(0xE0000, 0xE0080),  # tag characters: text that nobody sees
    ]
    return table | {code: f"⟨U+{code:04X}⟩" for code in named}


def visible(text: str) -> str:
    r"""Text whose every character a reader sees, and none of which steers a browser.

    >>> visible("a\x00b\u202egnp.exe")
    'a␀b⟨U+202E⟩gnp.exe'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_shown())


def inert(value: Any) -> Markup:
    """Any value as markup that is nothing but text; what is markup already stays.

    >>> inert("<script>")
    Markup('&lt;script&gt;')
    """
    if isinstance(value, Markup):
        return value
    return escape(visible(value if isinstance(value, str) else str(value)))


def tag(name: str, attributes: Mapping[str, object] | None = None, *children: Any) -> Markup:
    """An element; attributes and children that are no markup are escaped.

    >>> tag("text", {"x": 1.50}, "a<b")
    Markup('<text x="1.5">a&lt;b</text>')
    """
    shown = "".join(f' {key}="{inert(_short(value))}"' for key, value in (attributes or {}).items())
    inside = "".join(inert(child) for child in children)
    return Markup(f"<{name}{shown}>{inside}</{name}>" if inside else f"<{name}{shown}/>")


def _short(value: object) -> object:
    """A coordinate in a tenth of a pixel: what is finer is bytes."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def cut(text: str, limit: int, kept: int | None = None) -> str:
    """A text of at most `limit` characters and two marks: its head, its end, and what is at `kept`.

    >>> cut("0123456789" * 3, 10)
    '01234 […] 56789'
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    if kept is None or kept < half or kept >= len(text) - half:
        return f"{text[:half]}{CUT}{text[-half:]}"
    third = limit // 3
    start, end = kept - third // 2, kept + third - third // 2
    start, end = max(start, third), min(end, len(text) - third)
    return f"{text[:third]}{CUT}{text[start:end]}{CUT}{text[-third:]}"


def fair_limit(texts: Sequence[str], budget: int, least: int = 200) -> int:
    """The most characters a text may keep so that all together keep to a budget of bytes.

    Short texts stay whole, and leave their share to the long ones; none has to go below `least`.

    >>> fair_limit(["a" * 10, "b" * 10, "c" * 1000], 220, least=5), fair_limit(["a"], 100)
    (200, 200)
    """
    lengths = sorted(map(len, texts))
    # What one character takes, escaped and encoded, as far as the first of each text tells.
    heads = [text[:2_000] for text in texts]
    cost = sum(len(inert(head).encode()) for head in heads) / max(1, sum(map(len, heads)))
    left, count = budget / max(cost, 1.0), len(lengths)
    for length in lengths:
        if length * count > left:
            return max(least, int(left / count))
        left -= length
        count -= 1
    return max([least, *lengths])


def marked(text: str, answers: Sequence[str], limit: int) -> Markup:
    """A completion as markup, cut, with the last place marked where its answer stands.

    A scorer says what it read, not where; of several answers the first counts that is in the text
    word for word.

    >>> marked("it is 4, so <b>42</b>", ["42"], 80)
    Markup('it is 4, so &lt;b&gt;<mark>42</mark>&lt;/b&gt;')
    """
    for answer in answers:
        place = _place(text, answer)
        if place is not None:
            shown = cut(text, limit, place)
            at = _place(shown, answer)
            if at is not None:
                end = at + len(answer)
                mark = tag("mark", {}, answer)
                return inert(shown[:at]) + mark + inert(shown[end:])
    return inert(cut(text, limit))


def _place(text: str, answer: str) -> int | None:
    """Where an answer stands last, not as a part of a longer word or number."""
    end = len(text) if 0 < len(answer) <= MAX_ANSWER else 0
    for _ in range(MAX_TRIES):
        if (at := text.rfind(answer, 0, end)) < 0 or not end:
            return None
        before, after = text[at - 1 : at], text[at + len(answer) : at + len(answer) + 1]
        if not (before.isalnum() and answer[0].isalnum()) and not (
            after.isalnum() and answer[-1].isalnum()
        ):
            return at
        end = at + len(answer) - 1
    return None
