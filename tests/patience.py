"""Real time in a test: as little as will do, and as much as a busy machine needs.

What ends at a deadline can be tried with a short one only; what has to be done before that may
take longer where the machine is busy. No single time is right for both.
"""

from collections.abc import Callable

#: The last of the tries has over a thousand times as long as the first.
TRIES = 6


def in_some_time(check: Callable[[float], None], first: float = 0.05) -> None:
    """Run a check that holds if it is given enough seconds: `first`, and four times as many in
    each further try. What fails in the last try fails."""
    for number in range(TRIES):
        try:
            return check(first * 4**number)
        except AssertionError:
            if number == TRIES - 1:
                raise
    raise AssertionError("unreachable")
