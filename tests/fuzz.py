"""Structure-aware fuzzing of the handler: sound events, broken in seeded random ways.

`python -m tests.fuzz --events 200000 --seed 0` (`make fuzz`). Every event must be answered with
one finite result a row, in order, under its own id, or be refused as a whole with an `EventError`.

Then the same events meet twenty scorers that misbehave in every way that `tests.misbehaving` knows
(sync, async, of groups), beside four that do not, and the laws of that module.
"""

import argparse
import copy
import json
import math
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import monotonic
from typing import Any

os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
os.environ.setdefault("POWERTOOLS_LOG_LEVEL", "CRITICAL")

from rewards.core.errors import EventError
from rewards.handler import lambda_handler
from rewards.wire.contract import index_id
from tests.misbehaving import handled_by, laws_hold, twenty

#: Events that a worker takes at a time.
BLOCK = 2_500

#: Texts that have broken answer readers: numbers, markers, markup, Unicode, hostile repetition.
TEXTS = (
    *("", " ", "\x00", "\ud800", "72", "#### 72", "#### ", "####", "\\boxed{72}", "\\boxed{"),
    *("<think>", "</think>72", "<answer>72</answer>", "1/0", "1e999", "-0", "٧٢", "７２", "½"),
    *("9" * 5000, "\\frac{" * 200, "1," * 500, "#### 71 or 72", "9**9**9", "NaN", "−5", "5%"),
    *("<<48/2=24>>24", "1 234,5", "seventy-two", '{"answer": 72}', "{" * 300, "[" * 300, "🍎"),
)
SCALARS = (None, True, False, 0, -1, 72, 10**40, 1.5, float("nan"), float("inf"), -0.0)
KEYS = (
    *("id", "messages", "metadata", "reference_answer", "role", "content", "text", "type"),
    *("tools", "tool_calls", "trajectories", "reasoning_content", "reasoningContent", "other"),
)
ROLES = ("system", "user", "assistant", "nova_assistant", "tool", "developer", "Assistant")


def events(count: int, seed: int | str) -> Iterator[Any]:
    """`count` events, the same for the same seed."""
    source = random.Random(seed)
    for _ in range(count):
        event = _sound_event(source)
        for _ in range(source.choice((0, 1, 1, 2, 3, 8))):
            event = _mutated(event, source)
        yield event


def check(event: Any) -> str:
    """Put one event through the handler; the kind of outcome, or an `AssertionError`."""
    before = _encoded(event)
    try:
        response = lambda_handler(event, None)
    except EventError:
        assert not isinstance(event, list), "a list of rows is never refused"
        return "refused"
    assert _encoded(event) == before, "the event was changed"
    rows = _rows_of(event)
    assert len(response) == len(rows), "a row was lost or invented"
    for index, (row, result) in enumerate(zip(rows, response, strict=True)):
        assert _same(result["id"], _expected_id(row, index)), "an id was lost or invented"
        reward = result["aggregate_reward_score"]
        assert 0.0 <= reward <= 1.0, "a reward out of range, or none"  # false of NaN, too
        for metric in result["metrics_list"]:
            assert metric["type"] in {"Reward", "Metric"}
            assert math.isfinite(metric["value"]), "a metric is not finite"
    # As Lambda's runtime writes it: UTF-8, and no bare NaN.
    json.dumps(response, ensure_ascii=False, allow_nan=False).encode()
    return "answered"


def _sound_event(source: random.Random) -> Any:
    rows = [_sound_row(source, index) for index in range(source.choice((0, 1, 1, 2, 4)))]
    shape = source.random()
    if shape < 0.1:
        return {"trajectories": rows}
    if shape < 0.2 and rows:
        return rows[0]
    return rows


def _sound_row(source: random.Random, index: int) -> dict[str, Any]:
    turns = [{"role": source.choice(ROLES), "content": source.choice(TEXTS)}]
    turns.append({"role": "assistant", "content": source.choice(TEXTS)})
    row: dict[str, Any] = {"id": source.choice((f"id-{index}", "é", index)), "messages": turns}
    reference = source.choice((*TEXTS, *SCALARS, {"text": "72"}, {"final_answer": 72}, ["72"]))
    if source.random() < 0.5:
        row["metadata"] = {"reference_answer": reference, "level": 1}
    else:
        row["reference_answer"] = reference
    return row


def _mutated(tree: Any, source: random.Random) -> Any:
    """One random change at one random place of the tree."""
    tree = copy.copy(tree)
    if isinstance(tree, (dict, list)) and tree and source.random() < 0.95:
        key = source.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
        change = source.random()
        if change < 0.12:
            del tree[key]
        elif change < 0.2 and isinstance(tree, dict):
            tree[source.choice(KEYS)] = tree.pop(key)
        elif change < 0.25 and isinstance(tree, list):
            tree.insert(source.randrange(len(tree) + 1), copy.deepcopy(tree[key]))
        elif change < 0.3 and isinstance(tree, dict):
            tree[source.choice(KEYS)] = _anything(source)
        else:
            tree[key] = _mutated(tree[key], source)
        return tree
    return _anything(source)


def _anything(source: random.Random) -> Any:
    value: Any = source.choice((*SCALARS, *TEXTS))
    for _ in range(source.choice((0, 0, 1, 2, 40))):
        value = [value] if source.random() < 0.5 else {source.choice(KEYS): value}
    return value


def _rows_of(event: Any) -> list[Any]:
    if isinstance(event, list):
        return event
    rows: list[Any] = event.get("trajectories", [event])
    return rows


def _expected_id(row: Any, index: int) -> Any:
    wire_id = row.get("id") if isinstance(row, dict) else None
    try:
        json.dumps(wire_id, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        wire_id = None
    return index_id(index) if wire_id is None else wire_id


def _same(found: Any, expected: Any) -> bool:
    return type(found) is type(expected) and found == expected


def _encoded(event: Any) -> str:
    return json.dumps(event)


def checked(count: int, seed: str, check_one: Callable[[Any], str]) -> Counter[str]:
    """How often each outcome came of so many events; the one that breaks a law is shown."""
    outcomes = Counter[str]()
    for number, event in enumerate(events(count, seed)):
        try:
            outcomes[check_one(event)] += 1
        except BaseException:
            print(f"event {number} of seed {seed}: {_encoded(event)[:2000]}", file=sys.stderr)
            raise
    return outcomes


def alone(count: int, seed: str) -> Counter[str]:
    """The outcomes of a block of events, with the rubric of the environment."""
    return checked(count, seed, check)


def among_misbehaving(count: int, seed: str) -> Counter[str]:
    """The same with the twenty; "values" counts the values of those that behave."""
    rubric, found = twenty(), Counter[str]()

    def one(event: Any) -> str:
        try:
            found["values"] += laws_hold(event, rubric)
        except EventError:
            return "refused"
        return "answered"

    with handled_by(rubric):
        return found + checked(count, seed, one)


def main() -> int:
    """Run the fuzz; 0 where every event was answered or refused as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    sizes = [min(BLOCK, args.events - first) for first in range(0, args.events, BLOCK)]
    # A block has a seed of its own: the same events, however many workers share them.
    seeds = [f"{args.seed}/{block}" for block in range(len(sizes))]
    with ProcessPoolExecutor(args.workers, get_context("spawn")) as pool:
        for phase in (alone, among_misbehaving):
            begun, found = monotonic(), Counter[str]()
            for block, outcomes in enumerate(pool.map(phase, sizes, seeds), 1):
                found += outcomes
                print(f"{block} of {len(sizes)} blocks ...", file=sys.stderr)
            told = ", ".join(f"{found[name]:,} {name}" for name in ("answered", "refused"))
            print(
                f"{args.events:,} events {phase.__name__.replace('_', ' ')}: {told}, "
                f"{found['values']:,} values of well-behaved calls unchanged, "
                f"in {monotonic() - begun:.0f} s"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
