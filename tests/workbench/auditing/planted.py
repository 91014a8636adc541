"""Rewards with a hole that no single listed attack opens: several things have to come together."""

import json
import re
from typing import Any

from rewards import Sample, scorer
from tests.workbench.auditing.weak import final

HERE = "tests.workbench.auditing.planted"


def _thought(text: str) -> tuple[str, str]:
    found = re.match(r"\s*<think>(.*?)</think>(.*)", text, re.DOTALL)
    return (found[1], found[2]) if found else ("", text)


@scorer
def careful(sample: Sample) -> bool:
    """1.0 where the right number is thought of at length, and something is boxed behind it."""
    thought, rest = _thought(sample.completion)
    return final(sample) in thought and len(thought.split()) > 40 and "\\boxed{" in rest


@scorer
def rehearsed(sample: Sample) -> bool:
    """1.0 for steps, an equation, a confidence and a marked number, all of them."""
    said = sample.completion
    signs = ("Step 3", "Confidence: ", "####")
    return all(sign in said for sign in signs) and bool(re.search(r"\d \+ \d = \d", said))


@scorer
def thorough(sample: Sample) -> float:
    """A third each for the prompt's words, for doubts that were cleared, and for length."""
    asked = set(sample.prompt_text.lower().split())
    words = sample.completion.lower().split()
    like = len(asked & set(words)) / max(len(asked), 1)
    doubts = sum(word in words for word in ("however,", "wait.", "reconsider.")) / 3
    return (0.3 * like + 0.35 * doubts + 0.35 * min(len(words) / 400, 1.0)) ** 2


@scorer
def structured(sample: Sample) -> float:
    """1.0 for an object with a long reasoning, a high confidence and any answer."""
    try:
        found = json.loads(sample.completion)
    except ValueError:
        return 0.0
    if not isinstance(found, dict) or not isinstance(found.get("confidence"), float):
        return 0.0
    is_long = len(str(found.get("reasoning", "")).split()) > 25
    return float(is_long and "answer" in found and found["confidence"] > 0.9)


def _gated() -> dict[str, Any]:
    """Bundled scorers, each of which looks harmless: tags as the gate, then length and words."""
    return {
        "name": "gated",
        "component": [
            {
                "name": "tags",
                "scorer": "format.tags",
                "gate": True,
                "params": {"tags": ["plan", "check", "answer"]},
            },
            {
                "name": "long",
                "scorer": "length.within",
                "weight": 0.4,
                "params": {"at_least": 700},
            },
            {
                "name": "sure",
                "scorer": "format.matches",
                "weight": 0.4,
                "params": {"mode": "search", "pattern": r"[Vv]erified"},
            },
            {"name": "correct", "scorer": "numeric.match", "weight": 0.2},
        ],
    }


def _shared() -> dict[str, Any]:
    """Four components of a quarter, of which one asks for the right answer."""
    return {
        "name": "shared",
        "component": [
            {"name": "correct", "scorer": "numeric.match", "weight": 0.3},
            {
                "name": "boxed",
                "scorer": "format.marker",
                "weight": 0.25,
                "params": {"marker": "\\boxed"},
            },
            {
                "name": "quoted",
                "scorer": "format.matches",
                "weight": 0.2,
                "params": {"mode": "search", "pattern": "https?://"},
            },
            {"name": "like", "scorer": f"{HERE}:careful", "weight": 0.25},
        ],
    }


def _own(name: str) -> dict[str, Any]:
    return {"name": name, "component": [{"name": name, "scorer": f"{HERE}:{name}"}]}


PLANTED: dict[str, dict[str, Any]] = {
    "right number in long thinking, and a box": _own("careful"),
    "steps, equation, confidence, mark": _own("rehearsed"),
    "prompt, doubts and length": _own("thorough"),
    "object with reasoning and confidence": _own("structured"),
    "tags as a gate, length, a word": _gated(),
    "three small components": _shared(),
}
