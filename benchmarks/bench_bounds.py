r"""The slowest megabyte of every scorer that reads text: hostile text, time and memory.

Held to: whatever a completion holds, and whatever a rubric may ask for, a megabyte (of UTF-8, as
the event carries it) takes at most 6 times `re.findall(r"\w+", ...)` on a megabyte of short words
in the same process, and at most 200 MB of memory. `numeric.*` has a table of its own
(`bench_numeric.py`), as it is held to less.
"""

import json
import random
import re
import resource
import string
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import Measured
from benchmarks.timing import cpu_seconds, least
from rewards import Rubric, Sample
from rewards.reading.structured.documents import MAX_DOCUMENTS, MAX_VALUES
from rewards.registry import resolve

ROOT = Path(__file__).parent.parent
MEGABYTE = 1_000_000
YARDSTICKS = 6
#: Not yet as quick as the others.
SLOWER: Mapping[str, int] = {}
#: Every text is tried at this part of its size first, and the slowest of them at the whole.
SCREEN = 8
SLOWEST = 4
#: The least of so many times counts: on a busy machine the others are of somebody else.
TRIES = 3
MEMORY_MB = 200
#: Rollouts of the group that a group scorer sees: each a megabyte.
GROUP = 8

#: Repeated to a megabyte each.
UNITS = (
    # letters, words and marks of several scripts, and what is no word
    *(
        "a",
        "a b ",
        "A\n",
        "no ",
        "é ",
        "ß",
        "东",
        "स्ति ",
        "สวัสดี",
        "나는 ",
        "e\u0301",
        "\u0316\u0300",
        "x" + "\u0301" * 40,
    ),
    *("\U0001f600", "\u200b", "a\u200b", " ", "\n", ".", "!?", "_", "*", "\\", "'", "-"),
    # marks of answers, tags and thinking, finished or not
    *("####", "#### A\n", "\\boxed{", "\\boxed{A} ", "<answer>", "<answer>A</answer>", "</answer>"),
    *("<", "<think>", "</think>", "<think>x</think>", "</s>", "<|im_end|>", "</answer> "),
    # statements of a choice, finished or not
    *(
        "answer is ",
        "answer: ",
        "The answer is A. ",
        "answer: A or ",
        "A, ",
        "A) ",
        "(A (A ",
        "not A ",
    ),
    *(
        "B is correct. ",
        "is the correct ",
        "either or the option ",
        "the review is ",
        "I think it's ",
    ),
    *(
        "答案是 B 或",
        "La respuesta es ",
        "positive ",
        "not ",
        "Paris ",
        "no longer ",
        "- B. x\n",
        "Hence B. ",
    ),
    *("So it must be ", "leaving B ", "Wait, B. ", "A is wrong, ", "none of the above ", "A=1 "),
    # JSON, code fences
    *("[", "{", "[]", "{}", '{"', '{"a":', '"', "{ ", '{"a":1} ', "```json\n{}\n```\n", "```\n"),
    # queries, finished or not
    *(
        "SELECT ",
        "select 1;\n",
        "with a as (",
        "```sql\nSELECT 1\n```\n",
        "SELECT '",
        "select --\n",
    ),
    *("select /*", "sql: select 1\n", "<answer>select 1"),
    # tool calls, finished or not
    *("<tool_call>", '<tool_call>{"name":"f"', "<tool_call>f<arg_key>a</arg_key>", "<function="),
    *("<function=f><parameter=a>", '<invoke name="', '<invoke name="f"><parameter name="a">'),
    *("[TOOL_CALLS]", "[TOOL_CALLS]f[ARGS]", "<|python_tag|>", "<｜tool▁call▁begin｜>"),
    *("<|tool_call_begin|>", "to=functions.f ", "to=functions.f<|message|>{", "functools["),
    *('{"name":"f"} ', '[{"name":"f","arguments":{}},', "```python\nf(a=1)\n```\n", "f(a=1),"),
    # formulas, finished or not
    *("$a=b$ ", "$", "\\(", "\\[", "3 = 4\n", "1 + 2 = 3 = ", "\\frac{1}{", "\\sqrt{", "\\pm "),
    *("\\begin{pmatrix}1&", "\\text{", "|x", "x^", "(x+1)"),
    "She sold 48 clips in April, and (after that) 24 in May. ",
    *("  ```json\n  {}\n", "1.5,", '"a",', "\\u0041", '{"answer": "A"} '),
)


def filled(unit: str, length: int) -> str:
    """The unit repeated to so many bytes of UTF-8."""
    return unit * (length // len(unit.encode("utf-8", "surrogatepass")))


def drawn(alphabet: str, longest: int, length: int) -> str:
    """So many bytes of random words of an alphabet."""
    seeded = random.Random(0)
    words = ("".join(seeded.choices(alphabet, k=seeded.randint(1, longest))) for _ in range(length))
    text = ""
    while len(text) < length:
        text += " ".join(islice(words, 10_000)) + " "
    return text[:length]


#: Texts of so many bytes by what they are made of.
FLOODS: Mapping[str, Callable[[int], str]] = {
    **{repr(unit): partial(filled, unit) for unit in UNITS},
    "random words": partial(drawn, string.ascii_lowercase, 4),
    "random a and b": partial(drawn, "ab", 60),
    "different words": lambda length: " ".join(str(i) for i in range(length // 7)),
    "different letters": lambda length: "".join(
        chr(0x4E00 + i * 7919 % 20_000) for i in range(length // 3)
    ),
}


def documents() -> Iterator[tuple[str, str]]:
    """JSON at and beyond the limits of what is read."""
    items = {
        "numbers": "1",
        "floats": "1e5",
        "strings": '"a"',
        "objects": '{"a":1}',
        "lists": "[1]",
        "empty lists": "[]",
        "deep lists": "[" * 7 + "1" + "]" * 7,
        "lines": '{"text":"a","amount":"x"}',
    }
    for name, item in items.items():
        values = item.count(",") + 1
        for size, count in (("as many", MAX_VALUES // values - 9), ("a megabyte of", MEGABYTE)):
            count = min(count, MEGABYTE // (len(item) + 1))
            yield f"{size} {name}", f"[{','.join([item] * count)}]"
    listed = ",".join([items["lines"]] * (MAX_VALUES // 2 - 9))
    head = '{"number":"A","date":"2020-01-01","total":1,"currency":"EUR","lines":['
    yield "an invoice of many lines", f"{head}{listed}]}}"
    yield "98 levels", "[" * 98 + ",".join(["1"] * (MAX_VALUES - 9)) + "]" * 98
    yield "many keys", json.dumps({f"k{i}": i for i in range(MAX_VALUES - 9)})
    yield "many documents", f'{{"a":1}} {"x" * 990}' * (MAX_DOCUMENTS - 1)
    yield "one string", json.dumps("a" * MEGABYTE)


def references(count: int, words: int) -> list[str]:
    """References of random short words."""
    seeded = random.Random(1)
    letters = string.ascii_lowercase
    return [
        " ".join("".join(seeded.choices(letters, k=seeded.randint(1, 3))) for _ in range(words))
        for _ in range(count)
    ]


def cases() -> dict[str, tuple[str, Mapping[str, Any], Any]]:
    """What is measured: defaults, and the extremes that parameters allow."""
    folded = {
        flag: True
        for flag in ("ignore_case", "ignore_space", "ignore_punctuation", "ignore_articles")
    }
    schema = Rubric.load("extraction").components[1].params["schema"]
    nested = {"type": "array", "items": {"$ref": "#"}}
    invoice = {"number": "A", "total": 1, "lines": [{"text": "a", "amount": 2}] * 3}
    deep: Any = 1
    for _ in range(90):
        deep = [deep]
    many, words = references(50, 4_500), references(1, 4_500)[0]
    found: dict[str, tuple[str, Mapping[str, Any], Any]] = {
        "choice.match": ("choice.match", {}, "B"),
        "choice.match, labels": (
            "choice.match",
            {"choices": ["positive", "negative", "no"], "cues": ["label", "answer"]},
            "no",
        ),
        "choice.match, 100 choices": (
            "choice.match",
            {"choices": [f"c{i}" for i in range(100)]},
            "c5",
        ),
        "exact.match": ("exact.match", {}, "Paris"),
        "exact.match, all ignored": ("exact.match", folded, "Paris"),
        "exact.match, after": ("exact.match", {"after": "####"}, "Paris"),
        "overlap.f1": ("overlap.f1", {}, words),
        "overlap.f1, 50 references": ("overlap.f1", {"any_of": True}, many),
        "format.marker": ("format.marker", {"once": True}, None),
        "format.tags": ("format.tags", {}, None),
        "format.tags, 16": ("format.tags", {"tags": [f"t{i}" for i in range(16)]}, None),
        "format.matches": ("format.matches", {"pattern": r"(?s)(.*)x(.*)"}, None),
        "format.matches, price 96": (
            "format.matches",
            {"pattern": "a.{12}z", "mode": "search"},
            None,
        ),
        "format.matches, price 1,992, on 50,000 bytes": (
            "format.matches",
            {"pattern": "a.{249}z", "mode": "search"},
            None,
        ),
        "length.within, words": ("length.within", {"at_most": 5, "unit": "words"}, None),
        "length.penalty": ("length.penalty", {"limit": 5, "part": "answer"}, None),
        "length.repetition": ("length.repetition", {}, None),
        "length.repetition, n = 64": ("length.repetition", {"n": 64}, None),
        "diversity.distinct, 8 rollouts": ("diversity.distinct", {}, None),
        "diversity.distinct, n = 16": ("diversity.distinct", {"n": 16}, None),
        "json_schema.valid": ("json_schema.valid", {"schema": schema}, None),
        "json_schema.valid, recursive": ("json_schema.valid", {"schema": nested}, None),
        "json_schema.fields": ("json_schema.fields", {}, invoice),
        "json_schema.fields, unordered": ("json_schema.fields", {"lists": "unordered"}, invoice),
        "json_schema.fields, deep": ("json_schema.fields", {"lists": "unordered"}, deep),
    }
    tables = {"schema": "CREATE TABLE t (a)", "seeds": ["INSERT INTO t VALUES (1)"]}
    tool = {"tools": {"f": {"op": "get", "table": "t", "where": {}}}, "initial": {"t": []}}
    calls = [{"name": "f", "arguments": {"a": 1}}]
    found |= {
        "sql.matches": ("sql.matches", tables, "SELECT a FROM t"),
        "sql.properties": ("sql.properties", {**tables, "full_scan": False}, None),
        "tools.calls": ("tools.calls", {}, calls),
        "tools.economy": ("tools.economy", {}, calls),
        "tools.state": ("tools.state", tool, calls),
        "math.equal": ("math.equal", {}, r"\frac{1}{2}"),
        "math.steps": ("math.steps", {}, None),
    }
    for kind in ("rouge-1", "rouge-2", "rouge-l"):
        found[f"overlap.rouge, {kind}"] = ("overlap.rouge", {"kind": kind}, words)
        params = {"kind": kind, "any_of": True}
        found[f"overlap.rouge, {kind}, 50 references"] = ("overlap.rouge", params, many)
    return found


def tried(name: str) -> dict[str, Any]:
    """The slowest texts of one case in this process: CPU seconds, and megabytes of growth."""
    address, params, reference = cases()[name]
    most = 50_000 if name.endswith("50,000 bytes") else MEGABYTE
    scorer = resolve(address)
    bound = scorer.bind(params)

    def seconds(text: str) -> float:
        """A megabyte's time: of a rollout's where the scorer sees a group."""
        if not scorer.is_group:
            sample = Sample(id="1", completion=text, reference_answer=reference)
            return cpu_seconds(partial(scorer.function, sample, **bound))
        group = [Sample(id=str(i), completion=text[i:] + text[:i]) for i in range(GROUP)]
        return cpu_seconds(partial(scorer.function, group, **bound)) / GROUP

    def slowest(texts: Iterable[tuple[str, str]], tries: int) -> list[tuple[float, str]]:
        times = ((min(seconds(text) for _ in range(tries)), label) for label, text in texts)
        return sorted(times, reverse=True)

    seconds("")  # what is made once, for all samples
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    screened = slowest(((label, flood(most // SCREEN)) for label, flood in FLOODS.items()), 1)
    whole = ((label, FLOODS[label](most)) for _, label in screened[:SLOWEST])
    times = slowest(chain(whole, documents() if most == MEGABYTE else ()), TRIES)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    short_words = filled("a b ", MEGABYTE)
    (yardstick,) = least(lambda: re.findall(r"\w+", short_words), rounds=3)
    return {"yardstick": yardstick, "slowest": times[:3], "megabytes": grown}


def shown(label: str) -> str:
    """The name of a text in a cell of a table."""
    return ascii(label)[1:-1].replace("|", "\\x7c").replace("`", "\\x60")


def in_a_process_of_its_own(name: str) -> dict[str, Any]:
    """What is measured there; its memory is nobody else's."""
    script = "import json, sys; from benchmarks.bench_bounds import tried; "
    script += "print(json.dumps(tried(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", script, name], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", list(cases()))
def test_the_slowest_megabyte(name: str, benchmark: Any, measured: Measured) -> None:
    """No text costs more than a few passes of a regular expression, or much memory."""
    found = benchmark.pedantic(lambda: in_a_process_of_its_own(name), rounds=1)
    held_to = SLOWER.get(name.partition(".")[0], YARDSTICKS)
    (seconds, text), *others = found["slowest"]
    ratio = seconds / found["yardstick"]
    then = ", ".join(f"{shown(label)} {time * 1e3:,.0f}" for time, label in others)
    measured(
        f"`{name}`, its slowest megabyte",
        f"{seconds * 1e3:,.0f} ms ({shown(text)}; then {then}): {ratio:.1f} passes of "
        f"`re.findall`, +{found['megabytes']:,.0f} MB",
        f"{held_to} passes, {MEMORY_MB} MB",
    )
    assert ratio <= held_to
    assert found["megabytes"] <= MEMORY_MB
