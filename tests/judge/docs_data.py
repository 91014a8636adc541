"""Writes the example of docs/judge.md: labelled summaries, and a cassette of a judge's replies.

Run `python -m tests.judge.docs_data` after a change of the summarisation prompt or rubric. The
replies are made up, by a fake judge that errs here and there; a real cassette comes from
`rewards judge record`.
"""

import json
from pathlib import Path

from rewards.core.sample import Sample
from rewards.judge import FakeJudge, JudgeRequest, RecordingJudge, install
from rewards.rubric import Rubric
from rewards.wire.contract import parse_row

FOLDER = Path(__file__).parents[2] / "docs" / "judge"
LABELLED = FOLDER / "labelled.jsonl"
REPLIES = FOLDER / "replies.jsonl"

FERRY = (
    "Summarise in one sentence: The night ferry between the islands will not sail from Monday to "
    "Thursday because its second engine is being replaced. Day crossings are not affected. Tickets "
    "for the night ferry are valid on any day crossing that week."
)
LIBRARY = (
    "Summarise in one sentence: The town library closes at 6 p.m. from October, two hours earlier "
    "than before, after a third of its staff left. Returned books can be left in the new box at "
    "the side door at any time. The council hopes to restore the old hours by spring."
)
BRIDGE = (
    "Summarise in one sentence: Engineers found cracks in two of the bridge's nine cables. Lorries "
    "over 7.5 tonnes must use the tunnel until both cables are replaced in June. Cars and buses "
    "may still cross, at no more than 50 km/h."
)

#: Source, summary, what people say of it, and what the made-up judge says.
ROWS = [
    (FERRY, "No night ferry from Monday to Thursday while an engine is replaced; its tickets are "
     "valid on day crossings.", ("faithful", 5, 5), ("faithful", 5, 5)),
    (FERRY, "The night ferry will not sail for most of the week.", ("faithful", 2, 5),
     ("faithful", 3, 5)),
    (FERRY, "All ferries are cancelled from Monday to Thursday.", ("contradicts", 1, 4),
     ("contradicts", 2, 4)),
    (FERRY, "Due to safety problems the night ferry stops until its second engine is replaced.",
     ("unsupported", 3, 4), ("minor", 3, 4)),
    (LIBRARY, "After staff left, the library closes at 6 p.m. from October, perhaps until spring; "
     "books can be returned in a box at any time.", ("faithful", 5, 5), ("faithful", 5, 5)),
    (LIBRARY, "The library shortens its hours.", ("faithful", 2, 5), ("faithful", 2, 5)),
    (LIBRARY, "The library, the library that closes, closes at 6, at 6 in October.",
     ("faithful", 2, 1), ("faithful", 2, 2)),
    (LIBRARY, "The library closes for good in October because nobody works there any more.",
     ("contradicts", 1, 4), ("contradicts", 1, 4)),
    (BRIDGE, "Two cracked cables keep lorries over 7.5 tonnes off the bridge until June, while "
     "cars and buses may cross at up to 50 km/h.", ("faithful", 5, 5), ("faithful", 5, 5)),
    (BRIDGE, "The bridge has cracks in some cables, so heavy lorries take the tunnel.",
     ("faithful", 3, 5), ("faithful", 4, 5)),
    (BRIDGE, "Engineers closed the bridge to all traffic until June.", ("contradicts", 2, 4),
     ("contradicts", 1, 4)),
    (BRIDGE, "Lorries above 7 tonnes must use the tunnel until both cables are replaced.",
     ("minor", 3, 5), ("minor", 3, 5)),
]  # fmt: skip

CRITERIA = ("faithfulness", "coverage", "clarity")


def rows() -> list[dict[str, object]]:
    return [
        {
            "id": f"summary-{number}",
            "prompt": source,
            "completion": summary,
            "label": dict(zip(CRITERIA, people, strict=True)),
        }
        for number, (source, summary, people, _) in enumerate(ROWS, start=1)
    ]


def made_up(request: JudgeRequest) -> dict[str, object]:
    """The made-up judge: finds the summary in what it is shown."""
    [levels] = [judge for _, summary, _, judge in ROWS if f"\n{summary}\n" in request.user]
    return {
        name: {"reason": "Made up for the documentation.", "score": level}
        for name, level in zip(CRITERIA, levels, strict=True)
    }


def samples() -> list[Sample]:
    found = []
    for index, row in enumerate(rows()):
        turns = [
            {"role": "user", "content": row["prompt"]},
            {"role": "assistant", "content": row["completion"]},
        ]
        sample = parse_row({"id": row["id"], "messages": turns}, index).sample
        assert sample is not None
        found.append(sample)
    return found


def write(folder: Path) -> None:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows()]
    (folder / LABELLED.name).write_text("".join(lines), encoding="utf-8")
    recorder = RecordingJudge(FakeJudge(made_up))
    with install(recorder):
        Rubric.load("summarisation").score_batch(samples())
    recorder.save(folder / REPLIES.name)


if __name__ == "__main__":
    write(FOLDER)
