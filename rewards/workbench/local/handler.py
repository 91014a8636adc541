"""The path of the deployed handler, taken in this process, and what stands behind its response."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.core.errors import RewardsError
from rewards.core.score import Reward
from rewards.rubric import Rubric
from rewards.wire.answering import Answered, answer
from rewards.wire.contract import Row


@dataclass(frozen=True)
class InvocationResult:
    """What an event gave: an answer, or the refusal that Lambda would send in its place.

    `error` is `{"errorType", "errorMessage"}`.
    """

    answered: Answered | None = None
    error: dict[str, str] | None = None

    @property
    def response(self) -> list[dict[str, Any]] | None:
        """What goes back to the service; None where the event is refused."""
        return None if self.answered is None else self.answered.response

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the event."""
        return () if self.answered is None else self.answered.rows

    @property
    def rewards(self) -> Sequence[Reward]:
        """One reward for each row that has a sample."""
        return () if self.answered is None else self.answered.rewards

    def explained(self) -> Iterator[tuple[Row, Reward | None]]:
        """Each row with its reward; None for a broken row."""
        return iter(()) if self.answered is None else self.answered.explained()


class LocalHandler:
    """What a Lambda container does with events, for one rubric. No deadline: nobody waits."""

    def __init__(self, rubric_path: Path) -> None:
        """Load the rubric, as the handler does; `SpecError` where it cannot be used."""
        self.rubric = Rubric.load(rubric_path)

    def invoke(self, event: object) -> InvocationResult:
        """Score an event. A refusal of the package is an outcome; any other error is a bug."""
        try:
            return InvocationResult(answer(event, self.rubric))
        except RewardsError as error:
            return InvocationResult(
                error={"errorType": type(error).__name__, "errorMessage": str(error)}
            )
