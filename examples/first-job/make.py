"""Writes train.jsonl beside it: 120 small word problems, enough for a first job (100 at least).

The same file every time. It is made to try the road from here to a trained model, not to train a
good one: for that, take real data.
"""

import json
import random
from pathlib import Path

RECORDS = 120

NAMES = ("Ada", "Ben", "Chidi", "Dana", "Emeka", "Farah", "Goro", "Hana")
THINGS = ("apples", "books", "candles", "eggs", "marbles", "stamps")


def record(rng: random.Random) -> dict[str, object]:
    """One problem in two steps, with its solution in GSM8K's form as the reference."""
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    boxes, each, given = rng.randint(3, 12), rng.randint(4, 20), rng.randint(2, 11)
    total = boxes * each
    question = (
        f"{name} has {boxes} boxes with {each} {thing} each and gives {given} {thing} away. "
        f"How many {thing} are left? Show your work, then write the answer after ####."
    )
    solution = f"{boxes} * {each} = {total}\n{total} - {given} = {total - given}\n"
    return {
        "messages": [{"role": "user", "content": question}],
        "reference_answer": f"{solution}#### {total - given}",
    }


def main() -> None:
    """Write the file, one record a line."""
    rng = random.Random(20261122)
    lines = [json.dumps(record(rng)) for _ in range(RECORDS)]
    path = Path(__file__).with_name("train.jsonl")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
