"""Rows of small data sets, as people have them."""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema_rs import validator_for

from rewards.rubric import Rubric
from rewards.workbench.auditing.cases import Cases, read_cases
from rewards.workbench.rollouts.files.source import opened
from rewards.workbench.rollouts.rows import Keys

#: Numbers that no two rows share, and of which none is 0 or 1.
TOTALS = [72, 15, 36_000, 8, 230, 47, 19, 64, 1_250, 5, 93, 28]


def sums() -> list[dict[str, Any]]:
    """Word problems with worked solutions, as GSM8K has them."""
    found = []
    for total in TOTALS:
        half = total // 2
        solution = (
            f"First there are {half} clips.\nThen {total} - {half} = {total - half} more are sold."
            f"\nTogether that is {half} + {total - half} = {total} clips.\n#### {total:,}"
        )
        prompt = f"A shop sells {half} clips and later {total - half} more. How many in all?"
        found.append(row(prompt, solution))
    return found


def labels() -> list[dict[str, Any]]:
    """Reviews to classify, most of them positive."""
    wanted = ["positive", "negative", "positive", "positive", "neutral", "positive"] * 2
    return [row(f"Review {n}: which sentiment?", label) for n, label in enumerate(wanted)]


def row(prompt: str, reference: Any, **metadata: Any) -> dict[str, Any]:
    """A row of a data set: it ends with the user's turn."""
    messages = [{"role": "user", "content": prompt}]
    return {"messages": messages, "reference_answer": reference, **metadata}


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as a file."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    return path


def loaded(path: Path, rubric: Rubric) -> Cases:
    """A file as a data set for a rubric."""
    with opened(str(path)) as source:
        return read_cases(source, rubric, Keys())


def read(path: Path, rows: list[dict[str, Any]], rubric: Rubric) -> Cases:
    """The rows as a data set for a rubric."""
    return loaded(written(path, rows), rubric)


def tables(scorer: str, **more: Any) -> dict[str, Any]:
    """A rubric of one component."""
    return {"name": "tried", "component": [{"name": "it", "scorer": scorer, **more}]}


def conforms(document: object, name: str) -> None:
    """The document is as the schema of that title on the page says, with no key besides."""
    page = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")
    schemas = map(json.loads, re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    (schema,) = [one for one in schemas if one.get("title") == f"rewards {name} --json"]
    assert schema["additionalProperties"] is False
    validator_for(schema).validate(document)


_SCHEMA = "CREATE TABLE students (id INTEGER PRIMARY KEY, name TEXT NOT NULL, year INTEGER)"
_SEEDS = "INSERT INTO students VALUES (1, 'Ana', 1), (2, 'Bo', 2), (3, 'Cy', 1), (4, 'Di', 3)"


def _query(question: str, query: str) -> dict[str, Any]:
    return row(question, query, metadata={"schema": _SCHEMA, "seeds": _SEEDS})


def _invoice(number: int) -> dict[str, Any]:
    lines = [{"text": "Tea", "amount": 12.5 + number}, {"text": "Post", "amount": 3.0}]
    return {
        "number": f"A-{number}",
        "date": f"2026-03-{10 + number}",
        "total": 15.5 + number,
        "currency": ["EUR", "GBP", "USD"][number % 3],
        "lines": lines,
    }


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def program(name: str, body: str, *asserts: str) -> dict[str, Any]:
    """A row that asks for a program, with its tests and a solution."""
    metadata = {
        "tests": "\n".join(asserts),
        "solution": f"def {name}(a, b):\n    return {body}\n",
    }
    return row(f"Write {name}(a, b), which returns {body}.", None, metadata=metadata)


#: Rows for the bundled rubrics, by their names.
KINDS: dict[str, list[dict[str, Any]]] = {
    "gsm8k": sums(),
    "classification": labels(),
    "extraction": [row(f"Read invoice {n}.", _invoice(n)) for n in range(8)],
    "tools": [
        row("Book a table for two at seven.", [_call("book", seats=2, at="19:00")]),
        row("What is the weather in Rome?", [_call("weather", city="Rome")]),
        row("Add 3 and 4, then 5 and 6.", [_call("add", a=3, b=4), _call("add", a=5, b=6)]),
        row("Just say hello.", []),
    ],
    "sql": [
        _query("How many students are there?", "SELECT count(*) FROM students"),
        _query("Who is in the first year?", "SELECT name FROM students WHERE year = 1"),
        _query("Names by year?", "SELECT name, year FROM students ORDER BY year, name"),
    ],
    "code": [
        program("added", "a + b", "assert added(2, 3) == 5", "assert added(-1, 1) == 0"),
        program("larger", "max(a, b)", "assert larger(2, 3) == 3", "assert larger(7, 1) == 7"),
        program("repeated", "a * b", "assert repeated('ab', 2) == 'abab'"),
    ],
}
