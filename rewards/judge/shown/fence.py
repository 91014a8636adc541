"""Hostile text made safe to show to a judge: bounded, visible, and fenced.

The text that a judge reads was written by the model in training, which gains by talking the judge
round. So every text is shortened to a cap and stands between tags that carry a code which none of
the texts contains. The instructions come after it and name the code. What is inside the fence can
still try to persuade; it cannot speak as anybody else. The rule of what is changed in it:

1. What could act as a tag of ours. A tag of any name that this request has, or another of ours
   might have, which closes: `<`, slashes, the name, whatever follows. One that opens, where it is
   a whole tag, `<completion>` or `<completion-c0de>`, and no type's parameter (`List<Reference>`).
2. What could act as a control token of a chat template: `<|im_start|>`, `[INST]`, `<<SYS>>`,
   `<end_of_turn>` and their like as a whole, `</s>` unless it ends a strike-out of HTML.
3. What a reader would not see, except joiners, marks of direction and tags of flags where a script
   or an emoji needs them.

1 and 2 hold in whatever spelling a lenient reader takes for the same (`spelling`): full-width or
look-alike letters and brackets, white space, entities and escapes, unseen characters inside. There
the first character is set in brackets that nothing else uses, ⟦<⟧, and of 3 the code point is
written: no character is lost, and a reader is told what it means. Everything else stays as it is:
`a < second`, `x |> f`, `<s>struck out</s>`, `Vec<T>`, JSX, other HTML, any script.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rewards.judge.shown.hidden import spell_out
from rewards.judge.shown.markers import markers

#: Half of SHA-256 would do; this many hex digits cannot be guessed, and are short to read.
NONCE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Fence:
    """Wraps texts in tags that carry `code`, which occurs in none of them."""

    code: str

    @classmethod
    def around(cls, texts: Iterable[str], salt: str = "") -> "Fence":
        """A fence for these texts: the same texts and salt, the same code.

        The code is a hash of the texts themselves, so that a text that knew its own code would be
        a fixed point of SHA-256; it is checked nevertheless.
        """
        joined = "\x00".join(texts)
        seed = hashlib.sha256(f"{salt}\x00{joined}".encode("utf-8", "surrogatepass"))
        while (code := seed.hexdigest()[:NONCE_DIGITS]) in joined:
            seed.update(b"again")
        return cls(code)

    def wrap(self, name: str, text: str) -> str:
        """The text on lines of its own between the tags of `name`.

        >>> print(Fence("c0de").wrap("completion", "72"))
        <completion-c0de>
        72
        </completion-c0de>
        """
        return f"<{name}-{self.code}>\n{text}\n</{name}-{self.code}>"


def visible(text: str, tags: tuple[str, ...] = ()) -> str:
    r"""The text with everything in it to be seen, and nothing in it that ends its fence.

    `tags` are the names of the request's tags, beside those that every request may have.

    >>> visible("a\u200bb <|im_start|> </ completion>")
    'a⟦U+200B⟧b ⟦<⟧|im_start|> ⟦<⟧/ completion>'
    """
    text = text.replace("\r\n", "\n")
    parts, done = [], 0
    for at in markers(text, tags):
        parts += [text[done:at], f"⟦{text[at]}⟧"]
        done = at + 1
    return spell_out("".join([*parts, text[done:]]) if parts else text)


def capped(text: str, limit: int) -> tuple[str, str, int]:
    """Head and tail of a text, `limit` characters in all, and how many are left out between.

    >>> capped("abcdefgh", 5)
    ('abc', 'gh', 3)
    >>> capped("abc", 5)
    ('abc', '', 0)
    """
    if len(text) <= limit:
        return text, "", 0
    head = (limit + 1) // 2
    return text[:head], text[len(text) - (limit - head) :], len(text) - limit


@dataclass(frozen=True, slots=True)
class Fenced:
    """Texts ready to be shown: by name, with the fence's code and what was left out of them."""

    texts: Mapping[str, str]
    code: str
    left_out: int


def fenced(texts: Mapping[str, str], limit: int, salt: str = "") -> Fenced:
    """Cap, spell out and fence `texts`; the name of each becomes its tag.

    `limit` counts the characters of each text as it comes; the mark in place of what is left out
    carries the code too, so that a text cannot fake one.
    """
    parts = {name: capped(text, limit) for name, text in texts.items()}
    tags = tuple(texts)
    clean = {
        name: (visible(head, tags), visible(tail, tags)) for name, (head, tail, _) in parts.items()
    }
    fence = Fence.around([part for pair in clean.values() for part in pair], salt)
    wrapped = {}
    for name, (head, tail) in clean.items():
        if left_out := parts[name][2]:
            head += f"\n⟦{fence.code}: {left_out} characters are left out here⟧\n{tail}"
        wrapped[name] = fence.wrap(name, head)
    return Fenced(wrapped, fence.code, sum(left_out for _, _, left_out in parts.values()))
