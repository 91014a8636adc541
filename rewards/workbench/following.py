"""How does one go on reading what grows? Look again and again, and tell what has changed."""

import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

from rewards.core.errors import SpecError
from rewards.job.errors import TransientError
from rewards.workbench.output import printable, say

Found = TypeVar("Found")


def follow(
    look: Callable[[], Found],
    told: Callable[[Found], None],
    every: float,
    wait: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Look every so many seconds, and tell what is found whenever it is another, until Ctrl-C.

    What is not there yet, or cannot be read for now, is said once, and looked for again.
    """
    last: Found | str | None = None
    while True:
        try:
            found: Found | str = look()
        except (SpecError, TransientError, OSError) as error:
            found = printable(str(error), 300)
        if found != last:
            if isinstance(found, str):
                say(f"{found}; looking again")
            else:
                told(found)
            last = found
        wait(every)
