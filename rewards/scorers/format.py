"""Whether a completion has the shape that the prompt asked for."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.content import content_span, turn_end
from rewards.reading.text import MAX_ANSWER_CHARS, THINKING_BLOCKS, Pattern, answer_span, quoted
from rewards.reading.words import is_blank

Part = Literal["auto", "answer", "all"]

#: Tags of one completion; each is searched for once, so this only stops a mistaken rubric.
MAX_TAGS = 16

#: Memory for one compiled pattern. RE2 refuses a pattern that needs more (counted repetitions
#: such as `(a{1000}){1000}`), and with it the time that each character of a completion costs.
MAX_PATTERN_BYTES = 1 << 20

#: What the counted repetitions of a pattern may cost: `x{9}` is nine copies of x, and each copy is
#: a step that every byte of a hostile completion can be made to take. `.{250}` costs 2,000, as a
#: dot is eight steps in UTF-8.
MAX_REPEATED = 2_000

#: Steps of repetitions, times the bytes of an answer, that are taken at most: a pattern at the
#: limit above reads 50,000 bytes, one without counted repetitions any number.
MAX_STEPS = 100_000_000

_TAG = Pattern(r"[A-Za-z][\w-]{0,63}", re.ASCII)
_SURROGATE = Pattern(r"[\ud800-\udfff]")
# A mark of thinking as a pattern may write it: <think>, <\/think>, <(?:think|reasoning)>.
_NAMES = "|".join(
    opening[1:-1] for opening, _ in THINKING_BLOCKS if opening[1:-1].isalpha() and opening[0] == "<"
)
_THINKING = Pattern(
    rf"\\?<(?:\\?/\??)?(?:(?:{_NAMES})|\((?:\?:)?(?:{_NAMES})(?:\|(?:{_NAMES}))*\))\\?>"
    r"|\\\[\\?/?THINK\\\]"
)
# Matches nothing at all.
_NOTHING = r"[^\x{0}-\x{10FFFF}]"
# A counted repetition; escapes and character classes, in which braces are something else, first.
_COUNTED = Pattern(
    r"(\\Q.*?(?:\\E|\Z)|\\[pPx]\{[^}]*+\}|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*+\])"
    r"|\{\d+(?:,\d*+)?\}",
    re.DOTALL,
)


@scorer
def marker(sample: Sample, *, marker: str = "####", once: bool = False) -> Score:
    r"""1.0 where the answer holds `marker` with something after it on its line; else 0.0.

    What stands in the thinking does not count, nor do marks that end a turn, closing tags and
    characters that nobody sees. `marker/count` is how often it occurs; the reason
    quotes what follows the last one.

    Args:
        sample: the rollout to score.
        marker: the text that announces the answer.
        once: it may not occur again, so that one guess per marker earns nothing.

    >>> marker(Sample(id="1", completion="48 + 24 = 72\n#### 72")).answer
    '72'
    """
    start, end = content_span(sample.completion)
    count = sample.completion.count(marker, start, end)
    metrics = {"count": float(count)}
    if not count:
        return Score(0.0, f"no {quoted(marker)} in the answer", metrics)
    after = sample.completion.rfind(marker, start, end) + len(marker)
    line_end = sample.completion.find("\n", after, end)
    line = sample.completion[after : end if line_end < 0 else line_end]
    answer = line.strip()
    if is_blank(answer):
        return Score(0.0, f"nothing after the last {quoted(marker)}", metrics)
    read_from = after + len(line) - len(line.lstrip())
    span = (read_from, read_from + len(answer))
    shown = answer[:MAX_ANSWER_CHARS]
    if once and count > 1:
        return Score(0.0, f"{quoted(marker)} occurs {count} times", metrics, shown, span)
    return Score(1.0, f"{quoted(answer)} after {quoted(marker)}", metrics, shown, span)


@marker.check
def _(*, marker: str, once: bool) -> None:
    if not marker.strip():
        raise ValueError('marker must be some text, such as "####"')


@scorer
def tags(
    sample: Sample,
    *,
    tags: Sequence[str] = ("think", "answer"),
    outside: bool = False,
    answer_after: bool = False,
    prefilled: bool = False,
) -> Score:
    """The share of the tags that are well placed, and 1.0 only where nothing else is written.

    A tag is well placed where its opening and its closing each occur exactly once, with text
    between them, and it starts after the tag before it has ended; so writing tags twice, empty,
    nested or in another order earns nothing for them. With n tags each pays 1 / (n + 1), and the
    last share is for text inside the tags only, paid once all are well placed. White space,
    characters that nobody sees and marks that end a turn are no text.

    The whole completion is read, thinking included. Where the service keeps reasoning apart from
    the text there are no thinking tags to check.

    Args:
        sample: the rollout to score.
        tags: their names, in the order in which they have to stand.
        outside: text may stand anywhere, and each tag pays 1 / n.
        answer_after: text has to stand behind the last tag, and may stand nowhere else outside:
            with the one tag "think" this is thinking first, then a free answer.
        prefilled: the prompt's template ends in the first opening tag, so that the completion
            starts inside it.

    >>> tags(Sample(id="1", completion="<think>6 * 7</think><answer>42</answer>")).value
    1.0
    >>> tags(Sample(id="1", completion="<answer>42</answer><answer>43</answer>")).reason
    'think: 0 opening, 0 closing; answer: 2 opening, 2 closing'
    """
    text = sample.completion[: turn_end(sample.completion, 0, len(sample.completion))]
    position, placed, stray = 0, 0, False
    faults: list[str] = []
    for index, tag in enumerate(tags):
        found = _place(text, tag, position, opened=prefilled and index == 0)
        if found.fault:
            faults.append(f"{tag}: {found.fault}")
            continue
        placed += 1
        stray = stray or not is_blank(text[position : found.start])
        position = found.end
    is_answered = not is_blank(text[position:])
    if placed == len(tags):
        if (stray or (is_answered and not answer_after)) and not outside:
            faults.append("text outside the tags")
        if answer_after and not is_answered:
            faults.append("no answer after the tags")
    clean = placed == len(tags) and not stray and is_answered == answer_after
    earned = placed / len(tags) if outside else (placed + clean) / (len(tags) + 1)
    metrics = {"placed": float(placed), "clean": float(clean)}
    return Score(earned, "; ".join(faults) or "every tag once and in order", metrics)


@tags.check
def _(*, tags: Sequence[str], outside: bool, answer_after: bool, prefilled: bool) -> None:
    if not 0 < len(tags) <= MAX_TAGS or len(set(tags)) < len(tags):
        raise ValueError(f"tags must be 1 to {MAX_TAGS} different names, got {list(tags)}")
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise ValueError(f'a tag is a name without brackets, such as "answer", got {tag!r}')
    if outside and answer_after:
        raise ValueError("outside lets text stand anywhere: leave it out with answer_after")


class _Place(NamedTuple):
    """Where a tag stands, its brackets included, or what is wrong with it."""

    start: int = 0
    end: int = 0
    fault: str = ""


def _place(text: str, tag: str, position: int, *, opened: bool) -> _Place:
    opening, closing = f"<{tag}>", f"</{tag}>"
    openings, closings = text.count(opening) + opened, text.count(closing)
    if openings != 1 or closings != 1:
        return _Place(fault=f"{openings} opening, {closings} closing")
    start = 0 if opened else text.find(opening)
    body, end = start if opened else start + len(opening), text.find(closing)
    if start < position:
        return _Place(fault="starts before the tag before it has ended")
    if end < body:
        return _Place(fault="closed before it is opened")
    if is_blank(text[body:end]):
        return _Place(fault="empty")
    return _Place(start, end + len(closing))


@scorer(requires=("google-re2",))
def matches(
    sample: Sample,
    *,
    pattern: str,
    mode: Literal["full", "search"] = "full",
    part: Part = "auto",
) -> Score:
    r"""1.0 where the regular expression matches the answer; else 0.0.

    White space and marks that end a turn are no part of the answer. The engine is RE2, which takes
    linear time on any text: the syntax is Python's without look-around and back-references, `\z`
    for the end (https://github.com/google/re2/wiki/Syntax). The first group, or else the whole
    match, is reported as the answer.

    Counted repetitions have a price: above 2,000 steps (`.{250}`, or `[a-z]{2000}`) the rubric is
    refused, and below it an answer of more than 100,000,000 bytes times steps is no match.

    Args:
        sample: the rollout to score.
        pattern: the regular expression.
        mode: "full" wants all of the answer, apart from white space around it, "search" any part.
        part: the "answer" after the thinking, or "all" of the completion; "auto" takes all for a
            pattern that speaks of thinking, such as `<think>.*</think>.*`, and else the answer.

    >>> matches(Sample(id="1", completion="Label: spam"), pattern=r"Label: (spam|ham)").answer
    'spam'
    """
    start, end = (
        (0, len(sample.completion)) if _reads_all(pattern, part) else answer_span(sample.completion)
    )
    text = sample.completion[start : turn_end(sample.completion, start, end)]
    if mode == "full":
        start += len(text) - len(text.lstrip())
        text = text.strip()
    compiled, price = _compiled(pattern)
    # RE2 reads UTF-8, which has no lone surrogates.
    readable = text if text.isascii() else _SURROGATE.sub("\ufffd", text)
    if price * len(readable) > MAX_STEPS or price * len(readable.encode()) > MAX_STEPS:
        most = MAX_STEPS // price
        return Score(0.0, f"longer than {most:,} bytes: too long for the pattern's repetitions")
    found = compiled.fullmatch(readable) if mode == "full" else compiled.search(readable)
    if found is None:
        return Score(0.0, f"no match for {quoted(pattern)}")
    group = 1 if compiled.groups and found.start(1) >= 0 else 0
    span = (start + found.start(group), start + found.end(group))
    answer = sample.completion[span[0] : span[1]]
    return Score(1.0, f"{quoted(answer)} matches", answer=answer[:MAX_ANSWER_CHARS], span=span)


@matches.check
def _(*, pattern: str, mode: str, part: Part) -> None:
    _compiled(pattern)
    # What the engine makes of a pattern that nothing matches is one instruction: fail.
    without = _THINKING.sub(lambda mark: _NOTHING, pattern)
    if part == "answer" and without != pattern and _with_re2(without).programsize <= 1:
        raise ValueError(
            f"pattern {quoted(pattern)} can never match an answer, from which the thinking has "
            'been removed: leave part out or write part = "all"'
        )


def _reads_all(pattern: str, part: Part) -> bool:
    return part == "all" or (part == "auto" and _THINKING.search(pattern) is not None)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> tuple[Any, int]:
    """The pattern for RE2, and the steps that its counted repetitions add to it."""
    compiled = _with_re2(pattern)
    collapsed = _COUNTED.sub(lambda found: found[1] or "", pattern)
    price = 0
    if collapsed != pattern:
        price = max(compiled.programsize - _with_re2(collapsed).programsize, 0)
    if price > MAX_REPEATED:
        raise ValueError(
            f"the counted repetitions of pattern {quoted(pattern)} cost {price:,} steps at every "
            f"byte of a completion, more than {MAX_REPEATED:,}: write + or * for {{m,n}}, and ask "
            "for the length with length.within"
        )
    return compiled, price


def _with_re2(pattern: str) -> Any:
    try:
        import re2  # type: ignore[import-untyped]  # google-re2 ships no types
    except ModuleNotFoundError:
        raise ValueError(
            'format.matches needs google-re2: pip install "bedrock-rft-rewards[regex]"'
        ) from None
    options = re2.Options()
    options.max_mem = MAX_PATTERN_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        if isinstance(reason, bytes):
            reason = reason.decode("utf-8", "replace")
        raise ValueError(
            f"pattern {quoted(pattern)} cannot run in linear time or is no regular expression "
            f"({reason}); look-around (?=...) and back-references \\1 are not available"
        ) from None
    except UnicodeEncodeError:
        raise ValueError(f"pattern {quoted(pattern)} holds a lone surrogate") from None
