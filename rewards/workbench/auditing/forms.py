r"""In which forms a right answer may stand, and in which ones a rubric reads it.

A rubric reads a form that it pays in full on most of a sample of rows. A form is a name and what
makes of a bare answer a whole one.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards.workbench.auditing.golds import Gold, Kind, plain_number

#: What stands before an answer in the forms that begin with thinking: it states nothing.
_THOUGHT = "<think>\nLet me work through this step by step.\n</think>\n"

#: The form that is the reference's own worked solution.
SOLUTION = "solution"

#: What a template of the user's is filled with.
PLACEHOLDER = "{reference}"


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer of the model: its text, and the tool calls on the message."""

    text: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()


#: From a row's gold, and what is stated in its place (a bare answer), to the answer of a model.
Make = Callable[[Gold, str], Completion | None]


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write an answer down; None where a row has none in it."""

    name: str
    make: Make = field(repr=False)

    def right(self, gold: Gold) -> Completion | None:
        """The right answer in this form."""
        return self.make(gold, gold.final)


def _around(before: str, after: str = "") -> Make:
    return lambda gold, stated: Completion(f"{before}{stated}{after}")


def _solution(gold: Gold, stated: str) -> Completion | None:
    return Completion(gold.with_end(stated)) if gold.solution else None


def _in_json(gold: Gold, stated: str) -> Completion:
    value: Any = stated
    if gold.kind == "number" and (plain := plain_number(stated)).lstrip("-").isdigit():
        value = int(plain)
    return Completion(json.dumps({"answer": value}, ensure_ascii=False))


def _pretty(gold: Gold, stated: str) -> Completion | None:
    try:
        value = json.loads(stated)
    except (ValueError, RecursionError):
        return None
    return Completion(f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```")


def calls_of(stated: str) -> list[Mapping[str, Any]]:
    """The calls that a bare answer of that kind lists; none where it is no such list."""
    try:
        value = json.loads(stated)
    except (ValueError, RecursionError):
        return []
    return [call for call in value if isinstance(call, Mapping)] if isinstance(value, list) else []


def _on_message(gold: Gold, stated: str) -> Completion:
    called = [
        {
            "id": f"call_{place}",
            "type": "function",
            "function": {
                "name": call.get("name", ""),
                "arguments": json.dumps(call.get("arguments", {}), ensure_ascii=False),
            },
        }
        for place, call in enumerate(calls_of(stated))
    ]
    return Completion("", tuple(called))


def _tagged_calls(gold: Gold, stated: str) -> Completion:
    lines = [f"<tool_call>{json.dumps(call)}</tool_call>" for call in calls_of(stated)]
    return Completion("\n".join(lines))


def _python_calls(gold: Gold, stated: str) -> Completion | None:
    calls = calls_of(stated)
    if not all(str(call.get("name", "")).replace(".", "_").isidentifier() for call in calls):
        return None
    written = [
        f"{call['name']}({', '.join(f'{k}={v!r}' for k, v in call.get('arguments', {}).items())})"
        for call in calls
    ]
    return Completion(f"[{', '.join(written)}]")


_SAID = [
    ("bare", _around("")),
    ("hash", _around("#### ")),
    ("boxed", _around("\\boxed{", "}")),
    ("sentence", _around("The answer is ", ".")),
    ("label", _around("Answer: ")),
    ("tags", _around("<answer>", "</answer>")),
    ("json", _in_json),
    (SOLUTION, _solution),
]
_FORMS: Mapping[Kind, list[tuple[str, Make]]] = {
    "number": _SAID,
    "text": _SAID,
    "object": [
        ("bare", _around("")),
        ("fenced", _pretty),
        ("fenced in prose", _around("Here is the result:\n```json\n", "\n```\n")),
        ("tags", _around("<answer>", "</answer>")),
    ],
    "calls": [
        ("tool calls", _on_message),
        ("tags", _tagged_calls),
        ("bare", _around("")),
        ("fenced", _around("```json\n", "\n```")),
        ("python", _python_calls),
    ],
    "query": [
        ("bare", _around("")),
        ("fenced", _around("```sql\n", "\n```")),
        ("fenced in prose", _around("This query answers it:\n```sql\n", "\n```\n")),
        ("tags", _around("<answer>", "</answer>")),
    ],
    "program": [
        ("bare", _around("")),
        ("fenced", _around("```python\n", "\n```")),
        ("fenced in prose", _around("This program does it:\n```python\n", "\n```\n")),
    ],
}


def _thought(make: Make) -> Make:
    def thinking(gold: Gold, stated: str) -> Completion | None:
        found = make(gold, stated)
        return None if found is None else Completion(_THOUGHT + found.text, found.tool_calls)

    return thinking


def forms_of(kind: Kind, templates: tuple[str, ...] = ()) -> list[Form]:
    """The forms of a kind of answer, the user's own first, then each again behind some thinking.

    >>> [form.name for form in forms_of("program")][:3]
    ['bare', 'fenced', 'fenced in prose']
    """
    own = [(text, _around(*_split(text))) for text in templates]
    plain = [Form(name, make) for name, make in [*own, *_FORMS[kind]]]
    return [*plain, *(Form(f"thinking, {form.name}", _thought(form.make)) for form in plain)]


def _split(template: str) -> tuple[str, str]:
    before, _, after = template.partition(PLACEHOLDER)
    return before, after


def neutral(form: Form, kind: Kind) -> Iterator[Form]:
    """The same form written a little differently, which should make no difference."""

    def changed(change: Callable[[str], str]) -> Make:
        def make(gold: Gold, stated: str) -> Completion | None:
            found = form.make(gold, stated)
            return None if found is None else Completion(change(found.text), found.tool_calls)

        return make

    yield Form(f"{form.name}, space at the end", changed(lambda text: f"{text} \n\n"))
    yield Form(f"{form.name}, CRLF", changed(lambda text: text.replace("\n", "\r\n")))
    if kind == "number":
        yield Form(f"{form.name}, digits only", lambda gold, it: form.make(gold, plain_number(it)))
