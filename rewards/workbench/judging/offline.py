"""Who answers the judges of a rubric while a command runs: a cassette, or the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def answered_from(cassette: Path | None) -> Iterator[None]:
    """Let recorded replies answer while the block runs; without a cassette the model is asked.

    Raises:
        SpecError: the cassette cannot be read.
    """
    if cassette is None:
        yield
        return
    from rewards.judge import ReplayJudge, install

    with install(ReplayJudge(cassette)):
        yield
