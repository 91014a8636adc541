"""Shared set-up: hypothesis profiles, and a clean environment for every test."""

import os
import signal
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

# Chooses the Node.js that jsii starts on, before any test or any snippet of the docs imports
# aws_cdk: on others it prints warnings over the tests' own output.
import infra  # noqa: F401

#: Not for doctest collection: files that only type checkers read (some of their lines are wrong
#: on purpose), and the fuzzer, which loads the handler when it is imported.
collect_ignore_glob = ["typing/*", "fuzz.py"]

# Two slow cores shared with other work: no wall-clock deadline decides a property.
settings.register_profile(
    "default",
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,  # same input, same result: CI never fails by chance
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# A shell starts what runs in the background with Ctrl-C ignored, and so would be whatever the
# tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where no bytecode is written, each of the hundreds of processes that the tests start compiles
# the package, and each worker of pytest the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

if sys.version_info < (3, 12):
    from rewards.core.errors import RequirementError

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call() -> Generator[None, object, object]:
        """Programs of rollouts cannot run there: a test that needs them says why it is skipped."""
        try:
            return (yield)
        except RequirementError as error:
            pytest.skip(str(error))


# The handler writes its metrics to stdout, which is the tests' own.
os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the settings, or the AWS account, of the person who runs it."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "REWARD_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _forget_temporary_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves a package of its own folder imported: the next one may write another."""
    before = len(sys.modules)
    yield
    folder = str(tmp_path_factory.getbasetemp())
    for name in list(sys.modules)[before:]:  # new ones stand at the end
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]
