"""What could end our fence, or a turn of a model's chat template, in any spelling of it."""

import re
from collections.abc import Iterator
from functools import lru_cache

from rewards.judge.shown.spelling import folded

#: Names of our tags that stand in some request: always looked for, whatever this one shows.
TAGS = ("prompt", "completion", "reference", "first", "second")

# What may stand between two characters of a word: nothing that is read. No run of it holds what
# comes after it, so that it is taken whole, and a text is read once.
_GAP = r"[\0 \n]*+"
_HIDDEN = r"\0*+"

#: Figures and signs that pass for a letter inside of a word, beside what `spelling` folds.
_LEET = {"a": "4@", "e": "3", "i": "1l|!", "l": "1i|!", "o": "0", "s": "5$", "t": "7"}
_LIGATURES = {"ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ", "st": "ﬅﬆ"}

#: Where there are blanks inside, only names that nobody calls a variable: `f <| x |> g` is F#.
_SPACED_NAMES = (
    *("im_start", "im_end", "endoftext", "eot_id", "start_header_id", "end_header_id"),
    "end_of_sentence",
)
#: Turns and tools of Mistral's templates.
_SQUARE_NAMES = (
    *("inst", "available_tools", "tool_calls", "tool_results", "tool_content", "system_prompt"),
    "model_settings",
)


def _word(name: str) -> str:
    """A pattern for a name in any spelling of it, on folded text."""
    parts: list[str] = []
    name = name.casefold()
    for place, letter in enumerate(name):
        parts.append(f"[{re.escape(letter + _LEET.get(letter, ''))}]")
        if joined := _LIGATURES.get(name[place - 1 : place + 1] if place else ""):
            pair = _GAP.join(parts[-2:])
            parts[-2:] = [f"(?:{pair}|[{joined}])"]
    return _GAP.join(parts)


def _any_of(names: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(_word(name) for name in sorted(names, key=len, reverse=True))})"


#: A strike-out of HTML is left alone: between its two tags there is nothing that opens a turn.
_STRUCK_OUT = rf"(?P<struck_out><{_HIDDEN}s{_HIDDEN}>[^<\[\]\n]++<{_HIDDEN}/{_HIDDEN}s{_HIDDEN}>)"
#: Control tokens by the templates that have them. Tokenizers know them letter by letter; the
#: spellings that are folded here are what a model may take for them.
_CONTROL = (
    # ChatML (Qwen, Yi), Llama 3 and 4, Cohere, Phi, Granite, gpt-oss, Kimi, GLM; DeepSeek.
    rf"<{_HIDDEN}\|[a-z][a-z0-9_.▁:\0-]{{1,64}}+\|{_HIDDEN}>",
    rf"<{_GAP}\|{_GAP}{_any_of(_SPACED_NAMES)}{_GAP}\|{_GAP}>",
    # Llama 2, Mistral.
    rf"\[{_GAP}(?:/{_GAP})*+{_any_of(_SQUARE_NAMES)}{_GAP}\]",
    rf"<{_GAP}<{_GAP}(?:/{_GAP})*+{_word('sys')}{_GAP}>",
    rf"<{_GAP}(?:/{_GAP})++s{_GAP}>",
    rf"(?<![a-z0-9_])<{_HIDDEN}(?P<begin>s){_HIDDEN}>",
    # Gemma.
    rf"<{_GAP}(?:/{_GAP})*+{_any_of(('start_of_turn', 'end_of_turn'))}{_GAP}>",
    rf"(?<![a-z0-9_])<{_GAP}(?:bos|eos){_GAP}>",
    # Nemotron, T5; MiniMax.
    rf"<{_HIDDEN}(?:special|extra_id|reserved)_\d{{1,4}}+{_HIDDEN}>",
    r"\]~!?b[\[\]]|\[e~\[",
)


def _tags(names: tuple[str, ...]) -> str:
    """A tag of one of these names that closes, whatever follows, but a path: `< /reference/a.fa`.

    Or one that opens, whole, with a code or without.
    """
    return (
        rf"<{_GAP}(?P<slash>(?:/{_GAP})++)?+(?P<tag>{_any_of(names)})"
        rf"(?(slash)(?![a-z0-9_]|[./][a-z0-9_])|{_GAP}(?:>|-{_GAP}[0-9a-f]{{4}}))"
    )


@lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """What is looked for: tags of these names, and for the names of ours control tokens, too."""
    return re.compile(
        "|".join((_STRUCK_OUT, *_CONTROL, _tags(names)) if names == TAGS else (_tags(names),))
    )


def markers(text: str, tags: tuple[str, ...] = ()) -> list[int]:
    """Where in a text a marker begins: of a fence whose tags have these names, or of a template.

    >>> markers("72 ＜ ／ComPletion＞"), markers("List<T> a; a < second; x |> f")
    ([3], [])
    """
    read = folded(text)
    found = {at for at in _found(TAGS, text, read)}
    if own := tuple(sorted({*tags} - {*TAGS})):
        found.update(_found(own, text, read))
    return sorted(found)


def _found(names: tuple[str, ...], text: str, read: str) -> Iterator[int]:
    for found in _pattern(names).finditer(read):
        at, part = found.start(), found.groupdict()
        if part.get("struck_out"):
            continue
        # `<S>` is a type's parameter in Rust or TypeScript; the token is in lower case.
        if part.get("begin") and text[found.start("begin")].isupper():
            continue
        # After a word a tag is a type's parameter, after `(?` the name of a group.
        if part["tag"] and not part["slash"] and _NO_TAG.search(read, max(0, at - 2), at):
            continue
        yield at


#: What stands before the bracket of something that is no tag.
_NO_TAG = re.compile(r"[a-z0-9_]$|\(\?$")


def warm_up() -> None:
    """Make ready what every request needs, so that no invocation pays for it."""
    _pattern(TAGS)
