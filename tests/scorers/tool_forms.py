"""The forms in which models write tool calls, written from calls: to be read back exactly."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Calls = Sequence[tuple[str, Mapping[str, Any]]]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _objects(calls: Calls, key: str = "arguments") -> list[dict[str, Any]]:
    return [{"name": name, key: dict(arguments)} for name, arguments in calls]


def _openai(calls: Calls) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": name, "arguments": _json(args)},
        }
        for n, (name, args) in enumerate(calls)
    ]


def _python(calls: Calls) -> str:
    written = (
        f"{name}({', '.join(f'{k}={v!r}' for k, v in args.items())})" for name, args in calls
    )
    return f"[{', '.join(written)}]"


def _xml(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _deepseek(calls: Calls) -> str:
    return "<｜tool▁calls▁begin｜>" + "".join(
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{_json(args)}\n```<｜tool▁call▁end｜>"
        for name, args in calls
    )


#: Forms that carry types, by the family that writes them.
FORMS: dict[str, Callable[[Calls], str]] = {
    "hermes": lambda calls: (
        "I look it up.\n"
        + "\n".join(f"<tool_call>\n{_json(o)}\n</tool_call>" for o in _objects(calls))
    ),
    "hermes, arguments as text": lambda calls: "\n".join(
        f"<tool_call>{_json({'name': n, 'arguments': _json(a)})}</tool_call>" for n, a in calls
    ),
    "hermes behind thinking": lambda calls: (
        "<think>perhaps "
        '<tool_call>{"name": "no", "arguments": {}}</tool_call></think>'
        + "".join(f"<tool_call>{_json(o)}</tool_call>" for o in _objects(calls))
    ),
    "fenced json": lambda calls: f"Here:\n```json\n{_json(_objects(calls))}\n```",
    "bare json": lambda calls: _json(_objects(calls)),
    "bare json, parameters": lambda calls: _json(_objects(calls, "parameters")),
    "json in prose": lambda calls: "I call " + " and ".join(map(_json, _objects(calls))) + " now.",
    "openai's message as text": lambda calls: _json({"tool_calls": _openai(calls)}),
    "python list": _python,
    "python fence": lambda calls: f"```python\n{_python(calls)}\n```",
    "gemma": lambda calls: (
        "```tool_code\n" + "\n".join(_python([call])[1:-1] for call in calls) + "\n```"
    ),
    "llama": lambda calls: "<|python_tag|>" + "; ".join(map(_json, _objects(calls, "parameters"))),
    "llama, function": lambda calls: "".join(
        f"<function={name}>{_json(args)}</function>" for name, args in calls
    ),
    "mistral": lambda calls: f"[TOOL_CALLS] {_json(_objects(calls))}</s>",
    "mistral, named": lambda calls: "".join(
        f"[TOOL_CALLS]{name}[ARGS]{_json(args)}" for name, args in calls
    ),
    "deepseek": _deepseek,
    "deepseek, bare": lambda calls: "".join(
        f"<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{_json(args)}<｜tool▁call▁end｜>"
        for name, args in calls
    ),
    "kimi": lambda calls: (
        "<|tool_calls_section_begin|>"
        + "".join(
            f"<|tool_call_begin|>functions.{name}:{n}<|tool_call_argument_begin|>{_json(args)}"
            "<|tool_call_end|>"
            for n, (name, args) in enumerate(calls)
        )
    ),
    "harmony": lambda calls: "".join(
        f"<|start|>assistant<|channel|>commentary to=functions.{name} "
        f"<|constrain|>json<|message|>{_json(args)}<|call|>"
        for name, args in calls
    ),
    "granite": lambda calls: f"<|tool_call|>{_json(_objects(calls))}",
    "phi": lambda calls: f"functools{_json(_objects(calls))}",
}

#: Forms without types: their values are read by the tools' schemas.
UNTYPED: dict[str, Callable[[Calls], str]] = {
    "qwen coder": lambda calls: "".join(
        f"<tool_call>\n<function={name}>\n"
        + "".join(f"<parameter={k}>\n{_xml(v)}\n</parameter>\n" for k, v in args.items())
        + "</function>\n</tool_call>\n"
        for name, args in calls
    ),
    "invoke": lambda calls: (
        "<function_calls>\n"
        + "".join(
            f'<invoke name="{name}">\n'
            + "".join(f'<parameter name="{k}">{_xml(v)}</parameter>\n' for k, v in args.items())
            + "</invoke>\n"
            for name, args in calls
        )
        + "</function_calls>"
    ),
    "glm": lambda calls: "".join(
        f"<tool_call>{name}\n"
        + "".join(
            f"<arg_key>{k}</arg_key>\n<arg_value>{_xml(v)}</arg_value>\n" for k, v in args.items()
        )
        + "</tool_call>"
        for name, args in calls
    ),
}
