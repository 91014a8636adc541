"""How the proof speaks, and how it stops."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


def expect(holds: bool, what: str) -> None:
    """Stop the proof where something is not as it must be."""
    if not holds:
        raise SystemExit(f"deploy-local: not as it must be: {what}")


def say(line: str) -> None:
    """Print at once: the run takes minutes."""
    print(line, flush=True)


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Name a step of the proof, and say how long it took."""
    say(f"{title} ...")
    started = time.monotonic()
    yield
    say(f"  {time.monotonic() - started:.1f} s")
