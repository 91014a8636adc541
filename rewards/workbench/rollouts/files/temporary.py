"""Files of a run that nobody sees, and what to do where there is no room for them."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import gettempdir

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def temporary_space() -> Iterator[None]:
    """Around the use of temporary files and databases: a full disk says which, and the remedy.

    Raises:
        OSError: there is no room, or the database cannot be used.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"{error}: {_where()}") from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise OSError(f"{error.strerror}: {_where()}") from None


def _where() -> str:
    return f"temporary files are in {gettempdir()}, the variable TMPDIR names another folder"
