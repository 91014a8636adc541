r"""What of a completion is the content of its answer: no marks of a turn's end, no tags around it.

`answer_span` says where the answer stands; here it is freed of what a chat template or a prompt
puts around it. An answer that is asked for in `<answer>` tags is read inside of them.
"""

from rewards.reading.text import Pattern, answer_span

#: The tag in which `format.tags` asks for the answer by default.
ANSWER_TAG = "answer"

# Marks with which chat templates end a turn.
_TURN = r"<\|[a-z_]{2,20}\|>|</?s>|<(?:eos|pad|end_of_turn|end_of_text|EOT)>|\[/?INST\]"
_TURN_ENDS = Pattern(rf"(?:\s*(?:{_TURN}))+\s*\Z")
# Closing tags that answers are asked for in; where nothing is left to close they say nothing.
_CLOSERS = Pattern(
    rf"(?:\s*(?:{_TURN}|</(?:answer|final_answer|response|output)>|\[/ANSWER\]))+\s*\Z"
)
# How much of an end is looked at, and how often: nobody ends a turn a hundred times.
_END_CHARS = 200
_MAX_ENDS = 20

_BRACKETS = {"{": "}", "[": "]", "(": ")", "<": ">"}
_NAME = Pattern(r"<([A-Za-z][\w-]{0,40})>\Z")


def turn_end(completion: str, start: int, end: int) -> int:
    """Where completion[start:end] ends, but for the marks that end a turn.

    >>> turn_end("42 <|im_end|>", 0, 13)
    2
    """
    return _cut(completion, start, end, _TURN_ENDS)


def content_span(completion: str) -> tuple[int, int]:
    """Where the answer stands, without the marks that end a turn and closing tags behind it.

    >>> content_span("<think>6 * 7</think>42</answer><|im_end|>")
    (20, 22)
    """
    start, end = answer_span(completion)
    return start, _cut(completion, start, end, _CLOSERS)


def _cut(completion: str, start: int, end: int, trailing: Pattern) -> int:
    for _ in range(_MAX_ENDS):
        tail = completion[max(start, end - _END_CHARS) : end]
        if not tail.rstrip().endswith((">", "]")):  # as all of them do
            break
        found = trailing.search(tail)
        if found is None:
            break
        end -= len(tail) - found.start()
    return end


def tagged_span(completion: str) -> tuple[int, int]:
    """Where the answer stands: inside the last `<answer>` tag where there is one.

    >>> tagged_span("So: <answer>42</answer> Done.")
    (12, 14)
    """
    start, end = answer_span(completion)
    opening = completion.rfind(f"<{ANSWER_TAG}>", start, end)
    if opening < 0:
        return content_span(completion)
    inside = opening + len(ANSWER_TAG) + 2
    closing = completion.find(f"</{ANSWER_TAG}>", inside, end)
    return inside, turn_end(completion, inside, end if closing < 0 else closing)


def content(completion: str) -> str:
    """The text of the answer: inside `<answer>` where it is asked for there.

    >>> content("<answer>hello world</answer>")
    'hello world'
    """
    start, end = tagged_span(completion)
    return completion[start:end]


def untagged(completion: str) -> str:
    """The text of the answer and what stands around its `<answer>` tags, without the tags.

    >>> untagged("So: <answer>42</answer> Done.")
    'So: 42 Done.'
    """
    start, end = content_span(completion)
    text = completion[start:end]
    if f"<{ANSWER_TAG}>" not in text:
        return text
    return text.replace(f"<{ANSWER_TAG}>", "").replace(f"</{ANSWER_TAG}>", "")


def after(text: str, mark: str) -> tuple[int, int] | None:
    r"""Where stands what follows the last mark; None where there is none.

    What a mark opens ends where that is closed: `\boxed{` at its brace, `<name>` at `</name>`.

    >>> text = r"So \boxed{f(x) = {1}}."
    >>> text[slice(*after(text, r"\boxed{"))]
    'f(x) = {1}'
    """
    found = text.rfind(mark)
    if found < 0:
        return None
    start = found + len(mark)
    end = len(text)
    if tag := _NAME.search(mark):
        closing = text.find(f"</{tag[1]}>", start)
        return start, end if closing < 0 else closing
    if mark[-1] in _BRACKETS:
        return start, _closing(text, start, mark[-1])
    return start, end


def _closing(text: str, start: int, bracket: str) -> int:
    """Where an open bracket is closed; the end of the text where it is not."""
    depth = 1
    closing = _BRACKETS[bracket]
    for position in range(start, len(text)):
        if text[position] == bracket:
            depth += 1
        elif text[position] == closing:
            depth -= 1
            if depth == 0:
                return position
    return len(text)
