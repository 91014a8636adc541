"""Writes rollouts.jsonl beside it: four problems, four answers each, as a base model gives them.

Some answers are right in other spellings, some hedge, some are wrong: what the tutorial looks at.
"""

import json
from pathlib import Path

PROBLEMS = [
    (
        "A baker sells 14 loaves before noon and twice as many after it. How many in all?",
        "42",
        [
            "Morning 14, afternoon 2 * 14 = 28, so 14 + 28 = 42.\n#### 42",
            "She sells 28 in the afternoon. In total that is \\boxed{42} loaves.",
            "14 + 14 = 28.\n#### 28",
            "It is 28 or 42, depending on how you read it.",
        ],
    ),
    (
        "A train ticket costs $18. Children pay half. What do two adults and three children pay?",
        "$63",
        [
            "Two adults: 2 * 18 = 36. Three children: 3 * 9 = 27. 36 + 27 = 63.\n#### 63",
            "The family pays sixty-three dollars.",
            "5 * 18 = 90.\n#### 90",
            "2 * 18 + 3 * 9 = 63, so the answer is $63.00.",
        ],
    ),
    (
        "A tank holds 1,250 litres and loses 25 litres a day. After how many days is it empty?",
        "50",
        [
            "1250 / 25 = 50 days.\n#### 50",
            "1250 / 25 = 50 days.\n#### 50",
            "The tank is empty after 50 days.",
            "1250 / 25 = 50\n#### 50 days",
        ],
    ),
    (
        "Mia reads a third of 96 pages, and the next day a quarter of the rest. What is left?",
        "48",
        [
            "96 / 3 = 32, then 64 / 4 = 16, and 96 - 32 - 16 = 48.\n#### 50",
            "A third is 32 and a quarter is 24. 96 - 56 = 40.\n#### 40",
            "About half the book.",
            "#### 56",
        ],
    ),
]


def main() -> None:
    """Write every answer as a row of its own."""
    rows = [
        {
            "id": f"{number}-{place}",
            "prompt": f"{problem} End with a line '#### number'.",
            "completion": completion,
            "reference_answer": reference,
        }
        for number, (problem, reference, completions) in enumerate(PROBLEMS, 1)
        for place, completion in enumerate(completions, 1)
    ]
    path = Path(__file__).with_name("rollouts.jsonl")
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
