"""Results and rollouts made for the tests of pages."""

import json
from pathlib import Path
from typing import Any

#: What a policy in training could write, by what it would do in a page that trusted it.
HOSTILE = {
    "script": "<script>document.title = 'run'; alert(1)</script>",
    "closing": "</script></style></td></table><h1>owned</h1>",
    "comment": "--><!-- <![CDATA[ ]]>",
    "handler": '<img src=x onerror="alert(2)"><svg onload=alert(3)>',
    "link": '<a href="javascript:alert(4)">go</a> javascript:alert(5)',
    "attribute": '" onmouseover="alert(6)" x="',
    "template": "{{ 7 * 7 }} {% raw %} {# no #} ${7*7}",
    "request": '<link rel=stylesheet href="http://127.0.0.1:9/x"><iframe src="http://127.0.0.1:9">',
    "direction": "abc\u202etxt.exe\u2066 never closed \u202d",
    "arabic": "الجواب هو 42 دولارا",
    "nul": "a\x00b\x07\x1b[31mred\x7f\x9b",
    "surrogate": "half \ud83d of a pair",
    "invisible": "say\u200b \U000e0069\U000e0067\U000e006e\ufeff",
    "entity": "&lt;b&gt; &#x202e; &amp;amp;",
}


def result(row: str, reward: float, **reasons: str) -> dict[str, Any]:
    """A line of `rewards score --explain`, whose components all say what the reward is."""
    return {
        "id": row,
        "aggregate_reward_score": reward,
        "metrics_list": [{"name": n, "value": reward, "type": "Reward"} for n in reasons],
        "explanation": {
            "closed_by": None,
            "components": {
                name: {"value": reward, "answer": "42", "reason": reason, "metrics": {}}
                for name, reason in reasons.items()
            },
            "faults": {},
        },
    }


def write(path: Path, documents: list[Any]) -> Path:
    """JSON lines in ASCII: half a surrogate pair is spelt, as services do."""
    path.write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="ascii")
    return path


def _id(text: str) -> str:
    """What the handler takes for an id: half a pair is none."""
    return text if text.isascii() or "\ud83d" not in text else "index-11"


def hostile(folder: Path) -> tuple[Path, Path]:
    """Results and rollouts whose every text is hostile: ids, prompts, completions, reasons."""
    texts = list(HOSTILE.values())
    rows = [
        {"id": _id(text), "prompt": f"{name} {text}", "completion": f"{text} 42", "gold": text}
        for name, text in HOSTILE.items()
    ]
    results = [
        result(_id(text), index % 2, **{text: text, "why": text})
        for index, text in enumerate(texts)
    ]
    rollouts = [{**row, "reference_answer": row.pop("gold")} for row in rows]
    return write(folder / "scored.jsonl", results), write(folder / "rows.jsonl", rollouts)


def many(folder: Path, count: int, words: int = 55) -> tuple[Path, Path]:
    """Results and rollouts of so many rows, eight a prompt, half of them right."""
    filler = "Then we add what is left and carry the one over to the next column of it. "
    rows, results = [], []
    for index in range(count):
        right = (index * 7) % 16 < 8
        text = f"{filler * (words // 15)}\n#### {42 if right else 40 + index % 2}"
        prompt = f"Problem {index // 8}: {filler}{filler}What is it?"
        rows.append({"prompt": prompt, "completion": text, "reference_answer": "42"})
        reasons = {f"part{n}": f"it is {'right' if right else 'not 42'} ({n})" for n in range(7)}
        results.append(result(f"index-{index}", float(right), **reasons))
    return write(folder / "scored.jsonl", results), write(folder / "rows.jsonl", rows)
