"""A watch on the terminal: a line whenever a run has moved, until it has ended."""

from collections.abc import Callable

import pytest

from rewards.job.errors import TransientError
from rewards.job.jobs import Job
from rewards.job.runs import RunView
from rewards.workbench import watching

STARTING = RunView("one", "RUNNING")


def at(status: str, step: float = 0.0, message: str = "") -> RunView:
    metrics = {"step": step, "total_steps": 10.0} if step else {}
    job = Job("1", "maths-one", status, message=message, metrics=metrics, model="m")
    return RunView("one", "RUNNING", job=job)


def looks(*found: RunView | Exception) -> Callable[[], RunView]:
    left = iter(found)

    def look() -> RunView:
        run = next(left)
        if isinstance(run, Exception):
            raise run
        return run

    return look


def test_a_watch_says_what_has_changed_and_ends_with_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing twice; nothing on stdout, which is for the result."""
    waits: list[float] = []
    found = looks(STARTING, STARTING, at("InProgress", 5), at("InProgress", 5), at("Completed"))
    assert watching.watch(found, 30.0, wait=waits.append).status == "Completed"
    told = capsys.readouterr()
    lines = [line.partition("  ")[2] for line in told.err.splitlines()]
    assert lines == [
        "checking the reward, then creating the job",
        "InProgress  [###############...............] step 5 of 10",
        "Completed",
    ]
    assert (told.out, waits) == ("", [30.0] * 4)


def test_a_watch_outlives_looks_that_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """Hours of a watch are not worth less than one answer."""
    errors = [TransientError("no answer") for _ in range(50)]
    found = looks(*errors, at("Completed"))
    assert watching.watch(found, 1.0, wait=lambda _: None).status == "Completed"
    assert capsys.readouterr().err.count("no answer; looking again") == 50


def test_a_watch_can_end_where_the_job_is_created() -> None:
    """What `start` waits for."""
    found = looks(STARTING, at("InProgress"), at("Completed"))
    run = watching.watch(found, 1.0, until=lambda run: run.job is not None, wait=lambda _: None)
    assert run.status == "InProgress"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (at("Failed", message="no\x1b[2J data"), "maths-one Failed: no\\x1b[2J data"),
        (RunView("one", "FAILED", reason="record 1"), "one Refused: record 1"),
        (RunView("one", "ABORTED"), "one Aborted: no reason given"),
    ],
)
def test_how_a_run_has_ended_is_said_with_the_reason(
    run: RunView, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service's words cannot steer the terminal."""
    watching.explain(run)
    assert capsys.readouterr().err == f"{expected}\n"
