"""Samples that say their own figure, and what a rubric makes of them."""

from dataclasses import replace

from rewards import Message, Rubric, Sample


def sample(figure: float, question: str = "q", **fields: object) -> Sample:
    return replace(Sample("1", repr(figure), (Message("user", question),)), **fields)  # type: ignore[arg-type]


def rewards(rubric: Rubric, *figures: float) -> list[float]:
    return [reward.value for reward in rubric.score_batch([sample(f) for f in figures])]
