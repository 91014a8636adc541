"""The tool calls of an answer, wherever they stand and in whatever form a model writes them.

On the message itself (`tool_calls`, Converse's `toolUse`), or in its text: the marks of Hermes and
Qwen, Llama, Mistral, DeepSeek, Kimi, GLM, harmony, XML, JSON in a fence or bare, a list of Python
calls. One reader for whoever needs calls. What is marked as a call and is none is counted as
malformed: a call that no program can read is not the call that was asked for.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from rewards.reading.structured.call_values import (
    arguments_of,
    json_values,
    python_calls,
    typed,
)
from rewards.reading.text import Pattern, answer_span, code_spans

#: Calls of one answer: no task needs more, and matching is quadratic in them.
MAX_CALLS = 64


class WrittenCall(NamedTuple):
    """One call: the tool's name as written, and its arguments by name."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenCalls:
    """The calls of an answer in order, and how many more were marked as calls and are none."""

    calls: tuple[WrittenCall, ...] = ()
    malformed: int = 0


#: What a reader of one form yields: a call, or None for something that is meant as one.
Found = Iterator[WrittenCall | None]


def read_calls(
    completion: str,
    tool_calls: Sequence[Mapping[str, Any]] = (),
    tools: Sequence[Mapping[str, Any]] = (),
) -> WrittenCalls:
    """The calls of an answer: those of the message, or where it has none those of its text.

    `tools` are the schemas offered; they type the values of XML forms, which have no types, and
    name the arguments of Python calls, which may have no names.

    >>> read_calls('<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>').calls
    (WrittenCall(name='add', arguments={'a': 1}),)
    >>> read_calls("[add(a=1), stop()]").calls[1].name
    'stop'
    >>> read_calls("<tool_call>{broken</tool_call>").malformed
    1
    """
    if tool_calls:
        return _kept(_as_call(item) for item in tool_calls)
    start, end = answer_span(completion)
    text = completion[start:end]
    if text.startswith("<|message|>") or "to=functions." in completion:
        text = completion  # harmony writes its calls into a channel that others take for thinking
    schemas = schemas_of(tools)
    for mark, reader in _FORMS:
        if mark in text:
            found = _kept(reader(text, schemas))
            if found.calls or found.malformed:
                return found
    return _kept(_unmarked(text, schemas))


def schemas_of(tools: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The parameters' schema of each tool by name: OpenAI's form, BFCL's, or Converse's."""
    found: dict[str, Mapping[str, Any]] = {}
    for tool in tools:
        for key in ("function", "toolSpec"):
            inner = tool.get(key)
            tool = inner if isinstance(inner, Mapping) else tool
        schema = tool.get("parameters") or tool.get("inputSchema") or tool.get("input_schema") or {}
        if isinstance(schema, Mapping) and isinstance(schema.get("json"), Mapping):
            schema = schema["json"]
        if isinstance(tool.get("name"), str) and isinstance(schema, Mapping):
            found[tool["name"]] = schema
    return found


def schema_for(name: str, schemas: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The schema of a tool, its name perhaps written as services want it (dots as underscores)."""
    if name in schemas:
        return schemas[name]
    return next((s for known, s in schemas.items() if plain_name(known) == plain_name(name)), {})


def plain_name(name: str) -> str:
    """A tool's name as services write it that allow no dots."""
    return name.strip().removeprefix("functions.").replace(".", "_")


def _kept(found: Iterator[WrittenCall | None]) -> WrittenCalls:
    calls: list[WrittenCall] = []
    malformed = 0
    for call in found:
        if call is None:
            malformed += 1
        else:
            calls.append(call)
        if len(calls) + malformed >= MAX_CALLS:
            break
    return WrittenCalls(tuple(calls), malformed)


def _as_call(item: Any) -> WrittenCall | None:
    """A JSON value that is meant as a call, in any of the spellings in use."""
    if not isinstance(item, Mapping):
        return None
    for key in ("function", "toolUse", "function_call"):
        inner = item.get(key)
        item = inner if isinstance(inner, Mapping) else item
    name = next((item[key] for key in _NAMES if isinstance(item.get(key), str)), None)
    if not name or not name.strip():
        return None
    given: Any = next((item[key] for key in _ARGUMENTS if key in item), {})
    arguments = arguments_of(given)
    return None if arguments is None else WrittenCall(name.strip(), arguments)


_NAMES = ("name", "tool_name", "function", "tool", "recipient_name")
_ARGUMENTS = ("arguments", "parameters", "input", "args", "tool_input", "kwargs")


def _from_json(text: str) -> Found:
    """Each JSON value of a text that holds nothing but calls."""
    any_value = False
    for value in json_values(text):
        any_value = True
        if value is None:
            yield None
        else:
            yield from _of_value(value)
    if not any_value:
        yield None


def _of_value(value: Any) -> Found:
    if isinstance(value, Mapping) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    if isinstance(value, Mapping) and isinstance(value.get("tool_uses"), list):
        value = value["tool_uses"]
    for item in value if isinstance(value, list) else [value]:
        yield _as_call(item)


def _between(text: str, opening: str, *closings: str) -> Iterator[str]:
    """What stands between a mark and the next of its ends, or the end of the text.

    Where an end comes next is remembered: marks by the thousand must not search the text anew.
    """
    ends = dict.fromkeys(closings, -1)
    position = text.find(opening)
    while position >= 0:
        start = position + len(opening)
        for closing, end in ends.items():
            if end < start:
                found = text.find(closing, start)
                ends[closing] = len(text) if found < 0 else found
        end = min(ends.values(), default=len(text))
        yield text[start:end]
        position = text.find(opening, max(end, start))


def _pairs(body: str) -> Iterator[tuple[str, str]]:
    """GLM's arguments: a key and a value, each in a tag of its own."""
    for part in body.split("<arg_key>")[1:]:
        key, _, rest = part.partition("</arg_key>")
        yield key.strip(), rest.partition("<arg_value>")[2].partition("</arg_value>")[0]


def _tagged(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """`<tool_call>` of Hermes and Qwen: JSON, GLM's keys and values, or `<function=...>` in it."""
    if "<function=" in text:
        yield from _functions(text, schemas)
        return
    for body in _between(text, "<tool_call>", "</tool_call>", "<tool_call>"):
        if "<arg_key>" in body or body.strip().replace("_", "a").replace(".", "a").isalnum():
            name = body.partition("<arg_key>")[0].strip()
            schema = schema_for(name, schemas)
            yield WrittenCall(name, {key: typed(value, key, schema) for key, value in _pairs(body)})
        else:
            yield from _from_json(body)


# Names are short: a mark that never closes must not be read to the end again and again.
_FUNCTION = Pattern(r"<function=([^>\s<]{0,200})>((?:[^<]|<(?!/function>|function=))*+)")
_PARAMETER = Pattern(
    r"<parameter(?:=|\s{1,8}name=[\"']?)([^>\"'<]{0,200})[\"']?>"
    r"((?:[^<]|<(?!/parameter>|parameter[= ]))*+)"
)
_INVOKE = Pattern(
    r"<(?:\w{1,40}:)?invoke\s{1,8}name=[\"']([^\"'>]{0,200})[\"']\s{0,8}>"
    r"((?:[^<]|<(?!/(?:\w{1,40}:)?invoke>|(?:\w{1,40}:)?invoke\s))*+)"
)


def _functions(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """`<function=name>` of Llama (JSON inside) and of Qwen's coder (parameters inside)."""
    for found in _FUNCTION.finditer(text):
        yield from _with_parameters(found[1].strip("\"'"), found[2], schemas)


def _invoked(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """`<invoke name="...">` with `<parameter name="...">` inside, under any name space."""
    for found in _INVOKE.finditer(text):
        yield from _with_parameters(found[1], found[2], schemas)


def _with_parameters(name: str, body: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    pairs = [(found[1].strip(), found[2]) for found in _PARAMETER.finditer(body)]
    if pairs or not body.strip():
        schema = schema_for(name, schemas)
        yield WrittenCall(name, {key: typed(value, key, schema) for key, value in pairs})
        return
    arguments = arguments_of(body)
    yield None if arguments is None or not name else WrittenCall(name, arguments)


def _llama(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """`<|python_tag|>` and JSON joined by semicolons, or a Python call."""
    for body in _between(text, "<|python_tag|>", "<|eom_id|>", "<|eot_id|>"):
        if body.lstrip().startswith(("{", "[{")):
            yield from _from_json(body.strip().rstrip(";"))
        else:
            yield from _python(body, schemas)


_NAMED_ARGS = Pattern(r"\s*([\w.-]+)\s*(?:\[CALL_ID\][\w-]*\s*)?\[ARGS\]\s*")


def _mistral(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """`[TOOL_CALLS]` and an array, or a name, `[ARGS]` and an object, again and again."""
    for body in _between(text, "[TOOL_CALLS]", "[TOOL_CALLS]", "</s>"):
        named = _NAMED_ARGS.match(body)
        if named is None:
            yield from _from_json(body)
            continue
        while named is not None:
            decoded = _decoded(body, named.end())
            if decoded is None:
                yield None
                break
            value, position = decoded
            arguments = arguments_of(value)
            yield None if arguments is None else WrittenCall(named[1], arguments)
            named = _NAMED_ARGS.match(body, position)


def _decoded(text: str, position: int) -> tuple[Any, int] | None:
    try:
        return json.JSONDecoder().raw_decode(text, position)
    except (ValueError, RecursionError):
        return None


def _deepseek(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """DeepSeek's marks: a type, a name and fenced JSON, or a name and JSON."""
    for body in _between(
        text, "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"
    ):
        head, _, rest = body.partition("<｜tool▁sep｜>")
        if head.strip() == "function":
            head, _, rest = rest.partition("\n")
        fence = code_spans(rest.strip())
        arguments = arguments_of(rest.strip()[fence[0][1] : fence[0][2]] if fence else rest)
        yield (
            None if arguments is None or not head.strip() else WrittenCall(head.strip(), arguments)
        )


def _kimi(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """Kimi's marks: `functions.name:0`, then the arguments."""
    for body in _between(text, "<|tool_call_begin|>", "<|tool_call_end|>"):
        head, _, rest = body.partition("<|tool_call_argument_begin|>")
        name = head.strip().removeprefix("functions.").partition(":")[0]
        arguments = arguments_of(rest)
        yield None if arguments is None or not name else WrittenCall(name, arguments)


_HARMONY = Pattern(r"to=functions\.([\w.-]+)([^{]{0,200}?)<\|message\|>")


def _harmony(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """harmony: `to=functions.name`, then a message of JSON, on whatever channel."""
    for found in _HARMONY.finditer(text):
        ends = [text.find(mark, found.end()) for mark in ("<|call|>", "<|end|>", "<|start|>")]
        end = min((e for e in ends if e >= 0), default=len(text))
        arguments = arguments_of(text[found.end() : end])
        yield None if arguments is None else WrittenCall(found[1], arguments)


def _listed(mark: str, *closings: str) -> Callable[[str, Mapping[str, Any]], Found]:
    """A mark and JSON behind it: Granite's `<|tool_call|>`, Phi's `functools`."""

    def reader(text: str, _: Mapping[str, Any]) -> Found:
        for body in _between(text, mark, *closings, mark):
            yield from _from_json(body)

    return reader


#: The forms, each by a mark that nothing else begins with; the first that reads anything counts.
_FORMS: tuple[tuple[str, Callable[[str, Mapping[str, Mapping[str, Any]]], Found]], ...] = (
    ("to=functions.", _harmony),
    ("<｜tool▁call▁begin｜>", _deepseek),
    ("<|tool_call_begin|>", _kimi),
    ("[TOOL_CALLS]", _mistral),
    ("<|python_tag|>", _llama),
    ("<tool_call>", _tagged),
    ("<function=", _functions),
    ("invoke ", _invoked),
    ("<|tool_call|>", _listed("<|tool_call|>", "<|/tool_call|>", "<|end|>")),
    ("functools[", _listed("functools", "<|end|>")),
)


def _unmarked(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """Without marks: the last fence that holds calls, the whole text, or JSON within prose."""
    for language, start, end in reversed(code_spans(text)):
        body = text[start:end]
        if language.lower() in ("python", "tool_code", "py"):
            found = [*_python(body, schemas)]
        else:
            found = _calls_only(body)
        if any(found):
            yield from found
            return
    bare = text.strip()
    if bare.startswith(("{", "[{")):
        yield from _calls_only(bare)
    elif bare.startswith("[") or _CALL_START.match(bare):
        yield from _python(bare, schemas)
    else:
        yield from _in_prose(text)


_CALL_START = Pattern(r"[A-Za-z_][\w.]*\(")
_NAME_KEY = Pattern(r'[\[{]\s*(?:\{\s*)?"(?:name|function|tool_calls|tool_name|type)"\s*:')


def _calls_only(body: str) -> list[WrittenCall | None]:
    """The calls of a text of JSON; nothing where what it holds is no call at all."""
    found = [*islice(_from_json(body), MAX_CALLS)]
    return found if any(found) or _NAME_KEY.match(body.strip()) else []


def _in_prose(text: str) -> Found:
    position = 0
    for found in _NAME_KEY.finditer(text):
        if found.start() < position:
            continue
        decoded = _decoded(text, found.start())
        if decoded is None:
            yield None
            return
        value, position = decoded
        yield from _of_value(value)


def _python(body: str, schemas: Mapping[str, Mapping[str, Any]]) -> Found:
    """Python calls with literal arguments; positional ones are named by the schema."""
    for name, positional, named in python_calls(body) or ():
        properties = schema_for(name, schemas).get("properties")
        names = list(properties) if isinstance(properties, Mapping) else []
        if len(positional) > len(names):
            yield None
        else:
            yield WrittenCall(name, dict(zip(names, positional, strict=False)) | dict(named))
