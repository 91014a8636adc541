"""What --out names: a new file, one to be replaced, or a device or pipe to be written to.

The tool makes and removes nothing but what it made itself. Beside OUT that is one folder,
OUT.partial, which holds everything of an unfinished run and is locked while a process works on it.
"""

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from rewards.core.errors import RewardsError
from rewards.workbench.rollouts.files.source import Source


class OutputError(RewardsError):
    """The output cannot be written as asked; nothing of the user's was touched."""


class Target:
    """A place for the results that was found to be free, and the folder of an unfinished run."""

    def __init__(self, given: Path, *, overwrite: bool) -> None:
        """Resolve links: what they lead to is written, and they stay.

        Raises:
            OutputError: it is a folder, or a socket.
        """
        self.given = given
        self.overwrite = overwrite
        self.path = Path(os.path.realpath(given))
        self.folder = self.path.with_name(f"{self.path.name}.partial")
        mode = _mode(given)
        #: A device or a pipe: written as it is, since nothing else may take its name.
        self.is_stream = mode is not None and not stat.S_ISREG(mode)
        if mode is not None and stat.S_ISDIR(mode):
            raise OutputError(f"--out {given} is a folder, a file is wanted")
        if mode is not None and stat.S_ISSOCK(mode):
            raise OutputError(f"--out {given} is a socket, which cannot be written to as a file")
        if not self.is_stream and not self.path.parent.is_dir():
            raise OutputError(f"--out {given}: there is no folder {self.path.parent}")

    @property
    def exists(self) -> bool:
        """Whether there is a file by that name now."""
        return self.path.exists()

    def check_input(self, source: Source) -> None:
        """Refuse an input that is the output, or part of an unfinished run.

        Raises:
            OutputError: naming which of the two.
        """
        if self.exists and source.is_file(self.path):
            raise OutputError(f"--out {self.given} would replace the input")
        if self.folder.is_dir() and any(source.is_file(file) for file in self.folder.iterdir()):
            raise OutputError(f"the input, {source.name}, belongs to the unfinished run of --out")

    def check_free(self) -> None:
        """Refuse a file that is there, unless --overwrite was given.

        Raises:
            OutputError: saying so.
        """
        if self.exists and not self.overwrite:
            raise OutputError(
                f"--out {self.given} is there already: give another name, or --overwrite to "
                "replace it"
            )

    def publish(self, file: Path) -> None:
        """Give a finished file of the folder the name of the output, too.

        Raises:
            OutputError: the name was taken meanwhile.
        """
        if self.published(file):
            return
        self.check_free()
        mode = _mode(self.path, follow=False)
        if mode is not None and not stat.S_ISREG(mode):
            raise OutputError(f"--out {self.given} is no file any more; the results are in {file}")
        if mode is None and _linked(file, self.path):
            return
        self.check_free()
        named = file.with_name("whole")
        named.unlink(missing_ok=True)
        (named if _linked(file, named) else file).replace(self.path)

    def published(self, file: Path) -> bool:
        """Whether the output is this very file."""
        return file.exists() and self.exists and file.samefile(self.path)


class Lock:
    """A folder that one process works on at a time; the lock ends with the process."""

    def __init__(self, target: Target) -> None:
        """Lock the folder of an unfinished run, which is there.

        Raises:
            OutputError: another process has it.
            FileNotFoundError: it has gone.
        """
        try:
            self._fcntl: Any = import_module("fcntl")
        except ModuleNotFoundError:  # Windows
            self._fcntl = None
        self._beside = target.folder.with_name(f"{target.folder.name}.lock")
        self._handle = self._opened(target.folder)
        try:
            self._take()
        except BlockingIOError:
            self.release()
            raise OutputError(
                f"another process is writing --out {target.given}: let it end, or give another name"
            ) from None
        except OSError:  # a file system without locks
            pass
        if not self._is_still_there(target.folder):
            self.release()
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target.folder))

    def _opened(self, folder: Path) -> int:
        """What is locked: the folder, or on Windows, which opens none, a file beside it."""
        if self._fcntl:
            return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        return os.open(self._beside, os.O_RDWR | os.O_CREAT)

    def _take(self) -> None:
        """Lock it.

        Raises:
            BlockingIOError: another process has it.
            OSError: there are no locks here.
        """
        if self._fcntl:
            self._fcntl.flock(self._handle, self._fcntl.LOCK_EX | self._fcntl.LOCK_NB)
            return
        windows: Any = import_module("msvcrt")
        try:
            windows.locking(self._handle, windows.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(errno.EAGAIN, str(error)) from error

    def _is_still_there(self, folder: Path) -> bool:
        """The other process may have ended, and removed it, between the two calls."""
        try:
            found = folder.stat()
        except FileNotFoundError:
            return False
        return not self._fcntl or os.path.samestat(os.fstat(self._handle), found)

    def release(self) -> None:
        """Let others have it."""
        os.close(self._handle)
        if not self._fcntl:
            with suppress(OSError):  # another process may have opened it meanwhile
                self._beside.unlink()


def remove_folder(folder: Path, names: Iterable[str]) -> None:
    """Remove a folder that the tool made and the files of it that have these names, no others."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise  # what somebody put there stays, and the folder with it


def _linked(file: Path, name: Path) -> bool:
    """Give a file a second name that nobody has; False where the file system has no such names."""
    try:
        name.hardlink_to(file)
    except FileExistsError:
        return False
    except OSError:
        return False
    return True


def _mode(path: Path, *, follow: bool = True) -> int | None:
    try:
        return path.stat(follow_symlinks=follow).st_mode
    except FileNotFoundError:
        return None
