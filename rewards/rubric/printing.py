"""What a scorer prints goes to stderr: stdout belongs to results, and in the Lambda to the log."""

import sys
import threading
from typing import TextIO


class _Aside:
    """Sends prints to stderr inside of a `with` block, whatever thread or task they come from.

    Several blocks may overlap, in several threads: the first turns stdout away, the last turns it
    back, whatever a scorer has put there in between.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._stdout: TextIO | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._stdout, sys.stdout = sys.stdout, sys.stderr
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._stdout is not None:
                sys.stdout, self._stdout = self._stdout, None


prints_to_stderr = _Aside()
