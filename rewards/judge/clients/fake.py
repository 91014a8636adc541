"""Judges for tests: one that says what it is told to say, and one that remembers."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from rewards.judge.client import JudgeReply, JudgeRequest

#: What a fake may be given as its answer to one request.
Told = Mapping[str, Any] | JudgeReply | Exception


class FakeJudge:
    """A judge that makes no call: for the tests of a rubric.

    `answer` is what it says: a table of criterion and level for every request; a function of the
    request; or a list of answers, one for each request in turn. An exception is raised, a
    `JudgeReply` is returned as it is. `requests` keeps what it was asked.

    >>> from rewards import Sample
    >>> from rewards.judge import install
    >>> from rewards.rubric import Rubric, use
    >>> from rewards.scorers import judge
    >>> criteria = [{"name": "clarity", "description": "Easy to follow.", "scale": [1, 5]}]
    >>> rubric = Rubric("taste", [use(judge.grade, model="any", criteria=criteria)])
    >>> with install(FakeJudge({"clarity": 4})):
    ...     rubric.score(Sample(id="1", completion="72")).value
    0.75
    """

    def __init__(self, answer: Told | Callable[[JudgeRequest], Told] | Iterable[Told]) -> None:
        self.requests: list[JudgeRequest] = []
        self._next = _answers(answer)
        self._turn = threading.Lock()

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        """Give the next answer; see `JudgeClient.ask`."""
        with self._turn:
            self.requests.append(request)
            answer = self._next(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, JudgeReply):
            return answer
        return JudgeReply(verdict={name: _entry(level) for name, level in answer.items()})


def _answers(
    answer: Told | Callable[[JudgeRequest], Told] | Iterable[Told],
) -> Callable[[JudgeRequest], Told]:
    """Whatever a fake was given, as a function of the request."""
    if isinstance(answer, JudgeReply | Exception):
        return lambda _: answer
    if isinstance(answer, Mapping):
        table = cast(Mapping[str, Any], answer)
        return lambda _: table
    if callable(answer):
        return answer
    script = iter(answer)
    return lambda _: next(script, AssertionError("the fake judge was asked more often than told"))


def _entry(level: Any) -> Any:
    """A level as a verdict has it; what is a table already stays as it is."""
    return level if isinstance(level, Mapping) else {"reason": "as told", "score": level}
