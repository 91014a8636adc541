"""Only type checkers run this file: each line marked as an error must be one.

mypy (`warn_unused_ignores`) and pyright (`reportUnnecessaryTypeIgnoreComment`) both fail where a
marked line is accepted, and where an unmarked one is not.
"""

from collections.abc import Sequence

from rewards import Rubric, Sample, Score, gate, group_scorer, scorer, use


@scorer
def close(sample: Sample, *, tolerance: float = 0.0, unit: str = "") -> float:
    """A scorer with parameters."""
    return tolerance


@scorer(range=(-1.0, 0.0))
async def judged(sample: Sample, *, model: str) -> Score:
    """An async scorer with a parameter that must be given."""
    return Score(0.0, reason=model)


@group_scorer
def spread(samples: Sequence[Sample], *, least: int = 2) -> list[float]:
    """A group scorer."""
    return [float(least) for _ in samples]


accepted = Rubric(
    "typed",
    [
        use(close, tolerance=0.1, unit="km").placed(weight=0.9, name="close"),
        use(judged, model="m").placed(scale=True),
        use(spread, least=3).placed(scale=(0.0, 0.5), threshold=0.5),
        gate(close),
    ],
)

use(close, tolerence=0.1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
use(close, tolerance="0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
use(close, 0.1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
use(judged)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
use(spread, most=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
gate(close, tolerence=0.1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
use(close).placed(wieght=1.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
use(close).placed(scale=0.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

Sample("1", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Sample("1", "", [{"role": "user"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
accepted.score("72")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
accepted.score_batch(Sample("1", ""))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

value: float = close(Sample("1", ""), tolerance=0.1)
wrong: str = close(Sample("1", ""))  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
close(Sample("1", ""), tolerence=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
