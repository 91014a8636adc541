"""What every benchmark tells: on the terminal, and with `--record` in `results.md`."""

import os
import platform
from collections.abc import Callable

import pytest

from benchmarks.results import Result, keep

Measured = Callable[..., None]

_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
_RESULTS = pytest.StashKey[list[Result]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make bench` records; a benchmark that is run by hand only tells."""
    parser.addoption("--record", action="store_true", help="write benchmarks/results.md")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing has been measured yet."""
    config.stash[_RESULTS] = []


@pytest.fixture
def measured(pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> Measured:
    """Tell a result: what was measured, the figures, what they are held to."""

    def tell(what: str, found: str, held: str = "") -> None:
        pytestconfig.stash[_RESULTS].append(Result(what, found, held))
        with capsys.disabled():
            print(f"\n{what}: {found}{f' (held to {held})' if held else ''}", end="")

    return tell


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What missed its bound is written too: a table of successes alone would be no table."""
    config = session.config
    if config.getoption("--record") and config.stash[_RESULTS] and exitstatus in _ENDED:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        where = f"Python {platform.python_version()}, {platform.system()}, {cores} cores."
        keep(config.stash[_RESULTS], where)
